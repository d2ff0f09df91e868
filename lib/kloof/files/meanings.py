"""Looks up what a title may mean: in the catalogue, in all vocabularies, and by its words and its unit."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kloof.catalogue import Catalogue
from kloof.files.cells import YEAR, normalise
from kloof.files.vocabularies import Vocabularies, Vocabulary

SHARE_WORDS = frozenset({"percentage", "perc", "pct", "procent", "p"})
COUNT_WORDS = frozenset({"aantal", "number", "totaal", "n"})
NEAR = 0.65  # likeness of words from which on an indicator is mentioned as near
MENTIONED = 2
BEGIN = 5  # letters by which a word of a label is found
SHORTEST = 4  # letters of a title by whose words alone an indicator is found
ELSEWHERE = frozenset({"yearly", "accounts", "prices", "police", "nuisance"})  # their titles are kinds, not columns


@dataclass(frozen=True)
class Meaning:
    """What a title may mean: the indicator and factor, whether that is sure, and why not."""

    indicator: str
    times: float = 1.0
    doubt: str = ""


class Meanings:
    """Looks titles up in the catalogue and in all vocabularies."""

    def __init__(self, catalogue: Catalogue, words: Vocabularies, stem: str):
        self.catalogue, self.words, self.stem = catalogue, words, stem
        self.columns = {normalise(name): one for one, entry in catalogue.indicators.items() for name in entry.columns}
        self.labels: dict[str, list[str]] = {}
        for one, entry in catalogue.indicators.items():
            for label in {normalise(entry.nl), normalise(entry.en), one.replace("_", " ")}:
                self.labels.setdefault(label, []).append(one)
        self.by_begin: dict[str, set[str]] = {}  # labels with a word that begins so
        for label in self.labels:
            for word in label.split():
                self.by_begin.setdefault(word[:BEGIN], set()).add(label)

    def aside(self, title: str) -> str:
        """Say why a title holds no figure, where a vocabulary knows that."""
        found = {why for one in self._kinds() if (why := one.why_aside(title, numbered=False))}
        return self.words.reasons[sorted(found)[0]]["en"] if found and not self._exact(title) else ""

    def _kinds(self) -> Iterable[Vocabulary]:
        return (one for kind, one in self.words.kinds.items() if kind not in ELSEWHERE)

    def _exact(self, title: str) -> set[tuple[str, float]]:
        known = [kind.column(title) for kind in self._kinds()]
        known = known if any(known) else [kind.column(title, numbered=True) for kind in self._kinds()]
        found = {(one.indicator, one.times) for one in known if one and not one.year}
        if name := self.columns.get(normalise(title)):
            found.add((name, 1.0))
        return found

    def of(self, title: str) -> Meaning | None:
        """Give what a title means: as a table calls it, else by all its words and its unit.

        A title that is only a year means what the name of the file says.
        """
        if not (title := title.replace("{yyyy}", " ").strip()):
            return self._of_name()
        found = self._exact(title)
        if len({name for name, _ in found}) == 1:
            name, times = sorted(found)[0]
            return Meaning(name, times, "" if len(found) == 1 else "is it in this unit?")
        by_words = self._by_words(title)
        if len(by_words) == 1:
            return Meaning(by_words[0], 1.0, f"by its words: {self.catalogue.indicator(by_words[0]).en}; is it?")
        return None

    def _of_name(self) -> Meaning | None:
        """Give what the name of the file says its figures are."""
        stem = f" {normalise(re.sub(YEAR.pattern, ' ', self.stem))} "
        names = self.words["yearly"].names
        found = {one.indicator for name, one in names.items() if f" {normalise(name)} " in stem}
        if len(found) != 1:
            return None
        (name,) = found
        return Meaning(name, 1.0, f"by the name of the file: {self.catalogue.indicator(name).en}; is it?")

    def _by_words(self, title: str) -> list[str]:
        """Find indicators of which the title, without words for its unit, is the label or the end of the title."""
        words = normalise(re.sub(r"[%]", " percentage ", title)).split()
        core = " ".join(word for word in words if word not in SHARE_WORDS | COUNT_WORDS)
        if len(core) < SHORTEST:
            return []
        found = {name for label in (core, " ".join(words)) for name in self.labels.get(label, [])}
        found |= {name for column, name in self.columns.items() if column.endswith(f" {core}")} if not found else set()
        return sorted(self._of_unit(found, set(words)))

    def near(self, title: str) -> list[str]:
        """Name indicators whose label or name looks like this title, and whose unit is not another one."""
        words = set(normalise(re.sub(r"[%]", " percentage ", title)).split())
        unit, words = words, words - SHARE_WORDS - COUNT_WORDS - {"yyyy"}
        wanted = " ".join(sorted(words))
        matcher, scored = difflib.SequenceMatcher(b=wanted), dict[str, float]()
        for label in sorted({label for word in words for label in self.by_begin.get(word[:BEGIN], ())}):
            names = self.labels[label]
            matcher.set_seq1(" ".join(sorted(set(label.split()))))
            if matcher.real_quick_ratio() > NEAR and matcher.quick_ratio() > NEAR and (score := matcher.ratio()) > NEAR:
                for name in self._of_unit(names, unit):
                    scored[name] = max(scored.get(name, 0.0), score)
        return sorted(scored, key=lambda name: (-scored[name], name))[:MENTIONED]

    def _of_unit(self, names: Iterable[str], words: set[str]) -> set[str]:
        """Keep the indicators in percent for a title that says so, and those that count for one that says that."""
        known = {name: self.catalogue.indicator(name) for name in names}
        if words & SHARE_WORDS:
            return {name for name, entry in known.items() if entry.unit == "percent"}
        if words & COUNT_WORDS:
            return {name for name, entry in known.items() if entry.kind == "count"}
        return set(known)
