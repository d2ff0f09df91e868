"""`kloof data` on the command line: what it prints, where it stops, and that a second call asks nothing."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from odata_server import World, kwb_table, national_table, serving

from kloof.cli.data import _Progress, read_years
from kloof.errors import ParameterError
from kloof.fetch import doctor, get
from kloof.fetch.download import News
from kloof.fetch.rawstore import folder, read_lock
from kloof.store import read

Answer = tuple[int, str, str]
Data = Callable[..., Answer]


@pytest.fixture(scope="module")
def world(shared: Path) -> Iterator[World]:
    kwb = kwb_table(shared / "data" / "kwb" / "amsterdam_2017.csv", "83765NED", 2017)
    national = national_table(shared / "data" / "national" / "buurten_2024.parquet")
    with serving(World({"83765NED": kwb, "85984NED": national})) as running:
        yield running


@pytest.fixture
def data(home: Path, world: World, monkeypatch: pytest.MonkeyPatch, command_line: Data) -> Data:
    """Call `kloof data …`: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")
    world.asked.clear()

    return partial(command_line, "data")


def test_fetch_downloads_once(data: Data, world: World, home: Path) -> None:
    words = (
        "fetch",
        "--municipality",
        "GM0758",
        "--years",
        "2024",
        "--source",
        "kwb",
        "--address",
        f"kwb={world.base}",
    )
    code, out, err = data(*words)
    assert (code, err) == (0, "")
    first, stored, last = out.strip().splitlines()
    assert "added" in stored
    assert read.municipality("GM0758").observations.query("indicator == 'inhabitants' and code == 'GM0758'")[
        "value"
    ].tolist() == [188078]  # the row of Breda in the national file of 2024
    assert first.split()[:6] == ["kwb", "2024", "85984NED", "GM0758", "fetched", "68"]
    assert last.startswith("Next: kloof data")
    assert read_lock(home)["kwb/85984NED/2024/GM0758"].current.rows == 68
    asked = len(world.asked)
    code, out, _ = data(*words)
    assert (code, out.split()[4]) == (0, "present")
    assert len(world.asked) == asked


def test_without_a_municipality_those_of_the_presets_are_meant(data: Data, world: World, home: Path) -> None:
    code, _, _ = data("fetch", "--years", "2024", "--source", "kwb", "--address", f"kwb={world.base}")
    assert code == 0
    municipalities = {held.current.region for held in read_lock(home).values()}
    assert municipalities == {"GM0758", "GM0855", "GM0772", "GM0796", "GM0917", "GM0505"}


def test_all_is_one_file_for_the_country(data: Data, world: World, home: Path) -> None:
    code, out, _ = data("fetch", "--all", "--years", "2024", "--source", "kwb", "--address", f"kwb={world.base}")
    assert code == 0
    assert "18,309 rows" in out
    assert list(read_lock(home)) == ["kwb/85984NED/2024/all"]


def test_a_failure_is_one_line_and_exit_code_2_and_the_rest_is_kept(data: Data, world: World, home: Path) -> None:
    code, out, err = data(
        "fetch", "--municipality", "GM0363", "--years", "2016-2017", "--source", "kwb", "--address", f"kwb={world.base}"
    )  # fmt: skip
    assert code == 2
    assert err.startswith("kloof: 1 fault in the download (1 of 2 tables are there). (1) kwb 2016 (table 83487NED)")
    assert "failed" in out
    assert "added: " in out  # what came is in the store
    assert list(read_lock(home)) == ["kwb/83765NED/2017/GM0363"]


def test_offline_asks_nothing(data: Data, world: World, home: Path) -> None:
    code, out, err = data("fetch", "--offline", "--municipality", "GM0758", "--years", "2024", "--source", "kwb")
    assert (code, out) == (2, "")
    assert "kloof data fetch --municipality GM0758 --years 2024 --source kwb" in err
    assert world.asked == []
    assert not folder(home).exists()


def test_a_revision_is_printed_as_a_difference_of_values(data: Data, world: World) -> None:
    words = ("--municipality", "GM0758", "--years", "2024", "--source", "kwb", "--address", f"kwb={world.base}")
    data("fetch", *words)
    table = world.tables["85984NED"]
    row = next(row for row in table.rows if row["WijkenEnBuurten"].startswith("BU07580103"))
    before, version = row["AantalInwoners_1"], table.modified
    revised = str(int(before) + 5)  # as little as rounding to fives leaves open, so that the sums still hold
    try:
        row["AantalInwoners_1"], table.modified = f"    {revised}", "2030-01-01"
        code, out, _ = data("fetch", "--refresh", *words)
        assert code == 0
        assert "revised; put beside" in out
        assert "1 value differs in 1 column" in out
        assert f"bevolking aantal inwoners: 1 (BU07580103: {before.strip()} → {revised})" in out
        assert out.strip().endswith("the same command with --accept instead of --refresh")
        code, out, _ = data("fetch", "--accept", *words)
        assert (code, out.split()[4]) == (0, "accepted")
        assert "stays in data/raw" not in out  # an accepted revision replaces what it contradicts
    finally:
        row["AantalInwoners_1"], table.modified = before, version


