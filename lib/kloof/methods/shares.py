"""Splits the change of a share, and of an index, into what happened to the group and what happened around it.

A buurt's share of vulnerable households can fall because there are fewer of them, or because others came: dilution.
All splits are Shapley values: they sum to the change, and turn their sign when the years trade places.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError, SchemaError, examples, faults
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, from_t
from kloof.methods.shapley import shapley_values

Box = tuple[float, float]


@dataclass(frozen=True)
class Counted:
    """Counts of a group and of all others in one or more areas before and after: `vulnerable` and `others` each year.

    Arrays have one entry per area, in persons or households.
    """

    vulnerable_before: Array
    others_before: Array
    vulnerable_after: Array
    others_after: Array


@dataclass(frozen=True)
class ShareChange:
    """The change of v/(v+o) of areas taken together, in points (0-100), and its two parts.

    `fewer_vulnerable` is the part due to the number of vulnerable, `more_others` that due to the others. `low`-`high`
    of each is what rounding of the four counts leaves open: None without bounds. `dilution` is the part of the change
    that is `more_others`, in percent: below 0 or above 100 when the two parts differ in sign, None when the share did
    not change.
    """

    before: float
    after: float
    change: float
    fewer_vulnerable: float
    more_others: float
    fewer_vulnerable_range: Box | None
    more_others_range: Box | None
    dilution: float | None


def share_change(counted: Counted, half_width: float | None = None) -> ShareChange:
    """Split the change of the group's share in areas taken together into vulnerable and others, exactly.

    `half_width` is how far each published count may be off (2.5 for counts rounded to 5), in the same unit. Raises
    SchemaError (counts below 0 or missing, lengths) and NotComputableError(nobody_there) when a year has nobody.
    Source: Shapley 1953; Das Gupta 1978, doi:10.2307/2060493 (two factors: the mean of both orders).
    """
    _check(counted)
    v0, o0, v1, o1 = total = [float(part.sum()) for part in vars(counted).values()]
    if min(v0 + o0, v1 + o1, v0 + o1, v1 + o0) <= 0:
        raise NotComputableError("nobody_there", "In one of the years nobody lives in these areas, so no share exists.")
    fewer, more = (float(part) for part in _two_parts(np.array(total)[:, None])[:, 0])
    before, after = 100 * v0 / (v0 + o0), 100 * v1 / (v1 + o1)
    change = after - before
    own = other = None
    if half_width is not None:
        reach = half_width * len(counted.vulnerable_before)
        v0_box, o0_box, v1_box, o1_box = ((max(count - reach, 0.0), count + reach) for count in total)
        if v0_box[0] + o0_box[0] > 0 and v1_box[0] + o1_box[0] > 0:
            own = _part_range(v0_box, o0_box, v1_box, o1_box)
            turned = _part_range(o0_box, v0_box, o1_box, v1_box)  # the others' share is 100 minus that of the group
            other = -turned[1], -turned[0]
    dilution = 100 * more / change if abs(change) > 1e-9 else None
    return ShareChange(before, after, change, fewer, more, own, other, dilution)


def dilution_difference(counted: Counted) -> Estimate:
    """Give `more_others` minus `fewer_vulnerable` in points, with an interval: below 0 dilution lowers the share more.

    The interval is a delete-one jackknife over the areas, t on (areas - 1) degrees of freedom. Raises SchemaError,
    NotComputableError: too_few_buurten (fewer than three areas), nobody_there, no_variation.
    Source: Tukey 1958, doi:10.1214/aoms/1177706647.
    """
    _check(counted)
    counts = np.stack(list(vars(counted).values()))
    areas = counts.shape[1]
    if areas < 3:
        raise NotComputableError("too_few_buurten", f"{areas} areas are too few for an interval.")
    whole = counts.sum(axis=1, keepdims=True)
    totals = np.hstack([whole, whole - counts])
    if min((totals[v] + totals[o]).min() for v, o in ((0, 1), (2, 3), (0, 3), (2, 1))) <= 0:
        raise NotComputableError("nobody_there", "With one area left out nobody is left in one of the years.")
    parts = _two_parts(totals)
    difference = parts[1] - parts[0]
    off = difference[1:] - difference[1:].mean()
    error = float(np.sqrt((areas - 1) / areas * (off @ off)))
    return from_t(float(difference[0]), error, areas - 1, areas, areas)


def _two_parts(totals: Array) -> Array:
    """Parts of the change of 100·v/(v+o) due to v and to o: (2 × states) from v0, o0, v1, o1 (4 × states)."""
    v0, o0, v1, o1 = totals
    years = {"vulnerable": (v0, v1), "others": (o0, o1)}

    def share(moved: frozenset[str]) -> Array:
        v, o = (years[name][name in moved] for name in years)
        return np.asarray(100 * v / (v + o))

    return np.stack(list(shapley_values(list(years), share).values()))


def _part_range(v0: Box, o0: Box, v1: Box, o1: Box) -> Box:
    """Give the exact range of the vulnerable part over a box of counts.

    The part rises with v1 and falls with v0; as a function of each count of others it has one turning point, at
    √(v0·v1), where its two terms trade places.
    """

    def ends(first: float, last: float, *, highest: bool) -> float:
        turn = float(np.sqrt(first * last))
        found = 0.0
        for box in (o0, o1):
            places = {box[0], box[1], min(max(turn, box[0]), box[1])}
            terms = [last / (last + o) - first / (first + o) for o in places if min(last, first) + o > 0]
            found += (max if highest else min)(terms) / 2
        return 100 * found

    return ends(v0[1], v1[0], highest=False), ends(v0[0], v1[1], highest=True)


def _check(counted: Counted) -> None:
    found = []
    lengths = {len(part) for part in vars(counted).values()}
    if len(lengths) != 1 or 0 in lengths:
        found.append("the four counts differ in length or are empty")
    for name, part in vars(counted).items():
        bad = np.flatnonzero(~(part >= 0))
        found += [f"{name} is missing or below 0 at {examples(bad.tolist())}"] * bool(len(bad))
    if found:
        raise SchemaError(faults("the counts", found, "Set the areas without all four counts aside."))


@dataclass(frozen=True)
class Destinations:
    """Where the number of vulnerable fell and rose, in persons or households.

    `table`: place, is_focus, before, after, change; largest fall first. `focus`, `rest` and `city` are the net changes.
    `elsewhere` is the largest part of the fall in focus, in percent, that can have turned up in the rest of the city:
    None when the number in focus did not fall. These are net numbers: they do not say who moved.
    """

    table: pd.DataFrame
    focus: float
    rest: float
    city: float
    elsewhere: float | None


def destinations(places: ArrayLike, counted: Counted, is_focus: ArrayLike) -> Destinations:
    """Set the fall in the focus buurten beside the rise in others: `places` are their names or codes.

    The rise elsewhere is the sum over the buurten of the rest that rose: those that fell cannot have received more than
    they lost, net. Raises SchemaError as `share_change`.
    """
    _check(counted)
    flags = np.asarray(is_focus, dtype=np.bool_)
    change = counted.vulnerable_after - counted.vulnerable_before
    table = pd.DataFrame(
        {
            "place": np.asarray(places),
            "is_focus": flags,
            "before": counted.vulnerable_before,
            "after": counted.vulnerable_after,
            "change": change,
        }
    ).sort_values(["change", "place"], ignore_index=True)
    focus, rest = float(change[flags].sum()), float(change[~flags].sum())
    risen = float(np.maximum(change[~flags], 0).sum())
    elsewhere = 100 * min(risen, -focus) / -focus if focus < 0 else None
    return Destinations(table, focus, rest, focus + rest, elsewhere)


def index_change(index: Callable[[Array, Array], float], counted: Counted) -> dict[str, float]:
    """Split the change of a two-group index into composition and structure.

    `index` takes counts of the group and of the others by area. Composition is the size of the two groups in the whole
    city; structure is how the group, and how the others, are spread over the areas. Returns before, after, change,
    composition, structure, and the two parts of structure: spread_of_group and spread_of_others. An index that does not
    depend on the groups' sizes (dissimilarity, Gini) has composition 0. Areas may be empty in one of the years.
    Raises SchemaError (counts), NotComputableError(group_is_empty) when a group is absent in one of the years.
    Source: Shapley 1953; for segregation Deutsch, Flückiger & Silber 2009, Research on Economic Inequality 17.
    """
    _check(counted)
    groups = (
        (counted.vulnerable_before, counted.vulnerable_after),
        (counted.others_before, counted.others_after),
    )
    if min(year.sum() for group in groups for year in group) <= 0:
        raise NotComputableError(
            "group_is_empty", "A group is absent in one of the years, so the index does not exist."
        )
    sizes = [[year.sum() for year in group] for group in groups]
    spread = [[year / year.sum() for year in group] for group in groups]

    def value(moved: frozenset[str]) -> float:
        size, first, second = (int(name in moved) for name in makers)
        return float(index(sizes[0][size] * spread[0][first], sizes[1][size] * spread[1][second]))

    makers = ["composition", "spread_of_group", "spread_of_others"]
    parts = {name: float(part) for name, part in shapley_values(makers, value).items()}
    before, after = value(frozenset()), value(frozenset(makers))
    structure = parts["spread_of_group"] + parts["spread_of_others"]
    return {"before": before, "after": after, "change": after - before, "structure": structure, **parts}
