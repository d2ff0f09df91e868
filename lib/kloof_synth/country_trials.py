"""How good is what all municipalities say together? Synthetic countries of which every change is known.

`kloof calibrate --national` fills data/national_calibration.csv. A row says, of one `world` of municipalities and one
`model`, what came out in `trials` countries: `held` (percent of the 90 percent ranges of places that hold the truth)
and `mean_held` (of the mean); `off` (the largest distance, in percentage points, between a probability that was given
and how often it came true, over six bins); `wrong` (percent of the changes called sure, with 90 percent or more, that
went the other way) and `called` (percent called sure); `seen` and `seen_alone` (percent of the municipalities where the
gap moved by the smallest effect or more in which it was called sure, together and by its own 95 percent interval).
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kloof.country.gaps import HEAVY, NORMAL, SURE, WIDE, pooled
from kloof.methods.arrays import Array
from kloof.methods.contrast import difference, size_and_degrees
from kloof.methods.hierarchical import half_normal
from kloof_synth.calibration import SEED

LEAST = 10.0  # smallest effect that matters, in the unit of the change
NOISE = 22.0  # spread of what happens to a buurt by itself: Breda's standard error is then about 8
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
MUNICIPALITIES = 300
ENOUGH = 200  # municipalities in a bin of probabilities, to say how often they came true
COUNTRY_COLUMNS = (
    "world", "model", "held", "mean_held", "off", "wrong", "called", "seen", "seen_alone", "trials",
)  # fmt: skip


@dataclass(frozen=True)
class CountryWorld:
    """How the true changes of municipalities differ: their mean and spread, and what is odd about them or their noise.

    `tails` are the degrees of freedom of a t (0: normal); `alike` is how far a buurt's noise resembles that of the
    next (a correlation; the list is of groups of three side by side); `uneven` lets a tenth move five times as much.
    """

    name: str
    mean: float
    spread: float
    tails: float = 0.0
    alike: float = 0.0
    uneven: bool = False


COUNTRY_WORLDS = (
    CountryWorld("nothing_happens", 0.0, 0.0),
    CountryWorld("the_same_everywhere", LEAST, 0.0),
    CountryWorld("small_differences", 0.5 * LEAST, 0.5 * LEAST),
    CountryWorld("large_differences", LEAST, 2 * LEAST),
    CountryWorld("heavy_tails", 0.5 * LEAST, 0.7 * LEAST, tails=3.0),
    CountryWorld("neighbours_share", 0.5 * LEAST, LEAST, alike=0.3),
    CountryWorld("uneven_buurten", 0.5 * LEAST, LEAST, uneven=True),
)


def one_country(
    world: CountryWorld, rng: np.random.Generator, places: int = MUNICIPALITIES
) -> tuple[pd.DataFrame, Array]:
    """Make the changes of one synthetic country as `national.every_change` gives them, and the truth of each."""
    draw = rng.standard_normal(places) if not world.tails else rng.standard_t(world.tails, places)
    truth = world.mean + world.spread * draw
    rows = []
    for true in truth:
        buurten = int(np.clip(np.exp(rng.normal(np.log(30), 0.7)), 10, 200))
        listed = np.isin(np.arange(buurten) // 3, rng.permutation(buurten // 3)[: max(1, round(buurten / 15))])
        weight = np.exp(rng.normal(0, 0.7, buurten))
        own = NOISE * rng.standard_normal(buurten)
        if world.uneven:
            own *= np.where(rng.random(buurten) < 0.1, 3.0, 0.6)
        for at in range(1, buurten if world.alike else 0):
            own[at] = world.alike * own[at - 1] + np.sqrt(1 - world.alike**2) * own[at]
        found = difference((own + true * listed)[:, None], weight, listed)
        size, degrees = size_and_degrees(weight, listed)
        rows.append(
            {"estimate": float(found.estimate[0]), "error": float(found.standard_error[0]), "degrees": degrees,
             "size": size, "own_degrees": float(found.degrees[0])}
        )  # fmt: skip
    return pd.DataFrame(rows), truth


def trial(world: CountryWorld, model: str, trials: int, seed: int) -> dict[str, object]:
    """Answer many synthetic countries, and say how often what was said came true."""
    from scipy.special import stdtrit

    rng = np.random.default_rng([seed, COUNTRY_WORLDS.index(world)])
    held, mean_held, above, came, wrong, called = [], [], [], [], 0, 0
    seen, alone = [], []
    for _ in range(trials):
        table, truth = one_country(world, rng)
        posterior, _ = pooled(table, half_normal(WIDE * LEAST), model)
        low, high = posterior.effects.interval(0.9)
        held.append(((low <= truth) & (truth <= high)).mean())
        ends = posterior.coefficients.interval(0.9)
        mean_held.append(float(ends[0][0] <= world.mean <= ends[1][0]))
        probability = posterior.effects.above(0.0)
        sure = np.maximum(probability, 1 - probability) >= SURE
        turned = np.where(probability > 0.5, truth < 0, truth > 0)
        wrong, called = wrong + int((sure & turned).sum()), called + int(sure.sum())
        above.append(probability)
        came.append(truth > 0)
        moved = np.abs(truth) >= LEAST
        margin = stdtrit(table["own_degrees"], 0.975) * table["error"]
        seen.append((sure & ~turned)[moved])
        alone.append((np.abs(table["estimate"]) > margin).to_numpy()[moved])
    said, true = np.concatenate(above), np.concatenate(came)
    place = np.clip(np.digitize(said, BINS[1:-1]), 0, len(BINS) - 2)
    bins = [place == at for at in range(len(BINS) - 1) if (place == at).sum() >= ENOUGH and world.spread]
    off = [abs(said[inside].mean() - true[inside].mean()) for inside in bins]
    moved_at_all = np.concatenate(seen)
    return {
        "world": world.name, "model": model, "held": 100 * np.mean(held), "mean_held": 100 * np.mean(mean_held),
        "off": 100 * max(off, default=np.nan), "wrong": 100 * wrong / called if called else 0.0,
        "called": 100 * called / (trials * MUNICIPALITIES),
        "seen": 100 * moved_at_all.mean() if moved_at_all.size else np.nan,
        "seen_alone": 100 * np.concatenate(alone).mean() if moved_at_all.size else np.nan, "trials": trials,
    }  # fmt: skip


def country_trials(trials: int, workers: int = 1, seed: int = SEED) -> pd.DataFrame:
    """Go through all worlds, each by the normal model, and that with odd places by the other too (a tenth as often)."""
    asked = [(world, NORMAL, trials, seed) for world in COUNTRY_WORLDS]
    asked += [(world, HEAVY, -(-trials // 10), seed) for world in COUNTRY_WORLDS if world.tails]
    if workers == 1:
        rows = [trial(*one) for one in asked]
    else:
        with ProcessPoolExecutor(workers) as pool:
            rows = list(pool.map(trial, *zip(*asked, strict=True)))
    return pd.DataFrame(rows, columns=list(COUNTRY_COLUMNS))
