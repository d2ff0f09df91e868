"""`kloof country events`: what a gap did since an event in all municipalities together, beyond its line before it."""

import re
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json
from kloof.errors import ParameterError

if TYPE_CHECKING:
    from kloof.country.events import Events

MOMENT = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
OF_EVENTS = {
    "HIGHER": "Since the event the gap is larger than its line before it leads to, and more so than placebos explain.",
    "LOWER": "Since the event the gap is smaller than its line before it leads to, and more so than placebos explain.",
    "SAME": "Since the event the gap is where it was going: what it departs by is too small to matter.",
    "within_chance": "Cannot be told: the range of the departure holds 0.",
    "line_not_tested": "Cannot be told: too few years before the event to see whether the gap kept to a line.",
    "line_does_not_hold": "Cannot be told: the gap left its line by as much without an event, or turned before it.",
    "everywhere": "Cannot be told of this list: the buurten that would be listed next did at least half of it too.",
}


def events(
    indicator: Annotated[
        str,
        typer.Argument(
            help="figure whose gap is followed; see: kloof list indicators", autocompletion=one_of("indicators")
        ),
    ],
    event: Annotated[str, typer.Option(help="moment of the event: 2020-03, or 2020")] = "2020-03",
    first: Annotated[int | None, typer.Option("--from", help="first year; the list is made of its figures")] = None,
    last: Annotated[int | None, typer.Option("--to", help="last year")] = None,
    scale: Annotated[str, typer.Option(help="scale of the gap: absolute, real or relative")] = "relative",
    focus: Annotated[str, typer.Option(help="rule that makes the list; empty: the lowest fifth of the figure")] = "",
    against: Annotated[
        str, typer.Option(help="point that years since are held against: line (the line before), or last_year")
    ] = "line",
    picture: Annotated[Path | None, typer.Option(help="file to draw the years into: .svg, .png")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Say what the gap did since an event in all municipalities of the store, beyond its own line before the event.

    Needs three years before the event and one since, for thirty municipalities; five before it to test the line where
    the list is made of the figure itself. A departure is only called one when earlier years taken as the event depart
    less (placebo in time), whatever year the line begins in, and when those who would be listed next did less than half
    of it (placebo in place).
    """
    from kloof.country.events import around_event

    found = around_event(indicator, moment(event), (first, last), scale, focus, against)
    if picture is not None:
        from kloof.figures.plots import save

        save(found, picture)
    if as_json:
        print_json(_content(found))
        return
    print(found)
    print(f"\n{'':<6}{'':<8}{'since the last year before':>28}{'beyond the line':>28}")
    for row in found.yearly.to_dict("records"):
        since, beyond = (_ends(row, name, f"{name}_") for name in ("change", "beyond"))
        print(f"{row['year']:<6}{row['period']:<8}{since:>28}{beyond:>28}")
    for title, table in (("taken as the event", found.in_time), ("line from", found.by_line)):
        for row in table.to_dict("records"):
            print(f"{title} {row['year']}: {_ends(row, 'departure', '')}")
    for one in found.set_aside:
        print(f"left out: {one.step} {one.rows} ({one.reason})")
    print(f"\n{OF_EVENTS[found.reason or found.judgement]}")


def moment(text: str) -> float:
    """Read a moment in years: 2020-03 is 2020.17. Raises ParameterError."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ParameterError(f"event {text!r} is no moment; give a year and month, such as 2020-03, or a year.")
    return int(found[1]) + (int(found[2] or 1) - 1) / 12


def _ends(row: Any, name: str, stem: str) -> str:
    """Write a number with its range; nothing where it was not asked."""
    return "" if isnan(row[name]) else f"{row[name]:.2f} ({row[f'{stem}low']:.2f} to {row[f'{stem}high']:.2f})"


def _content(found: "Events") -> dict[str, Any]:
    """Lay the answer out for programs; what was not asked of a year is null."""
    asked = found.question
    return {
        "indicator": asked.indicator, "scale": asked.scale, "focus": asked.focus, "event": found.event,
        "against": found.against, "unit": found.unit, "smallest_effect": found.smallest_effect,
        "municipalities": found.municipalities, "departure": found.departure, "spread": found.spread,
        "elsewhere": found.elsewhere, "own": found.own, "judgement": found.judgement, "reason": found.reason,
        "yearly": found.yearly.to_dict("records"), "in_time": found.in_time.to_dict("records"),
        "by_line": found.by_line.to_dict("records"),
        "set_aside": [[one.step, one.reason, one.rows] for one in found.set_aside],
    }  # fmt: skip
