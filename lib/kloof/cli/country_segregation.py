"""`kloof country segregation`: how far apart groups live in all municipalities, and where one of them stands."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json

if TYPE_CHECKING:
    from kloof.country.segregation import Segregation

AT_EACH_END = 5  # municipalities at either end
EMBEDDED_GROUPS = (  # what data/national_segregation.csv holds
    ("inhabitants_aged_65_plus", "dissimilarity"), ("inhabitants_aged_65_plus", "theil"),
    ("inhabitants_aged_0_14", "dissimilarity"), ("inhabitants_non_western_background", "dissimilarity"),
    ("low_income_persons_share", "dissimilarity"), ("income_of_persons", "rank_order"),
)  # fmt: skip
LEVELS = {  # of the map, in words
    "between_municipalities": "between municipalities", "between_wijken": "between wijken in a municipality",
    "between_buurten": "between buurten in a wijk", "whole": "of the whole country",
}  # fmt: skip
LACKING = {"no_provinces": "the store knows no provinces", "no_coordinates": "the store holds no coordinates of all"}


def segregation(
    group: Annotated[
        str,
        typer.Argument(
            help="group, as a share or count of inhabitants; of rank_order: income_of_persons or income_of_households"
        ),
    ] = "inhabitants_aged_65_plus",
    index: Annotated[
        str, typer.Option(help="index that says how far apart: dissimilarity, theil or rank_order")
    ] = "dissimilarity",
    first: Annotated[int, typer.Option("--from", help="first year")] = 2017,
    last: Annotated[int, typer.Option("--to", help="last year")] = 2024,
    place: Annotated[
        str,
        typer.Option(
            help="municipality that is told beside all, by name or code", autocompletion=one_of("municipalities")
        ),
    ] = "",
    picture: Annotated[Path | None, typer.Option(help="file to draw all municipalities into: .svg, .png")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="renew data/national_segregation.csv out of the store")
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Say how far apart a group lives in all municipalities, how that changed, and on which level of the map it lies.

    Out of the store when it holds thirty municipalities of a year, else out of data/national_segregation.csv.
    """
    from kloof.country import segregation as country

    if write:
        print(f"{_renew((first, last))} rows in data/{country.SEGREGATION_FILE}")
        return
    found = country.segregation(group, index, (first, last), place)
    if picture is not None:
        from kloof.figures.plots import save

        save(found, picture)
    if as_json:
        print_json(_content(found))
        return
    print(found)
    _print_places(found)
    _print_levels(found)
    if found.place and found.place not in set(found.places["municipality"]):
        print(f"\n{place} has no number of its own: one buurt, or too few with a figure.")


def _print_places(found: "Segregation") -> None:
    """Print both ends of the last year and the place that is told, with its change where there is one."""
    from kloof.shown import shorten

    rows = found.places[found.places["year"] == found.years[-1]].sort_values(["rank", "municipality"])
    rows = rows.set_index("municipality")
    grown = None if found.change is None else found.change.places.set_index("municipality")
    ends = [*rows.index[:AT_EACH_END], *rows.index[-AT_EACH_END:]]
    own = [code for code in rows.index if code == found.place]
    print(f"\n{'':<28}{found.index:>14}{'chance leaves':>18}  place            change, percent")
    for at, code in enumerate(dict.fromkeys([*ends[:AT_EACH_END], *own, *ends[AT_EACH_END:]])):
        one = rows.loc[code]
        reach = f"{one['chance_low']:.3f} to {one['chance_high']:.3f}"
        stands = f"{one['rank']} ({one['rank_low']}–{one['rank_high']})"
        name = ("→ " if code in own else "  ") + shorten(one["name"], 26)
        line = f"{name:<28}{one['corrected']:>14.3f}{reach:>18}  {stands:<15}"
        if grown is not None and code in grown.index:
            moved = grown.loc[code]
            line += f"{moved['expected']:>8.1f} ({moved['low']:.1f} to {moved['high']:.1f})"
        print(line.rstrip())
        if at == AT_EACH_END - 1 and len(rows) > 2 * AT_EACH_END:
            print("  …")


def _print_levels(found: "Segregation") -> None:
    """Print on which level of the map it lies, year beside year, and what the index is at each level."""
    if found.parts.empty:
        print("\nOn which level of the map it lies can be told only out of the store (kloof data add FILE).")
        return
    what = "rank-order index" if found.index == "rank_order" else "Theil's index"
    print(f"\n{what:<36}" + "".join(f"{year:>18}" for year in found.years))
    for part, words in LEVELS.items():
        rows = found.parts[found.parts["part"] == part].set_index("year")
        cells = (f"{rows['estimate'][year]:.4f} ({rows['share'][year]:3.0f}%)" for year in found.years)
        print(f"  {words:<34}" + "".join(f"{cell:>18}" for cell in cells))
    print(f"\n{found.index} by level")
    for (place, level), rows in found.profile.groupby(["place", "level"], sort=False):
        by_year = rows.set_index("year")
        name = f"{level}, within {place}" if place else str(level)
        reason = by_year["reason"].iloc[0]
        if reason in LACKING:
            print(f"  {name:<34}{LACKING[reason]}")
            continue
        values = by_year["estimate"].reindex(list(found.years))
        print(f"  {name:<34}" + "".join(f"{value:>18.4f}" for value in values))


def _renew(years: tuple[int, int]) -> int:
    """Write the figures of every municipality to data/national_segregation.csv; give how many rows it has."""
    from kloof.country.segregation import SEGREGATION_FILE, segregation_to_embed
    from kloof.paths import data_folder, write_whole

    table = segregation_to_embed(EMBEDDED_GROUPS, years)
    write_whole(data_folder() / SEGREGATION_FILE, table.to_csv(index=False, lineterminator="\n"))
    return len(table)


def _content(found: "Segregation") -> dict[str, Any]:
    """Lay the answer out for programs."""
    change = None
    if found.change is not None:
        change = {
            "years": found.change.years, "unit": "percent", "smallest_effect": found.change.smallest_effect,
            "mean": found.change.mean, "spread": found.change.spread, "grew": found.change.grew,
            "shrank": found.change.shrank, "places": found.change.places.to_dict("records"),
        }  # fmt: skip
    return {
        "group": found.group, "index": found.index, "years": found.years, "standing": found.standing(),
        "places": found.places.to_dict("records"), "change": change, "parts": found.parts.to_dict("records"),
        "profile": found.profile.to_dict("records"),
        "set_aside": [[one.step, one.reason, one.rows] for one in found.set_aside],
    }  # fmt: skip
