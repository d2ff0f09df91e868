"""Gets data: an embedded set whose files match their registered hashes, or a file the user brings.

Offline first; an embedded file without a registered hash does not exist. Nothing is merged quietly: where two
sources give the same figure one is chosen by a stated rule, and the other is counted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.schema import COLUMNS, SetAside
from kloof.shown import Shown, years_of

EDITION = r"_(?:19|20)\d\d$"  # what tells the yearly editions of one source apart
# What makes a source the main one, each column with whether it is ascending.
MAIN_FIRST = {"is_narrow": True, "breadth": False, "length": False, "covered": False, "source": True}
ANOTHER_WAY = ("model", "recount")  # kinds of breaks between two sources of which neither fills a hole of the other
NEARLY = 0.9  # a source this wide counts as wide as the widest

STORE = "store"
COUNTRY = "NL00"
PRICES = "consumer_price_index"


@dataclass(frozen=True, repr=False)
class DataSet(Shown):
    """All that is known about one municipality and its comparison cities.

    `observations` has the columns of `schema.COLUMNS`, one row per code, year, indicator (the chosen source);
    `files` says which file each source stands in; `inputs` names every file that was read with its sha256;
    `set_aside` counts what was left out; `apportioned` lists the figures that rest on a part of a split area, with the
    share (percent) that does, when they count; `made` keeps the series that `panel` has laid out before.
    """

    name: str
    municipality: str
    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    inputs: tuple[Mapping[str, Any], ...]
    set_aside: tuple[SetAside, ...] = ()
    focus_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    geometry: Mapping[str, Any] | None = None
    published: pd.DataFrame | None = None
    monthly: pd.DataFrame | None = None
    checks: pd.DataFrame | None = None
    apportioned: pd.DataFrame | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def in_short(self) -> dict[str, object]:
        """Give the place, its years and areas, how many figures there are and of which sources."""
        return {
            "name": self.name, "municipality": self.municipality, "years": years_of(self.years()),
            "buurten": len(self.units()), "observations": len(self.observations),
            "indicators": int(self.observations["indicator"].nunique()),
            "sources": list(self.sources["source_id"]), "set aside": sum(row.rows for row in self.set_aside) or None,
        }  # fmt: skip

    def in_card(self) -> dict[str, object]:
        """Give the same, with the reasons why something was set aside."""
        return {**self.in_short(), "set aside": self.left_out()}

    def left_out(self) -> list[SetAside]:
        """Give what was set aside, added up by reason, most rows first."""
        rows: dict[str, int] = {}
        for one in self.set_aside:
            rows[one.reason] = rows.get(one.reason, 0) + one.rows
        most = sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))
        return [SetAside("left_out", count, reason) for reason, count in most if count]

    def years(self) -> list[int]:
        """Give the years in which there is a figure of this municipality."""
        own = self.observations["code"].str[2:6] == self.municipality[2:6]
        return [int(year) for year in sorted(self.observations.loc[own, "year"].unique())]

    def once(self, known: Catalogue, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Give what was made of this data by a catalogue before under a key, or make and keep it: do not change it."""
        held = self.made.get(key)
        if held is None or held[0] is not known:
            held = self.made[key] = known, make()
        return held[1]

    @property
    def data_date(self) -> str:
        """Newest date on which a source was read, or the last day of the last year in it: no clock."""
        dates = [date for date in self.sources["retrieved"] if date]
        return max(dates) if dates else f"{self.observations['year'].max()}-12-31"

    def units(self, level: str = "buurt", municipality: str | None = None) -> list[str]:
        """Codes of the areas of this municipality (or another one in the data) at a level in any year, in order."""
        place = municipality or self.municipality
        key = "units", level, place
        if key not in self.made:
            self.made[key] = tuple(self._coded(level, place))
        return list(self.made[key])

    def units_by_year(self, level: str = "buurt", municipality: str | None = None) -> Mapping[int, frozenset[str]]:
        """Give `units` as they were in each year that has figures of them (`areas_by_year`)."""
        key = "units_by_year", level, municipality or self.municipality
        if key not in self.made:
            own = self.observations["code"].isin(self.units(level, municipality))
            self.made[key] = areas_by_year(self.observations[own])
        years: Mapping[int, frozenset[str]] = self.made[key]
        return years

    def count(self, level: str, year: int) -> int:
        """Count the areas of this municipality in a year; without figures of it in the last one before, or else after.

        An embedded set or a map without any figure at that level counts the areas that it lists.
        """
        years = self.units_by_year(level)
        chosen = max((one for one in years if one <= year), default=min(years, default=0))
        return len(years[chosen]) if years else len(self.units(level))

    def _coded(self, level: str, place: str) -> list[str]:
        """Find the codes of a level."""
        prefix = {"buurt": "BU", "wijk": "WK", "postcode": "PC", "gemeente": "GM"}[level]
        inside = self.areas["code"].str.startswith(prefix) & (self.areas["level"] == level)
        if level != "postcode":
            inside &= self.areas["code"].str[2:6] == place[2:6]
        return sorted(self.areas.loc[inside, "code"])


MOSTLY = 0.5  # share of the areas of a source that must be areas of the year for it to draw them as that year does


def areas_by_year(rows: pd.DataFrame) -> dict[int, frozenset[str]]:
    """Give the areas of each year: those of the source with most rows in it, and of all that draw them alike.

    A source that draws most of its areas otherwise (figures of 2016 published for the areas of 2020) is not counted
    where another one has more.
    """
    found: dict[int, frozenset[str]] = {}
    for year, own in rows.groupby("year"):
        codes = {source: frozenset(part) for source, part in own.groupby("source")["code"]}
        most = codes[own["source"].value_counts().index[0]]
        alike = (part for part in codes.values() if len(part & most) >= MOSTLY * len(part))
        found[int(str(year))] = most.union(*alike)
    return found


