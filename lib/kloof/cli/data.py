"""`kloof data`: get open figures, add files, see what there is, and try the addresses they come from."""

import re
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import downloaded_from, one_of
from kloof.cli.data_add import add, add_downloaded, coverage, next_step
from kloof.cli.data_map import propose_map
from kloof.cli.data_undo import log, remove
from kloof.cli.options import AS_JSON, print_json
from kloof.cli.terminal import harmless
from kloof.errors import ParameterError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from kloof.fetch.doctor import Finding
    from kloof.fetch.download import News
    from kloof.fetch.get import Outcome, Report
    from kloof.fetch.outline import Outline, Step


data_commands = typer.Typer(
    no_args_is_help=True, help="Get open figures of any municipality: download them, add files, see what there is."
)
for name, command in (("add", add), ("map", propose_map), ("coverage", coverage), ("remove", remove), ("log", log)):
    data_commands.command(name=name)(command)
YEARS = re.compile(r"(\d{4})(?:[-–](\d{4}))?")
SOURCES = Annotated[
    list[str] | None,
    typer.Option(
        "--source", help="source that is asked alone; repeat for more; see data/sources.toml",
        autocompletion=downloaded_from,
    ),
]  # fmt: skip
FIRST = ("kwb", "health", "crime")  # what the preset `municipality` asks for, in 6 MB of the 3 GB that there are
WORKERS = Annotated[int, typer.Option(min=1, max=4, help="number of questions at once, 1 to 4")]
ADDRESSES = Annotated[
    list[str] | None, typer.Option("--address", help="another address for a source (a mirror), such as kwb=https://…")
]


