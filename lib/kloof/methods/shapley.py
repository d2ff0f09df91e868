"""Shares a number over what made it, fairly: the Shapley value, and with it the R² of blocks (LMG).

A part is what its maker adds, averaged over all orders in which the makers can join; parts sum to the whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import NotComputableError, ParameterError
from kloof.measures.tables import FloatArray
from kloof.methods.arrays import Array
from kloof.methods.blocks import Explained, check_explained
from kloof.methods.randomisation import limits
from kloof.methods.regression import Least, from_t, least

MOST_MAKERS = 12  # 2^12 values; more is a sign that makers should be joined in blocks


def shapley_values(makers: Sequence[str], value: Callable[[frozenset[str]], FloatArray | float]) -> dict[str, Array]:
    """Share value(all) - value(none) over the makers, exactly.

    `value` takes the makers that take part and gives a number, or an array of numbers to share all at once; it is
    called once for each of the 2^k subsets. Returns maker → array of the same shape. Raises ParameterError when a maker
    is named twice or there are more than `MOST_MAKERS`. Source: Shapley 1953, doi:10.1515/9781400881970-018.
    """
    count = len(makers)
    if len(set(makers)) < count or not 1 <= count <= MOST_MAKERS:
        raise ParameterError(f"Name 1 to {MOST_MAKERS} different makers, got {', '.join(makers) or 'none'}.")
    worth = {
        frozenset(chosen): np.asarray(value(frozenset(chosen)), dtype=np.float64)
        for size in range(count + 1)
        for chosen in combinations(makers, size)
    }
    parts = {}
    for maker in makers:
        others = [subset for subset in worth if maker not in subset]
        weight = {size: factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)}
        terms = [weight[len(subset)] * (worth[subset | {maker}] - worth[subset]) for subset in others]
        parts[maker] = np.asarray(np.sum(terms, axis=0))
    return parts


@dataclass(frozen=True)
class RSquared:
    """How much of the differences between buurten each block carries.

    `shares` has one row per block: block, columns (how many), estimate, low, high (parts of R², 0 to 1, that sum to
    `r_squared`), by_chance (what a block of this size gets when its rows are dealt at random) and p_value (how often
    chance gives as much). `sharing` names the blocks that share a component with the outcome. `low`-`high` is a
    percentile bootstrap: it has no power to say that a share is 0, which no share ever is; `p_value` says that.
    """

    shares: pd.DataFrame
    r_squared: float
    r_squared_low: float
    r_squared_high: float
    adjusted: float
    buurten: int
    sharing: tuple[str, ...]


def r_squared_shares(data: Explained, rng: np.random.Generator, draws: int = 999) -> RSquared:
    """Share the R² of a weighted linear regression over blocks (LMG), with a bootstrap over buurten.

    Raises SchemaError and NotComputableError(not_identified) on the data, too_few_buurten (no more buurten than columns
    + 2), no_variation (the outcome does not vary), too_few_draws.
    Sources: Lindeman, Merenda & Gold 1980, p. 119; Grömping 2007, doi:10.1198/000313007X188252; Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585 (p-value).
    """
    figures, places = _standardised(data)
    units, columns = len(figures), figures.shape[1] - 1
    counts = np.vstack([np.ones(units), rng.multinomial(units, np.full(units, 1 / units), size=draws)])
    crossed = _covariances(figures[None], counts * data.weight)
    parts = lmg_shares(crossed, places)
    whole = np.sum(list(parts.values()), axis=0)
    rows = []
    for name, place in places.items():
        low, high = limits(np.sort(parts[name][1:]))
        by_chance = _dealt(figures, name, data.weight, places, rng, draws)
        chance = (int((by_chance >= parts[name][0] - 1e-12).sum()) + 1) / (draws + 1)
        estimate = float(parts[name][0])
        rows.append((name, len(place), estimate, low, high, float(by_chance.mean()), chance))
    names = ["block", "columns", "estimate", "low", "high", "by_chance", "p_value"]
    low, high = limits(np.sort(whole[1:]))
    adjusted = 1 - (1 - float(whole[0])) * (units - 1) / (units - columns - 1)
    return RSquared(pd.DataFrame(rows, columns=names), float(whole[0]), low, high, adjusted, units, data.sharing())


def lead(data: Explained, block: str, rng: np.random.Generator, draws: int = 999) -> tuple[Least, float, float]:
    """Give by how much the share of R² of one block leads that of the largest other (-1 to 1), and that by chance.

    The third number is the standard error of what is by chance, and so of the lead and its ends, had others been drawn.

    One block against each of the others, never against all of them together: of three equal blocks each carries less
    than the two others do, so that question finds against a block that is behind none. What blocks of these sizes get
    when their rows are dealt at random is taken off, which makes up for columns of noise; a block with more figures
    measures more of what it stands for all the same, so blocks should have as many columns each (`explanations.choose`
    sees to it). Each interval is a delete-one jackknife, t on (buurten - 1) degrees of freedom, and together they make
    that of the lead (`regression.least`).
    Raises ParameterError (block, or no other block), and what `r_squared_shares` raises.
    Source: Tukey 1958, doi:10.1214/aoms/1177706647.
    """
    if block not in data.blocks or len(data.blocks) < 2:
        raise ParameterError(f"{block!r} is not a block beside others; known: {', '.join(data.blocks)}.")
    figures, places = _standardised(data)
    units = len(figures)
    counts = np.vstack([np.ones(units), 1 - np.eye(units)])
    shares = lmg_shares(_covariances(figures[None], counts * data.weight), places)
    dealt = {name: _dealt(figures, name, data.weight, places, rng, draws) for name in places}
    by_chance = {name: float(drawn.mean()) for name, drawn in dealt.items()}
    ahead = {}
    for name in places:
        if name != block:
            apart = shares[block] - shares[name]
            off = apart[1:] - apart[1:].mean()
            error = float(np.sqrt((units - 1) / units * (off @ off)))
            found = float(apart[0]) - by_chance[block] + by_chance[name]
            ahead[name] = from_t(found, error, units - 1, units, units)
    smallest = least(ahead)
    error = float(np.sqrt((dealt[block].var() + dealt[smallest.name].var()) / draws))
    return smallest, by_chance[block] - by_chance[smallest.name], error


def _standardised(data: Explained) -> tuple[Array, dict[str, NDArray[np.intp]]]:
    """Give outcome and columns on one scale, and the places of each block's columns; refuse what cannot be shared."""
    check_explained(data)
    units, columns = data.design().shape
    if units <= columns + 2:
        raise NotComputableError("too_few_buurten", f"{units} buurten are too few for {columns} columns.")
    if np.ptp(data.outcome) <= 1e-12 * np.abs(data.outcome).max():
        raise NotComputableError("no_variation", "The outcome is the same in every buurt: nothing to explain.")
    figures = np.column_stack([data.outcome, data.design()])
    places = {name: place + 1 for name, place in data.places().items()}
    return (figures - figures.mean(axis=0)) / figures.std(axis=0), places


