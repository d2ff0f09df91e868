"""Reads figures by four-digit postcode that are no map: the income workbook of CBS, and Leefbaarometer 2.0.

A postcode area is a second geography: it crosses the borders of buurten and is no part of a municipality.
"""

import re
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof.errors import SourceError
from kloof.files.cells import clean, is_source, tabulate
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas, read_codes, read_postcodes, sort_titles
from kloof.files.vocabularies import Vocabularies
from kloof.schema import SetAside

CLASS_TITLE = re.compile(r"KL\d\d|RLBRMTR\d\d", re.IGNORECASE)
BY_PREFIX = {"GM": "lbm2_gemeente", "WK": "lbm2_wijk", "PC": "lbm2_pc4"}


def read_income_workbook(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read the workbook of income per postcode: titles in several rows above the line with units."""
    vocabulary = words["postcode_income"]
    for name, rows in (opened.sheets or {}).items():
        first = [clean(row[0]) if row else "" for row in rows]
        if "Postcodegebied" not in first or not any("percentiel" in map(clean, row) for row in rows[:14]):
            continue
        head = first.index("Postcodegebied")
        top = next(number for number, row in enumerate(rows) if any(clean(cell) for cell in row[1:]))
        titles = ["Postcodegebied"] + [
            " ".join(part for row in rows[top:head] if (part := clean(row[place]))) for place in range(1, len(rows[0]))
        ]
        year = opened.one_year(" ".join(first[:head]))
        body = [row for row in rows[head + 1 :] if clean(row[0])]
        below = [row for row in body if is_source(clean(row[0]))]
        cells = tabulate(opened.name, titles, [row for row in body if row not in below])
        found = sort_titles(titles, vocabulary, opened.name)
        country = cells["Postcodegebied"].map(clean) == "Nederland"
        code = read_postcodes(cells["Postcodegebied"][~country], opened.name).reindex(cells.index)
        code = code.where(~country, "NL00")
        return Reading(
            kind="cbs_postcode_income",
            edition=f"IIVS {year}",
            tables=((f"{opened.name}, {name}", len(cells) + len(below), len(titles)),),
            grids=(Grid(opened.name, code, year, cells, found.columns),),
            areas=list_areas(code, code.str.removeprefix("PC").replace({"NL00": "Nederland"})),
            identity=found.identity,
            not_understood=tuple((year, title) for title in found.unknown),
            set_aside=(
                *([SetAside("rows", len(below), "source_line")] if below else []),
                SetAside("cells", 0, "households_rounded_to_hundreds"),
            ),
        )
    return None


def read_leefbaarometer(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read classes and scores of Leefbaarometer 2.0, by postcode (CSV) or by wijk and municipality (JSON)."""
    if opened.rows:
        titles = opened.rows[0]
        if titles[0].upper() not in ("CODE", "GBD") or not any(map(CLASS_TITLE.fullmatch, titles)):
            return None
        # these files end a row at its last figure; one that ends in a blank cell would mean that rows were cut off
        short = [row for row in opened.rows[1:] if len(row) < len(titles)]
        trimmed = not any(len(row) == len(titles) and not row[-1] for row in opened.rows[1:])
        full = [[*row, *[""] * (len(titles) - len(row))] if trimmed else row for row in opened.rows[1:]]
        cells = tabulate(opened.name, titles, full)
        code = read_postcodes(cells[titles[0]], opened.name)
        aside = [SetAside("rows", 0, "rows_end_at_their_last_figure", str(len(short)))] if short else []
    elif isinstance(opened.content, dict) and _classes(opened.content):
        cells = pd.DataFrame.from_dict(opened.content, orient="index", dtype="object").reset_index(names="code")
        titles = [str(title) for title in cells.columns]
        code, aside = read_codes(cells["code"], opened.name)
    else:
        return None
    vocabulary = words["leefbaarometer"]
    found = sort_titles(titles, vocabulary, opened.name)
    publication = BY_PREFIX.get(code.iloc[0][:2])
    if publication is None or not (code.str.slice(0, 2) == code.iloc[0][:2]).all():
        raise SourceError(f"{opened.name} holds areas of several levels; kloof knows Leefbaarometer 2.0 by one.")
    columns = {title: replace(column, publication=publication) for title, column in found.columns.items()}
    marks = {"": "not_published", "null": "not_published", "none": "not_published"}
    first = min(column.year for column in columns.values())
    return Reading(
        kind="leefbaarometer_2",
        edition="Leefbaarometer 2.0",
        tables=((opened.name, len(cells), len(titles)),),
        grids=(Grid(opened.name, code, first, cells, columns, marks=marks),),
        areas=list_areas(code, code.str.removeprefix("PC")),
        identity=found.identity,
        not_understood=tuple((first, title) for title in found.unknown),
        set_aside=tuple(aside),
    )


def _classes(content: dict[str, Any]) -> bool:
    """Tell whether this is {code: {KL02: …}}."""
    areas = list(content.values())
    if not areas or not all(isinstance(one, dict) and "code" not in one for one in areas):
        return False
    return any(map(CLASS_TITLE.fullmatch, areas[0]))
