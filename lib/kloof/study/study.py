"""Opens a study: parameters checked, data loaded, focus list resolved. Every notebook starts here."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY, Catalogue, Group, catalogue, known
from kloof.errors import NotComputableError, ParameterError, examples, faults, nearest
from kloof.measures.counts import REST
from kloof.memo import remembered
from kloof.methods.gap import ABSOLUTE, PLACE, REAL, RELATIVE
from kloof.methods.spending import price_factors
from kloof.schema import LEVELS
from kloof.shown import Shown
from kloof.study.asked import PlaceAsked, asked
from kloof.study.dataset import DataSet
from kloof.study.load import PUBLISHED, load, price_index
from kloof.study.panel import Focus, balance, base_of, by_year, resolve_focus, series, sizes
from kloof.study.parameters import COUNTED, SETTINGS, Parameters, is_given, parameters, read_preset
from kloof.study.places import check_name
from kloof.typed import typed
from kloof.words import cards

INDEX = "index"
SCALES = (ABSOLUTE, REAL, RELATIVE, PLACE, INDEX)  # on which a smallest effect is known


@dataclass(frozen=True, repr=False)
class Study(Shown):
    """One municipality, one set of parameters, one data set."""

    p: Parameters
    data: DataSet
    known: Catalogue
    focus: Focus
    variants: tuple[Focus, ...] = field(default=())

    def in_short(self) -> dict[str, object]:
        """Give the place, its years, its list of buurten, the sources and how much was set aside."""
        return {
            "place": f"{self.place} ({self.p.municipality})", "years": f"{self.p.year_from}–{self.p.year_to}",
            "list": f"{self.focus.name}, {len(self.focus.codes)} of {self.buurten} buurten",
            "other lists": [one.name for one in self.variants if one != self.focus],
            "indicators": self.p.indicators, "sources": list(self.data.sources["source_id"]),
            "set aside": sum(row.rows for row in self.data.set_aside) or None,
        }  # fmt: skip

    def in_card(self) -> dict[str, object]:
        """Give the same, with the reasons why something was set aside."""
        counted = {"list": self.focus.name, "listed": len(self.focus.codes), "buurten": self.buurten}
        return {**self.in_short(), **counted, "set aside": self.data.left_out()}

    @property
    def place(self) -> str:
        """Name of the municipality; its code where the figures have no name."""
        names = self.names()
        return names.get(self.p.municipality, self.p.municipality)

    @property
    def buurten(self) -> int:
        """Number of buurten in the last year."""
        return self.data.count("buurt", self.p.year_to)

    def names(self) -> dict[str, str]:
        """Name every area of the figures: code → name."""
        areas = self.data.areas
        return dict(zip(areas["code"], areas["name"], strict=True))

    @typed
    def rng(self, purpose: str) -> np.random.Generator:
        """Give a generator of its own to each purpose, so that the order of computing does not matter."""
        return np.random.default_rng([self.p.seed, *purpose.encode("utf-8")])

    @property
    def coverage_minimum(self) -> float:
        """Percent of the universe that must be measured before a number is printed."""
        return float(self.known.settings["coverage_minimum"])

    @typed
    def smallest_effect(self, indicator: str, measure: str = ABSOLUTE) -> float:
        """Smallest change that matters on a scale, as registered before the run; or set (absolute, real).

        Raises ParameterError for an unknown scale, and for an indicator of which none is known.
        """
        known(measure, dict.fromkeys(SCALES), "scale")
        if measure in (RELATIVE, PLACE, INDEX):
            return self.known.smallest_on(measure, indicator)
        if (value := self.smallest_of_level(indicator)) is None:
            raise ParameterError(
                f"{indicator} has no smallest effect: register one in the catalogue, or set smallest_effects."
            )
        return value

    @typed
    def table(
        self, indicator: str, years: Iterable[int] | int | None = None, *, names: bool = False, level: str = "buurt"
    ) -> pd.DataFrame:
        """Give the figures of an indicator: code, year, indicator, value, low, high, unit, status, source.

        One row per area of `level` (buurt, wijk, gemeente) and year, by code and year; with `names` a column `name`
        too. `low`-`high` is what rounding leaves open, in `unit`; a figure that is missing says why in `status`.
        `years` are those of the window that have figures, unless given. Raises ParameterError for an unknown indicator
        or level, for a year without figures, and for a list of no years.

        >>> int(open_study("breda").table("mean_dwelling_value", 2024)["value"].count())
        55
        """
        level = known(level, {name: name for name in LEVELS.values() if name != LEVELS["NL"]}, "level")
        entry = self.known.indicator(indicator)
        rows = series(self.data, self.known, entry.id, level)
        there = sorted(rows["year"].unique().tolist())
        wanted = [years] if isinstance(years, int) else years
        chosen = [year for year in there if self.p.year_from <= year <= self.p.year_to] if wanted is None else [*wanted]
        if wanted is not None and not chosen:
            raise ParameterError(f"years names no year: leave it out for those of the window, or give some of {there}.")
        if odd := [year for year in chosen if year not in there]:
            raise ParameterError(
                f"{indicator} has no figures by {level} in {', '.join(map(str, odd))}; it has "
                f"{', '.join(map(str, there)) or 'no year at all'}."
            )
        rows = rows[rows["year"].isin(chosen)].reset_index(drop=True)
        rows.insert(2, "indicator", entry.id)
        rows.insert(6, "unit", entry.unit)
        return self._named(rows) if names else rows

    @typed
    def panel(
        self,
        indicator: str,
        years: Iterable[int] | None = None,
        *,
        year_from: int | None = None,
        prices: int | None = None,
    ) -> pd.DataFrame:
        """Give the buurten with a figure in every year: code, name, year, value, low, high, weight, listed.

        `weight` is what the indicator is weighed by (inhabitants, households or dwellings) in the first year, the same
        in all years; `listed` tells whether the buurt is on the focus list. `years` are the longest run without a
        break in the window, unless given; `year_from` begins that window elsewhere. With `prices` amounts of money are
        put in the prices of that year; other figures stay as they are. `attrs` say what the figures are: indicator,
        unit, what they are weighed by, which end is better (1, -1, or 0), when in its year a figure was true
        (`measured`: 0.5 is halfway, -1 a year before), and how many buurten were left out for want of a figure. Raises
        ParameterError for an unknown indicator or a year without figures, NotComputableError when there are no two
        comparable years, no listed or no other buurt is left, or a price is not known.

        >>> panel = open_study("breda").panel("mean_income_per_inhabitant")
        >>> panel["code"].nunique(), sorted(panel["year"].unique().tolist())[::7], panel.attrs["weight"]
        (51, [2016, 2023], 'inhabitants 2016')
        """
        entry = self.known.indicator(indicator)
        if years is None:
            start = self.p.year_from if year_from is None else year_from
            run = comparable_run(self, entry.id, usable_years(self, entry.id, start, self.p.year_to)[0])[0]
            if len(run) < 2:
                raise NotComputableError("one_year_only" if run else "no_figures", self._cannot_follow(entry.id, run))
        else:
            run = sorted(self.table(entry.id, years)["year"].unique().tolist())
        made = balance(self.data, self.known, entry.id, run, self.focus)
        each, factors = len(made.years), np.ones(len(made.years))
        if prices is not None and entry.unit in MONEY:
            dated = [math.floor(year + entry.measured) for year in (*made.years, prices)]
            index = self.prices(dated)
            factors = price_factors(dated[:-1], {year: float(index[year]) for year in dated}, dated[-1])
        table = pd.DataFrame({
            "code": pd.Series(np.repeat(np.array(made.codes, dtype=object), each), dtype="str"),
            "year": np.tile(made.years, len(made.codes)),
            **{key: (getattr(made, key) * factors).ravel() for key in ("value", "low", "high")},
            "weight": made.weight.repeat(each), "listed": made.is_focus.repeat(each),
        })  # fmt: skip
        table = self._named(table)
        table.attrs = {
            "indicator": entry.id, "unit": entry.unit, "weight": f"{made.weight_name} {made.weight_year}",
            "better": entry.better, "measured": entry.measured, "left_out": len(made.missing),
        }  # fmt: skip
        return table

    @typed
    def prices(self, years: Iterable[int]) -> "pd.Series[float]":
        """Give the consumer price index of the country in each of these years, a series by year.

        Only how it changes has a meaning: the year that is 100 depends on the source. Raises NotComputableError for a
        year without one.

        >>> index = open_study("breda").prices([2016, 2023])
        >>> round(index[2023] / index[2016], 3)
        np.float64(1.257)
        """
        asked = sorted(set(years))
        index, _ = price_index(self.data.observations, asked)
        if lacking := [year for year in asked if year not in index]:
            raise NotComputableError("no_price_index", f"There is no price index of {examples(lacking)}.")
        return pd.Series({year: index[year] for year in asked}, dtype="float64", name="price_index")

    @typed
    def counts(self, group: str, years: Iterable[int] | int | None = None, *, beside: bool = False) -> pd.DataFrame:
        """Count a group and everybody else of its base per buurt: year, unit, name, group, count.

        Two rows per buurt and year, `group` the name of the group and "rest", as `measure` takes them; `unit` is the
        code of the buurt. A count that is missing, of the group or its base, is empty in both rows. `years` are those
        of the window with figures, unless given. With `beside` the municipalities set beside this one are in it too,
        and a first column `place` names each; `attrs["without"]` names those without any count. Raises ParameterError
        for an unknown group or a year without figures, NotComputableError when no buurt here has a count.

        >>> counts = open_study("breda").counts("low_income_households", 2023)
        >>> counts.groupby("group")["count"].sum().round().astype(int).to_dict()
        {'low_income_households': 37583, 'rest': 52377}
        """
        own = self.known.group(group)
        wanted = None if years is None else self.table(own.share or own.count or "", years)["year"].unique()
        places = dict.fromkeys((self.p.municipality, *(self.p.comparisons if beside else ())))
        found = {place: self._counted(own, place, wanted) for place in places}
        if not found[self.p.municipality]["count"].notna().any():
            raise NotComputableError(
                "no_counts",
                f"{group}, or the whole it is part of, is not known by buurt for {self.place} in "
                f"{self.p.year_from}–{self.p.year_to}. Choose another group; study.leading_group() names one that is.",
            )
        if not beside:
            return found[self.p.municipality]
        names = {place: self.names().get(place, place) for place in places}
        there = {names[place]: table for place, table in found.items() if table["count"].notna().any()}
        joined = pd.concat(there, names=["place"]).reset_index("place").reset_index(drop=True)
        joined.attrs["without"] = [name for name in names.values() if name not in there]
        return joined

    def _counted(self, group: Group, municipality: str, years: Iterable[int] | None) -> pd.DataFrame:
        """Count a group and its rest in the buurten of a municipality, in some years or all of the window."""
        part = series(self.data, self.known, group.share or group.count or "", "buurt", municipality)
        base = base_of(self.data, self.known, group.base, part, "buurt", municipality)[["code", "year", "value"]]
        window = (
            part["year"].between(self.p.year_from, self.p.year_to) if years is None else part["year"].isin([*years])
        )
        both = part[window].merge(base, on=["code", "year"], how="left", suffixes=("", "_base"))
        inside = both["value"] / 100 * both["value_base"] if group.share else both["value"]
        outside = (both["value_base"] - inside).clip(lower=0)
        known_there = inside.notna() & outside.notna()
        head = self._named(both[["code", "year"]]).rename(columns={"code": "unit"})
        sides = [head.assign(group=name, count=count.where(known_there)) for name, count in
                 ((group.id, inside), (REST, outside))]  # fmt: skip
        table = pd.concat(sides).sort_values(["year", "unit"], kind="stable", ignore_index=True)
        return table[["year", "unit", "name", "group", "count"]]

    def beside(self, places: tuple[str, ...]) -> "Study":
        """Give this study with these municipalities set beside it, their figures loaded once."""
        if places == self.p.comparisons:
            return self
        p = replace(self.p, comparisons=places)
        asked_of = p.source, p.municipality, places, p.apportioned
        return replace(self, p=p, data=remembered("beside", lambda: asked_of, lambda: _loaded(p, self.known)))

    def published(self) -> pd.DataFrame:
        """Give the figures that a study of this place printed: id, measure, place, period, value, unit, and more.

        One row per printed figure, `printed_as` its very words. Raises NotComputableError when there is no study.

        >>> printed = open_study("breda").published()
        >>> printed.loc[printed["id"] == "P03", ["value", "printed_as"]].to_numpy().tolist()
        [[4, '4%']]
        """
        if not self.p.published or self.data.published is None:
            raise NotComputableError("no_study", f"There is no study of {self.place} with printed figures here.")
        return self.data.published.copy()

    @typed
    def leading(self, *preferred: str) -> str:
        """Name the first indicator that has two comparable years here, of those preferred and then of the study's own.

        Raises ParameterError for an unknown one, NotComputableError when no indicator can be followed.

        >>> open_study("breda").leading("mean_dwelling_value")
        'mean_dwelling_value'
        """
        for name in (*preferred, *self.p.indicators, *self.p.levels):
            try:
                self.panel(name)
            except NotComputableError:
                continue
            return name
        raise NotComputableError(
            "one_year_only", f"No indicator of this study has two comparable years in {self.place}."
        )

    @typed
    def leading_group(self, *preferred: str) -> str:
        """Name the first group that is counted by buurt here, of those preferred and then of the study's own.

        Raises ParameterError for an unknown one, NotComputableError when no group is counted.

        >>> open_study("breda").leading_group()
        'low_income_households'
        """
        for name in (*preferred, *self.p.groups):
            try:
                self.counts(name)
            except NotComputableError:
                continue
            return name
        raise NotComputableError("no_counts", f"No group of this study is counted by buurt in {self.place}.")

    def _cannot_follow(self, name: str, run: Sequence[int]) -> str:
        """Say that an indicator has no two comparable years, and what to do."""
        there = f"only {run[0]}" if run else "no year with enough figures"
        return (
            f"{name} has {there} for {self.place} in {self.p.year_from}–{self.p.year_to}, and a panel needs two "
            "comparable years. Choose another indicator or window; study.leading() names one that can."
        )

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Put the name of each area beside its code."""
        made = table.copy()
        made.insert(1, "name", made["code"].map(self.names()))
        return made

    def smallest_of_level(self, indicator: str) -> float | None:
        """Smallest difference between levels that matters, where one is registered or set; a level needs none."""
        value = self.p.smallest_effects.get(indicator, self.known.indicator(indicator).smallest_effect)
        return None if value is None else float(value)


