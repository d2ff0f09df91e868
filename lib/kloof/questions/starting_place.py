"""Places buurten by a year before the change that is judged, and puts amounts in constant prices.

With two years only the place comes from another figure: noise in the very year a change starts from would come back as
a recovery (regression to the mean).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY
from kloof.errors import NotComputableError
from kloof.findings import END_ERROR, Finding, Side, in_unit, with_range
from kloof.methods import convergence, mobility
from kloof.methods.arrays import Array, Flags
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.methods.mobility import RANKS, Moves
from kloof.questions import gap_changes
from kloof.questions.gap_changes import Followed, follow, in_constant_prices
from kloof.study import claims
from kloof.study.panel import series
from kloof.study.study import Study

NO_ENDS = dict.fromkeys(("estimate", "low", "high"))
_TRADED = 10  # times the draws that are asked for: years that trade places
OF_LISTS = ("few_focus", "selected_on_outcome", "list_made_later", "list_date_unknown")  # of a list, not used here


@dataclass(frozen=True)
class Placed:
    """One indicator in constant prices, its buurten placed by `base` (of `base_year`), and where the change starts.

    `start` is the column of the first year of the change. Without a panel, `track.reason` says why.
    """

    track: Followed
    base: Array
    base_year: int
    start: int
    flags: tuple[str, ...] = ()

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the change."""
        return self.track.years[self.start], self.track.years[-1]

    @property
    def moves(self) -> Moves:
        """Figures before and after; raises NotComputableError when there is no panel."""
        panel = self.track.panel
        if panel is None:
            raise NotComputableError(self.track.reason or "no_figures", f"{self.track.indicator} cannot be followed.")
        return Moves(self.base, panel.value[:, self.start], panel.value[:, -1], panel.weight)


def place(study: Study, name: str) -> Placed:
    """Place the buurten of an indicator by its first comparable year; the change starts in the second.

    With two years only, by another indicator of the claim, in the nearest year that is not later than the first.
    """
    track = in_first_prices(study, follow(study, name))
    panel = track.panel
    if panel is None:
        return Placed(track, np.empty(0), 0, 0)
    flags = ("constant_prices",) if study.known.indicator(name).unit in MONEY else ()
    if len(track.years) > 2:
        return Placed(track, panel.value[:, 0], track.years[0], 1, flags)
    for other in claims.registry().claims["C4"]["indicators"]:
        if other == name or (found := _nearest(study, other, track.years[0])) is None:
            continue
        year, value = found
        base = np.asarray(value.reindex(list(panel.codes)), dtype=np.float64)
        kept = np.isfinite(base)
        part = float(panel.weight[kept].sum() / panel.weight.sum())
        if part * panel.coverage >= study.coverage_minimum:
            smaller = _only(track, kept, part)
            return Placed(smaller, base[kept], year, 0, (*flags, "placed_otherwise"))
    return Placed(replace(track, panel=None, reason="no_earlier_year"), np.empty(0), 0, 0)


def _nearest(study: Study, name: str, year: int) -> tuple[int, "pd.Series[float]"] | None:
    """Give an indicator in the last year up to this one that has a figure."""
    table = series(study.data, study.known, name)
    years = table.loc[(table["status"] == "measured") & (table["year"] <= year), "year"]
    if years.empty:
        return None
    last = int(years.max())
    return last, table[table["year"] == last].set_index("code")["value"]


def _only(track: Followed, kept: Flags, part: float) -> Followed:
    """Keep some buurten of a panel."""
    panel = track.panel
    if panel is None:
        return track
    parts = {name: getattr(panel, name)[kept] for name in ("value", "low", "high", "weight", "is_focus")}
    codes = tuple(code for code, keep in zip(panel.codes, kept, strict=True) if keep)
    lost = tuple(code for code in panel.codes if code not in codes)
    smaller = replace(panel, codes=codes, coverage=panel.coverage * part, missing=(*panel.missing, *lost), **parts)
    return replace(track, panel=smaller)


def in_first_prices(study: Study, track: Followed) -> Followed:
    """Put amounts in the prices of the year in which the change starts; other indicators stay as they are."""
    return in_constant_prices(study, track, min(1, len(track.years) - 2))


def smallest(study: Study, name: str, measure: str) -> float:
    """Give the smallest change that matters: of ranks as registered with the claim, otherwise of the indicator."""
    if measure == RANKS:
        return float(claims.registry().claims["C4"]["smallest_ranks"])
    return study.smallest_effect(name, measure)


