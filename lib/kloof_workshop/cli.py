"""The commands of the workshop: `kloof workshop doctor`, `reset`, `collect`, `build`, `print`, `lite`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kloof.cli.options import AS_JSON, print_json
from kloof.errors import ParameterError
from kloof.words.numbers import LANGUAGES

workshop_commands = typer.Typer(
    no_args_is_help=True, help="Give the workshop: check a laptop, restore a session, build the notebooks."
)


def add_commands(app: typer.Typer) -> None:
    """Add the commands of the workshop to those of kloof."""
    app.add_typer(workshop_commands, name="workshop")


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    return language


@workshop_commands.command()
def doctor(
    language: Annotated[str, typer.Option(help="language of the words: nl or en")] = "en", as_json: AS_JSON = False
) -> None:
    """Check this laptop in one screen; exit code 1 when something must be mended first."""
    from kloof_workshop import laptop as looks

    seen = looks.examine()
    if as_json:
        print_json([vars(one) for one in seen])
    else:
        print(looks.screen(seen, _language(language)))
    if any(look.state == "bad" for look in seen):
        raise typer.Exit(1)


@workshop_commands.command(name="reset")
def reset_sessions(
    number: Annotated[int, typer.Argument(min=1, help="number of the session")],
    language: Annotated[str, typer.Option(help="language of the session: nl, en, or both")] = "both",
) -> None:
    """Restore a session; answers that were given are set aside under another name, never lost."""
    from kloof.paths import project_folder
    from kloof_workshop import sessions

    languages = LANGUAGES if language == "both" else (_language(language),)
    for path, aside in sessions.reset(number, languages):
        shown = path.relative_to(project_folder())
        kept = f"; your answers are in {aside.name}" if aside else " was at its start already"
        print(f"{shown}{kept}")
    print("\nNext: make workshop")


@workshop_commands.command(name="collect")
def collect_handed_in(
    folders: Annotated[list[Path], typer.Argument(help="folders with the files my_work_….json, or the files")],
    as_json: AS_JSON = False,
) -> None:
    """Print one table of what participants handed in: of each exercise right or not, tries, kinds of mistakes."""
    from dataclasses import asdict

    from kloof_workshop import collecting

    rows, left_out = collecting.collect(folders)
    for line in left_out:
        print(f"! left out: {line}", file=sys.stderr)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        print(collecting.as_csv(rows), end="")
    people = len({row.participant for row in rows})
    print(f"{people} participants, {len(rows)} exercises tried", file=sys.stderr)
    if left_out and not rows:
        raise typer.Exit(1)


@workshop_commands.command(name="build")
def build_sessions(
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit code 1 when a file has drifted")] = False,
) -> None:
    """Make exercises and solutions in both languages from their sources."""
    from kloof.paths import project_folder
    from kloof_workshop import sessions

    if check:
        if drifted := sessions.drift():
            for name in drifted:
                print(f"✗ {name} is not what its source makes")
            print("\nNext: kloof workshop build")
            raise typer.Exit(1)
        print("All notebooks of the workshop are what their sources make.")
        return
    for path in sessions.write():
        print(path.relative_to(project_folder()))
    print("\nNext: kloof workshop print")


@workshop_commands.command(name="print")
def print_() -> None:
    """Make handouts and slides in both languages, from the executed solutions, in reports/workshop."""
    from kloof.paths import project_folder
    from kloof_workshop import handout, slides

    for path in [*handout.write_handouts(), *slides.write_slides()]:
        print(path.relative_to(project_folder()))
    print("\nNext: open reports/workshop/slides-en.html; arrow keys turn the page")


@workshop_commands.command()
def lite(
    bundle: Annotated[
        Path | None, typer.Option(help="folder with browser builds of numpy, pandas and their kin: then all sessions")
    ] = None,
) -> None:
    """Build the browser edition in reports/workshop/lite, for those who cannot install anything."""
    from kloof.paths import project_folder
    from kloof_workshop import lite as edition

    if bundle is not None and not bundle.is_dir():
        raise ParameterError(f"{bundle} is not a folder. Give the folder with the browser builds: --bundle FOLDER")
    folder, missing = edition.build_edition(bundle)
    shown = folder.relative_to(project_folder())
    for line in missing:
        print(f"! {line}")
    print(f"\nThe browser edition: {shown}\nNext: python -m http.server --directory {shlex.quote(str(shown))}")
