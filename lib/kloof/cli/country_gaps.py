"""`kloof country gaps`: how every gap changed in all municipalities, by indicator, scale and pair of years."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json

if TYPE_CHECKING:
    from kloof.country.panel import Each


def gaps(
    indicators: Annotated[
        str,
        typer.Option(
            help="figures, separated by commas; empty: all; see: kloof list indicators",
            autocompletion=one_of("indicators"),
        ),
    ] = "",
    scales: Annotated[str, typer.Option(help="scales, separated by commas: absolute, real, relative; empty: all")] = "",
    workers: Annotated[int, typer.Option(min=1, help="number of processes; the indicators are divided over them")] = 1,
    scheduler: Annotated[
        str, typer.Option(help="address of a Dask scheduler to use instead, such as tls://host:8786")
    ] = "",
    output: Annotated[Path | None, typer.Option(help="file to write the table to, as CSV")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Say of every figure how the gap of its lowest fifth changed in all municipalities of the store, year by year.

    From the first year there is to each later one. Above 0 the gap grew; grew and shrank: percent of the municipalities
    in which it did so surely, with a probability of 90 percent or more. heavy: how probable it is that some differ far
    more than others (heavy tails), in percent.
    """
    from kloof.catalogue import catalogue
    from kloof.country.gaps import EACH_SCALE
    from kloof.country.panel import panel
    from kloof.paths import write_whole

    asked = [part.strip() for part in indicators.split(",") if part.strip()]
    chosen = [part.strip() for part in scales.split(",") if part.strip()] or EACH_SCALE
    with _each(workers, scheduler) as each:
        table = panel(catalogue(), asked, chosen, each)
    if output is not None:
        write_whole(output, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    if as_json:
        print_json(table.to_dict("records"))
        return
    if table.empty:
        print("The store has no figure of two years by buurt.\nNext: kloof data fetch --all")
        return
    print(f"{'':<34}{'scale':<10}{'years':<11}{'places':>6}{'mean':>9}{'range':>18}{'spread':>8}  grew  shrank  heavy")
    for row in table.to_dict("records"):
        years = f"{row['first']}–{row['last']}"
        start = f"{row['indicator']:<34.34}{row['scale']:<10}{years:<11}{row['municipalities']:>6}"
        if row["reason"]:
            print(f"{start}  no answer: {row['reason']}")
            continue
        reach = f"{row['low']:.1f} to {row['high']:.1f}"
        sure = f"{row['grew']:>3.0f}%  {row['shrank']:>5.0f}%"
        print(f"{start}{row['mean']:>9.1f}{reach:>18}{row['spread']:>8.1f}  {sure}  {row['heavy']:>4.0f}%")
    if output is None:
        print("Next: kloof national INDICATOR --scale SCALE, for every municipality")


@contextmanager
def _each(workers: int, scheduler: str) -> "Iterator[Each]":
    """Give what asks every indicator: here, in processes of this machine, or on the workers of a scheduler."""
    if scheduler:
        from kloof.run.dispatch import over

        with over(scheduler) as each:
            yield each
    elif workers == 1:
        yield map
    else:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(workers) as pool:
            yield pool.map
