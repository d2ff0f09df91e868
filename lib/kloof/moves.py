"""How an index moves when its units do: the two questions that the search of `extremes` asks thousands of times.

`moved`: what the index becomes when one number of one unit is replaced, for every number at once. The common indices
are made of a few sums over the units, so one term of each sum is replaced; Gini is a sum over pairs, of which one row
changes; the others are computed anew for each change. `slope`: the index and its derivative to every number, of the
others by small steps. Both equal the functions of `formulas` up to the rounding of floating point (Gini's slope is
smoothed); the ends that are reported are computed by those.
"""

from collections.abc import Callable

import numpy as np

from kloof.indices import get_index
from kloof.segments import FloatArray
from kloof.segments import divide as _divide
from kloof.segments import times_log as _times_log

Terms = Callable[[FloatArray, FloatArray, float], FloatArray]
Joined = Callable[[FloatArray, float], FloatArray]
Slope = tuple[float, FloatArray]
_SMALLEST = 1e-15  # a share of nothing has no logarithm: its derivative is cut off here
_STEP = 1e-6  # of a number, to find a derivative


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
    mean = _divide(first, weight, 1.0)
    return np.where(negative > 0, np.nan, _divide(second, first) - _times_log(np.ones_like(mean), mean))


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
        return _gini_moved(a, b, other_a, other_b)
    if index_id not in _ADDED_UP:
        return _computed_anew(index_id, a, b, (other_a, other_b))
    terms, join = _ADDED_UP[index_id]
    weight = b.sum()
    centre = float(a @ b / weight) if weight > 0 else 0.0
    own = terms(a, b, centre)
    whole = own.sum(axis=-1, keepdims=True)
    changed = [whole, whole - own + terms(other_a, b, centre), whole - own + terms(a, other_b, centre)]
    return join(np.concatenate(changed, axis=-1), centre)


def _computed_anew(index_id: str, a: FloatArray, b: FloatArray, other: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Compute the whole index for the table as it is and for each of the 2N changes."""
    size = a.size
    groups, rests = np.tile(a, (2 * size + 1, 1)), np.tile(b, (2 * size + 1, 1))
    at = np.arange(size)
    groups[1 + at, at], rests[1 + size + at, at] = other
    return np.asarray(get_index(index_id).function(groups, rests, (0,))[:, 0])


def _stepped_slope(index_id: str, a: FloatArray, b: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Give the index and its derivatives, by a small step up and down in each number; at 0 only up."""
    steps = [_STEP * np.maximum(part, 1e-3 * part.max(initial=1.0)) for part in (a, b)]
    above = _computed_anew(index_id, a, b, (a + steps[0], b + steps[1]))
    below_a, below_b = np.maximum(a - steps[0], 0), np.maximum(b - steps[1], 0)
    below = _computed_anew(index_id, a, b, (below_a, below_b))
    width = np.concatenate([a + steps[0] - below_a, b + steps[1] - below_b])
    by_a, by_b = np.split((above[1:] - below[1:]) / width, 2)
    return float(above[0]), by_a, by_b


def _gini_moved(a: FloatArray, b: FloatArray, other_a: FloatArray, other_b: FloatArray) -> FloatArray:
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


def slope(index_id: str, a: FloatArray, b: FloatArray, smooth: float = 0.0) -> Slope | None:
    """Give the index and its derivative to every a, then every b (2N,); None where it is not defined.

    `smooth` is for Gini alone, which has corners: |z| becomes √(z² + smooth²), with z in shares of the totals.
    """
    with np.errstate(all="ignore"):
        if index_id == "gini":
            index, by_a, by_b = _gini_slope(a, b, smooth)
        elif index_id in _SLOPES:
            index, by_a, by_b = _SLOPES[index_id](a, b)
        else:
            index, by_a, by_b = _stepped_slope(index_id, a, b)
    if not np.isfinite(index):
        return None
    return index, np.concatenate([by_a, by_b])


def _theil_h_slope(group: FloatArray, rest: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    both, members, others = group + rest, group.sum(), rest.sum()
    everyone = members + others
    log_group, log_rest = (np.log(np.maximum(_divide(part, both, 1.0), _SMALLEST)) for part in (group, rest))
    entropy = members * np.log(everyone / members) + others * np.log(everyone / others)
    mixed = -(group @ log_group + rest @ log_rest) / entropy
    by_group = (log_group + mixed * np.log(everyone / members)) / entropy
    by_rest = (log_rest + mixed * np.log(everyone / others)) / entropy
    return float(1 - mixed), by_group, by_rest


def _correlation_slope(group: FloatArray, rest: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    both, members, others = group + rest, group.sum(), rest.sum()
    share, other = _divide(group, both, 0.0), _divide(rest, both, 0.0)
    meeting, per = group @ other, 1 / members + 1 / others
    by_group, by_rest = meeting / members**2 - per * other**2, meeting / others**2 - per * share**2
    return float(1 - meeting * per), by_group, by_rest


def _sd_slope(value: FloatArray, weight: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    share = weight / weight.sum()
    off = value - share @ value
    spread = np.sqrt(share @ off**2)
    per = 1 / spread if spread > 0 else 0.0
    return float(spread), per * share * off, per * (off**2 - spread**2) / (2 * weight.sum())


def _variation_slope(value: FloatArray, weight: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    spread, by_value, by_weight = _sd_slope(value, weight)
    mean = value @ weight / weight.sum()
    index = spread / mean if mean > 0 else np.nan
    by_value = (by_value - index * weight / weight.sum()) / mean
    return float(index), by_value, (by_weight - index * (value - mean) / weight.sum()) / mean


def _theil_slope(value: FloatArray, weight: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    share = weight / weight.sum()
    mean = share @ value
    part = value / mean
    log = np.log(np.maximum(part, _SMALLEST))
    index = share @ (part * log) if mean > 0 and not ((value < 0) & (weight > 0)).any() else np.nan
    return float(index), share * (log - index) / mean, (part * (log - index - 1) + 1) / weight.sum()


def _gini_slope(group: FloatArray, rest: FloatArray, smooth: float) -> tuple[float, FloatArray, FloatArray]:
    members, others = group.sum(), rest.sum()
    x, y = group / members, rest / others
    across = np.multiply.outer(x, y)
    apart = across - across.T
    size = np.sqrt(apart**2 + smooth**2)
    side = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
    by_x, by_y = side @ y, -(side @ x)
    by_group, by_rest = (by_x - by_x @ x) / members, (by_y - by_y @ y) / others
    return float(size.sum() / 2), by_group, by_rest


_SLOPES: dict[str, Callable[[FloatArray, FloatArray], tuple[float, FloatArray, FloatArray]]] = {
    "theil_h": _theil_h_slope,
    "correlation_ratio": _correlation_slope,
    "weighted_sd": _sd_slope,
    "coefficient_of_variation": _variation_slope,
    "theil_between": _theil_slope,
}
