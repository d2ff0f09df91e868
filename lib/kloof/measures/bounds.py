"""The range a mean, a gap or an index can take, given rounding and suppression.

A published figure is an interval: a count rounded to 5 lies within 2.5 of what is printed, a suppressed cell
between two bounds. All functions take a box, the arrays `low` and `high` of one value per unit, and answer
for every table inside it; tables in which the number is not defined (nobody in the group) don't count.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError, ParameterError, SchemaError, examples, faults
from kloof.measures.exact import (
    IndexFunction,
    bounds_of,
    gini_ends,
    highest_mean,
    highest_split,
    isolation_ends,
    lowest_split,
    profile_ends,
)
from kloof.measures.registry import NEEDS, Index, get_index
from kloof.measures.tables import CountBox, FloatArray
from kloof.measures.two_groups import dissimilarity


@dataclass(frozen=True)
class IndexRange:
    """What an index can be: from low to high, never narrower than the true range.

    method: "exact" (low and high are reached, or come as near as one likes), "outer" (the true range may be narrower)
    or "scale" (the box says nothing: low and high are the ends of the scale of the index).
    """

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class GapRange:
    """What a gap between two means can be, each a pair (low, high) in the unit of the mean; ratio has none.

    ratio is None when the mean of the rest can be 0 or less, or that of the focus less than 0.
    """

    focus: tuple[float, float]
    rest: tuple[float, float]
    difference: tuple[float, float]
    ratio: tuple[float, float] | None


def _box(low_high: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike], names: str, first_from_0: bool) -> CountBox:
    """Check two boxes, or raise SchemaError with all faults: shape, missing, low above high, below 0."""
    arrays = [np.asarray(values, dtype=np.float64) for values in low_high]
    first, second = names.split()
    found = []
    if any(values.ndim != 1 for values in arrays) or len({values.shape for values in arrays}) != 1:
        found.append(f"the shapes differ or are not one-dimensional: {examples([values.shape for values in arrays])}")
    elif not arrays[0].size:
        found.append("there are no units")
    else:
        checks = ((first, arrays[0], arrays[1], first_from_0), (second, arrays[2], arrays[3], True))
        for name, low, high, from_0 in checks:
            wrong = {
                "is missing or infinite": ~np.isfinite(low) | ~np.isfinite(high),
                "has its low above its high": low > high,
                "is below 0": (low < 0) & from_0,
            }
            found += [
                f"{name} {what} at {examples(np.flatnonzero(where).tolist())}"
                for what, where in wrong.items()
                if where.any()
            ]
    if found:
        raise SchemaError(
            faults("the box", found, "Give one finite low and high per unit; set units without bounds aside.")
        )
    return CountBox(*arrays)


def rounding_box(
    values: ArrayLike, step: float, floor: float | None = None, cap: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the box of values rounded to multiples of `step`: half a step each side, cut at floor and cap.

    Use floor=0 for counts and shares, cap=100 for percentages. A missing value (NaN) keeps a missing box:
    fill in its bounds before use. Raises ParameterError when step is not positive or a value lies beyond
    floor or cap.
    """
    middle = np.asarray(values, dtype=np.float64)
    found = [] if step > 0 else [f"step must be above 0, got {step}"]
    beyond = np.zeros(middle.shape, dtype=bool)
    if floor is not None:
        beyond |= middle < floor
    if cap is not None:
        beyond |= middle > cap
    if beyond.any():
        shown = examples(middle[beyond].tolist())
        found.append(f"{int(beyond.sum())} values lie beyond floor {floor} or cap {cap} ({shown})")
    if found:
        raise ParameterError(faults("the rounding", found, "Check the step and the unit of the values."))
    low, high = middle - step / 2, middle + step / 2
    low = low if floor is None else np.maximum(low, floor)
    return low, high if cap is None else np.minimum(high, cap)


def mean_range(y_low: ArrayLike, y_high: ArrayLike, w_low: ArrayLike, w_high: ArrayLike) -> tuple[float, float]:
    """Exact range of Σwy/Σw over the box of values y and weights w (w not negative).

    Raises SchemaError (box) and NotComputableError "no_weight" when every weight is 0.
    Source: the optimum of a linear-fractional function, Charnes & Cooper 1962, doi:10.1002/nav.3800090303.
    """
    low, high, light, heavy = _box((y_low, y_high, w_low, w_high), "y w", first_from_0=False)
    if not heavy.sum() > 0:
        raise NotComputableError("no_weight", "Every weight is 0, so there is no mean; look at the units chosen.")
    return -float(highest_mean(-low, light, heavy)), float(highest_mean(high, light, heavy))


def gap_range(y_low: ArrayLike, y_high: ArrayLike, w_low: ArrayLike, w_high: ArrayLike, focus: ArrayLike) -> GapRange:
    """Exact range of the mean over the focus units minus that over the rest, and of their ratio.

    focus: one bool per unit. The units' boxes are independent, so the ends of the two means combine freely.
    Raises SchemaError (box, focus) and NotComputableError "no_weight" when a side is empty or without weight.
    """
    box = _box((y_low, y_high, w_low, w_high), "y w", first_from_0=False)
    chosen = np.asarray(focus)
    if chosen.dtype != np.bool_ or chosen.shape != box.a_low.shape:
        raise SchemaError(f"focus must be one bool per unit ({box.a_low.size}), got {chosen.dtype} {chosen.shape}.")
    sides = []
    for name, side in (("focus", chosen), ("rest", ~chosen)):
        if not box.b_high[side].sum() > 0:
            raise NotComputableError("no_weight", f"The {name} has no units with weight, so there is no gap.")
        sides.append(mean_range(*(values[side] for values in box)))
    (f_low, f_high), (r_low, r_high) = sides
    ratio = (f_low / r_high, f_high / r_low) if r_low > 0 and f_low >= 0 else None
    return GapRange((f_low, f_high), (r_low, r_high), (f_low - r_high, f_high - r_low), ratio)