@typed
def open_study(place: PlaceAsked = None, /, **keywords: Any) -> Study:
    """Open a place with its parameters checked, its figures loaded and its focus list resolved.

    `place` is the name of a preset, a municipality by its name or CBS code (out of the store or an embedded set), a
    mapping of parameters by name, or a notebook's `globals()`; without it the preset `breda`. Keywords are parameters
    (`kloof show 03` explains them) and go before what a preset or a mapping says.

    Raises ParameterError listing everything that is wrong, with the nearest that is right, before anything is
    computed: an unknown place, name, year, code, indicator, list or type. Nothing is passed over, but for names in
    `globals()` that are near no parameter.

    >>> study = open_study("Breda", year_from=2016, language="en")
    >>> study.p.municipality, study.p.year_from, len(study.focus.codes)
    ('GM0758', 2016, 11)
    >>> open_study("breda", year_form=2016)
    Traceback (most recent call last):
    kloof.errors.ParameterError: unknown parameter 'year_form' (did you mean "year_from"?). Valid: preset, language, ...
    """
    given = asked(place, keywords)
    p = parameters(given)
    study = remembered("study", lambda: replace(p, language=""), lambda: _opened(p))
    _refuse_what_lacks(study, given)
    study = replace(study, p=replace(study.p, language=p.language))
    cards.speak(cards.Place(p.language, study.known, p.municipality, study.names(), p.focus))
    if isinstance(place, Mapping) and "__name__" in place:  # a notebook's own; a study opened elsewhere styles nothing
        cards.show_language(p.language)
    return study


