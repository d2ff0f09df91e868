"""`kloof data map FILE`: a proposal of what the columns of a file mean, for a person to correct."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kloof.cli.complete import one_of
from kloof.cli.data_add import known_areas
from kloof.errors import ParameterError


def propose_map(
    file: Annotated[Path, typer.Argument(help="file with a table, of any kind that kloof data add takes")],
    municipality: Annotated[
        str,
        typer.Option(
            help="municipality that the names are of, by name or code", autocompletion=one_of("municipalities")
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option(help="file to write; without it FILE.toml beside the file")] = None,
) -> None:
    """Propose a mapping of a file that kloof does not recognise: which column is what, with doubts to look at."""
    from kloof.catalogue import catalogue
    from kloof.ceilings import in_bounds
    from kloof.files.opening import open_file
    from kloof.files.propose import propose
    from kloof.files.vocabularies import read_vocabularies
    from kloof.paths import data_folder, write_whole
    from kloof.study.places import code_of

    target = out or file.with_name(f"{file.name}.toml")
    quoted, with_map = shlex.quote(str(file)), shlex.quote(str(target))
    if target.exists():
        raise ParameterError(
            f"{target} is there already, and may hold what you corrected. Use it: kloof data add {quoted} --map "
            f"{with_map}; or write another one: --out OTHER.toml."
        )
    known = catalogue()
    words = read_vocabularies(data_folder() / "vocabularies.toml", known)
    with in_bounds(file.name):
        made = propose(open_file(file), known, words, known_areas(), code_of(municipality) if municipality else "")
    write_whole(target, made.text)
    print(
        f"{target}: {made.understood} columns understood, {made.left} to fill in or leave, {made.doubts} doubts (# ?)"
    )
    for number, line in enumerate(made.text.splitlines(), 1):
        if "# ?" in line and not line.startswith("#"):
            print(f"  line {number:>3}  {line}")
    print(f"Next: correct {target.name}, then kloof data add {quoted} --map {with_map} --dry-run")
