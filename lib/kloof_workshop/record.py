"""What a participant tried: a score in the notebook, and a file to hand in. Only the standard library.

The file holds kinds of mistakes and no answers, and a name only when one is given. All sessions of one participant
come together in one file, which the next session finds beside its notebook.
"""

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from kloof_workshop.exercise import RIGHT, words
from kloof_workshop.guesses import Said
from kloof_workshop.notebook import calling, language_of

TRIES, RUN = "_tries", "_run"  # variables of the notebook: what was tried, and which start of Python this is
FORMAT = 1
HANDED_IN = re.compile(r"my_work_([0-9a-f]{6})\.json")
LONGEST_NAME = 60


def note(names: MutableMapping[str, Any], number: str, kind: str, given: Any) -> None:
    """Remember a try; the same answer checked twice is one try."""
    tries = names.setdefault(TRIES, [])
    text = repr(given)[:200]
    before = next((one for one in reversed(tries) if one[0] == number), None)
    if before is None or before[1:] != (kind, text):
        tries.append((number, kind, text))


def right_of(names: Mapping[str, Any], session: str) -> int:
    """Count the exercises of a session of which the last try was right."""
    last = {number: kind for number, kind, _ in names.get(TRIES, []) if number.startswith(f"{session}.")}
    return sum(kind == RIGHT for kind in last.values())


def score(names: Mapping[str, Any], session: str, of: int) -> str:
    """Write the score of a session: 5 of 8 right."""
    text: str = words()["say"]["score"][language_of(names)]
    return text.format(right=right_of(names, session), of=of)


def hand_in(session: int, name: str = "") -> Said:
    """Write what was tried to a file for the teacher, beside the notebook, and say which.

    Without a name it has none.
    """
    from kloof_workshop import answers

    names = calling()
    said, language = words()["hand_in"], language_of(names)
    tries = [[number, kind] for number, kind, _ in names.get(TRIES, []) if number.startswith(f"{session}.")]
    if not tries:
        return Said(said["nothing"][language])
    work = _earlier(Path.cwd())
    run = names.setdefault(RUN, token_hex(4))
    work["name"] = " ".join(str(name).split())[:LONGEST_NAME] or work["name"]
    work["sessions"].setdefault(str(session), {})[run] = tries
    path = Path.cwd() / f"my_work_{work['participant']}.json"
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(work, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(path)
    of = sum(number.startswith(f"{session}.") for number in answers.exercises())
    text = said["done"][language].format(file=path.name, name=work["name"] or said["nobody"][language])
    return Said(f"{score(names, str(session), of)} {text}")


def _earlier(folder: Path) -> dict[str, Any]:
    """Read what this participant handed in before, or begin anew."""
    for path in sorted(folder.glob("my_work_*.json")):
        try:
            work = json.loads(path.read_text(encoding="utf-8"))
            ours = path.name == f"my_work_{work['participant']}.json" and HANDED_IN.fullmatch(path.name)
            if ours and all(isinstance(starts, dict) for starts in work["sessions"].values()):
                return {"name": "", **work}
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ):  # not ours, or damaged: it stays as it is
            continue
    return {"format": FORMAT, "participant": token_hex(3), "name": "", "sessions": {}}
