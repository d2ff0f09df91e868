"""Names get codes by exact name and a stated rule; what no rule settles is set aside and counted."""

from pathlib import Path

import pandas as pd
import pytest

from kloof.errors import ParameterError, SourceError
from kloof.files.areas import areas_to_name, code_names, name_key

AREAS = pd.DataFrame(
    [
        ("GM0758", "Breda", "gemeente"),
        ("WK075807", "Bavel", "wijk"),
        ("BU07580700", "Bavel", "buurt"),
        ("WK075800", "Breda centrum", "wijk"),
        ("BU07580000", "Valkenberg", "buurt"),
        ("BU07580001", "Chassé", "buurt"),
        ("BU07580002", "Station", "buurt"),
        ("BU07580003", "Hoek", "buurt"),
        ("BU07580103", "Hoek", "buurt"),
    ],
    columns=["code", "name", "level"],
)


def coded(names: list[str], occasions: list[str] | None = None) -> tuple[list[object], dict[str, tuple[int, str]]]:
    listed = pd.Series(names, dtype="str")
    occasion = pd.Series(occasions or [""] * len(names), dtype="str")
    codes, aside = code_names(listed, occasion, AREAS, "the file")
    return codes.astype("object").where(codes.notna(), None).tolist(), {
        one.reason: (one.rows, one.detail) for one in aside
    }


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Wijk 07 Bavel", "bavel"),
        ("  CHASSÉ\u00a0", "chassé"),
        ("Cha\u200bsse\u0301", "chassé"),
        ("Wijkpark", "wijkpark"),
    ],
)
def test_what_does_not_count_in_a_name(name: str, key: str) -> None:
    assert name_key(name) == key


def test_a_name_that_stands_twice_is_first_the_wijk() -> None:
    codes, aside = coded(["Breda", "Bavel", "Valkenberg", "Bavel"])
    assert codes == ["GM0758", "WK075807", "BU07580000", "BU07580700"]
    assert aside == {"shared_names_settled_by_order_or_level": (0, "2")}


def test_each_year_is_a_listing_of_its_own() -> None:
    codes, _ = coded(["Bavel", "Bavel", "Bavel", "Bavel"], ["2012", "2013", "2012", "2013"])
    assert codes == ["WK075807", "WK075807", "BU07580700", "BU07580700"]


def test_in_a_listing_of_wijken_a_name_of_a_buurt_only_is_of_another_division() -> None:
    """The Omval was a wijk of Amsterdam in 2015 and is a buurt since: the figures of the one are not the other's."""
    wijken = pd.DataFrame([(f"WK0758{n}", f"Zone {n}", "wijk") for n in range(20, 24)], columns=list(AREAS.columns))
    listed = pd.Series(["Breda", "Zone 20", "Zone 21", "Zone 22", "Zone 23", "Station", "Bavel"])
    codes, aside = code_names(listed, pd.Series([""] * len(listed)), pd.concat([AREAS, wijken]), "the file")
    assert codes.dropna().tolist() == ["GM0758", "WK075820", "WK075821", "WK075822", "WK075823", "WK075807"]
    assert ("name_of_a_buurt_only", 1, "Station") in [(one.reason, one.rows, one.detail) for one in aside]


def test_a_name_that_stands_once_is_of_the_level_of_the_others() -> None:
    assert coded(["Bavel", "Valkenberg", "Station"])[0] == ["BU07580700", "BU07580000", "BU07580002"]
    assert coded(["Bavel", "Breda centrum"])[0] == ["WK075807", "WK075800"]


def test_what_no_rule_settles_is_set_aside() -> None:
    codes, aside = coded(["Bavel", "Breda centrum", "Valkenberg", "Hoek", "Station", "Station", "Chass"])
    # wijken and buurten stand in it, so Bavel may be either; Hoek is two buurten; Station stands twice
    assert codes == [None, "WK075800", "BU07580000", None, "BU07580002", None, None]
    assert aside == {"name_not_known": (1, "Chass"), "name_of_several_areas": (3, "Bavel, Hoek, Station")}


def test_the_wrong_list_is_refused() -> None:
    with pytest.raises(SourceError, match=r"only 1 of 3 names are in the list of areas \(not Jordaan, Driemond\)"):
        coded(["Breda", "Jordaan", "Driemond"])


def test_where_names_are_looked_up(tmp_path: Path) -> None:
    assert areas_to_name("GM0758", None, AREAS, "x")[1]["code"].tolist() == AREAS["code"].tolist()
    book = tmp_path / "codes.csv"
    book.write_text("code,name\nGM0758,Breda\nBU07580000,Park\n", encoding="utf-8")
    assert areas_to_name("GM0758", book, AREAS, "x")[1]["name"].tolist() == ["Breda", "Park"]
    with pytest.raises(ParameterError, match=r"x carries names only\. Say which municipality"):
        areas_to_name(None, None, AREAS, "x")
    for areas in (None, AREAS[:0], AREAS[:1]):
        with pytest.raises(ParameterError, match=r"no names of GM0758 are known.*--codes FILE"):
            areas_to_name("GM0758", None, areas, "x")
