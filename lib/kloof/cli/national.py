"""`kloof national`: how a gap changed in all municipalities together, and where one of them stands."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json

if TYPE_CHECKING:
    from kloof.country.gaps import National

SHOWN = 5  # municipalities at either end
WRITTEN = ("mean_dwelling_value", "mean_income_per_inhabitant")  # what data/national.csv holds, on every scale


def national(
    indicator: Annotated[
        str,
        typer.Argument(
            help="figure whose gap is followed; see: kloof list indicators", autocompletion=one_of("indicators")
        ),
    ] = "mean_dwelling_value",
    first: Annotated[int, typer.Option("--from", help="first year; the list is made of its figures")] = 2017,
    last: Annotated[int, typer.Option("--to", help="last year")] = 2024,
    scale: Annotated[str, typer.Option(help="scale of the gap: absolute, real or relative")] = "relative",
    focus: Annotated[str, typer.Option(help="rule that makes the list; empty: the lowest fifth of the figure")] = "",
    place: Annotated[
        str,
        typer.Option(
            help="municipality that is told beside all, by name or code", autocompletion=one_of("municipalities")
        ),
    ] = "",
    covariates: Annotated[
        str,
        typer.Option(
            help="figures with which the change may go, separated by commas; out of the store",
            autocompletion=one_of("indicators"),
        ),
    ] = "",
    model: Annotated[
        str,
        typer.Option(help="way in which municipalities differ: normal, or heavy (tails); empty: both, averaged"),
    ] = "",
    picture: Annotated[Path | None, typer.Option(help="file to draw all municipalities into: .svg, .png")] = None,
    write: Annotated[bool, typer.Option("--write", help="renew data/national.csv out of the store")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Say how the gap between a list and the rest changed in all municipalities, and where one of them stands.

    Out of the store when it holds both years by buurt for thirty municipalities, else out of data/national.csv.
    """
    from kloof.country import gaps as country

    if write:
        print(f"{_renew(first, last)} rows in data/national.csv")
        return
    named = [part.strip() for part in covariates.split(",") if part.strip()]
    found = country.national(indicator, (first, last), scale, focus, place, model, covariates=named)
    if picture is not None:
        from kloof.figures.plots import save

        save(found, picture)
    if as_json:
        print_json(_content(found))
        return
    print(found)
    rows = found.places.set_index("municipality")
    shown = [*rows.index[:SHOWN], *rows.index[-SHOWN:]]
    print(f"\n{'':<28}{'change':>9}{'range':>18}  grew  place")
    for at, code in enumerate(dict.fromkeys([*shown[:SHOWN], *rows.index[rows.index == found.place], *shown[SHOWN:]])):
        one = rows.loc[code]
        reach = f"{one['low']:.1f} to {one['high']:.1f}"
        mark = "→ " if code == found.place else "  "
        print(
            f"{mark}{one['name']:<26}{one['expected']:>9.1f}{reach:>18}  {100 * one['above_zero']:>3.0f}%  "
            f"{one['rank']:.0f} ({one['rank_low']:.0f}–{one['rank_high']:.0f})"
        )
        if at == SHOWN - 1 and len(rows) > 2 * SHOWN:
            print("  …")
    if found.place and found.place not in rows.index:
        print(f"\n{place} has no change of its own: too few buurten have the figure in both years, or no covariate.")
    if found.covariates:
        print(f"\n{'per standard deviation more':<40}{'change':>9}{'range':>18}   one deviation")
        for each in found.covariates:
            estimate, low, high = each.change
            reach = f"{low:.1f} to {high:.1f}"
            print(f"{f'{each.indicator} {each.year}':<40.40}{estimate:>9.1f}{reach:>18}   {each.deviation:,.4g}")


def _renew(first: int, last: int) -> int:
    """Write the changes of every municipality to data/national.csv; give how many rows it has."""
    from kloof.catalogue import catalogue
    from kloof.country.gaps import EACH_SCALE, FILE, Question, to_embed
    from kloof.paths import data_folder, write_whole

    asked = [Question(name, first, last, scale, f"lowest:20%:{name}:first") for name in WRITTEN for scale in EACH_SCALE]
    table = to_embed(catalogue(), asked)
    write_whole(data_folder() / FILE, table.to_csv(index=False, lineterminator="\n"))
    return len(table)


def _content(found: "National") -> dict[str, Any]:
    """Lay the answer out for programs."""
    asked = found.question
    return {
        "indicator": asked.indicator, "first": asked.first, "last": asked.last, "scale": asked.scale,
        "focus": asked.focus, "model": found.model, "heavy": found.heavy, "unit": found.unit,
        "smallest_effect": found.smallest_effect,
        "mean": found.mean, "spread": found.spread, "places": found.places.to_dict("records"),
        "set_aside": [[one.reason, one.rows] for one in found.set_aside],
        "covariates": [asdict(one) for one in found.covariates],
    }  # fmt: skip
