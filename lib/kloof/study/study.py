"""Opens a study: parameters checked, data loaded, focus list resolved. Every notebook starts here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kloof.catalogue import Catalogue, catalogue
from kloof.errors import NotComputableError, ParameterError, examples, faults, nearest
from kloof.memo import remembered
from kloof.shown import Shown
from kloof.study.asked import asked
from kloof.study.dataset import DataSet
from kloof.study.load import PUBLISHED, load
from kloof.study.panel import Focus, by_year, resolve_focus, series, sizes
from kloof.study.parameters import COUNTED, Parameters, parameters
from kloof.study.places import check_name
from kloof.words import cards


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

    def rng(self, purpose: str) -> np.random.Generator:
        """Give a generator of its own to each purpose, so that the order of computing does not matter."""
        return np.random.default_rng([self.p.seed, *purpose.encode("utf-8")])

    @property
    def coverage_minimum(self) -> float:
        """Percent of the universe that must be measured before a number is printed."""
        return float(self.known.settings["coverage_minimum"])

    def smallest_effect(self, indicator: str, measure: str = "absolute") -> float:
        """Smallest change that matters on a scale, as registered before the run; or set (absolute, real)."""
        own = self.known.indicators.get(indicator)
        if measure == "relative" and own is not None and own.smallest_effect_relative is not None:
            return own.smallest_effect_relative
        if measure in ("relative", "place", "index"):
            return float(self.known.settings[f"smallest_effect_{measure}"])
        if (value := self.smallest_of_level(indicator)) is None:
            raise ParameterError(
                f"{indicator} has no smallest effect: register one in the catalogue, or set smallest_effects."
            )
        return value

    def smallest_of_level(self, indicator: str) -> float | None:
        """Smallest difference between levels that matters, where one is registered or set; a level needs none."""
        value = self.p.smallest_effects.get(indicator, self.known.indicator(indicator).smallest_effect)
        return None if value is None else float(value)


def open_study(place: str | Mapping[str, Any] | None = None, /, **keywords: Any) -> Study:
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
    p = parameters(asked(place, keywords))
    study = remembered("study", lambda: replace(p, language=""), lambda: _opened(p))
    study = replace(study, p=replace(study.p, language=p.language))
    cards.speak(cards.Place(p.language, study.known, p.municipality, study.names(), p.focus))
    if isinstance(place, Mapping) and "__name__" in place:  # a notebook's own; a study opened elsewhere styles nothing
        cards.show_language(p.language)
    return study


def _opened(p: Parameters) -> Study:
    """Load the data of checked parameters and resolve the focus list."""
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
    data = load(p.source, p.municipality, known, p.comparisons, apportioned=p.apportioned == COUNTED)
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
