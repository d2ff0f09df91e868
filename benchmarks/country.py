"""The national model beside its peers, and what it costs: ratios in one run, and the panel of the whole country.

`--peers`: the same changes of 342 synthetic municipalities by kloof's quadrature, by statsmodels' `combine_effects`
(both methods it has), by its MixedLM, and by sampling the same posterior (a plain Gibbs sampler in numpy, 4 chains of
2,000 draws: PyMC-like, PyMC itself is not a requirement). combine_effects gives μ and τ, and nothing of a place;
MixedLM cannot be told standard errors, so each row is divided by its own, and the variance of what is left should come
out as 1, which it need not. Neither has a prior, or a range of τ.

`--scale`: `country.panel` on figures of an invented country (342 municipalities of very unequal size with 14,000
buurten, ten years, 20 indicators in euros, 3 scales: 540 questions), and the cost at 10, 100 and 342 municipalities and
1, 5 and 9 pairs of years; a row each, with the peak of memory of all processes.
"""

import argparse
import resource
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pandas as pd
from national import Size, synthetic_areas

from kloof.catalogue import Catalogue, catalogue
from kloof.country.gaps import EACH_SCALE
from kloof.country.panel import panel
from kloof.methods.arrays import Array
from kloof.methods.hierarchical import fit, fit_heavy, half_normal

INDICATORS, MODEL = 20, "mean_dwelling_value"  # synthetic ones, each described as this one is
FIRST = 2015
ROUNDS = 5
CHAINS, DRAWS, WARM = 4, 2000, 500
METHODS = ("dl", "pm")  # of combine_effects: DerSimonian and Laird, Paule and Mandel
SCALE = 50.0


# ------------------------------------------------------------------ beside peers
def changes(places: int = 342) -> tuple[Array, Array]:
    """Draw estimates and standard errors of synthetic municipalities."""
    rng = np.random.default_rng(20)
    error = np.exp(rng.normal(2.3, 0.5, places))
    return 5 + 10 * rng.standard_normal(places) + error * rng.standard_normal(places), error


@dataclass(frozen=True)
class Told:
    """What one way says: μ, τ, and the shrunk estimate of each place where it has one."""

    mean: float
    spread: float
    places: Array | None = None


def by_kloof(estimate: Array, error: Array) -> Told:
    """The whole posterior, with a range and a probability for every place."""
    found = fit(estimate, error, half_normal(SCALE))
    found.effects.interval(0.9), found.effects.above(0.0)
    return Told(float(found.coefficients.average[0]), found.tau_mean, found.effects.average)


def by_quadrature(estimate: Array, error: Array) -> Told:
    """The same with heavy tails."""
    found = fit_heavy(estimate, error, half_normal(SCALE))
    found.effects.interval(0.9), found.effects.above(0.0)
    return Told(float(found.coefficients.average[0]), found.tau_mean, found.effects.average)


def by_combine_effects(estimate: Array, error: Array, method: str) -> Told:
    """Random effects of statsmodels: μ and τ."""
    from statsmodels.stats.meta_analysis import combine_effects

    found = combine_effects(estimate, error**2, method_re=method)
    return Told(float(found.mean_effect_re), float(np.sqrt(max(found.tau2, 0.0))))


