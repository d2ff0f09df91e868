"""Finding → sentence, in Dutch and English, from one template table (the files of TABLES).

Direction words live in the templates, chosen by the judgement; placeholders are filled with numbers that remember
where they stand in results.json, so that a page can be read back against it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from kloof.catalogue import Catalogue
from kloof.documents import parsed
from kloof.errors import CatalogueError
from kloof.findings import (
    ANSWERS,
    DIFFERENCES,
    JUDGEMENTS,
    NO_FIGURES,
    NOT_COMPUTABLE,
    VERDICTS,
    error_of,
    scale_of,
    told,
)
from kloof.words import numbers
from kloof.words.opposites import strays

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PRICES_ONLY = "prices_only"  # flag: the gap grew in the amounts of each year, and not in constant prices
SET_BESIDE = ("pace", "stock", "dilution")  # kinds whose estimate is a distance from a line, which no sentence tells


@dataclass(frozen=True)
class Number:
    """A printed number and the place in results.json where it comes from."""

    text: str
    pointer: str


Part = str | Number
Sentence = tuple[Part, ...]

TABLES = ("sentences.toml", "words.toml", "page.toml", "figures.toml", "site.toml", "story.toml")


@cache
def templates() -> Mapping[str, Any]:
    """Read the template table once: sentences of findings, labels, words of the page, words of figures."""
    joined: dict[str, Any] = {}
    for name in TABLES:
        content = parsed(files("kloof.words").joinpath(name).read_text(encoding="utf-8"))
        if twice := joined.keys() & content.keys():
            raise CatalogueError(f"{name}: {', '.join(sorted(twice))} also stand in another template file; merge them.")
        joined |= content
    return joined


def text_of(sentence: Sequence[Part]) -> str:
    """Give a sentence as plain text."""
    return "".join(part.text if isinstance(part, Number) else part for part in sentence)


def template(language: str, *path: str) -> str:
    """Look a template up by its path; a missing one is an error that names it."""
    place: Any = templates()
    for step in path:
        if not isinstance(place, Mapping) or step not in place:
            raise CatalogueError(f"sentences.toml has no entry [{'.'.join(path)}]; add it with nl and en side by side.")
        place = place[step]
    if not isinstance(place, Mapping) or language not in place:
        raise CatalogueError(f"sentences.toml [{'.'.join(path)}] has no text for {language!r}.")
    return str(place[language])


def has(*path: str) -> bool:
    """Tell whether a template exists."""
    place: Any = templates()
    for step in path:
        if not isinstance(place, Mapping) or step not in place:
            return False
        place = place[step]
    return isinstance(place, Mapping) and "nl" in place


def fill(pattern: str, values: Mapping[str, Part | Sentence]) -> Sentence:
    """Fill a template; an unknown placeholder is an error, the first letter becomes a capital."""
    said = _filled(pattern, values)
    return (said[0][:1].upper() + said[0][1:], *said[1:]) if said and isinstance(said[0], str) else said


def _filled(pattern: str, values: Mapping[str, Part | Sentence]) -> Sentence:
    """Fill a template as it is."""
    parts: list[Part] = []
    end = 0
    for match in PLACEHOLDER.finditer(pattern):
        if match[1] not in values:
            raise CatalogueError(
                f"template asks for {{{match[1]}}}, known here: {', '.join(sorted(values))}: {pattern}"
            )
        parts.append(pattern[end : match.start()])
        value = values[match[1]]
        parts.extend(value if isinstance(value, tuple) else (value,))
        end = match.end()
    parts.append(pattern[end:])
    return tuple(part for part in parts if part != "")


@dataclass(frozen=True)
class Narrator:
    """Writes one results document in one language."""

    results: Mapping[str, Any]
    catalogue: Catalogue
    language: str

    def word(self, *path: str) -> str:
        """Give a fixed text of the template table (a heading, a label, a note)."""
        return template(self.language, *path)

    def number(self, pointer: str, value: float | None, unit: str, decimals: int | None = None) -> Part:
        """Write a number that stands at `pointer`; a missing one is a dash."""
        text = numbers.number(value, unit, self.language, decimals)
        return text if text == numbers.MISSING else Number(text, pointer)

    def area(self, code: str) -> str:
        """Give the name of an area."""
        return str(self.results["areas"].get(code, code))

    def noun(self, name: str) -> str:
        """Name an indicator or group inside a sentence, without a capital unless it is an abbreviation."""
        if name in self.catalogue.groups:
            return str(getattr(self.catalogue.group(name), self.language))
        label = self.catalogue.indicator(name).label(self.language)
        return label if label[1:2].isupper() else label[0].lower() + label[1:]

    def list_made(self, name: str | None) -> str:
        """Say what is known of when a registered list was made; nothing of any other."""
        return str(self.catalogue.focus.get(str(name), {}).get(f"made_{self.language}", ""))

    def focus(self, name: str | None = None) -> str:
        """Name the focus list as it stands in a sentence: a registered list, or the rule that made it."""
        name = name or str(self.results["parameters"]["focus"])
        if name in self.catalogue.focus:
            return str(self.catalogue.focus[name][self.language])
        if ":" not in name:
            size = str(len({part.strip() for part in name.split(",")}))
            return PLACEHOLDER.sub(size, self.word("focus_rule", "one" if size == "1" else "given"))
        extreme, size, indicator, year = name.split(":")
        values = {"n": size, "noun": self.noun(indicator), "year": year}
        rule = f"{extreme}_one" if size == "1" else extreme
        return PLACEHOLDER.sub(lambda match: values[match[1]], self.word("focus_rule", rule))

    def listed_areas(self, finding: Mapping[str, Any]) -> str:
        """Name the areas that stand for the focus list: the list itself, or the areas of another level."""
        level = next((flag for flag in finding["flags"] if has("listed_areas", flag)), None)
        focus = self.focus(finding["focus"])
        if level is None:
            return focus
        return PLACEHOLDER.sub(lambda match: {"focus": focus}[match[1]], self.word("listed_areas", level))

    def reason(self, finding: Mapping[str, Any]) -> Sentence:
        """Say why there is no number; without a code it is the coverage that falls short."""
        place = f"/findings/{finding['id']}"
        values = {
            name: self.number(f"{place}/{name}", finding[name], "percent", 0)
            for name in ("coverage", "coverage_minimum")
        }
        return _filled(self.word("reason", finding["reason"] or "coverage"), values)

    def publisher(self, source: str) -> str:
        """Name the publisher of a source in this language."""
        if has("publisher", source):
            return self.word("publisher", source)
        entry = self.results["sources"].get(source)
        return source if entry is None else str(entry["publisher"])

    def breaks(self, codes: Sequence[str]) -> str:
        """Say which registered breaks lie between two years."""
        texts = []
        for code in codes:
            name, year = code.split("@")
            known = self.catalogue.indicator(name).breaks
            texts += [str(getattr(gap, self.language)) for gap in known if gap.at == int(year)]
        return "; ".join(texts)

    def values(self, finding: Mapping[str, Any]) -> dict[str, Part | Sentence]:
        """Fill the closed list of placeholders for one finding."""
        place = f"/findings/{finding['id']}"
        unit, decimals = finding["unit"], finding["decimals"]
        change = self.catalogue.units.get(unit, {}).get("change", unit) if finding["kind"] in DIFFERENCES else unit
        by_register = finding["happened"] != NO_FIGURES
        ends = ("rounding_low", "rounding_high") if by_register else ("low", "high")
        low, high = (finding[end] for end in ends)
        if decimals is None and finding["kind"] in DIFFERENCES[1:] and low is not None and high is not None:
            decimals = numbers.decimals_for(unit, high - low)

        def own(name: str, value: float | None, in_unit: str = change, digits: int | None = decimals) -> Part:
            return self.number(f"{place}/{name}", value, in_unit, digits)

        error = error_of(finding)

        def drawn(name: str, value: float | None) -> Part:
            held = name in ("low", "high")
            return own(name, value, change, numbers.decimals_held(change, decimals, error) if held else decimals)

        values: dict[str, Part | Sentence] = {
            "place": self.area(self.results["place"]["code"]),
            "focus": self.focus(finding["focus"]),
            "listed_areas": self.listed_areas(finding),
            "break": self.breaks(finding["breaks"]),
            "claim": f"‹{finding['measure']}›",
            "estimate": own("estimate", finding["estimate"]),
            "size": own("estimate", None if finding["estimate"] is None else abs(finding["estimate"])),
            "low": drawn(ends[0], low),
            "high": drawn(ends[1], high),
            "chance_low": drawn("low", finding["low"]),
            "chance_high": drawn("high", finding["high"]),
            "smallest": own("smallest_effect", finding["smallest_effect"]),
            "coverage": own("coverage", finding["coverage"], "percent", 0),
            "coverage_minimum": own("coverage_minimum", finding["coverage_minimum"], "percent", 0),
        }
        if finding["indicator"] in self.catalogue.indicators:
            values["subject"] = self.catalogue.indicator(finding["indicator"]).subject(self.language)
        if finding["indicator"]:
            values["noun"] = self.noun(finding["indicator"])
        if finding["measure"] in self.catalogue.indicators:
            values["other"] = self.catalogue.indicator(finding["measure"]).subject(self.language)
        if finding["b"]["group"] in self.catalogue.indicators:
            values["other"] = self.catalogue.indicator(finding["b"]["group"]).subject(self.language)
        if low is not None and high is not None:
            pair = [(ends[0], low), (ends[1], high)]
            for name, (end, bound) in zip(("nearest", "farthest"), sorted(pair, key=_size), strict=True):
                values[name] = drawn(end, abs(bound))
            values["fall"], values["rise"] = drawn(ends[0], abs(low)), drawn(ends[1], abs(high))
        scale = finding["measure"].removesuffix("_reversed")
        if has("scale", scale):
            values["scale"] = self.word("scale", scale)
        for side in ("a", "b"):
            year, level = finding[side]["year"], finding[side]["estimate"]
            if year is not None:
                values[f"year_{side}"] = Number(str(year), f"{place}/{side}/year")
            values[f"level_{side}"] = own(f"{side}/estimate", level, unit)
            values[f"size_{side}"] = own(f"{side}/estimate", None if level is None else abs(level), unit)
            values[f"n_{side}"] = own(f"{side}/n_units", finding[side]["n_units"], "number", 0)
        for name, detail in finding["details"].items():
            values[name] = own(f"details/{name}/value", detail["value"], detail["unit"], detail.get("decimals"))
        if finding["kind"] == "mixed":
            values |= self._parts(finding["measure"])
        if finding["judgement"] == NOT_COMPUTABLE:
            values["reason"] = self.reason(finding)
        return values

    def _parts(self, claim: str) -> dict[str, str]:
        """Name the parts of a claim by what was found of them; what holds in part stands with what is supported."""
        named: dict[str, list[str]] = {"parts_supported": [], "parts_contradicted": [], "parts_negligible": []}
        for row in self.results["verdicts"]:
            finding = self.results["findings"].get(row["finding"] or "")
            key = f"parts_{row['verdict'].lower()}".replace("mixed", "supported")
            if row["claim"] == claim and row["counts"] and finding is not None and key in named:
                scale = scale_of(finding)
                words = f" ({self.word('measure', scale)})" if has("measure", scale) else ""
                part = f" ({self.word('in_part')})" if row["verdict"] == "MIXED" else ""
                named[key].append(f"{self.noun(finding['indicator'])}{words}{part}")
        nothing = self.word("no_part")
        return {key: "; ".join(dict.fromkeys(parts)) or nothing for key, parts in named.items()}

    def paths(self, finding: Mapping[str, Any], part: str) -> list[tuple[str, ...]]:
        """List the templates that may tell a finding, the most special one first.

        A template for any judgement is about numbers, so it never tells what could not be computed.
        """
        kind, measure, code = finding["kind"], finding["measure"], told(finding)
        judgements = (code,) if code == NOT_COMPUTABLE else (code, "any")
        return [("sentence", kind, wide, judged, part) for wide in (measure, "any") for judged in judgements]

    def sentence(self, finding: Mapping[str, Any], part: str = "main") -> Sentence:
        """Write the sentence of a finding: template [sentence.KIND.MEASURE|any.JUDGEMENT|any.part].

        What happened is told first, as the model says it where it was modelled, then whether it is more than chance.
        """
        paths = self.paths(finding, part)
        for path in paths:
            if has(*path):
                values = self.values(finding)
                said = fill(template(self.language, *path), values)
                if part != "main":
                    return said
                begun = self._by_model(finding, said)
                return *begun, *self._prices(finding, values), *self._chance(finding, values)
        raise CatalogueError(f"sentences.toml has no [{'.'.join(paths[0])}] and no wider one; add it in nl and en.")

    def _by_model(self, finding: Mapping[str, Any], said: Sentence) -> Sentence:
        """Say before what happened that a model says it, where the figures are not counted."""
        modelled = {"modelled", "modelled_liveability"} & set(finding["flags"])
        if not modelled or finding["happened"] == NO_FIGURES:
            return said
        first = said[0]
        return (self.word("by_model"), first[:1].lower() + first[1:] if isinstance(first, str) else first, *said[1:])

    def _prices(self, finding: Mapping[str, Any], values: Mapping[str, Part | Sentence]) -> Sentence:
        """Say after a gap in amounts as printed that only prices made it grow, where constant prices tell so."""
        return (" ", *fill(self.word("prices_only"), values)) if PRICES_ONLY in finding["flags"] else ()

    def _chance(self, finding: Mapping[str, Any], values: Mapping[str, Part | Sentence]) -> Sentence:
        """Say after what happened whether it is more than chance; nothing where only chance was asked about."""
        if finding["happened"] == NO_FIGURES:
            return ()
        plain = finding["kind"] in SET_BESIDE
        name = "without_range" if finding["low"] is None else finding["judgement"]
        return (" ", *fill(self.word("chance_plain" if plain else "chance", name), values))

    def has_part(self, finding: Mapping[str, Any], part: str) -> bool:
        """Tell whether a finding has such a sentence."""
        return any(has(*path) for path in self.paths(finding, part))


def _size(end: tuple[str, float]) -> float:
    """Order the ends of a range by how far they lie from 0."""
    return abs(end[1])


OF_LIST = {"list_made_later", "list_date_unknown"}


def section_limits(teller: Narrator, section: Mapping[str, Any]) -> list[Sentence]:
    """List the limits of a section: one sentence per flag its findings carry, when their lists were made, its own."""
    found = section["findings"]
    entries = found.values() if isinstance(found, Mapping) else [teller.results["findings"][name] for name in found]
    flags = dict.fromkeys(flag for finding in entries for flag in finding["flags"])
    lists = dict.fromkeys(finding["focus"] for finding in entries if OF_LIST & set(finding["flags"]))
    lines = [teller.word("flag", flag) for flag in flags]
    lines += [teller.list_made(name) for name in lists if teller.list_made(name)]
    own = [key for key in ("limit_a", "limit_b", "limit_c") if has("section", section["id"], key)]
    return [(line,) for line in (*lines, *[teller.word("section", section["id"], key) for key in own])]


def complete(catalogue: Catalogue) -> list[str]:
    """List every fault of the template table: a language missing, placeholders that differ, another word for a verdict.

    The labels of an indicator are about what its name says.
    Digits are refused in sentences, because they could not be traced; number words are found by the audit of a page.
    """
    found: list[str] = []

    def walk(place: Any, path: tuple[str, ...]) -> None:
        name = ".".join(path)
        if not isinstance(place, Mapping):
            found.append(f"[{name}] is not a text in nl and en")
            return
        if "nl" in place or "en" in place:
            if missing := {"nl", "en"} - place.keys():
                found.append(f"[{name}] has no {', '.join(sorted(missing))}")
                return
            asked = [sorted(set(PLACEHOLDER.findall(place[language]))) for language in ("nl", "en")]
            if asked[0] != asked[1]:
                found.append(f"[{name}] asks for {asked[0]} in nl and {asked[1]} in en")
            if path[0] == "sentence" and re.search(r"\d", PLACEHOLDER.sub("", place["nl"] + place["en"])):
                found.append(f"[{name}] holds a typed number")
            return
        for key, inner in place.items():
            walk(inner, (*path, key))

    walk(templates(), ())
    found += [f"[verdict.{code}] is missing" for code in VERDICTS if not has("verdict", code)]
    for table, codes in (("judgement", JUDGEMENTS), ("by_chance", JUDGEMENTS), ("happened", ANSWERS)):
        found += [f"[{table}.{code}] is missing" for code in codes if not has(table, code)]
    known = parsed(files("kloof.words").joinpath("audit.toml").read_text(encoding="utf-8"))["verdict"]
    found += [
        f"[verdict.{code}] is {templates()['verdict'][code]}, the audit knows it as {known[code]}"
        for code in VERDICTS
        if has("verdict", code) and templates()["verdict"][code] != known[code]
    ]
    found += [
        f"indicator {name} is called “{text}”, which is about something else"
        for name, entry in catalogue.indicators.items()
        for text in (entry.en, entry.subject_en, templates()["story"]["name"].get(name, {}).get("en"))
        if text is not None and strays(name, text)
    ]
    found += [
        f"indicator {name} has a subject in one language only"
        for name, entry in catalogue.indicators.items()
        if (entry.subject_nl is None) != (entry.subject_en is None)
    ]
    return found
