"""A server on this machine that speaks the languages of CBS open data and of a WFS, with faults to switch on.

It is filled at test time from the real raw files, and knows nothing of the code that asks it: filters are read by a
parser of its own, pages and errors follow what CBS is known to do (10,000 rows a page in the feed, HTTP 500 with a text
above 10,000 rows or with $skip in the other service, codes padded with blanks).
"""

import csv
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pandas as pd

GROUPS = (
    "Regioaanduiding", "Bevolking", "Wonen", "Energie", "Opleidingsniveau", "Arbeid", "Inkomen", "Sociale zekerheid",
    "Zorg", "Bedrijfsvestigingen", "Motorvoertuigen", "Nabijheid voorzieningen", "Oppervlakte", "Criminaliteit",
    "Stedelijkheid", "Postcode",
)  # fmt: skip
LIMIT = 10_000
UNIT = re.compile(r"\.{2,}(aantal|naam|omschrijving|code|kWh|m3|m.|km|ha|class|per\..*?|x\.1\.000(?:\.euro)?)\.*$")
TOKEN = re.compile(r"\s*(startswith|substring|and|or|eq|\(|\)|,|'(?:[^']|'')*'|\w+)")

Rows = list[dict[str, Any]]


@dataclass
class Table:
    """One table: what its metadata say, and its rows."""

    id: str
    title: str
    period: str
    modified: str
    topics: Rows
    dimensions: dict[str, str]
    names: dict[str, dict[str, str]]
    rows: Rows


@dataclass
class Fault:
    """Something that goes wrong with a page of rows, `times` times (-1: always), at page `page` (0: every page)."""

    kind: str
    page: int = 0
    times: int = 1
    value: str = ""


@dataclass
class World:
    """What the server holds, what it was asked, and what is to go wrong."""

    tables: dict[str, Table] = field(default_factory=dict)
    layers: dict[str, Rows] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    observations: dict[str, Rows] = field(default_factory=dict)
    page: int = LIMIT
    base: str = ""
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    @property
    def pages_asked(self) -> list[str]:
        """Requests for rows, not for metadata, lists or counts."""
        return [path for path in self.asked if re.search(r"(UntypedDataSet|Observations)(\?|$)|GetFeature", path)]

    def long(self, table: Table) -> Rows:
        """Lay a table out as a row per figure, once."""
        if table.id not in self.observations:
            keys = [topic["Key"] for topic in table.topics if topic["Type"] == "Topic"]
            self.observations[table.id] = [
                {"Id": number * len(keys) + place, "Measure": key, "ValueAttribute": "None", "Value": row[key],
                 **{name: row[name] for name in table.dimensions}}
                for number, row in enumerate(table.rows) for place, key in enumerate(keys)
            ]  # fmt: skip
        return self.observations[table.id]

    def fault(self, page: int) -> Fault | None:
        """Take the fault that is due for a page."""
        for fault in self.faults:
            if fault.times and fault.page in (0, page):
                fault.times -= 1
                return fault
        return None


Row = dict[str, Any]
Test = Callable[[Row], bool]


def matcher(text: str) -> Test:
    """Turn a filter into a test of a row; an unknown property is a KeyError there, as it is an HTTP 400 at CBS."""
    tokens = TOKEN.findall(text)
    assert "".join(tokens).replace(" ", "") == text.replace(" ", ""), f"cannot read {text!r}"
    tokens.reverse()

    def take(wanted: str = "") -> str:
        token = str(tokens.pop())
        assert not wanted or token == wanted, f"{wanted} expected in {text!r}"
        return token

    def value(token: str) -> Callable[[Row], str]:
        if token.startswith("'"):
            fixed = token[1:-1].replace("''", "'")
            return lambda _: fixed
        return lambda row: str(row[token])

    def term() -> Test:
        token = take()
        if token == "(":
            inside = either()
            take(")")
            return inside
        if token not in ("startswith", "substring"):
            left = value(token)
            take("eq")
            right = value(take())
            return lambda row: left(row) == right(row)
        take("(")
        left = value(take())
        take(",")
        if token == "startswith":
            right = value(take())
            take(")")
            return lambda row: left(row).startswith(right(row))
        begin = int(take())
        take(",")
        end = begin + int(take())
        take(")")
        take("eq")
        right = value(take())
        return lambda row: left(row)[begin:end] == right(row)

    def both() -> Test:
        parts = [term()]
        while tokens and tokens[-1] == "and":
            take()
            parts.append(term())
        return lambda row: all(part(row) for part in parts)

    def either() -> Test:
        parts = [both()]
        while tokens and tokens[-1] == "or":
            take()
            parts.append(both())
        return lambda row: any(part(row) for part in parts)

    found = either()
    assert not tokens, f"more than a filter in {text!r}"
    return found


