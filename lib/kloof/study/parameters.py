"""Named parameter sets, and the check that refuses a parameter before anything runs.

A notebook declares the parameters it uses; an empty value there means: as the preset says.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from pathlib import Path
from typing import Any, get_type_hints

from kloof.documents import read_toml
from kloof.errors import ParameterError, faults, nearest
from kloof.paths import project_folder
from kloof.shown import Shown
from kloof.study.places import code_of
from kloof.typed import fits, shown, twice, unfit
from kloof.words.numbers import LANGUAGES

NONE = "none"  # how to ask for nothing where the preset has something, in:
MAY_BE_NONE = ("levels", "groups", "comparisons", "published")
EVENT = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
REPORT = re.compile(r"(?:[\w-]|\{municipality\}){1,80}")
ANY = "GM0000"
MUNICIPALITIES = {"municipality", "comparisons", "municipalities", "place"}  # what names them, here and in a preset
SETTINGS = "settings"  # what a notebook is given of the parameters that it does not declare
OF_A_PRESET = ("report", "municipalities", "place", "hypothesis", "parameters")  # what a preset's file may hold
USUAL = "breda"  # the preset where none is named
OPTIONS = {"preset": "--preset", "language": "--language"}  # asked for by these, never by --set or a preset
LEFT_OUT, COUNTED = "left_out", "counted"
FIRST_YEAR, LAST_YEAR = 1995, 2100
FEWEST_DRAWS, MOST_DRAWS = 199, 99_999
LARGEST_SEED = 2**63 - 1
MOST_NAMES, MOST_VARIANTS = 400, 40  # on a list: as many as there are municipalities; of focus lists all is repeated
LONGEST_TEXT = 20_000  # letters: the codes of more buurten than any municipality has


@dataclass(frozen=True, repr=False)
class Parameters(Shown):
    """Everything a run can be told. The order is that of the notebooks' parameter cells."""

    preset: str
    language: str
    municipality: str
    source: str
    year_from: int
    year_to: int
    trend_from: int
    event: str
    focus: str
    focus_variants: tuple[str, ...]
    indicators: tuple[str, ...]
    levels: tuple[str, ...]
    groups: tuple[str, ...]
    comparisons: tuple[str, ...]
    smallest_effects: Mapping[str, float]
    published: str
    apportioned: str
    draws: int
    seed: int

    def in_short(self) -> dict[str, object]:
        """Give every parameter that says something."""
        return dict(vars(self))

    @property
    def event_time(self) -> float:
        """Moment of the event in years: 2020-03 is 2020.17."""
        year, month = self.event.split("-")
        return int(year) + (int(month) - 1) / 12


HELP = {
    "preset": "named set of parameters: a file in notebooks/presets",
    "language": "language of sentences and figures: nl or en",
    "municipality": "name of the municipality, or its CBS code, GM and four digits",
    "source": "embedded data set, store, or path of a file you bring",
    "year_from": "first year compared",
    "year_to": "last year compared",
    "trend_from": "first year that may count for the trend before the event",
    "event": "month of the event whose before and since are compared, such as 2020-03",
    "focus": "focus list: its name, buurt codes joined by commas, or a rule such as "
    "lowest:11:mean_income_per_inhabitant:2016 or lowest:20%:mean_dwelling_value:first",
    "focus_variants": "the focus lists under which every verdict is repeated",
    "indicators": "indicators whose gap is followed over the years",
    "levels": "indicators whose level is shown, or none",
    "groups": "groups of which a segregation index is computed, or none",
    "comparisons": "municipalities shown beside this one, where the data has them, or none",
    "smallest_effects": "smallest change that matters, per indicator in its unit; others as in the catalogue",
    "published": "file with the published figures of a study to replicate, or none",
    "apportioned": "figures that rest on a part of a split area: left_out, or counted",
    "draws": "random draws behind each interval",
    "seed": "start of all randomness",
}

_MUST: Mapping[str, Any] = {  # above the parameters of a preset
    "report": ("a plain name, which may hold {municipality}", lambda one: fits(one, str) and REPORT.fullmatch(one)),
    "municipalities": list[str],
    "place": str,
}


