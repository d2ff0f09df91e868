"""How good is what all municipalities say of an event, and what matched buurten say of one place? Known truths.

This script fills data/event_calibration.csv. A row says, of one `world` in one `design`, what came out
in `trials` countries: `higher`, `lower`, `same` and `unclear` (percent judged so), `wrong` (percent judged otherwise
than the truth allows), `held` (percent of the 90 percent ranges that hold the truth), `off` (mean estimate less the
truth) and `spread` (its standard deviation over countries), in the unit of the change.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from country_trials import LEAST
from tables import asked, written

from kloof.country import gaps
from kloof.country.events import Panel, judged
from kloof.country.figures import Range
from kloof.country.gaps import Question
from kloof.country.matched import CALIPER, NEIGHBOURS, judged_range, oriented
from kloof.findings import HIGHER, LOWER, SAME, UNCLEAR
from kloof.methods import arrays
from kloof.methods.arrays import Array
from kloof.methods.matching import Matched, beside_neighbours, beyond_another
from kloof_synth.calibration import SEED

BEGAN = 2020.0
SPAN = tuple(range(2010, 2024))
PLACES = 100  # municipalities
LASTING, PASSING = 4.0, 3.0  # spread of what happens to a buurt in a year: for good, and gone the next
PACE, PACES = 2.0, 1.0  # how much the gap of a municipality grows in a year, and how far municipalities differ in it
OWN_CHANGE, PASSED = 15.0, 8.0  # spread of a buurt's own change, and of what passes, in the trials of matching
EVENTS, MATCHED, BEYOND = "events", "matched", "matched_beyond_place"
EVENT_COLUMNS = (
    "design", "world", "higher", "lower", "same", "unclear", "wrong", "held", "off", "spread", "trials",
)  # fmt: skip


@dataclass(frozen=True)
class EventWorld:
    """What happens to the gaps of a country: `size` since the event on average, `spread` between municipalities.

    `who` shares in it: the list, or "ladder": every buurt by how far it stands from the top, so that the list falls
    behind by `size`. `bend` is how much faster the gap grows from three years before the event on; `tails` the degrees
    of freedom of what happens to buurten and municipalities (0: normal); `alike` how far neighbours share their fate;
    `noisy` lets what passes be as large as what buurten differ, so that chance makes the list.
    """

    name: str
    size: float = 0.0
    spread: float = 5.0
    who: str = "list"
    bend: float = 0.0
    tails: float = 0.0
    alike: float = 0.0
    noisy: bool = False
    allowed: tuple[str, ...] = (SAME, UNCLEAR)


EVENT_WORLDS = (
    EventWorld("nothing_happens"),
    EventWorld("once", LEAST, allowed=(HIGHER, UNCLEAR)),
    EventWorld("twice", 2 * LEAST, allowed=(HIGHER, UNCLEAR)),
    EventWorld("twice_back", -2 * LEAST, allowed=(LOWER, UNCLEAR)),
    EventWorld("everywhere", 2 * LEAST, who="ladder"),
    EventWorld("bend_before", bend=5.0),
    EventWorld("heavy_tails", tails=3.0),
    EventWorld("heavy_tails_twice", 2 * LEAST, tails=3.0, allowed=(HIGHER, UNCLEAR)),
    EventWorld("neighbours_share", alike=0.5),
    EventWorld("list_by_chance", noisy=True),
    EventWorld("bend_then_back", -1.5 * LEAST, bend=5.0, allowed=(LOWER, UNCLEAR)),
)


def one_panel(world: EventWorld, rng: np.random.Generator, places: int = PLACES) -> Panel:
    """Make the figures of every buurt of a country over the years; the lowest fifth of the first year is the list."""
    parts = [_one_place(world, rng) for _ in range(places)]
    value, weight, turn = (np.concatenate([part[at] for part in parts]) for at in range(3))
    labels = np.repeat([f"GM{9000 + at}" for at in range(places)], [len(part[1]) for part in parts])
    return Panel(value, weight, turn, labels, SPAN, np.array(SPAN, dtype=np.float64), 1, relative=False, skipped=1)


def _one_place(world: EventWorld, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Make figures, weights and turns of the buurten of one municipality."""

    def drawn(*shape: int) -> Array:
        made = rng.standard_t(world.tails, shape) / np.sqrt(3) if world.tails else rng.standard_normal(shape)
        for at in range(1, shape[0] if world.alike else 0):
            made[at] = world.alike * made[at - 1] + np.sqrt(1 - world.alike**2) * made[at]
        return np.asarray(made)

    buurten = int(np.clip(np.exp(rng.normal(np.log(30), 0.6)), 12, 120))
    level = np.sort(250 * np.exp(0.25 * rng.standard_normal(buurten)))[rng.permutation(buurten)]
    if world.alike:  # the low ones lie together
        level = np.sort(level)
    passing = PASSING * (20 if world.noisy else 1) * drawn(buurten, len(SPAN))
    lasting = np.cumsum(LASTING * drawn(buurten, len(SPAN)), axis=1)
    first = level + passing[:, 0] + lasting[:, 0]
    turn = (first.argsort().argsort() + 1) / max(1, np.floor(0.2 * buurten + 0.5))
    years = np.array(SPAN) - SPAN[0]
    weight = np.exp(rng.normal(0, 0.5, buurten))
    others = turn > 1
    behind = np.where(others, 0.0, 1.0)
    ladder = (level.max() - level) / (
        np.average(level[others], weights=weight[others]) - np.average(level[~others], weights=weight[~others])
    )
    pace = PACE + PACES * rng.standard_normal()
    drift = np.outer(behind, pace * years) + world.bend * np.outer(behind, np.maximum(years - (BEGAN - 3 - SPAN[0]), 0))
    size = world.size + world.spread * float(drawn(1)[0])
    since = np.outer(ladder if world.who == "ladder" else behind, size * (np.array(SPAN) >= BEGAN))
    return level[:, None] + lasting + passing - drift - since, weight, turn


