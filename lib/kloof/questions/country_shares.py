"""Asks the same of all municipalities at once: what carries the differences between buurten of one municipality.

What municipalities differ in is taken out first, so a rich town beside a poor one says nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue
from kloof.country.figures import held, of_nearest_year
from kloof.country.mechanisms import noise_of
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import Finding, Side, in_unit, with_range
from kloof.methods.arrays import Array
from kloof.methods.blocks import Explained, check_explained
from kloof.methods.regression import Estimate, Least, jackknifed, least
from kloof.methods.shapley import lmg_shares
from kloof.questions.explanations import LEADING, Facet, blocks_of, choose, explained
from kloof.store.shared import common
from kloof.study import claims


@dataclass(frozen=True)
class Within:
    """Shares of R² by block (0 to 1), their sum, and the lead of one block over each other, each with an interval."""

    shares: Mapping[str, Estimate]
    r_squared: Estimate
    leads: Mapping[str, Estimate]
    buurten: int
    municipalities: int


def within_shares(data: Explained, municipality: NDArray[np.generic], block: str, noise: Array | None = None) -> Within:
    """Share the R² within municipalities over blocks (LMG), pooled over all of them.

    Arrays have one entry per buurt. The weighted mean of its municipality is taken out of every figure; R² is of what
    is left. `noise` is the variance of the noise in every figure that explains (buurt × column), which is taken off: a
    figure with more noise would seem to carry less. Intervals are a delete-one-municipality jackknife, t on
    (municipalities - 1) degrees of freedom. Raises ParameterError (block), NotComputableError: only_noise,
    too_few_municipalities (fewer than five with two buurten or more), and what `blocks.check_explained` raises.
    Sources: Lindeman, Merenda & Gold 1980, p. 119; Tukey 1958, doi:10.1214/aoms/1177706647; Fuller 1987, Measurement
    Error Models, doi:10.1002/9780470316665, section 2.2.
    """
    if block not in data.blocks:
        raise ParameterError(f"{block!r} is not a block; known: {', '.join(data.blocks)}.")
    check_explained(data)
    labels, place, size = np.unique(municipality, return_inverse=True, return_counts=True)
    if (size > 1).sum() < 5:
        raise NotComputableError("too_few_municipalities", f"{len(labels)} municipalities are too few for an interval.")
    figures = np.column_stack([data.outcome, data.design()])
    total = np.bincount(place, weights=data.weight)
    means = np.column_stack([np.bincount(place, weights=data.weight * column) / total for column in figures.T])
    left = figures - means[place]
    scale = np.sqrt((data.weight @ left**2) / data.weight.sum())
    left = left / scale
    order = np.argsort(place, kind="stable")
    products = data.weight[:, None, None] * left[:, :, None] * left[:, None, :]
    if noise is not None:
        room = data.weight * (1 - data.weight / total[place])
        at = np.arange(1, figures.shape[1])
        products[:, at, at] -= room[:, None] * noise / scale[1:] ** 2
        if np.linalg.eigvalsh(products.sum(axis=0)[1:, 1:])[0] <= 0:
            raise NotComputableError("only_noise", "All differences in what explains may be noise.")
    crossed = np.add.reduceat(products[order], np.cumsum(size) - size, axis=0)
    whole = crossed.sum(axis=0)
    states = np.concatenate([whole[None], whole - crossed[size > 1]])
    parts = lmg_shares(states, {name: at + 1 for name, at in data.places().items()})
    sums = np.sum(list(parts.values()), axis=0)
    known = int((size[place] > 1).sum())
    return Within(
        {name: jackknifed(part) for name, part in parts.items()},
        jackknifed(sums),
        {name: jackknifed(parts[block] - part) for name, part in parts.items() if name != block},
        known,
        int((size > 1).sum()),
    )


def in_store(known: Catalogue) -> tuple[list[Finding], pd.DataFrame]:
    """Judge the lead of resources in health within all municipalities of the store, in each year that can be laid out.

    Returns one finding per year, and the table: indicator, year, part, estimate, low, high (percent), buurten,
    municipalities. A year in which a block has no figures is a finding with that reason. It is about every
    municipality, so it is computed once for a whole batch.
    """
    return common("in_store", lambda: claims.registry().sha256, lambda: _in_store(known))


def _in_store(known: Catalogue) -> tuple[list[Finding], pd.DataFrame]:
    """Read and judge all municipalities."""
    outcome = "good_perceived_health_share"
    rules = claims.registry().claims["C10"]
    names = [name for facets in rules["facets"].values() for listed in facets.values() for name in listed]
    tables = {name: held(known, name) for name in dict.fromkeys((outcome, "inhabitants", *names))}
    found: list[Finding] = []
    rows: list[dict[str, object]] = []
    for year in tables[outcome].columns:
        finding, more = _of_year(known, outcome, int(year), tables)
        found.append(finding)
        rows += more
    return found, pd.DataFrame(rows)


def _of_year(
    known: Catalogue, outcome: str, year: int, held: Mapping[str, pd.DataFrame]
) -> tuple[Finding, list[dict[str, object]]]:
    """Judge one year."""
    target = held[outcome][year].dropna()
    weight = of_nearest_year(held["inhabitants"], year).reindex(target.index)
    enough = float(known.settings["coverage_minimum"])
    whole = float(weight.sum())
    there: dict[str, list[int]] = {}
    for name, table in held.items():
        at = [int(y) for y in table.columns]
        shares = (
            {y: 100 * float(weight[table[y].reindex(target.index).notna()].sum()) / whole for y in at} if whole else {}
        )
        there[name] = [y for y, share in shares.items() if share >= enough]
    facets, lacking = choose(outcome, year, there)
    fields: dict[str, Any] = {
        "id": f"10.within.{year}", "kind": "lead", "measure": "within", "unit": "points", "indicator": outcome,
        "decimals": 1, "flags": ("modelled", "leans_on_itself", "all_municipalities"),
    }  # fmt: skip
    if lacking or blocks_of(facets) == 0:
        side = Side(year, n_units=len(target))
        return Finding(**fields, reason="block_without_figures", a=side, b=side), []
    columns = {facet.name: held[facet.indicator][facet.year].reindex(target.index) for facet in facets}
    table = pd.DataFrame({"outcome": target, **columns, "weight": weight})
    table = table[table.notna().all(axis=1) & (table["weight"] > 0)]
    data, towns = explained(table, facets, known, outcome), np.asarray(table.index.str.slice(2, 6), dtype=str)
    try:
        made = within_shares(data, towns, LEADING, _noise(known, facets, table))
        plain = least(within_shares(data, towns, LEADING).leads)
    except NotComputableError as problem:
        side = Side(year, n_units=len(table))
        return Finding(**fields, reason=problem.reason, a=side, b=side), []
    return _told(fields, year, made, facets, plain)


def _noise(known: Catalogue, facets: Sequence[Facet], table: pd.DataFrame) -> Array:
    """Give the noise in every column that explains, in the order of the blocks; that of a model's is not known: 0.

    Rates are taken in logarithms, so theirs is by the slope of the logarithm (delta method).
    """
    columns = []
    for block in dict.fromkeys(facet.block for facet in facets):
        for facet in (one for one in facets if one.block == block):
            value = table[facet.name].to_numpy(float)
            noise = noise_of(known, facet.indicator, value, table["weight"].to_numpy(float))
            steep = 1 / (1 + value) if known.indicator(facet.indicator).kind == "rate" else np.ones(len(value))
            columns.append(np.zeros(len(value)) if noise is None else noise * steep**2)
    return np.column_stack(columns)


def _told(
    fields: Mapping[str, Any], year: int, made: Within, facets: Sequence[Facet], plain: Least
) -> tuple[Finding, list[dict[str, object]]]:
    """Make the finding and the rows of one year."""
    side = Side(year, n_units=made.buurten)
    told = {**{name: share.estimate for name, share in made.shares.items()}, "r_squared": made.r_squared.estimate}
    lead = least(made.leads)
    details = in_unit("percent", 0, **{name: 100 * value for name, value in told.items()})
    details |= in_unit("number", 0, municipalities=made.municipalities, buurten=made.buurten)
    details |= in_unit("number", degrees=lead.df)
    ends = {"plain": plain.estimate, "plain_low": plain.low, "plain_high": plain.high}
    details |= in_unit("points", 1, **{name: 100 * end for name, end in ends.items()})
    apart = ["years_apart"] if any(facet.year != year for facet in facets) else []
    flags = [*fields["flags"], "noise_taken_off", *apart]
    finding = Finding(
        **{**fields, "flags": tuple(flags)}, **with_range(lead, 100), range_kind=("process",), a=side, b=side,
        smallest_effect=float(claims.registry().claims["C10"]["smallest_share"]), details=details,
    )  # fmt: skip
    rows = [
        {"indicator": fields["indicator"], "year": year, "part": name, **with_range(one, 100),
         "buurten": made.buurten, "municipalities": made.municipalities}
        for name, one in (*made.shares.items(), ("r_squared", made.r_squared))
    ]  # fmt: skip
    return finding, rows