def moved(key: str) -> str:
    """Give a column the next number: Koopwoningen_47 becomes Koopwoningen_48."""
    return re.sub(r"_(\d+)$", lambda number: f"_{int(number[1]) + 1}", key)


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    world: World

    def do_GET(self) -> None:
        self.world.asked.append(self.path)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        steps = [step for step in parts.path.split("/") if step]
        try:
            if steps[0] in ("ODataFeed", "ODataApi"):
                self.version3(steps[0] == "ODataFeed", steps[2], steps[3:], query)
            elif steps[:3] == ["odata", "v1", "CBS"]:
                self.version4(steps[3], steps[4:], query)
            elif query.get("service") == "WFS":
                self.wfs(query)
            elif self.path in self.world.files:
                self.send(200, self.world.files[self.path], "application/octet-stream")
            else:
                self.send(404, b"Not found", "text/plain")
        except KeyError as problem:
            self.json({"odata.error": {"message": f"Could not find a property named {problem}"}}, 400)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client gave up waiting: that is what some tests are about

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        del format, args

    def send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, parts: Any, status: int = 200) -> None:
        self.send(status, json.dumps(parts).encode(), "application/json;odata=minimalmetadata;charset=utf-8")

    def version3(self, feed: bool, name: str, steps: list[str], query: dict[str, str]) -> None:
        table = self.world.tables.get(name)
        if table is None:
            self.json({"odata.error": {"message": "Resource not found"}}, 404)
            return
        what = steps[0] if steps else ""
        if what == "TableInfos":
            self.json({"value": [{"ID": 0, "Title": table.title, "Identifier": table.id, "Modified": table.modified,
                                  "Period": table.period}]})  # fmt: skip
        elif what == "DataProperties":
            dimensions = [{"ID": 1000 + number, "ParentID": None, "Type": kind, "Key": key, "Title": key, "Unit": ""}
                          for number, (key, kind) in enumerate(table.dimensions.items())]  # fmt: skip
            self.json({"value": [*dimensions, *table.topics]})
        elif what in table.dimensions:
            rows = [{"Key": key, "Title": title} for key, title in table.names[what].items()]
            self.rows3(feed, rows, query, f"{name}/{what}", None)
        elif what in ("UntypedDataSet", "TypedDataSet") and steps[1:] == ["$count"]:
            self.send(200, str(len(self.filtered(table.rows, query))).encode(), "text/plain")
        elif what == "UntypedDataSet":
            self.rows3(feed, table.rows, query, f"{name}/{what}", table)
        else:
            self.json({"odata.error": {"message": "Resource not found"}}, 404)

    def filtered(self, rows: Rows, query: dict[str, str]) -> Rows:
        return list(filter(matcher(query["$filter"]), rows)) if "$filter" in query else rows

    def rows3(self, feed: bool, rows: Rows, query: dict[str, str], path: str, table: Table | None) -> None:
        skip = int(query.get("$skip", 0))
        if "$skip" in query and not feed:
            self.send(500, b"The 'Skip' query option is not supported on the ODataApi.", "text/plain")
            return
        fault = self.world.fault(skip // self.world.page + 1) if table else None
        rows = rows if fault and fault.kind == "filter" else self.filtered(rows, query)
        if not feed and len(rows) > LIMIT:
            self.send(500, b"The query gives more than 10.000 rows; use ODataFeed.", "text/plain")
            return
        size = self.world.page if feed else LIMIT
        shown = rows[skip : skip + size]
        if "$select" in query:
            shown = [{key: row[key] for key in query["$select"].split(",")} for row in shown]
        parts: dict[str, Any] = {"odata.metadata": f"{self.world.base}/$metadata", "value": shown}
        if skip + size < len(rows):
            link = urlencode({**query, "$skip": str(skip + size)})
            parts["odata.nextLink"] = f"{self.world.base}/ODataFeed/odata/{path}?{link}"
        self.page(parts, "odata.nextLink", fault, table, lambda: rows[max(0, skip - size) : skip])

    def version4(self, name: str, steps: list[str], query: dict[str, str]) -> None:
        table = self.world.tables.get(name)
        if table is None:
            self.json({"error": {"message": "not found"}}, 404)
            return
        what = "/".join(steps)
        topics = [topic for topic in table.topics if topic["Type"] == "Topic"]
        long = self.world.long(table) if what.startswith("Observations") else []
        if what == "Properties":
            self.json({"Identifier": table.id, "Title": table.title, "Modified": table.modified, "Version": "1",
                       "TemporalCoverage": table.period})  # fmt: skip
        elif what == "Dimensions":
            self.json({"value": [{"Identifier": key, "Title": key, "Kind": kind.replace("GeoDetail", "GeoDimension")}
                                 for key, kind in table.dimensions.items()]})  # fmt: skip
        elif what == "MeasureGroups":
            self.json({"value": [{"Id": str(topic["ID"]), "Title": topic["Title"], "ParentId": None}
                                 for topic in table.topics if topic["Type"] == "TopicGroup"]})  # fmt: skip
        elif what == "MeasureCodes":
            self.json({"value": [{"Identifier": topic["Key"], "Title": topic["Title"], "Unit": topic["Unit"],
                                  "MeasureGroupId": str(topic["ParentID"])} for topic in topics]})  # fmt: skip
        elif what == "Observations":
            skip = int(query.get("$skip", 0))
            rows = self.filtered(long, query)
            fault = self.world.fault(skip // self.world.page + 1)
            parts: dict[str, Any] = {"value": rows[skip : skip + self.world.page]}
            if skip + self.world.page < len(rows):
                link = urlencode({**query, "$skip": str(skip + self.world.page)})
                parts["@odata.nextLink"] = f"{self.world.base}/odata/v1/CBS/{name}/Observations?{link}"
            self.page(parts, "@odata.nextLink", fault, table, lambda: rows[max(0, skip - self.world.page) : skip])
        elif what == "Observations/$count":
            self.send(200, f"\ufeff{len(self.filtered(long, query))}".encode(), "text/plain")
        elif what.endswith("Codes") and what[:-5] in table.dimensions:
            codes = [{"Identifier": key, "Title": title} for key, title in table.names[what[:-5]].items()]
            self.json({"value": self.filtered(codes, query)})
        else:
            self.json({"error": {"message": "not found"}}, 404)

    def wfs(self, query: dict[str, str]) -> None:
        features = self.world.layers.get(query["typeNames"])
        if features is None:
            self.send(400, b"<ows:ExceptionReport>unknown layer</ows:ExceptionReport>", "text/xml")
            return
        start, most = int(query["startIndex"]), int(query["count"])
        fault = self.world.fault(start // most + 1) if most > 1 else None
        shown = features[start : start + min(most, self.world.page)]
        parts = {"type": "FeatureCollection", "numberMatched": len(features), "features": shown,
                 "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}}  # fmt: skip
        self.page(parts, "", fault, None, lambda: [])

    def page(
        self, parts: dict[str, Any], link: str, fault: Fault | None, table: Table | None, before: Callable[[], Rows]
    ) -> None:
        """Send a page of rows, or what the fault makes of it."""
        kind = fault.kind if fault else ""
        if kind == "429":
            self.send(429, b"Too many requests", "text/plain", Retry_After=fault.value if fault else "0")
            return
        if kind in ("500", "503"):
            self.send(int(kind), b"An error has occurred.", "text/plain")
            return
        if kind == "html":
            self.send(200, b"<html><body>StatLine is being maintained</body></html>", "text/html")
            return
        if kind == "twice":
            parts["value"] = before()
        if kind == "moved":
            parts["value"] = [{moved(key): cell for key, cell in row.items()} for row in parts["value"]]
        if kind == "loop":
            parts[link] = f"{self.world.base}{self.path}"
        if kind == "elsewhere":
            parts[link] = "http://127.0.0.2:9/ODataFeed/odata/x"
        if kind == "fewer":
            parts.pop(link, None)
        if kind == "revised" and table:
            table.modified = "2099-01-01T02:00:00"
            table.rows = [{**row, table.topics[-1]["Key"]: "   99999"} for row in table.rows]
        body = json.dumps(parts).encode()
        if kind == "slow":
            self.world.gate.wait(5)
        if kind == "hold":
            self.world.reached.set()
            self.world.gate.wait(20)
        if kind == "truncated":
            body = body[: len(body) // 2]
        if kind in ("cut", "cut_chunked", "drip"):
            self.broken(kind, body)
            return
        self.send(200, body, "application/json")

    def broken(self, kind: str, body: bytes) -> None:
        """Send half of a body, or all of it a bit at a time."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if kind == "cut_chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "drip":
            for sign in body[:200]:
                self.wfile.write(bytes([sign]))
                self.wfile.flush()
                self.world.gate.wait(0.02)
            return
        half = body[: len(body) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(half), half) if kind == "cut_chunked" else half)
        self.wfile.flush()
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """Threads end with the test."""

    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(world: World) -> Iterator[World]:
    """Serve a world on a free port of this machine."""
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"world": world, "protocol_version": "HTTP/1.1"}))
    world.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        world.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _topics(titles: list[tuple[str, str, str]]) -> Rows:
    """Lay out (group, title, unit) as DataProperties does, with keys that end in a running number."""
    groups = {group: number for number, group in enumerate(dict.fromkeys(group for group, _, _ in titles), 500)}
    rows: Rows = [{"ID": number, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": group, "Unit": ""}
                  for group, number in groups.items()]  # fmt: skip
    for number, (group, title, unit) in enumerate(titles, 1):
        key = "".join(word[:1].upper() + word[1:] for word in re.findall(r"\w+", title))
        key = f"k_{key}" if key[:1].isdigit() else key
        rows.append({"ID": number, "ParentID": groups[group], "Type": "Topic", "Key": f"{key}_{number}", "Title": title,
                     "Unit": unit})  # fmt: skip
    return rows


def kwb_table(path: Path, name: str, year: int) -> Table:
    """Make a table of key figures out of a CSV that R wrote; cells stay as they stand in the file."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = list(csv.reader(file))
    titles = []
    for title in head[2:]:
        unit = UNIT.search(title)
        plain = " ".join(title[: unit.start() if unit else None].replace(".", " ").split())
        group = next(group for group in GROUPS if plain.startswith(group))
        titles.append((group, plain.removeprefix(group).strip(), unit[1].replace(".", " ") if unit else "%"))
    topics = _topics(titles)
    keys = [topic["Key"] for topic in topics if topic["Type"] == "Topic"]
    code = head.index("Regioaanduiding.Codering..code.")
    rows = [{"ID": number, "WijkenEnBuurten": line[code], **dict(zip(keys, line[2:], strict=True))}
            for number, line in enumerate(lines)]  # fmt: skip
    return Table(name, f"Kerncijfers wijken en buurten {year}", str(year), f"{year + 2}-06-01T02:00:00", topics,
                 {"WijkenEnBuurten": "GeoDetail"}, {"WijkenEnBuurten": {line[code]: line[1] for line in lines}},
                 rows)  # fmt: skip


NATIONAL = {
    "inwoners": ("Bevolking", "Aantal inwoners", "aantal"),
    "huishoudens": ("Bevolking", "Huishoudens totaal", "aantal"),
    "woz_x1000_euro": ("Wonen", "Gemiddelde WOZ-waarde van woningen", "x 1 000 euro"),
    "koopwoningen_pct": ("Wonen", "Koopwoningen", "%"),
    "inkomen_per_inwoner_x1000_euro": ("Inkomen", "Gemiddeld inkomen per inwoner", "x 1 000 euro"),
}


def national_table(path: Path, name: str = "85984NED") -> Table:
    """Make the key figures of 2024 of the whole country, as the untyped table would show them."""
    table = pd.read_parquet(path, columns=["code", "name", *NATIONAL])
    topics = _topics(list(NATIONAL.values()))
    keys = [topic["Key"] for topic in topics if topic["Type"] == "Topic"]
    cells = [
        [f"{'.' if pd.isna(value) else f'{value:g}' if value % 1 else f'{value:.0f}':>8}" for value in table[column]]
        for column in NATIONAL
    ]
    rows = [{"ID": number, "WijkenEnBuurten": f"{code:<10}", **dict(zip(keys, values, strict=True))}
            for number, (code, *values) in enumerate(zip(table["code"], *cells, strict=True))]  # fmt: skip
    names = {f"{code:<10}": area for code, area in zip(table["code"], table["name"], strict=True)}
    return Table(name, "Kerncijfers wijken en buurten 2024", "2024", "2026-01-15T02:00:00", topics,
                 {"WijkenEnBuurten": "GeoDetail"}, {"WijkenEnBuurten": names}, rows)  # fmt: skip


def crime_table(path: Path) -> Table:
    """Make registered crimes of Breda, Heerlen and Amsterdam, four years in one table, two kinds of crime."""
    table = pd.read_parquet(path)
    table = table[table["code"].str[2:6].isin(["0758", "0917", "0363"]) & (table["level"] != "wijk")]
    rows: Rows = [
        {"ID": 0, "SoortMisdrijf": kind, "WijkenEnBuurten": f"{code:<10}", "Perioden": f"{year}JJ00",
         "GeregistreerdeMisdrijven_1": f"{'.' if pd.isna(crimes) else f'{crimes:.0f}':>8}"}
        for year in (2021, 2022, 2023, 2024)
        for code, crimes in zip(table["code"], table[f"misdrijven_{year}"], strict=True)
        for kind in ("0.0.0 ", "1.1.1 ")
    ]  # fmt: skip
    rows = [{**row, "ID": number} for number, row in enumerate(rows)]
    topics = [{"ID": 1, "ParentID": None, "Type": "Topic", "Key": "GeregistreerdeMisdrijven_1",
               "Title": "Geregistreerde misdrijven", "Unit": "aantal"}]  # fmt: skip
    names = {
        "SoortMisdrijf": {"0.0.0 ": "Totaal misdrijven", "1.1.1 ": "Diefstal/inbraak woning"},
        "WijkenEnBuurten": {f"{code:<10}": area for code, area in zip(table["code"], table["name"], strict=True)},
        "Perioden": {f"{year}JJ00": str(year) for year in (2021, 2022, 2023, 2024)},
    }
    kinds = {"SoortMisdrijf": "Dimension", "WijkenEnBuurten": "GeoDetail", "Perioden": "TimeDimension"}
    return Table("47018NED", "Geregistreerde misdrijven; soort misdrijf, wijk, buurt, jaarcijfers", "2021-2024",
                 "2026-02-01T02:00:00", topics, kinds, names, rows)  # fmt: skip
