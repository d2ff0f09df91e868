"""Checks whether the numbers of a file can be what they are said to be, before anything is stored.

Every check has a name under which a person who knows better can accept what it found: `unit` (figures outside what an
area can have), `zeros` (0 where the source has no figure), `sums` (inhabitants that do not add up), `levels` (a
municipality or wijk outside its own areas), `parts` (parts that do not make their whole), `order` (figures that go
together the wrong way, or of which only one is there), `shift` (a column or table that fits its rows better a row up or
down), `codes` (areas that were not there in that year), `year` (inhabitants of the country that are those of another
year). What must hold is data: `plausible` and [[relation]] in catalogue.toml.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError, SchemaError, examples, faults
from kloof.files.numbers import BoolArray, FloatArray
from kloof.files.reading import Figures
from kloof.schema import SetAside

CHECKS = ("unit", "zeros", "sums", "levels", "parts", "order", "shift", "codes", "year")
EXAMPLES = 3  # examples of each fault
FEW = 20  # rows below which columns are not compared with each other
ROWS_COMPARED = 4000  # rows of which the order of columns is compared
MOST_WRONG = 0.25  # share of the areas in which a relation may fail before the column is not what it says
MOST_UNEQUAL = 0.05  # of the areas in which parts may not make their whole
MOST_OVER = 0.01  # of those in which some of the parts may be more than it
MOST_ALONE = 0.005  # of those that may have one of two figures that are published together
CLOSER = 0.12  # by how much a correlation must grow when a column moves by a row
ROWS_SURE = 80
CLOSE = 0.5
WHOLE = 1e-6
FEWEST_ZEROS = 2  # in a table of few rows
MOST_ZERO = 0.9  # share of these that have 0 here
FILLED = 10  # figures above 0 that two areas must have in common to be one
MANY = 5  # columns like this one that all have no 0
UNKNOWN_PLACE = "9999"  # where files put what belongs to no area
MOST_FEW = 0.02  # share of the municipalities that may lie outside their own buurten
MOST_FEW_WIJKEN = 0.005  # the same of wijken
OUTSIDE = 0.05  # of its own figure that a wijk may lie outside those of its buurten
EACH_MAY_BE_OFF = 5.0  # inhabitants by which each area may be off in a sum
UNPLACED = 0.002  # share of the inhabitants of a municipality that may live at no known address
LETTERS_SINCE = 2021  # no edition up to 2020 has letters in the codes of wijken and buurten
ALWAYS = (0, 9999)
LOCAL = ("GM", "WK", "BU")
Found = dict[str, list[str]]


@dataclass(frozen=True)
class Elsewhere:
    """What is known apart from the file: inhabitants of the country by year, first and last year of municipalities."""

    country: Mapping[int, float]
    lifetimes: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Allowed:
    """What a person says of a file: checks whose findings are right as they stand, and the last year there can be."""

    checks: frozenset[str] = frozenset()
    last_year: int | None = None

    def __post_init__(self) -> None:
        if odd := sorted(self.checks - set(CHECKS)):
            raise ParameterError(f"--accept {', '.join(odd)} is no check. Valid: {', '.join(CHECKS)}.")


def check(
    figures: Sequence[Figures], areas: pd.DataFrame, catalogue: Catalogue, known: Elsewhere, allowed: Allowed
) -> list[SetAside]:
    """Refuse figures that cannot be right; give a notice for each check that found something and was accepted.

    `areas` (code, parent_code) says which area lies in which. Raises SchemaError naming check, columns and three
    examples.
    """
    accepted = allowed.checks
    found: Found = {}
    parents = areas.set_index("code")["parent_code"]
    trees: list[_Tree] = []  # tables of one file mostly have the same rows
    for table in _by_table(figures):
        tree = next((one for one in trees if one.of(table.code)), None)
        if tree is None:
            tree = _Tree(table.code, parents)
            trees.append(tree)
        for name, told in _faults(table, tree, catalogue, known).items():
            found.setdefault(name, []).extend(told)
    refused = [f"{told} [{name}]" for name in CHECKS if name not in accepted for told in found.get(name, ())]
    if refused:
        names = " ".join(f"--accept {name}" for name in CHECKS if name in found and name not in accepted)
        way_out = f"Correct the file. If it is right as it stands, say so: kloof data add FILE {names}"
        where = figures[0].where.partition(",")[0]
        raise SchemaError(faults(where, refused[:8], way_out))
    return [
        SetAside("checks", 0, f"accepted_{name}", "; ".join(found[name][:EXAMPLES])) for name in CHECKS if name in found
    ]


def _by_table(figures: Sequence[Figures]) -> list[Figures]:
    """Put the columns of one table and year together, rows in the order of the file."""
    together: dict[tuple[str, int], list[Figures]] = {}
    for one in figures:
        together.setdefault((one.where, one.year), []).append(one)
    return [_joined(parts) for parts in together.values()]


def _joined(parts: Sequence[Figures]) -> Figures:
    """Join parts on their codes; a part with a code twice stays out, as rows that are double are refused elsewhere."""
    first = max(parts, key=lambda one: len(one.code))
    if len(parts) == 1:
        return first
    index = pd.Index(first.code)
    values: dict[str, NDArray[Any]] = {}
    titles: dict[str, str] = {}
    for one in parts:
        same = one.code is first.code or (len(one.code) == len(first.code) and (one.code == first.code).all())
        at = None if same else pd.Index(one.code)
        if at is not None and not at.is_unique:
            continue
        for name, value in one.numbers.items():
            values[name] = value if at is None else pd.Series(value, at).reindex(index).to_numpy(dtype=np.float64)
            titles[name] = one.titles[name]
    return Figures(first.where, first.year, first.code, values, titles)


def _faults(table: Figures, tree: "_Tree", catalogue: Catalogue, known: Elsewhere) -> Found:
    """Make all checks on one table of one year."""
    found: Found = {}
    for name, told in (
        ("unit", _units(table, catalogue)),
        ("zeros", _zeros(table, catalogue)),
        ("sums", _sums(table, tree)),
        ("levels", _levels(table, catalogue, tree)),
        ("parts", _parts(table, catalogue)),
        ("order", _order(table, catalogue)),
        ("shift", _shift(table)),
        ("codes", _codes(table, known)),
        ("year", _year(table, known)),
    ):
        if told:
            found[name] = [f"{table.year}: {one}" for one in told]
    return found


class _Tree:
    """Which row stands for the area above that of each row; -1 where there is none."""

    def __init__(self, code: NDArray[np.object_], parents: "pd.Series[str]") -> None:
        place = pd.Index(code)
        text = pd.Series(code, dtype="str")
        self.code, self.size = code, len(code)
        self.level = text.str.slice(0, 2).to_numpy(dtype=object)
        inside = (self.level == "BU") | (self.level == "WK")
        nowhere = np.full(len(code), -1)
        if not place.is_unique:  # rows that stand twice are refused elsewhere
            self.above = self.municipality = nowhere
            return
        own = pd.Index("GM" + text.str.slice(2, 6))
        self.above = np.where(inside, place.get_indexer(pd.Index(parents.reindex(code))), nowhere)
        self.municipality = np.where(inside, place.get_indexer(own), nowhere)

    def of(self, code: NDArray[np.object_]) -> bool:
        """Tell whether these are the same rows."""
        return len(code) == self.size and bool((code == self.code).all())

    def add_up(self, value: FloatArray, above: NDArray[np.intp]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Add the areas below each row up: their total, how many have a value, how many there are."""
        has = above >= 0
        there = has & ~np.isnan(value)
        total = np.bincount(above[there], weights=value[there], minlength=self.size).astype(np.float64)
        counted, every = (np.bincount(above[kept], minlength=self.size) for kept in (there, has))
        return total, counted.astype(np.float64), every.astype(np.float64)

    def range(self, value: FloatArray, above: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """Give the lowest and highest of the areas below each row."""
        low, high = np.full(self.size, np.inf), np.full(self.size, -np.inf)
        there = (above >= 0) & ~np.isnan(value)
        np.minimum.at(low, above[there], value[there])
        np.maximum.at(high, above[there], value[there])
        return low, high


def _shown(table: Figures, name: str, bad: BoolArray) -> str:
    """Name three areas with their figures, and how many more there are."""
    rows = np.flatnonzero(bad)
    return examples([f"{table.code[row]} {table.numbers[name][row]:g}" for row in rows], EXAMPLES)


def _units(table: Figures, catalogue: Catalogue) -> list[str]:
    """Find figures outside what an area can have, and shares written as fractions."""
    told = []
    for name, value in table.numbers.items():
        low, high = catalogue.plausible(name)
        bad = (value < low) | (value > high)
        if bad.any():
            told.append(
                f"column {table.titles[name]!r} has {int(bad.sum())} figures outside {low:g} to {high:g} "
                f"{catalogue.indicator(name).unit} ({_shown(table, name, bad)})"
            )
            continue
        if catalogue.indicator(name).unit == "percent":
            bad = _fractions(value, catalogue.indicator(name).rounding)
            if bad.any():
                shown = _shown(table, name, bad)
                told.append(f"column {table.titles[name]!r} has {int(bad.sum())} fractions, not percentages ({shown})")
    return told


def _fractions(value: FloatArray, rounding: float) -> BoolArray:
    """Find figures below 1 with more decimals than those above 1 have, or than a column without these can have."""
    large, small = value[value > 1], (value > 0) & (value < 1)
    steps = [step for step in (1.0, 0.1) if len(large) and _whole(large / step).all()] or [rounding]
    finer = small & ~_whole(value / steps[0]) if steps[0] > 0 else np.zeros(len(value), dtype=bool)
    enough = len(large) >= FEW or (not len(large) and finer.sum() > MOST_WRONG * (~np.isnan(value)).sum())
    return finer if enough else finer & False


def _whole(value: FloatArray) -> BoolArray:
    """Tell which numbers are whole."""
    return np.abs(value - np.round(value)) < WHOLE


def _zeros(table: Figures, catalogue: Catalogue) -> list[str]:
    """Find columns with 0 where their fellows have no figure, and none missing."""
    told = []
    nobody = (
        table.numbers["inhabitants"] == 0 if "inhabitants" in table.numbers else np.zeros(len(table.code), dtype=bool)
    )
    fellows: dict[tuple[str, str, bool], list[str]] = {}
    for name, value in table.numbers.items():
        one = catalogue.indicator(name)
        kin = (one.dimension, one.unit if one.kind == "count" else str(one.universe), one.kind == "count")
        if not np.isnan(value).all():
            fellows.setdefault(kin, []).append(name)
    for (_, _, counted), names in fellows.items():
        for name in names:
            zero = (table.numbers[name] == 0) & ~(nobody & counted)  # of nobody, nobody is a true count
            others = [other for other in names if other != name and np.isnan(table.numbers[other]).any()]
            if not zero.any() or not others:
                continue
            given = ~np.isnan(table.numbers[name])
            blank = np.all([np.isnan(table.numbers[other]) for other in others], axis=0) & ~(nobody & counted)
            enough = 1 if len(table.code) >= FEW else FEWEST_ZEROS
            where_blank = (blank & zero).sum() >= enough and zero[blank & given].mean() >= MOST_ZERO
            never = (
                given.all()
                and counted
                and len(others) >= MANY
                and not any((table.numbers[other] == 0).any() for other in others)
            )
            if where_blank or never:
                told.append(
                    f"column {table.titles[name]!r} has 0 where columns like it have no figure "
                    f"({_shown(table, name, zero & blank if where_blank else zero)})"
                )
    return told


def _sums(table: Figures, tree: _Tree) -> list[str]:
    """Find areas whose inhabitants are not those of the areas in it, beyond what rounding explains.

    A municipality of which a few buurten are listed, with less than half of its people, is not compared.
    """
    value = table.numbers.get("inhabitants")
    if value is None:
        return []
    told = []
    is_buurt, is_wijk = tree.level == "BU", tree.level == "WK"
    total, _, there = tree.add_up(value, np.where(is_buurt, tree.municipality, -1))
    few = (there < MANY) & (total < value / 2)
    of_few = np.where(tree.municipality >= 0, few[tree.municipality], few)
    for what, above in (
        ("its wijken", np.where(is_wijk, tree.municipality, -1)),
        ("its buurten", np.where(is_buurt, tree.municipality, -1)),
        ("its buurten", np.where(is_buurt, tree.above, -1)),
    ):
        total, _, there = tree.add_up(value, above)
        allowed = EACH_MAY_BE_OFF * (there + 1) + UNPLACED * np.nan_to_num(value)
        bad = (there > 0) & (np.abs(total - value) > allowed) & ~of_few
        if bad.any():
            rows = np.flatnonzero(bad)
            shown = [f"{table.code[row]} {value[row]:.0f}, {what} {total[row]:.0f}" for row in rows]
            told.append(
                f"the inhabitants of {len(rows)} areas are not those of {what} together ({examples(shown, EXAMPLES)})"
            )
    return told


def _levels(table: Figures, catalogue: Catalogue, tree: _Tree) -> list[str]:
    """Find municipalities and wijken whose figure lies outside those of their own buurten, or is not near their sum."""
    told = []
    buurt = tree.level == "BU"
    inhabitants = table.numbers.get("inhabitants")
    for name, value in table.numbers.items():
        one = catalogue.indicator(name)
        base = next((table.numbers[other] for other in one.weighed_by if other in table.numbers), inhabitants)
        lived_in = buurt if base is None or one.kind == "count" else buurt & (base != 0)
        for what, above, fewest, whole, most in (
            ("municipalities", tree.municipality, MANY, 0.8, MOST_FEW),
            ("wijken", tree.above, 2, 1.0, MOST_FEW_WIJKEN),
        ):
            if what == "wijken" and one.kind not in ("count", "share", "mean"):
                continue  # densities of a wijk and its buurten are about land that is rounded
            below = np.where(lived_in, above, -1)
            total, counted, there = tree.add_up(value, below)
            enough = (counted >= fewest) & (counted >= whole * there) & ~np.isnan(value)
            if one.kind == "count":
                bad = enough & (np.abs(total - value) > value / 2 + max(one.rounding, 1) * (there + 1))
            else:
                low, high = tree.range(value, below)
                room = np.maximum(one.rounding, OUTSIDE * np.abs(value))
                bad = enough & ((value < low - room) | (value > high + room))
            if bad.any() and bad.sum() > most * enough.sum():
                told.append(
                    f"column {table.titles[name]!r}: {int(bad.sum())} {what} do not fit their own buurten "
                    f"({_shown(table, name, bad)})"
                )
    return told


def _parts(table: Figures, catalogue: Catalogue) -> list[str]:
    """Find wholes that are not made by their parts in many areas, or are less than some of their parts."""
    told = []
    for relation in catalogue.relations:
        parts = [name for name in relation.others if name in table.numbers]
        if relation.kind != "parts" or len(parts) < 2 or (relation.of and relation.of not in table.numbers):
            continue
        names = [*parts, *([relation.of] if relation.of else [])]
        whole = table.numbers[relation.of] if relation.of else np.full(len(table.code), 100.0)
        total = np.sum([table.numbers[name] for name in parts], axis=0)
        allowed = 1.5 * max(sum(catalogue.indicator(name).reach for name in names), relation.within)
        complete = len(parts) == len(relation.others)
        known = ~np.isnan(total) & ~np.isnan(whole)
        bad = known & ((total - whole > allowed) | (complete & (whole - total > allowed)))
        if known.any() and bad.sum() > max((MOST_UNEQUAL if complete else MOST_OVER) * known.sum(), 2):
            of = repr(table.titles[relation.of]) if relation.of else "100"
            listed = ", ".join(repr(table.titles[name]) for name in parts)
            rows = [f"{table.code[row]} {total[row]:g} for {whole[row]:g}" for row in np.flatnonzero(bad)]
            told.append(f"columns {listed} do not add up to {of} in {len(rows)} areas ({examples(rows, EXAMPLES)})")
    return told


def _order(table: Figures, catalogue: Catalogue) -> list[str]:
    """Find pairs of which the smaller is larger, that move the wrong way, or of which only one is there."""
    told = []
    for relation in catalogue.relations:
        if relation.kind == "parts" or relation.of not in table.numbers:
            continue
        for other in relation.others:
            if other not in table.numbers:
                continue
            one, two = table.numbers[relation.of], table.numbers[other]
            both = ~np.isnan(one) & ~np.isnan(two)
            pair = f"columns {table.titles[relation.of]!r} and {table.titles[other]!r}"
            if relation.kind == "more":
                bad = both & (one < two)
                if bad.sum() > MOST_WRONG * (both & (two > 0)).sum() and bad.sum() >= EXAMPLES:
                    rows = [f"{table.code[row]} {one[row]:g} and {two[row]:g}" for row in np.flatnonzero(bad)]
                    told.append(f"{pair}: the first should be more ({examples(rows, EXAMPLES)})")
            elif relation.kind == "together":
                bad = np.isnan(one) != np.isnan(two)
                if bad.sum() > max(MOST_ALONE * both.sum(), 2):
                    rows = [str(code) for code in table.code[bad]]
                    told.append(f"{pair}: {len(rows)} areas have one of the two ({examples(rows, EXAMPLES)})")
            elif both.sum() >= FEW:
                sign = 1 if relation.kind == "along" else -1
                found = float(np.corrcoef(_ranks(one[both]), _ranks(two[both]))[0, 1])
                if sign * found < -relation.within:
                    told.append(
                        f"{pair} should go {'up together' if sign > 0 else 'against each other'}, and do the opposite "
                        f"({_shown(table, relation.of, both)})"
                    )
    return told


def _ranks(value: FloatArray) -> FloatArray:
    """Rank numbers; equal ones in the order they stand, which matters little here."""
    rank = np.empty(len(value))
    rank[np.argsort(value, kind="stable")] = np.arange(len(value))
    return rank


def _shift(table: Figures) -> list[str]:
    """Find columns that fit the others better a row up or down, and a first or last row without any figure."""
    names = [name for name, value in table.numbers.items() if (~np.isnan(value)).sum() >= FEW]
    if len(table.code) < FEW or len(names) < 2:
        return []
    told = [*_columns_apart(table, names), *_alike(table, names)]
    if len(names) >= MANY:
        for row, which in ((0, "first"), (-1, "last")):
            unknown = table.code[row].endswith(UNKNOWN_PLACE)
            if not unknown and all(np.isnan(table.numbers[name][row]) for name in names):
                told.append(
                    f"the {which} area, {table.code[row]}, has no figure at all, as when figures moved by a row"
                )
    return told


def _alike(table: Figures, names: Sequence[str]) -> list[str]:
    """Find neighbours of one level with the same figures in every column, as where a part of a table moved by a row."""
    values = np.array([table.numbers[name] for name in names])
    same = (values[:, 1:] == values[:, :-1]) | (np.isnan(values[:, 1:]) & np.isnan(values[:, :-1]))
    filled = (~np.isnan(values[:, 1:]) & (values[:, 1:] > 0)).sum(axis=0) >= FILLED
    level = [code[:2] for code in table.code]
    rows = np.flatnonzero(same.all(axis=0) & filled & (np.array(level[1:]) == np.array(level[:-1])))
    shown = [f"{table.code[row]} and {table.code[row + 1]}" for row in rows]
    return [f"{len(rows)} areas have all figures of the area above ({examples(shown, EXAMPLES)})"] if shown else []


def _columns_apart(table: Figures, names: Sequence[str]) -> list[str]:
    """Find columns whose best companion among the others is closer when they are moved up or down by a row."""
    values = np.array([table.numbers[name][:ROWS_COMPARED] for name in names])
    ranks = pd.DataFrame(values.T).rank()
    ranks = (ranks - ranks.mean()).fillna(0.0)
    size = np.sqrt((ranks**2).sum())
    scores = (ranks / size.where(size > 0, 1.0)).to_numpy().T
    best = {}
    for step in (0, 1, -1):
        moved = np.roll(scores, step, axis=1)
        moved[:, : step or None if step > 0 else 0] = 0.0
        close = np.abs(moved @ scores.T)
        np.fill_diagonal(close, 0.0)
        best[step] = close
    told = []
    closer = CLOSER * max(1.0, ROWS_SURE / values.shape[1]) ** 0.5  # among few rows many a column fits by chance
    here = best[0].max(axis=1)
    for step, way in ((-1, "up"), (1, "down")):
        there = best[step].max(axis=1)
        gain = there - here
        bad = np.flatnonzero((gain > closer) & (there > CLOSE))
        if len(bad):
            # the closest companion of a column that was moved fits better moved too: blame who gains with most others
            gainers = (best[step] > best[0] + closer).sum(axis=1)
            worst = bad[np.lexsort((gain[bad], gainers[bad]))[-1]]
            name = names[worst]
            rows = np.flatnonzero(~np.isnan(table.numbers[name]))[:EXAMPLES]
            mask = np.isin(np.arange(len(table.code)), rows)
            told.append(
                f"column {table.titles[name]!r} fits the others better a row {way} ({_shown(table, name, mask)})"
            )
    return told


def _codes(table: Figures, known: Elsewhere) -> list[str]:
    """Find areas that were not there in the year of the table, where it has the division of its own year."""
    if "inhabitants" not in table.numbers:
        return []
    code = pd.Series(table.code, dtype="str")
    local = code[code.str.slice(0, 2).isin(LOCAL)]
    own = "GM" + local.str.slice(2, 6)
    spans = {one: known.lifetimes.get(one, ALWAYS) for one in own.unique()}
    early = {one: f"from {first}" for one, (first, _) in spans.items() if table.year < first}
    gone = {one: f"until {last}" for one, (_, last) in spans.items() if table.year > last}
    outside = own.map(early | gone).dropna()
    wrong = [f"{one}, {span}" for one, span in zip(local[outside.index], outside, strict=True)]
    if table.year < LETTERS_SINCE:
        letters = local[local.str.slice(6).str.contains("[^0-9x]") & ~local.index.isin(outside.index)]
        wrong += [f"{one}, with letters, from {LETTERS_SINCE} at the earliest" for one in letters]
    return [f"{len(wrong)} codes were not there in {table.year} ({examples(wrong, EXAMPLES)})"] if wrong else []


def _year(table: Figures, known: Elsewhere) -> list[str]:
    """Find a country with the inhabitants of another year."""
    rows = np.flatnonzero(table.code == "NL00")
    value = table.numbers.get("inhabitants")
    if value is None or not len(rows):
        return []
    people = float(value[rows[0]])
    own = known.country.get(table.year)
    other = [year for year, there in known.country.items() if there == people and year != table.year]
    if own == people or not other:
        return []
    return [f"NL00 has the {people:.0f} inhabitants of {other[0]}, not those of {table.year}"]


def known_beside(folder: Path) -> Elsewhere:
    """Read what the project knows: inhabitants of the country, and which municipalities began and ended when."""
    return _known(folder, (folder / "mapping.csv").stat().st_mtime_ns if (folder / "mapping.csv").is_file() else 0)


@cache
def _known(folder: Path, _changed: int) -> Elsewhere:
    country: dict[int, float] = {}
    for path in sorted(folder.glob("*/kwb_panel_national.csv")):
        for row in _rows(path):
            if (row["code"], row["indicator"]) == ("NL00", "inhabitants"):
                country[int(row["year"])] = float(row["value"])
    moves = [row for row in _rows(folder / "mapping.csv") if row["from_code"].startswith("GM")]
    stays = {(row["to_code"], row["to_year"]) for row in moves if row["kind"] == "same"}
    lifetimes: dict[str, tuple[int, int]] = {}
    for row in moves:
        before, after = row["from_code"], row["to_code"]
        if row["kind"] != "same" and (before, row["to_year"]) not in stays:
            lifetimes[before] = (lifetimes.get(before, ALWAYS)[0], int(row["from_year"]))
        if (after, row["to_year"]) not in stays:
            lifetimes[after] = (int(row["to_year"]), lifetimes.get(after, ALWAYS)[1])
    return Elsewhere(country, lifetimes)


def _rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV of the project; none when it is not there."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
