"""What all parts of the report that is read are made with: sentences of findings, plain sentences, pictures, parts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kloof.findings import scale_of, told
from kloof.report.build import Builder
from kloof.report.views import Line, PartView
from kloof.words.sentences import Narrator, Part, Sentence, fill, has, text_of

WHOLE_SERIES = ("gap_change_before", "gap_change_since")  # told in the prices of the end of their common series
FOLLOWED = ("grew", "event")  # parts that need more years than one
Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Telling:
    """Writes sentences and parts of one report; `builder` knows results, claims and pictures."""

    builder: Builder

    @property
    def teller(self) -> Narrator:
        """Give what writes the findings."""
        return self.builder.teller

    @property
    def results(self) -> Mapping[str, Any]:
        """Give the results document."""
        return self.builder.results

    @property
    def place(self) -> str:
        """Give the name of the place."""
        return self.teller.area(self.results["place"]["code"])

    def word(self, *path: str) -> str:
        """Give a fixed text of the story."""
        return self.teller.word("story", *path)

    def named(self, *path: str) -> str:
        """Give a fixed text with the name of the place in it."""
        return text_of(fill(self.word(*path), {"place": self.place}))

    def anchor(self, finding: Finding) -> str | None:
        """Say where the data page tells a finding."""
        name = finding["id"]
        return next((s["id"].replace("_", "-") for s in self.results["sections"] if name in s["findings"]), None)

    def listing(self, names: Sequence[str]) -> str:
        """Join names as one says them: a, b and c."""
        *first, last = dict.fromkeys(names)
        return f"{', '.join(first)}{self.word('words', 'and')}{last}" if first else last

    def name(self, indicator: str) -> str:
        """Name an indicator or group as people say it; one without such a name has its label."""
        return self.word("name", indicator) if has("story", "name", indicator) else self.teller.noun(indicator)

    @property
    def count(self) -> Part:
        """Give the number of listed neighbourhoods."""
        return self.teller.number("/place/focus", self.results["place"]["focus"], "number", 0)

    @property
    def listed(self) -> Part | Sentence:
        """Name the list in the middle of a sentence: by how many they are."""
        if self.results["place"]["focus"] == 1:
            return self.word("words", "one")
        before, after = self.word("words", "list").split("{count}")
        return (before, self.count, after)

    def values(self, finding: Finding) -> dict[str, Part | Sentence]:
        """Fill the placeholders of a finding, and those that the code of the story chooses."""
        values = self.teller.values(finding)
        real = scale_of(finding) == "real"
        year = self.price_year(finding) if real else ""
        prices = fill(self.word("words", "prices"), {"year": year}) if real and year else ()
        known = self.teller.catalogue.indicators.get(finding["indicator"])
        behind = (finding["a"]["estimate"] or 0.0) >= 0
        more = behind == (known is None or known.better <= 0)  # on the list than elsewhere
        name = self.name(finding["indicator"]) if finding["indicator"] else ""
        price = fill(self.word("words", "price"), {"year": year}) if real and year else ()
        return {
            **values, "prices": prices, "price": price, "name": name, "list": self.listed,
            "less": self.word("words", "more" if more else "less"),
            "fewer": self.word("words", "more" if more else "fewer"),
            "above": self.word("words", "above" if more else "below"),
            "scale_in": self.word("words", "other_scale") if scale_of(finding) == "relative" else "",
        }  # fmt: skip

    def price_year(self, finding: Finding) -> str:
        """Give the year in whose prices a finding is: that of which its last figure tells, or of its whole series.

        What came before an event and since is one series, in the prices of its end. A figure may be dated earlier than
        the year it is printed for, as dwelling values are.
        """
        whole = finding["kind"] in WHOLE_SERIES
        ends = [
            one["b"]["year"] for one in self.results["findings"].values()
            if one["indicator"] == finding["indicator"] and one["kind"] in WHOLE_SERIES and one["b"]["year"]
        ] if whole else [finding["b"]["year"]]  # fmt: skip
        dated = self.teller.catalogue.indicator(finding["indicator"]).measured
        return str(math.floor(max(ends) + dated)) if ends and max(ends) else ""

    def line(self, finding: Finding, *paths: tuple[str, ...]) -> Line:
        """Write sentences of one finding, each from its template; those that are not there are left out."""
        values = self.values(finding)
        made = [fill(self.word(*path), values) for path in paths if has("story", *path)]
        return Line(tuple(made), str(finding["id"]), told(finding), self.anchor(finding))

    def said(self, *sentences: Sentence) -> Line:
        """Write sentences that rest on no finding."""
        return Line(sentences)

    def plain(self, *path: str, **values: Part | Sentence) -> Line:
        """Write one sentence that rests on no finding."""
        return self.said(fill(self.word(*path), {"place": self.place, **values}))

    def figures(self, kind: str, finding: str | None = None, most: int = 1) -> tuple[Any, ...]:
        """Give the first pictures of a kind, or those of a finding."""
        chosen = [
            name for name, entry in self.results["figures"].items()
            if entry["kind"] == kind and finding in (None, entry["finding"])
        ]  # fmt: skip
        return tuple(self.builder.figure(name) for name in chosen[:most])

    def part(self, name: str, lines: Iterable[Line], figures: Sequence[Any] = (), **more: Any) -> PartView:
        """Make a part; without anything to show it is one line."""
        kept = tuple(line for line in lines if line.sentences)
        if not kept and not figures and not any(more.values()):
            kept = (self.plain("words", "nothing_followed" if name in FOLLOWED else "nothing"),)
        return PartView(name, self.named("part", name), kept, tuple(figures), **more)

    def detail(self, finding: Finding, name: str) -> Part:
        """Write a number among the details of a finding."""
        detail = finding["details"][name]
        return self.teller.number(f"/findings/{finding['id']}/details/{name}/value", detail["value"], detail["unit"])


def turned(finding: Finding) -> bool:
    """Tell whether the list is ahead on one of the two sides: then the size of a gap misleads."""
    return str(finding["measure"]).endswith("_reversed")