def _dealt(
    figures: Array,
    name: str,
    weight: Array,
    places: Mapping[str, NDArray[np.intp]],
    rng: np.random.Generator,
    draws: int,
) -> Array:
    """Give the share of a block whose rows are dealt at random, one per draw."""
    order = rng.random((draws, len(figures))).argsort(axis=1)
    dealt = np.broadcast_to(figures, (draws, *figures.shape)).copy()
    dealt[:, :, places[name]] = figures[order][:, :, places[name]]
    return lmg_shares(_covariances(dealt, weight[None]), places)[name]


def _covariances(figures: Array, weight: Array) -> Array:
    """Weighted covariances, by draw: figures (draws or 1 × buurten × columns), weight (draws or 1 × buurten)."""
    share = weight / weight.sum(axis=1, keepdims=True)
    mean = np.matmul(share[:, None, :], figures)[:, 0, :]
    square = np.matmul(np.swapaxes(figures * share[..., None], -1, -2), figures)
    return np.asarray(square - mean[:, :, None] * mean[:, None, :])


def lmg_shares(crossed: Array, places: Mapping[str, NDArray[np.intp]]) -> dict[str, Array]:
    """Share R² over blocks out of covariances (draws × 1 + columns × 1 + columns); column 0 is the outcome.

    In a resample in which columns coincide the pseudo-inverse gives the same R² without the superfluous one.
    """

    def r_squared(chosen: frozenset[str]) -> FloatArray:
        if not chosen:
            return np.zeros(len(crossed))
        place = np.concatenate([places[name] for name in places if name in chosen])
        inner = np.linalg.pinv(crossed[:, place[:, None], place], rcond=1e-10, hermitian=True)
        with_outcome = crossed[:, place, 0]
        return np.asarray(np.einsum("di,dij,dj->d", with_outcome, inner, with_outcome) / crossed[:, 0, 0])

    return shapley_values(list(places), r_squared)