@typed
def table(
    indicator: str,
    place: PlaceAsked = None,
    years: Iterable[int] | int | None = None,
    *,
    names: bool = False,
    level: str = "buurt",
) -> pd.DataFrame:
    """Give the figures of an indicator for a place, as `Study.table` does: code, year, indicator, value, and more.

    `place` is what `open_study` takes: a preset, a municipality by name or code; without it the preset `breda`. Raises
    ParameterError as `open_study` and `Study.table` do.

    >>> table("mean_dwelling_value", "breda", years=[2015, 2024], names=True).columns.tolist()
    ['code', 'name', 'year', 'indicator', 'value', 'low', 'high', 'unit', 'status', 'source']
    """
    return open_study(place).table(indicator, years, names=names, level=level)


def check_names(p: Parameters) -> None:
    """Refuse names that the catalogue does not have; raises ParameterError with all of them, and what is nearest."""
    known = catalogue()
    found = [_unknown(f"indicator {name!r} is", name, known.indicators)
             for name in (*p.indicators, *p.levels) if name not in known.indicators]  # fmt: skip
    if not p.indicators:
        found.append("indicators is empty: name at least one")
    found += [
        f"{name!r} has no smallest effect: register one in the catalogue, or set smallest_effects, or show it as a "
        "level (levels), which needs none"
        for name in dict.fromkeys(p.indicators)
        if name in known.indicators and known.indicator(name).smallest_effect is None and name not in p.smallest_effects
    ]
    found += [_unknown(f"group {name!r} is", name, known.groups) for name in p.groups if name not in known.groups]
    found += [_unknown(f"smallest_effects names {name!r},", name, known.indicators)
              for name in p.smallest_effects if name not in known.indicators]  # fmt: skip
    if p.published not in ("", PUBLISHED):
        found.append(f"published must be {PUBLISHED}, a file of an embedded data set, or none, not {p.published!r}")
    if found:
        raise ParameterError(faults("the parameters", found, "See: kloof list indicators."))


