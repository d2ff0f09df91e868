"""How good is what all municipalities say together? Synthetic countries of which every change is known.

This script fills two tables. In data/national_calibration.csv a row says, of one `world` of
municipalities and one `model` (averaged, as it is used; normal; or normal with the standard errors known), what came
out in `trials` countries: `held` (percent of the 90 percent ranges of places that hold the truth, with its standard
error `held_error`) and `mean_held` (of the mean); `off` (the largest distance, in percentage points, between a
probability that was given and how often it came true, over those of six bins with 2 percent of the places or more);
`called` (percent called sure, with 90 percent or more), `wrong` (percent of those called sure that went the other way),
`wrong_of_all` (the same of all) and `wrong_known` (of all, had mean, spread and standard errors been known: nobody
could do better); `heavy` (how probable heavy tails were, in percent, on average).

data/national_power.csv says in how many percent of the municipalities whose gap truly moved by once, twice or four
times the smallest effect (`times`, within a fifth) that was `seen`: called sure, and the right way. `alone`: by its own
95 percent interval. `like_breda`: of those with 50 to 70 buurten.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tables import asked, written

from kloof.country.gaps import AVERAGED, NORMAL, SURE, pooled, prior_of
from kloof.methods.arrays import Array, Flags
from kloof.methods.by_place import Layout, differences
from kloof.methods.hierarchical import fit
from kloof_synth.calibration import SEED

LEAST = 10.0  # smallest effect that matters, in the unit of the change
NOISE = 22.0  # spread of what happens to a buurt by itself: Breda's standard error is then about 8
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
MUNICIPALITIES = 342
RARE = 0.02  # part of the places below which a bin of probabilities says more of its few countries than of the model
TIMES = (1, 2, 4)
NEAR = 1.2
LIKE_BREDA = (50, 70)
FEWEST_SEEN = 200  # municipalities to say a percentage of
WIJK = (3, 8)  # buurten of a wijk: from, below
KNOWN = "errors_known"
COUNTRY_COLUMNS = (
    "world", "model", "held", "held_error", "mean_held", "off", "called", "wrong", "wrong_of_all", "wrong_known",
    "heavy", "trials",
)  # fmt: skip
TABLE, POWER = "national_calibration.csv", "national_power.csv"
POWER_COLUMNS = ("world", "times", "like_breda", "seen", "alone", "municipalities")


@dataclass(frozen=True)
class CountryWorld:
    """How the true changes of municipalities differ: their mean and spread, and what is odd about them or their noise.

    `tails` are the degrees of freedom of a t (0: normal). How buurten resemble each other: `wijk` is the part of the
    variance that is shared by a wijk, `beside` the correlation with the buurt before, in its wijk and over its border.
    `uneven` lets a tenth move five times as much; `towns` is the spread of the logs of the noise of municipalities, and
    `calm` what the listed vary in parts of the rest.
    """

    name: str
    mean: float
    spread: float
    tails: float = 0.0
    wijk: float = 0.0
    beside: tuple[float, float] = (0.0, 0.0)
    uneven: bool = False
    towns: float = 0.0
    calm: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether the noise is what the model says, so that its standard errors are known."""
        return not (self.tails or self.wijk or any(self.beside) or self.uneven or self.towns)


COUNTRY_WORLDS = (
    CountryWorld("nothing_happens", 0.0, 0.0),
    CountryWorld("the_same_everywhere", LEAST, 0.0),
    CountryWorld("small_differences", 0.0, 0.5 * LEAST),
    CountryWorld("small_differences_moved", 0.5 * LEAST, 0.5 * LEAST),
    CountryWorld("large_differences", LEAST, 2 * LEAST),
    CountryWorld("heavy_tails", 0.5 * LEAST, 0.7 * LEAST, tails=3.0),
    CountryWorld("wijken_share", 0.5 * LEAST, LEAST, wijk=0.4),
    CountryWorld("neighbours_share", 0.5 * LEAST, LEAST, beside=(0.3, 0.1)),
    CountryWorld("no_borders", 0.5 * LEAST, LEAST, beside=(0.3, 0.3)),
    CountryWorld("uneven_buurten", 0.5 * LEAST, LEAST, uneven=True),
    CountryWorld("as_measured", 0.5 * LEAST, LEAST, wijk=0.15, towns=0.5, calm=0.6),
)