def fields_of(study: Study, placed: Placed, kind: str, measure: str) -> dict[str, Any]:
    """Fields that all findings here share."""
    track = placed.track
    indicator, panel = study.known.indicator(track.indicator), track.panel
    unit = {RANKS: "rank_points", RELATIVE: "percent"}.get(measure, indicator.unit)
    flags = [flag for flag in gap_changes.flags_of(study, track, study.focus) if flag not in OF_LISTS]
    return {
        "kind": kind, "measure": measure, "indicator": track.indicator, "unit": unit,
        "decimals": 1 if measure == RANKS else indicator.decimals if measure == ABSOLUTE else None,
        "coverage": panel.coverage if panel else max(track.covered.values(), default=0.0),
        "coverage_minimum": study.coverage_minimum, "sources": panel.sources if panel else (),
        "flags": (*flags, *placed.flags),
    }  # fmt: skip


def _alike(placed: Placed) -> Placed:
    """Count every buurt alike."""
    panel = placed.track.panel
    if panel is None:
        return placed
    return replace(placed, track=replace(placed.track, panel=replace(panel, weight=np.ones(len(panel.weight)))))


def placed_variants(placed: Placed) -> dict[str, tuple[Placed, int]]:
    """Give the registered ways to divide the buurten, the headline first: name → buurten and number of groups."""
    rules = claims.registry().claims["C4"]
    made = {f"groups_{count}": (placed, int(count)) for count in (rules["groups"], *rules["other_groups"])}
    return {**made, "unweighted": (_alike(placed), int(rules["groups"]))}


def stayed(study: Study, placed: Placed, number: str, groups: int) -> tuple[Finding, pd.DataFrame]:
    """Describe how far the ranking was shuffled: the rank correlation, and from which group to which (in percent).

    No safeguard against noise exists for this one: chance alone shuffles ranks, so true mobility is at most this.
    """
    fields = fields_of(study, placed, "mobility", RANKS) | {"unit": "index", "decimals": 2}
    try:
        found = mobility.rank_mobility(placed.moves, groups)
    except NotComputableError as problem:
        return gap_changes.absent(placed.track, number, fields, problem.reason), pd.DataFrame()
    first = mobility.quantiles(placed.moves.before, placed.moves.weight, groups)
    last = mobility.quantiles(placed.moves.after, placed.moves.weight, groups)
    same = float(placed.moves.weight[first == last].sum() / placed.moves.weight.sum())
    table = (100 * found.matrix).rename(columns=lambda column: f"to_{column}")
    own = found.rank_correlation
    details = in_unit("percent", 0, stayed=100 * same) | in_unit("index", shorrocks=found.shorrocks)
    details |= in_unit("number", groups=groups, degrees=own.df)
    a, b = (Side(year, n_units=len(first)) for year in placed.years)
    finding = Finding(id=number, **with_range(own), range_kind=("process",), a=a, b=b, details=details, **fields)
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
        absent = [gap_changes.absent(placed.track, f"{number}.{kind}", fields, placed.track.reason)
                  for kind, fields in (("beta", beta_fields), ("sigma", sigma_fields))]  # fmt: skip
        return absent, pd.DataFrame()
    found, rows = [], []
    ends = placed.years
    for method in (convergence.INSTRUMENT, convergence.EARLIER_YEAR, convergence.SAME_YEAR):
        made = _beta(placed, method, spread)
        rows.append({"method": method, **(with_range(made[0].found, 100) if made[0] else NO_ENDS)})
        if method != convergence.INSTRUMENT:
            continue
        if made[0] is None:
            found.append(gap_changes.absent(placed.track, f"{number}.beta", beta_fields, made[1]))
            continue
        a, b = (Side(year, n_units=len(panel.codes)) for year in ends)
        found.append(Finding(id=f"{number}.beta", **with_range(made[0].found, 100), range_kind=("process",), a=a, b=b,
                             details=in_unit("number", degrees=made[0].found.df), **beta_fields))  # fmt: skip
    first, last = panel.value[:, 0], panel.value[:, -1]
    try:
        sigma = convergence.sigma_convergence(
            first, last, panel.weight, spread, study.rng("sigma"), _TRADED * study.p.draws
        )
    except NotComputableError as problem:
        found.append(gap_changes.absent(placed.track, f"{number}.sigma", sigma_fields, problem.reason))
        return found, pd.DataFrame(rows)
    effect = study.smallest_effect(placed.track.indicator, "index") if spread != "weighted_sd" else None
    own = sigma.found
    details = in_unit("number", degrees=own.df) | in_unit(sigma_fields["unit"], **{END_ERROR: sigma.end_error})
    found.append(Finding(id=f"{number}.sigma", **with_range(own), range_kind=("process",), smallest_effect=effect,
                         details=details,
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
