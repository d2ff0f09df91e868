"""Reads tables as StatLine serves them: field names such as Roker_11, codes in WijkenEnBuurten, periods as 2020JJ00.

OData v3 (a row per area) and v4 (a row per figure), saved as JSON; the raw tables that `kloof data fetch` keeps;
workbooks and parquet files with these fields. Which table it is decides whose figures they are: the health monitor has
two tables of one name that are different models. What a field means follows from its name without the number; where
two topics have a field of one name (gas and electricity both have Appartement), from the topic of the fields before it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import SchemaError, SourceError, examples, faults
from kloof.files.cells import FIELD, YEAR, clean, normalise, other_year_in_name, tabulate
from kloof.files.opening import Opened
from kloof.files.police import crime_grids
from kloof.files.reading import Grid, Reading, list_areas, read_codes, twice
from kloof.files.vocabularies import Column, Vocabularies
from kloof.schema import SetAside

REGIONS = ("WijkenEnBuurten", "RegioS", "Codering_3")
PERIOD = re.compile(r"((?:19|20)[0-9]{2})JJ00")
_TABLE = re.compile(r"(?<![0-9A-Za-z])(\d{5}(?:NED|ned))(?![0-9A-Za-z])")
ADULTS, ESTIMATE = {"20300", "18+"}, "MW00000"
_LONG = {"Measure", "Value"}  # OData v4
CRIME = "SoortMisdrijf"
NOT_NAMED = "table not named"


def read_fields(opened: Opened, words: Vocabularies, catalogue: Catalogue) -> Reading | None:
    """Read a table of StatLine fields; None when it is none.

    Raises SourceError when it cannot be told which table or year it is, SchemaError for unknown codes, doubled rows
    and columns that mean the same.
    """
    found = _table(opened)
    if found is None:
        return None
    where, cells, about = found
    beside = opened.beside()
    region = next((title for title in REGIONS if title in cells.columns), None)
    if region is None:
        return None
    cells = cells.reset_index(drop=True)
    code, aside = read_codes(cells[region], where)
    if set(cells.columns) >= _LONG:
        cells, code = _widened(cells, code, region)
    cells, code, left_out = _headline_rows(cells, code)
    if cells.empty:
        raise SourceError(f"{where} has no rows of whole years and all adults. Check what was asked for.")
    if CRIME in cells:
        return _crimes(where, cells, code, (*aside, *left_out), words, found[1].shape)
    titles = [str(title) for title in cells.columns]
    years = _years(cells, titles)
    full = {str(one["key"]): str(one["title"]) for one in beside.get("columns", ())}
    columns, identity, unknown = _meaning(titles, full, words, catalogue)
    if not columns:
        raise SourceError(f"{where} has none of the fields kloof knows: {examples(titles)}.")
    table, publication = publication_of(titles, str(beside.get("table", about)), columns, words, where)
    columns = {title: replace(column, publication=publication) for title, column in columns.items()}
    year = years if years is not None else beside.get("year") or _year_of(opened, table, publication, words, where)
    if years is not None:
        _no_other_edition(table, publication, years, words, where)
        left_out = [*left_out, *other_year_in_name(opened.path, set(years.unique().tolist()))]
    no_row_twice(code, year, where)
    named = next((one for one in ("Title", "Naam", "Gemeentenaam_1") if one in cells), region)
    shown = cells[named].map(clean).astype("str").where(code.str.startswith("GM").fillna(False), code)
    labels = {clean(key): clean(name) for key, name in beside.get("labels", {}).get(region, {}).items()}
    shown = pd.Series(
        [labels.get(one, name) for one, name in zip(code, shown, strict=True)], index=code.index, dtype="str"
    )
    first = int(year if isinstance(year, int) else year.min())
    if table == NOT_NAMED and isinstance(year, int):
        table = words.publications[publication].table_id(year) or table
    return Reading(
        kind="health_monitor" if publication.startswith("rivm") else "statline_fields",
        edition=f"{table} {first}" if isinstance(year, int) or year.min() == year.max() else table,
        tables=((where, *found[1].shape),),
        grids=(Grid(where, code, year, cells[list(columns)], columns, levels_apart=True),),
        areas=list_areas(code, shown),
        identity=identity,
        not_understood=tuple((first, title) for title in unknown),
        set_aside=(*aside, *left_out),
    )


def _crimes(
    where: str,
    cells: pd.DataFrame,
    code: "pd.Series[str]",
    aside: tuple[SetAside, ...],
    words: Vocabularies,
    shape: tuple[int, int],
) -> Reading:
    """Read the police's table of crimes by kind, area and year."""
    year = _years(cells, [str(title) for title in cells.columns])
    if year is None:
        raise SourceError(f"{where} has kinds of crime and no periods. Ask for the column Perioden too.")
    no_row_twice(code + " " + cells[CRIME].astype("str"), year, where)
    grids, unknown = crime_grids(where, cells, code, year, words)
    identity = [(str(title), words["police"].why_aside(str(title), numbered=True)) for title in cells.columns]
    return Reading(
        kind="statline_fields",
        edition=f"47018NED {year.min()}-{year.max()}",
        tables=((where, *shape),),
        grids=grids,
        areas=list_areas(code, code),
        identity=tuple((title, why) for title, why in identity if why),
        not_understood=unknown,
        set_aside=aside,
    )