@dataclass(frozen=True)
class Country:
    """One synthetic country: the true change of each municipality, its buurten, and what each of these did."""

    truth: Array
    layout: Layout
    contrast: Array


def one_country(world: CountryWorld, rng: np.random.Generator, places: int = MUNICIPALITIES) -> Country:
    """Make one synthetic country: lists of groups of three side by side, wijken of three to seven."""
    draw = rng.standard_normal(places) if not world.tails else rng.standard_t(world.tails, places)
    truth = world.mean + world.spread * draw
    sizes = np.clip(np.exp(rng.normal(np.log(30), 0.7, places)), 10, 200).astype(int)
    place = np.repeat(np.arange(places), sizes)
    starts = np.cumsum(sizes) - sizes
    listed = np.concatenate([_listed(int(size), rng) for size in sizes])
    wijk = _wijken(sizes, rng)
    own = rng.standard_normal(len(place))
    if world.uneven:
        own *= np.where(rng.random(len(own)) < 0.1, 3.0, 0.6)
    like = np.where(np.diff(wijk, prepend=-1) == 0, *world.beside)
    for at in range(1, sizes.max() if any(world.beside) else 0):
        now = starts[sizes > at] + at
        own[now] = like[now] * own[now - 1] + np.sqrt(1 - like[now] ** 2) * own[now]
    own = np.sqrt(world.wijk) * rng.standard_normal(wijk[-1] + 1)[wijk] + np.sqrt(1 - world.wijk) * own
    own *= NOISE * np.exp(world.towns * rng.standard_normal(places))[place] * np.where(listed, world.calm, 1.0)
    weight = np.exp(rng.normal(0, 0.7, len(place)))
    return Country(truth, Layout(weight, listed, place, wijk, places), own + truth[place] * listed)


