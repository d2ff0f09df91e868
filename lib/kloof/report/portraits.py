"""results.json → a portrait of each listed neighbourhood: where it lies, who lives there, what is low, what rose."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kloof.report.views import Line, PortraitView
from kloof.words.sentences import Narrator, Part, Sentence, fill, has, text_of

BY_YEAR, PEOPLE = "03.by_year", "03.people"
MOST_PORTRAITS = 12  # portraits in a report; of a longer list the neighbourhoods where most people live
SECOND = (  # what is told beside the first figure: the first of these that there is
    "housing_corporation_share", "owner_occupied_share", "good_perceived_health_share", "low_income_households_share",
)  # fmt: skip


NUMBERED = re.compile(r"Wijk \d+")  # a district without a name


@dataclass(frozen=True)
class Portraits:
    """Tells of each listed neighbourhood one figure, now and at the start; `name` says an indicator in a sentence."""

    teller: Narrator
    indicator: str
    first: int | None
    last: int | None
    name: Callable[[str], str]

    @cached_property
    def table(self) -> Mapping[str, Any]:
        """Give the figures by neighbourhood and year."""
        table: Mapping[str, Any] = self.teller.results["tables"][BY_YEAR]
        return table

    @cached_property
    def keys(self) -> list[str]:
        """List the columns of the table."""
        return [column["key"] for column in self.table["columns"]]

    @cached_property
    def years(self) -> list[int]:
        """List the years of the table."""
        return [int(key[1:]) for key in self.keys if key[:1] == "y" and key[1:].isdigit()]

    @cached_property
    def rows(self) -> dict[tuple[str, str], int]:
        """Say in which row an indicator of an area stands."""
        indicator, area = self.keys.index("indicator"), self.keys.index("area")
        return {(row[indicator], row[area]): number for number, row in enumerate(self.table["rows"])}

    @property
    def city(self) -> str:
        """Give the code of the municipality."""
        return str(self.teller.results["place"]["code"])

    def value(self, indicator: str, area: str, year: int | None) -> float | None:
        """Look a figure up; None when there is none."""
        row = self.rows.get((indicator, area))
        if row is None or f"y{year}" not in self.keys:
            return None
        found = self.table["rows"][row][self.keys.index(f"y{year}")]
        return None if found is None else float(found)

    def shown(self, indicator: str, area: str, year: int | None) -> Part:
        """Write a figure, with the place where it stands."""
        known = self.teller.catalogue.indicator(indicator)
        pointer = f"/tables/{BY_YEAR}/rows/{self.rows[indicator, area]}/{self.keys.index(f'y{year}')}"
        whole = known.unit == "percent" and known.rounding >= 1  # a share is no more precise than it was published
        decimals = 0 if whole and known.decimals is None else known.decimals
        return self.teller.number(pointer, self.value(indicator, area, year), known.unit, decimals)

    def latest(self, indicator: str, area: str) -> int | None:
        """Give the year of the end of the comparison if both have it, else the last year that both have."""
        asked = [*([self.last] if self.last and indicator == self.indicator else []), *reversed(self.years)]
        both = (area, self.city)
        return next((year for year in asked if all(self.value(indicator, one, year) is not None for one in both)), None)

    def views(self) -> Iterable[PortraitView]:
        """Make the portraits, by name."""
        named = (code for code in self.teller.results["focus"] if self.teller.area(code) != code)
        codes = self.largest(sorted(named, key=self.teller.area))
        ends = {code: self.latest(self.indicator, code) for code in codes}
        year = max((end for end in ends.values() if end), default=None)
        known = {code: self.value(self.indicator, code, year) for code in codes}
        ranked = sorted((value, code) for code, value in known.items() if value is not None)
        extremes = {ranked[-1][1]: "highest", ranked[0][1]: "lowest"} if len({value for value, _ in ranked}) > 1 else {}
        growths = [(growth, code) for code in codes if (growth := self.growth(code)) is not None]
        fastest = max(growths, default=(0.0, ""))[1]
        for number, code in enumerate(codes):
            turn = "ab"[number % 2]
            level = self.level(code, ends[code], extremes.get(code), turn, first=code == fastest)
            sentences = [*self.where(code, turn), *level, *self.second(code, turn)]
            if ends[code] is None:
                sentences.append(fill(self.word("missing"), {}))
            values = {"noun": self.name(self.indicator), "area": self.teller.area(code), "place": self.whole(code)}
            alt = text_of(fill(self.teller.word("story", "words", "portrait_alt"), values))
            yield PortraitView(code, self.teller.area(code), (Line(tuple(sentences)),), self.picture(code), alt)

    def largest(self, codes: Sequence[str]) -> list[str]:
        """Choose those of which there is something to tell, and room for a portrait."""
        people = self.teller.results["tables"].get(PEOPLE)
        living = {row[0]: row[2] for row in people["rows"] if row[2] is not None} if people else {}
        known = [code for code in codes if code in living or self.latest(self.indicator, code) is not None]
        kept = set(sorted(known, key=lambda code: -living.get(code, 0))[:MOST_PORTRAITS])
        return [code for code in known if code in kept]

    def whole(self, code: str) -> str:
        """Name the whole place; a village may have the name of its municipality."""
        name = self.teller.area(self.city)
        return self.teller.word("story", "words", "municipality") if name == self.teller.area(code) else name

    def word(self, *path: str) -> str:
        """Give a fixed text of the portraits."""
        return self.teller.word("story", "portrait", *path)

    def where(self, code: str, turn: str) -> Iterable[Sentence]:
        """Say in which district it lies, and how many people live there."""
        people = self.teller.results["tables"].get(PEOPLE)
        at = next((number for number, row in enumerate(people["rows"]) if row[0] == code), None) if people else None
        if at is None or people is None or people["rows"][at][2] is None:
            return
        number = self.teller.number(f"/tables/{PEOPLE}/rows/{at}/2", people["rows"][at][2], "number", 0)
        district = self.teller.results["areas"].get(f"WK{code[2:8]}")
        # a district with the name of the place or of the neighbourhood itself says nothing of where it is
        plain = (self.teller.area(self.city), self.teller.area(code))
        told = district is not None and district not in plain and not NUMBERED.fullmatch(district)
        yield fill(self.word("where" if told else "people", turn), {"number": number, "district": district or ""})

    def level(self, code: str, year: int | None, extreme: str | None, turn: str, *, first: bool) -> Iterable[Sentence]:
        """Tell the first figure beside that of the whole place, and how it moved beside it."""
        mine, theirs = (self.value(self.indicator, area, year) for area in (code, self.city))
        if mine is None or theirs is None:
            return
        reach = self.teller.catalogue.indicator(self.indicator).reach
        side = "level" if abs(mine - theirs) <= reach else "below" if mine < theirs else "above"
        values: dict[str, Part | Sentence] = {
            "name": self.name(self.indicator), "place": self.whole(code), "year": str(year),
            "value": self.shown(self.indicator, code, year), "rest": self.shown(self.indicator, self.city, year),
        }  # fmt: skip
        yield fill(self.word(extreme or side, turn), values)
        moved = self.moved(code, year, reach)
        if moved is not None:
            was = self.shown(self.indicator, code, self.first)
            moved = "fastest" if first and moved == "rose" else moved
            yield fill(self.word(moved, turn), {**values, "first": str(self.first), "was": was})

    def growth(self, code: str) -> float | None:
        """Give how much the first figure moved in proportion; None where it cannot be followed."""
        ends = [self.value(self.indicator, code, year) for year in (self.first, self.last)]
        return None if None in ends or not ends[0] else ends[1] / ends[0]  # type: ignore[operator]

    def moved(self, code: str, year: int | None, reach: float) -> str | None:
        """Say how it moved beside the whole place, in proportion; None where the two years are not compared."""
        if year != self.last or self.first is None or self.first == self.last:
            return None
        ends = [self.value(self.indicator, area, at) for area in (code, self.city) for at in (self.first, self.last)]
        if None in ends or not ends[0] or not ends[2]:
            return None
        mine, theirs = ends[1] / ends[0] - 1, ends[3] / ends[2] - 1  # type: ignore[operator]
        step = 2 * reach / abs(ends[0])
        if abs(mine - theirs) <= step:
            return "alike"
        if mine < -step / 2:
            return "fell"
        if mine <= step / 2:
            return None
        return "rose" if mine > theirs else "behind"

    def second(self, code: str, turn: str) -> Iterable[Sentence]:
        """Tell one thing more."""
        for name in SECOND:
            year = self.latest(name, code) if name != self.indicator else None
            if year is not None and has("story", "portrait", "second", name, turn):
                values = {
                    "place": self.whole(code), "year": str(year),
                    "value": self.shown(name, code, year), "rest": self.shown(name, self.city, year),
                }  # fmt: skip
                yield fill(self.word("second", name, turn), values)
                return

    def picture(self, code: str) -> str | None:
        """Draw the figure over the years, with the whole place beside it."""
        lines = [[self.value(self.indicator, area, year) for year in self.years] for area in (code, self.city)]
        return sparkline(*lines)


def sparkline(own: Sequence[float | None], rest: Sequence[float | None]) -> str | None:
    """Draw two lines over the years as a small SVG, from the lowest to the highest of both; None without two points."""
    numbers_there = [value for value in (*own, *rest) if value is not None]
    if sum(value is not None for value in own) < 2:
        return None
    low, high = min(0.0, *numbers_there), max(numbers_there)
    step = 150 / max(len(own) - 1, 1)

    def path(values: Sequence[float | None]) -> str:
        points = []
        for at, value in enumerate(values):
            if value is not None:
                height = 44 - 40 * (value - low) / ((high - low) or 1)
                points.append(f"{5 + at * step:.1f} {height:.1f}")
        return "M" + "L".join(points)

    thin = (
        f'<path d="{path(rest)}" fill="none" stroke="#0072B2" stroke-width="1.5"/>'
        if any(v is not None for v in rest)
        else ""
    )
    thick = f'<path d="{path(own)}" fill="none" stroke="#D55E00" stroke-width="3"/>'
    ground = '<path d="M5 44H155" stroke="#767676" stroke-width="1"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 50">{ground}{thin}{thick}</svg>'