def _table(opened: Opened) -> tuple[str, pd.DataFrame, str] | None:
    """Find the table, and the lines that may say which table of StatLine it is: what is in it goes before its name."""
    if opened.form == "parquet" and opened.table is not None:
        return opened.name, opened.table, opened.path.name
    if opened.form == "json":
        content = opened.content
        rows = content.get("value") if isinstance(content, dict) else content
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return None
        if not rows:
            raise SourceError(f"{opened.name} is an answer of OData without rows. Check its filter, and ask again.")
        origin = content.get("odata.metadata", content.get("@odata.context", "")) if isinstance(content, dict) else ""
        if isinstance(content, dict) and any("nextLink" in key for key in content):
            raise SourceError(f"{opened.name} is one page of several: it links to a next one. Use kloof data fetch.")
        return opened.name, pd.DataFrame(rows), f"{origin}\n{opened.path.name}"
    if opened.form == "workbook":
        for sheet, rows in (opened.sheets or {}).items():
            if rows and set(REGIONS) & {clean(title) for title in rows[0]}:
                titles = [clean(title) for title in rows[0]]
                where = f"{opened.name}, {sheet}"
                return where, tabulate(where, titles, list(rows[1:])), f"{sheet}\n{opened.path.name}"
    if opened.form == "text" and opened.rows:
        titles = [clean(title) for title in opened.rows[0]]
        if set(REGIONS) & set(titles) and ("Perioden" in titles or sum(map(bool, map(FIELD.fullmatch, titles))) > 3):
            return opened.name, tabulate(opened.name, titles, opened.rows[1:]), opened.path.name
    return None


def _widened(cells: pd.DataFrame, code: "pd.Series[str]", region: str) -> "tuple[pd.DataFrame, pd.Series[str]]":
    """Lay OData v4 out with a column per measure."""
    period = cells["Perioden"] if "Perioden" in cells else pd.Series("", index=cells.index)
    text = cells["StringValue"] if "StringValue" in cells else pd.Series(None, index=cells.index, dtype="object")
    long = pd.DataFrame(
        {"code": code, "Perioden": period, "measure": cells["Measure"], "cell": cells["Value"].where(text.isna(), text)}
    ).dropna(subset=["code"])
    double = long[long.duplicated(["code", "Perioden", "measure"])]
    if len(double):
        shown = [f"{row.code} {row.measure}" for row in double.itertuples()]
        raise SchemaError(f"{region}: {len(double)} figures stand twice ({examples(shown)}). Ask for them again.")
    wide = long.pivot(index=["code", "Perioden"], columns="measure", values="cell").reset_index()
    wide = wide.rename(columns={"code": region}).rename_axis(columns=None)
    if not period.astype("str").str.len().any():
        wide = wide.drop(columns="Perioden")
    return wide, wide[region].astype("str")