def _listed(buurten: int, rng: np.random.Generator) -> Flags:
    return np.isin(np.arange(buurten) // 3, rng.permutation(buurten // 3)[: max(1, round(buurten / 15))])


def _wijken(sizes: NDArray[np.int_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Give the number of the wijk of each buurt: some buurten side by side of one municipality."""
    parts = []
    for size in sizes:
        ends = np.cumsum(rng.integers(*WIJK, size // WIJK[0] + 1))
        parts.append(np.searchsorted(ends, np.arange(size), side="right"))
    firsts = np.cumsum([0, *(int(part[-1]) + 1 for part in parts[:-1])])
    return np.concatenate([part + first for part, first in zip(parts, firsts, strict=True)])


def trial(world: CountryWorld, model: str, trials: int, seed: int) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Answer many synthetic countries: say how often what was said came true, and how large changes were seen."""
    rng = np.random.default_rng([seed, COUNTRY_WORLDS.index(world)])
    told = [_told(world, one_country(world, rng), model) for _ in range(trials)]
    each = {name: np.concatenate([one[name] for one in told]) for name in told[0] if np.ndim(told[0][name])}
    held = [one["held"].mean() for one in told]
    above, came, sure = each["above"], each["truth"] > 0, each["sure"]
    wrong = each["wrong"]
    place = np.clip(np.digitize(above, BINS[1:-1]), 0, len(BINS) - 2)
    bins = [place == at for at in range(len(BINS) - 1) if (place == at).mean() >= RARE and world.spread]
    off = [abs(above[inside].mean() - came[inside].mean()) for inside in bins]
    row = {
        "world": world.name, "model": model or AVERAGED, "held": 100 * np.mean(held),
        "held_error": 100 * np.std(held) / np.sqrt(trials), "mean_held": 100 * np.mean([one["mean"] for one in told]),
        "off": 100 * max(off, default=np.nan), "called": 100 * sure.mean(),
        "wrong": 100 * wrong.sum() / max(sure.sum(), 1), "wrong_of_all": 100 * wrong.mean(),
        "wrong_known": 100 * each["wrong_known"].mean() if world.plain and world.spread else np.nan,
        "heavy": 100 * np.mean([one["heavy"] for one in told]), "trials": trials,
    }  # fmt: skip
    return row, list(_power(world, each)) if world.spread else []


def _told(world: CountryWorld, country: Country, model: str) -> dict[str, Any]:
    """Give what is said of one country, and what is true of it."""
    from scipy.special import ndtr, stdtrit

    layout, truth = country.layout, country.truth
    found = differences(country.contrast, layout)
    table = pd.DataFrame(
        {"estimate": found.estimate, "error": np.sqrt(found.variance), "degrees": found.degrees, "size": found.size}
    )
    chance = NOISE**2 * layout.joined(layout.squares)
    if model == KNOWN:
        posterior = fit(found.estimate, np.sqrt(chance), prior_of(LEAST))
    else:
        posterior, _ = pooled(table, prior_of(LEAST), model)
    low, high = posterior.effects.interval(0.9)
    ends = posterior.coefficients.interval(0.9)
    above = posterior.effects.above(0.0)
    sides = layout.by_side(layout.factor * (country.contrast - layout.means(country.contrast)[layout.side]) ** 2)
    variance, squared = layout.joined(sides), layout.joined(sides**2 / layout.degrees())
    margin = stdtrit(variance**2 / squared, 0.975) * np.sqrt(variance)  # as one municipality by itself (CR2, Welch)
    own = world.spread**2 / (world.spread**2 + chance) if world.spread else np.zeros_like(chance)
    best = own * found.estimate + (1 - own) * world.mean
    known = ndtr(best / np.sqrt(own * chance)) if world.spread else above
    sure, wrong = _sure_and_wrong(above, truth)
    return {
        "held": (low <= truth) & (truth <= high), "mean": bool(ends[0][0] <= world.mean <= ends[1][0]),
        "above": above, "truth": truth, "sure": sure, "wrong": wrong, "wrong_known": _sure_and_wrong(known, truth)[1],
        "alone": (np.abs(found.estimate) > margin) & (found.estimate * truth > 0),
        "heavy": posterior.heavy, "buurten": np.bincount(layout.place),
    }  # fmt: skip


def _sure_and_wrong(above: Array, truth: Array) -> tuple[Flags, Flags]:
    """Tell which are called sure, and which of these went the other way."""
    sure = np.maximum(above, 1 - above) >= SURE
    return sure, sure & np.where(above > 0.5, truth < 0, truth > 0)


def _power(world: CountryWorld, each: dict[str, Any]) -> Sequence[dict[str, object]]:
    """Say of changes of some sizes in how many municipalities they were seen."""
    rows = []
    seen = each["sure"] & ~each["wrong"]
    for like_breda in (False, True):
        chosen = (each["buurten"] >= LIKE_BREDA[0]) & (each["buurten"] <= LIKE_BREDA[1]) | (not like_breda)
        for times in TIMES:
            size = np.abs(each["truth"]) / (times * LEAST)
            moved = chosen & (size >= 1 / NEAR) & (size <= NEAR)
            if moved.sum() >= FEWEST_SEEN:
                rows.append(
                    {"world": world.name, "times": times, "like_breda": like_breda, "seen": 100 * seen[moved].mean(),
                     "alone": 100 * each["alone"][moved].mean(), "municipalities": int(moved.sum())}
                )  # fmt: skip
    return rows


def country_trials(trials: int, workers: int = 1, seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Go through all worlds by both models averaged, and some by others beside it.

    Gives both tables: how good what is said is, and how large changes are seen.
    """
    asked = [(world, "", trials, seed) for world in COUNTRY_WORLDS]
    asked += [(world, NORMAL, trials, seed) for world in COUNTRY_WORLDS if world.tails]
    asked += [(world, KNOWN, trials, seed) for world in COUNTRY_WORLDS if world.plain and world.spread]
    if workers == 1:
        found = [trial(*one) for one in asked]
    else:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(trial, *zip(*asked, strict=True)))
    power = [row for (_, model, *_), (_, rows) in zip(asked, found, strict=True) if not model for row in rows]
    return (
        pd.DataFrame([row for row, _ in found], columns=list(COUNTRY_COLUMNS)),
        pd.DataFrame(power, columns=list(POWER_COLUMNS)),
    )


def main() -> None:
    """Fill both tables in one go."""
    choice = asked(__doc__, 100)
    for name, table in zip((TABLE, POWER), country_trials(choice.trials, choice.workers), strict=True):
        written(choice.out / name, table.round(1))


if __name__ == "__main__":
    main()
