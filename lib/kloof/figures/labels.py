"""Letters, how wide they are, and places for labels that do not overlap.

The font comes from the installed package, never from the system; matplotlib knows it under our own name.
"""

import math
import os
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from kloof.errors import ReportError

FloatArray = npt.NDArray[np.float64]

FONT = "Source Sans Pro of kloof"
LETTER = 17.0  # height of letters in a figure 640 wide; on a phone the page is about half as wide
LINE = 22.0  # from one line of letters to the next


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels along one axis so that none is nearer than `gap` to the next and all lie in low–high.

    The order stays and the sum of squared moves is the smallest possible: bounded isotonic regression of
    wanted − rank × gap by pooling neighbours (Barlow, Bartholomew, Bremner & Brunk 1972, ch. 1).
    Raises ReportError when there is no room.
    """
    room = high - low - gap * (len(wanted) - 1)
    if room < -1e-9:
        raise ReportError(
            f"{len(wanted)} labels of {gap:g} do not fit in {high - low:g}: the figure is too small for them."
        )
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        mean, size = wanted[index] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    moved = [min(max(mean, low), low + max(room, 0.0)) for mean, size in pools for _ in range(size)]
    places = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        places[index] = moved[rank] + rank * gap
    return places


def swarm(along: Sequence[float], size: float) -> list[float]:
    """Give each dot the smallest distance from the line at which it overlaps no earlier one.

    `along` are places on the line and `size` is the width of a dot.
    """
    away = [0.0] * len(along)
    placed: list[tuple[float, float]] = []
    for index in sorted(range(len(along)), key=lambda index: along[index]):
        place = along[index]
        placed = [dot for dot in placed if place - dot[0] < size]
        tries = (side * step * size / 4 for step in count() for side in (1, -1))
        away[index] = next(
            y for y in tries if all((place - x) ** 2 + (y - other) ** 2 >= size**2 * 0.999 for x, other in placed)
        )
        placed.append((place, away[index]))
    return away


def room_between(along: FloatArray, upper: FloatArray, lower: FloatArray, text: str, *, at_end: bool) -> float | None:
    """Find the height at which a text fits between two lines at one end; None when it does not.

    Takes places in the figure (`along` increases, y runs down); each end may use half the length.
    """
    length = wide(text) + 18
    if 2 * length > along[-1] - along[0]:
        return None
    covered = along[-1] - np.linspace(0, length, 25) if at_end else along[0] + np.linspace(0, length, 25)
    top, bottom = np.interp(covered, along, upper).max(), np.interp(covered, along, lower).min()
    return float(top + bottom) / 2 if bottom - top > LINE + 10 else None


def flow(widths: Sequence[float], room: float) -> list[tuple[int, float]]:
    """Set pieces side by side in lines no wider than `room`; gives the line and the place of each."""
    places: list[tuple[int, float]] = []
    line, start = 0, 0.0
    for width in widths:
        if start and start + width > room:
            line, start = line + 1, 0.0
        places.append((line, start))
        start += width
    return places


def learn_font() -> None:
    """Tell matplotlib once where the installed font is; it is known there only under our own name."""
    from font_source_sans_pro import font_files_ttf
    from matplotlib.font_manager import FontEntry, fontManager

    if not any(entry.name == FONT for entry in fontManager.ttflist):
        for weight, file in ((400, "SourceSansPro"), (700, "SourceSansProSemibold")):
            fontManager.ttflist.append(FontEntry(fname=font_files_ttf[file], name=FONT, weight=weight))


class _Letters:
    """The letters of one weight: each word is set once, and its right edge and where the next would begin are kept.

    In this font no letter moves for a space beside it, so a line is as wide as its words and spaces; a test sets lines
    whole.
    """

    def __init__(self, weight: int):
        from matplotlib.font_manager import FontProperties, findfont, get_font
        from matplotlib.textpath import text_to_path

        learn_font()
        self._setter = text_to_path
        self._font = get_font(findfont(FontProperties(family=[FONT], weight=weight)))
        self._outlines: OrderedDict[str, Any] = OrderedDict()
        self._words: dict[str, tuple[float, float]] = {"": (-math.inf, 0.0)}
        self._space = self._set("a a")[1] - self._set("a")[1] - self._set("a")[1]

    def end(self, line: str) -> float:
        """Give the right edge of a line that is set from 0."""
        start, furthest = 0.0, 0.0
        for word in line.split(" "):
            if word not in self._words:
                self._words[word] = self._set(word)
            edge, advance = self._words[word]
            furthest = max(furthest, start + edge)
            start += advance + self._space
        return furthest * (LETTER / float(self._setter.FONT_SCALE))

    def _set(self, word: str) -> tuple[float, float]:
        """Set a word; give its right edge, and the place of a space behind it."""
        self._font.set_size(self._setter.FONT_SCALE, self._setter.DPI)  # the font is shared with who draws
        placed, _, _ = self._setter.get_glyphs_with_font(self._font, word + " ", glyph_map=self._outlines)
        edges = [place + float(self._outlines[letter][0][:, 0].max(initial=-place)) for letter, place, _, _ in placed]
        return max(edges), float(placed[-1][1])


@cache
def _letters(weight: int) -> _Letters:
    return _Letters(weight)


if hasattr(os, "register_at_fork"):  # a copy of this process must open the font's file for itself
    os.register_at_fork(after_in_child=_letters.cache_clear)


@lru_cache(maxsize=4096)
def wide(text: str, *, bold: bool = False) -> float:
    """Measure the widest line of a text."""
    letters = _letters(700 if bold else 400)
    return max((letters.end(line) for line in text.split("\n") if line.strip()), default=0.0)


def wrap(text: str, room: float, *, bold: bool = False) -> str:
    """Break a text between words into as few lines of at most `room` as possible, of about the same width.

    A single word that is wider stays whole; a percent sign stays with its number.
    """
    words = text.replace(" %", "\u00a0%").split(" ")
    lines = _fill_lines(words, room, bold=bold)
    while (narrower := _fill_lines(words, max(wide(line, bold=bold) for line in lines) - 1, bold=bold)) != lines:
        if len(narrower) > len(lines):
            break
        lines = narrower
    return "\n".join(lines)


def _fill_lines(words: Sequence[str], room: float, *, bold: bool) -> list[str]:
    """Put as many words on each line as fit."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and wide(longer, bold=bold) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shorten(text: str, room: float, *, bold: bool = False) -> str:
    """Cut a name that is wider than `room` and end it with three dots; its table gives it whole."""
    if wide(text, bold=bold) <= room:
        return text
    kept = next((end for end in range(len(text) - 1, 0, -1) if wide(text[:end].rstrip() + "…", bold=bold) <= room), 1)
    return text[:kept].rstrip() + "…"


def year_ticks(years: Sequence[int], width: float) -> list[int]:
    """Choose the years to print along an axis: the first, the last and an even step back from it."""
    present = sorted(set(years))
    first, last = present[0], present[-1]
    room = math.ceil(48 * (last - first + 1) / width)
    chosen = [year for year in range(last, first, -room) if year in present and year - first >= room]
    return [first, *reversed(chosen)] if first != last else [first]
