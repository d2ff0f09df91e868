"""Figures that cannot be right are refused by the name of a check, with three examples, and can be accepted by it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError, SchemaError
from kloof.files.areas import parent
from kloof.files.plausible import CHECKS, Allowed, Elsewhere, _joined, check, known_beside
from kloof.files.reading import Figures

BUURTEN = [f"BU075800{n:02d}" for n in range(6)]
MANY = [f"BU0758{n:04d}" for n in range(40)]
KNOWN = Elsewhere({2016: 16_979_120, 2017: 17_081_507}, {"GM0714": (0, 2017), "GM1980": (2022, 9999)})
UP_AND_DOWN = 300 + 50 * np.sin(np.arange(40.0) * 2.4)
Case = tuple[list[str], dict[str, list[float] | np.ndarray], str]
CASES: dict[str, Case] = {
    "unit": (BUURTEN, {"mean_dwelling_value": [251, 252e3, 253e3, 254e3, 255e3, 256]},
             "has 4 figures outside 20 to 5000 thousand_euro (BU07580001 252000, BU07580002 253000, BU07580003 254000"),
    "zeros": (BUURTEN, {"owner_occupied_share": [40, 0, 0, 0, 0, 41],
                        "rental_share": [60, np.nan, np.nan, np.nan, np.nan, 59]},
              "has 0 where columns like it have no figure (BU07580001 0, BU07580002 0, BU07580003 0"),
    "sums": (["GM0758", *BUURTEN], {"inhabitants": [900, *[100] * 6]},
             "the inhabitants of 1 areas are not those of its buurten together (GM0758 900, its buurten 600)"),
    "levels": (["GM0758", *BUURTEN], {"owner_occupied_share": [90, 10, 20, 30, 40, 50, 60]},
               "1 municipalities do not fit their own buurten (GM0758 90)"),
    "parts": (BUURTEN, {"inhabitants": [100] * 6, "inhabitants_men": [50, 50, 20, 20, 20, 20],
                        "inhabitants_women": [50] * 6},
              "do not add up to 'inhabitants' in 4 areas (BU07580002 70 for 100, BU07580003 70 for 100, BU07580004 70"),
    "order": (BUURTEN, {"inhabitants": [50] * 6, "households": [100] * 6},
              "the first should be more (BU07580000 50 and 100, BU07580001 50 and 100, BU07580002 50 and 100, and 3"),
    "shift": (MANY, {"population_density": UP_AND_DOWN, "address_density": np.roll(UP_AND_DOWN, 1)},
              "fits the others better a row"),
    "codes": (["GM0714", "GM1980", "BU1980AB00", "BU0758AB00"], {"inhabitants": [5, 5, 5, 5]},
              "3 codes were not there in 2017 (GM1980, from 2022, BU1980AB00, from 2022, BU0758AB00, with letters"),
    "year": (["NL00"], {"inhabitants": [16_979_120]}, "NL00 has the 16979120 inhabitants of 2016, not those of 2017"),
}  # fmt: skip


def checked(name: str, catalogue: Catalogue, *accepted: str, year: int = 2017) -> list[tuple[int, str, str]]:
    codes, columns, _ = CASES[name]
    numbers = {title: np.array(column, dtype="float64") for title, column in columns.items()}
    figures = Figures("own.csv", year, np.array(codes, dtype=object), numbers, {title: title for title in columns})
    areas = pd.DataFrame({"code": codes, "parent_code": [parent(code) for code in codes]})
    notices = check([figures], areas, catalogue, KNOWN, Allowed(frozenset(accepted)))
    return [(one.rows, one.reason, one.detail) for one in notices]


def test_every_check_has_a_case() -> None:
    assert tuple(CASES) == CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_refuses_with_examples_until_it_is_accepted(name: str, catalogue: Catalogue) -> None:
    with pytest.raises(SchemaError) as problem:
        checked(name, catalogue)
    told = str(problem.value)
    assert CASES[name][2] in told and f"[{name}]" in told
    assert told.endswith(f"kloof data add FILE --accept {name}")
    ((rows, reason, detail),) = checked(name, catalogue, name)
    assert (rows, reason) == (0, f"accepted_{name}") and CASES[name][2] in detail
    with pytest.raises(SchemaError, match=name):
        checked(name, catalogue, *(other for other in CHECKS if other != name))


def test_a_name_that_is_no_check_is_refused_with_all_names() -> None:
    with pytest.raises(ParameterError, match=r"--accept sum is no check. Valid: unit, zeros, sums,"):
        Allowed(frozenset({"sum"}))


def wholes(off: int) -> list[Figures]:
    """Inhabitants and, in the other order of buurten, men and women, who are too few in the last buurten."""
    people, half = np.full(6, 100.0), np.full(6, 50.0)
    women = half - 30.0 * (np.arange(6) >= 6 - off)
    codes = np.array(BUURTEN, dtype=object)
    parts = {"inhabitants_men": half, "inhabitants_women": women[::-1]}
    whole = {"inhabitants": people, "households": np.arange(40.0, 46)}
    return [
        Figures("own.csv", 2017, where, columns, {name: name for name in columns})
        for where, columns in ((codes, whole), (codes[::-1], parts))
    ]


@pytest.mark.parametrize(("off", "refused"), [(0, False), (2, False), (3, True)])
def test_parts_may_miss_their_whole_in_two_areas_whatever_the_order(
    off: int, refused: bool, catalogue: Catalogue
) -> None:
    areas = pd.DataFrame({"code": BUURTEN, "parent_code": [parent(code) for code in BUURTEN]})
    told = ""
    try:
        check(wholes(off), areas, catalogue, KNOWN, Allowed(frozenset()))
    except SchemaError as problem:
        told = str(problem)
    assert ("in 3 areas (BU07580003 70 for 100, BU07580004 70 for 100, BU07580005 70" in told) == refused
    assert bool(told) == refused


def test_columns_of_one_table_are_joined_by_code_and_not_by_place() -> None:
    first, second = wholes(1)
    joined = _joined([first, second])
    assert joined.code.tolist() == BUURTEN
    assert joined.numbers["inhabitants_women"].tolist() == [50, 50, 50, 50, 50, 20]


def test_a_sum_of_one_buurt_is_a_sum(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CASES, "one", (["GM0758", BUURTEN[0]], {"inhabitants": [900.0, 600.0]}, ""))
    with pytest.raises(SchemaError, match="GM0758 900, its buurten 600"):
        checked("one", catalogue)


def test_from_2021_on_codes_may_have_letters(catalogue: Catalogue) -> None:
    with pytest.raises(SchemaError, match="3 codes were not there in 2021"):  # of four: BU0758AB00 was
        checked("codes", catalogue, year=2021)


def test_when_municipalities_began_and_ended_stands_in_the_mapping(tmp_path: Path) -> None:
    moves = [("GM0001", 2012, "GM0009", 2013, "merged"), ("GM0002", 2012, "GM0002", 2013, "same"),
             ("GM0009", 2018, "GM0010", 2019, "merged"), ("GM0003", 2018, "GM0002", 2019, "merged"),
             ("GM0002", 2018, "GM0002", 2019, "same"), ("BU00010000", 2012, "BU00090000", 2013, "merged")]  # fmt: skip
    table = pd.DataFrame(moves, columns=["from_code", "from_year", "to_code", "to_year", "kind"])
    table.to_csv(tmp_path / "mapping.csv", index=False)
    assert known_beside(tmp_path).lifetimes == {
        "GM0001": (0, 2012), "GM0009": (2013, 2018), "GM0010": (2019, 9999), "GM0003": (0, 2018)
    }  # fmt: skip
