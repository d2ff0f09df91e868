"""The commands of the workshop: `kloof workshop doctor`, `reset`, `build`, `print`, `lite`."""

from typing import Annotated

import typer

from kloof.errors import ParameterError
from kloof.fmt import LANGUAGES

app = typer.Typer(no_args_is_help=True, help="The workshop: check a laptop, restore a session, build the notebooks.")


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    return language


@app.command()
def doctor(language: Annotated[str, typer.Option(help="nl or en")] = "en") -> None:
    """Check this laptop in one screen; exit code 1 when something must be mended first."""
    from kloof import laptop as looks

    seen = looks.examine()
    print(looks.screen(seen, _language(language)))
    if any(look.state == "bad" for look in seen):
        raise typer.Exit(1)


@app.command()
def reset(
    number: Annotated[int, typer.Argument(help="number of the session")],
    language: Annotated[str, typer.Option(help="nl, en, or both")] = "both",
) -> None:
    """Restore a session; answers that were given are set aside under another name, never lost."""
    from kloof import workshop
    from kloof.sources import project_folder

    languages = LANGUAGES if language == "both" else (_language(language),)
    for path, aside in workshop.reset(number, languages):
        shown = path.relative_to(project_folder())
        kept = f"; your answers are in {aside.name}" if aside else " was at its start already"
        print(f"{shown}{kept}")
    print("\nNext: make workshop")


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit code 1 when a file has drifted")] = False,
) -> None:
    """Make exercises and solutions in both languages from their sources."""
    from kloof import workshop
    from kloof.sources import project_folder

    if check:
        if drifted := workshop.drift():
            for name in drifted:
                print(f"✗ {name} is not what its source makes")
            print("\nNext: kloof workshop build")
            raise typer.Exit(1)
        print("All notebooks of the workshop are what their sources make.")
        return
    for path in workshop.write():
        print(path.relative_to(project_folder()))
    print("\nNext: kloof workshop print")


@app.command(name="print")
def print_() -> None:
    """Make handouts and slides in both languages, from the executed solutions, in reports/workshop."""
    from kloof import handout, slides
    from kloof.sources import project_folder

    for path in [*handout.write(), *slides.write()]:
        print(path.relative_to(project_folder()))
    print("\nNext: open reports/workshop/slides-en.html; arrow keys turn the page")


@app.command()
def lite() -> None:
    """Build the browser edition in reports/workshop/lite, for those who cannot install anything."""
    from kloof import lite as edition
    from kloof.sources import project_folder

    folder, missing = edition.build()
    shown = folder.relative_to(project_folder())
    for line in missing:
        print(f"! {line}")
    print(f"\nThe browser edition: {shown}\nNext: python -m http.server --directory {shown}")
