"""How often are answers wrong in synthetic worlds? Both questions on every scale, and claims joined of their parts.

`kloof calibrate --worlds` fills data/worlds.csv. A row says in what percentage (`share`, of `n` synthetic
municipalities, with the standard error `mc_error` of it) something came out, in a `world` of so many buurten, on a
scale or of a claim (`about`):

* question happened: `wrong` (larger or smaller against the true unrounded change, the same where that matters), `told`
  (any answer but "within rounding");
* question chance: `wrong` (a direction that was not planted), `seen` (the one that was), `same`;
* question joined: `wrong` (supported where the claim is false; contradicted or too small to matter where it is true),
  `overstated` (supported or contradicted where it is true in part), `silent`, `supported`, `contradicted`, and `true`:
  how often the claim is true there, which no trial knows.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
import pandas as pd

from kloof.findings import (
    CONTRADICTED,
    GREW,
    HIGHER,
    LOWER,
    NEGLIGIBLE,
    NO_FIGURES,
    NOT_TESTABLE,
    SAME,
    SHRANK,
    STAYED,
    SUPPORTED,
    UNDECIDED,
    WITHIN_ROUNDING,
    Finding,
    happened,
    judge,
)
from kloof.questions import gap_changes, gap_tables, ladder, runner  # noqa: F401 (each registers the kinds it computes)
from kloof.questions.gap_changes import Followed
from kloof.study import claims
from kloof.study.panel import Balanced
from kloof_synth import world_truths
from kloof_synth.calibration import BLOCK, DRAWS, SEED, YEARS, error_of
from kloof_synth.town import FEW, SOURCE, World
from kloof_synth.trials import processes
from kloof_synth.world_truths import CLAIMS, FALSE, IN_PART, SCALES, TRUE, known_of
from kloof_synth.worlds import FIRST, SIZES, STORIES, VALUE, Made, Story, make, of_worlds, study_of_world

FINDINGS, JOINED = "findings", "joined"
TRIALS = {(FINDINGS, 56): 400, (FINDINGS, 15): 400, (FINDINGS, 200): 200}
JOINED_TRIALS = 100
OUTCOMES = {
    "happened": ("wrong", "told"),
    "chance": ("wrong", "seen", "same"),
    "joined": ("wrong", "overstated", "silent", "supported", "contradicted", "true"),
}
WORLD_COLUMNS = ("municipality", "world", "buurten", "listed", "about", "question", "outcome", "share", "mc_error", "n")
Seen = tuple[str, str, str]  # about, question, outcome


@dataclass(frozen=True)
class WorldCell:
    """One world of one size, of which findings are judged or claims."""

    story: Story
    buurten: int
    layer: str

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Say what it is judged about, by which question."""
        if self.layer == JOINED:
            return tuple((claim, JOINED) for claim in CLAIMS)
        return tuple((scale, question) for question in ("happened", "chance") for scale in SCALES)

    @property
    def trials(self) -> int:
        """Give the usual number of synthetic municipalities."""
        return TRIALS.get((self.layer, self.buurten), JOINED_TRIALS)


def world_cells() -> tuple[WorldCell, ...]:
    """Give all cells: findings first, worlds in their order."""
    return tuple(WorldCell(story, size, layer) for layer in (FINDINGS, JOINED) for size in SIZES for story in STORIES)


def track_of(made: Made) -> Followed:
    """Lay the printed dwelling values out as an indicator that is followed over all its years."""
    one, entry = known_of(made, VALUE), of_worlds().indicator(VALUE)
    shown = np.round(one.true / entry.rounding) * entry.rounding
    years = tuple(FIRST + place for place in range(YEARS))
    there = made.world.where.size >= FEW
    codes = tuple(code for code, kept in zip(made.world.codes, there, strict=True) if kept)
    panel = Balanced(
        codes=codes, years=years, value=shown, low=shown - entry.reach, high=shown + entry.reach, weight=one.weight,
        is_focus=one.listed, weight_name="dwellings", weight_year=FIRST, coverage=100.0, sources=(SOURCE,),
        set_aside=(), missing=(),
    )  # fmt: skip
    times = tuple(year + entry.measured for year in years)
    return Followed(VALUE, panel, years, times, -entry.better, dict.fromkeys(years, 100.0), ())


def findings_of(made: Made, seed: int, draws: int) -> list[Finding]:
    """Judge how the gap in dwelling values changed on every scale, as a report does."""
    bare = World(made.world.where, {}, made.world.others)  # a study that knows prices and no more: the rest is laid out
    study = study_of_world(replace(made, world=bare), draws, seed)
    track = track_of(made)
    return [gap_changes.change_of_gap(study, track, scale, f"world.{scale}", study.focus) for scale in SCALES]


