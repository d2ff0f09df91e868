"""How good is what is said of segregation in all municipalities? Synthetic countries of which every index is known.

This script fills data/segregation_calibration.csv. A row says, of one `world` and one `index`, what
came out in `trials` countries: the mean over municipalities of the true index in the first year (`truth`), of the
index of the counts (`plain`) and of that less what small counts add (`corrected`); `held` (percent of the 90 percent
ranges of each municipality's own change that hold the truth), `held_together` (of those with what all say) and
`mean_held` (of their mean); `called` (percent of the municipalities called sure, with 90 percent or more), `wrong`
(percent of all municipalities called sure of the wrong direction; where nothing changes every call is wrong) and
`lost` (percent without a change: they live apart no more than chance makes them). The truth of a municipality is that
of the process that its buurten are drawn from, of which an index over few buurten falls short by a little; counts are
rounded to fives, as CBS prints them.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tables import asked, written

from kloof.country.counted import MEASURES, RANK_ORDER
from kloof.country.gaps import FEWEST, LEVEL, SURE
from kloof.country.growth import FEWEST_BUURTEN, corrected, growth_of, posterior_of
from kloof.measures.tables import FloatArray
from kloof_synth.calibration import SEED

TOWNS = 200
MATTERS = 0.01  # smallest change that matters, in index points
CLASSES = (0.4, 0.8)  # shares of people below the thresholds of ordered classes: the lowest 40, the highest 20 percent
STAYS = 0.9  # correlation of a buurt's place in both years
POINTS = 4000  # of the distribution of buurten by which a true index is computed
SEGREGATION_COLUMNS = (
    "world", "index", "truth", "plain", "corrected", "held", "held_together", "mean_held", "called", "wrong", "lost",
    "trials",
)  # fmt: skip


@dataclass(frozen=True)
class SegregationWorld:
    """How far apart people live at first (`apart`, a spread on the probit scale), and how that grows.

    The logarithm of `apart` grows by `mean` on average and differs by `spread` between municipalities, with `tails`
    degrees of freedom (0: normal). `share` of all people are in the group; a buurt has `people`, a municipality
    `buurten` in the middle; `alike` is how far what happens to a buurt resembles what happens to the next.
    """

    name: str
    apart: float = 0.3
    mean: float = 0.0
    spread: float = 0.0
    tails: float = 0.0
    share: float = 0.18
    people: float = 800.0
    buurten: float = 30.0
    alike: float = 0.0


SEGREGATION_WORLDS = (
    SegregationWorld("nobody_sorts", apart=0.0),
    SegregationWorld("nothing_changes"),
    SegregationWorld("small_differences", mean=-0.15, spread=0.1),
    SegregationWorld("large_differences", mean=-0.15, spread=0.3),
    SegregationWorld("heavy_tails", mean=-0.15, spread=0.1, tails=3.0),
    SegregationWorld("small_group", apart=0.45, mean=0.1, spread=0.15, share=0.03),
    SegregationWorld("small_buurten", mean=-0.15, spread=0.1, people=150.0),
    SegregationWorld("small_towns", mean=-0.15, spread=0.1, buurten=15.0),
    SegregationWorld("neighbours_share", mean=-0.15, spread=0.1, alike=0.3),
)


def shares(world: SegregationWorld, index: str, apart: FloatArray, place: FloatArray) -> FloatArray:
    """Give the share of each class in buurten at a `place` (standard normal): lowest first, the group is that."""
    from scipy.special import ndtr, ndtri

    cuts = CLASSES if index == RANK_ORDER else (world.share,)
    below = np.stack([ndtr(ndtri(cut) * np.sqrt(1 + apart**2) - apart * place) for cut in cuts])
    edge = np.ones((1, *below.shape[1:]))
    return np.diff(np.concatenate([0 * edge, below, edge]), axis=0)


def true_index(world: SegregationWorld, index: str, apart: float) -> float:
    """Give the index of the process: of buurten without end, all as large."""
    from scipy.special import ndtri

    place = ndtri((np.arange(POINTS) + 0.5) / POINTS)
    found = MEASURES[index](shares(world, index, np.full(POINTS, apart), place), (0,))
    return float(found[0])


def sorted_country(
    world: SegregationWorld, index: str, rng: np.random.Generator, places: int = TOWNS
) -> tuple[FloatArray, NDArray[np.intp], FloatArray]:
    """Make counts of two years (2, G, N), where each municipality begins, and how far apart it is in the second."""
    size = np.clip(np.exp(rng.normal(np.log(world.buurten), 0.7, places)), FEWEST_BUURTEN, 200).astype(int)
    starts, every = np.cumsum(size) - size, int(size.sum())
    draw = rng.standard_t(world.tails, places) if world.tails else rng.standard_normal(places)
    later = world.apart * np.exp(np.clip(world.mean + world.spread * draw, -1, 1))
    first, news = rng.standard_normal((2, every))
    for at in range(1, every if world.alike else 0):
        news[at] = world.alike * news[at - 1] + np.sqrt(1 - world.alike**2) * news[at]
    second = STAYS * first + np.sqrt(1 - STAYS**2) * news
    people = np.maximum(5 * np.rint(rng.lognormal(np.log(world.people), 0.9, every) / 5), 10.0)
    counts = []
    for apart, place in ((np.full(every, world.apart), first), (np.repeat(later, size), second)):
        dealt = rng.multinomial(people.astype(int), shares(world, index, apart, place).T).T
        counts.append(5 * np.rint(dealt / 5))
    return np.stack(counts), starts, later


def segregation_trial(world: SegregationWorld, index: str, trials: int, seed: int) -> dict[str, object]:
    """Measure many synthetic countries, and say how often what was said came true."""
    rng = np.random.default_rng([seed, SEGREGATION_WORLDS.index(world), sorted(MEASURES).index(index)])
    grid = world.apart * np.exp(np.linspace(-1, 1, 60))
    true = np.array([true_index(world, index, apart) for apart in grid])
    now = true_index(world, index, world.apart)
    plain, less, lost, called, wrong, mean_held = [], [], [], [], [], []
    both: dict[str, list[NDArray[np.bool_]]] = {"held": [], "held_together": []}
    for _ in range(trials):
        counts, starts, later = sorted_country(world, index, rng)
        plain.append(np.nanmean(MEASURES[index](counts[0], starts)))
        less.append(np.nanmean(corrected(index, counts[0], starts, rng)))
        made = growth_of(index, counts, starts, rng, draws=499)
        growth = np.log(np.interp(later, grid, true) / now) if world.apart else np.zeros(len(later))
        known = made["estimate"].notna().to_numpy()
        lost.append(~known)
        if known.sum() < FEWEST:
            called.append(np.zeros(len(known), dtype=bool))
            wrong.append(np.zeros(len(known), dtype=bool))
            continue
        table, growth = made[known], growth[known]
        posterior = posterior_of(table, MATTERS)
        own = (table["low"].to_numpy(float), table["high"].to_numpy(float))
        ends = {"held": own, "held_together": posterior.effects.interval(LEVEL)}
        for name, (low, high) in ends.items():
            both[name].append((low <= growth) & (growth <= high))
        middle = posterior.coefficients.interval(LEVEL)
        mean_held.append(float(middle[0][0] <= growth.mean() <= middle[1][0]))
        above = posterior.effects.above(0.0)
        sure = np.maximum(above, 1 - above) >= SURE
        called.append(_of_all(known, sure))
        wrong.append(_of_all(known, sure & np.where(above > 0.5, growth <= 0, growth >= 0)))

    def percent(parts: list[NDArray[np.bool_]]) -> float:
        return 100 * float(np.concatenate(parts).mean()) if parts else np.nan

    return {
        "world": world.name, "index": index, "truth": now, "plain": np.mean(plain), "corrected": np.mean(less),
        **{name: percent(parts) for name, parts in both.items()},
        "mean_held": 100 * np.mean(mean_held) if mean_held else np.nan, "called": percent(called),
        "wrong": percent(wrong), "lost": percent(lost), "trials": trials,
    }  # fmt: skip


def _of_all(known: NDArray[np.bool_], said: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lay what was said of those with a change over all municipalities: of the others nothing is said."""
    every = np.zeros(len(known), dtype=bool)
    every[known] = said
    return every


def segregation_trials(trials: int, workers: int = 1, seed: int = SEED) -> pd.DataFrame:
    """Go through all worlds with every index: the rank-order one where the size of the group is no matter.

    That one, which is slow, a quarter as often.
    """
    asked = [
        (world, index, -(-trials // (4 if index == RANK_ORDER else 1)), seed)
        for world in SEGREGATION_WORLDS
        for index in MEASURES
        if index != RANK_ORDER or world.share == SEGREGATION_WORLDS[0].share
    ]
    if workers == 1:
        rows = [segregation_trial(*one) for one in asked]
    else:
        with ProcessPoolExecutor(workers) as pool:
            rows = list(pool.map(segregation_trial, *zip(*asked, strict=True)))
    return pd.DataFrame(rows, columns=list(SEGREGATION_COLUMNS))


def main() -> None:
    """Fill the table in one go."""
    choice = asked(__doc__, 40)
    table = segregation_trials(choice.trials, choice.workers).round(dict.fromkeys(("truth", "plain", "corrected"), 4))
    written(choice.out / "segregation_calibration.csv", table.round(dict.fromkeys(table.columns[5:-1], 1)))


if __name__ == "__main__":
    main()