def _refuse_what_lacks(study: Study, given: Mapping[str, Any]) -> None:
    """Refuse what was asked of a source that does not have it: a municipality beside this one, a study to replicate.

    What a preset says of its own source is no matter where another source was asked for. Raises ParameterError.
    """
    p, data = study.p, study.data
    asked_for = {name for name, value in {**(given.get(SETTINGS) or {}), **given}.items() if is_given(value)}
    if p.source == read_preset(p.preset)["parameters"].get("source"):
        asked_for |= {"comparisons", "published"}
    found, wanted = [], p.comparisons if "comparisons" in asked_for else ()
    there = set(data.observations["code"].str[2:6]) if wanted else set()
    if lacking := [code for code in wanted if code[2:] not in there]:
        names = study.names()
        listed = ", ".join(f"{code} {names.get(code, '')}".strip() for code in lacking)
        found.append(
            f"comparisons: {p.source} has no figures of {listed}. Leave it out, or put its figures in the store: "
            f"kloof data fetch --municipality {lacking[0]}"
        )
    if p.published and data.published is None and "published" in asked_for:
        found.append(f"published: {p.source} has no {p.published}; give published=none")
    if found:
        raise ParameterError(faults("the parameters", found, "See: kloof list municipalities."))


def _opened(p: Parameters) -> Study:
    """Load the data of checked parameters and resolve the focus list."""
    known = catalogue()
    check_names(p)
    data = _loaded(p, known)
    check_name(data.set_aside, data.name)
    years = sorted(data.observations.loc[data.observations["code"].str[2:6] == p.municipality[2:6], "year"].unique())
    if not years:
        others = sorted(set(data.areas.loc[data.areas["code"].str.startswith("GM"), "code"]) - {p.municipality})
        has = f"; it has {examples(others)}" if others else ""
        raise ParameterError(f"{p.source} has no figures of {p.municipality}{has}. See: kloof list municipalities.")
    if not any(p.year_from <= year <= p.year_to for year in years):
        close = min(years, key=lambda year: min(abs(year - p.year_from), abs(year - p.year_to)))
        raise ParameterError(
            f"{p.source} has no year from {p.year_from} to {p.year_to}; it has {', '.join(map(str, years))}. Nearest: "
            f"{close}."
        )
    focus = resolve_focus(data, known, p.focus, p.year_from)
    lists = {
        name: resolve_focus(data, known, name, p.year_from) for name in dict.fromkeys((p.focus, *p.focus_variants))
    }
    p = replace(p, focus=focus.name, focus_variants=tuple(lists[name].name for name in p.focus_variants))
    return Study(p, data, known, focus, tuple({variant.name: variant for variant in lists.values()}.values()))


