"""`kloof country …`: what is asked of all municipalities of the store together, a command for each question."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, print_json
from kloof.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from kloof.country.events import Events
    from kloof.country.gaps import National
    from kloof.country.matched import Beside
    from kloof.country.panel import Each
    from kloof.country.segregation import Segregation
    from kloof.findings import Finding

AT_EACH_END = 5  # municipalities at either end
MOMENT = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
EMBEDDED = ("mean_dwelling_value", "mean_income_per_inhabitant")  # what data/national.csv holds, on every scale
EMBEDDED_GROUPS = (  # what data/national_segregation.csv holds
    ("inhabitants_aged_65_plus", "dissimilarity"), ("inhabitants_aged_65_plus", "theil"),
    ("inhabitants_aged_0_14", "dissimilarity"), ("inhabitants_non_western_background", "dissimilarity"),
    ("low_income_persons_share", "dissimilarity"), ("income_of_persons", "rank_order"),
)  # fmt: skip

# ---------------------------------------------------------------- tables: of each column its head, its place, its text
Columns = tuple[tuple[str, str, str], ...]
CHANGES: Columns = (
    ("", "<28", "{mark}{name}"), ("change", ">9", "{expected:.1f}"), ("range", ">18", "{low:.1f} to {high:.1f}"),
    ("  grew", ">6", "{sure:.0f}%"), ("  place", "<18", "  {rank:.0f} ({rank_low:.0f}–{rank_high:.0f})"),
)  # fmt: skip
GOES_WITH: Columns = (
    ("per standard deviation more", "<40", "{about:.40}"), ("change", ">9", "{change[0]:.1f}"),
    ("range", ">18", "{change[1]:.1f} to {change[2]:.1f}"), ("   one deviation", "<18", "   {deviation:,.4g}"),
)  # fmt: skip
STARTS: Columns = (
    ("", "<34", "{indicator:.34}"), ("scale", "<10", "{scale}"), ("years", "<11", "{first}–{last}"),
    ("places", ">6", "{municipalities}"),
)  # fmt: skip
GAPS: Columns = (
    *STARTS, ("mean", ">9", "{mean:.1f}"), ("range", ">18", "{low:.1f} to {high:.1f}"),
    ("spread", ">8", "{spread:.1f}"), ("grew", ">6", "{grew:.0f}%"),
    ("shrank", ">8", "{shrank:.0f}%"), ("heavy", ">7", "{heavy:.0f}%"),
)  # fmt: skip
APART: Columns = (
    ("", "<28", "{mark}{name}"), ("{index}", ">14", "{corrected:.3f}"),
    ("chance leaves", ">18", "{chance_low:.3f} to {chance_high:.3f}"),
    ("  place", "<17", "  {rank} ({rank_low}–{rank_high})"), ("  change, percent", "", "{moved}"),
)  # fmt: skip
AROUND: Columns = (
    ("", "<6", "{year}"), ("", "<8", "{period}"), ("since the last year before", ">28", "{since}"),
    ("beyond the line", ">28", "{past}"),
)  # fmt: skip
BALANCE: Columns = (
    ("", "<28", "{name}"), ("year", ">5", "{year}"), ("list", ">10", "{listed:.2f}"),
    ("neighbours", ">12", "{neighbours:.2f}"), ("all", ">10", "{candidates:.2f}"),
    ("apart (sd): before", ">21", "{before:.2f}"), ("after", ">7", "{after:.2f}"),
)  # fmt: skip
CLAIMS: Columns = (
    ("", "<5", "{claim}"), ("figure", "<62", "{about}"), ("years", "<11", "{years}"), ("slope", ">24", "{plain}"),
    ("corrected", ">24", "{told}"), ("reliable", ">10", "{share}"), ("buurten", ">9", "{buurten}"),
    ("towns", ">7", "{municipalities}"), ("", "<10", "  {judgement}"),
)  # fmt: skip

# ---------------------------------------------------------------- what a code means
LEVELS = {  # of the map
    "between_municipalities": "between municipalities", "between_wijken": "between wijken in a municipality",
    "between_buurten": "between buurten in a wijk", "whole": "of the whole country",
}  # fmt: skip
LACKING = {"no_provinces": "the store knows no provinces", "no_coordinates": "the store holds no coordinates of all"}
OF_EVENTS = {
    "HIGHER": "Since the event the gap is larger than its line before it leads to, and more so than placebos explain.",
    "LOWER": "Since the event the gap is smaller than its line before it leads to, and more so than placebos explain.",
    "SAME": "Since the event the gap is where it was going: what it departs by is too small to matter.",
    "within_chance": "Cannot be told: the range of the departure holds 0.",
    "line_not_tested": "Cannot be told: too few years before the event to see whether the gap kept to a line.",
    "line_does_not_hold": "Cannot be told: the gap left its line by as much without an event, or turned before it.",
    "everywhere": "Cannot be told of this list: the buurten that would be listed next did at least half of it too.",
}
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

# ---------------------------------------------------------------- what is typed
INDICATOR = Annotated[
    str,
    typer.Argument(help="figure that is followed; see: kloof list indicators", autocompletion=one_of("indicators")),
]
FROM = Annotated[int, typer.Option("--from", help="first year; the list is made of its figures")]
LAST = Annotated[int, typer.Option("--to", help="last year")]
SCALE = Annotated[str, typer.Option(help="scale of the gap: absolute, real or relative")]
FOCUS = Annotated[str, typer.Option(help="rule that makes the list; empty: the lowest fifth of the figure")]
PLACE = Annotated[
    str,
    typer.Option(help="municipality that is told beside all, by name or code", autocompletion=one_of("municipalities")),
]
PICTURE = Annotated[Path | None, typer.Option(help="file to draw the answer into: .svg, .png")]

country_commands = typer.Typer(
    no_args_is_help=True, help="Ask what all municipalities of the store say together, and where one of them stands."
)


def _tell(
    found: Any, lines: Callable[[Any], Iterable[str]], content: Callable[[Any], Any], as_json: bool,
    picture: Path | None = None,
) -> None:  # fmt: skip
    """Draw an answer where that is asked, and print it: in lines, or for a program."""
    if picture is not None:
        from kloof.figures.plots import save

        save(found, picture)
    if as_json:
        print_json(content(found))
        return
    for line in lines(found):
        print(line)


def _table(layout: Columns, rows: Iterable[Mapping[Any, Any]], **named: str) -> Iterator[str]:
    """Lay out a table: its heads, then a line for each row."""
    yield "".join(f"{head.format(**named):{place}}" for head, place, _ in layout).rstrip()
    yield from (_line(layout, row) for row in rows)


def _line(layout: Columns, row: Mapping[Any, Any]) -> str:
    """Lay out a row."""
    return "".join(f"{text.format(**row):{place}}" for _, place, text in layout).rstrip()


def _both_ends(layout: Columns, places: "pd.DataFrame", told: str, **named: str) -> Iterator[str]:
    """Lay out the municipalities at either end, and the one that is told between them."""
    marks = ["→ " if code == told else "  " for code in places["municipality"]]
    head, *lines = _table(layout, places.assign(mark=marks).to_dict("records"), **named)
    last = max(len(lines) - AT_EACH_END, AT_EACH_END)
    own = [line for at, line in enumerate(lines) if marks[at].strip() and AT_EACH_END <= at < last]
    left_out = ["  …"] if len(lines) > 2 * AT_EACH_END else []
    yield from (head, *lines[:AT_EACH_END], *left_out, *own, *lines[last:])


def _ranged(estimate: float | None, low: float | None, high: float | None) -> str:
    """Write a number with its range; nothing where there is none."""
    if estimate is None or isnan(estimate):
        return ""
    range_ = "no range" if low is None or high is None else f"{low:.2f} to {high:.2f}"
    return f"{estimate:.2f} ({range_})"


def _content(found: Any, names: str, asked: str = "") -> dict[str, Any]:
    """Give for a program what was asked, and what the answer has under these names; a table as its rows."""
    parts = [(name, getattr(found.question, name)) for name in asked.split()]
    parts += [(name, getattr(found, name)) for name in names.split()]
    return {name: value.to_dict("records") if hasattr(value, "to_dict") else value for name, value in parts}


def _aside(found: Any) -> list[list[Any]]:
    """Give for a program what was left out, and why."""
    return [[one.step, one.reason, one.rows] for one in found.set_aside]


def _left_out(found: Any) -> Iterator[str]:
    """Say what was left out, and why."""
    yield from (f"left out: {one.step} {one.rows} ({one.reason})" for one in found.set_aside)


def _split(given: str) -> list[str]:
    """Read names with commas between."""
    return [part.strip() for part in given.split(",") if part.strip()]


def _embed(name: str, table: Any) -> None:
    """Write what the project holds of every municipality, and say how much that is."""
    from kloof.paths import data_folder, write_whole

    write_whole(data_folder() / name, table.to_csv(index=False, lineterminator="\n"))
    print(f"{len(table)} rows in data/{name}")


# ---------------------------------------------------------------- one gap, and where a municipality stands
@country_commands.command()
def change(
    indicator: INDICATOR = "mean_dwelling_value",
    first: FROM = 2017,
    last: LAST = 2024,
    scale: SCALE = "relative",
    focus: FOCUS = "",
    place: PLACE = "",
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
    picture: PICTURE = None,
    write: Annotated[bool, typer.Option("--write", help="renew data/national.csv out of the store")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Say how the gap between a list and the rest changed in all municipalities, and where one of them stands.

    Out of the store when it holds both years by buurt for thirty municipalities, else out of data/national.csv.
    """
    from kloof.catalogue import catalogue
    from kloof.country.gaps import EACH_SCALE, FILE, Question, country_change, to_embed

    if write:
        rules = {name: f"lowest:20%:{name}:first" for name in EMBEDDED}
        questions = [Question(name, first, last, one, rule) for name, rule in rules.items() for one in EACH_SCALE]
        _embed(FILE, to_embed(catalogue(), questions))
        return
    found = country_change(indicator, (first, last), scale, focus, place, model, covariates=_split(covariates))
    _tell(found, lambda told: _change_lines(told, place), _change_content, as_json, picture)