def test_stopping_keeps_what_is_finished(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(get, "fetch", stopped)
    code, _, err = data("fetch", "--municipality", "GM0758")
    assert code == 130
    assert err.startswith("Finished tables and pages are kept; the same command goes on from there.\nkloof: stopped;")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--all", "--municipality", "GM0758"), "--all and --municipality exclude each other"),
        (("--municipality", "758"), "municipality '758' is not known"),
        (("--years", "20-24"), "--years '20-24' is no year or span of years"),
        (("--source", "kbw"), "source 'kbw' is not known. Did you mean kwb?"),
        (("--address", "kwb"), "--address kwb is not SOURCE=ADDRESS"),
        (("--address", "kwb=ftp://x"), "does not begin with https://"),
        (("--workers", "20"), "less than or equal to 4"),
    ],
)
def test_what_makes_no_sense_is_refused_on_one_line(
    data: Data, world: World, words: tuple[str, ...], says: str
) -> None:
    code, out, err = data("fetch", *words)
    assert (code, out) == (2, "")
    assert err.startswith("kloof: ")
    assert says in err
    assert world.asked == []


def test_years_are_read_as_spans_and_lists() -> None:
    assert read_years(["2013-2015,2020", "2014", "2018–2019"]) == (2013, 2014, 2015, 2018, 2019, 2020)
    assert read_years([]) == ()
    with pytest.raises(ParameterError, match="--years '2020-2013', 'x' is no year"):
        read_years(["2020-2013,x"])


def test_doctor_prints_a_table_and_the_lines_to_change(data: Data, world: World, home: Path) -> None:
    before = (home / "data" / "sources.toml").read_bytes()
    code, out, err = data("doctor", "--source", "kwb", "--address", f"kwb={world.base}")
    assert (code, err) == (1, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["kwb", "2017", "83765NED", "verified"] in lines
    assert [line[:4] for line in lines if line[:2] == ["kwb", "2016"]] == [["kwb", "2016", "83487NED", "mismatch"]]
    assert "To change in data/sources.toml:\n  [source.kwb]\n  # 2013: 82339NED: " in out
    assert (home / "data" / "sources.toml").read_bytes() == before


def nowhere() -> str:
    """Give an address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_plan_says_sizes_and_time_first_and_asks_nothing(data: Data, world: World, home: Path) -> None:
    address = f"kwb={world.base}"
    words = (
        "fetch",
        "--plan",
        "--municipality",
        "GM0758",
        "--years",
        "2023-2024",
        "--source",
        "kwb",
        "--source",
        "iv3",
    )
    code, out, err = data(*words, "--address", address)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split()[:7] == ["kwb", "2023–2024", "2", "tables", "to", "download", "385"]
    assert lines[1].endswith("size not known before asking")
    assert lines[3].startswith(
        "4 tables to ask for, about 385 kB and 2 tables of unknown size, about 6 seconds at 1 MB"
    )
    assert lines[4] == f"Servers: {world.base.removeprefix('http://')}, dataderden.cbs.nl"
    assert world.asked == [] and not folder(home).exists()


def test_offline_is_one_line_for_each_server_and_exit_code_2(data: Data, home: Path) -> None:
    address = nowhere()
    server = address.removeprefix("http://")
    words = ("--source", "kwb", "--address", f"kwb={address}")
    for command in (("fetch", "--municipality", "GM0758"), ("doctor",)):
        code, out, err = data(*command, *words)
        assert (code, out) == (2, "")
        assert err.splitlines()[:2] == [
            "kloof: you seem to be offline: no server could be reached.", f"  {server}: no connection",
        ]  # fmt: skip
        assert "Nothing to change" not in out + err


def test_doctor_says_what_was_not_tried(data: Data, world: World, home: Path) -> None:
    address = nowhere()
    where = ("--address", f"kwb={world.base}", "--address", f"crime={address}")
    code, out, _ = data("doctor", "--source", "kwb", "--source", "crime", *where)
    assert code == 1
    assert out.startswith(f"{address.removeprefix('http://')}: no connection; its sources were not tried\n")
    assert "crime " not in out and "\nkwb " in out


@pytest.mark.parametrize(("verdict", "says"), [("verified", "Nothing to change."), ("unreachable", "0 of 1 tables")])
def test_doctor_never_says_that_nothing_is_to_change_of_what_it_did_not_see(
    data: Data, world: World, home: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, says: str
) -> None:
    registry = home / "data" / "sources.toml"
    registry.write_text(registry.read_text("utf-8").replace("verified = false", "verified = true"), "utf-8")
    finding = doctor.Finding("kwb", (2017,), "83765NED", verdict)
    monkeypatch.setattr(doctor, "examine", lambda *_: [finding])
    code, out, _ = data("doctor", "--source", "kwb", "--address", f"kwb={world.base}")
    assert says in out and ("\nNothing to change.\n" in out) == (verdict == "verified")
    assert code == (0 if verdict == "verified" else 1)


def test_the_bar_of_a_table_goes_when_all_of_its_rows_are_there() -> None:
    job = SimpleNamespace(__str__=lambda: "kwb")
    with _Progress() as tell:
        for rows, expected, seen in ((3, None, True), (3, 10, True), (9, 10, True), (10, 10, False), (11, 10, False)):
            tell(News(job, rows, expected, 7 * rows))  # type: ignore[arg-type]
            [task] = tell.bar.tasks
            assert (task.visible, task.completed, task.fields["size"]) == (seen, rows, 7 * rows)
