"""Splits the gap between focus and rest: what they have less of, and what they get less for it (Oaxaca-Blinder).

The explained part is what the gap would be if both groups had the same coefficients; it is bookkeeping, not a cause.
All parts are in the unit of the outcome, and focus minus rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError, ParameterError
from kloof.methods.arrays import Array, Flags
from kloof.methods.blocks import Explained, check_explained
from kloof.methods.regression import Estimate, from_t

REFERENCES = ("rest", "focus", "pooled", "pooled_with_group", "cotton", "reimers")


@dataclass(frozen=True)
class TwoFold:
    """The gap as explained plus unexplained, each with its part per block.

    `parts` has one row per number: part ("gap", "explained", "unexplained_focus", "unexplained_rest", or a block of the
    explained part), kind ("total", "part", "block"), estimate, se, low, high. `leads` is what the block that was asked
    for explains minus what each other block does. `unexplained_focus` is
    what the focus buurten get more than the reference coefficients give, `unexplained_rest` what the rest gets less.
    The unexplained part is not split over blocks: that split depends on where a column has its zero (Oaxaca & Ransom
    1999, doi:10.1162/003465399767923908). `sharing` names the blocks that share a component with the outcome.
    """

    parts: pd.DataFrame
    sharing: tuple[str, ...]
    leads: Mapping[str, Estimate]


def two_fold(
    data: Explained,
    is_focus: Flags,
    reference: str,
    rng: np.random.Generator,
    draws: int = 999,
    lead: str | None = None,
) -> TwoFold:
    """Split the gap with one set of coefficients β for both groups.

    gap = (X̄_F − X̄_R)β + (ȳ_F − X̄_F β) + (X̄_R β − ȳ_R), with weighted means and weighted least squares. `reference`:
    "rest" or "focus": the coefficients of that group (Oaxaca 1973, doi:10.2307/2525981; Blinder 1973,
    doi:10.2307/144855); "pooled": of all buurten (Neumark 1988, doi:10.2307/145886); "pooled_with_group": the same
    with a column for the group, so that the gap itself does not leak into β (Jann 2008,
    doi:10.1177/1536867X0800800401); "cotton": the groups' coefficients weighed by the groups' weight (Cotton 1988,
    doi:10.2307/1928307); "reimers": halfway (Reimers 1983, doi:10.2307/1924194).

    The interval resamples buurten within each group; its standard error is multiplied by the t value on (smallest
    group - 1) degrees of freedom, and by √(n/(n-1)) of that group, since a resample varies too little. With the name of
    a block as `lead` what it explains is set beside each other block, one by one (why not together: `shapley.lead`).
    Raises ParameterError (reference, lead), SchemaError, NotComputableError: too_few_buurten (a group whose
    coefficients are needed has no more buurten than coefficients + 1, or more than one in twenty draws has none),
    not_identified.
    """
    if reference not in REFERENCES:
        raise ParameterError(f"reference {reference!r} is unknown; known: {', '.join(REFERENCES)}.")
    if lead is not None and lead not in data.blocks:
        raise ParameterError(f"lead {lead!r} is not a block; known: {', '.join(data.blocks)}.")
    _check(data, is_focus, _needed(reference))
    places = data.places()
    names = ["gap", "explained", "unexplained_focus", "unexplained_rest", *places]
    others = [name for name in places if name != lead] if lead else []

    def split(counts: Array) -> Array:
        outcome, means, total = _means(data, is_focus, counts)
        slope = _reference(data, is_focus, counts, reference, total)
        moved = (means[:, 0] - means[:, 1]) * slope[:, 1:]
        expected = slope[:, :1] + (means * slope[:, None, 1:]).sum(axis=2)
        over = outcome - expected
        blocks = {name: moved[:, place].sum(axis=1) for name, place in places.items()}
        leads = [blocks[str(lead)] - blocks[name] for name in others]
        whole = outcome[:, 0] - outcome[:, 1], moved.sum(axis=1), over[:, 0], -over[:, 1]
        return np.column_stack([*whole, *blocks.values(), *leads])

    found = _with_intervals(split, is_focus, rng, draws)
    kinds = ["total", *["part"] * 3, *["block"] * len(places)]
    leads = dict(zip(others, found[len(names) :], strict=True))
    return TwoFold(_table(names, kinds, found[: len(names)]), data.sharing(), leads)


def _needed(reference: str) -> tuple[bool, ...]:
    """Tell which groups' own coefficients a reference needs: True for focus, False for rest."""
    return {"rest": (False,), "focus": (True,), "cotton": (True, False), "reimers": (True, False)}.get(reference, ())