def _change_lines(found: "National", place: str) -> Iterator[str]:
    """Lay a change out for a reader: both ends of the country, the place that is told, and what it goes with."""
    places = found.places.assign(sure=100 * found.places["above_zero"])
    yield from (f"{found}\n", *_both_ends(CHANGES, places, found.place))
    if found.place and found.place not in set(places["municipality"]):
        yield f"\n{place} has no change of its own: too few buurten have the figure in both years, or no covariate."
    if found.covariates:
        rows = [{**asdict(one), "about": f"{one.indicator} {one.year}"} for one in found.covariates]
        yield from ("", *_table(GOES_WITH, rows))


def _change_content(found: "National") -> dict[str, Any]:
    """Lay a change out for programs."""
    names = "model heavy unit smallest_effect mean spread places"
    return _content(found, names, "indicator first last scale focus") | {
        "set_aside": [[one.reason, one.rows] for one in found.set_aside],
        "covariates": [asdict(one) for one in found.covariates],
    }


# ---------------------------------------------------------------- every gap
@country_commands.command()
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

    with _each(workers, scheduler) as each:
        table = panel(catalogue(), _split(indicators), _split(scales) or EACH_SCALE, each)
    if output is not None:
        write_whole(output, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    _tell(table.to_dict("records"), lambda rows: _gap_lines(rows, told=output is None), lambda rows: rows, as_json)


def _gap_lines(rows: list[dict[str, Any]], *, told: bool) -> Iterator[str]:
    """Lay every gap out for a reader; `told` is whether this is where the answer ends."""
    if not rows:
        yield "The store has no figure of two years by buurt.\nNext: kloof data fetch --all"
        return
    yield from _table(GAPS, ())
    for row in rows:
        yield f"{_line(STARTS, row)}  no answer: {row['reason']}" if row["reason"] else _line(GAPS, row)
    if told:
        yield "Next: kloof country change INDICATOR --scale SCALE, for every municipality"


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


# ---------------------------------------------------------------- how far apart a group lives
@country_commands.command()
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
    last: LAST = 2024,
    place: PLACE = "",
    picture: PICTURE = None,
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
        _embed(country.SEGREGATION_FILE, country.segregation_to_embed(EMBEDDED_GROUPS, (first, last)))
        return
    found = country.segregation(group, index, (first, last), place)
    _tell(found, lambda told: _apart_lines(told, place), _apart_content, as_json, picture)


def _apart_lines(found: "Segregation", place: str) -> Iterator[str]:
    """Lay out both ends of the last year and the place that is told, with its change where there is one."""
    from kloof.shown import shorten

    rows = found.places[found.places["year"] == found.years[-1]].sort_values(["rank", "municipality"])
    grown = [] if found.change is None else found.change.places.to_dict("records")
    moved = {one["municipality"]: f"{one['expected']:>8.1f} ({one['low']:.1f} to {one['high']:.1f})" for one in grown}
    rows = rows.assign(
        name=[shorten(name, 26) for name in rows["name"]], moved=[moved.get(one, "") for one in rows["municipality"]]
    )
    yield from (f"{found}\n", *_both_ends(APART, rows, found.place, index=found.index), *_level_lines(found))
    if found.place and found.place not in set(found.places["municipality"]):
        yield f"\n{place} has no number of its own: one buurt, or too few with a figure."


def _level_lines(found: "Segregation") -> Iterator[str]:
    """Say on which level of the map it lies, year beside year, and what the index is at each level."""
    if found.parts.empty:
        yield "\nOn which level of the map it lies can be told only out of the store (kloof data add FILE)."
        return

    def line(name: str, cells: Iterable[str]) -> str:
        return f"{name:<36}" + "".join(f"{cell:>18}" for cell in cells)

    what = "rank-order index" if found.index == "rank_order" else "Theil's index"
    yield "\n" + line(what, map(str, found.years))
    for part, words in LEVELS.items():
        rows = found.parts[found.parts["part"] == part].set_index("year")
        yield line(f"  {words}", (f"{rows['estimate'][y]:.4f} ({rows['share'][y]:3.0f}%)" for y in found.years))
    yield f"\n{found.index} by level"
    for (within, level), rows in found.profile.groupby(["place", "level"], sort=False):
        by_year = rows.set_index("year")
        name = f"  {level}, within {within}" if within else f"  {level}"
        if (reason := by_year["reason"].iloc[0]) in LACKING:
            yield f"{name:<36}{LACKING[reason]}"
        else:
            yield line(name, (f"{value:.4f}" for value in by_year["estimate"].reindex(list(found.years))))


def _apart_content(found: "Segregation") -> dict[str, Any]:
    """Lay out for programs how far apart a group lives."""
    change = None
    if found.change is not None:
        change = _content(found.change, "years smallest_effect mean spread grew shrank places") | {"unit": "percent"}
    more = {"standing": found.standing(), "change": change, "set_aside": _aside(found)}
    return _content(found, "group index years places parts profile") | more


# ---------------------------------------------------------------- since an event
@country_commands.command()
def events(
    indicator: INDICATOR,
    event: Annotated[str, typer.Option(help="moment of the event: 2020-03, or 2020")] = "2020-03",
    first: Annotated[int | None, typer.Option("--from", help="first year; the list is made of its figures")] = None,
    last: Annotated[int | None, typer.Option("--to", help="last year")] = None,
    scale: SCALE = "relative",
    focus: FOCUS = "",
    against: Annotated[
        str, typer.Option(help="point that years since are held against: line (the line before), or last_year")
    ] = "line",
    picture: PICTURE = None,
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
    _tell(found, _event_lines, _event_content, as_json, picture)


def moment(text: str) -> float:
    """Read a moment in years: 2020-03 is 2020.17. Raises ParameterError."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ParameterError(f"event {text!r} is no moment; give a year and month, such as 2020-03, or a year.")
    return int(found[1]) + (int(found[2] or 1) - 1) / 12


def _event_lines(found: "Events") -> Iterator[str]:
    """Lay out the years around an event, and what speaks against it."""

    def ends(row: Mapping[Any, Any], name: str, stem: str = "") -> str:
        return _ranged(row[name], row[f"{stem}low"], row[f"{stem}high"])

    rows = [
        {**row, "since": ends(row, "change", "change_"), "past": ends(row, "beyond", "beyond_")}
        for row in found.yearly.to_dict("records")
    ]
    yield from (f"{found}\n", *_table(AROUND, rows))
    for title, table in (("taken as the event", found.in_time), ("line from", found.by_line)):
        yield from (f"{title} {row['year']}: {ends(row, 'departure')}" for row in table.to_dict("records"))
    yield from _left_out(found)
    yield f"\n{OF_EVENTS[found.reason or found.judgement]}"


def _event_content(found: "Events") -> dict[str, Any]:
    """Lay an event out for programs; what was not asked of a year is null."""
    names = "event against unit smallest_effect municipalities departure spread elsewhere own judgement reason"
    content = _content(found, f"{names} yearly in_time by_line", "indicator scale focus")
    return content | {"set_aside": _aside(found)}


# ---------------------------------------------------------------- beside buurten like them
@country_commands.command()
def matched(
    indicator: INDICATOR,
    place: Annotated[str, typer.Option(help="municipality, by name or code", autocompletion=one_of("municipalities"))],
    first: Annotated[int, typer.Option("--from", help="first year")] = 2017,
    last: LAST = 2024,
    scale: Annotated[
        str, typer.Option(help="scale of the change: absolute, real, or relative (growth in percent)")
    ] = "relative",
    focus: FOCUS = "",
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
    _tell(found, lambda told: _matched_lines(told, caliper), _matched_content, as_json)


def _matched_lines(found: "Beside", caliper: float) -> Iterator[str]:
    """Lay out how alike the neighbours are, and what the list did beyond them."""
    yield from (f"{found}\n", *_table(BALANCE, found.balance.to_dict("records")), *_left_out(found))
    if found.unmatched:
        yield f"left out: {found.unmatched} listed buurten with no neighbour within {caliper:g} standard deviations"
    yield f"\nThe list {OF_NEIGHBOURS[found.judgement]} its neighbours; beyond the rest of its place: {found.own}."
    yield from (FLAGS[flag] for flag in found.flags)


def _matched_content(found: "Beside") -> dict[str, Any]:
    """Lay it out for programs; what could not be made is null."""
    names = "place unit smallest_effect judgement candidates used unmatched balance buurten flags"
    ranges = {"change": found.change, "others": found.others, "beyond_others": found.beyond}
    return _content(found, names, "indicator first last scale focus") | {
        **{name: None if isnan(ends[0]) else ends for name, ends in ranges.items()}, "uncorrected": found.plain,
        "beyond_its_place": found.own, "busiest": found.most, "set_aside": _aside(found),
    }  # fmt: skip


# ---------------------------------------------------------------- what moves what
@country_commands.command()
def mechanisms(
    as_json: AS_JSON = False,
) -> None:
    """Judge the claims on mechanisms (C8, C10, C11, C12) and give what happened beside H8, over all municipalities.

    A row is a figure: as it stands (slope), and with the noise in what it leans on taken off (corrected); both in the
    unit of the figure, of C8 for one deviation of what it follows. Where nothing tells how much is noise, the range of
    corrected holds all that it can hide. Reliability is the part of the differences that is no noise.
    """
    from kloof.catalogue import catalogue
    from kloof.country.mechanisms import mechanisms as found_in
    from kloof.questions.explanations import in_store
    from kloof.study import claims

    known = catalogue()
    every = found_in(known)
    found = {**every, "C10": tuple(in_store(known)[0])}
    names = [name for name in claims.registry().claims if name in found]
    rows = [_claim_row(claim, finding) for claim in names for finding in found[claim]]
    _tell(rows, _claim_lines, lambda told: told, as_json)


def _claim_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Lay the claims out for a reader, a line for each figure."""
    yield from _table(CLAIMS, ())
    for row in rows:
        about = f"{row['figure']} after {row['after']}" if row["after"] else row["figure"]
        if row["corrected"] is None:
            yield f"{row['claim']:<5}{about:<73}cannot be told: {row['reason']}"
            continue
        share = "" if row["reliability"] is None else f"{row['reliability']:.0f}%"
        plain, told = (_ranged(*row[name] or (None, None, None)) for name in ("slope", "corrected"))
        yield _line(CLAIMS, {**row, "about": about, "plain": plain, "told": told, "share": share})


def _claim_row(claim: str, finding: "Finding") -> dict[str, Any]:
    """Lay out one finding: where it has no number, `corrected` is nothing and `reason` says why."""
    from kloof.findings import CHANCE, judge
    from kloof.study import claims

    how, told = claims.judging(claim), {key: one["value"] for key, one in finding.details.items()}
    row = {
        "claim": claim, "figure": finding.indicator, "years": f"{finding.a.year}–{finding.b.year}",
        "after": finding.measure if finding.kind == "follows_everywhere" else None, "unit": finding.unit,
        "reason": finding.reason, "smallest_effect": finding.smallest_effect,
        "judgement": claims.part_verdict(finding, how) if how.question == CHANCE else judge(finding),
        "slope": None, "corrected": None, "reliability": told.get("reliability"),
        "buurten": told.get("buurten"), "municipalities": told.get("municipalities"), "flags": finding.flags,
    }  # fmt: skip
    if finding.estimate is not None:
        row["corrected"] = (finding.estimate, finding.low, finding.high)
        row["slope"] = tuple(told[key] for key in ("plain", "plain_low", "plain_high")) if "plain" in told else None
    return row
