"""`kloof batch`: reports of many municipalities, side by side, each made again only when something changed."""

import json
import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, finite, print_json

if TYPE_CHECKING:
    from kloof.run.batch import Order, Outcome


FOLDER = ".batch"
PLAN, LOG = "plan.json", "log.jsonl"


def batch(
    every: Annotated[bool, typer.Option("--all", help="make those of every municipality that the store has")] = False,
    municipality: Annotated[
        list[str] | None,
        typer.Option(
            help="municipality, by name or code; repeat for more, or put commas between",
            autocompletion=one_of("municipalities"),
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="named set of parameters; see: kloof list presets", autocompletion=one_of("presets"))
    ] = "municipality",
    language: Annotated[str, typer.Option(help="language of the reports: nl, en, or both with a comma")] = "nl,en",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="parameter to change for all, such as draws=999; repeat for more")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the last batch, as it was asked")] = False,
    workers: Annotated[int, typer.Option(min=0, help="number of processes on this machine; 0: one for each core")] = 0,
    scheduler: Annotated[
        str, typer.Option(help="address of a Dask scheduler that hands out the work: tls://host:8786")
    ] = "",
    limit: Annotated[float, typer.Option(min=1, callback=finite, help="seconds that a single cell may take")] = 600,
    as_json: AS_JSON = False,
) -> None:
    """Make the reports of many municipalities; what is there and unchanged is not made again.

    A preset may name its municipalities (manifest: the fifteen of the mayors); they are made unless others are asked.
    What cannot be made is listed at the end, with the reason, and makes the exit code 1.
    """
    from kloof.errors import BatchError
    from kloof.paths import dump, project_folder, write_whole
    from kloof.run import batch as reports
    from kloof.run.notebooks import notebook_paths
    from kloof.run.report import check_run

    folder = project_folder() / "reports" / FOLDER
    if resume:
        wanted = _as_before(folder / PLAN, every=every, municipality=municipality)
    else:
        wanted = {"languages": _languages(language), "overrides": _overrides(set_ or [])}
        wanted |= {"preset": preset, "codes": codes_of(every, municipality or [], preset), "limit": limit}
    check_run(wanted["preset"], wanted["overrides"], notebook_paths())
    if not resume:
        write_whole(folder / PLAN, dump(wanted))
    orders = reports.orders(**wanted)
    found, problem = [], None
    with _told(folder / LOG, len(orders)) as tell:
        try:
            for outcome in _outcomes(orders, workers or os.cpu_count() or 1, scheduler):
                found.append(outcome)
                tell(outcome)
        except BatchError as gone:
            problem = gone
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        print("\n".join(_lines(found)))
    if problem:
        raise problem
    if any(outcome.state == reports.FAILED for outcome in found):
        raise typer.Exit(1)


def _outcomes(orders: Sequence["Order"], workers: int, scheduler: str) -> "Iterator[Outcome]":
    """Give at once what needs no work, and hand out the rest."""
    from kloof.errors import KloofError
    from kloof.paths import project_folder
    from kloof.run.batch import FAILED, Ground, Outcome, commons_folder, plan
    from kloof.run.dispatch import give_out
    from kloof.run.ending import sweep

    sweep(project_folder() / "reports")
    ground, stale = Ground(), []
    for order in orders:
        try:
            known = plan(order, ground).known
        except (KloofError, OSError) as problem:
            yield Outcome(order.municipality, FAILED, problem=str(problem))
            continue
        if known is None:
            stale.append(order)
        else:
            yield known
    try:
        if stale:
            yield from give_out(stale, workers, scheduler)
    finally:
        shutil.rmtree(commons_folder(), ignore_errors=True)
        sweep(project_folder() / "reports")  # of a worker that could not put things in order itself