def _headline_rows(
    cells: pd.DataFrame, code: "pd.Series[str]"
) -> "tuple[pd.DataFrame, pd.Series[str], list[SetAside]]":
    """Set rows of other ages, of margins around an estimate, and of months and quarters aside."""
    aside = []

    def leave(bad: "pd.Series[bool]", reason: str, detail: list[str]) -> None:
        nonlocal code
        rows = int((bad & code.notna()).sum())
        if rows:
            aside.append(SetAside("rows", rows, reason, examples(sorted(set(detail)))))
        code = code.where(~bad)

    for title, wanted, reason in (("Leeftijd", ADULTS, "other_ages"), ("Marges", {ESTIMATE}, "margins_of_estimates")):
        if title in cells:
            text = cells[title].map(lambda cell: f"{cell:.0f}" if isinstance(cell, float) else clean(cell))
            bad = ~text.isin(list(wanted))
            leave(bad, reason, list(text[bad].unique()))
    if "Perioden" in cells:
        text = cells["Perioden"].map(clean).astype("str")
        bad = ~text.str.fullmatch(PERIOD)
        leave(bad, "periods_that_are_no_years", list(text[bad].unique()))
    kept = code.notna()
    return cells[kept].reset_index(drop=True), code[kept].reset_index(drop=True), aside


def _years(cells: pd.DataFrame, titles: list[str]) -> "pd.Series[int] | None":
    """Read the year of each row, where the table has periods."""
    if "Perioden" in titles:
        return cells["Perioden"].map(clean).str.slice(0, 4).astype("int64")
    return cells["jaar"].astype("int64") if "jaar" in titles else None


def _meaning(
    titles: list[str], full: Mapping[str, str], words: Vocabularies, catalogue: Catalogue
) -> tuple[dict[str, Column], tuple[tuple[str, str], ...], list[str]]:
    """Find what each field means, which hold no figure, and which are not known.

    `full` gives the title of a field with its topics (`Wonen|Koopwoningen`) where the file has it.
    """
    topics = {normalise(name): one.id for one in catalogue.indicators.values() for name in one.columns}
    columns: dict[str, Column] = {}
    identity, unknown, before = [], [], ""
    for title in titles:
        full_topic = normalise(full.get(title, ""))
        found = next(
            (hit for kind in ("rivm", "odata") if (hit := words[kind].column(title, numbered=True))),
            words["measure"].column(title),
        )
        why = _why_aside(title, words)
        if found is None and why is None:
            topic = full_topic if full_topic in topics else _topic(normalise(title), topics, before)
            before = topic or before
            found = Column(topics[topic], "cbs_kwb") if topic else None
        elif found is not None:
            before = next((topic for topic, one in topics.items() if one == found.indicator), before)
        if found is not None:
            columns[title] = found
        elif why is not None:
            identity.append((title, why))
        else:
            unknown.append(title)
    twice(titles, columns, "the table")
    return columns, tuple(identity), unknown


def _why_aside(title: str, words: Vocabularies) -> str | None:
    """Find why a field holds no figure."""
    for kind in ("rivm", "odata", "police", "measure"):
        if why := words[kind].why_aside(title, numbered=kind != "measure"):
            return why
    return None


def _topic(short: str, topics: Mapping[str, str], before: str) -> str | None:
    """Find the full title that ends in this field name; among several, the one that shares most with the one before."""
    if short in topics:
        return short
    ends = [topic for topic in topics if topic.endswith(f" {short}")]
    if len({topics[topic] for topic in ends}) == 1:
        return ends[0]
    shared = {topic: _shared(topic, before) for topic in ends}
    best = [topic for topic in ends if shared[topic] == max(shared.values()) > 0]
    return best[0] if len({topics[topic] for topic in best}) == 1 else None


