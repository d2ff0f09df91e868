"""The debate on a municipality: who said what and when, and the claims that are argued about; most places have none."""

from datetime import date
from typing import Any

from kloof.documents import read_toml
from kloof.errors import CatalogueError, faults
from kloof.paths import project_folder
from kloof.study import claims

VOICE = ("when", "who_nl", "who_en", "work", "nl", "en")
SIDES = ("yes", "no")
_TABLE = {"claims?": [(str,)], "about?": [{}], "voice?": [{}], **{f"{side}?": {"claim?": (str,)} for side in SIDES}}


def debate(municipality: str) -> dict[str, Any] | None:
    """Read the debate on a municipality out of `notebooks/debates`; None where there is none.

    Gives `claims` (ids, in the order in which they are told), `yes` and `no` (claim, nl, en), `about` (lines in nl and
    en on what led to it) and `voices`, by date.
    Raises CatalogueError with all faults: what is missing, a claim that is not registered, a date that is none.
    """
    path = project_folder() / "notebooks" / "debates" / f"{municipality}.toml"
    if not path.is_file():
        return None
    raw = read_toml(path, CatalogueError, wanted=_TABLE)
    known = claims.registry().claims
    asked = [*raw.get("claims", []), *(raw.get(side, {}).get("claim", "") for side in SIDES)]
    found = [f"claim {claim!r} is not registered" for claim in asked if claim not in known]
    found += [f"[{side}] lacks {key}" for side in SIDES for key in ("nl", "en") if not raw.get(side, {}).get(key)]
    about = raw.get("about", [])
    found += [
        f"about {at} lacks {key}" for at, line in enumerate(about, 1) for key in ("nl", "en") if not line.get(key)
    ]
    for at, voice in enumerate(raw.get("voice", []), 1):
        found += [f"voice {at} lacks {key}" for key in VOICE if not voice.get(key)]
        if not isinstance(voice.get("when"), date):
            found.append(f"voice {at}: when must be a date such as 2021-10-05")
    if found:
        raise CatalogueError(faults(path.name, found, "See notebooks/debates/README.md."))
    voices = sorted(raw.get("voice", []), key=lambda voice: str(voice["when"]))
    told = [{**{key: voice[key] for key in VOICE}, "when": voice["when"].isoformat()} for voice in voices]
    sides = {side: dict(raw[side]) for side in SIDES}
    return {"claims": list(raw["claims"]), **sides, "about": [dict(line) for line in about], "voices": told}