@data_commands.command()
def fetch(
    municipality: Annotated[
        list[str] | None,
        typer.Option(
            help="municipality, by name or code, such as GM0344; repeat for more",
            autocompletion=one_of("municipalities"),
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="get the figures of all municipalities")] = False,
    years: Annotated[
        list[str] | None, typer.Option(help="years, such as 2013-2024, or 2020,2022; without them all there are")
    ] = None,
    source: SOURCES = None,
    all_columns: Annotated[
        bool, typer.Option("--all-columns", help="take all columns, not only those that kloof understands")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="never touch the network: say what is there, or what lacks")
    ] = False,
    refresh: Annotated[
        bool, typer.Option(help="see whether what is there was revised, and report what changed")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", help="put revisions that were reported in use")] = False,
    workers: WORKERS = 2,
    address: ADDRESSES = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="only say what it would do, with sizes and time; asks nothing of the network")
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Download what is not there yet into data/raw, checked and named in a lock file, and put it in the store.

    Without --municipality or --all: the municipalities of the presets.
    """
    from kloof.catalogue import catalogue
    from kloof.fetch.get import How, Wish
    from kloof.fetch.get import fetch as get
    from kloof.fetch.outline import outline
    from kloof.fetch.registry import read_registry
    from kloof.paths import data_folder, project_folder
    from kloof.study.places import code_of

    if all_ and municipality:
        raise ParameterError("--all and --municipality exclude each other; give one of them.")
    regions = ("all",) if all_ else tuple(map(code_of, municipality or _of_presets()))
    registry = read_registry(data_folder() / "sources.toml")
    wish = Wish(tuple(source or ()), read_years(years or []), regions, all_columns)
    how = How(offline, refresh, accept, workers, addresses=_addresses(address or []))
    if plan:
        made = outline(project_folder(), registry, catalogue(), wish, how)
        if as_json:
            print_json([_of_job(one) | {"why": one.why} for one in made.steps])
        else:
            print("\n".join(_planned(made)))
        return
    with _Progress() as tell:
        report = get(project_folder(), registry, catalogue(), wish, how, tell)
    if not as_json:
        _show(report)
    stored = add_downloaded(_in_use(project_folder(), report))
    if as_json:
        tables = [_of_job(one) | {"detail": one.detail, "differences": _differences(one)} for one in report.outcomes]
        print_json({"notices": report.notices, "tables": tables, "stored": stored})
        report.check()
        return
    for line in stored:
        print(line)
    report.check()
    print(
        f"Next: {next_step('' if all_ else regions[0])}"
        if not any(o.state == "changed" for o in report.outcomes)
        else ACCEPT
    )


def _of_job(one: "Step | Outcome") -> dict[str, Any]:
    """Lay out what would become, or became, of one table."""
    job = one.job
    told = {"source": job.source.id, "year": job.year, "table": job.table, "region": job.region}
    return {**told, "state": one.state, "rows": one.rows, "bytes": one.bytes}


def _differences(outcome: "Outcome") -> list[str]:
    """Say what was revised in a table, a line for each difference."""
    return outcome.difference.lines() if outcome.difference else []


def _planned(made: "Outline") -> list[str]:
    """Write what a download would do: a line for each source and state, then all of it together."""
    from kloof.fetch.doctor import BY_HAND
    from kloof.fetch.outline import HERE
    from kloof.fetch.web import host

    groups: dict[tuple[str, str, str], list[Step]] = {}
    for step in made.steps:
        groups.setdefault((step.job.source.id, step.state, step.why), []).append(step)
    lines = []
    for (source, state, why), steps in groups.items():
        years = sorted({step.job.year for step in steps})
        span = f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])
        size = None if any(step.bytes is None for step in steps) else sum(step.bytes or 0 for step in steps)
        about = "" if state == BY_HAND else "size not known before asking" if size is None else _size(size)
        lines.append(f"{source:<24} {span:<10} {len(steps):>4} tables  {state:<12} {about:<12} {why}".rstrip())
    asking = made.asking
    hosts = sorted({host(step.job.source.where(step.job.year)) for step in asking})
    more = f" and {made.unknown} tables of unknown size" if made.unknown else ""
    here = sum(step.state == HERE for step in made.steps)
    lines.append(
        f"\n{len(asking)} tables to ask for, about {_size(made.bytes)}{more}, about {_time(made.seconds)} at 1 MB a "
        f"second; {here} here already. Nothing was asked of the network."
    )
    least = f"; for a first report {' '.join(f'--source {name}' for name in FIRST)} will do"
    enough = least if {name for name, *_ in groups} > set(FIRST) else ""
    return [*lines, f"Servers: {', '.join(hosts)}" if hosts else "", f"Next: the same command without --plan{enough}"]


def _size(count: int) -> str:
    """Write bytes as a person says them."""
    return f"{count / 1e6:.0f} MB" if count >= MEGA else f"{max(1, round(count / 1e3))} kB"


def _time(seconds: float) -> str:
    """Write seconds as a person says them."""
    return f"{seconds / 60:.0f} minutes" if seconds >= LONG else f"{max(1, round(seconds))} seconds"


MEGA, LONG = 1e6, 100.0
ACCEPT = "The copies in use are unchanged. To use the revised ones: the same command with --accept instead of --refresh"


@data_commands.command()
def recode(
    municipality: Annotated[
        str,
        typer.Option(help="municipality, by name or code, such as GM0363", autocompletion=one_of("municipalities")),
    ],
    accept: Annotated[bool, typer.Option("--accept", help="let those marked + count as the same area")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Show which buurten and wijken got another code between editions in the store; use those that you accept."""
    from kloof.store import harmonise, read
    from kloof.study.places import code_of

    municipality = code_of(municipality)
    found = harmonise.proposals(read.municipality(municipality))
    if as_json:
        kept = harmonise.accept(municipality, found) if accept else None
        print_json({"areas": found.to_dict("records"), "accepted": kept and str(kept)})
        return
    for row in found.to_dict("records"):
        codes = " ".join(f"{row[name] or '-':<10}" for name in ("from_code", "to_code"))
        people = f"{row['inhabitants_from']:>7.0f} {row['inhabitants_to']:>7.0f}"
        sign = "+" if row["accepted_by_rule"] else " "
        print(f"{sign} {row['from_year']}–{row['to_year']} {codes} {people} {row['evidence']:<20} {row['name']}")
    count = int(found["accepted_by_rule"].sum())
    print(
        f"{len(found)} areas without the same code and name on both sides; {count} follow the rule (+): the same name\n"
        f"once on both sides, with {harmonise.NEAR[0]:.0f} to {harmonise.NEAR[1]:.0f} percent of the inhabitants."
    )
    if accept:
        print(f"{count} now count as one area: {harmonise.accept(municipality, found)}")
    elif count:
        print(f"Next: read them, then kloof data recode --municipality {municipality} --accept")


@data_commands.command()
def doctor(source: SOURCES = None, address: ADDRESSES = None, workers: WORKERS = 2, as_json: AS_JSON = False) -> None:
    """Try the addresses and tables of data/sources.toml, and print the lines of it to change."""
    from kloof.fetch.doctor import MISMATCH, SHORT, UNREACHABLE, examine, lines_to_change
    from kloof.fetch.registry import choose, moved, read_registry
    from kloof.fetch.web import Line, host, silent
    from kloof.fetch.web import offline as no_server
    from kloof.paths import data_folder

    registry = read_registry(data_folder() / "sources.toml")
    for name, where in _addresses(address or []).items():
        registry[name] = moved(choose(registry, [name])[0], where)
    chosen = choose(registry, source or [])
    unreached = silent(one.where(year) for one in chosen for year in one.years)
    servers = {host(one.where(year)) for one in chosen for year in one.years}
    if unreached and len(unreached) == len(servers):
        raise no_server(unreached, "Nothing was tried, and nothing is known of data/sources.toml. Try again online.")
    for name, why in () if as_json else unreached.items():
        print(f"{name}: {why}; its sources were not tried")
    tried = [one for one in chosen if not any(host(one.where(year)) in unreached for year in one.years)]
    findings = examine(tried, Line(SHORT), workers, _say_nothing if as_json else _print_finding)
    answered = [finding for finding in findings if finding.verdict != UNREACHABLE]
    lines = lines_to_change(registry, findings)
    if as_json:
        print_json({"tables": [vars(one) for one in findings], "unreached": unreached, "to_change": lines})
    elif lines:
        print("\nTo change in data/sources.toml:\n  " + "\n  ".join(lines))
    elif len(answered) == len(findings) and not unreached:
        print("\nNothing to change.")
    else:
        print(f"\nNothing to change in what answered: {len(answered)} of {len(findings)} tables that were tried.")
    if unreached or any(finding.verdict in (UNREACHABLE, MISMATCH) for finding in findings):
        raise typer.Exit(1)
    if not as_json:
        print("Next: kloof data fetch")


