"""How far a measure can move: rows that say which kind of uncertainty they are about, never two kinds in one.

A row has estimate, low, high and `range_kind`: what chance does to the people (people_bootstrap), which buurten happen
to make up the city (unit_bootstrap), or what chance alone would give without segregation (null). What rounding and
suppression leave open is in `bounds`, certified; the intervals here assume a distribution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import ParameterError, faults
from kloof.measures.resample import Drawing, Measure, replicates
from kloof.measures.tables import FloatArray, Segments

LEVEL = 0.95
METHODS = ("percentile", "basic", "bias_corrected")
# the fewest inhabited units an interval is given for, and the share of draws in which the measure must be defined
FEWEST_UNITS = 2
ENOUGH = 0.9
COLUMNS = (
    "segment", "index", "estimate", "low", "high", "range_kind", "method", "confidence", "bias", "standard_error",
    "draws", "draws_used", "reason",
)  # fmt: skip
_MODEL = {"people_bootstrap": "people_within_units", "unit_bootstrap": "units"}
# chosen by data/interval_coverage.csv: see benchmarks/coverage_of_intervals.py
_METHOD = {"people_bootstrap": "bias_corrected", "unit_bootstrap": "percentile"}


@dataclass(frozen=True)
class Limits:
    """How an interval is made from draws: a name of METHODS, its nominal confidence, and the ends of the scale.

    Without a name `interval` takes the method that covers best.
    """

    method: str = ""
    confidence: float = LEVEL
    scale: tuple[float, float] = (-np.inf, np.inf)


def quantiles(drawn: FloatArray, at: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return two quantiles (linear between draws) over the first axis of the defined draws; nan without any."""
    ordered = np.sort(drawn, axis=0)
    used = np.isfinite(ordered).sum(axis=0)
    found = []
    for share in at:
        place = share * np.maximum(used - 1, 0)
        low = np.floor(place).astype(np.intp)
        high = np.minimum(low + 1, np.maximum(used - 1, 0))
        below, above = (np.take_along_axis(ordered, rank[None], axis=0)[0] for rank in (low, high))
        found.append(np.where(used > 0, below + (place - low) * (above - below), np.nan))
    return found[0], found[1]


def limits(estimate: ArrayLike, drawn: ArrayLike, how: Limits) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the interval from draws (R, ...) of a measure whose value on the data is `estimate` (...).

    "percentile": quantiles of the draws. "basic": mirrored around the estimate, 2θ − q. "bias_corrected": the
    quantiles moved down by twice the bootstrap bias, because the draws carry the upward push of chance twice: once in
    the data and once more in the drawing (Efron & Tibshirani 1993, ch. 10 and 13).
    The percentile method stays within the scale by itself; the other two shift the quantiles, beyond it at times, and
    are then cut at its ends. That loses no truth, which lies within, but an interval wholly outside is a single end.
    Raises ParameterError (method, confidence).
    """
    found = [] if how.method in METHODS else [f'method "{how.method}" is not known: {", ".join(METHODS)}']
    if not 0 < how.confidence < 1:
        found.append(f"confidence must lie between 0 and 1, got {how.confidence}")
    if found:
        raise ParameterError(faults("the interval", found, ""))
    value, values = np.asarray(estimate, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    low, high = quantiles(values, ((1 - how.confidence) / 2, (1 + how.confidence) / 2))
    if how.method == "basic":
        low, high = 2 * value - high, 2 * value - low
    elif how.method == "bias_corrected":
        push = 2 * (mean_and_error(values)[0] - value)
        low, high = low - push, high - push
    return np.clip(low, *how.scale), np.clip(high, *how.scale)


def mean_and_error(drawn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation over the first axis of the defined draws; nan where fewer than 2 are."""
    known = np.isfinite(drawn)
    used = known.sum(axis=0)
    filled = np.where(known, drawn, 0.0)
    mean = np.where(used > 1, filled.sum(axis=0) / np.maximum(used, 1), np.nan)
    off = np.where(known, drawn - mean, 0.0)
    return mean, np.where(used > 1, np.sqrt((off**2).sum(axis=0) / np.maximum(used - 1, 1)), np.nan)


