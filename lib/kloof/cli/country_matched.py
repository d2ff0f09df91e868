"""`kloof country matched`: the listed buurten of one place beside buurten like them in the rest of the country."""

from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json

if TYPE_CHECKING:
    from kloof.country.matched import Beside

OF_NEIGHBOURS = {
    "HIGHER": "fell behind", "LOWER": "gained on", "SAME": "kept level with",
    "UNCLEAR": "may have moved from, or not,",
}  # fmt: skip
FLAGS = {
    "same_year_level": "The store has no year before the first: chance that made a buurt low in it is gone later, and "
    "that part of the change is no change (regression to the mean).",
    "later_tenure": "Tenure is of a later year than the first: a change of tenure in between is taken for likeness.",
    "no_tenure": "The store has no tenure by buurt: neighbours are alike in level and size only.",
    "no_others": "The other buurten of the place have no neighbours to be held against.",
}


def matched(
    indicator: Annotated[
        str,
        typer.Argument(
            help="figure whose change is compared; see: kloof list indicators", autocompletion=one_of("indicators")
        ),
    ],
    place: Annotated[str, typer.Option(help="municipality, by name or code", autocompletion=one_of("municipalities"))],
    first: Annotated[int, typer.Option("--from", help="first year")] = 2017,
    last: Annotated[int, typer.Option("--to", help="last year")] = 2024,
    scale: Annotated[
        str, typer.Option(help="scale of the change: absolute, real, or relative (growth in percent)")
    ] = "relative",
    focus: Annotated[str, typer.Option(help="rule that makes the list; empty: the lowest fifth of the figure")] = "",
    neighbours: Annotated[int, typer.Option(min=1, help="number of buurten that each is held against")] = 5,
    caliper: Annotated[
        float, typer.Option(help="distance that a neighbour may lie away, in standard deviations")
    ] = 0.5,
    same_municipality: Annotated[
        bool, typer.Option("--same-municipality", help="let neighbours be of the same municipality")
    ] = False,
    trend: Annotated[bool, typer.Option("--trend", help="keep to neighbours that had the same trend before")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Say what the listed buurten of a place did beyond buurten elsewhere of the same level, tenure and size.

    The list and the level are of the last year before the first that the store has, so that chance in the figures of
    the first year is no change. What moved the whole place is part of the answer: the other buurten of the place stand
    beside it.
    """
    from kloof.country.matched import Alike
    from kloof.country.matched import matched as found_of

    alike = Alike(neighbours, caliper, same_municipality, trend)
    found = found_of(indicator, place, (first, last), scale, focus, alike)
    if as_json:
        print_json(_content(found))
        return
    print(found)
    print(f"\n{'':<28}{'year':>5}{'list':>10}{'neighbours':>12}{'all':>10}   apart (sd): before  after")
    for row in found.balance.to_dict("records"):
        print(
            f"{row['name']:<28}{row['year']:>5}{row['listed']:>10.2f}{row['neighbours']:>12.2f}{row['candidates']:>10.2f}"
            f"{row['before']:>21.2f}{row['after']:>7.2f}"
        )
    for one in found.set_aside:
        print(f"left out: {one.step} {one.rows} ({one.reason})")
    if found.unmatched:
        print(f"left out: {found.unmatched} listed buurten with no neighbour within {caliper:g} standard deviations")
    print(f"\nThe list {OF_NEIGHBOURS[found.judgement]} its neighbours; beyond the rest of its place: {found.own}.")
    for flag in found.flags:
        print(FLAGS[flag])


def _content(found: "Beside") -> dict[str, Any]:
    """Lay the answer out for programs; what could not be made is null."""
    asked = found.question
    ranges = {"change": found.change, "others": found.others, "beyond_others": found.beyond}
    return {
        "indicator": asked.indicator, "first": asked.first, "last": asked.last, "scale": asked.scale,
        "focus": asked.focus, "place": found.place, "unit": found.unit, "smallest_effect": found.smallest_effect,
        **{name: None if isnan(ends[0]) else ends for name, ends in ranges.items()}, "uncorrected": found.plain,
        "judgement": found.judgement, "beyond_its_place": found.own, "candidates": found.candidates, "used": found.used,
        "busiest": found.most, "unmatched": found.unmatched, "balance": found.balance.to_dict("records"),
        "buurten": found.buurten.to_dict("records"),
        "flags": found.flags, "set_aside": [[one.step, one.reason, one.rows] for one in found.set_aside],
    }  # fmt: skip
