"""Named parameter sets, and the check that refuses a parameter before anything runs.

A notebook declares the parameters it uses; an empty value there means: as the preset says.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from kloof.catalogue import parsed
from kloof.ceilings import words_of
from kloof.errors import ParameterError, SourceError, faults, nearest
from kloof.paths import project_folder
from kloof.shown import Shown
from kloof.study.places import code_of
from kloof.words.numbers import LANGUAGES

NONE = "none"  # how to ask for nothing where the preset has something, in:
MAY_BE_NONE = ("levels", "groups", "comparisons", "published")
EVENT = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
REPORT = re.compile(r"(?:[\w-]|\{municipality\})+")
ANY = "GM0000"
MUNICIPALITIES = {"municipality", "comparisons", "municipalities", "place"}  # what names them, here and in a preset
SETTINGS = "settings"  # what a notebook is given of the parameters that it does not declare
OF_A_PRESET = ("report", "municipalities", "place", "hypothesis", "parameters")  # what a preset's file may hold
LEFT_OUT, COUNTED = "left_out", "counted"


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
    try:
        content = dict(parsed(words_of(presets_folder() / f"{name}.toml")))
    except (SourceError, tomllib.TOMLDecodeError) as problem:
        raise ParameterError(f"preset {name}: notebooks/presets/{name}.toml is not valid TOML: {problem}.") from None
    if not isinstance(content.get("parameters"), dict):
        raise ParameterError(f"preset {name}: notebooks/presets/{name}.toml needs its values under [parameters].")
    misplaced = [one for one in content if one not in OF_A_PRESET]
    unknown = [one for one in content["parameters"] if one not in HELP]
    if unknown or misplaced:
        valid = f"Valid: {', '.join(HELP)}, under [parameters]; above them: {', '.join(OF_A_PRESET[:-1])}."
        raise ParameterError(
            f"preset {name}: unknown {unknown_names([*misplaced, *unknown], [*OF_A_PRESET, *HELP])}. {valid}"
        )
    if "report" in content and not REPORT.fullmatch(str(content["report"])):
        raise ParameterError(
            f"preset {name}: report must be a plain name, which may hold {{municipality}}, not {content['report']!r}."
        )
    content["parameters"] = dict(content["parameters"])  # what was parsed is shared
    found = [*_by_code(content["parameters"]), *_by_code(content)]
    if found:
        raise ParameterError(faults(f"preset {name}", found, f"Correct notebooks/presets/{name}.toml."))
    return content


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
                codes.append(code_of(one) if isinstance(one, str) and one not in ("", NONE) else one)
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
    return value is not None and value not in ("", 0) and not (isinstance(value, list | tuple | dict) and not value)


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
    preset = str(given.get("preset") or "breda")
    base = {"smallest_effects": {}, "published": "", "comparisons": [], "apportioned": LEFT_OUT}
    base |= read_preset(preset)["parameters"]
    merged = {**base, "preset": preset, **{name: value for name, value in given.items() if is_given(value)}}
    merged.setdefault("language", "nl")
    merged.setdefault("trend_from", merged.get("year_from"))
    found = [f"{name} is missing ({HELP[name]})" for name in HELP if name not in merged]
    found += [fault for name, value in merged.items() if (fault := _type_fault(name, value))]
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
    return value


def preset_parameters(name: str) -> Parameters:
    """Check a preset on its own; a municipality that it leaves to the user is `ANY`, which does not exist.

    Raises ParameterError as `parameters` does.
    """
    left_open = "municipality" not in read_preset(name)["parameters"]
    return parameters({"preset": name} | ({"municipality": ANY} if left_open else {}))


def _type_fault(name: str, value: Any) -> str | None:
    """Say what is wrong with the type of a value, or nothing."""
    hint = get_type_hints(Parameters)[name]
    if hint in (str, int):
        right = isinstance(value, hint) and not isinstance(value, bool)
        wanted = {str: "text", int: "a whole number"}[hint]
    elif hint == tuple[str, ...]:
        right = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        wanted = "a list of texts"
    else:
        right = isinstance(value, Mapping) and all(isinstance(item, int | float) for item in value.values())
        wanted = "a table of numbers"
    return None if right else f"{name} must be {wanted}, not {value!r}"


def _impossible(merged: Mapping[str, Any]) -> list[str]:
    """List values of the right type that cannot be."""
    found = []
    if merged["language"] not in LANGUAGES:
        near = nearest(merged["language"], LANGUAGES).strip()
        wrong = f"{merged['language']!r}{near and f': {near}'}"
        found.append(f"language must be one of {', '.join(LANGUAGES)}, not {wrong}")
    if merged["apportioned"] not in (LEFT_OUT, COUNTED):
        found.append(f"apportioned must be {LEFT_OUT} or {COUNTED}, not {merged['apportioned']!r}")
    if not EVENT.fullmatch(merged["event"]):
        found.append(f"event must be a year and month, such as 2020-03, not {merged['event']!r}")
    if not 1995 <= merged["year_from"] < merged["year_to"] <= 2100:
        found.append(
            f"year_from ({merged['year_from']}) must lie before year_to ({merged['year_to']}), both from 1995 on"
        )
    if EVENT.fullmatch(merged["event"]) and not 1995 <= merged["trend_from"] <= int(merged["event"][:4]):
        found.append(f"trend_from ({merged['trend_from']}) must not lie after the event, {merged['event']}")
    if merged["draws"] < 199:
        found.append(f"draws must be 199 or more, not {merged['draws']}: fewer cannot give a 95 percent interval")
    if merged["seed"] < 0:
        found.append(f"seed must not be negative, not {merged['seed']}")
    for name, value in merged["smallest_effects"].items():
        if not 0 < value < math.inf:
            found.append(f"smallest_effects of {name} must be a number above 0, not {value}")
    return found


def coerce(name: str, value: str) -> Any:
    """Read `--set name=value` as the type the parameter has.

    A municipality by its name becomes its code. Raises ParameterError: an unknown name, a value of another type, or one
    that would say nothing (empty, 0).
    """
    hints = get_type_hints(Parameters)
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
        if not re.fullmatch(r"-?\d+", value):
            raise ParameterError(f"{name} must be a whole number, not {value!r} ({HELP[name]}).")
        return int(value)
    if hint is str:
        return value
    if hint == tuple[str, ...]:
        return [part.strip() for part in value.split(";" if ";" in value else ",") if part.strip()]
    try:
        return {key.strip(): float(number) for key, number in (part.split(":") for part in value.split(","))}
    except ValueError:
        raise ParameterError(f"{name} must look like indicator:number,indicator:number, not {value!r}.") from None


def as_typed(value: Any) -> str:
    """Write a value as `--set name=value` would read it back: the reverse of `coerce`."""
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{number:g}" for key, number in value.items())
    if isinstance(value, list | tuple):
        return (";" if any("," in item for item in value) else ",").join(value)
    return str(value)


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))