def outcomes_of(made: Made, found: Sequence[Finding]) -> list[Seen]:
    """Set both answers on every scale beside what truly happened, and beside what was planted."""
    one, seen = known_of(made, VALUE), list[Seen]()
    for scale, finding in zip(SCALES, found, strict=True):
        true, planted = world_truths.true_gaps(one, scale), world_truths.planted_gaps(one, scale)
        change, least = float(true[-1] - true[0]), world_truths.smallest(one, scale)
        answer, judgement = happened(finding), judge(finding)
        wrong = {GREW: change <= 0, SHRANK: change >= 0, STAYED: abs(change) > least}.get(answer, False)
        seen += [(scale, "happened", "wrong")] if wrong else []
        seen += [(scale, "happened", "told")] if answer not in (NO_FIGURES, WITHIN_ROUNDING) else []
        way = world_truths.direction(float(planted[-1] - planted[0]), least)
        said = {HIGHER: 1, LOWER: -1}.get(judgement, 0)
        seen += [(scale, "chance", "seen" if said == way else "wrong")] if said else []
        seen += [(scale, "chance", "same")] if judgement == SAME else []
    return seen


def joined_of(made: Made, seed: int, draws: int) -> list[Seen]:
    """Judge the claims of one synthetic municipality and set them beside the truth."""
    study, seen = study_of_world(made, draws, seed), list[Seen]()
    for claim in CLAIMS:
        rows = [verdict.as_json() for _, verdict in runner.judged(study, claim)]
        said = claims.overall(rows).get(claim, NOT_TESTABLE)
        truth = world_truths.truth_of(claim, made)
        plain = said in (SUPPORTED, CONTRADICTED)
        wrong = (said == SUPPORTED and truth == FALSE) or (said in (CONTRADICTED, NEGLIGIBLE) and truth == TRUE)
        held = {
            "wrong": wrong, "overstated": plain and truth == IN_PART, "silent": said in (UNDECIDED, NOT_TESTABLE),
            "supported": said == SUPPORTED, "contradicted": said == CONTRADICTED, "true": truth == TRUE,
        }  # fmt: skip
        seen += [(claim, JOINED, outcome) for outcome, holds in held.items() if holds]
    return seen


def counted(cell: WorldCell, replicates: range, draws: int = DRAWS, seed: int = SEED) -> Counter[Seen]:
    """Count what came out of some synthetic municipalities; each has a seed of its own."""
    place = next(at for at, story in enumerate(STORIES) if story.name == cell.story.name)
    made = Counter[Seen]()
    for at in replicates:
        rng = np.random.default_rng([seed, place, cell.buurten, at])
        one, own = make(cell.story, cell.buurten, rng), int(rng.integers(2**31))
        made.update(joined_of(one, own, draws) if cell.layer == JOINED
                    else outcomes_of(one, findings_of(one, own, draws)))  # fmt: skip
    return made


def _ready() -> None:
    """Set aside what a worker holds from the start: a library that collects garbage at every call need not see it."""
    import gc

    claims.registry()
    gc.freeze()


def rows_of(cell: WorldCell, found: Counter[Seen], n: int) -> list[tuple[object, ...]]:
    """Lay what came out of a cell out as rows of the table."""
    head = "synthetic", cell.story.name, cell.buurten, SIZES[cell.buurten]
    return [
        (*head, about, question, outcome, round(100 * found[about, question, outcome] / n, 2),
         error_of(found[about, question, outcome], n), n)
        for about, question in cell.about
        for outcome in OUTCOMES[question]
    ]  # fmt: skip


def _held(table: pd.DataFrame, cell: WorldCell) -> pd.DataFrame:
    """Give the rows of a cell."""
    own = (table["world"] == cell.story.name) & (table["buurten"] == cell.buurten)
    return table[own & ((table["question"] == JOINED) == (cell.layer == JOINED))]


def fill_worlds(
    before: pd.DataFrame, trials: int | None = None, workers: int = 1, chosen: Sequence[WorldCell] | None = None
) -> Iterator[tuple[pd.DataFrame, str]]:
    """Fill the table cell by cell up to `trials` each (without it: as many as usual); tell which cell is done.

    What stands in `before` with as many or more is kept, and more are added to fewer. The table is the same for any
    number of workers and whether or not it was made in one go.
    """
    parts = {cell: _held(before, cell) for cell in world_cells()} if len(before) else {}
    pool: Executor | None = processes(workers, _ready) if workers > 1 else None
    with pool or nullcontext():
        for cell in world_cells() if chosen is None else chosen:
            wanted, own = trials or cell.trials, parts.get(cell)
            done = int(own["n"].iloc[0]) if own is not None and len(own) else 0
            if done >= wanted:
                continue
            found = Counter[Seen]()
            if own is not None:
                for row in own.to_dict("records"):
                    found[row["about"], row["question"], row["outcome"]] = round(row["share"] * done / 100)
            run: Callable[..., Iterator[Counter[Seen]]] = map if pool is None else pool.map
            blocks = [range(at, min(at + BLOCK, wanted)) for at in range(done, wanted, BLOCK)]
            for part in run(counted, repeat(cell), blocks):
                found += part
            parts[cell] = pd.DataFrame(rows_of(cell, found, wanted), columns=list(WORLD_COLUMNS))
            kept = [parts[one] for one in world_cells() if one in parts and len(parts[one])]
            yield pd.concat(kept, ignore_index=True), f"{cell.story.name} {cell.buurten} {cell.layer}"
