"""Hypotheses of a researcher: one file each in notebooks/hypotheses, registered with a date and a stamp.

`kind` says what is tested: the gap of an indicator (gap, gap_change, gap_change_before, beyond_trend), the list beside
buurten that started alike (behind_similar), an index of a group (group_index, index_change), one figure with another
over the buurten (relation), or the place beside other municipalities (beside_places). Texts stand in Dutch, in English
or in both; a translation that is added later leaves the stamp as it is.

A hypothesis counts as registered before the run when no report with findings on its indicator existed as it was
registered, and its file has not been changed since; otherwise what is found on it is exploratory, and marked so.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from kloof.catalogue import MONEY, catalogue
from kloof.documents import ANY, MOST_TOLD, misfits, read_json, read_toml
from kloof.errors import CatalogueError, ReportError, faults, nearest
from kloof.findings import HIGHER, LOWER
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.paths import project_folder, write_together
from kloof.study.parameters import FIRST_YEAR, LAST_YEAR
from kloof.typed import fits, is_number, strange, unfit
from kloof.words.sentences import template

OF_GAPS = ("gap_change", "gap_change_before", "beyond_trend")
MEASURES = (ABSOLUTE, REAL, RELATIVE)
INDICES = ("dissimilarity", "isolation", "theil_h")
MEASURES_OF: Mapping[str, tuple[str, ...]] = {
    "gap": (ABSOLUTE,), **dict.fromkeys(OF_GAPS, MEASURES), "behind_similar": (ABSOLUTE, RELATIVE),
    "group_index": INDICES, "index_change": INDICES, "relation": ("slope", "correlation"),
    "beside_places": ("mean", "coefficient_of_variation", *INDICES),
}  # fmt: skip
KINDS = tuple(MEASURES_OF)
ONE_MEASURE = ("group_index", "index_change", "relation", "beside_places")  # a smallest effect has one scale
NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
TEXTS = ("nl", "en", "short_nl", "short_en", "change_nl", "change_en")
_NEEDED = ("id", "registered", "seen_in", "change_nl", "change_en", "kind", "measures", "expected", "smallest_effect")
TRANSLATED = "translated_"
_MAY = (*TEXTS, *(f"{TRANSLATED}{name}" for name in TEXTS[:4]), "year_from", "year_to", "focus", "places", "stamp")
_WORDS = (*TEXTS, *(f"{TRANSLATED}{name}" for name in TEXTS[:4]), "indicator", "other", "group", "focus", "stamp")
_MUST: Mapping[str, Any] = {
    **dict.fromkeys(_WORDS, str),
    "registered": ("a date such as 2026-01-05", lambda value: fits(value, date)),
    "seen_in": ("a list of reports", lambda value: fits(value, list[Any])),
    "id": ("X and a number", lambda value: re.fullmatch(r"X[1-9]\d*", str(value))),
    "than": ("a number", is_number),
    **dict.fromkeys(("per", "smallest_effect"), ("a number above 0", lambda value: is_number(value, 0))),
}
_ONE_OF = {"expected": (HIGHER, LOWER), "measure": MEASURES}
OPTIONAL = ("year_from", "year_to", "focus", "stamp")
STAMP = re.compile(rf'^(stamp|{TRANSLATED}\w+) = ".*"\n', re.MULTILINE)
_SEEN = {"findings": {ANY: {"indicator": (str, type(None)), "estimate": (int, float, type(None))}}}
OTHER = {"nl": "en", "en": "nl"}


def folder() -> Path:
    """Folder of the hypotheses and their notebooks."""
    return project_folder() / "notebooks" / "hypotheses"


def files() -> list[Path]:
    """List the registered files by name."""
    return sorted(folder().glob("*.toml"))


def notebooks() -> list[Path]:
    """Notebooks of the registered hypotheses."""
    return [path for path in (place.with_suffix(".ipynb") for place in files()) if path.is_file()]


def stamp_of(content: str) -> str:
    """Hash what a file says, without its stamp and without what was translated afterwards."""
    return hashlib.sha256(STAMP.sub("", content).encode("utf-8")).hexdigest()


def read_all() -> dict[str, dict[str, Any]]:
    """Give the registered hypotheses as claims: id → entry, with `exploratory` and where its notebook is.

    Raises CatalogueError listing every fault of every file.
    """
    made: dict[str, dict[str, Any]] = {}
    found: list[str] = []
    for path in files():
        try:
            entry = as_kind(read_toml(path, CatalogueError))
        except CatalogueError as problem:
            found.append(str(problem).rstrip("."))
            continue
        wrong = [*_unknown_figures(entry), *faults_of(entry)]
        if entry.get("id") in made:
            wrong.append(f"id {entry['id']} belongs to {made[entry['id']]['notebook']}.toml too")
        if wrong:
            found.append(f"{path.name}: {'; '.join(wrong)}")
            continue
        changed = entry.get("stamp") != stamp_of(path.read_text(encoding="utf-8"))
        made[entry["id"]] = {
            **in_both_languages(entry), "source": "own", "notebook": path.stem, **_about(entry), "changed": changed,
            "exploratory": changed or bool(entry["seen_in"]),
        }  # fmt: skip
    if found:
        raise CatalogueError(
            f"notebooks/hypotheses: {'. '.join(found)}. Correct the file, or make it anew: kloof hypothesis new."
        )
    return made


def as_kind(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give an entry with its `kind`, which the first files called `test`."""
    return {"kind" if key == "test" and "kind" not in entry else key: value for key, value in entry.items()}


