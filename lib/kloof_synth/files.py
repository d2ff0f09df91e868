"""A synthetic municipality as a folder of files, in the format of an embedded data set: what `kloof synth` writes.

Several switches can stand in one municipality as long as they set different figures: every recipe draws where people
live first, so with one seed all of them have the same places. The folder's name, the source, every area and a file in
it say that it is synthetic.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError
from kloof.paths import REGISTRY, write_whole
from kloof.schema import COLUMNS
from kloof_synth.calibration import POSITIONS
from kloof_synth.switches import Switch, switches
from kloof_synth.town import LIST, MUNICIPALITY, Setting, World, areas, focus_codes, observations, sources_table

PREFIX = "synthetic"
NOTICE = "SYNTHETIC.txt"
PRESET = "preset.toml"
FOLLOWED = ("mean_dwelling_value", "mean_income_per_inhabitant", "difficulty_making_ends_meet_share")


def read_switches(given: Sequence[str]) -> list[tuple[Switch, float]]:
    """Read switches such as `C1.relative=large`, `C9=off` (all parts of C9) or `H6=1.5`: switch and effect.

    Raises ParameterError with all faults: an unknown claim or part, a position that is none, a figure set twice.
    """
    every, found, chosen = switches(), list[str](), list[tuple[Switch, float]]()
    for item in given:
        name, sign, position = (part.strip() for part in item.partition("="))
        claim, _, part = name.partition(".")
        own = [one for one in every if one.claim == claim and part in ("", one.part)]
        if not own or not sign:
            names = ", ".join(f"{one.claim}.{one.part}" for one in every)
            found.append(f"switch {item!r} is not CLAIM.PART=POSITION. Valid: {names}")
            continue
        for one in own:
            effects = dict(zip(POSITIONS, (0.0, *one.sizes), strict=False))
            if position not in effects and not _is_number(position):
                found.append(f"switch {item!r}: {position!r} is none of {', '.join(effects)}, nor a number")
                break
            chosen.append((one, effects[position] if position in effects else float(position)))
    if found:
        raise ParameterError("; ".join(found) + ".")
    return chosen


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def together(chosen: Sequence[tuple[Switch, float]], setting: Setting, seed: int) -> World:
    """Make one municipality with several switches set.

    Raises ParameterError when two of them set the same figure, naming both.
    """
    whole: World | None = None
    setter: dict[str, str] = {}
    counts = ("inhabitants", "dwellings")
    for switch, effect in chosen:
        made = switch.make(Setting(setting.buurten, setting.years, effect), np.random.default_rng(seed))
        if whole is None:
            whole = World(made.where)
        for name, (years, value) in made.figures.items():
            held = whole.figures.get(name)
            mine = f"{switch.claim}.{switch.part}"
            is_count = name in counts or (name == "households" and np.ptp(value, axis=1).max() == 0)
            if held is not None and not is_count and name in setter:
                raise ParameterError(
                    f"switches {setter[name]} and {mine} both set {name}; put them in two municipalities."
                )
            if is_count and held is not None:
                if name not in setter:
                    every = tuple(sorted({*held[0], *years}))
                    whole.put(name, every, np.tile(value[:, :1], (1, len(every))))
                continue
            if not is_count:
                setter[name] = mine
            whole.put(name, years, value)
        whole.others += [row for row in made.others if row not in whole.others]
    if whole is None:
        raise ParameterError("A synthetic municipality needs a switch: --switch C1.relative=large.")
    return whole


def preset(world: World, folder: Path) -> str:
    """Write the parameters with which a municipality can be reported: a preset of its own, never that of a real one."""
    followed = [name for name in FOLLOWED if name in world.figures] or ["social_assistance_share"]
    every = sorted({year for years, _ in world.figures.values() for year in years})
    quoted = ", ".join(f'"{name}"' for name in followed)
    return (
        "# SYNTHETIC: copy this file to notebooks/presets/my_synthetic.toml, and: kloof run --preset my_synthetic\n"
        f'report = "synthetic"\n[parameters]\nmunicipality = "{MUNICIPALITY}"\nsource = "{folder.resolve()}"\n'
        f'year_from = {every[0]}\nyear_to = {every[-1]}\nevent = "{every[-3]}-03"\nfocus = "{LIST}"\n'
        f'focus_variants = ["{LIST}"]\nindicators = [{quoted}]\nlevels = [{quoted}]\ngroups = []\ndraws = 1999\n'
        "seed = 20210323\n"
    )


def write_files(folder: Path, world: World, known: Catalogue, truth: Mapping[str, float]) -> None:
    """Write a municipality as a data set that `kloof run --set source=FOLDER` reads.

    `truth` names every switch with its effect; it stands in the notice, not in the figures. Raises ParameterError when
    the folder's name does not begin with "synthetic", or is there already with other files in it.
    """
    if not folder.name.startswith(PREFIX):
        raise ParameterError(
            f"{folder} must have a name that begins with {PREFIX!r}, so that nobody takes it for real."
        )
    strange = (
        [path.name for path in folder.iterdir() if path.suffix not in (".csv", ".txt", ".toml")]
        if folder.is_dir()
        else []
    )
    if strange:
        raise ParameterError(f"{folder} holds other files ({', '.join(sorted(strange)[:3])}); give an empty folder.")
    rows = observations(world, known)
    measured = rows[rows["status"] == "measured"].rename(columns={"source": "source_id"})
    missing = rows[rows["status"] != "measured"].rename(columns={"source": "source_id", "status": "reason"})
    lists = pd.DataFrame({"list_id": LIST, "buurt_code": focus_codes(world)})
    tables = {
        "figures.csv": measured[[name if name != "source" else "source_id" for name in COLUMNS if name != "status"]],
        "missing.csv": missing[["code", "year", "indicator", "reason", "source_id"]],
        "areas.csv": areas(world),
        "sources.csv": sources_table(),
        "focus_lists.csv": lists,
    }
    texts = {name: table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    texts[PRESET] = preset(world, folder)
    switches_set = "\n".join(f"  {name}: {effect:g}" for name, effect in truth.items())
    texts[NOTICE] = (
        "SYNTHETIC: no figure here is about a real place. Made by kloof synth; the claims that are true in it, and by\n"
        f"how much beyond the line between true and false (0: false):\n{switches_set}\n"
    )
    hashes = {name: hashlib.sha256(text.encode("utf-8")).hexdigest() for name, text in texts.items()}
    listed = pd.DataFrame({"file": sorted(hashes), "sha256": [hashes[name] for name in sorted(hashes)]})
    texts[REGISTRY] = listed.to_csv(index=False, lineterminator="\n")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_whole(folder / name, text)
