"""Reads tables with a row per buurt and a column per year, whose name alone says what they are about.

The name is believed only when the figures agree: all but a few must be whole steps of the rounding of that indicator.
The few that are not were apportioned by the municipality to later boundaries, and become a source of their own. A 0
stands for no figure in these tables, or for one that rounding made 0.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import SourceError, examples
from kloof.files.areas import areas_to_name, code_names
from kloof.files.cells import YEAR, clean, tabulate
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas
from kloof.files.vocabularies import Column, Vocabularies
from kloof.schema import SetAside

FEWEST_YEARS = 3
WHOLE_STEPS = 0.9  # share of the figures that are whole steps when the name is right
STEP_OUT = 0.2  # a mean that lies this far below, or above, both years around it looks like a typing error
RECALCULATED = "_recalculated"


def read_yearly(
    opened: Opened,
    words: Vocabularies,
    catalogue: Catalogue,
    municipality: str | None,
    places: tuple[Path | None, pd.DataFrame | None],
) -> Reading | None:
    """Read a table with years for titles; None when it is none.

    `places` are a codebook and the areas known. Raises SourceError when the name says nothing kloof knows, or the
    figures contradict it.
    """
    rows = opened.rows or []
    if not rows or sum(re.fullmatch(YEAR, clean(title)) is not None for title in rows[0]) < FEWEST_YEARS:
        return None
    vocabulary = words["yearly"]
    titles = [clean(title) for title in rows[0]]
    years = [title for title in titles if re.fullmatch(YEAR, title)]
    rest = [title for title in titles if title not in years]
    named = next((title for title in rest[::-1] if vocabulary.why_aside(title) == "name"), None)
    if named is None:
        return None
    column = _subject(opened, words)
    cells = tabulate(opened.name, titles, rows[1:])
    value = cells[years].map(_number)
    indicator = catalogue.indicator(column.indicator)
    _believe(opened, value * column.times, indicator.rounding, column.indicator, finer=_finer(catalogue, column))
    known = areas_to_name(municipality, *places, opened.name)
    code, aside = code_names(cells[named].astype("str"), pd.Series("", index=cells.index), known[1], opened.name)
    steps = (value * column.times / indicator.rounding).round(6) % 1 != 0
    odd = (steps & value.notna()).to_numpy() & code.notna().to_numpy()[:, None]
    suspect = _suspect(value.to_numpy()) if indicator.kind == "mean" else np.zeros(value.shape, dtype=bool)
    regular = cells.copy()
    apart = pd.DataFrame("", index=cells.index, columns=cells.columns, dtype="object")
    for place, year in enumerate(years):
        apart.loc[odd[:, place], year] = cells.loc[odd[:, place], year]
        regular.loc[odd[:, place], year] = "apart"
        regular.loc[suspect[:, place], year] = "suspect"
    columns = {year: replace(column, year=int(year)) for year in years}
    first = int(years[0])
    empty = Grid(
        opened.name,
        code,
        first,
        cells,
        columns,
        zero_is_missing=frozenset({column.indicator}),
        comma_parts_thousands=True,
    )
    grids = _split(empty, regular, apart)
    notices = [SetAside("cells", 0, "recalculated_to_later_boundaries", str(int(odd.sum())))] if odd.any() else []
    if suspect.any():
        where = [f"{clean(cells[named][row])} {years[place]}" for row, place in zip(*np.nonzero(suspect), strict=True)]
        notices.append(SetAside("cells", 0, "looks_like_a_typing_error", examples(where)))
    return Reading(
        kind="yearly_table",
        edition=f"{column.indicator} {years[0]}-{years[-1]}",
        tables=((opened.name, len(cells), len(titles)),),
        grids=tuple(grids),
        areas=list_areas(code, code.map(known[1].set_index("code")["name"])),
        identity=tuple((title, vocabulary.why_aside(title) or "name") for title in rest),
        set_aside=(*aside, *notices),
    )


def _split(empty: Grid, regular: pd.DataFrame, apart: pd.DataFrame) -> list[Grid]:
    """Make grids of the figures as published, and of those that were apportioned, year by year."""
    grids = []
    for year, column in empty.columns.items():
        kept = empty.code.where(regular[year] != "apart")
        part = regular[[year]].replace({"suspect": "."})
        marks = {".": "suspect"} if (regular[year] == "suspect").any() else {}
        grids.append(replace(empty, code=kept, cells=part, columns={year: column}, marks=marks))
        if (apart[year] != "").any():
            other = {year: replace(column, publication=column.publication + RECALCULATED)}
            own = empty.code.where(apart[year] != "")
            grids.append(replace(empty, code=own, cells=apart[[year]], columns=other))
    return grids


def _subject(opened: Opened, words: Vocabularies) -> Column:
    """Find what the name of the file says it is about."""
    stem = "_" + re.sub(r"[^a-z]+", "_", clean(opened.path.stem).casefold()) + "_"
    names = words["yearly"].names
    found = {names[name].indicator: names[name] for name in names if f"_{name}_" in stem}
    if len(found) != 1:
        raise SourceError(
            f"{opened.name} has a column per year and does not say of what; its name should, by one of "
            f"{', '.join(sorted(names))}."
        )
    return next(iter(found.values()))


def _number(cell: object) -> float:
    """Read a count with a comma between thousands; no number is left for the cells to refuse."""
    text = clean(cell).replace(",", "")
    try:
        return float(text) if text else np.nan
    except ValueError:
        return np.nan


def _finer(catalogue: Catalogue, column: Column) -> float:
    """Find the next coarser rounding among counts of the same unit: figures that all fit it are something else."""
    own = catalogue.indicator(column.indicator)
    steps = sorted({i.rounding for i in catalogue.indicators.values() if i.unit == own.unit and i.kind == own.kind})
    return next((step for step in steps if step > own.rounding and step % own.rounding == 0 and step >= 100), np.inf)


def _believe(opened: Opened, value: pd.DataFrame, rounding: float, indicator: str, *, finer: float) -> None:
    """Refuse figures that contradict the name of their file."""
    numbers = value.to_numpy()
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if not len(numbers):
        raise SourceError(f"{opened.name} has no figures.")
    whole = np.mean(np.round(numbers / rounding, 6) % 1 == 0)
    coarser = np.mean(np.round(numbers / finer, 6) % 1 == 0) if np.isfinite(finer) else 0.0
    if whole < WHOLE_STEPS or coarser >= WHOLE_STEPS:
        also = f", {100 * coarser:.0f} % are steps of {finer:g}" if coarser else ""
        raise SourceError(
            f"{opened.name} is called {indicator}, published in steps of {rounding:g}; {100 * whole:.0f} % of its "
            f"figures are such steps{also}. Check what it is."
        )


def _suspect(value: np.ndarray) -> np.ndarray:
    """Find means that fall out of line with both years around them, in one direction."""
    found = np.zeros(value.shape, dtype=bool)
    before, here, after = value[:, :-2], value[:, 1:-1], value[:, 2:]
    with np.errstate(invalid="ignore"):
        low = (here > 0) & (here < (1 - STEP_OUT) * before) & (here < (1 - STEP_OUT) * after)
        high = (before > 0) & (after > 0) & (here * (1 - STEP_OUT) > before) & (here * (1 - STEP_OUT) > after)
    found[:, 1:-1] = low | high
    return found
