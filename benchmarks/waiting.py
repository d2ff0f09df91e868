"""What the tests wait for: seconds by phase, by file and by fixture, in a table.

    PYTHONPATH=benchmarks python -m pytest -p waiting -n 2 --dist loadgroup --no-loadscope-reorder
    python benchmarks/waiting.py

The first writes every phase of every test to `.bench/waiting.csv` as it ends; the second sums it up in
`benchmarks/waiting.csv`. Seconds of a fixture hold those of the fixtures that it asks for.
"""

import csv
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
EACH, TABLE = PROJECT / ".bench" / "waiting.csv", PROJECT / "benchmarks" / "waiting.csv"
STARTED = time.monotonic()
OVER = 1.0  # seconds below which a file or fixture is summed with the rest


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef, request: pytest.FixtureRequest) -> Iterator[None]:
    """Note how long a fixture takes beside the test that asked first."""
    start = time.perf_counter()
    try:
        return (yield)
    finally:
        request.node.session.stash.setdefault(FIXTURES, []).append((fixturedef.argname, time.perf_counter() - start))


FIXTURES = pytest.StashKey[list]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Send the fixtures' seconds along with the report of the phase."""
    report = yield
    report.sections.append(("fixtures", repr(item.session.stash.get(FIXTURES, []))))
    item.session.stash[FIXTURES] = []
    return report


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin a new list, in the process that hears all."""
    if not hasattr(session.config, "workerinput"):
        EACH.parent.mkdir(exist_ok=True)
        EACH.write_text("kind,name,seconds\n", encoding="utf-8")


def _note(*rows: tuple[str, str, float]) -> None:
    with EACH.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((kind, name, f"{seconds:.4f}") for kind, name, seconds in rows)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a phase of a test as it ends. Only the process that prints hears of it under xdist."""
    import ast
    import os

    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    fixtures = ast.literal_eval(dict(report.sections).get("fixtures", "[]"))
    if not EACH.stat().st_size > 30:
        _note(("phase", "before the first test ends", time.monotonic() - STARTED))
    _note((report.when, report.nodeid, report.duration), *(("fixture", *one) for one in fixtures))


csv.field_size_limit(10**9)  # an id of a test may hold a whole file


def main() -> None:
    """Sum up the seconds of the last run."""
    sums, counts = defaultdict(float), defaultdict(int)
    with EACH.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seconds, name = float(row["seconds"]), row["name"]
            if row["kind"] in ("fixture", "phase"):
                keys = [(row["kind"], name)]
            else:
                keys = [("phase", row["kind"]), ("file", name.split("::")[0])]
            for key in keys:
                sums[key] += seconds
                counts[key] += row["kind"] in ("call", "fixture")
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "name", "tests", "seconds"])
        for (kind, name), seconds in sorted(sums.items(), key=lambda one: (one[0][0], -one[1])):
            if kind == "phase" or seconds >= OVER:
                writer.writerow([kind, name, counts[kind, name] or "", f"{seconds:.1f}"])


if __name__ == "__main__":
    main()
