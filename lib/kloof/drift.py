"""Do buurten keep their rank, and do they grow towards each other or apart? Described, not judged by a claim."""

import numpy as np
import pandas as pd

from kloof import convergence, gaps, mobility
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.mobility import RANKS, RELATIVE
from kloof.placing import MONEY, Placed, fields_of
from kloof.study import Study


def stayed(study: Study, placed: Placed, number: str, groups: int) -> tuple[Finding, pd.DataFrame]:
    """Describe how far the ranking was shuffled: the rank correlation, and from which group to which (in percent).

    No safeguard against noise exists for this one: chance alone shuffles ranks, so true mobility is at most this.
    """
    fields = fields_of(study, placed, "mobility", RANKS) | {"unit": "index", "decimals": 2}
    try:
        found = mobility.rank_mobility(placed.moves, groups)
    except NotComputableError as problem:
        return gaps.absent(placed.track, number, fields, problem.reason), pd.DataFrame()
    first = mobility.quantiles(placed.moves.before, placed.moves.weight, groups)
    last = mobility.quantiles(placed.moves.after, placed.moves.weight, groups)
    same = float(placed.moves.weight[first == last].sum() / placed.moves.weight.sum())
    table = (100 * found.matrix).rename(columns=lambda column: f"to_{column}")
    own = found.rank_correlation
    finding = Finding(
        id=number, estimate=own.estimate, low=own.low, high=own.high, range_kind=("process",),
        a=Side(placed.years[0], n_units=len(first)), b=Side(placed.years[1], n_units=len(first)),
        details={
            "stayed": {"value": 100 * same, "unit": "percent", "decimals": 0},
            "groups": {"value": groups, "unit": "number"},
            "shorrocks": {"value": found.shorrocks, "unit": "index"},
        },
        **fields,
    )  # fmt: skip
    return finding, table.rename_axis("from_group").reset_index()


def converged(study: Study, placed: Placed, number: str) -> tuple[list[Finding], pd.DataFrame]:
    """Describe whether distances shrank: beta (in percent of the distance per year) by each method, and sigma.

    Amounts are taken in logarithms, so that a distance is a proportion; percentages as they are. The table shows what
    noise in the first year would make of beta: the method "same_year" has no safeguard against it.
    """
    spread = (
        "coefficient_of_variation" if study.known.indicator(placed.track.indicator).unit in MONEY else "weighted_sd"
    )
    beta_fields = fields_of(study, placed, "beta", RELATIVE) | {"decimals": 1}
    sigma_fields = fields_of(study, placed, "sigma", spread)
    sigma_fields |= {"unit": "index", "decimals": 3} if spread != "weighted_sd" else {"unit": "points", "decimals": 1}
    panel = placed.track.panel
    if panel is None:
        absent = [gaps.absent(placed.track, f"{number}.{kind}", fields, placed.track.reason)
                  for kind, fields in (("beta", beta_fields), ("sigma", sigma_fields))]  # fmt: skip
        return absent, pd.DataFrame()
    found, rows = [], []
    ends = placed.years
    for method in (convergence.INSTRUMENT, convergence.EARLIER_YEAR, convergence.SAME_YEAR):
        made = _beta(placed, method, spread)
        rows.append({"method": method, **{key: made[0] and 100 * getattr(made[0].found, key)
                                          for key in ("estimate", "low", "high")}})  # fmt: skip
        if method != convergence.INSTRUMENT:
            continue
        if made[0] is None:
            found.append(gaps.absent(placed.track, f"{number}.beta", beta_fields, made[1]))
            continue
        estimate, low, high = (100 * getattr(made[0].found, key) for key in ("estimate", "low", "high"))
        found.append(Finding(id=f"{number}.beta", estimate=estimate, low=low, high=high, range_kind=("process",),
                             a=Side(ends[0], n_units=len(panel.codes)), b=Side(ends[1], n_units=len(panel.codes)),
                             **beta_fields))  # fmt: skip
    first, last = panel.value[:, 0], panel.value[:, -1]
    try:
        sigma = convergence.sigma_convergence(
            first, last, panel.weight, spread, study.rng(f"{number}.sigma"), study.p.draws
        )
    except NotComputableError as problem:
        found.append(gaps.absent(placed.track, f"{number}.sigma", sigma_fields, problem.reason))
        return found, pd.DataFrame(rows)
    effect = study.smallest_effect(placed.track.indicator, "index") if spread != "weighted_sd" else None
    own = sigma.found
    found.append(Finding(id=f"{number}.sigma", estimate=own.estimate, low=own.low, high=own.high,
                         range_kind=("process",), smallest_effect=effect,
                         a=Side(placed.track.years[0], estimate=sigma.before, n_units=len(first)),
                         b=Side(ends[1], estimate=sigma.after, n_units=len(first)), **sigma_fields))  # fmt: skip
    return found, pd.DataFrame(rows)


def _beta(placed: Placed, method: str, spread: str) -> tuple[convergence.Beta | None, str]:
    """Fit beta; without an earlier year of the same figure only the method without a safeguard exists."""
    panel, start = placed.track.panel, placed.start
    if panel is None or (start == 0 and method != convergence.SAME_YEAR):
        return None, "no_earlier_year"
    value = np.log(panel.value) if spread != "weighted_sd" and panel.value.min() > 0 else panel.value
    years = placed.track.times[-1] - placed.track.times[start]
    growth = convergence.Growth(value[:, start], value[:, -1], years, panel.weight, value[:, 0] if start else None)
    try:
        return convergence.beta_convergence(growth, method), ""
    except NotComputableError as problem:
        return None, problem.reason
