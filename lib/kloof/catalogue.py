"""Knows indicators, groups, units and breaks. Comparability is data, not opinion."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from kloof.documents import ANY, read_toml
from kloof.errors import CatalogueError, ParameterError
from kloof.paths import data_folder
from kloof.shown import Shown

COMPARABLE = "comparable"
BROKEN = "broken"
BRIDGED = "bridged"
Value = TypeVar("Value")
PARTS = ("indicator", "group", "unit", "dimension", "focus")
RELATIONS = ("parts", "more", "together", "along", "against")
KINDS = ("count", "share", "mean", "rate", "class")
MONEY = ("thousand_euro", "euro")  # units that prices move
MOST_NAMES = 12  # valid names that an error lists


@dataclass(frozen=True)
class Break:
    """A point between two years across which figures of one indicator are not the same thing.

    With `sources` only a comparison that uses all of them crosses it; one that uses nothing but sources in `spares`
    does not: what changed is how others print the figure.
    """

    at: int
    kind: str
    nl: str
    en: str
    sources: frozenset[str] = frozenset()
    spares: frozenset[str] = frozenset()

    def lies_between(self, year_a: int, year_b: int, sources: frozenset[str]) -> bool:
        """Tell whether comparing these two years crosses this break."""
        crossed = min(year_a, year_b) < self.at <= max(year_a, year_b)
        is_spared = bool(sources) and sources <= self.spares
        return crossed and self.sources <= sources and not is_spared


@dataclass(frozen=True)
class Comparability:
    """Whether two years of an indicator may be compared, and the breaks or bridges between them."""

    status: str
    crossed: tuple[Break, ...] = ()


@dataclass(frozen=True)
class Suppression:
    """No figure is published for areas with fewer than `below` of the indicator `count`, from edition `since` on."""

    count: str
    below: float
    since: int = 0


@dataclass(frozen=True)
class Indicator:
    """One concept: its labels, unit, rounding, universe, suppression and breaks."""

    id: str
    nl: str
    en: str
    unit: str
    kind: str
    dimension: str
    better: int = 0
    rounding: float = 0.0
    rounding_reach: float | None = None
    measured: float = 0.0
    universe: str | None = None
    smallest_effect: float | None = None
    smallest_effect_relative: float | None = None
    decimals: int | None = None
    plausible: tuple[float, float] | None = None
    subject_nl: str | None = None
    subject_en: str | None = None
    modelled: bool = False
    columns: tuple[str, ...] = ()
    derive: Mapping[str, Any] | None = None
    suppression: tuple[Suppression, ...] = ()
    breaks: tuple[Break, ...] = ()
    bridges: tuple[Break, ...] = ()

    @property
    def reach(self) -> float:
        """How far the true figure of a buurt or wijk can lie from the printed one."""
        return self.rounding / 2 if self.rounding_reach is None else self.rounding_reach

    @property
    def weighed_by(self) -> tuple[str, ...]:
        """Counts that may weigh a gap, the wanted one first: its universe, failing that the nearest to it.

        A share or mean of dwellings is never weighed by inhabitants: a household has a dwelling, its size is no matter.
        """
        wanted = self.universe or "inhabitants"
        return tuple(dict.fromkeys((wanted, "households" if wanted == "dwellings" else "inhabitants")))

    @property
    def adds_up_by(self) -> tuple[str, ...]:
        """Counts by which areas add up to a municipality: the universe, or its nearest substitute."""
        return self.weighed_by if self.universe else ()

    def label(self, language: str) -> str:
        """Head of a table column."""
        return {"nl": self.nl, "en": self.en}[language]

    def subject(self, language: str) -> str:
        """Subject of a sentence, with its article."""
        return {"nl": self.subject_nl or self.nl.lower(), "en": self.subject_en or self.en.lower()}[language]

    def compare(self, year_a: int, year_b: int, sources: Iterable[str] = ()) -> Comparability:
        """Say whether two years may be compared, given the sources of the figures on both sides.

        A break with a bridge at the same year counts as bridged; the bridge travels with the answer.
        """
        used = frozenset(sources)
        crossed = tuple(gap for gap in self.breaks if gap.lies_between(year_a, year_b, used))
        if not crossed:
            return Comparability(COMPARABLE)
        bridged = {bridge.at for bridge in self.bridges}
        if all(gap.at in bridged for gap in crossed):
            return Comparability(BRIDGED, tuple(b for b in self.bridges if b.at in {gap.at for gap in crossed}))
        return Comparability(BROKEN, crossed)


@dataclass(frozen=True)
class Group:
    """A category of people, households or dwellings of which an index can be computed."""

    id: str
    nl: str
    en: str
    base: str
    count: str | None = None
    share: str | None = None


@dataclass(frozen=True)
class Relation:
    """What holds between figures of one area: see the head of catalogue.toml."""

    kind: str
    others: tuple[str, ...]
    of: str = ""
    within: float = 0.0


@dataclass(frozen=True, repr=False)
class Catalogue(Shown):
    """Everything in data/catalogue.toml."""

    indicators: Mapping[str, Indicator]
    groups: Mapping[str, Group]
    units: Mapping[str, Mapping[str, Any]]
    dimensions: Mapping[str, Mapping[str, str]]
    focus: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()

    def in_short(self) -> dict[str, object]:
        """Count what it knows, by kind, with names."""
        kinds = ("indicators", "groups", "dimensions", "focus", "settings")
        return {kind: f"{len(getattr(self, kind))}: {', '.join(getattr(self, kind))}" for kind in kinds}

    def indicator(self, name: str) -> Indicator:
        """Look an indicator up; an unknown one is an error that lists the nearest."""
        return known(name, self.indicators, "indicator")

    def unit_of_change(self, name: str) -> str:
        """Give the unit of a difference in an indicator: of percentages it is points."""
        return str(self.units[self.indicator(name).unit]["change"])

    def smallest_on(self, scale: str, name: str) -> float:
        """Give the smallest change that matters on a scale whose unit is no indicator's own: relative, place, index.

        A relative one may be that of the indicator `name`, where it is one.
        """
        own = self.indicators.get(name)
        if scale == "relative" and own is not None and own.smallest_effect_relative is not None:
            return own.smallest_effect_relative
        return float(self.settings[f"smallest_effect_{scale}"])

    def plausible(self, name: str) -> tuple[float, float]:
        """Give the lowest and highest figure that an area can have: of the indicator, else of its unit."""
        one = self.indicator(name)
        low, high = one.plausible or self.units.get(one.unit, {}).get("plausible", (-inf, inf))
        return float(low), float(high)

    def group(self, name: str) -> Group:
        """Look a group up; an unknown one is an error that lists the nearest."""
        return known(name, self.groups, "group")


def known(name: str, among: Mapping[str, Value], what: str) -> Value:
    """Return among[name]; raise ParameterError with the nearest and the valid names, of many the first, otherwise."""
    if isinstance(name, str) and name in among:
        return among[name]
    near = difflib.get_close_matches(str(name), list(among), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    more = f" and {len(among) - MOST_NAMES} more" if len(among) > MOST_NAMES else ""
    valid = ", ".join(sorted(among)[:MOST_NAMES])
    raise ParameterError(f"{what} {name!r} is not known.{hint} Valid: {valid}{more}.")


def read_catalogue(path: Path) -> Catalogue:
    """Read and check the catalogue file.

    Raises CatalogueError naming the entry when a unit, dimension, universe, kind or source indicator is unknown, or
    when an entry has keys it should not have.
    """
    raw = read_toml(path, CatalogueError, wanted={f"{part}?": {ANY: {}} for part in PARTS})
    if absent := [part for part in PARTS if part not in raw]:
        raise CatalogueError(f"{path.name} has no [{'], no ['.join(absent)}].")
    indicators = {name: _indicator(name, entry) for name, entry in raw["indicator"].items()}
    indicators = _kept_apart(indicators, raw.pop("apart", []))
    groups = {name: _group(name, entry) for name, entry in raw["group"].items()}
    relations = tuple(map(_relation, raw.pop("relation", [])))
    settings = {key: value for key, value in raw.items() if not isinstance(value, dict)}
    catalogue = Catalogue(indicators, groups, raw["unit"], raw["dimension"], raw["focus"], settings, relations)
    found = _contradictions(catalogue)
    if found:
        raise CatalogueError(f"{path.name}: " + " ".join(found))
    return catalogue


OWN_NEEDED = ("nl", "en", "unit", "kind")
OWN_DIMENSION = "surroundings"  # the theme of an own indicator that names none


def with_own(catalogue: Catalogue, entries: Mapping[str, Mapping[str, Any]], where: str) -> Catalogue:
    """Add indicators that a user registered in a mapping of a file, with the keys of the catalogue.

    Needed are nl, en, unit and kind; a level needs no smallest effect. Raises CatalogueError, naming `where`, for one
    that is incomplete, contradicts the catalogue or has the name of one that is something else.
    """
    found, made = [], dict(catalogue.indicators)
    for name, entry in entries.items():
        if absent := [key for key in OWN_NEEDED if not entry.get(key)]:
            found.append(f"indicator {name} has no {', '.join(absent)}.")
            continue
        try:
            own = _indicator(name, {"dimension": OWN_DIMENSION, **entry})
        except CatalogueError as problem:
            found.append(str(problem))
            continue
        if made.get(name, own) != own:
            found.append(
                f"indicator {name} is known as something else ({made[name].en}); give yours another name, or "
                "remove the file that registered it (kloof data log)."
            )
        made[name] = own
    known = replace(catalogue, indicators=made)
    found += _contradictions(known)
    if found:
        raise CatalogueError(f"{where}: {' '.join(found)}")
    return known


def _indicator(name: str, entry: dict[str, Any]) -> Indicator:
    """Turn one table of the catalogue into an Indicator."""
    parts = dict(entry)
    parts["columns"] = tuple(parts.get("columns", ()))
    try:
        for key in ("breaks", "bridges"):
            parts[key] = tuple(_break(entry) for entry in parts.get(key, ()))
        parts["suppression"] = tuple(Suppression(**rule) for rule in parts.get("suppression", ()))
        return Indicator(id=name, **parts)
    except TypeError as problem:
        raise CatalogueError(f"indicator {name}: {problem}; see the head of catalogue.toml for the keys.") from None


def _break(entry: dict[str, Any]) -> Break:
    """Turn one break or bridge of an indicator into a Break."""
    return Break(**{**entry, **{key: frozenset(entry.get(key, ())) for key in ("sources", "spares")}})


def _kept_apart(indicators: Mapping[str, Indicator], entries: Iterable[dict[str, Any]]) -> dict[str, Indicator]:
    """Add the breaks between sources of two models to the indicators that both give."""
    kept = dict(indicators)
    for entry in entries:
        if odd := set(entry) ^ {"sources", "at", "kind", "nl", "en", "indicators"}:
            raise CatalogueError(f"apart {entry.get('sources')}: {', '.join(sorted(odd))} missing or not known.")
        sources = frozenset(entry["sources"])
        gaps = tuple(Break(at, entry["kind"], entry["nl"], entry["en"], sources) for at in entry["at"])
        unknown = [name for name in entry["indicators"] if name not in kept]
        if unknown or len(sources) != 2:
            raise CatalogueError(f"apart {sorted(sources)} needs two sources and known indicators, not {unknown}.")
        for name in entry["indicators"]:
            kept[name] = replace(kept[name], breaks=(*kept[name].breaks, *gaps))
    return kept


def _group(name: str, entry: dict[str, Any]) -> Group:
    """Turn one table of the catalogue into a Group."""
    try:
        return Group(id=name, **entry)
    except TypeError as problem:
        raise CatalogueError(f"group {name}: {problem}; a group has nl, en, base, and count or share.") from None


def _relation(entry: dict[str, Any]) -> Relation:
    """Turn one [[relation]] into a Relation."""
    try:
        return Relation(**{**entry, "others": tuple(entry["others"])})
    except (KeyError, TypeError) as problem:
        raise CatalogueError(f"relation of {entry.get('of')}: {problem}; see the head of catalogue.toml.") from None


def _contradictions(catalogue: Catalogue) -> list[str]:
    """List every reference inside the catalogue that leads nowhere."""
    found: list[str] = []

    def check(who: str, needed: Iterable[str | None], **kinds: tuple[str, Iterable[str]]) -> None:
        found.extend(f"{who} needs {one}, which is not there." for one in needed if one and one not in there)
        found.extend(f"{who} has unknown {key} {value}; known: {', '.join(valid)}."
                     for key, (value, valid) in kinds.items() if value not in valid)  # fmt: skip

    there = catalogue.indicators
    for name, one in there.items():
        parts = [one.derive[key] for key in ("numerator", "denominator")] if one.derive else []
        kinds = {"unit": (one.unit, catalogue.units), "dimension": (one.dimension, catalogue.dimensions)}
        check(f"indicator {name}", [one.universe, *(rule.count for rule in one.suppression), *parts], **kinds,
              kind=(one.kind, KINDS))  # fmt: skip
        found += [f"indicator {name}: suppression below {rule.below} is no minimum." for rule in one.suppression
                  if rule.below <= 0]  # fmt: skip
    for relation in catalogue.relations:
        check(f"relation of {relation.of}", (*relation.others, relation.of), kind=(relation.kind, RELATIONS))
    for name, group in catalogue.groups.items():
        if (group.count is None) == (group.share is None):
            found.append(f"group {name} needs either count or share.")
        check(f"group {name}", (group.base, group.count, group.share))
    return found


OWN = Path("store") / "indicators.json"  # in the data folder: registered by the mappings of files in the store


def catalogue() -> Catalogue:
    """Read the project's catalogue, and the indicators that mappings of files in the store registered."""
    known = read_catalogue(data_folder() / "catalogue.toml")
    own = data_folder() / OWN
    if not own.is_file():
        return known
    try:
        return with_own(known, json.loads(own.read_text(encoding="utf-8")), f"data/{OWN}")
    except ValueError as problem:
        raise CatalogueError(
            f"data/{OWN} is damaged ({problem}). Remove it and add the files with a map again."
        ) from None