def presets_folder() -> Path:
    """Folder of the presets."""
    return project_folder() / "notebooks" / "presets"


def preset_names() -> list[str]:
    """Names of the presets that exist."""
    return sorted(path.stem for path in presets_folder().glob("*.toml"))


def read_preset(name: str) -> dict[str, Any]:
    """Read a preset file; its parameters are under `parameters`.

    Raises ParameterError: with the valid names when there is none, or when the file cannot be understood.
    """
    if name not in preset_names():
        near = nearest(name, preset_names())
        raise ParameterError(
            f"preset {name!r} does not exist{f': {near}' if near else '. '}Valid: {', '.join(preset_names())} "
            "(notebooks/presets)."
        )
    where = f"preset {name}: notebooks/presets/{name}.toml"
    content = read_toml(presets_folder() / f"{name}.toml", ParameterError, where)
    if not isinstance(content.get("parameters"), dict):
        raise ParameterError(f"{where} needs its values under [parameters].")
    misplaced = [one for one in content if one not in OF_A_PRESET]
    unknown = [one for one in content["parameters"] if one not in HELP]
    if unknown or misplaced:
        valid = f"Valid: {', '.join(HELP)}, under [parameters]; above them: {', '.join(OF_A_PRESET[:-1])}."
        raise ParameterError(
            f"preset {name}: unknown {unknown_names([*misplaced, *unknown], [*OF_A_PRESET, *HELP])}. {valid}"
        )
    content["parameters"] = dict(content["parameters"])  # what was parsed is shared
    found = [*_faults_of_preset(content)] or [*_by_code(content["parameters"]), *_by_code(content)]
    if found:
        raise ParameterError(faults(f"preset {name}", found, f"Correct notebooks/presets/{name}.toml."))
    return content


def _faults_of_preset(content: Mapping[str, Any]) -> Iterator[str]:
    """Find what a preset cannot say, or says without a value."""
    for name, value in content["parameters"].items():
        if name in OPTIONS:
            yield f"{name} is no matter of a preset: ask for it with {OPTIONS[name]}"
        elif not is_given(value) and name not in (*MAY_BE_NONE, "smallest_effects"):
            yield f"{name} says nothing ({HELP[name]})"
    yield from unfit(content, _MUST)


def unknown_names(names: Sequence[str], valid: Iterable[str] | None = None) -> str:
    """List names that are no parameter, each with the nearest that is one (or that is `valid`)."""
    hits = {name: nearest(name, [*HELP, SETTINGS] if valid is None else valid) for name in names}
    return ", ".join(f"{name!r}" + (f" ({hit.strip()})" if hit else "") for name, hit in hits.items())


def _by_code(values: dict[str, Any]) -> list[str]:
    """Put the codes of municipalities in the place of their names, and list those that are not known.

    Values of another type are left for whoever checks types.
    """
    found = []
    for name in sorted(MUNICIPALITIES & values.keys()):
        given = values[name]
        codes = []
        for one in given if isinstance(given, list | tuple) else [given]:
            try:
                named = isinstance(one, str) and one and (one != NONE or name not in MAY_BE_NONE)
                codes.append(code_of(one) if named else one)
            except ParameterError as problem:
                found.append(str(problem) if name == "municipality" else f"{name}: {problem}")
                codes.append(one)
        values[name] = codes if isinstance(given, list | tuple) else codes[0]
    return found


def report_name(p: Parameters) -> str:
    """Give the name of the folder of a report: that of the preset, or what the preset has under `report`."""
    return str(read_preset(p.preset).get("report", p.preset)).replace("{municipality}", p.municipality)


def is_given(value: Any) -> bool:
    """Tell whether a parameter says something; empty text, 0, an empty list or table mean: as the preset."""
    return value is not None and not (isinstance(value, str | int | float | list | tuple | dict) and not value)