def p_value(observed: ArrayLike, drawn: ArrayLike) -> FloatArray:
    """Return (b + 1) / (m + 1), b of the m defined draws (R, ...) being at least the observed value; never 0.

    One-sided: as high by chance alone. nan where the observed value is. Source: Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585.
    """
    value, values = np.asarray(observed, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    # a draw that equals the observed table may differ from it in the last digit
    as_high = (values >= value - 1e-12 * np.abs(value)).sum(axis=0)
    return np.where(np.isnan(value), np.nan, (as_high + 1) / (np.isfinite(values).sum(axis=0) + 1))


def reasons(counts: FloatArray, starts: ArrayLike) -> list[str | None]:
    """Say per segment why no measure is defined (counts (..., G, N), every year): None when nothing is in the way."""
    cut = Segments(starts, counts.shape[-1])
    totals = np.moveaxis(cut.total(counts), -1, 0).reshape(cut.starts.size, -1, counts.shape[-2])
    said: list[str | None] = []
    for years in totals:
        present = np.atleast_1d((years > 0).all(axis=0))
        if not (years.sum(axis=-1) > 0).all():
            said.append("no_units")
        elif present.size == 2 and not present.all():
            said.append("group_is_everyone" if present[0] else "group_is_empty")
        else:
            said.append(None if present.sum() > 1 else "one_group")
    return said


def inhabited(counts: FloatArray, starts: ArrayLike) -> FloatArray:
    """Count per segment the units with people in every year of counts (..., G, N)."""
    lived = (counts.sum(axis=-2) > 0).reshape(-1, counts.shape[-1]).all(axis=0)
    return Segments(starts, counts.shape[-1]).total(lived.astype(np.float64))


def interval(
    measures: Mapping[str, Measure],
    counts: ArrayLike,
    drawing: Drawing,
    range_kind: str,
    starts: ArrayLike = (0,),
    how: Limits | None = None,
) -> pd.DataFrame:
    """Return one row per segment and measure, with the columns of `COLUMNS`, for one kind of uncertainty.

    counts: (G, N), or years (2, G, N) for a measure of years such as `resample.Difference`, one number per segment.
    range_kind: people_bootstrap or unit_bootstrap. how: by default what data/interval_coverage.csv shows to cover best,
    95 %: for people "bias_corrected" (it still covers too little for D when units have fewer than some 5 members), and
    no ends of a scale. estimate is always the measure of `counts`; bias is what the draws add to it on average, and is
    never taken off it.
    reason (and a missing low and high): no_units, group_is_empty, group_is_everyone, one_group, one_unit,
    often_undefined (in more than a tenth of the draws), not_defined. Raises ParameterError.
    """
    if range_kind not in _MODEL:
        raise ParameterError(f'range_kind "{range_kind}" is not one of {", ".join(_MODEL)}.')
    table = np.asarray(counts, dtype=np.float64)
    chosen = how or Limits()
    chosen = replace(chosen, method=chosen.method or _METHOD[range_kind])
    drawn = replicates(measures, table, starts, _MODEL[range_kind], drawing)
    context = (reasons(table, starts), inhabited(table, starts).tolist())
    found = []
    for name, measure in measures.items():
        estimate = measure(table, starts)
        low, high = limits(estimate, drawn[name], chosen)
        mean, error = mean_and_error(drawn[name])
        used = np.isfinite(drawn[name]).sum(axis=0)
        why = [
            said or _why(known, units, share)
            for said, units, known, share in zip(
                *context, np.isfinite(estimate).tolist(), (used / drawing.draws).tolist(), strict=True
            )
        ]
        shown = {"low": low, "high": high, "bias": mean - estimate, "standard_error": error}
        told = {"range_kind": range_kind, "method": chosen.method, "confidence": chosen.confidence}
        found.append(laid_out(name, estimate, why, shown, {**told, "draws": drawing.draws, "draws_used": used}))
    return pd.concat(found, ignore_index=True).loc[:, list(COLUMNS)]


def laid_out(
    name: str, estimate: FloatArray, why: Sequence[Any], shown: Mapping[str, FloatArray], told: Mapping[str, Any]
) -> pd.DataFrame:
    """Lay a measure out, a row per segment: what is `shown` is missing where a reason says why."""
    reason = pd.Series(why, dtype=object)
    numbers = {key: np.where(reason.notna(), np.nan, values) for key, values in shown.items()}
    return pd.DataFrame(
        {"segment": np.arange(estimate.size), "index": name, "estimate": estimate, **numbers, **told, "reason": reason}
    )


def _why(known: bool, units: float, share_defined: float) -> str | None:
    if not known:
        return "not_defined"
    if units < FEWEST_UNITS:
        return "one_unit"
    return None if share_defined >= ENOUGH else "often_undefined"