def event_trial(world: EventWorld, trials: int, seed: int) -> dict[str, object]:
    """Judge the event of many synthetic countries, and count what was said of it."""
    rng = np.random.default_rng([seed, EVENT_WORLDS.index(world)])
    asked = Question("synthetic", SPAN[0], SPAN[-1], "absolute")
    judgements, estimates, held = [], [], []
    for _ in range(trials):
        found = judged(one_panel(world, rng), asked, BEGAN, LEAST, by_year=False)
        judgements.append(found.judgement)
        estimates.append(found.departure[0])
        held.append(found.departure[1] <= world.size <= found.departure[2])
    off = [estimate - world.size for estimate in estimates]
    return _row((EVENTS, world.name), judgements, world.allowed, off, held)


@dataclass(frozen=True)
class MatchWorld:
    """What happens to the listed buurten of one place: they fall behind by `size`, for what no figure shows.

    `moves` is how far whole places go their own way (a standard deviation), `low` puts the place below where most
    candidates are, by so many standard deviations, `passing` is the spread of what passes in a year, and `same_year`
    reads the level from the year in which the change begins.
    """

    name: str
    size: float = 0.0
    moves: float = 0.0
    same_year: bool = False
    low: float = 0.0
    passing: float = PASSED
    tails: float = 0.0
    allowed: tuple[str, ...] = (SAME, UNCLEAR)


MATCH_WORLDS = (
    MatchWorld("nothing_happens"),
    MatchWorld("twice", 2 * LEAST, allowed=(HIGHER, UNCLEAR)),
    MatchWorld("heavy_tails", tails=3.0),
    MatchWorld("few_alike", low=0.8),
    MatchWorld("place_moves", moves=LEAST),
    MatchWorld("level_by_chance", low=-1.0, passing=4 * PASSED),
    MatchWorld("level_by_chance_same_year", low=-1.0, passing=4 * PASSED, same_year=True),
)
CANDIDATES, BUURTEN, ON_LIST = 3000, 50, 10


