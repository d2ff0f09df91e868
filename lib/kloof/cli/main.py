"""The command line: `kloof list`, `show`, `run`, `measure`, `data`, `check`; an answer ends with what to type next."""

import os
import shlex
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from kloof import __version__
from kloof.cli.batch import batch
from kloof.cli.complete import one_of, what_is_listed
from kloof.cli.country import country_commands
from kloof.cli.data import data_commands
from kloof.cli.edge import EXIT_CODES, any_letter, ended
from kloof.cli.hypothesis import hypothesis_commands
from kloof.cli.options import AS_JSON, Progress, print_json, read_overrides
from kloof.cli.reports import audit, diff, verdict_line, verdicts, verify
from kloof.cli.terminal import guarded
from kloof.errors import ParameterError, nearest
from kloof.words.numbers import LANGUAGES

TOOLS = "kloof.commands"
FEW = 12  # municipalities that are shown where all kinds are listed

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False,
    help="Test whether the gap between neighbourhoods is growing, and write reports of what was found.",
    epilog=EXIT_CODES,
)  # fmt: skip

app.add_typer(country_commands, name="country")
app.add_typer(data_commands, name="data")
app.add_typer(hypothesis_commands, name="hypothesis")


def _print_version(asked: bool) -> None:
    """Print the version and end, when it is asked."""
    if asked:
        print(f"kloof {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version of kloof")
    ] = False,
) -> None:
    """Take the options of kloof itself; its help is that of `app`."""


@cache
def program() -> typer.Typer:
    """Give all commands: those of kloof, and those that the tools beside it add (entry points `kloof.commands`)."""
    for tool in sorted(entry_points(group=TOOLS), key=lambda entry: entry.name):
        tool.load()(app)
    return app


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="where: a new folder, or one without notebooks and data")] = Path(),
) -> None:
    """Make a project of your own: copy the notebooks, presets and embedded figures of Breda into a folder."""
    from kloof.run.start import start

    start(folder)
    print(f"Notebooks and data are in {folder}: yours to change.")
    print(f"Next: {'' if folder == Path() else f'cd {shlex.quote(str(folder))} && '}kloof run")


@app.command()
def run(
    preset: Annotated[
        str, typer.Option(help="named set of parameters; see: kloof list presets", autocompletion=one_of("presets"))
    ] = "breda",
    language: Annotated[str, typer.Option(help="language of the report: nl, en, or both")] = "both",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="notebook, such as 03, that is run alone and of which only the verdicts are printed; repeat for more",
            autocompletion=one_of("notebooks"),
        ),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="parameter to change, such as focus=bredavandaag; repeat for more")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="way to run: warm (copies of one loaded process) or stock (papermill's, a new kernel each)"),
    ] = "",
    as_json: AS_JSON = False,
) -> None:
    """Run the notebooks of a preset and write its report to reports/<preset>.

    Its answer is printed in the language asked; of a report in both languages in Dutch.
    """
    from kloof.catalogue import catalogue
    from kloof.paths import project_folder
    from kloof.report.publish import DATA, REPORT, headlines
    from kloof.run.execute import ENGINES, USUAL, How
    from kloof.run.notebooks import notebook_paths
    from kloof.run.report import make_report

    begin_here()
    overrides = read_overrides(set_ or [])
    languages = LANGUAGES if language == "both" else (language,)
    if language != "both" and language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}, both.")
    if (engine := engine or USUAL) not in ENGINES:
        raise ParameterError(f"engine {engine!r} is not known. Valid: {', '.join(ENGINES)}.")
    paths = notebook_paths(only or [])
    with Progress(len(paths), languages) as tell:
        folder = make_report(preset, overrides, languages, only or [], tell, how=How(engine))
    shown = folder.relative_to(project_folder())
    if only:
        _say_only(folder, paths, f"{shown}/{languages[0]}/notebooks", as_json=as_json)
        return
    if as_json:
        print_json({
            "headlines": {name: headlines(folder, catalogue(), name) for name in languages},
            "report": {name: [f"{shown}/{name}/{file}" for file in REPORT] for name in languages},
            "data_page": {name: [f"{shown}/{name}/{file}" for file in DATA] for name in languages},
            "results": f"{shown}/results.json",
        })  # fmt: skip
        return
    for sentence in headlines(folder, catalogue(), languages[0]):
        print(f"\n  {sentence}")
    for title, files in (("The report", REPORT), ("The data page", DATA)):
        places = ("   ".join(f"{shown}/{name}/{file}" for file in files) for name in languages)
        print(f"\n{title}:", *places, sep="\n  ")
    print(f"\nTheir numbers: {shown}/results.json")


