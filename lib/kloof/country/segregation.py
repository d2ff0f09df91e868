"""How far apart groups live in every municipality of the store, and how that changed in all of them together.

The counts, indices, ranges and corrections are those that a report has for one place, made for all at once. A change is
over the buurten that have counts in both years; all changes together are judged by the same model as gaps
(`methods.hierarchical`).

On which level of the map it lies: Theil's index of the whole country is the sum of that between municipalities, between
their wijken, and between buurten in them; so is the rank-order index, which adds up Theil's at each threshold with the
same weights at every level. Dissimilarity has no such sum: it only has a value at each level.
Source: Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x; Theil 1972 (the sum).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import BROKEN, catalogue
from kloof.country.counted import (
    DISSIMILARITY,
    INDEX_OF,
    MEASURES,
    Subject,
    complete,
    counted,
    observed,
    subject_of,
    years_with,
)
from kloof.country.gaps import FEWEST, LEVEL
from kloof.country.growth import Change, growths, together
from kloof.errors import NotComputableError, ParameterError
from kloof.measures.bounds import index_range
from kloof.measures.country import Everywhere, measure_everywhere
from kloof.measures.intervals import Limits, interval
from kloof.measures.registry import get_index
from kloof.measures.resample import Drawing
from kloof.measures.tables import FloatArray, Segments
from kloof.paths import data_folder
from kloof.schema import SetAside
from kloof.shown import Shown, years_of
from kloof.store.mapping import all_mappings, transfer
from kloof.study.places import code_of, names

SEGREGATION_FILE = "national_segregation.csv"
USUAL_GROUP = "inhabitants_aged_65_plus"
ALIKE = 2.0  # a municipality of the same size has at least half as many people, and at most twice as many
DRAWS = 200  # of the people of each buurt
SEED = 20170101
PLACES = (
    "municipality", "name", "year", "estimate", "corrected", "low", "high", "chance_low", "chance_high", "expected",
    "buurten", "missing", "coverage", "people", "rank", "rank_low", "rank_high",
)  # fmt: skip
EMBEDDED = (  # of a change `first` is its first year, and the estimate is the logarithm of after / before
    "municipality", "name", "group", "index", "first", "year", "estimate", "corrected", "low", "high", "chance_low",
    "chance_high", "expected", "before", "after", "error", "degrees", "size", "coverage", "buurten", "missing",
    "people",
)  # fmt: skip
MUNICIPALITIES, WIJKEN, BUURTEN, WHOLE = "between_municipalities", "between_wijken", "between_buurten", "whole"
PARTS = (MUNICIPALITIES, WIJKEN, BUURTEN, WHOLE)
LEVELS = ("buurt", "wijk", "municipality")
LACKING = {"province": "no_provinces", "radius": "no_coordinates"}  # levels of which the store knows nothing


@dataclass(frozen=True, repr=False)
class Segregation(Shown):
    """How far apart a group lives from the rest, or incomes, in every municipality and year.

    `places` has a row for each municipality and year: estimate; corrected (less what small counts add); low-high (what
    rounding and empty cells leave open: of dissimilarity everywhere, of the place that is told exactly); chance_low,
    chance_high (90 percent, the people of each buurt drawn anew); expected (dissimilarity if the same people lived at
    random); buurten, missing, coverage (percent), people, and rank, rank_low, rank_high by `corrected` (1 is furthest
    apart) with the places that chance leaves open. `parts` says on which level of the map Theil's index (or the rank-
    order index) of the whole country lies, `profile` what the index is at each level; both are empty
    when the figures come out of data/national_segregation.csv. `change` is None without two years that compare.
    """

    group: str
    index: str
    years: tuple[int, ...]
    places: pd.DataFrame
    change: Change | None
    parts: pd.DataFrame
    profile: pd.DataFrame
    set_aside: tuple[SetAside, ...]
    place: str = ""

    def standing(self) -> dict[str, object]:
        """Give where `place` stands in the last year: among all, and among those of half to twice its people."""
        rows = self.places[self.places["year"] == self.years[-1]]
        own = rows[rows["municipality"] == self.place]
        if own.empty:
            return {}
        one = own.iloc[0]
        people = float(one["people"])
        alike = rows[rows["people"].between(people / ALIKE, people * ALIKE)]
        return {
            "year": self.years[-1], "estimate": float(one["estimate"]), "corrected": float(one["corrected"]),
            "rank": int(one["rank"]), "rank_low": int(one["rank_low"]), "rank_high": int(one["rank_high"]),
            "of": len(rows), "rank_alike": 1 + int((alike["corrected"] > one["corrected"]).sum()),
            "of_alike": len(alike), "middle": float(rows["corrected"].median()),
        }  # fmt: skip

    def in_short(self) -> dict[str, object]:
        """Give the years, how many municipalities there are, the middle one, where the place stands, and the change."""
        stands = self.standing()
        by_year = {year: self.places[self.places["year"] == year] for year in self.years}
        said: dict[str, object] = {
            "group": self.group, "index": self.index, "years": years_of(self.years),
            "municipalities": {year: len(rows) for year, rows in by_year.items()},
            "middle": {year: f"{rows['corrected'].median():.3f}" for year, rows in by_year.items()},
        }  # fmt: skip
        if stands:
            said["place"] = (
                f"{self.place}: {stands['corrected']:.3f} in {stands['year']}, {stands['rank']} "
                f"({stands['rank_low']}–{stands['rank_high']}) of {stands['of']}, "
                f"{stands['rank_alike']} of {stands['of_alike']} of its size"
            )
        changed = {} if self.change is None else self.change.in_short()
        return said | {f"change {name}": value for name, value in changed.items() if name != "years"}


def levels(
    subject: Subject, everywhere: Everywhere, year: int, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[pd.DataFrame, tuple[SetAside, ...]]:
    """Measure every municipality in a year: `PLACES`, and those without a number, counted by reason."""
    least = float(subject.known.settings["coverage_minimum"])
    made = measure_everywhere(everywhere, [INDEX_OF[subject.index]], least)
    chosen = complete(subject, everywhere)
    chance = interval(
        {subject.index: MEASURES[subject.index]}, chosen.counts, Drawing(rng, draws), "people_bootstrap",
        chosen.starts, Limits(confidence=LEVEL, scale=(0.0, 1.0)),
    )  # fmt: skip
    plain = made["estimate"] - chance["bias"]
    made = made.assign(
        name=made["municipality"].map(names()).fillna(made["municipality"]), year=year,
        corrected=made["bias_corrected"] if subject.index == DISSIMILARITY else plain,
        chance_low=chance["low"], chance_high=chance["high"],
    ).rename(columns={"n_units": "buurten", "n_missing": "missing", "n_total": "people"})  # fmt: skip
    # of a handful of people in a group the draws often have nobody: then chance leaves everything open
    known = made["reason"].isna() & made[["estimate", "corrected", "chance_low"]].notna().all(axis=1)
    lost = made.loc[~known, "reason"].fillna("not_defined").value_counts().sort_index()
    kept = made[known].reset_index(drop=True)
    kept = kept.assign(**_ranks(*(kept[name].to_numpy(float) for name in ("corrected", "chance_low", "chance_high"))))
    aside = tuple(SetAside(f"municipalities {year}", int(count), str(reason)) for reason, count in lost.items())
    return kept[list(PLACES)], aside


def _ranks(value: FloatArray, low: FloatArray, high: FloatArray) -> dict[str, NDArray[np.intp]]:
    """Rank from the highest down, with the best and the worst place that the ranges leave open."""
    count = len(value)
    return {
        "rank": count - np.searchsorted(np.sort(value), value, side="right") + 1,
        "rank_low": count - np.searchsorted(np.sort(low), high, side="right") + 1,
        "rank_high": count - np.searchsorted(np.sort(high), low, side="left"),
    }


def segregation(
    group: str = USUAL_GROUP, index: str = DISSIMILARITY, years: tuple[int, int] = (2017, 2024), place: str = ""
) -> Segregation:
    """Say how far apart a group lives in every municipality of the store, and how that changed in all together.

    `group` is a registered group, a share, a count of inhabitants, or for `rank_order` ordered classes such as
    income_of_persons; `index` dissimilarity, theil or rank_order; `years` the first and the last (every year of the
    store between them is measured); `place` a municipality, by name or code, that is told beside all. Out of the store
    when it has thirty municipalities of a year, else out of data/national_segregation.csv. Raises ParameterError (a
    name, index or year that is not there) and NotComputableError (too_few_municipalities).

    >>> found = segregation("inhabitants_aged_65_plus", place="Breda")
    >>> found.standing()["of"], round(found.change.mean[0])
    (342, -12)
    """
    known = catalogue()
    subject = subject_of(known, group, index)
    if years[0] > years[1]:
        raise ParameterError(f"{years[0]} is after {years[1]}.")
    code = code_of(place) if place else ""
    kept = embedded_segregation(group, index, years)
    try:
        found = of_store(subject, group, years, code)
    except ParameterError:
        if kept is None:
            raise
        found = None
    if found is not None and len(found.places) >= FEWEST:
        return found
    if kept is None:
        raise NotComputableError(
            "too_few_municipalities", f"{group} has a number in too few municipalities; together they need {FEWEST}."
        )
    return _of_embedded(subject, group, kept, code)


def of_store(subject: Subject, group: str, years: tuple[int, int], place: str = "") -> Segregation:
    """Measure what the store holds. Raises ParameterError when it holds no year of the figure within `years`."""
    rows = observed(subject)
    there = years_with(subject, rows)
    wanted = [year for year in there if years[0] <= year <= years[1]]
    if not wanted:
        raise ParameterError(
            f"the store has no {' and '.join(subject.needs)} by buurt, of one source, from {years[0]} to {years[1]}; "
            f"it has {', '.join(map(str, there)) or 'no year at all'}."
        )
    rng = np.random.default_rng(SEED)
    counts = {year: counted(subject, rows, year) for year in wanted}
    aside: list[SetAside] = []
    made, parts, profile = [], [], []
    for year, everywhere in counts.items():
        table, lost = levels(subject, everywhere, year, rng)
        made.append(_exactly(table, subject, everywhere, place))
        aside += lost
        held = complete(subject, everywhere)
        of_all = nested(held.counts, held.units, became(year, wanted[-1]))
        parts.append(parts_of(of_all, ordered=bool(subject.classes)).assign(year=year))
        profile.append(profile_of(INDEX_OF[subject.index], of_all).assign(year=year, place=""))
        own = np.array([code[2:6] == place[2:] for code in held.units], dtype=bool)
        if own.any():
            here = nested(held.counts[:, own], held.units[own], {})
            profile.append(profile_of(INDEX_OF[subject.index], here).iloc[:2].assign(year=year, place=place))
    change = None
    if years[0] < years[1] and set(years) <= set(wanted) and _comparable(subject, rows, years):
        table, lost = growths(subject, counts[years[0]], counts[years[1]], rng)
        aside += lost
        if len(table) >= FEWEST:
            change = together(table, years, subject.known.smallest_on("index", group))
    return Segregation(
        group, subject.index, tuple(wanted), pd.concat(made, ignore_index=True), change,
        pd.concat(parts, ignore_index=True), pd.concat(profile, ignore_index=True), tuple(aside), place,
    )  # fmt: skip


def _comparable(subject: Subject, rows: pd.DataFrame, years: tuple[int, int]) -> bool:
    """Tell whether no break that is registered lies between two years."""
    used = set(rows.loc[rows["year"].isin(years), "source"])
    return subject.known.indicator(subject.lead).compare(*years, used).status != BROKEN


def _exactly(table: pd.DataFrame, subject: Subject, everywhere: Everywhere, place: str) -> pd.DataFrame:
    """Put the exact range that rounding and empty cells leave in the row of one place, for an index of two groups."""
    at = table.index[table["municipality"] == place]
    if subject.classes or at.empty:
        return table
    number = int(np.flatnonzero(everywhere.counts.keys["municipality"].to_numpy() == place)[0])
    inside = Segments(everywhere.counts.starts, everywhere.counts.units.size).of_unit == number
    box = [side[inside] for side in everywhere.box]
    held = (box[1] + box[3]) > 0  # a buurt that nothing bounds is only counted
    reach = index_range(INDEX_OF[subject.index], *(side[held] for side in box))
    made = table.copy()
    value = float(made.loc[at[0], "estimate"])
    made.loc[at, ["low", "high"]] = min(reach.low, value), max(reach.high, value)
    return made


def became(year: int, last: int) -> dict[str, str]:
    """Give what each municipality of a year is in the division of a later one; one that was split stays as it was."""
    if year == last:
        return {}
    links = transfer(all_mappings(), year, last).links
    whole = links[links["persons"] == 1]
    return dict(zip(whole["from_code"], whole["to_code"], strict=True))


def embedded_segregation(group: str, index: str, years: tuple[int, int]) -> pd.DataFrame | None:
    """Give what data/national_segregation.csv holds of a question; None when it has none of these years."""
    path = data_folder() / SEGREGATION_FILE
    if not path.is_file():
        return None
    table = pd.read_csv(path)
    own = table[(table["group"] == group) & (table["index"] == index) & table["year"].between(*years)]
    own = own[own["first"].isna() | (own["first"] == years[0])]
    return None if own.empty else own.reset_index(drop=True)


def _of_embedded(subject: Subject, group: str, kept: pd.DataFrame, place: str) -> Segregation:
    """Make the answer of what the project holds of the whole country: no parts, and no profile."""
    level = kept[kept["first"].isna()]
    tables = [
        one.assign(**_ranks(*(one[name].to_numpy(float) for name in ("corrected", "chance_low", "chance_high"))))
        for _, one in level.groupby("year")
    ]
    places = pd.concat(tables, ignore_index=True).reindex(columns=list(PLACES))
    grown = kept[kept["first"].notna()]
    change = None
    if not grown.empty:
        years = int(grown["first"].iloc[0]), int(grown["year"].iloc[0])
        change = together(grown.reset_index(drop=True), years, subject.known.smallest_on("index", group))
    years_there = tuple(sorted(int(year) for year in level["year"].unique()))
    return Segregation(group, subject.index, years_there, places, change, pd.DataFrame(), pd.DataFrame(), (), place)


def segregation_to_embed(asked: Sequence[tuple[str, str]], years: tuple[int, int]) -> pd.DataFrame:
    """Make the table of data/national_segregation.csv out of the store, to six digits: (group, index) each."""
    known = catalogue()
    made = []
    for group, index in asked:
        subject = subject_of(known, group, index)
        rows = observed(subject)
        rng = np.random.default_rng(SEED)
        counts = {year: counted(subject, rows, year) for year in years_with(subject, rows) if year in years}
        tables = [levels(subject, one, year, rng)[0] for year, one in counts.items()]
        if set(years) <= set(counts) and _comparable(subject, rows, years):
            grown, _ = growths(subject, counts[years[0]], counts[years[1]], rng)
            tables.append(grown.assign(first=years[0], year=years[1]))
        made += [table.assign(group=group, index=index) for table in tables]
    whole = pd.concat(made, ignore_index=True).reindex(columns=list(EMBEDDED))
    numbers = EMBEDDED[6:-3]
    six = {name: [float(f"{value:.6g}") for value in whole[name]] for name in numbers}
    integers = {name: whole[name].round().astype("Int64") for name in ("first", "buurten", "missing", "people")}
    return whole.assign(**six, **integers)


class Nested(NamedTuple):
    """Counts (G, areas) of buurten, wijken and municipalities, and to which area of the next level each belongs."""

    buurten: FloatArray
    wijken: FloatArray
    municipalities: FloatArray
    wijk: NDArray[np.intp]
    municipality: NDArray[np.intp]


def nested(counts: FloatArray, codes: NDArray[np.str_], now: Mapping[str, str]) -> Nested:
    """Add buurten (counts (G, N), codes of CBS) up to wijken and municipalities; `now` is what a municipality became.

    A wijk and a municipality are part of the code of a buurt. A wijk stays one when its municipality is merged.
    """
    own = pd.Series(codes, dtype="str")
    wijken, wijk = np.unique(own.str[2:8].to_numpy(dtype=object).astype(str), return_inverse=True)
    place = pd.Series([f"GM{code[:4]}" for code in wijken], dtype="str")
    places, municipality = np.unique(
        place.map(lambda code: now.get(code, code)).to_numpy(dtype=object).astype(str), return_inverse=True
    )
    by_wijk = _added(counts, wijk, len(wijken))
    return Nested(counts, by_wijk, _added(by_wijk, municipality, len(places)), wijk, municipality)


def _added(counts: FloatArray, place: NDArray[np.intp], size: int) -> FloatArray:
    return np.stack([np.bincount(place, weights=row, minlength=size) for row in counts])


def parts_of(table: Nested, *, ordered: bool) -> pd.DataFrame:
    """Divide the index of the whole over the levels: part, estimate, share (percent of the whole).

    The index is Theil's of a group and the rest, or of ordered classes the rank-order one.
    """
    if ordered:
        index = get_index("rank_order_theil_h")
        at = [float(index.of_counts(rows, (0,))[0]) for rows in (table.municipalities, table.wijken, table.buurten)]
        found = [at[0], at[1] - at[0], at[2] - at[1], at[2]]
    else:
        between, within = (get_index(f"theil_h_{side}_parents").function for side in ("between", "within"))
        whole = get_index("theil_h").of_counts(table.buurten, (0,))
        made = (
            between(table.wijken, table.municipality, (0,)), within(table.wijken, table.municipality, (0,)),
            within(table.buurten, table.wijk, (0,)), whole,
        )  # fmt: skip
        found = [float(one[0]) for one in made]
    return pd.DataFrame(
        {"part": PARTS, "estimate": found, "share": [100 * one / found[-1] if found[-1] else np.nan for one in found]}
    )


def profile_of(index_id: str, table: Nested) -> pd.DataFrame:
    """Give an index at each level of the map: level, areas, estimate, reason (None, or why there is no number)."""
    index = get_index(index_id)
    rows: list[tuple[str, int, float, str | None]] = [
        (level, counts.shape[1], float(index.of_counts(counts, (0,))[0]), None)
        for level, counts in zip(LEVELS, (table.buurten, table.wijken, table.municipalities), strict=True)
    ]
    rows += [(level, 0, np.nan, reason) for level, reason in LACKING.items()]
    return pd.DataFrame(rows, columns=["level", "areas", "estimate", "reason"])