def one_match(world: MatchWorld, rng: np.random.Generator) -> tuple[Matched, Matched]:
    """Make a place and the rest of a country, and hold the list, and the others of the place, against neighbours."""
    count = BUURTEN + CANDIDATES
    inside = np.arange(count) < BUURTEN

    def drawn(spread: float) -> Array:
        made = rng.standard_t(world.tails, count) / np.sqrt(3) if world.tails else rng.standard_normal(count)
        return np.asarray(spread * made)

    worth = rng.standard_normal(count) - world.low * inside
    tenure = 65 + 12 * worth + 12 * rng.standard_normal(count)
    size = rng.normal(7, 1, count)
    level = 250 + 60 * worth
    change = 20 + 0.1 * (level - 250) + 5 * worth**2 - 0.2 * (tenure - 65) + 2 * (size - 7) + drawn(OWN_CHANGE)
    place = np.where(inside, BUURTEN + 1, rng.integers(0, BUURTEN, count))
    change += world.moves * rng.standard_normal(BUURTEN + 2)[place]
    earlier, first = level + drawn(world.passing), level + drawn(world.passing)
    seen = first if world.same_year else earlier
    listed = inside & (np.where(inside, seen, np.inf).argsort().argsort() < ON_LIST)
    moved = level + change - world.size * listed + drawn(world.passing) - first
    were = np.column_stack([seen, tenure, size])
    weight = np.exp(rng.normal(0, 0.5, count))
    return tuple(  # type: ignore[return-value]
        beside_neighbours(
            (moved[units], moved[~inside]), (were[units], were[~inside]), weight[units], NEIGHBOURS, CALIPER
        )
        for units in (listed, inside & ~listed)
    )


def match_trial(world: MatchWorld, trials: int, seed: int) -> list[dict[str, object]]:
    """Match the list of many synthetic places: a row of what it did, and one of what it did beyond its place."""
    rng = np.random.default_rng([seed, 1000 + MATCH_WORLDS.index(world)])
    found = [one_match(world, rng) for _ in range(trials)]
    designs: dict[str, Callable[[Matched, Matched, float], Range]] = {
        MATCHED: lambda own, _, level: (own.estimate, *own.interval(level)), BEYOND: beyond_another,
    }  # fmt: skip
    rows = []
    for design, ranged in designs.items():
        told = [judged_range(oriented(-1.0, ranged(*both, arrays.LEVEL)), LEAST) for both in found]
        behind = [oriented(-1.0, ranged(*both, gaps.LEVEL)) for both in found]
        held = [low <= world.size <= high for _, low, high in behind]
        rows.append(_row((design, world.name), told, world.allowed, [one[0] - world.size for one in behind], held))
    return rows


def _row(
    about: tuple[str, str], judgements: list[str], allowed: tuple[str, ...], off: list[float], held: list[bool]
) -> dict[str, object]:
    """Count judgements, and say how far the estimates lie from the truth."""
    said = {one.lower(): 100 * np.mean([one == told for told in judgements]) for one in (HIGHER, LOWER, SAME, UNCLEAR)}
    wrong = 100 * np.mean([told not in allowed for told in judgements])
    return {
        "design": about[0], "world": about[1], **said, "wrong": wrong, "held": 100 * np.mean(held),
        "off": np.mean(off), "spread": np.std(off), "trials": len(judgements),
    }  # fmt: skip


def event_trials(trials: int, workers: int = 1, seed: int = SEED) -> pd.DataFrame:
    """Go through all worlds of both designs; the matched ones, which cost little, ten times as often."""
    with ProcessPoolExecutor(workers) as pool:
        count, many = len(EVENT_WORLDS), len(MATCH_WORLDS)
        rows = list(pool.map(event_trial, EVENT_WORLDS, [trials] * count, [seed] * count))
        for both in pool.map(match_trial, MATCH_WORLDS, [10 * trials] * many, [seed] * many):
            rows.extend(both)
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))


def main() -> None:
    """Fill the table in one go."""
    choice = asked(__doc__, 40)
    written(choice.out / "event_calibration.csv", event_trials(choice.trials, choice.workers).round(1))


if __name__ == "__main__":
    main()