def begin_here() -> None:
    """Make a project where a run is asked for in an empty folder, and say so."""
    from kloof.paths import project_folder
    from kloof.run.start import empty, start

    try:
        project_folder()
    except ParameterError:
        if os.environ.get("KLOOF_HOME") or not empty(Path()):
            raise
        start(Path())
        print("Notebooks and data are put in this empty folder, as kloof init does: yours to change.", file=sys.stderr)


def _say_only(folder: Path, paths: Sequence[Path], shown: str, *, as_json: bool) -> None:
    """Print the verdicts of the notebooks that ran, and where these and those that ran before are."""
    from kloof.run.report import found_by
    from kloof.run.verdicts import table_of

    rows = table_of(found_by(folder, paths))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print(verdict_line(row))
    names = [path.name for path in paths]
    earlier = sorted({path.name for path in folder.glob("*/notebooks/*.ipynb")} - set(names))
    print(f"Executed notebooks: {shown}")
    if earlier:
        print(f"Kept of earlier runs: {', '.join(earlier)}")


@app.command(name="list")
def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="kind that is listed alone: notebooks, presets, municipalities, indicators, indices, focus or sources",
            autocompletion=what_is_listed,
        ),
    ] = "",
    as_json: AS_JSON = False,
) -> None:
    """List what there is: notebooks, presets, municipalities, indicators, indices, focus lists, sources."""
    from kloof.run import project

    kinds = project.kinds()
    if what and what not in kinds:
        raise ParameterError(f"{what!r} cannot be listed: {nearest(what, kinds)}Valid: {', '.join(kinds)}.")
    if as_json:
        found = {kind: [_row(*row) for row in kinds[kind]()] for kind in ([what] if what else kinds)}
        print_json(found[what] if what else found)
        return
    for kind in [what] if what else kinds:
        rows = list(kinds[kind]())
        if not what and len(rows) > FEW and kind == "municipalities":
            rows = [*rows[:FEW], (f"… and {len(rows) - FEW} more", "kloof list municipalities")]
        print(f"{kind}\n" + "\n".join(f"  {name:<46} {text}" for name, text in rows))
    print("\nNext: kloof show 03")


def _row(name: str, text: str) -> dict[str, str]:
    """Lay out a row; of a municipality its name comes behind its code."""
    code, gap, rest = name.partition("  ")
    return {"code": code, "name": rest, "text": text} if gap else {"name": name, "text": text}


@app.command()
def show(
    notebook: Annotated[
        str,
        typer.Argument(help="number or name of a notebook, such as 03", autocompletion=one_of("notebooks")),
    ],
    preset: Annotated[
        str, typer.Option(help="preset whose values are shown", autocompletion=one_of("presets"))
    ] = "breda",
    as_json: AS_JSON = False,
) -> None:
    """Show the parameters of a notebook: type, value under a preset, meaning."""
    from kloof.run import project
    from kloof.run.notebooks import EXPLORE

    title, rows = project.parameters_of(notebook, preset)
    if as_json:
        names = ("name", "type", "value", "meaning")
        given = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"notebook": title, "preset": preset, "parameters": given})
        return
    print(title)
    for name, kind, value, meaning in rows:
        print(f"  {name:<18} {kind:<5} {meaning}\n  {'':<24} {preset}: {value}")
    explores = title.startswith(EXPLORE)
    print(f"\nNext: {'make lab' if explores else f'kloof run --preset {preset} --only {notebook} --set focus=…'}")