def by_mixed_model(estimate: Array, error: Array) -> Told:
    """MixedLM of statsmodels, each municipality a group of one row, everything divided by its standard error."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    one = (1 / error)[:, None]
    found = MixedLM(estimate / error, one, groups=np.arange(len(error)), exog_re=one).fit()
    spread = float(np.sqrt(found.cov_re[0, 0]))
    mean = float(found.fe_params[0])
    return Told(mean, spread, mean + np.array([float(found.random_effects[at].iloc[0]) for at in range(len(error))]))


def by_sampling(estimate: Array, error: Array) -> Told:
    """A Gibbs sampler: θ and μ from their normals, τ by a random walk on its log; all chains at once."""
    rng = np.random.default_rng(21)
    places = len(estimate)
    mean, spread = np.full((CHAINS, 1), estimate.mean()), np.full((CHAINS, 1), 5.0)
    kept_mean, kept_spread, total = [], [], np.zeros(places)
    for draw in range(WARM + DRAWS):
        own = spread**2 / (spread**2 + error**2)
        truth = own * estimate + (1 - own) * mean + np.sqrt(own) * error * rng.standard_normal((CHAINS, places))
        mean = truth.mean(axis=1, keepdims=True) + spread / np.sqrt(places) * rng.standard_normal((CHAINS, 1))
        tried = spread * np.exp(0.1 * rng.standard_normal((CHAINS, 1)))
        square = ((truth - mean) ** 2).sum(axis=1, keepdims=True)
        gain = _log_density(tried, square, places) - _log_density(spread, square, places)
        spread = np.where(np.log(rng.random((CHAINS, 1))) < gain, tried, spread)
        if draw >= WARM:
            kept_mean.append(mean.mean())
            kept_spread.append(spread.mean())
            total += truth.mean(axis=0)
    return Told(float(np.mean(kept_mean)), float(np.mean(kept_spread)), total / DRAWS)


def _log_density(spread: Array, square: Array, places: int) -> Array:
    return np.asarray((1 - places) * np.log(spread) - square / (2 * spread**2) - 0.5 * (spread / SCALE) ** 2)


def beside_peers() -> pd.DataFrame:
    """Time all ways in turns; give the ratio to kloof and how far apart the answers are."""
    ways: dict[str, Callable[[Array, Array], Told]] = {"kloof": by_kloof, "kloof, heavy tails": by_quadrature}
    for method in METHODS:
        ways[f"combine_effects {method}"] = partial(by_combine_effects, method=method)
    ways |= {"MixedLM": by_mixed_model, f"Gibbs sampler, {CHAINS} × {DRAWS}": by_sampling}
    estimate, error = changes()
    told = {name: way(estimate, error) for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.process_time()
            way(estimate, error)
            seconds[name].append(time.process_time() - start)
    own = told["kloof"].places
    assert own is not None
    rows = []
    for name, one in told.items():
        ratios = np.array(seconds[name]) / np.array(seconds["kloof"])
        apart = np.nan if one.places is None else float(np.abs(one.places - own).max())
        rows.append(
            {"way": name, "milliseconds": 1000 * np.median(seconds[name]), "ratio": np.median(ratios),
             "lowest": ratios.min(), "highest": ratios.max(), "mean": one.mean, "spread": one.spread,
             "places_apart": apart}
        )  # fmt: skip
    return pd.DataFrame(rows)


# ------------------------------------------------------------------ the panel of the country
@cache
def _codes(municipalities: int) -> "pd.Index[str]":
    size = Size(municipalities=municipalities, buurten=round(14_000 * municipalities / 342))
    areas = synthetic_areas(size, np.random.default_rng(22))
    codes: pd.Index[str] = pd.Index(areas.loc[areas["level"] == "buurt", "code"].sort_values())
    return codes


@dataclass(frozen=True)
class Synthetic:
    """Figures of an invented country, drawn when they are asked: they can travel to another process."""

    municipalities: int
    years: int

    def __call__(self, name: str) -> pd.DataFrame:
        """Give the figures of a synthetic indicator, or of the counts it is weighed by."""
        codes = _codes(self.municipalities)
        rng = np.random.default_rng([23, sum(name.encode())])
        if not name.startswith("synthetic"):
            return pd.DataFrame({FIRST: rng.integers(150, 3000, len(codes)).astype(float)}, index=codes)
        start = np.exp(rng.normal(5.5, 0.35, len(codes)))
        steps = rng.normal(0.03, 0.04, (len(codes), self.years)).cumsum(axis=1)
        values = np.where(rng.random(steps.shape) < 0.1, np.nan, start[:, None] * np.exp(steps - steps[:, :1]))
        return pd.DataFrame(values, index=codes, columns=range(FIRST, FIRST + self.years))


def _known(count: int) -> Catalogue:
    """Describe the synthetic indicators, as a real one in euros is."""
    known = catalogue()
    one = known.indicator(MODEL)
    return replace(
        known,
        indicators={
            **known.indicators,
            **{f"synthetic_{at:02d}": replace(one, id=f"synthetic_{at:02d}") for at in range(count)},
        },
    )


def cost(municipalities: int, years: int, indicators: int, workers: int) -> dict[str, object]:
    """Answer the panel of one size; seconds, and the peak of memory of this process and of the largest worker."""
    asked = [f"synthetic_{at:02d}" for at in range(indicators)]
    start, used = time.perf_counter(), _cpu()
    with ProcessPoolExecutor(workers) as pool:
        each = pool.map if workers > 1 else map
        table = panel(_known(indicators), asked, EACH_SCALE, each, Synthetic(municipalities, years + 1))
    peak = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "municipalities": municipalities, "buurten": len(_codes(municipalities)), "pairs_of_years": years,
        "indicators": indicators, "scales": len(EACH_SCALE), "questions": len(table), "workers": workers,
        "without_answer": int((table["reason"] != "").sum()), "seconds": time.perf_counter() - start,
        "cpu_seconds": _cpu() - used, "peak_megabytes": peak[0] + (workers * peak[1] if workers > 1 else 0.0),
    }  # fmt: skip


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    """Print what was asked as CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="beside statsmodels and a sampler")
    parser.add_argument("--scale", action="store_true", help="the cost of the panel, and the whole of it")
    parser.add_argument("--workers", type=int, default=2, help="processes of the whole panel")
    choice = parser.parse_args()
    if choice.peers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MixedLM says that it is at the boundary of what it was made for
            print(beside_peers().round(3).to_csv(index=False))
    if choice.scale:
        rows = [cost(places, years, 1, 1) for places in (10, 100, 342) for years in (1, 5, 9)]
        rows.append(cost(342, 9, INDICATORS, choice.workers))
        pd.DataFrame(rows).round(2).to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main()