def _shared(topic: str, before: str) -> int:
    """Count the words two titles have in common from the start."""
    count = 0
    for one, other in zip(topic.split(), before.split(), strict=False):
        if one != other:
            break
        count += 1
    return count


def publication_of(
    titles: list[str], about: str, columns: Mapping[str, Column], words: Vocabularies, where: str
) -> tuple[str, str]:
    """Find the table and whose figures it has: by its id where the file says it, else by fields only one table has."""
    health = any(words["rivm"].column(title, numbered=True) for title in columns)
    by_field = {
        publication
        for title, publication in (
            ("ErvarenGezondheidGoedZeerGoed", "rivm_50090"),
            ("GoedErvarenGezondheid", "rivm_50150"),
        )
        if any(re.fullmatch(rf"{title}_\d+", one) for one in titles)
    }
    ids: set[str] = next((found for text in about.splitlines() if (found := set(_TABLE.findall(text)))), set())
    of_id: dict[str, str] = {}
    for one in words.publications.values():
        tables = [one.table] if isinstance(one.table, str) else list(one.table.values())
        of_id |= {table.upper(): one.id for table in tables if table}
    named = {of_id[table.upper()] for table in ids if table.upper() in of_id}
    if health:
        both = by_field | {one for one in named if one.startswith("rivm")}
        if len(both) != 1:
            said = f"says {' and '.join(sorted(both))}" if both else "does not say which"
            raise SourceError(
                f"{where} is of the health monitor, of which there are two tables that are different models (50090NED, "
                f"50150NED), and it {said}. Name the file by its table, such as 50150NED.json."
            )
        publication = both.pop()
        return str(words.publications[publication].table), publication
    if ids and not named:
        raise SourceError(f"{where} is of table {', '.join(sorted(ids))}, which vocabularies.toml does not know.")
    if len(ids) > 1:
        raise SourceError(f"{where} names several tables: {', '.join(sorted(ids))}. Keep one in its name.")
    return (next(iter(ids)) if ids else NOT_NAMED), (named.pop() if named else "cbs_kwb")


def _year_of(opened: Opened, table: str, publication: str, words: Vocabularies, where: str) -> int:
    """Find the year of a table without periods: the edition that has this id, else as said or as in the file's name."""
    tables = words.publications[publication].table
    years = [year for year, one in tables.items() if one == table] if isinstance(tables, Mapping) else []
    if len(years) == 1:
        return opened.one_year(years[0])
    if table == NOT_NAMED and isinstance(tables, Mapping) and (opened.year or YEAR.search(opened.stem)):
        return opened.one_year(opened.stem)
    raise SourceError(
        f"{where} has no periods, and table {table!r} is no edition kloof knows. Say its year: --year 2024; or name "
        "the file by its table, such as 85984NED.json."
    )


def _no_other_edition(table: str, publication: str, years: "pd.Series[int]", words: Vocabularies, where: str) -> None:
    """Refuse periods that contradict the table they are said to be of, where that is an edition of one year."""
    tables = words.publications[publication].table
    edition = {int(year) for year, one in tables.items() if one == table} if isinstance(tables, Mapping) else set()
    there = set(years.unique().tolist())
    if edition and there != edition:
        raise SourceError(
            f"{where}: the years disagree: its column with periods says {', '.join(map(str, sorted(there)))}, table "
            f"{table} is that of {', '.join(map(str, sorted(edition)))}. Correct what is wrong."
        )


def no_row_twice(code: "pd.Series[str]", year: "int | pd.Series[int]", where: str) -> None:
    """Refuse a table in which an area stands twice in a year: a page that was served twice, or an unknown dimension."""
    rows = pd.DataFrame({"code": code, "year": year})
    double = rows[rows.duplicated()]
    if len(double):
        shown = [f"{row.code} {row.year}" for row in double.itertuples()]
        raise SchemaError(
            faults(where, [f"{len(double)} rows stand twice ({examples(shown)})"], "Ask for the table again.")
        )
