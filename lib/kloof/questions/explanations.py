"""Chooses the figures that stand for residents' resources, housing and liveability, and lays them out by buurt.

What may stand for what is registered with claim C10 before the run; here it is only looked up what the data have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import NotComputableError
from kloof.methods.arrays import Flags
from kloof.methods.blocks import Explained
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
