"""Recognises what a file is by what is in it, and reads it whole: figures, areas, sources, and all that was not used.

The name of a file counts only where its content cannot say it (the year of a CSV), and never alone. What nothing here
knows is refused, with what it looks like and what to do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.ceilings import in_bounds
from kloof.errors import ParameterError, SchemaError, SourceError, examples
from kloof.files.areas import ROUNDED_TO, sums
from kloof.files.geojson import read_shapes
from kloof.files.geopackage import read_geopackage
from kloof.files.iv3 import read_accounts, read_prices
from kloof.files.kwb import OWN, read_kwb
from kloof.files.mapped import FileMap, read_mapped
from kloof.files.maps import read_map_table
from kloof.files.opening import Opened, open_file
from kloof.files.plausible import Allowed, check, known_beside
from kloof.files.police import read_police
from kloof.files.postcodes import read_income_workbook, read_leefbaarometer
from kloof.files.reading import Figures, Reading, joined, observations, only
from kloof.files.statline import read_fields
from kloof.files.statline_csv import read_statline_csv
from kloof.files.vocabularies import NOT_IN_CATALOGUE, Vocabularies, read_vocabularies
from kloof.files.woonikveilig import read_national_json, read_national_parquet
from kloof.files.years_across import read_yearly
from kloof.paths import data_folder, embedded
from kloof.schema import SOURCE, SetAside, check_observations

NOTHING = Allowed()


@dataclass(frozen=True)
class Recognised:
    """One file, read: what it is, its figures, and everything that was not used.

    `observations` are valid (`schema.check_observations`); `areas` has code, name, level, parent_code; `sources` one
    row per source. `understood` lists year, title, indicator; `identity` title and reason (a key of [aside]);
    `not_understood` year and title. `tables` lists each table with its rows and columns; `geometry` is GeoJSON whose
    features have a property `code`; `mapping` (name, text) what somebody said its columns mean.
    """

    name: str
    sha256: str
    kind: str
    edition: str
    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    tables: tuple[tuple[str, int, int], ...]
    understood: tuple[tuple[int, str, str], ...]
    identity: tuple[tuple[str, str], ...]
    not_understood: tuple[tuple[int, str], ...]
    set_aside: tuple[SetAside, ...]
    geometry: Mapping[str, Any] | None = None
    mapping: Mapping[str, str] | None = None

    @property
    def rows(self) -> int:
        """Rows of all tables, without their titles."""
        return sum(rows for _, rows, _ in self.tables)

    @property
    def columns(self) -> int:
        """Columns of all tables."""
        return sum(columns for _, _, columns in self.tables)

    @property
    def share_understood(self) -> float:
        """Percent understood of the columns that may hold a figure, each year of a column on its own.

        Columns whose figure is known and has no indicator in the catalogue are not understood.
        """
        known, unknown = len(self.understood), len(self.not_understood)
        unknown += sum(why == NOT_IN_CATALOGUE for _, why in self.identity)
        return 100.0 * known / (known + unknown) if known + unknown else 100.0


def recognise(  # noqa: PLR0913 (each names one thing that a person may say of a file)
    path: Path,
    catalogue: Catalogue,
    *,
    municipality: str | None = None,
    codes: Path | None = None,
    areas: pd.DataFrame | None = None,
    mapping: FileMap | None = None,
    year: int | None = None,
    allowed: Allowed = NOTHING,
) -> Recognised:
    """Recognise one file and read all municipalities in it, or only `municipality` (`GM` + 4 digits).

    `codes` is a CSV with columns code, name, for files that carry names only; `areas` (code, name) are the areas known
    from elsewhere, by default those of the embedded sets; `mapping` says what the columns of any other file mean, and
    `catalogue` then knows the indicators it registers; `year` is that of a file that does not say it. `allowed` says
    which findings do not refuse the file, and the last year that figures can be of.

    Raises SourceError (absent, damaged, not recognised, more than one thing it could be, years that disagree or lie
    ahead), SchemaError (columns, cells and rows that contradict, figures that cannot be right), ParameterError
    (municipality or codes needed, or wrong; a name that is no check).
    """
    if municipality is not None and not re.fullmatch(r"GM\d{4}", municipality):
        raise ParameterError(f"municipality {municipality!r} is no CBS code; write GM and four digits, such as GM0758.")
    words = read_vocabularies(data_folder() / "vocabularies.toml", catalogue)
    opened = open_file(path, year)
    places = embedded_areas() if areas is None else areas
    with in_bounds(path.name):
        if mapping:
            reading = read_mapped(opened, mapping, municipality, (codes, places))
        else:
            reading = _reading(opened, words, catalogue, municipality, (codes, places))
        own = mapping.publication if mapping else OWN
        words = replace(words, publications={**words.publications, own.id: own})
        if codes is not None and not any(why == "name" for _, why in reading.identity):
            raise ParameterError(f"{path.name} carries its own codes; leave out {codes.name}.")
        if municipality:
            reading = only(reading, municipality)
        rows, aside, figures = observations(reading.grids, catalogue, words.publications)
        checked = check_observations(rows, path.name)
        read = Recognised(
            name=path.name,
            sha256=opened.sha256,
            kind=reading.kind,
            edition=reading.edition,
            observations=checked,
            areas=reading.areas,
            sources=_sources(checked, words, path, str(opened.beside().get("retrieved", ""))[:10]),
            tables=reading.tables,
            understood=tuple(dict.fromkeys(one for grid in reading.grids for one in grid.understood())),
            identity=reading.identity,
            not_understood=reading.not_understood,
            set_aside=(*opened.aside, *reading.set_aside, *_together(aside), *_notices(checked)),
            geometry=reading.geometry,
            mapping={"name": mapping.name, "text": mapping.text} if mapping else None,
        )
        return _checked(read, figures, catalogue, allowed)


def _checked(
    read: Recognised,
    figures: Sequence[Figures],
    catalogue: Catalogue,
    allowed: Allowed,
) -> Recognised:
    """Refuse figures of a year that has not begun, and figures that cannot be right; say what was accepted."""
    last = int(read.observations["year"].max()) if len(read.observations) else 0
    if allowed.last_year is not None and last > allowed.last_year:
        raise SourceError(f"{read.name} has figures of {last}, and it is {allowed.last_year}. Correct the year.")
    try:
        accepted = check(figures, read.areas, catalogue, known_beside(data_folder()), allowed)
    except SchemaError as problem:
        if read.mapping and (read.observations["value"] == 0).any():
            way_out = 'If a 0 is no figure, say so in [table]: missing = { "0" = "zero_means_missing" }.'
            raise SchemaError(f"{problem} {way_out}") from None
        raise
    return replace(read, set_aside=(*read.set_aside, *accepted))


def _reading(
    opened: Opened,
    words: Vocabularies,
    catalogue: Catalogue,
    municipality: str | None,
    places: tuple[Path | None, pd.DataFrame],
) -> Reading:
    """Ask each reader whether it knows the file, those of KWB with full titles last."""
    form = opened.form
    found: Reading | None = None
    if form == "parquet":
        found = (
            read_national_parquet(opened, words)
            or read_accounts(opened, words)
            or read_prices(opened, words)
            or read_fields(opened, words, catalogue)
            or read_map_table(opened, words, places)
        )
    elif form == "sqlite":
        found = read_geopackage(opened, words, places)
    elif form == "dbase":
        found = read_map_table(opened, words, places)
    elif form == "json":
        found = (
            read_national_json(opened, words)
            or read_accounts(opened, words)
            or read_prices(opened, words)
            or read_shapes(opened, words, places)
            or read_leefbaarometer(opened, words)
            or read_fields(opened, words, catalogue)
        )
    elif form == "workbook":
        found = _by_sheet(opened, words, catalogue, places)
    elif form == "text":
        found = (
            read_leefbaarometer(opened, words)
            or read_police(opened, words, municipality, *places)
            or read_map_table(opened, words, places)
            or read_statline_csv(opened, words, catalogue, places)
            or read_yearly(opened, words, catalogue, municipality, places)
            or read_fields(opened, words, catalogue)
        )
    if found is None and form not in ("text", "sqlite"):
        raise SourceError(_not_recognised(opened))
    return found or read_kwb(opened, words, catalogue, municipality, places)


def _by_sheet(
    opened: Opened, words: Vocabularies, catalogue: Catalogue, places: tuple[Path | None, pd.DataFrame]
) -> Reading | None:
    """Read every sheet of a workbook that is a table kloof knows, and count the rows of the others."""
    found, aside = [], []
    for name, rows in (opened.sheets or {}).items():
        alone = replace(opened, sheets={name: rows})
        reading = (
            read_fields(alone, words, catalogue)
            or read_income_workbook(alone, words)
            or read_map_table(alone, words, places)
        )
        full = sum(any(str(cell).strip() for cell in row) for row in rows)
        if reading is not None:
            found.append(reading)
        elif full:
            aside.append(SetAside("sheets", full, "sheet_not_read", name))
    if not found:
        return None
    both = joined(found)
    return replace(both, set_aside=(*both.set_aside, *aside))


def _not_recognised(opened: Opened) -> str:
    """Say what a file looks like, why it is not taken and what to do."""
    if opened.form == "workbook":
        sheets = opened.sheets or {}
        first = [str(cell) for cell in next(iter(sheets.values()), [[]])[:1] for cell in cell if str(cell)]
        seen = f"sheets {examples(list(sheets))}, the first beginning with {examples(first) or 'an empty row'}"
    elif opened.table is not None:
        seen = f"columns {examples(list(map(str, opened.table.columns)))}"
    elif opened.form == "json":
        content = opened.content
        seen = f"{type(content).__name__} with {examples(list(content) if isinstance(content, dict) else content[:2])}"
    else:
        seen = f"first line {examples((opened.rows or [[]])[0])}"
    return (
        f"{opened.name} is a {opened.form} file that kloof does not recognise: it has {seen}. It reads KWB, the health "
        "monitor, police exports, figures by postcode, Leefbaarometer, SES-WOA, maps, StatLine and OData."
    )


def _sources(checked: pd.DataFrame, words: Vocabularies, path: Path, retrieved: str) -> pd.DataFrame:
    """Describe every source of the figures."""
    rows = []
    for source, years in checked.groupby("source")["year"]:
        year = int(years.max())
        stem = re.sub(r"_\d{4}$", "", str(source))
        found = next(
            (p for p in words.publications.values() if p.id == (stem if p.yearly else source)),
            None,
        )
        about = (path.name, str(source), "", "")
        if found:
            title = f"{found.title} {year}" if found.yearly else found.title
            about = (found.publisher, title, found.table_id(year), found.licence)
        rows.append((source, *about, path.name, retrieved))
    return pd.DataFrame(rows, columns=list(SOURCE)).astype("str")


def _together(aside: list[SetAside]) -> list[SetAside]:
    """Add up what several grids of one file left out for one reason."""
    rows: dict[tuple[str, str, str], int] = {}
    for one in aside:
        key = (one.step, one.reason, one.detail)
        rows[key] = rows.get(key, 0) + one.rows
    return [SetAside(step, count, reason, detail) for (step, reason, detail), count in rows.items()]


def _notices(checked: pd.DataFrame) -> list[SetAside]:
    """Notice where buurten and wijken do not add up to their municipality."""
    return [notice for indicator, step in ROUNDED_TO.items() for notice in sums(checked, indicator, step)]


def embedded_areas() -> pd.DataFrame:
    """Give the areas of the embedded data sets: code, name."""
    parts = [pd.read_csv(data_folder() / name / "areas.csv", dtype="str")[["code", "name"]] for name in embedded()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"code": [], "name": []}, dtype="str")
