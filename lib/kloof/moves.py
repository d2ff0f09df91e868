"""What an index becomes when one number of one unit changes: for every number at once, in one pass.

The search of `extremes` asks this thousands of times. Each index but Gini is made of a few sums over the units, so
another number in one unit replaces one term of each sum; Gini is a sum over pairs of units, of which one row changes.
Equal to the functions of `formulas` up to the rounding of floating point; the ends that are reported come from those.
"""

from collections.abc import Callable

import numpy as np

from kloof.formulas import FloatArray

Terms = Callable[[FloatArray, FloatArray, float], FloatArray]
Joined = Callable[[FloatArray, float], FloatArray]


def _divide(above: FloatArray, below: FloatArray, empty: float = np.nan) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.full(below.shape, empty), where=below > 0))


def _times_log(weight: FloatArray, ratio: FloatArray) -> FloatArray:
    return np.asarray(weight * np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0))


def _mixing(group: FloatArray, rest: FloatArray, _: float) -> FloatArray:
    both = group + rest
    apart = _times_log(group, _divide(group, both, 0.0)) + _times_log(rest, _divide(rest, both, 0.0))
    return np.stack([apart, group, rest])


def _theil_h(sums: FloatArray, _: float) -> FloatArray:
    apart, group, rest = sums
    both = group + rest
    entropy = _times_log(group, _divide(both, group, 0.0)) + _times_log(rest, _divide(both, rest, 0.0))
    return 1 + _divide(apart, np.where((group > 0) & (rest > 0), entropy, 0.0))


def _meeting(group: FloatArray, rest: FloatArray, _: float) -> FloatArray:
    return np.stack([group * _divide(rest, group + rest, 0.0), group, rest])


def _correlation_ratio(sums: FloatArray, _: float) -> FloatArray:
    others, group, rest = sums
    return 1 - _divide(others * (group + rest), group * rest)


def _moments(value: FloatArray, weight: FloatArray, centre: float) -> FloatArray:
    off = value - centre
    return np.stack([weight, weight * off, weight * off**2])


def _weighted_sd(sums: FloatArray, _: float) -> FloatArray:
    weight, first, second = sums
    return np.sqrt(np.maximum(_divide(second, weight) - _divide(first, weight) ** 2, 0.0))


def _variation(sums: FloatArray, centre: float) -> FloatArray:
    return _divide(_weighted_sd(sums, centre), centre + _divide(sums[1], sums[0]))


def _relative(value: FloatArray, weight: FloatArray, centre: float) -> FloatArray:
    part = value / centre if centre > 0 else value
    return np.stack([weight, weight * part, weight * _times_log(part, part), (weight > 0) & (value < 0)])


def _theil_between(sums: FloatArray, _: float) -> FloatArray:
    weight, first, second, negative = sums
    index = _divide(second, first) - np.log(_divide(first, weight, 1.0), out=np.zeros_like(first), where=first > 0)
    return np.where(negative > 0, np.nan, index)


_ADDED_UP: dict[str, tuple[Terms, Joined]] = {
    "theil_h": (_mixing, _theil_h),
    "correlation_ratio": (_meeting, _correlation_ratio),
    "weighted_sd": (_moments, _weighted_sd),
    "coefficient_of_variation": (_moments, _variation),
    "theil_between": (_relative, _theil_between),
}


def moved(index_id: str, a: FloatArray, b: FloatArray, other_a: FloatArray, other_b: FloatArray) -> FloatArray:
    """Give the index as it is (first), and after each of 2N changes: one a, or one b, replaced by its other value.

    All arrays (N,): group and rest, or value and weight. What is not defined is nan.
    """
    if index_id == "gini":
        return _gini(a, b, other_a, other_b)
    terms, join = _ADDED_UP[index_id]
    weight = b.sum()
    centre = float(a @ b / weight) if weight > 0 else 0.0
    own = terms(a, b, centre)
    whole = own.sum(axis=-1, keepdims=True)
    changed = [whole, whole - own + terms(other_a, b, centre), whole - own + terms(a, other_b, centre)]
    return join(np.concatenate(changed, axis=-1), centre)


def _gini(a: FloatArray, b: FloatArray, other_a: FloatArray, other_b: FloatArray) -> FloatArray:
    """G = Σ over pairs |aᵢ bⱼ − aⱼ bᵢ| / AB; the pair of a unit with its own old self does not count."""
    across = np.multiply.outer(a, b)
    rows = np.abs(across - across.T).sum(axis=1)
    pairs = rows.sum() / 2
    sums = [np.array([pairs])]
    for apart in (np.multiply.outer(other_a, b) - across.T, across - np.multiply.outer(other_b, a)):
        size = np.abs(apart)
        sums.append(pairs - rows + size.sum(axis=1) - size.diagonal())
    group, rest = a.sum(), b.sum()
    groups = np.concatenate([[group], group - a + other_a, np.full(b.size, group)])
    rests = np.concatenate([[rest], np.full(a.size, rest), rest - b + other_b])
    return _divide(np.concatenate(sums), groups * rests)