def _say_nothing(_: "Finding") -> None:
    """Print nothing of a table that was tried: all of them are told at the end."""


def _print_finding(finding: "Finding") -> None:
    """Print one line of the doctor's table."""
    years = str(finding.years[0]) + (f"–{finding.years[-1]}" if len(finding.years) > 1 else "")
    print(f"{finding.source:<24} {years:<10} {finding.table:<28} {finding.verdict:<12} {finding.detail}")


def read_years(given: list[str]) -> tuple[int, ...]:
    """Read years such as `2013-2016`, `2020,2022`. Raises ParameterError naming every part that is none."""
    found: set[int] = set()
    odd = []
    for part in [part.strip() for text in given for part in text.split(",") if part.strip()]:
        match = YEARS.fullmatch(part)
        if not match or (match[2] and match[2] < match[1]):
            odd.append(repr(part))
        else:
            found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    if odd:
        raise ParameterError(f"--years {', '.join(odd)} is no year or span of years; write 2013-2024 or 2020,2022.")
    return tuple(sorted(found))


def _addresses(given: list[str]) -> dict[str, str]:
    """Read `--address source=https://…`."""
    pairs = [text.partition("=") for text in given]
    if odd := [text for text, sign, _ in pairs if not sign]:
        raise ParameterError(f"--address {', '.join(odd)} is not SOURCE=ADDRESS.")
    return {name: where for name, _, where in pairs}


def _of_presets() -> list[str]:
    """Municipalities that the presets are about or compare with."""
    from kloof.study.parameters import preset_names, read_preset

    found: list[str] = []
    for name in preset_names():
        values = read_preset(name)["parameters"]
        found += [values["municipality"]] if "municipality" in values else []
        found += values.get("comparisons", [])
    return list(dict.fromkeys(found))


def _in_use(home: Path, report: "Report") -> list[tuple[Path, bool]]:
    """List the files in use among what was asked for, and which of them are accepted revisions."""
    from kloof.fetch.rawstore import folder, read_lock

    held = read_lock(home)
    entries = [
        (held[o.job.key].current, o.state == "accepted")
        for o in report.outcomes
        if o.job.key in held and o.state != "failed"
    ]
    return [(folder(home) / entry.file, accepted) for entry, accepted in entries if entry.file]


def _show(report: "Report") -> None:
    """Print what became of each table, with what changed in it."""
    for notice in report.notices:
        print(f"! {notice}")
    for outcome in report.outcomes:
        print(_line(outcome))
        for line in _differences(outcome):
            print(f"    {line}")


def _line(outcome: "Outcome") -> str:
    """One line of the table of outcomes."""
    job = outcome.job
    amount = f"{outcome.rows:>9,} rows {outcome.bytes:>12,} bytes" if outcome.rows else ""
    words = {"absent": "not in this table", "by_hand": "by hand", "changed": "revised; put beside"}
    detail = outcome.detail if outcome.state == "by_hand" else ""
    state = words.get(outcome.state, outcome.state)
    return f"{job.source.id:<24} {job.year} {job.table:<26} {job.region:<7} {state:<20} {amount}{detail}".rstrip()


class _Progress:
    """A bar for each table under way, with rows and bytes; it starts with the first news."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = Console(stderr=True)
        texts = (TextColumn("{task.fields[rows]:,} rows"), TextColumn("{task.fields[size]:,} bytes"))
        columns = (TextColumn("{task.description}", markup=False), BarColumn(24), *texts, TimeElapsedColumn())
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.tasks: dict[str, TaskID] = {}
        self.one = Lock()  # tables tell from threads of their own

    def __enter__(self) -> "_Progress":
        return self

    def __call__(self, news: "News | str") -> None:
        """Move the bar of a table, or say a sentence."""
        if isinstance(news, str):
            self.console.print(harmless(news), markup=False, highlight=False)
            return
        with self.one:
            self.bar.start()
            name = harmless(str(news.job))
            if name not in self.tasks:
                self.tasks[name] = self.bar.add_task(name, total=news.expected, rows=0, size=0)
            whole = news.expected is not None and news.rows >= news.expected
            self.bar.update(
                self.tasks[name],
                completed=news.rows,
                total=news.expected,
                rows=news.rows,
                size=news.bytes,
                visible=not whole,
            )

    def __exit__(self, kind: object, *problem: object) -> None:
        if self.tasks:
            self.bar.stop()
        if kind is KeyboardInterrupt:
            self.console.print("Finished tables and pages are kept; the same command goes on from there.")
