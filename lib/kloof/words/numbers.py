"""Writes a number in Dutch or English. Rounding happens here and nowhere else."""

import math
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_decimal

LANGUAGES = ("nl", "en")
SPACE = "\u00a0"  # a number and its unit stay on one line
MINUS = "\u2212"
MISSING = "–"

DECIMALS = {
    "percent": 1,
    "points": 1,
    "thousand_euro": 0,
    "index": 3,
    "per_thousand": 1,
    "persons_per_household": 1,
    "kilometre": 1,
    "score_points": 3,
    "probability": 3,
    "years": 1,
    "classes": 1,
    "times_smallest": 1,
}

_HELD = 8  # times the error of drawing: two sets of draws then seldom print differently, and never two digits apart

# Whole patterns per language: nothing is glued from halves.
PATTERNS = {
    "percent": {"nl": "{n} %", "en": "{n}%"},
    "points": {"nl": "{n} procentpunt", "en": "{n} percentage points"},
    "euro": {"nl": "€ {n}", "en": "€{n}"},
    "thousand_euro": {"nl": "€ {n}", "en": "€{n}"},
    "persons": {"nl": "{n} personen", "en": "{n} persons"},
    "households": {"nl": "{n} huishoudens", "en": "{n} households"},
    "dwellings": {"nl": "{n} woningen", "en": "{n} dwellings"},
    "neighbourhoods": {"nl": "{n} buurten", "en": "{n} neighbourhoods"},
    "years": {"nl": "{n} jaar", "en": "{n} years"},
    "rank_points": {"nl": "{n} percentielpunten", "en": "{n} percentile points"},
}


def rounded(value: float, decimals: int) -> Decimal:
    """Round half up on decimal digits (0.125 → 0.13), as a reader would; never gives minus zero."""
    step = Decimal(1).scaleb(-decimals)
    result = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP)
    return abs(result) if result == 0 else result


def digits(value: float, language: str, decimals: int) -> str:
    """Write a bare number: `1.234,5` or `1,234.5`, with a true minus."""
    amount = rounded(value, decimals)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    text = str(format_decimal(abs(amount), format=pattern, locale=language))
    return (MINUS if amount < 0 else "") + text


def decimals_of(unit: str, decimals: int | None = None) -> int:
    """Digits behind the comma for a unit, unless the indicator says otherwise."""
    return DECIMALS.get(unit, 0) if decimals is None else decimals


def decimals_for(unit: str, width: float | None) -> int | None:
    """Digits that a number deserves beside a range of this width; None: as the unit has.

    A change of a few thousand euro with a range as narrow is written in hundreds, so that no end of it reads as 0.
    """
    return 1 if unit == "thousand_euro" and width is not None and width < 20 else None


def decimals_held(unit: str, decimals: int | None, error: float) -> int:
    """Digits of an end of a range that hold whatever is drawn, `error` being its standard error by drawing.

    What the last one is worth is eight times that error or more, or it is a whole one.
    """
    places = decimals_of(unit, decimals)
    while places > 0 and 10.0**-places < _HELD * error:
        places -= 1
    return places


def number(value: float | None, unit: str, language: str, decimals: int | None = None, *, bare: bool = False) -> str:
    """Write a number with its unit in a language: `€ 27.300`, `12,5 %`, `1.2 percentage points`.

    `value` is in `unit` (thousand_euro is printed in euro, at the precision of its decimals); None gives a dash.
    With `bare` the unit is left out (for table cells, whose head names it).
    """
    if value is None or math.isnan(value):
        return MISSING
    if unit == "year":
        return str(int(value))
    places = decimals_of(unit, decimals)
    if unit == "thousand_euro":
        text = digits(float(rounded(value, places)) * 1000, language, 0)
    else:
        text = digits(value, language, places)
    if bare or unit not in PATTERNS:
        return text
    sign = MINUS if text.startswith(MINUS) else ""
    return sign + PATTERNS[unit][language].format(n=text.removeprefix(MINUS)).replace(" ", SPACE)