@app.command()
def check(
    committed: Annotated[
        bool, typer.Option("--committed", help="refuse notebooks that hold outputs too, as a commit must not")
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Check the project: data against their registry, notebooks by their anatomy, texts alike in both languages."""
    from kloof.paths import project_folder
    from kloof.run import project

    found, run_before = project.faults_of_project(), project.notebooks_run()
    names = [path.name for path in run_before]
    files = [path.relative_to(project_folder()).as_posix() for path in run_before]
    clear = shlex.join(["jupyter", "nbconvert", "--clear-output", *files])
    if run_before and committed:
        found.append(f"{', '.join(names)}: saved with outputs; clear them before committing: {clear}")
    if as_json:
        print_json({"faults": found, "saved_with_outputs": names})
    for fault in () if as_json else found:
        print(f"✗ {fault}")
    if found:
        raise typer.Exit(1)
    if as_json:
        return
    print("Data, notebooks, presets, claims and texts are in order.")
    if run_before:
        print(f"Saved with outputs, which is no fault: {', '.join(names)}. To clear them: {clear}")
    print("Next: kloof run")


@app.command()
def measure(
    file: Annotated[
        Path, typer.Argument(help="file, CSV or Parquet, with columns unit, group, count, and keys; or wide")
    ],
    index: Annotated[
        list[str],
        typer.Option(help="index, or several with commas; see: kloof list indices", autocompletion=one_of("indices")),
    ],
    by: Annotated[list[str] | None, typer.Option(help="keys, such as municipality,year")] = None,
    group: Annotated[
        str | None, typer.Option(help="group that is measured; without it every group is measured")
    ] = None,
    against: Annotated[str | None, typer.Option(help="another group; without it all others together")] = None,
    ci: Annotated[bool, typer.Option("--ci", help="add the 95 % interval of a bootstrap of people")] = False,
    seed: Annotated[int, typer.Option(min=0, help="seed of that bootstrap")] = 1,
    as_json: AS_JSON = False,
    unit: Annotated[str, typer.Option(help="column with units, such as buurt")] = "unit",
    counts: Annotated[
        list[str] | None, typer.Option(help="columns with counts of a wide table, such as huur,koop")
    ] = None,
    absent: Annotated[
        str, typer.Option(help="meaning of a group without a row of a unit: zero (nobody there) or missing (not known)")
    ] = "",
    decimal: Annotated[str, typer.Option(help="sign before decimals (, or .), where the numbers do not show it")] = "",
) -> None:
    """Measure segregation in a tidy file, or a wide one (--unit, --counts): one row per key and index."""
    from kloof.cli.measure import Layout, as_text, measure_file, people_interval
    from kloof.cli.measure import as_json as to_json

    indices, keys, wide = (
        [name.strip() for item in given or [] for name in item.split(",") if name.strip()]
        for given in (index, by, counts)
    )
    draws = (people_interval, seed) if ci else None
    rows = measure_file(file, indices, (group, against), keys, draws, Layout(unit, tuple(wide), absent, decimal))
    print(to_json(rows) if as_json else as_text(rows))


@app.command()
def glossary(language: Annotated[str, typer.Option(help="language of the glossary: nl or en")] = "nl") -> None:
    """Print the glossary of the indices as Markdown."""
    from kloof.words.glossary import glossary as written

    print(written(language), end="")


for command in (verdicts, audit, verify, diff, batch):  # after what a newcomer types first
    app.command()(command)


def main() -> None:
    """Start the command line; how a command ends is told by `kloof.cli.edge`."""
    any_letter()
    with guarded():
        code = ended(lambda: program()(prog_name="kloof", standalone_mode=False))
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