def parameters(given: Mapping[str, Any]) -> Parameters:
    """Complete what is given with the preset and check everything at once.

    `settings` among them holds more parameters by name; what is given beside it goes before it. Raises ParameterError
    listing every fault: unknown names (with the nearest), wrong types, impossible values.
    """
    more = given.get(SETTINGS) or {}
    if not isinstance(more, Mapping):
        raise ParameterError(
            f"{SETTINGS} must be a table of parameters by name, not {more!r}. Valid: {', '.join(HELP)}."
        )
    if unknown := [str(name) for name in [*more, *(name for name in given if name != SETTINGS)] if name not in HELP]:
        raise ParameterError(f"unknown parameter {unknown_names(unknown)}. Valid: {', '.join(HELP)}.")
    given = {**more, **{name: value for name, value in given.items() if name != SETTINGS and is_given(value)}}
    preset = given["preset"] if is_given(given.get("preset")) else USUAL
    if not isinstance(preset, str):
        raise ParameterError(f"preset must be text, not {shown(preset)}. Valid: {', '.join(preset_names())}.")
    base = {"smallest_effects": {}, "published": "", "comparisons": [], "apportioned": LEFT_OUT}
    base |= read_preset(preset)["parameters"]
    merged = {**base, "preset": preset, **{name: value for name, value in given.items() if is_given(value)}}
    merged.setdefault("language", "nl")
    merged.setdefault("trend_from", merged.get("year_from"))
    found = [f"{name} is missing ({HELP[name]})" for name in HELP if name not in merged]
    found += unfit(merged, get_type_hints(Parameters))
    if not found:
        found = [*_by_code(merged), *_impossible(merged)]
    if found:
        way_out = "See: kloof show 03."
        if "municipality" not in merged:
            way_out = f"Give it: kloof run --preset {preset} --set municipality=GM0344."
        raise ParameterError(faults("the parameters", found, way_out))
    return Parameters(**{name: _settled(name, value) for name, value in merged.items()})


def _settled(name: str, value: Any) -> Any:
    """Make a list unchangeable, and what asks for none empty."""
    if isinstance(value, str):
        return "" if value == NONE and name in MAY_BE_NONE else value
    if isinstance(value, list | tuple):
        return () if list(value) == [NONE] and name in MAY_BE_NONE else tuple(value)
    return int(value) if isinstance(value, Integral) else value


def preset_parameters(name: str) -> Parameters:
    """Check a preset on its own; a municipality that it leaves to the user is `ANY`, which does not exist.

    Raises ParameterError as `parameters` does.
    """
    left_open = "municipality" not in read_preset(name)["parameters"]
    return parameters({"preset": name} | ({"municipality": ANY} if left_open else {}))


def _impossible(merged: Mapping[str, Any]) -> list[str]:
    """List values of the right type that cannot be."""
    found = [*_overlong(merged), *_repeated(merged)]
    for name, valid in (("language", LANGUAGES), ("apportioned", (LEFT_OUT, COUNTED))):
        if merged[name] not in valid:
            near = nearest(merged[name], valid).strip()
            found.append(f"{name} must be one of {', '.join(valid)}, not {shown(merged[name])}{near and f': {near}'}")
    span, year_of = f"from {FIRST_YEAR} to {LAST_YEAR}", EVENT.fullmatch(merged["event"])
    if not year_of:
        found.append(f"event must be a year and month, such as 2020-03, not {shown(merged['event'])}")
    elif not FIRST_YEAR <= int(year_of[1]) <= LAST_YEAR:
        found.append(f"event must lie {span}, not in {merged['event']}")
    elif not FIRST_YEAR <= merged["trend_from"] <= int(year_of[1]):
        found.append(
            f"trend_from ({merged['trend_from']}) must not lie after the event, {merged['event']}, "
            f"nor before {FIRST_YEAR}"
        )
    if not FIRST_YEAR <= merged["year_from"] < merged["year_to"] <= LAST_YEAR:
        found.append(f"year_from ({merged['year_from']}) must lie before year_to ({merged['year_to']}), both {span}")
    if merged["draws"] < FEWEST_DRAWS:
        found.append(
            f"draws must be {FEWEST_DRAWS} or more, not {merged['draws']}: fewer cannot give a 95 percent interval"
        )
    if merged["draws"] > MOST_DRAWS:
        found.append(f"draws must be at most {MOST_DRAWS}, not {merged['draws']}: more change no digit that is printed")
    if merged["seed"] < 0:
        found.append(f"seed must not be negative, not {merged['seed']}")
    if merged["seed"] > LARGEST_SEED:
        found.append(f"seed must be at most {LARGEST_SEED}, not {shown(merged['seed'])}")
    for name, value in merged["smallest_effects"].items():
        if not 0 < value < math.inf:
            found.append(f"smallest_effects of {name} must be a number above 0, not {value}")
    return found


