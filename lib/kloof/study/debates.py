"""The debate on a municipality: who said what and when, and the claims that are argued about; most places have none."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from kloof.documents import read_toml
from kloof.errors import CatalogueError, ParameterError, faults, nearest
from kloof.paths import project_folder
from kloof.study import claims
from kloof.study.places import MUNICIPALITY, code_of
from kloof.typed import fits, shown, strange, twice, unfit
from kloof.words.numbers import LANGUAGES

VOICE = ("when", "who_nl", "who_en", "work", *LANGUAGES)
SIDES = ("yes", "no")
PARTS: Mapping[str, Any] = {"claims": list, "yes": dict, "no": dict, "about": list, "voice": list}  # what a file holds
HELD = {
    "yes": ("claim", *LANGUAGES),
    "no": ("claim", *LANGUAGES),
    "about": LANGUAGES,
    "voice": VOICE,
}  # what each part holds
DAY = "a date such as 2021-10-05", lambda value: fits(value, date)


def debate(municipality: str) -> dict[str, Any] | None:
    """Read the debate on a municipality out of `notebooks/debates`; None where there is none.

    Gives `claims` (ids, in the order in which they are told), `yes` and `no` (claim, nl, en), `about` (lines in nl and
    en on what led to it) and `voices`, by date.
    Raises CatalogueError with all faults: what is missing or unknown, a claim that is not registered or named twice, a
    date that is none.
    """
    path = _folder() / f"{municipality}.toml"
    if not path.is_file():
        return None
    raw = read_toml(path, CatalogueError)
    if found := [*_misshapen(raw)] or [*_lacking(raw)]:
        raise CatalogueError(faults(path.name, found, "See notebooks/debates/README.md."))
    voices = sorted(raw.get("voice", []), key=lambda voice: str(voice["when"]))
    told = [{**{key: voice[key] for key in VOICE}, "when": voice["when"].isoformat()} for voice in voices]
    sides = {side: dict(raw[side]) for side in SIDES}
    about = [dict(line) for line in raw.get("about", [])]
    return {"claims": list(raw["claims"]), **sides, "about": about, "voices": told}


def read_debates() -> dict[str, dict[str, Any]]:
    """Read every debate there is, by municipality.

    Raises CatalogueError as `debate` does, and for a file that is not named by the code of a municipality: no report
    would tell of it.
    """
    made = {}
    for path in sorted(_folder().glob("*.toml")):
        if not MUNICIPALITY.fullmatch(path.stem):
            name = _code(path.stem)
            raise CatalogueError(f"debates/{path.name} is of no municipality: name it by a code, such as {name}.toml.")
        made[path.stem] = debate(path.stem) or {}
    return made


def _folder() -> Path:
    return project_folder() / "notebooks" / "debates"


def _code(name: str) -> str:
    """Give the code that a name stands for, or an example where it stands for none."""
    try:
        return code_of(name)
    except ParameterError:
        return "GM0758"


def _misshapen(raw: Mapping[str, Any]) -> Iterator[str]:
    """Find parts and keys that there are not, and what is of another kind than it must be."""
    yield from (*strange(raw, PARTS, "is no part of a debate"), *unfit(raw, PARTS))
    for name, value in raw.items():
        if name not in PARTS or not fits(value, PARTS[name]):
            continue
        if name in SIDES:
            yield from _odd_keys(f"[{name}]", name, value)
        elif name in HELD:
            for at, part in enumerate(value, 1):
                yield from _odd_keys(f"{name} {at}", name, part)
        elif odd := [claim for claim in value if not isinstance(claim, str)]:
            yield f"{name} must hold names of claims, not {shown(odd[0])}"


def _odd_keys(where: str, name: str, part: Any) -> Iterator[str]:
    """Find what a part cannot hold."""
    if not isinstance(part, Mapping):
        yield f"{where} must be a table with {', '.join(HELD[name])}, not {shown(part)}"
        return
    odd = [key for key in part if key not in HELD[name]]
    yield from (f"{where} has {key!r}, which is not known {nearest(key, HELD[name])}".strip() for key in odd)
    yield from unfit(part, {key: DAY if key == "when" else str for key in HELD[name]}, f"{where}: ")


def _lacking(raw: Mapping[str, Any]) -> Iterator[str]:
    """Find what is missing, and claims that are not registered or named twice."""
    known, named = claims.registry().claims, raw.get("claims", [])
    asked = [*named, *(raw.get(side, {}).get("claim", "") for side in SIDES)]
    yield from (f"claim {claim!r} is not registered" for claim in asked if claim not in known)
    yield from (f"claim {claim} is named twice" for claim in twice(named))
    if "claims" not in raw:
        yield "it lacks claims"
    for side in SIDES:
        yield from (f"[{side}] lacks {key}" for key in LANGUAGES if not raw.get(side, {}).get(key))
    for name, keys in (("about", LANGUAGES), ("voice", VOICE)):
        for at, line in enumerate(raw.get(name, []), 1):
            yield from (f"{name} {at} lacks {key}" for key in keys if not line.get(key))
