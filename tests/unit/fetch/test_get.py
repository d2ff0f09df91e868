"""A download ends with whole, verified data or a clear error; the cache stays whole, the next run finishes the job."""

import errno
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from odata_server import Fault, Table, World, crime_table, kwb_table, moved, national_table, serving
from stage import AMSTERDAM, KEY, Stage, knowing

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import FetchError, ParameterError, SourceError
from kloof.fetch import odata, rawstore
from kloof.fetch.doctor import BY_HAND
from kloof.fetch.download import News
from kloof.fetch.get import How, Wish, fetch, plan
from kloof.fetch.outline import HERE, TO_GET, TO_RENEW, outline
from kloof.fetch.rawstore import folder, read_lock, read_raw
from kloof.fetch.registry import Source, read_registry

BREDA = Wish(("kwb",), (2024,), ("GM0758",))
OF_BREDA = "kwb/85984NED/2024/GM0758"
NATION = Wish(("kwb",), (2024,))


@pytest.fixture(scope="module")
def tables(shared: Path) -> dict[str, Table]:
    """Tables out of the real raw files."""
    parquet = shared / "data" / "national" / "buurten_2024.parquet"
    kwb = kwb_table(shared / "data" / "kwb" / "amsterdam_2017.csv", "83765NED", 2017)
    return {"83765NED": kwb, "85984NED": national_table(parquet), "47018NED": crime_table(parquet)}


@pytest.fixture(scope="module")
def known(project: Path) -> tuple[dict[str, Source], Catalogue]:
    return read_registry(project / "data" / "sources.toml"), read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture
def stage(
    tables: dict[str, Table], known: tuple[dict[str, Source], Catalogue], tmp_path: Path, shared: Path
) -> Iterator[Stage]:
    world = World({name: replace(table) for name, table in tables.items()}, page=200)
    with serving(world):
        yield Stage(world, tmp_path, *known, shared / "data" / "kwb" / "amsterdam_2017.csv")


# What goes wrong and what becomes of it. `act` makes it go wrong and sees how that run ends; then the test sees that
# the cache is whole, lets nothing go wrong any more, runs again, and compares every cell with the raw file.


@dataclass(frozen=True)
class Case:
    """One row of the fault table: what goes wrong, what the run that meets it does, and how to make it so."""

    fault: str
    outcome: str
    act: Callable[[Stage], None]
    patience: tuple[tuple[str, float], ...] = ()


def whole(*faults: Fault, notice: str = "") -> Callable[[Stage], None]:
    """The run gets everything all the same."""

    def act(stage: Stage) -> None:
        stage.world.faults = [replace(fault) for fault in faults]
        report = stage.fetch()
        report.check()
        assert [outcome.state for outcome in report.outcomes] == ["fetched"]
        assert all(fault.times == 0 for fault in stage.world.faults), "the fault never happened"
        assert bool(notice) == bool(report.notices)
        assert re.search(notice, " ".join(report.notices))
        assert stage.cells() == stage.expected()

    return act


def error(says: str, *faults: Fault) -> Callable[[Stage], None]:
    """The run ends with an error that says what is wrong, and stores nothing."""

    def act(stage: Stage) -> None:
        stage.world.faults = [replace(fault) for fault in faults]
        with pytest.raises(FetchError, match=says) as problem:
            stage.fetch().check()
        assert "83765NED" in str(problem.value)
        assert read_lock(stage.home) == {}

    return act


def revised(stage: Stage) -> None:
    """The table is revised after page 1: what was read is thrown away, and the new table comes whole."""
    stage.world.faults = [Fault("revised", 2)]
    report = stage.fetch()
    report.check()
    assert "the table was revised while it was read; started again" in report.notices[0]
    assert {row[-1] for row in stage.cells()} == {"   99999"}
    assert read_lock(stage.home)[KEY].current.version == "2099-01-01T02:00:00"


def emptied(stage: Stage) -> None:
    """The table has no rows."""
    table = stage.world.tables["83765NED"]
    rows, table.rows = table.rows, []
    error("the table has no rows for 2017")(stage)
    table.rows = rows