def share_counts(share_low: ArrayLike, share_high: ArrayLike, base_low: ArrayLike, base_high: ArrayLike) -> CountBox:
    """Turn percentages (0–100) of a base count into boxes (group_low, group_high, rest_low, rest_high).

    An outer box: every group and rest that fit the share and the base lie in it, and some that don't fit,
    since group and rest move freely here while they share one base. A range over it is safe, perhaps too
    wide.
    """
    low, high, base, top = _box((share_low, share_high, base_low, base_high), "share base", first_from_0=True)
    if (high > 100).any():
        where = examples(np.flatnonzero(high > 100).tolist())
        raise SchemaError(f"share is above 100 at {where}; give percentages, cut at 100 (rounding_box with cap=100).")
    return CountBox(low / 100 * base, high / 100 * top, (100 - high) / 100 * base, (100 - low) / 100 * top)


def dissimilarity_range(a_low: ArrayLike, a_high: ArrayLike, b_low: ArrayLike, b_high: ArrayLike) -> IndexRange:
    """Exact range of D over the box of group counts a and rest counts b (people or households).

    method is "exact", or "outer" when so many units can lie on either side of the average that the search for
    the highest was stopped; `high` is then proven but may be too high.
    Raises SchemaError (box), NotComputableError "group_is_empty" or "group_is_everyone".
    """
    box = _counts((a_low, a_high, b_low, b_high))
    reached, low = lowest_split(box)
    best, high = highest_split(box)
    exact = reached - low <= 1e-7 and high - best <= 1e-7
    return _around(IndexRange(low, high, "exact" if exact else "outer"), dissimilarity, box)


def _counts(low_high: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]) -> CountBox:
    box = _box(low_high, "group rest", first_from_0=True)
    for high, reason in ((box.a_high, "group_is_empty"), (box.b_high, "group_is_everyone")):
        if not high.sum() > 0:
            raise NotComputableError(reason, "Group or rest has nobody anywhere in the box, so no index is defined.")
    return box


def _around(found: IndexRange, function: IndexFunction, box: CountBox) -> IndexRange:
    """Let the range hold the estimate at the centre of the box to the last digit."""
    centre = float(function((box.a_low + box.a_high) / 2, (box.b_low + box.b_high) / 2, (0,))[0])
    if np.isnan(centre):
        raise NotComputableError(
            "not_defined",
            "The index is not defined at the centre of the box; look for values that are not positive.",
        )
    return replace(found, low=min(found.low, centre), high=max(found.high, centre))


def index_range(index_id: str, a_low: ArrayLike, a_high: ArrayLike, b_low: ArrayLike, b_high: ArrayLike) -> IndexRange:
    """Return the range of an index of two groups, or of a mean, over the box of a and b (counts, or value and weight).

    Dissimilarity, minmax (which rises with it), isolation and interaction are exact; Gini and the concentration profile
    have outer bounds. All others (in `exact`) are exact where tables were met that reach both bounds, and else outer.
    Raises ParameterError (index), SchemaError (box), NotComputableError: group_is_empty, group_is_everyone,
    no_weight, not_defined (at the centre of the box).
    """
    index = get_index(index_id)
    if index.needs not in {"counts", "means"}:
        raise ParameterError(
            f"The range of {index.id} is not computed: it needs {NEEDS[index.needs]}. There is a range for indices of "
            "a group and the rest, and of means."
        )
    if index.needs == "means":
        box = _box((a_low, a_high, b_low, b_high), "value weight", first_from_0=False)
        if not box.b_high.sum() > 0:
            raise NotComputableError("no_weight", "Every weight is 0, so the index is not defined.")
    else:
        box = _counts((a_low, a_high, b_low, b_high))
    return _around(_found(index, box), index.function, box)


def _found(index: Index, box: CountBox) -> IndexRange:
    if index.id in {"dissimilarity", "minmax"}:
        apart = dissimilarity_range(*box)
        ends = (apart.low, apart.high)
        low, high = ends if index.id == "dissimilarity" else (2 * end / (1 + end) for end in ends)
        return replace(apart, low=low, high=high)
    if index.id in {"isolation", "interaction"}:
        low, high = isolation_ends(box)
        return IndexRange(*((low, high) if index.id == "isolation" else (1 - high, 1 - low)), "exact")
    if index.id in {"gini", "concentration_profile"}:
        low, high = (gini_ends if index.id == "gini" else profile_ends)(box)
        return IndexRange(low, min(high, index.highest), "outer")
    found = bounds_of(index, box)
    if found is None:
        return IndexRange(index.lowest, index.highest, "scale")
    return IndexRange(found.low, found.high, "exact" if found.exact else "outer")
