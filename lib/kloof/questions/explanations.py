"""Chooses the figures that stand for residents' resources, housing and liveability, and shares out what they explain.

What may stand for what is registered with claim C10 before the run; here it is only looked up what the data have, by
buurt of one place, or in all municipalities at once. What municipalities differ in is taken out first there, so a rich
town beside a poor one says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue
from kloof.country.figures import held, of_nearest_year
from kloof.country.mechanisms import noise_of
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import Finding, Side, in_unit, with_range
from kloof.methods.arrays import Array, Flags
from kloof.methods.blocks import Explained, check_explained
from kloof.methods.regression import Estimate, Least, jackknifed, least
from kloof.methods.shapley import lmg_shares
from kloof.store.shared import common
from kloof.study import claims
from kloof.study.panel import series, sizes
from kloof.study.study import Study, usable_years

LEADING = "resources"
Years = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Facet:
    """One column: its block and facet, the indicator and year that stand for it, and whether the outcome shares it."""

    block: str
    name: str
    indicator: str
    year: int
    shared: bool


@dataclass(frozen=True)
class Explanation:
    """An outcome of one year with its columns, by buurt; without figures `reason` says why and `missing` what lacks.

    `missing` names the indicators that could fill the blocks without any column.
    """

    outcome: str
    year: int | None = None
    facets: tuple[Facet, ...] = ()
    data: Explained | None = None
    codes: tuple[str, ...] = ()
    is_focus: Flags = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    coverage: float = 0.0
    sources: tuple[str, ...] = ()
    left_out: int = 0
    reason: str | None = None
    missing: tuple[str, ...] = ()


def components_of(name: str) -> frozenset[str]:
    """Give what a figure is made of: its facets, and what is registered beside them."""
    rules = claims.registry().claims["C10"]
    own = {facet for facets in rules["facets"].values() for facet, names in facets.items() if name in names}
    return frozenset(own | set(rules["components"].get(name, ())))


def choose(outcome: str, year: int, there: Years) -> tuple[list[Facet], list[str]]:
    """Choose the columns for an outcome of a year: each block its first facets that have a figure near that year.

    `there` gives the years in which each indicator has enough figures. Facets of the outcome itself are left out.
    All blocks get as many columns as the block with fewest: one with more figures would measure more of what it stands
    for, and lead by that alone. Of its columns a block keeps first those that share nothing with the outcome.
    Returns the columns, and for blocks without any the indicators that could have filled them.
    """
    rules = claims.registry().claims["C10"]
    chosen: dict[str, list[Facet]] = {}
    lacking: list[str] = []
    for block, facets in rules["facets"].items():
        found: list[Facet] = []
        open_to = {facet: names for facet, names in facets.items() if outcome not in names}
        for facet, names in open_to.items():
            near = {name: [y for y in there.get(name, ()) if abs(y - year) <= rules["years_apart"]] for name in names}
            name = next((name for name in names if near[name]), None)
            if name is None or len(found) == rules["columns"]:
                continue
            nearest = min(near[name], key=lambda candidate: (abs(candidate - year), candidate))
            shared = bool(components_of(name) & components_of(outcome))
            found.append(Facet(block, facet, name, nearest, shared))
        lacking += [] if found else [name for names in open_to.values() for name in names]
        if found:
            chosen[block] = found
    fewest = min(map(len, chosen.values()), default=0)
    kept = {block: sorted(found, key=lambda facet: facet.shared)[:fewest] for block, found in chosen.items()}
    return [facet for block, found in chosen.items() for facet in found if facet in kept[block]], lacking


def leans_on_itself(laid: Explanation) -> bool:
    """Tell whether every column of the resources is made of the same figures as the outcome."""
    own = [facet.shared for facet in laid.facets if facet.block == LEADING]
    return bool(own) and all(own)


def blocks_of(facets: Sequence[Facet]) -> int:
    """Count the blocks that have a column."""
    return len({facet.block for facet in facets})


def explained(table: pd.DataFrame, facets: Sequence[Facet], known: Catalogue, outcome: str) -> Explained:
    """Make the blocks out of a table: `outcome`, `weight` and one column per facet. Rates are taken in logarithms."""
    is_rate = {facet.name: known.indicator(facet.indicator).kind == "rate" for facet in facets}
    columns = {name: np.log1p(table[name]) if rate else table[name] for name, rate in is_rate.items()}
    names = {block: [f.name for f in facets if f.block == block] for block in dict.fromkeys(f.block for f in facets)}
    made_of: dict[str, set[str]] = {"outcome": set(components_of(outcome))}
    for facet in facets:
        made_of.setdefault(facet.block, set()).update(components_of(facet.indicator))
    return Explained(
        outcome=table["outcome"].to_numpy(dtype=np.float64),
        blocks={block: np.column_stack([columns[name] for name in own]) for block, own in names.items()},
        weight=table["weight"].to_numpy(dtype=np.float64),
        components={name: tuple(sorted(parts)) for name, parts in made_of.items()},
    )


def explanation(study: Study, outcome: str) -> Explanation:
    """Lay an outcome out in the year with most blocks, then columns, then buurten, then the nearest figures."""
    rules = claims.registry().claims["C10"]
    apart = int(rules["years_apart"])
    window = study.p.year_from, study.p.year_to
    names = [name for facets in rules["facets"].values() for listed in facets.values() for name in listed]
    there = {name: usable_years(study, name, window[0] - apart, window[1] + apart)[0] for name in names}
    years = usable_years(study, outcome, *window)[0]
    best: tuple[tuple[int, int, int, int, int], Explanation] | None = None
    for year in years:
        facets, lacking = choose(outcome, year, there)
        if lacking:
            laid = Explanation(outcome, year, tuple(facets), reason="block_without_figures", missing=tuple(lacking))
        else:
            laid = _in_year(study, outcome, year, facets)
        apart_in_all = sum(abs(facet.year - year) for facet in facets)
        score = blocks_of(facets), len(facets), len(laid.codes), -apart_in_all, year
        if best is None or score > best[0]:
            best = score, laid
    return best[1] if best else Explanation(outcome, reason="no_figures", missing=(outcome,))


def _in_year(study: Study, outcome: str, year: int, facets: Sequence[Facet]) -> Explanation:
    """Lay out one year: the buurten that have the outcome, all columns and a weight."""
    parts = [("outcome", outcome, year), *[(facet.name, facet.indicator, facet.year) for facet in facets]]
    columns, used = {}, set()
    for key, name, at in parts:
        table = series(study.data, study.known, name)
        rows = table[(table["year"] == at) & (table["status"] == "measured")].set_index("code")
        columns[key] = rows["value"]
        used |= {part for source in rows["source"] for part in source.split("|") if part}
    try:
        size = sizes(study.data, study.known, study.known.indicator(outcome).weighed_by, year)
    except NotComputableError as problem:
        return Explanation(outcome, year, tuple(facets), reason=problem.reason)
    table = pd.DataFrame({**columns, "weight": size.value})
    whole = table[table.notna().all(axis=1) & (table["weight"] > 0)].sort_index()
    codes = tuple(str(code) for code in whole.index)
    return Explanation(
        outcome,
        year,
        tuple(facets),
        explained(whole, facets, study.known, outcome),
        codes,
        np.isin(codes, study.focus.codes),
        size.share(list(codes)),
        tuple(sorted(used)),
        int(columns["outcome"].notna().sum()) - len(codes),
    )


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
