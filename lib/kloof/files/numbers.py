"""Reads the cells of a column: each a number, or none; a sign that could part thousands or decimals is decided or told.

One rule for every kind of file. `1,054` is a thousand and fifty-four, or one and a little: the other cells of its
column say which, else what the column can hold (range, and the step to which its figures are rounded), else the sign
that the rest of the file uses for decimals. Where none does, there are two readings, and nothing is taken.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isfinite, isinf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import examples

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
LONG_CELL = 60  # signs of a cell that is no number that are shown
WITHHELD = frozenset({".", "x"})  # what publishers write where there is a figure that they do not give
MISSING = WITHHELD | {"", "-", "na", "nan", "null", "none", "<na>"}
MARKS = (-99997, -99995, -99999999)  # what CBS writes where there is no figure
NOT_YET = "-99995"  # of these, the one that says that a figure is not published, not that it is withheld
MARK = re.compile(rf"(-(?:{'|'.join(str(-mark) for mark in MARKS)}))(?:[.,]0+)?")
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
EITHER = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3}){2,}(?:\.\d+)?|[-+]?[1-9]\d{0,2}(?:,\d{3})+\.\d+")
GROUPED_BY_POINT = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?|[-+]?[1-9]\d{0,2}(?:\.\d{3})+,\d+")
OTHER = {",": ".", ".": ","}
NUMBERS = ("floating", "integer", "mixed-integer-float")  # what pandas calls a column of these


@dataclass(frozen=True)
class Expected:
    """What a column can hold, as it stands in the file: lowest and highest number, and step of rounding (0: any)."""

    low: float = -inf
    high: float = inf
    step: float = 0.0

    def holds(self, values: Sequence[float]) -> bool:
        """Tell whether all numbers lie in the range."""
        return all(self.low <= value <= self.high for value in values)

    def fits(self, values: Sequence[float]) -> bool:
        """Tell whether all numbers are whole steps."""
        return self.step <= 0 or all(abs(value / self.step - round(value / self.step)) < 1e-6 for value in values)


@dataclass(frozen=True)
class Cells:
    """The different texts of a column, each read once; `places` says which text each cell has.

    `value` reads a sign that could be either as the decimal one. `empty`: no figure; `withheld`: with a mark that says
    that it is not given; `wrong`: neither. `decimal` and
    `grouping` are the signs that a text is sure to use for decimals and for thousands; `either` the sign it may use
    for one or the other; a column of numbers has none of these.
    """

    places: NDArray[np.intp]
    text: NDArray[np.object_]
    value: FloatArray
    empty: BoolArray
    withheld: BoolArray
    wrong: BoolArray
    decimal: NDArray[np.object_]
    grouping: NDArray[np.object_]
    either: NDArray[np.object_]

    def signs(self) -> Mapping[str, str]:
        """Give the signs that are sure to be decimal, each with a text that uses it."""
        return {sign: str(self.text[self.decimal == sign][0]) for sign in OTHER if (self.decimal == sign).any()}


@dataclass(frozen=True)
class Parsed:
    """The cells of a column: numbers (missing where there is none), and what is known of those without.

    `empty`, `withheld`, `text` and `wrong` are as in `Cells`, for each cell. `unclear` names the two readings when a
    sign cannot be decided; the numbers are then no numbers.
    """

    value: FloatArray
    empty: BoolArray
    withheld: BoolArray
    text: NDArray[np.object_]
    wrong: BoolArray
    unclear: str = ""
    signs: Mapping[str, str] = field(default_factory=dict)


def look(cells: "pd.Series[Any]") -> Cells:
    """Read a column; text is read once per different text."""
    if _are_numbers(cells):
        return _of_numbers(cells)
    plain = cells.astype("object")
    try:
        places, texts = pd.factorize(plain, use_na_sentinel=True)
    except TypeError:  # a list or an object of JSON: no number, and said so
        places, texts = pd.factorize(plain.map(lambda one: repr(one) if isinstance(one, (list, dict)) else one))
    known = [_cell(text) for text in texts] + [(np.nan, True, "", False, "", "", "")]
    number, empty, shown, wrong, *signs = (np.array(part, dtype=object) for part in zip(*known, strict=True))
    places = np.where(places < 0, len(texts), places)
    none = empty.astype(bool)
    held = [text.lower() in WITHHELD or (text.startswith("-9") and text != NOT_YET) for text in shown]
    withheld = none & np.array(held, dtype=bool)
    return Cells(places, shown, number.astype("float64"), none, withheld, wrong.astype(bool), *signs)


def _of_numbers(cells: "pd.Series[Any]") -> Cells:
    """Read a column of numbers."""
    try:
        value = np.asarray(cells.to_numpy(), dtype="float64")  # a tenth of the time of the other, of Python's numbers
    except (TypeError, ValueError):  # pd.NA is no number to numpy
        value = cells.to_numpy(dtype="float64", na_value=np.nan)
    except OverflowError:  # whole numbers of hundreds of digits, in JSON
        value = np.array([_float(cell) for cell in cells], dtype="float64")
    text = np.full(len(value), "", dtype=object)
    none = np.zeros(len(value), dtype=bool)
    empty, withheld = np.isnan(value), none
    if (value <= max(MARKS)).any():
        marked = np.isin(value, MARKS)
        for mark in MARKS:
            text[value == mark] = str(mark)
        empty, withheld = empty | marked, marked & (text != NOT_YET)
        value = np.where(marked, np.nan, value)
    blank = np.array([], dtype=object)  # a number has no signs
    wrong = np.isinf(value)
    if wrong.any():
        text[wrong], value = "infinite", np.where(wrong, np.nan, value)
    return Cells(np.arange(len(value)), text, value, empty, withheld, wrong, blank, blank, blank)


def _are_numbers(cells: "pd.Series[Any]") -> bool:
    """Tell whether a column holds numbers and nothing else but gaps; as the columns of a database do."""
    if cells.dtype == object:
        plain = cells.to_numpy()
        if len(plain) and isinstance(plain[0], str):
            return False
        return pd.api.types.infer_dtype(plain, skipna=True) in NUMBERS
    return pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)


def _cell(cell: object) -> tuple[float, bool, str, bool, str, str, str]:
    """Read one cell: number, whether it is empty, its text, whether it is neither, and its signs (`Cells`)."""
    if isinstance(cell, bool):
        return np.nan, False, str(cell), True, "", "", ""
    if isinstance(cell, (int, float)):
        if isinf(_float(cell)):
            return np.nan, False, shortened(str(cell)), True, "", "", ""
        text = f"{cell:.0f}" if float(cell).is_integer() else repr(cell)
        marked = MARK.fullmatch(text) is not None
        return np.nan if marked else float(cell), marked, text, False, "", "", ""
    return _text(str(cell))


@lru_cache(maxsize=65_536)  # most texts stand in many columns
def _text(cell: str) -> tuple[float, bool, str, bool, str, str, str]:
    """Read one cell of text."""
    text = cell.strip()
    if text.lower() in MISSING:
        return np.nan, True, text, False, "", "", ""
    if text[0] == "-" and (mark := MARK.fullmatch(text)):
        return np.nan, True, mark[1], False, "", "", ""
    if NUMBER.fullmatch(text):
        sign = "," if "," in text else "." if "." in text else ""
        value = float(text.replace(",", "."))
        if isinf(value):
            return np.nan, False, shortened(text), True, "", "", ""
        if sign and EITHER.fullmatch(text):
            return value, False, text, False, "", "", sign
        return value, False, text, False, sign, "", ""
    for grouping, pattern in ((",", GROUPED), (".", GROUPED_BY_POINT)):
        if pattern.fullmatch(text):
            decimal = OTHER[grouping] if OTHER[grouping] in text else ""
            value = float(text.replace(grouping, "").replace(",", "."))
            if isfinite(value):
                return value, False, text, False, decimal, grouping, ""
    return np.nan, False, shortened(text), True, "", "", ""


def _float(cell: float) -> float:
    """Give a number as a float; infinite where it is too large for one."""
    try:
        return float(cell)
    except OverflowError:
        return inf if cell > 0 else -inf


def shortened(text: str) -> str:
    """Show the begin of a long text, and how long it is."""
    return text if len(text) <= LONG_CELL else f"{text[:LONG_CELL]}… ({len(text):,} signs)"


def settle(cells: Cells, expected: Expected, decimal: str = "") -> Parsed:
    """Decide the signs of a column; `decimal` is the sign for decimals elsewhere in the file, blank when not known."""
    value, unclear = cells.value, _at_odds(cells)
    unsure = cells.either != ""
    if unsure.any():
        value, told = _decided(cells, unsure, expected, decimal)
        unclear = unclear or told
    at = cells.places
    return Parsed(
        value[at], cells.empty[at], cells.withheld[at], cells.text[at], cells.wrong[at], unclear, cells.signs()
    )


def _at_odds(cells: Cells) -> str:
    """Name two texts of a column of which one parts by a sign what the other does not."""
    parting = {sign: str(cells.text[cells.grouping == sign][0]) for sign in OTHER if (cells.grouping == sign).any()}
    signs = cells.signs()
    shown = (
        [*parting.values()]
        if len(parting) == 2
        else [f"{parting[one]}, {signs[one]}" for one in parting if one in signs]
    )
    return " and ".join(shown)


def _decided(cells: Cells, unsure: BoolArray, expected: Expected, decimal: str) -> tuple[FloatArray, str]:
    """Read the texts whose sign could be either one way; without a reason to, give none and name both."""
    sure = {sign for sign in OTHER if (cells.decimal == sign).any()}
    parting = {sign for sign in OTHER if (cells.grouping == sign).any()}
    kinds = {sign: unsure & (cells.either == sign) for sign in OTHER}
    value, told = cells.value.copy(), []
    both = all(kind.any() for kind in kinds.values())
    for sign, kind in kinds.items():
        if not kind.any():
            continue
        read = [float(one) for one in value[kind]]
        thousands = [round(1000 * one) for one in read]
        if sign in sure or OTHER[sign] in parting:
            way = "decimals"
        elif sign in parting or OTHER[sign] in sure:
            way = "thousands"
        elif both:
            way = ""
        else:
            plain = cells.value[~unsure & ~cells.empty & ~cells.wrong]
            way = _by_what_it_holds(read, thousands, plain, expected) or ("thousands" if decimal == OTHER[sign] else "")
        if way == "thousands":
            value[kind] = thousands
        elif not way:
            value[kind] = np.nan
            shown = f"{cells.text[kind][0]} can be {thousands[0]} or {read[0]:g}".replace("or 0 ", "or ")
            told.append(f"{shown} (so can {int(kind.sum()) - 1} more: {examples(list(cells.text[kind][1:]), 2)})"
                        if kind.sum() > 1 else shown)  # fmt: skip
    return value, "; ".join(told)


def _by_what_it_holds(read: Sequence[float], thousands: Sequence[float], plain: FloatArray, expected: Expected) -> str:
    """Decide by range, by the other numbers of the column, and by the step to which its figures are rounded."""
    inside, inside_thousands = expected.holds(read), expected.holds(thousands)
    if inside != inside_thousands:
        return "decimals" if inside else "thousands"
    if not inside:
        return ""
    if len(plain) and not (np.abs(plain) < 1000).all():
        return "decimals" if expected.fits(read) else ""  # who parts thousands would have parted these
    if not expected.fits(read):
        return "thousands"
    return "thousands" if len(plain) and expected.step >= 1 else ""