def drawn_in(codes: frozenset[str], areas: frozenset[str]) -> frozenset[str]:
    """Give the areas of which an indicator can have a figure in a year, from its rows and those of the year."""
    return codes | areas if len(codes & areas) >= MOSTLY * len(codes) else codes


def choose_sources(
    rows: pd.DataFrame, known: Catalogue | None = None
) -> tuple[pd.DataFrame, tuple[SetAside, ...], pd.DataFrame]:
    """Keep one source per code, year and indicator, and compare what the others say.

    In each municipality, level and year the sources that cover nearly as many areas as the widest come first; of these
    the one that gives most of that indicator over all years, so that a series stays one source's as long as it can and
    a model that was changed is not joined to its older self. A count that others are a part of (inhabitants,
    households, dwellings) comes from the one that gives most figures of any kind there, so that part and whole have one
    source and with it one geography. Yearly editions count as one source. Within the source a measured value beats a
    missing one, so a single recalculated buurt fills the place its main source leaves open. A source that the catalogue
    keeps apart from the main one (another model or count of the same thing) fills nothing: a year of two is a year of
    neither.
    Returns the chosen rows, the number set aside, and a table of every pair of measured values (indicator, year, code,
    chosen, other, both sources): how far two sources differ is for the reader to see.
    """
    code = rows["code"]
    place = code.str[:6].where(code.str[:2] != "PC", "PC")
    width = rows.assign(place=place, series=_series(rows), one=(rows["status"] == "measured").astype(int))
    width["covered"] = width.groupby(["indicator", "year", "place", "source"])["one"].transform("sum")
    widest = width.groupby(["indicator", "year", "place"])["covered"].transform("max")
    width["is_narrow"] = width["covered"] < NEARLY * widest
    width["length"] = width.groupby(["indicator", "place", "series"])["one"].transform("sum")
    breadth = width.groupby(["place", "series"])["one"].transform("sum")
    width["breadth"] = breadth.where(width["indicator"].isin(_wholes(known)), 0)
    width["is_missing"] = 1 - width["one"]
    width["is_apart"] = _kept_apart(width, known)
    ordered = width.sort_values(
        ["code", "indicator", "year", "is_apart", "is_missing", *MAIN_FIRST],
        ascending=[True, True, True, True, True, *MAIN_FIRST.values()],
    )
    first = ~ordered.duplicated(["code", "indicator", "year"])
    chosen = ordered[first & ~ordered["is_apart"]]
    measured = ordered[ordered["one"] == 1]
    figures = ["code", "indicator", "year"]
    lonely = measured[measured["is_apart"]].drop_duplicates(figures)
    filled = pd.MultiIndex.from_frame(chosen.loc[chosen["one"] == 1, figures])
    left_open = int((~pd.MultiIndex.from_frame(lonely[figures]).isin(filled)).sum())
    others = ordered[~first & (ordered["status"] == "measured")]
    pairs = others.merge(
        chosen[["code", "indicator", "year", "value", "source"]],
        on=["code", "indicator", "year"],
        suffixes=("_other", ""),
        validate="many_to_one",
    )
    pairs = pairs[pairs["value"].notna()]
    checks = pairs[["code", "indicator", "year", "value", "source", "value_other", "source_other"]]
    set_aside = (
        SetAside("choose_sources", len(ordered) - len(chosen) - left_open, "another_source_for_the_same_figure"),
        *([SetAside("choose_sources", left_open, "of_another_model")] if left_open else []),
    )
    return chosen[list(COLUMNS)].reset_index(drop=True), set_aside, checks.reset_index(drop=True)


def _series(rows: pd.DataFrame) -> "pd.Series[str]":
    """Name what each row is part of: editions, sources that give one year and have a year in their name, are one."""
    years = rows.groupby("source")["year"].nunique()
    named = {str(source): re.sub(EDITION, "", str(source)) for source in years.index[years == 1]}
    return rows["source"].replace(named)


def _wholes(known: Catalogue | None) -> set[str]:
    """Name the counts that shares, means and groups of the catalogue are a part of."""
    if known is None:
        return set()
    entries = known.indicators.values()
    return {entry.universe for entry in entries if entry.universe} | {group.base for group in known.groups.values()}


def _kept_apart(width: pd.DataFrame, known: Catalogue | None) -> "pd.Series[bool]":
    """Tell which rows are of a source that the catalogue keeps apart from the main one of their place and year."""
    there = known.indicators if known else {}
    pairs = {
        (name, *sides)
        for name in width["indicator"].unique()
        if name in there
        for gap in there[name].breaks
        if gap.kind in ANOTHER_WAY and len(gap.sources) == 2
        for sides in (sorted(gap.sources), sorted(gap.sources, reverse=True))
    }
    if not pairs:
        return pd.Series(data=False, index=width.index)
    place = ["indicator", "year", "place"]
    main = width.sort_values([*place, *MAIN_FIRST], ascending=[True, True, True, *MAIN_FIRST.values()])
    main = main.drop_duplicates(place)[[*place, "series"]].rename(columns={"series": "main"})
    both = width[[*place, "series"]].merge(main, on=place, how="left", validate="many_to_one")
    found = pd.MultiIndex.from_frame(both[["indicator", "main", "series"]]).isin(pd.MultiIndex.from_tuples(pairs))
    return pd.Series(found, index=width.index)