def codes_of(every: bool, given: Sequence[str], preset: str) -> list[str]:
    """Give the municipalities that are asked for, else those of the preset; of all, not those that went into another.

    Raises ParameterError when none, or both ways, are asked, and for a name or code that is none.
    """
    from kloof.errors import ParameterError
    from kloof.paths import data_folder
    from kloof.store import read
    from kloof.store.mapping import predecessors, read_mapping
    from kloof.study.parameters import read_preset
    from kloof.study.places import LIST, MUNICIPALITY, code_of

    named = [name.strip() for item in given for name in item.split(",") if name.strip()]
    codes = list(dict.fromkeys(code_of(name) for name in named))
    if not every and not codes:
        codes = list(dict.fromkeys(read_preset(preset).get("municipalities", ())))
    if every == bool(codes):
        raise ParameterError(f"Say which municipalities: --all, or --municipality GM0344,Breda. {LIST}")
    if not every:
        return codes
    held = [code for code in read.municipalities() if MUNICIPALITY.fullmatch(code)]
    if not held:
        raise ParameterError("The store (data/store) is empty. Fill it: kloof data add FILE…")
    mapping = read_mapping(data_folder() / "mapping.csv")
    merged = {earlier for code in held for earlier in predecessors(mapping, code)}
    return [code for code in held if code not in merged]


def _languages(given: str) -> list[str]:
    """Read a list of languages, or both; raises ParameterError for one that is not known."""
    from kloof.errors import ParameterError
    from kloof.words.numbers import LANGUAGES

    given = ",".join(LANGUAGES) if given == "both" else given
    languages = list(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not languages or set(languages) - set(LANGUAGES):
        raise ParameterError(f"language {given!r} is not known. Valid: {', '.join(LANGUAGES)}, or both with a comma.")
    return languages


def _overrides(given: list[str]) -> dict[str, Any]:
    """Read `--set`; raises ParameterError for what a batch sets itself."""
    from kloof.cli.options import read_overrides
    from kloof.errors import ParameterError

    overrides = read_overrides(given)
    if taken := {"municipality", "language", "preset"} & overrides.keys():
        raise ParameterError(f"--set {', '.join(sorted(taken))}: a batch has an option of its own for that.")
    return overrides


def _as_before(path: Path, **asked: Any) -> dict[str, Any]:
    """Read what the last batch was asked; raises ParameterError when there was none, or more is asked now."""
    from kloof.errors import ParameterError

    if any(asked.values()):
        raise ParameterError("--resume goes on with the municipalities of the last batch: give no others.")
    if not path.is_file():
        raise ParameterError("There is no batch to go on with. Begin one: kloof batch --all")
    wanted = {"preset": str, "codes": list, "overrides": dict, "languages": list, "limit": int | float}
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        wrong = content.keys() != wanted.keys() or not all(isinstance(content[name], wanted[name]) for name in wanted)
    except (OSError, ValueError, AttributeError, RecursionError):
        wrong = True
    if wrong or not (all(isinstance(one, str) for one in content["codes"]) and 1 <= content["limit"] < math.inf):
        raise ParameterError(
            f"reports/{FOLDER}/{PLAN}, which says what the last batch was asked, is damaged. Ask it again: kloof batch "
            "--all, or --municipality; finished reports are kept."
        )
    return {**content, "languages": _languages(",".join(map(str, content["languages"])))}


@contextmanager
def _told(log: Path, count: int) -> Iterator[Any]:
    """Show a bar with what is left of the time, and write every outcome to the log, a line of JSON each."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    log.parent.mkdir(parents=True, exist_ok=True)
    columns = (
        BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar, log.open("a", encoding="utf-8") as file:
        task = bar.add_task("", total=count)

        def write(**content: Any) -> None:
            content = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "batch": os.getpid(), **content}
            file.write(json.dumps(content, ensure_ascii=False) + "\n")
            file.flush()

        def tell(outcome: Any) -> None:
            write(**outcome.as_json())
            bar.update(task, advance=1, description=f"{outcome.municipality} {outcome.state}")

        write(state="begun", orders=count)
        try:
            yield tell
        finally:
            kind = sys.exception()
            write(state="ended", problem=str(kind or "") or (type(kind).__name__ if kind else ""))


def _lines(found: "Sequence[Outcome]") -> list[str]:
    """Write how many reports were made, were there, and could not be made and why."""
    from kloof.run.batch import DONE, FAILED, UNCHANGED

    counted = {state: [one for one in found if one.state == state] for state in (DONE, UNCHANGED, FAILED)}
    lines = [f"{len(ones)} {state}" for state, ones in counted.items() if ones]
    lines = [", ".join(lines) or "Nothing was asked."]
    lines += [f"✗ {one.municipality}: {one.problem}" for one in counted[FAILED]]
    return [*lines, f"Log: reports/{FOLDER}/{LOG}"]