def _about(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    """Say what the parts of a claim are about: an indicator or a group."""
    return {"groups": [entry["group"]]} if "group" in entry else {"indicators": [entry["indicator"]]}


def figures_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the indicators and the group that a hypothesis is about."""
    return tuple(str(entry[key]) for key in ("indicator", "other", "group") if entry.get(key))


def in_both_languages(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give an entry with all its texts: what stands in one language stands for the other, and says so."""
    made = dict(entry)
    for language, other in OTHER.items():
        for name, mark in ((language, f" ({template(language, 'not_translated')})"), (f"short_{language}", "")):
            there = name.replace(language, other)
            made.setdefault(name, made.get(f"{TRANSLATED}{name}") or f"{entry.get(there, '')}{mark}")
    return made


def _needed_by(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what an entry must have and what it may have, by its kind."""
    kind = entry.get("kind")
    about = ("group",) if kind in ("group_index", "index_change") else ("indicator",)
    if kind == "beside_places" and "group" in entry:
        about = ("group",)
    own = {"group_index": ("than",), "relation": ("other",)}.get(str(kind), ())
    languages = [language for language in OTHER if language in entry] or [*OTHER][:1]
    texts = tuple(name for language in languages for name in (language, f"short_{language}"))
    return (*_NEEDED, *texts, *about, *own), (*_MAY, *(("per",) if kind == "relation" else ()))


def faults_of(
    entry: Mapping[str, Any], needed: Sequence[str] | None = None, optional: Sequence[str] = OPTIONAL
) -> list[str]:
    """List everything that is wrong with a hypothesis, apart from whether its indicator and years exist.

    `needed` and `optional` are what it must and may have, without them by its kind; it has `measures`, or one
    `measure`.
    """
    entry = as_kind(entry)
    if needed is None:
        needed, optional = _needed_by(entry)
    found = [f"it has no {name}" for name in needed if name not in entry]
    found += [*strange(entry, (*needed, *optional), "is not something a hypothesis has"), *unfit(entry, _MUST)]
    kind = str(entry.get("kind", OF_GAPS[0]))
    if kind not in KINDS:
        found.append(f"kind {kind!r} is not known; {nearest(kind, KINDS)}valid: {', '.join(KINDS)}")
    found += [f"{name} {entry[name]!r} is not known; valid: {', '.join(valid)}" for name, valid in _ONE_OF.items()
              if name in entry and entry[name] not in valid]  # fmt: skip
    known = MEASURES_OF.get(kind, MEASURES)
    measures = entry.get("measures", known[:1])
    if kind == "gap" and isinstance(measures, list | tuple) and list(measures) != [ABSOLUTE]:
        found.append("a test of a level (gap) has the measure absolute only")
    elif not isinstance(measures, list | tuple) or not measures or any(one not in known for one in measures):
        found.append(f"measures {measures!r} must hold one or more of {', '.join(known)}")
    elif kind in ONE_MEASURE and len(measures) > 1:
        found.append(f"a hypothesis of kind {kind} has one measure, which smallest_effect is of; not {measures!r}")
    elif kind == "beside_places" and (measures[0] in INDICES) != ("group" in entry):
        found.append(f"measure {measures[0]} is of {'a group' if measures[0] in INDICES else 'an indicator'}")
    places = entry.get("places", [])
    if not isinstance(places, list | tuple) or any(not re.fullmatch(r"GM\d{4}", str(place)) for place in places):
        found.append(f"places {places!r} must hold codes of municipalities, such as GM0344")
    found += [f"{name} is empty" for name in (*_MAY[:10], "because") if name in entry and not str(entry[name]).strip()]
    found += [
        f"{name} holds a number; the report puts the numbers beside it"
        for name in ("short_nl", "short_en", f"{TRANSLATED}short_nl", f"{TRANSLATED}short_en")
        if re.search(r"\d", str(entry.get(name, "")))
    ]
    years = entry.get("year_from", 0), entry.get("year_to", 0)
    if odd := [year for year in years if isinstance(year, bool) or not isinstance(year, int)]:
        found.append(f"year_from and year_to must be whole years, not {odd[0]!r}")
    elif odd := [year for year in years if year and not FIRST_YEAR <= year <= LAST_YEAR]:
        found.append(f"year_from and year_to must lie from {FIRST_YEAR} to {LAST_YEAR}, not {odd[0]}")
    elif all(years) and not years[0] < years[1]:
        found.append(f"year_from ({years[0]}) must lie before year_to ({years[1]})")
    return found


def faults_of_new(
    name: str, entry: Mapping[str, Any], needed: Sequence[str] | None = None, optional: Sequence[str] = OPTIONAL,
    begin: str = "",
) -> list[str]:  # fmt: skip
    """List everything that keeps a hypothesis from being registered under a name, which must `begin` so.

    That is what `faults_of` finds, an indicator that is not in the catalogue, and a name that cannot be one.
    """
    found = _unknown_figures(entry)
    if entry.get("other") is not None and entry.get("other") == entry.get("indicator"):
        found.append("other must be another figure than indicator")
    found += faults_of(entry, needed, optional)
    found += _faults_of_prices(entry)
    if not (NAME.fullmatch(name) and name.startswith(begin)):
        begin = begin or "a letter"
        found.append(f"name {name!r} must be 3 to 40 small letters, digits and _, and begin with {begin}")
    return found


def _unknown_figures(entry: Mapping[str, Any]) -> list[str]:
    """List the figures of an entry that the catalogue does not have, with the nearest."""
    found, known = [], catalogue()
    for key, among in (("indicator", known.indicators), ("other", known.indicators), ("group", known.groups)):
        if key in entry and (wanted := str(entry[key])) not in among:
            near = difflib.get_close_matches(wanted, list(among), n=3, cutoff=0.5)
            hint = f" (nearest: {', '.join(near)})" if near else ""
            see = f"; valid: {', '.join(among)}" if key == "group" else "; see: kloof list indicators"
            found.append(f"{key} {wanted!r} is not in the catalogue{hint}{see}")
    return found


def measures_of(indicator: str, kind: str) -> tuple[str, ...]:
    """Give the measures of a kind that names none: of money in constant prices, since prices alone move amounts.

    Without an indicator it is about a group.
    """
    if kind == "beside_places" and not indicator:
        return INDICES[:1]
    if kind in ONE_MEASURE:
        return MEASURES_OF[kind][:1]
    if kind == "behind_similar":
        return MEASURES_OF[kind]
    known = catalogue().indicators
    money = indicator in known and known[indicator].unit in MONEY
    return (ABSOLUTE,) if kind == "gap" else (REAL, RELATIVE) if money else (ABSOLUTE, RELATIVE)


def _faults_of_prices(entry: Mapping[str, Any]) -> list[str]:
    """List measures that cannot decide about this indicator."""
    name, measures = str(entry.get("indicator")), entry.get("measures", ())
    if (
        as_kind(entry).get("kind", OF_GAPS[0]) not in OF_GAPS
        or name not in catalogue().indicators
        or not isinstance(measures, list | tuple)
    ):
        return []
    if catalogue().indicators[name].unit not in MONEY:
        return [f"measure {REAL} is of amounts of money only, and {name} has another unit"] if REAL in measures else []
    if set(measures) == {ABSOLUTE}:
        why = f"prices alone move {name} in the prices of each year, so that it gets no verdict"
        return [f"{why}: add measure {REAL} or {RELATIVE}"]
    return []


def seen_in(*figures: str) -> list[str]:
    """Name the reports that hold a finding on one of some indicators or groups: whoever made one may have seen it.

    What notebooks found that ran alone (`kloof run --only`) stands in `found`.
    """
    seen = []
    reports = project_folder() / "reports"
    patterns = ("*/results.json", "*/found/*.json")
    for path in sorted(path for pattern in patterns for path in reports.glob(pattern)):
        content = read_json(path, ReportError, str(path))
        if found := list(misfits(content, _SEEN)):
            raise ReportError(faults(str(path), found[:MOST_TOLD], "Make this report again, or remove it."))
        findings = content["findings"].values()
        if any(finding["indicator"] in figures and finding["estimate"] is not None for finding in findings):
            seen.append(path.relative_to(reports).parts[0])
    return list(dict.fromkeys(seen))


def next_id() -> str:
    """Give the first number that no hypothesis has."""
    taken = [int(str(entry["id"])[1:]) for entry in read_all().values()]
    return f"X{max(taken, default=0) + 1}"


def register(name: str, entry: Mapping[str, Any], notebook: str, others: Sequence[str] = ()) -> tuple[Path, Path]:
    """Write a hypothesis with its stamp and its notebook; give both paths.

    Raises CatalogueError listing every fault: those of `faults_of_new`, a name that is taken, and `others` that were
    found before, such as years without figures.
    """
    found = [*faults_of_new(name, entry), *others]
    target = folder() / f"{name}.toml"
    if target.exists():
        found.append(f"notebooks/hypotheses/{target.name} exists; a registered hypothesis is not written over")
    if found:
        raise CatalogueError(f"This hypothesis cannot be registered. {'; '.join(found)}.")
    content = as_toml(entry)
    stamped = f'{content}stamp = "{stamp_of(content)}"\n'
    write_together({target: stamped, target.with_suffix(".ipynb"): notebook})
    return target, target.with_suffix(".ipynb")


def translate(name: str, language: str, text: str, short: str = "") -> Path:
    """Add the text in the other language to a hypothesis that is on record, and to its notebook; give the file.

    The stamp stays: what is tested does not change. Raises CatalogueError when there is no such hypothesis, or when it
    has that text.
    """
    path = folder() / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(one.stem for one in files()) or "none"
        raise CatalogueError(f"notebooks/hypotheses has no {path.name}. There is: {known}.")
    entry, content = read_toml(path, CatalogueError), path.read_text(encoding="utf-8")
    before = in_both_languages(entry)
    added = {f"{TRANSLATED}{language}": text} | ({f"{TRANSLATED}short_{language}": short} if short else {})
    found = [f"{name} has its text in {language!r} already"] if language in entry else []
    found += [f"{key} is there already" for key in added if key in entry] + faults_of({**entry, **added})
    if found:
        raise CatalogueError(f"This translation cannot be added. {'; '.join(dict.fromkeys(found))}.")
    texts: dict[Path, str | bytes] = {path: content + as_toml(added)}
    notebook = path.with_suffix(".ipynb")
    if notebook.is_file():
        now, written = in_both_languages({**entry, **added}), notebook.read_text(encoding="utf-8")
        old, new = (json.dumps(one[language], ensure_ascii=False)[1:-1] for one in (before, now))
        texts[notebook] = written.replace(old, new)
    write_together(texts)
    return path


def as_toml(entry: Mapping[str, Any]) -> str:
    """Write an entry as TOML, a line for each field; the same content gives the same bytes."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())


def _value(value: Any) -> str:
    """Write a value: text, number, date, yes or no, a list or a mapping of them."""
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(item)}' for key, item in value.items())} }}"
    return str(value)
