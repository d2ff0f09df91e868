"""The command line: `kloof list`, `show`, `run`, `measure`, `data`, `check`; an answer ends with what to type next."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from kloof import (
    cli_batch,
    cli_data,
    cli_hypothesis,
    cli_manifest,
    cli_site,
    cli_synth,
    cli_verdicts,
    cli_verify,
    cli_workshop,
)
from kloof.errors import KloofError, ParameterError
from kloof.fmt import LANGUAGES

STOPPED = 130  # exit code after Ctrl-C

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="kloof: is the gap between neighbourhoods growing? Notebooks, tests and reports.",
)  # fmt: skip

app.add_typer(cli_data.app, name="data")
app.add_typer(cli_workshop.app, name="workshop")
app.add_typer(cli_hypothesis.app, name="hypothesis")
batch = app.command()(cli_batch.batch)
verify = app.command()(cli_verify.verify)
diff = app.command()(cli_verify.diff)
verdicts = app.command()(cli_verdicts.verdicts)
manifest = app.command()(cli_manifest.manifest)
calibrate = app.command()(cli_synth.calibrate)
synth = app.command()(cli_synth.synth)
site = app.command()(cli_site.site)


@app.command()
def run(
    preset: Annotated[str, typer.Option(help="named set of parameters; see: kloof list presets")] = "breda",
    language: Annotated[str, typer.Option(help="nl, en, or both")] = "both",
    only: Annotated[list[str] | None, typer.Option(help="run only this notebook (03); no report is made")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="change a parameter: --set focus=bredavandaag")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="warm: copies of one loaded process; stock: papermill's own, a new kernel each time")
    ] = "",
) -> None:
    """Run the notebooks of a preset and write its report to reports/<preset>."""
    from kloof.execution import ENGINES, USUAL, How
    from kloof.publish import headlines
    from kloof.run import make_report, notebook_paths
    from kloof.sources import catalogue, project_folder

    overrides = read_overrides(set_ or [])
    languages = LANGUAGES if language == "both" else (language,)
    if language != "both" and language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}, both.")
    if (engine := engine or USUAL) not in ENGINES:
        raise ParameterError(f"engine {engine!r} is not known. Valid: {', '.join(ENGINES)}.")
    paths = notebook_paths(only or [])
    with _Progress(len(paths), languages) as tell:
        folder = make_report(preset, overrides, languages, only or [], tell, how=How(engine))
    shown = folder.relative_to(project_folder())
    if only:
        print(f"Executed notebooks: {shown}/{languages[0]}/notebooks")
        return
    for sentence in headlines(folder, catalogue(), languages[0]):
        print(f"\n  {sentence}")
    pages = "\n  ".join(f"{shown}/{name}/index.html   {shown}/{name}/report.pdf" for name in languages)
    print(f"\nThe report:\n  {pages}\nIts numbers: {shown}/results.json")


def read_overrides(given: list[str]) -> dict[str, Any]:
    """Read `--set name=value` options; all faults at once."""
    from kloof.presets import coerce

    values, found = {}, []
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or not name.strip():
            found.append(f"--set {item!r} is not name=value")
            continue
        try:
            values[name.strip()] = coerce(name.strip(), value.strip())
        except ParameterError as problem:
            found.append(str(problem))
    if found:
        raise ParameterError(" ".join(found))
    return values


class _Progress:
    """One bar per language, with the notebook and the heading it is at."""

    def __init__(self, notebooks: int, languages: tuple[str, ...]):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.fields[language]}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.tasks = {name: self.bar.add_task("starting", total=notebooks, language=name) for name in languages}
        self.seen: dict[str, list[str]] = {name: [] for name in languages}

    def __enter__(self) -> Callable[[Any], None]:
        return self.tell  # the bar starts with the first news: an error before that needs no bar

    def tell(self, step: Any) -> None:
        """Move a bar to where its notebook is."""
        self.bar.start()
        done = self.seen[step.language]
        if step.notebook not in done:
            done.append(step.notebook)
        place = len(done) - 1 + step.cell / step.cells
        self.bar.update(
            self.tasks[step.language],
            completed=round(place, 1),
            description=f"{step.notebook}  {step.heading}",
        )

    def __exit__(self, *problem: object) -> None:
        if problem[0] is None:
            for task in self.bar.tasks:
                self.bar.update(task.id, completed=task.total, description="done")
        self.bar.stop()


@app.command(name="list")
def list_(
    what: Annotated[str, typer.Argument(help="notebooks, presets, indicators, indices, focus, sources")] = "",
) -> None:
    """List what there is: notebooks, presets, indicators, indices, focus lists, sources."""
    from kloof import listing

    kinds = {
        "notebooks": listing.notebooks,
        "presets": listing.presets,
        "indicators": listing.indicators,
        "indices": listing.indices,
        "focus": listing.focus_lists,
        "sources": listing.sources,
    }
    if what and what not in kinds:
        raise ParameterError(f"{what!r} cannot be listed. Valid: {', '.join(kinds)}.")
    for kind in [what] if what else kinds:
        print(f"{kind}\n" + "\n".join(f"  {name:<46} {text}" for name, text in kinds[kind]()))
    print("\nNext: kloof show 03")


@app.command()
def show(
    notebook: Annotated[str, typer.Argument(help="number or name of a notebook, such as 03")],
    preset: Annotated[str, typer.Option(help="preset whose values are shown")] = "breda",
) -> None:
    """Show the parameters of a notebook: type, value under a preset, meaning."""
    from kloof import listing

    title, rows = listing.parameters_of(notebook, preset)
    print(title)
    for name, kind, value, meaning in rows:
        print(f"  {name:<18} {kind:<5} {meaning}\n  {'':<24} {preset}: {value}")
    print(f"\nNext: kloof run --preset {preset} --only {notebook} --set focus=…")


@app.command()
def check() -> None:
    """Check the project: data against their registry, notebooks clean, texts complete in both languages."""
    from kloof import listing

    found = listing.faults_of_project()
    for fault in found:
        print(f"✗ {fault}")
    if found:
        raise typer.Exit(1)
    print("Data, notebooks, presets, claims and texts are in order.\nNext: kloof run")


@app.command()
def measure(
    file: Annotated[Path, typer.Argument(help="tidy CSV or Parquet: columns unit, group, count, and keys")],
    index: Annotated[list[str], typer.Option(help="an index, or several with commas; see: kloof list indices")],
    by: Annotated[list[str] | None, typer.Option(help="keys, such as municipality,year")] = None,
    group: Annotated[str | None, typer.Option(help="the group; without it every group is measured")] = None,
    against: Annotated[str | None, typer.Option(help="another group; without it all others together")] = None,
    ci: Annotated[bool, typer.Option("--ci", help="add the 95 % interval of a bootstrap of people")] = False,
    seed: Annotated[int, typer.Option(help="seed of that bootstrap")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print a JSON list of rows")] = False,
) -> None:
    """Measure segregation in a tidy file: one row per key and index."""
    from kloof import cli_measure

    indices, keys = (
        [name.strip() for item in given or [] for name in item.split(",") if name.strip()] for given in (index, by)
    )
    interval = cli_measure.people_interval if ci else None
    rows = cli_measure.measure_file(file, indices, (group, against), keys, interval, seed)
    print(cli_measure.as_json(rows) if as_json else cli_measure.as_text(rows))


@app.command()
def glossary(language: Annotated[str, typer.Option(help="nl or en")] = "nl") -> None:
    """Print the glossary of the indices as Markdown."""
    from kloof.glossary import glossary as written

    print(written(language), end="")


@app.command()
def audit(folder: Annotated[Path, typer.Argument(help="folder of a report, such as reports/breda")]) -> None:
    """Read a finished report back against its results.json."""
    from kloof import listing

    found = listing.faults_of_report(folder)
    for fault in found:
        print(f"✗ {fault}")
    if found:
        raise typer.Exit(1)
    print(f"Every number and verdict in {folder} is in its results.json.")


def main() -> None:
    """Start the command line; an error of ours is printed without a traceback, exit code 2."""
    try:
        code = app(standalone_mode=False)  # what typer.Exit carries is returned, not raised; 130 after Ctrl-C
    except KloofError as problem:
        print(f"kloof: {problem}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except Exception as problem:
        if type(problem).__module__.startswith(("click", "typer")):
            message = getattr(problem, "format_message", lambda text=str(problem): text)()
            print(f"kloof: {message} See: kloof --help" if message else "Next: kloof list", file=sys.stderr)
            sys.exit(2)
        raise
    if code == STOPPED:
        print("kloof: stopped; earlier reports are untouched.", file=sys.stderr)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