def _check(data: Explained, is_focus: Flags, needed: tuple[bool, ...]) -> None:
    check_explained(data)
    coefficients = data.design().shape[1] + 1
    for side in (True, False):
        size = int((is_focus == side).sum())
        least = coefficients + 2 if side in needed else 2
        if size < least:
            group = "focus" if side else "rest"
            raise NotComputableError(
                "too_few_buurten",
                f"The {group} has {size} buurten; this split needs {least} or more. Take fewer columns, or the "
                f"coefficients of the larger group as reference.",
            )
    if len(is_focus) < coefficients + 3:
        raise NotComputableError(
            "too_few_buurten", f"{len(is_focus)} buurten cannot carry {coefficients} coefficients."
        )


def _means(data: Explained, is_focus: Flags, counts: Array) -> tuple[Array, Array, Array]:
    """Weighted means by draw and group (focus, rest): outcome (draws × 2), columns (draws × 2 × columns), weight."""
    outcome, means, total = [], [], []
    for side in (is_focus, ~is_focus):
        held = counts * side * data.weight
        size = held.sum(axis=1)
        total.append(size)
        outcome.append(held @ data.outcome / size)
        means.append(held @ data.design() / size[:, None])
    return np.stack(outcome, axis=1), np.stack(means, axis=1), np.stack(total, axis=1)


def _coefficients(design: Array, data: Explained, counts: Array) -> Array:
    """Weighted least squares with a constant in every draw: (draws × coefficients), NaN where they do not exist.

    Columns are put on one scale first, so that the normal equations lose no digits.
    """
    centre, scale = design.mean(axis=0), design.std(axis=0)
    columns = np.column_stack([np.ones(len(design)), (design - centre) / scale])
    held = counts * data.weight
    cross = np.einsum("dn,ni,nj->dij", held, columns, columns, optimize=True)
    right = (held * data.outcome) @ columns
    exists = np.linalg.cond(cross) < 1e10
    slope = np.full(right.shape, np.nan)
    if exists.any():
        slope[exists] = np.linalg.solve(cross[exists], right[exists][..., None])[..., 0]
    slope[:, 1:] /= scale
    slope[:, 0] -= slope[:, 1:] @ centre
    return slope


def _reference(data: Explained, is_focus: Flags, counts: Array, reference: str, total: Array) -> Array:
    """Give the reference coefficients of every draw, the constant first."""
    design = data.design()
    if reference == "pooled":
        return _coefficients(design, data, counts)
    if reference == "pooled_with_group":
        slope = _coefficients(np.column_stack([design, is_focus.astype(np.float64)]), data, counts)
        slope[:, 0] += slope[:, -1] * total[:, 0] / total.sum(axis=1)
        return slope[:, :-1]
    if reference in ("focus", "rest"):
        return _coefficients(design, data, counts * (is_focus == (reference == "focus")))
    focus, rest = (_coefficients(design, data, side * counts) for side in (is_focus, ~is_focus))
    part = total[:, :1] / total.sum(axis=1, keepdims=True) if reference == "cotton" else 0.5
    return np.asarray(part * focus + (1 - part) * rest)


def _with_intervals(
    split: Callable[[Array], Array], is_focus: Flags, rng: np.random.Generator, draws: int
) -> list[Estimate]:
    """Estimate every part, and its spread when buurten are resampled within their group."""
    units = len(is_focus)
    estimate = split(np.ones((1, units)))[0]
    counts = np.zeros((draws, units))
    stretch = 1.0
    for side in (is_focus, ~is_focus):
        members = np.flatnonzero(side)
        drawn = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
        counts[:, members] = drawn
        stretch = max(stretch, len(members) / (len(members) - 1))
    parts = split(counts)
    usable = np.isfinite(parts).all(axis=1)
    discarded = int((~usable).sum())
    if discarded > draws / 20:
        raise NotComputableError(
            "too_few_buurten", f"In {discarded} of {draws} resamples the coefficients do not exist: too few buurten."
        )
    error = parts[usable].std(axis=0, ddof=1) * np.sqrt(stretch)
    df = int(min(is_focus.sum(), (~is_focus).sum())) - 1
    return [from_t(float(e), float(s), df, units, units) for e, s in zip(estimate, error, strict=True)]


def _table(names: list[str], kinds: list[str], found: list[Estimate]) -> pd.DataFrame:
    rows = [(name, kind, one.estimate, one.se, one.low, one.high, one.df)
            for name, kind, one in zip(names, kinds, found, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["part", "kind", "estimate", "se", "low", "high", "df"])