def disk_full(at: int) -> Callable[[Stage], None]:
    """The disk is full at the write number `at`: half the bytes are there when it happens."""

    def act(stage: Stage) -> None:
        calls = iter(range(1, 100))

        def fsync(file: int) -> None:
            if next(calls) >= at:
                os.truncate(file, os.fstat(file).st_size // 2)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rawstore.os, "fsync", fsync)
            with pytest.raises(FetchError, match=r"the disk is full: [0-9,]+ bytes for .* do not fit"):
                stage.fetch().check()
        assert read_lock(stage.home) == {}
        assert not list(folder(stage.home).rglob("*.half"))

    return act


def killed(write: int, pages: int) -> Callable[[Stage], None]:
    """kill -9 just before write number `write` takes its place; `pages` are left to ask for then."""

    def act(stage: Stage) -> None:
        assert stage.killed(write) == -signal.SIGKILL
        assert list(folder(stage.home).rglob("*.half")), "it was not killed while writing"
        assert read_lock(stage.home) == {}
        stage.world.asked.clear()
        stage.fetch().check()
        assert len(stage.world.pages_asked) == pages

    return act


def two_at_once(stage: Stage) -> None:
    """The second waits for the first and finds everything there: no page is asked for twice."""
    stage.world.faults = [Fault("hold", 2)]
    first = stage.child()
    assert stage.world.reached.wait(60)
    second = stage.child()
    assert "another kloof data fetch is at work in" in second.said.recv()
    stage.world.gate.set()
    assert [child.said.recv() for child in (first, second)] == ["fetched", "present"]
    assert len(stage.world.pages_asked) == 3


def stopped(stage: Stage) -> None:
    """Ctrl-C while page 2 is on its way: page 1 is kept, and the next run goes on from there."""
    stage.world.faults = [Fault("500", 2, -1)]
    with pytest.raises(FetchError):
        stage.fetch().check()
    stage.heal()
    stage.world.asked.clear()
    report = stage.fetch()
    report.check()
    assert "went on after page 1 of the interrupted download" in report.notices[0]
    assert len(stage.world.pages_asked) == 2


def changed_meanwhile(stage: Stage) -> None:
    """The table is revised between an interrupted run and the next: the old pages are thrown away."""
    stage.world.faults = [Fault("500", 2, -1)]
    with pytest.raises(FetchError):
        stage.fetch().check()
    stage.heal()
    stage.world.tables["83765NED"].modified = "2030-01-01T02:00:00"
    report = stage.fetch()
    report.check()
    assert "changed since the interrupted download; 1 old pages thrown away" in report.notices[0]


AGAIN = "started again"
CASES = (
    Case("429 with Retry-After", "waits as asked, then whole", whole(Fault("429", 2, 1, "0"))),
    Case("429 that asks for an hour", "error: come back later",
         error("asks to wait 3600 seconds", Fault("429", 2, 1, "3600"))),
    Case("500 twice", "asked again, then whole", whole(Fault("500", 2, 2))),
    Case("500 for good", "error after all tries",
         error("no whole answer after 3 tries; the last one: HTTP 500: An error", Fault("500", 2, -1))),
    Case("connection cut mid-body", "asked again, then whole", whole(Fault("cut", 2))),
    Case("connection cut mid-body, chunked", "asked again, then whole", whole(Fault("cut_chunked", 2))),
    Case("connection cut for good", "error after all tries",
         error("the connection was cut before the answer was whole", Fault("cut", 2, -1))),
    Case("truncated JSON", "asked again, then whole", whole(Fault("truncated", 3))),
    Case("truncated JSON for good", "error after all tries",
         error("JSON that breaks off or is damaged, [0-9]+ bytes", Fault("truncated", 3, -1))),
    Case("wrong content type", "asked again, then whole", whole(Fault("html", 1))),
    Case("wrong content type for good", "error after all tries",
         error("text/html instead of JSON, beginning '<html>", Fault("html", 1, -1))),
    Case("a page served twice", "started again, then whole",
         whole(Fault("twice", 2), notice="200 rows came twice.*" + AGAIN)),
    Case("the last page replaced by the one before", "started again, then whole",
         whole(Fault("twice", 3), notice="more|600 rows came and the server counts 580.*" + AGAIN)),
    Case("a page served twice for good", "error after three times",
         error("rows came twice .* 3 times over. Nothing was stored", Fault("twice", 2, -1))),
    Case("columns moved on one page", "started again, then whole",
         whole(Fault("moved", 2), notice="the columns of rows 1 and 201 differ.*" + AGAIN)),
    Case("columns moved against the metadata", "error: columns moved",
         error("the columns of the table moved", Fault("moved", 0, -1))),
    Case("revised between pages", "started again, then the new table whole", revised),
    Case("revised since an interrupted run", "old pages thrown away, then whole", changed_meanwhile),
    Case("an empty table", "error: no rows", emptied),
    Case("a slow server", "asked again, then whole", whole(Fault("slow", 2)), (("silence", 0.2),)),
    Case("a slow server for good", "error after all tries",
         error("silence for more than 0.2 seconds|the server fell silent", Fault("slow", 2, -1)), (("silence", 0.2),)),
    Case("a server that trickles", "error after the time for one answer",
         error("was not whole after 0.2 seconds", Fault("drip", 2, -1)), (("whole", 0.2),)),
    Case("a lost link to the next page", "started again, then whole",
         whole(Fault("fewer", 2), notice="400 rows came and the server counts 580.*" + AGAIN)),
    Case("a page that links to itself", "error, no endless loop",
         error("links to a page that was read before, 3 times", Fault("loop", 2, -1))),
    Case("a link to another server", "error, nothing asked there",
         error("links its next page to another server, 127.0.0.2:9", Fault("elsewhere", 2, -1))),
    Case("disk full while a page is written", "error with the size", disk_full(3)),
    Case("disk full while the rows are written", "error with the size", disk_full(5)),
    Case("disk full while the lock file is written", "error with the size", disk_full(7)),
    Case("interrupted", "finished pages kept, goes on from there", stopped),
    Case("two downloads at once", "the second waits and finds all there", two_at_once),
    Case("kill -9 while page 2 is written", "goes on after page 1", killed(3, 2)),
    Case("kill -9 while the rows are written", "no page asked again", killed(5, 0)),
    Case("kill -9 while the metadata are written", "no page asked again", killed(6, 0)),
    Case("kill -9 while the lock file is written", "no page asked again", killed(7, 0)),
)  # fmt: skip


def fault_table() -> str:
    """Write the fault table for the documentation."""
    rows = [f"| {case.fault} | {case.outcome} |" for case in CASES]
    return "\n".join(["| what goes wrong | what becomes of it |", "| --- | --- |", *rows])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_after_each_fault_the_cache_is_whole_and_the_next_run_finishes(case: Case, stage: Stage) -> None:
    stage.patient(**dict(case.patience))
    case.act(stage)
    assert stage.faults_of_cache() == []
    stage.heal()
    stage.patient(silence=5, whole=10)
    report = stage.fetch()
    report.check()
    assert stage.faults_of_cache() == []
    assert stage.leftovers() == []
    if case.act is not revised:
        assert stage.cells() == stage.expected()
    asked = len(stage.world.asked)
    assert [outcome.state for outcome in stage.fetch().outcomes] == ["present"]
    assert len(stage.world.asked) == asked, "the second call asked the server something"


def test_the_fault_table_stands_in_the_documentation() -> None:
    assert len(CASES) == 34
    assert fault_table() in (Path(__file__).parents[3] / "data" / "README.md").read_text(encoding="utf-8")


def test_what_arrives_equals_the_raw_file_cell_for_cell(stage: Stage) -> None:
    stage.fetch().check()
    cells = stage.cells()
    assert (len(cells), len(cells[0])) == (580, 109)
    assert cells == stage.expected()
    rows, meta = read_raw(folder(stage.home) / read_lock(stage.home)[KEY].current.file)
    assert rows["WijkenEnBuurten"].str.len().eq(10).all()  # padding is kept
    assert (rows == "       .").to_numpy().sum() == sum(row.count("       .") for row in stage.expected()) > 1000
    assert meta["table"] == "83765NED"
    assert meta["columns"][6] == {
        "key": "AantalInwoners_5", "title": "Bevolking|Aantal inwoners", "unit": "aantal", "type": "topic",
    }  # fmt: skip
    assert (meta["version"], meta["retrieved"], meta["other_columns"]) == ("2019-06-01T02:00:00", "2026-11-24", [])


def test_more_than_ten_thousand_rows_come_in_pages(stage: Stage, shared: Path) -> None:
    stage.world.page = 10_000
    report = stage.fetch(NATION)
    report.check()
    assert report.outcomes[0].rows == 18_309
    assert len(stage.world.pages_asked) == 2
    rows, _ = read_raw(folder(stage.home) / read_lock(stage.home)["kwb/85984NED/2024/all"].current.file)
    raw = pd.read_parquet(shared / "data" / "national" / "buurten_2024.parquet")
    assert rows["WijkenEnBuurten"].str.strip().tolist() == raw["code"].tolist()
    served = pd.to_numeric(rows["AantalInwoners_1"].str.strip().replace(".", None))
    assert served.sum() == raw["inwoners"].sum()
    assert served.isna().sum() == raw["inwoners"].isna().sum() == 504


def test_the_server_filters_and_selects(stage: Stage) -> None:
    report = stage.fetch(BREDA)
    report.check()
    assert report.outcomes[0].rows == 68  # 1 gemeente, 11 wijken, 56 buurten
    rows, meta = read_raw(folder(stage.home) / read_lock(stage.home)[OF_BREDA].current.file)
    assert set(rows["WijkenEnBuurten"].str[2:6]) == {"0758"}
    assert meta["labels"]["WijkenEnBuurten"]["BU07580103"] == "Geeren-zuid"
    assert "$select=ID,WijkenEnBuurten,AantalInwoners_1" in stage.world.pages_asked[0]
    assert len(meta["labels"]["WijkenEnBuurten"]) == 68


def test_a_filter_that_is_ignored_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rows alone, and by the count too."""
    stage.world.faults, stage.world.page = [Fault("filter", 1, -1)], 20_000
    with pytest.raises(FetchError, match=r"rows came|ignored the filter"):
        stage.fetch(BREDA).check()
    assert read_lock(stage.home) == {}
    stage.heal()
    monkeypatch.setattr("odata_server.Handler.filtered", lambda _self, rows, _query: rows)
    with pytest.raises(FetchError, match=r"ignored the filter .*18,241 rows have another WijkenEnBuurten \(GM0014"):
        stage.fetch(BREDA).check()


def test_a_server_that_does_not_count_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odata, "count", lambda *_: None)
    report = stage.fetch()
    report.check()
    assert "the server does not count its rows; only that none came twice was checked" in report.notices[0]
    assert stage.cells() == stage.expected()
    (folder(stage.home) / rawstore.LOCK).unlink()
    stage.world.faults = [Fault("twice", 2, -1)]
    with pytest.raises(FetchError, match="rows came twice"):
        stage.fetch().check()


def test_several_years_in_one_table_are_a_file_each(stage: Stage, shared: Path) -> None:
    report = stage.fetch(Wish(("crime",), (2021, 2024), ("GM0758",)))
    report.check()
    assert [(outcome.job.year, outcome.rows) for outcome in report.outcomes] == [(2021, 57), (2024, 57)]
    rows, meta = read_raw(folder(stage.home) / read_lock(stage.home)["crime/47018NED/2024/GM0758"].current.file)
    assert set(rows["Perioden"]) == {"2024JJ00"}
    assert set(rows["SoortMisdrijf"]) == {"0.0.0 "}  # kept by the registry, padding and all
    counts = rows.set_index(rows["WijkenEnBuurten"].str.strip())["GeregistreerdeMisdrijven_1"].astype("int64")
    assert counts["GM0758"] == counts.drop("GM0758").sum() == 10_809  # data INDEX, section 2
    assert meta["labels"]["SoortMisdrijf"] == {"0.0.0": "Totaal misdrijven"}


def test_a_copy_of_the_whole_country_serves_every_municipality(stage: Stage) -> None:
    stage.world.page = 10_000
    stage.fetch(NATION).check()
    asked = len(stage.world.asked)
    report = stage.fetch(replace(BREDA, regions=("GM0758", "GM0344")))
    assert [outcome.state for outcome in report.outcomes] == ["present", "present"]
    assert len(stage.world.asked) == asked


def test_only_what_lacks_is_downloaded_and_what_is_not_there_is_asked_for_once(stage: Stage) -> None:
    stage.fetch(BREDA).check()
    more = replace(BREDA, regions=("GM0758", "GM0917", "GM9999"))
    report = stage.fetch(more)
    assert [outcome.state for outcome in report.outcomes] == ["present", "fetched", "absent"]
    with pytest.raises(FetchError, match="GM9999 is in none of these tables; is the code right"):
        report.check()
    asked = len(stage.world.asked)
    assert [outcome.state for outcome in stage.fetch(more).outcomes] == ["present", "present", "absent"]
    assert len(stage.world.asked) == asked


def test_offline_never_asks_and_lists_what_lacks(stage: Stage) -> None:
    with pytest.raises(FetchError, match="1 fault in what is here") as problem:
        stage.fetch(BREDA, offline=True)
    assert "kwb 2024 (table 85984NED, GM0758): not downloaded yet" in str(problem.value)
    assert str(problem.value).endswith("kloof data fetch --municipality GM0758 --years 2024 --source kwb")
    assert stage.world.asked == []
    stage.fetch(BREDA).check()
    asked = len(stage.world.asked)
    assert [outcome.state for outcome in stage.fetch(BREDA, offline=True).outcomes] == ["present"]
    assert len(stage.world.asked) == asked


@pytest.mark.parametrize("what", ["rows", "meta", "gone"])
def test_a_damaged_file_is_noticed_and_downloaded_again(stage: Stage, what: str) -> None:
    stage.fetch().check()
    entry = read_lock(stage.home)[KEY].current
    path = folder(stage.home) / entry.file
    if what == "gone":
        path.unlink()
    else:
        place = path if what == "rows" else rawstore.meta_path(path)
        place.write_bytes(place.read_bytes()[:-9] + b"123456789")
    if what == "rows":
        with pytest.raises(SourceError, match="is damaged: its hash is not that of its metadata"):
            read_raw(path)
    with pytest.raises(FetchError, match=r"the lock file says|is not there"):
        stage.fetch(offline=True)
    report = stage.fetch()
    report.check()
    assert report.outcomes[0].state == "fetched"
    assert "downloaded again" in report.notices[0]
    assert read_lock(stage.home)[KEY].current.sha256 == entry.sha256
    assert stage.cells() == stage.expected()


def test_the_lock_file_says_what_there_is_and_one_that_is_damaged_is_an_error(stage: Stage) -> None:
    stage.fetch(BREDA).check()
    entry = read_lock(stage.home)[OF_BREDA].current
    data = (folder(stage.home) / entry.file).read_bytes()
    assert (entry.rows, entry.bytes, entry.version, entry.retrieved) == (
        68, len(data), "2026-01-15T02:00:00", "2026-11-24",
    )  # fmt: skip
    assert entry.sha256 == rawstore.sha256(data)
    text = rawstore.meta_path(folder(stage.home) / entry.file).read_bytes()
    assert entry.meta_sha256 == rawstore.sha256(text)
    assert rawstore.sha256(data + text)[:12] in entry.file
    assert "startswith(WijkenEnBuurten,'BU0758')" in entry.filter
    first = (folder(stage.home) / rawstore.LOCK).read_bytes()
    (folder(stage.home) / rawstore.LOCK).unlink()
    stage.fetch(BREDA).check()
    assert (folder(stage.home) / rawstore.LOCK).read_bytes() == first  # same rows, same bytes
    (folder(stage.home) / rawstore.LOCK).write_text('{"form": 1, "files": {"x"')
    with pytest.raises(SourceError, match=r"data/raw/kloof.lock.json is damaged .* Put a copy of it back"):
        stage.fetch(BREDA)


def test_all_columns_widen_a_copy_and_an_understood_one_is_narrower(stage: Stage) -> None:
    stage.catalogue = knowing(stage.catalogue, "inhabitants", "households")
    narrow = replace(AMSTERDAM, all_columns=False)
    stage.fetch(narrow).check()
    rows, meta = read_raw(folder(stage.home) / read_lock(stage.home)[KEY].current.file)
    assert rows.shape == (580, 10)  # number, area, 4 columns that name it, 2 of postcodes, 2 figures
    assert [column["key"] for column in meta["columns"]] == list(rows)
    assert len(meta["other_columns"]) == 100
    assert stage.fetch(narrow).outcomes[0].state == "present"
    report = stage.fetch(AMSTERDAM)
    assert report.outcomes[0].state == "fetched"
    assert "it has not all the columns that are wanted" in report.notices[0]
    assert stage.cells() == stage.expected()
    assert stage.fetch(narrow).outcomes[0].state == "present"  # the wide copy serves


def test_columns_are_left_out_on_arrival_when_the_address_would_grow_too_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kloof.fetch.odata.LONGEST_ADDRESS", 250)
    stage.catalogue = knowing(stage.catalogue, "inhabitants")
    stage.fetch(BREDA).check()
    assert "$select" not in stage.world.pages_asked[0]
    rows, meta = read_raw(folder(stage.home) / read_lock(stage.home)[OF_BREDA].current.file)
    assert list(rows) == ["ID", "WijkenEnBuurten", "AantalInwoners_1"]
    assert len(meta["other_columns"]) == 4


def test_a_catalogue_that_understands_more_gets_more(stage: Stage) -> None:
    full, stage.catalogue = stage.catalogue, knowing(stage.catalogue, "inhabitants")
    stage.fetch(BREDA).check()
    rows, _ = read_raw(folder(stage.home) / read_lock(stage.home)[OF_BREDA].current.file)
    assert list(rows) == ["ID", "WijkenEnBuurten", "AantalInwoners_1"]
    stage.catalogue = full
    assert stage.fetch(BREDA).outcomes[0].state == "fetched"
    rows, _ = read_raw(folder(stage.home) / read_lock(stage.home)[OF_BREDA].current.file)
    assert rows.shape == (68, 7)


def test_columns_that_nobody_understands_are_an_error(stage: Stage) -> None:
    stage.catalogue = replace(stage.catalogue, indicators={})
    with pytest.raises(FetchError, match=r"none of its 6 columns is understood. Take them all with --all-columns"):
        stage.fetch(BREDA).check()


def revise(stage: Stage) -> str:
    """Revise the national table: one value, one row gone, one row new, and all columns get another number."""
    table = stage.world.tables["85984NED"]
    rows = [{moved(key): cell for key, cell in row.items()} for row in table.rows]
    places = {row["WijkenEnBuurten"].strip(): number for number, row in enumerate(rows)}
    before = rows[places["BU07580103"]]["AantalInwoners_2"].strip()
    rows[places["BU07580103"]]["AantalInwoners_2"] = "    1234"
    rows[places["BU07580100"]]["AantalInwoners_2"] = rows[places["BU07580100"]]["AantalInwoners_2"].strip() + ".0"
    del rows[places["BU07580500"]]
    rows.append({**rows[places["BU07580103"]], "ID": 99_999, "WijkenEnBuurten": "BU07589999"})
    topics = [{**topic, "Key": moved(topic["Key"])} for topic in table.topics]
    stage.world.tables["85984NED"] = replace(table, rows=rows, topics=topics, modified="2027-06-01T02:00:00")
    return before


def test_a_revision_is_reported_and_put_beside_until_it_is_accepted(stage: Stage) -> None:
    stage.fetch(BREDA).check()
    assert stage.fetch(BREDA, refresh=True).outcomes[0].state == "unchanged"
    old = read_lock(stage.home)[OF_BREDA].current
    before = revise(stage)
    assert stage.fetch(BREDA).outcomes[0].state == "present"  # without --refresh nobody asks
    report = stage.fetch(BREDA, refresh=True)
    report.check()
    outcome = report.outcomes[0]
    assert outcome.state == "changed"
    found = outcome.difference
    assert found
    assert [(c.title, c.cells, c.examples) for c in found.columns] == [
        ("bevolking aantal inwoners", 1, (("BU07580103", before, "1234"),))
    ]
    assert (found.rows_added, found.rows_removed) == (("BU07589999",), ("BU07580500",))
    assert (found.columns_added, found.columns_removed) == ((), ())
    held = read_lock(stage.home)[OF_BREDA]
    assert held.current == old
    assert held.beside
    assert held.beside.version == "2027-06-01T02:00:00"
    assert stage.fetch(BREDA).outcomes[0].state == "present"
    pages = len(stage.world.pages_asked)
    again = stage.fetch(BREDA, refresh=True).outcomes[0]
    assert (again.state, len(stage.world.pages_asked), again.difference) == ("changed", pages, found)
    assert stage.fetch(BREDA, accept=True).outcomes[0].state == "accepted"
    now = read_lock(stage.home)[OF_BREDA]
    assert (now.current, now.beside, now.earlier) == (held.beside, None, (old,))
    assert stage.faults_of_cache() == []  # the old copy is still on disk
    rows, _ = read_raw(folder(stage.home) / now.current.file)
    assert rows.set_index("WijkenEnBuurten").loc["BU07580103", "AantalInwoners_2"] == "    1234"


def test_a_wider_copy_of_a_revised_table_is_not_swapped_in(stage: Stage) -> None:
    full, stage.catalogue = stage.catalogue, knowing(stage.catalogue, "inhabitants")
    stage.fetch(BREDA).check()
    old = read_lock(stage.home)[OF_BREDA].current
    revise(stage)
    stage.catalogue = full  # more columns are wanted, and the table was revised in the meantime
    report = stage.fetch(BREDA)
    assert report.outcomes[0].state == "changed"
    assert report.outcomes[0].difference
    assert report.outcomes[0].difference.cells == 1
    assert read_lock(stage.home)[OF_BREDA].current == old
    asked = len(stage.world.asked)
    report = stage.fetch(BREDA)
    assert (report.outcomes[0].state, len(stage.world.asked)) == ("present", asked)
    assert report.notices == (
        "kwb 2024 (table 85984NED, GM0758): a revision (2027-06-01T02:00:00) waits for --accept",
    )  # fmt: skip
    assert stage.fetch(BREDA, accept=True).outcomes[0].state == "accepted"
    rows, _ = read_raw(folder(stage.home) / read_lock(stage.home)[OF_BREDA].current.file)
    assert rows.shape == (68, 7)


@pytest.mark.parametrize(("write", "cells"), [(3, 1), (5, 1), (7, 1), (7, 0)])
def test_kill_9_while_a_revision_comes_leaves_the_copy_in_use(stage: Stage, write: int, cells: int) -> None:
    stage.fetch().check()
    old = read_lock(stage.home)
    table = stage.world.tables["83765NED"]
    first = {**table.rows[0], "AantalInwoners_5": "       1"} if cells else table.rows[0]
    stage.world.tables["83765NED"] = replace(table, rows=[first, *table.rows[1:]], modified="2031-01-01T02:00:00")
    assert stage.killed(write, refresh=True) == -signal.SIGKILL
    assert (read_lock(stage.home), stage.faults_of_cache()) == (old, [])
    assert stage.cells() == stage.expected()
    outcome = stage.fetch(refresh=True).outcomes[0]
    assert outcome.state == ("changed" if cells else "unchanged")
    assert outcome.difference is None or outcome.difference.cells == cells
    now = read_lock(stage.home)[KEY].current
    assert now == (old[KEY].current if cells else replace(now, version="2031-01-01T02:00:00"))
    assert stage.leftovers() == stage.faults_of_cache() == []


def test_another_download_that_does_not_end_is_an_error(stage: Stage) -> None:
    from filelock import FileLock

    folder(stage.home).mkdir(parents=True)
    with (
        FileLock(folder(stage.home) / ".fetch.lock"),
        pytest.raises(FetchError, match=r"another kloof data fetch has been at work in .* for more than 0\.05 seconds"),
    ):
        stage.fetch(wait=0.05)


def test_a_new_version_with_the_same_values_is_unchanged(stage: Stage) -> None:
    stage.fetch(BREDA).check()
    stage.world.tables["85984NED"].modified = "2028-01-01T02:00:00"
    assert stage.fetch(BREDA, refresh=True).outcomes[0].state == "unchanged"
    held = read_lock(stage.home)[OF_BREDA]
    assert (held.current.version, held.beside) == ("2028-01-01T02:00:00", None)
    assert stage.faults_of_cache() == []
    assert len(list(folder(stage.home).rglob("*.rows.parquet"))) == 1


def test_refresh_and_accept_in_one_go(stage: Stage) -> None:
    stage.fetch(replace(BREDA, regions=("GM0758", "GM0917"))).check()
    revise(stage)
    report = stage.fetch(replace(BREDA, regions=("GM0758", "GM0917")), refresh=True, accept=True)
    assert [outcome.state for outcome in report.outcomes] == ["accepted", "accepted"]  # Heerlen: other column numbers
    assert [outcome.difference.is_none for outcome in report.outcomes if outcome.difference] == [False, True]
    assert report.outcomes[0].difference
    assert read_lock(stage.home)[OF_BREDA].current.version == "2027-06-01T02:00:00"


def test_one_copy_that_serves_two_municipalities_is_refreshed_once(stage: Stage) -> None:
    stage.world.page = 10_000
    stage.fetch(NATION).check()
    revise(stage)
    stage.world.asked.clear()
    report = stage.fetch(replace(BREDA, regions=("GM0758", "GM0344")), refresh=True)
    assert [outcome.state for outcome in report.outcomes] == ["changed", "changed"]
    assert len(stage.world.pages_asked) == 2


def test_what_fails_does_not_stop_the_rest_and_all_failures_are_named(stage: Stage) -> None:
    wish = Wish(("kwb",), (2016, 2017, 2018, 2024), ("GM0363",))
    report = stage.fetch(wish)
    assert [outcome.state for outcome in report.outcomes] == ["failed", "fetched", "failed", "fetched"]
    with pytest.raises(FetchError, match=r"2 faults in the download \(2 of 4 tables are there\)") as problem:
        report.check()
    assert "83487NED" in str(problem.value)
    assert "84286NED" in str(problem.value)


def test_a_source_without_address_for_a_machine_is_brought_by_hand(stage: Stage) -> None:
    report = stage.fetch(Wish(("buurt_changes",), (2020,)))
    assert report.outcomes[0].state == "by_hand"
    assert "kloof data add FILE" in report.outcomes[0].detail
    assert stage.world.asked == []


def test_no_more_questions_at_once_than_is_polite(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, one = [0], [0], threading.Lock()
    real = odata.table_page

    def counted(*given: object) -> object:
        with one:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return real(*given)
        finally:
            with one:
                now[0] -= 1

    monkeypatch.setattr(odata, "table_page", counted)
    stage.fetch(Wish(("crime",), (2021, 2022, 2023, 2024), ("GM0758", "GM0917"))).check()
    assert 1 <= most[0] <= 2
    with pytest.raises(ParameterError, match="workers is 1 to 4, not 9: public servers are shared"):
        stage.fetch(BREDA, workers=9)


def test_progress_tells_rows_and_bytes(stage: Stage, tmp_path: Path) -> None:
    heard: list[News] = []
    how = How(patience=stage.patience, addresses={"kwb": stage.world.base})
    fetch(stage.home, stage.registry, stage.catalogue, AMSTERDAM, how, heard.append)
    assert [(news.rows, news.expected) for news in heard] == [(200, 580), (400, 580), (580, 580)]
    assert 0 < heard[0].bytes < heard[1].bytes < heard[2].bytes


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wish(("kwd",)), "source 'kwd' is not known. Did you mean kwb?"),
        (Wish(regions=("0758", "GM75")), "municipality '0758' is no CBS code.*municipality 'GM75' is no CBS code"),
        (Wish(("kwb",), (1999, 2020)), r"no source has 1999 \(there are 2013 to 2024\)"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(stage: Stage, wish: Wish, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        stage.fetch(wish)
    assert stage.world.asked == []


def test_the_plan_takes_each_source_as_it_is_published(stage: Stage) -> None:
    jobs = plan(stage.registry, Wish(("kwb", "cpi", "boundaries_buurt", "iv3"), (2016, 2017), ("GM0758", "GM0344")), {})
    assert [(job.source.id, job.year, job.region) for job in jobs] == [
        ("kwb", 2016, "GM0758"), ("kwb", 2016, "GM0344"), ("kwb", 2017, "GM0758"), ("kwb", 2017, "GM0344"),
        ("cpi", 2016, "all"), ("cpi", 2017, "all"),
        ("boundaries_buurt", 2016, "all"), ("boundaries_buurt", 2017, "all"),
        ("iv3", 2017, "GM0758"), ("iv3", 2017, "GM0344"),
    ]  # fmt: skip


def unreachable() -> str:
    """Give an address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_without_any_server_it_is_offline_at_once_and_what_is_there_stays(stage: Stage) -> None:
    stage.fetch()
    before = rawstore.read_lock(stage.home)
    nowhere = unreachable()
    with pytest.raises(FetchError) as problem:
        stage.fetch(Wish(("kwb",), (2016, 2017), ("GM0363",), True), addresses={"kwb": nowhere})
    name = nowhere.removeprefix("http://")
    assert str(problem.value).splitlines()[:2] == [
        "you seem to be offline: no server could be reached.", f"  {name}: no connection",
    ]  # fmt: skip
    assert "1 of 2 tables are here or by hand, and untouched" in str(problem.value)
    assert rawstore.read_lock(stage.home) == before
    assert stage.fetch(addresses={"kwb": nowhere}).outcomes[0].state == "present"  # nothing to ask for


def test_a_server_that_cannot_be_reached_fails_once_and_the_others_go_on(stage: Stage) -> None:
    nowhere = unreachable()
    wish = Wish(("kwb", "crime"), (2023, 2024), ("GM0758",))
    report = stage.fetch(wish, addresses={"kwb": stage.world.base, "crime": nowhere})
    states = {(one.job.source.id, one.job.year): one.state for one in report.outcomes}
    assert states["kwb", 2024] == "fetched"
    assert (states["crime", 2023], states["crime", 2024]) == ("failed", "failed")
    with pytest.raises(FetchError) as problem:
        report.check()
    assert str(problem.value).count(f"{nowhere.removeprefix('http://')} cannot be reached (no connection)") == 1


def test_what_it_would_do_is_said_without_asking(stage: Stage) -> None:
    wish = Wish(("kwb", "iv3", "leefbaarometer_2"), (2016, 2017), ("GM0363",), True)
    stage.fetch()
    asked = len(stage.world.asked)
    made = outline(stage.home, stage.registry, stage.catalogue, wish, How(addresses={"kwb": stage.world.base}))
    found = [(step.job.source.id, step.job.year, step.state, step.rows) for step in made.steps]
    assert found == [
        ("kwb", 2016, TO_GET, 580), ("kwb", 2017, HERE, 580), ("iv3", 2017, TO_GET, None),
        ("leefbaarometer_2", 2016, BY_HAND, None),
    ]  # fmt: skip
    # 580 rows as in the other year of this table, of 3,500 bytes; two tables to ask for, two at once
    assert (made.bytes, made.unknown, len(made.asking)) == (580 * 3_500, 1, 2)
    assert made.seconds == pytest.approx(3 + 2.03)
    country = outline(stage.home, stage.registry, stage.catalogue, Wish(("kwb",), (2016,)), How())
    assert country.steps[0].rows == 1 + 342 + 3_393 + 14_574
    again = outline(stage.home, stage.registry, stage.catalogue, AMSTERDAM, How(refresh=True))
    assert [step.state for step in again.steps] == [TO_RENEW]
    assert len(stage.world.asked) == asked
    with pytest.raises(ParameterError, match="no source has 1999"):
        outline(stage.home, stage.registry, stage.catalogue, Wish(("kwb",), (1999,)), How())
