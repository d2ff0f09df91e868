"""Speaks the two languages of CBS open data: OData version 3 (a column per topic) and 4 (a row per figure).

What was learnt of version 3 from programs of others: `/ODataApi/` answers metadata, lists and counts, refuses more
than 10,000 rows with HTTP 500 and a text, and knows no `$skip`; `/ODataFeed/` serves 10,000 rows a page with
`odata.nextLink`. Codes are padded with blanks to a width that differs by dimension and table, and a wrong width gives
no rows and no error: so values are compared by how they start. Some filters are silently ignored: so every row that
arrives is checked against what was asked. The untyped table is taken, because the typed one gives all kinds of missing
the same null.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kloof.errors import FetchError, examples
from kloof.fetch.bounds import NOTHING, UnfitError, objects, one, shown, text, unfit
from kloof.fetch.registry import Source
from kloof.fetch.table import DIMENSION, NUMBER, PERIOD, REGION, TOPIC, Column, Limits, Page, Question, Row, Table
from kloof.fetch.web import LONGEST_ADDRESS, Line, RefusedError, address, get

TYPES = {"TimeDimension": PERIOD, "GeoDimension": REGION, "GeoDetail": REGION, "Dimension": DIMENSION}
ROW_LIMIT = re.compile(r"10[.,\s]?000|not supported on the ODataApi", re.IGNORECASE)
COUNT = re.compile(r"[0-9]{1,15}")
DATA = "UntypedDataSet"
MOST_COLUMNS = 5_000  # of one table; the widest of CBS has some hundred
DEEPEST = 20  # groups above a column
Groups = Mapping[str, tuple[str, str]]  # id → title and the id of the group above
FIXED4 = (
    Column("Id", "Id", "", NUMBER),
    Column("Measure", "Measure", "", DIMENSION),
    Column("ValueAttribute", "ValueAttribute", "", TOPIC),
    Column("Value", "Value", "", TOPIC),
)


def describe_table(line: Line, source: Source, year: int) -> Table:
    """Ask what a table is: title, version, columns. Raises FetchError when it is not there or not understood."""
    table, what = source.tables[year], f"{source.id} {year} (table {source.tables[year]})"
    return (_describe4 if source.service == "odata4" else _describe3)(line, source.where(year), table, what)


def table_question(source: Source, table: Table, year: int, region: str, keep: Sequence[str] = ()) -> Question:
    """Write what is asked of a table for one year and one municipality (`GM0758`) or `all`.

    `keep` are the topics wanted (measures in version 4), all when empty. They are asked of the server unless the
    address would grow too long: then everything comes, and the rest is left out on arrival. Raises FetchError when the
    table has not the dimensions of the registry.
    """
    limits = source.limits(year)
    if prefixes := source.prefixes(region):
        limits = {source.region: prefixes} | limits
    if lacking := [name for name in limits if name not in table.dimensions]:
        raise FetchError(
            f"{source.id} {year}: table {table.id} has no dimension {', '.join(lacking)} (it has "
            f"{', '.join(table.dimensions)}). Its columns moved, or data/sources.toml is wrong at {source.id}: see "
            f"kloof data doctor --source {source.id}."
        )
    return (_question4 if source.service == "odata4" else _question3)(source.where(year), table, limits, tuple(keep))


def table_page(line: Line, where: str, what: str) -> Page:
    """Get one page of rows. Raises FetchError when the server gives no whole answer or one without rows."""
    answer = get(line, where, what, final=lambda said: bool(ROW_LIMIT.search(said)))
    parts = answer.json
    if not isinstance(parts, dict) or not isinstance(parts.get("value"), list):
        raise UnfitError(f"{what}: the answer has no list of rows under `value`. Address: {where}")
    link = parts.get("odata.nextLink") or parts.get("@odata.nextLink")
    if link is not None and not isinstance(link, str):
        raise UnfitError(f"{what}: the link to the next page is no text. {NOTHING} Address: {where}")
    total = parts.get("odata.count", parts.get("@odata.count"))
    return Page(objects(parts["value"], what), link, answer.size, None if total is None else _number(total, what))


def count(line: Line, where: str, what: str) -> int | None:
    """Ask how many rows there are; None when the server refuses to tell."""
    try:
        said = get(line, where, what, kind="text").body.decode("utf-8-sig", "replace").strip()
    except RefusedError:
        return None
    return _number(said, what)


def _number(said: object, what: str) -> int:
    """Read a number of rows."""
    if isinstance(said, bool) or not COUNT.fullmatch(str(said)):
        raise unfit(what, f"the server counts {shown(str(said))!r}, which is no number of rows")
    return int(str(said))


def condition(limits: Limits) -> str:
    """Write limits as a filter, the same in both versions: every column starts with one of its values."""
    parts = [
        "(" + " or ".join(f"startswith({name},'{_escaped(value)}')" for value in values) + ")"
        for name, values in limits.items()
    ]
    return " and ".join(parts)


def _escaped(value: str) -> str:
    """Double the quotes, as OData wants in a text."""
    return value.replace("'", "''")


def _rows(line: Line, where: str, what: str) -> list[Row]:
    """Get a list that fits on one page, such as the columns of a table."""
    rows = table_page(line, where, what).rows
    if len(rows) > MOST_COLUMNS:
        raise unfit(what, f"{len(rows):,} lines, and no table has more than {MOST_COLUMNS:,}")
    return rows


def _describe3(line: Line, base: str, table: str, what: str) -> Table:
    """Read TableInfos and DataProperties."""
    api = f"{base}/ODataApi/odata/{table}"
    json = {"$format": "json"}
    infos = _rows(line, address(api, "TableInfos", json), f"{what}, its description")
    properties = _rows(line, address(api, "DataProperties", json), f"{what}, its columns")
    if not infos or not properties:
        raise FetchError(f"{what} has no description or no columns at {api}. See: kloof data doctor.")
    groups = _groups([part for part in properties if part.get("Type") == "TopicGroup"], "ID", "ParentID", what)
    columns = [
        _column(part, "Key", TYPES.get(text(part, "Type", what), TOPIC), what, groups, "ParentID")
        for part in properties
        if part.get("Key") and part.get("Type") != "TopicGroup"
    ]
    return _table(table, infos[0], ("Modified", "MetaDataModified"), "Period", columns, what)


def _describe4(line: Line, base: str, table: str, what: str) -> Table:
    """Read Properties, Dimensions, MeasureCodes and MeasureGroups."""
    where = f"{base}/{table}"
    info = one(get(line, address(where, "Properties"), f"{what}, its description").json, what)
    dimensions = _rows(line, address(where, "Dimensions"), f"{what}, its dimensions")
    measures = _rows(line, address(where, "MeasureCodes"), f"{what}, its measures")
    groups = _groups(_rows(line, address(where, "MeasureGroups"), f"{what}, its topics"), "Id", "ParentId", what)
    columns = [
        *FIXED4,
        *(_column(part, "Identifier", TYPES.get(text(part, "Kind", what), DIMENSION), what) for part in dimensions),
        *(_column(part, "Identifier", TOPIC, what, groups, "MeasureGroupId") for part in measures),
    ]
    return _table(table, info, ("Version", "Modified", "ObservationsModified"), "TemporalCoverage", columns, what)


def _column(part: Row, key: str, kind: str, what: str, groups: Groups | None = None, parent: str = "") -> Column:
    """Read the description of a column; those in groups name theirs under `parent`."""
    above = _above(text(part, parent, what), groups, what) if groups else []
    title = "|".join((*above, text(part, "Title", what).strip()))
    return Column(text(part, key, what, needed=True), title, text(part, "Unit", what).strip(), kind)


def _table(
    name: str, info: Row, versions: Sequence[str], period: str, columns: Sequence[Column], what: str
) -> Table:  # fmt: skip
    """Put a description together. Raises UnfitError when a column is described in two ways."""
    columns = tuple(dict.fromkeys(columns))
    if twice := [key for key, times in Counter(column.key for column in columns).items() if times > 1]:
        raise unfit(what, f"{len(twice):,} columns are described in two ways ({examples(twice)})")
    version = " ".join(part for key in versions if (part := text(info, key, what)))
    title, about = text(info, "Title", what).strip(), text(info, period, what).strip()
    return Table(name, title, version, about, columns)


def _groups(parts: Iterable[Row], own: str, parent: str, what: str) -> Groups:
    """Read groups of columns: id → title and the id of the group above."""
    return {
        text(part, own, what, needed=True): (text(part, "Title", what).strip(), text(part, parent, what))
        for part in parts
    }


def _above(group: str, groups: Groups, what: str) -> list[str]:
    """Titles of the groups above a topic, the widest first; a ring in the metadata ends the walk."""
    titles: list[str] = []
    seen: set[str] = set()
    while group in groups and group not in seen:
        seen.add(group)
        title, group = groups[group]
        titles.insert(0, title)
        if len(titles) > DEEPEST:
            raise unfit(what, f"more than {DEEPEST} groups above one column")
    return titles


def _question3(base: str, table: Table, limits: Limits, keep: tuple[str, ...]) -> Question:
    """Ask the bulk feed for rows, the other service for lists and the count."""
    feed, api = f"{base}/ODataFeed/odata/{table.id}", f"{base}/ODataApi/odata/{table.id}"
    only = {"$filter": condition(limits)} if limits else {}
    query = {"$format": "json", **only}
    if keep:
        selected = {**query, "$select": ",".join(("ID", *table.dimensions, *keep))}
        if len(address(feed, DATA, selected)) <= LONGEST_ADDRESS:
            query = selected
    lists = {
        name: address(feed, name, {"$format": "json", **_of_list(limits, name, "Key")}) for name in table.dimensions
    }
    total = address(api, f"{DATA}/$count", only)
    return Question(address(feed, DATA, query), total, condition(limits), limits, keep, lists)


def _question4(base: str, table: Table, limits: Limits, keep: tuple[str, ...]) -> Question:
    """Ask for observations; measures are a filter on rows here."""
    where = f"{base}/{table.id}"
    narrow = condition(limits)
    if keep:
        measures = "(" + " or ".join(f"Measure eq '{measure}'" for measure in keep) + ")"
        both = " and ".join(part for part in (narrow, measures) if part)
        if len(address(where, "Observations", {"$filter": both})) <= LONGEST_ADDRESS:
            narrow = both
    only = {"$filter": narrow} if narrow else {}
    lists = {
        name: address(where, f"{name}Codes", _of_list(limits, name, "Identifier"))
        for name in table.dimensions
        if name != "Measure"
    }
    return Question(
        address(where, "Observations", only), address(where, "Observations/$count", only), narrow, limits, keep, lists
    )


def _of_list(limits: Limits, name: str, key: str) -> dict[str, str]:
    """Limit the list of a dimension to the codes that are wanted."""
    return {"$filter": condition({key: limits[name]})} if name in limits else {}


def names(rows: Iterable[Row], what: str) -> dict[str, str]:
    """Turn the list of a dimension into code → name, both without padding."""
    return {
        text(row, "Key" if "Key" in row else "Identifier", what, needed=True).strip(): text(row, "Title", what).strip()
        for row in rows
    }
