"""A number is printed as a reader would write it, and can be read back from the text."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.words import numbers

NBSP = "\u00a0"
UNITS = (*numbers.PATTERNS, "index", "per_thousand", "score_points", "number")
WORDS = {word for pattern in numbers.PATTERNS.values() for text in pattern.values() for word in text.split()} - {"{n}"}


def half_up(value: float, decimals: int) -> Fraction:
    """Round the digits that a float prints, halves away from zero."""
    scaled = abs(Fraction(repr(value))) * 10**decimals
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def read(text: str, language: str) -> Fraction:
    """Read a printed number back: unit words out, separators by language, a true minus in front."""
    thousands, point = {"nl": (".", ","), "en": (",", ".")}[language]
    for word in sorted(WORDS, key=len, reverse=True):
        text = text.replace(word.replace("{n}", ""), "")
    digits = text.replace(NBSP, "").replace(thousands, "").replace(point, ".")
    assert set(digits) <= set("0123456789.−"), digits
    return Fraction(digits.replace("−", "-"))


@pytest.mark.parametrize(("value", "decimals", "wanted"), [
    (0.125, 2, "0,13"),  # binary rounding to even would give 0,12
    (2.675, 2, "2,68"),  # the float lies below 2.675, its digits do not
    (-2.675, 2, "−2,68"), (0.5, 0, "1"), (1.5, 0, "2"), (-0.5, 0, "−1"), (0.05, 1, "0,1"), (999.95, 1, "1.000,0"),
    (1234567.891, 2, "1.234.567,89"), (1e-9, 3, "0,000"),
])  # fmt: skip
def test_halves_go_up_on_the_digits_that_are_printed(value: float, decimals: int, wanted: str) -> None:
    assert numbers.digits(value, "nl", decimals) == wanted
    assert numbers.digits(value, "en", decimals) == wanted.translate(str.maketrans(".,", ",."))


@pytest.mark.parametrize("value", [-0.0, -0.04, -1e-12])
@pytest.mark.parametrize("language", numbers.LANGUAGES)
def test_there_is_no_minus_zero(value: float, language: str) -> None:
    assert numbers.number(value, "percent", language).startswith("0")
    assert not numbers.rounded(value, 1).is_signed()


@pytest.mark.parametrize(("value", "unit", "decimals", "nl", "en"), [
    (27.3, "thousand_euro", 1, "€ 27.300", "€27,300"),
    (27.34, "thousand_euro", None, "€ 27.000", "€27,000"),
    (27.35, "thousand_euro", 1, "€ 27.400", "€27,400"),
    (-1.25, "thousand_euro", 1, "−€ 1.300", "−€1,300"),
    (27300.4, "euro", None, "€ 27.300", "€27,300"),
    (12.5, "percent", None, "12,5 %", "12.5%"),
    (80, "percent", 0, "80 %", "80%"),
    (1.2, "points", None, "1,2 procentpunt", "1.2 percentage points"),
    (-1.2, "points", None, "−1,2 procentpunt", "−1.2 percentage points"),
    (1234, "persons", None, "1.234 personen", "1,234 persons"),
    (56, "neighbourhoods", None, "56 buurten", "56 neighbourhoods"),
    (0.3456, "index", None, "0,346", "0.346"),
    (1234.5, "number", None, "1.235", "1,235"),
    (2.25, "years", None, "2,3 jaar", "2.3 years"),
])  # fmt: skip
def test_patterns_of_both_languages(value: float, unit: str, decimals: int | None, nl: str, en: str) -> None:
    assert numbers.number(value, unit, "nl", decimals) == nl.replace(" ", NBSP)
    assert numbers.number(value, unit, "en", decimals) == en.replace(" ", NBSP)


def test_a_table_cell_has_no_unit_and_a_year_no_separator() -> None:
    assert numbers.number(12.5, "percent", "nl", bare=True) == "12,5"
    assert numbers.number(-27.3, "thousand_euro", "nl", 1, bare=True) == "−27.300"
    assert numbers.number(2019, "year", "nl") == "2019"
    assert numbers.number(2019.0, "year", "en") == "2019"


@pytest.mark.parametrize("value", [None, float("nan"), np.float64("nan")])
@pytest.mark.parametrize("unit", ["percent", "year", "thousand_euro"])
def test_a_missing_number_is_a_dash_and_never_a_zero(value: float | None, unit: str) -> None:
    assert (numbers.number(value, unit, "nl"), numbers.number(value, unit, "en", bare=True)) == ("–", "–")


def test_digits_follow_unit_indicator_range_and_draws() -> None:
    assert numbers.decimals_of("index") == 3
    assert numbers.decimals_of("index", 1) == 1
    assert numbers.decimals_of("percent", 0) == 0
    assert numbers.decimals_of("persons") == 0
    assert numbers.decimals_for("thousand_euro", 19.9) == 1
    assert numbers.decimals_for("thousand_euro", 20) is None
    assert numbers.decimals_for("thousand_euro", None) is None
    assert numbers.decimals_for("percent", 0.1) is None
    assert numbers.decimals_held("points", None, 0.0) == 1
    assert numbers.decimals_held("points", None, 0.0125) == 1
    assert numbers.decimals_held("points", None, 0.013) == 0
    assert numbers.decimals_held("index", None, 0.001) == 2
    assert numbers.decimals_held("thousand_euro", 1, 0.1) == 0
    assert numbers.decimals_held("points", 2, 9.0) == 0  # whole ones at least


@given(st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False), st.sampled_from(UNITS), st.integers(0, 4),
       st.booleans())  # fmt: skip
def test_what_is_printed_reads_back_as_the_rounded_value(value: float, unit: str, decimals: int, bare: bool) -> None:
    wanted = half_up(value, decimals)
    if unit == "thousand_euro":
        wanted = half_up(float(wanted * 1000), 0)
    for language in numbers.LANGUAGES:
        text = numbers.number(value, unit, language, decimals, bare=bare)
        assert read(text, language) == wanted
        assert " " not in text and "-" not in text
        assert text.startswith("−") == (wanted < 0)