def _loaded(p: Parameters, known: Catalogue) -> DataSet:
    """Load the figures of a place and of those beside it."""
    return load(p.source, p.municipality, known, p.comparisons, apportioned=p.apportioned == COUNTED)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that something is not in the catalogue, and what is nearest."""
    near = nearest(name, known).strip()
    return f"{what} not in the catalogue{near and f' ({near})'}"


def list_flags(study: Study, focus: Focus, first_year: int | None) -> tuple[str, ...]:
    """Say what a reader must know about when a list of buurten was made; a list by a rule has its year in its name.

    `list_made_later` when it was made after the first year compared, so that it may have been chosen on what happened
    since; `list_date_unknown` when nothing is known of its date, which the catalogue registers (made).
    """
    if focus.indicator is not None:
        return ()
    made = study.known.focus.get(focus.name, {}).get("made")
    if made is None:
        return ("list_date_unknown",)
    return ("list_made_later",) if first_year is None or int(made) > first_year else ()


def usable_years(
    study: Study, name: str, year_from: int, year_to: int, level: str = "buurt"
) -> tuple[list[int], dict[int, float]]:
    """Give the years of an indicator with enough coverage, and the coverage (percent of the universe) of each year.

    What was found before is kept with the data, as `panel.series` does.
    """
    key = "usable_years", name, year_from, year_to, level
    covered = dict(study.data.once(study.known, key, lambda: _covered(study, name, (year_from, year_to), level)))
    return [year for year, share in covered.items() if share >= study.coverage_minimum], covered


def _covered(study: Study, name: str, window: tuple[int, int], level: str) -> dict[int, float]:
    """Give the percent of the universe that is measured in each year of a window."""
    covered = dict[int, float]()
    for year, rows in by_year(study.data, study.known, name, level).items():
        if not window[0] <= year <= window[1]:
            continue
        try:
            size = sizes(study.data, study.known, study.known.indicator(name).weighed_by, year, level)
        except NotComputableError:
            covered[year] = 0.0
            continue
        covered[year] = size.share(list(rows.index[rows["status"] == "measured"]))
    return covered


def comparable_run(
    study: Study, name: str, years: list[int], level: str = "buurt"
) -> tuple[list[int], list[tuple[int, int, tuple[str, ...]]]]:
    """Give the longest run of years without a break between them (the latest of equals), and the breaks met.

    Each break is (year before it, year after it, its identifiers `indicator@year`).
    """
    indicator = study.known.indicator(name)
    table = series(study.data, study.known, name, level)
    used = {
        year: {part for source in rows["source"] for part in source.split("|")}
        for year, rows in table[table["status"] == "measured"].groupby("year")
    }
    runs: list[list[int]] = []
    met = []
    for year in years:
        if runs:
            before = runs[-1][-1]
            verdict = indicator.compare(before, year, used[before] | used[year])
            if verdict.status != "broken":
                runs[-1].append(year)
                continue
            met.append((before, year, tuple(f"{name}@{gap.at}" for gap in verdict.crossed)))
        runs.append([year])
    return max(runs, key=lambda run: (len(run), run[-1]), default=[]), met