def _overlong(merged: Mapping[str, Any]) -> Iterator[str]:
    """Find texts and lists that are longer than anybody means."""
    for name, value in merged.items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            yield f"{name} has {len(value)} letters: at most {LONGEST_TEXT} can be meant"
        most = MOST_VARIANTS if name == "focus_variants" else MOST_NAMES
        if isinstance(value, list | tuple | Mapping) and len(value) > most:
            yield f"{name} holds {len(value)} names: at most {most} can be meant"


def _repeated(merged: Mapping[str, Any]) -> Iterator[str]:
    """Find names that a list holds twice, "none" among others, and a municipality beside itself."""
    for name, value in merged.items():
        if not isinstance(value, list | tuple):
            continue
        yield from (f"{name} names {shown(one)} twice" for one in twice(value))
        if NONE in value and len(value) > 1 and name in MAY_BE_NONE:
            yield f"{name} names {NONE!r} beside others: give only that, or only names"
    if merged["municipality"] in merged["comparisons"]:
        here = merged["municipality"]
        yield (
            f"comparisons: {here} is the municipality itself, and stands there already; for a report of another place "
            f"than the preset is about: --preset municipality --set municipality={here}"
        )


def coerce(name: str, value: str) -> Any:
    """Read `--set name=value` as the type the parameter has.

    A municipality by its name becomes its code. Raises ParameterError: an unknown name, one that has an option of its
    own, a value of another type, or one that would say nothing (empty, 0).
    """
    hints = get_type_hints(Parameters)
    if name in OPTIONS:
        raise ParameterError(f"--set {name}={value}: {name} has an option of its own: {OPTIONS[name]} {value}.")
    if name not in hints:
        raise ParameterError(f"unknown parameter {unknown_names([name], hints)}. Valid: {', '.join(hints)}.")
    typed = {name: _read(name, value, hints[name])}
    if found := _by_code(typed):
        raise ParameterError(" ".join(found))
    read = typed[name]
    if not is_given(read):
        raise ParameterError(
            f"{name}={value} says nothing: empty or 0 means as the preset has it. Leave --set {name} out, or give a "
            f"value ({HELP[name]})."
        )
    return read


def _read(name: str, value: str, hint: Any) -> Any:
    """Read text as a type that `Parameters` uses."""
    if hint is int:
        if not re.fullmatch(r"-?[0-9]{1,4000}", value):  # more digits Python reads no more
            raise ParameterError(f"{name} must be a whole number, not {shown(value)} ({HELP[name]}).")
        return int(value)
    if hint is str:
        return value
    if hint == tuple[str, ...]:
        return [part.strip() for part in value.split(";" if ";" in value else ",") if part.strip()]
    try:
        pairs = [(key.strip(), float(number)) for key, number in (part.split(":") for part in value.split(","))]
    except ValueError:
        raise ParameterError(f"{name} must look like indicator:number,indicator:number, not {shown(value)}.") from None
    if doubled := twice(key for key, _ in pairs):
        raise ParameterError(f"{name}: {doubled[0]} is given twice.")
    return dict(pairs)


def as_typed(value: Any) -> str:
    """Write a value as `--set name=value` would read it back: the reverse of `coerce`."""
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{number:g}" for key, number in value.items())
    if isinstance(value, list | tuple):
        return (";" if any("," in item for item in value) else ",").join(value)
    return str(value)


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))
