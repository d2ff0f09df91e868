"""What several commands share: `--json`, `--language`, `--set name=value`, and the bar of how far a run is."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any

import typer

from kloof.cli.terminal import harmless
from kloof.errors import ParameterError
from kloof.words.numbers import LANGUAGES

AS_JSON = Annotated[bool, typer.Option("--json", help="print JSON instead of text")]


def print_json(content: Any) -> None:
    """Print for a program what is otherwise printed for a person: an object, or a list of them.

    A number that is missing is null, and letters stand as they are.
    """
    from kloof.paths import plain

    print(json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False, default=str))


def check_language(given: str) -> str:
    """Give a language back when reports are written in it. Raises ParameterError."""
    if given not in LANGUAGES:
        raise ParameterError(f"language {given!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    return given


def read_overrides(given: list[str]) -> dict[str, Any]:
    """Read `--set name=value` options; all faults at once."""
    from kloof.study.parameters import coerce

    values, found = {}, []
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or not name.strip():
            found.append(f"--set {item!r} is not name=value")
            continue
        if name.strip() in values:
            found.append(f"--set {name.strip()} is given twice: {name.strip()} has one value.")
            continue
        try:
            values[name.strip()] = coerce(name.strip(), value.strip())
        except ParameterError as problem:
            found.append(str(problem))
    if found:
        raise ParameterError(" ".join(found))
    return values


def finite(value: float | None) -> float | None:
    """Refuse the numbers that no bound of an option catches: nan is never too low or too high, and inf has no end."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number that can be used.")
    return value


class Progress:
    """One bar per language, with the notebook and the heading it is at."""

    def __init__(self, notebooks: int, languages: tuple[str, ...]):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.fields[language]}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
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
            description=harmless(f"{step.notebook}  {step.heading}"),
        )

    def __exit__(self, *problem: object) -> None:
        if problem[0] is None:
            for task in self.bar.tasks:
                self.bar.update(task.id, completed=task.total, description="done")
        self.bar.stop()
