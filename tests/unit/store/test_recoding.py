"""Buurten with a new code: proposed from two editions, used once a person accepts."""

from pathlib import Path

import pandas as pd
import pytest
from readable import Row, file

from kloof.catalogue import catalogue
from kloof.cli import main
from kloof.errors import SchemaError
from kloof.store import add, harmonise, read
from kloof.store.mapping import read_mapping
from kloof.study.load import load

CITY = "GM0344"
NAMES = {
    "BU03440001": "Oog in Al", "BU03440002": "Lombok", "BU03440003": "Zuilen", "BU03440009": "Rivierenwijk",
    "BU03440101": "oog  in al", "BU03440102": "Lombok", "BU03440103": "Zuilen", CITY: "Utrecht",
}  # fmt: skip
BEFORE = {"BU03440001": 1000, "BU03440002": 800, "BU03440003": 500, "BU03440009": 300}
AFTER = {"BU03440101": 1100, "BU03440102": 2000, "BU03440103": 525, "BU03440009": 310}


def rows(year: int, people: dict[str, int]) -> list[Row]:
    source = f"cbs_kwb_{year}"
    whole: Row = (CITY, year, "inhabitants", sum(people.values()), source)
    return [whole, *[(code, year, "inhabitants", count, source) for code, count in people.items()]]


@pytest.fixture
def filled(home: Path) -> Path:
    """Two editions: two buurten only got another code, Lombok's people more than doubled, Rivierenwijk stayed."""
    add.add(file("kwb-2019.csv", rows(2019, BEFORE), NAMES))
    add.add(file("kwb-2024.csv", rows(2024, AFTER), NAMES))
    return home


def series(home: Path) -> dict[str, list[int]]:
    found = load("store", CITY, catalogue()).observations
    buurten = found[found["code"].str.startswith("BU")]
    return {str(code): sorted(part["year"]) for code, part in buurten.groupby("code")}


def test_a_new_code_is_proposed_and_counts_once_it_is_accepted(filled: Path) -> None:
    proposed = harmonise.proposals(read.municipality(CITY))
    by_rule = proposed[proposed["accepted_by_rule"]]
    assert by_rule[["from_code", "to_code", "from_year", "to_year"]].to_numpy().tolist() == [
        ["BU03440001", "BU03440101", 2019, 2024], ["BU03440003", "BU03440103", 2019, 2024],
    ]  # fmt: skip
    assert by_rule["ratio"].tolist() == pytest.approx([110, 105])
    assert series(filled)["BU03440101"] == [2024]
    path = harmonise.accept(CITY, proposed)
    assert path == filled / "data" / "store" / "mapping.csv"
    assert series(filled) == {
        "BU03440101": [2019, 2024], "BU03440103": [2019, 2024], "BU03440009": [2019, 2024],
        "BU03440002": [2019], "BU03440102": [2024],
    }  # fmt: skip
    found = load("store", CITY, catalogue()).observations.set_index(["code", "year"])["value"]
    assert found["BU03440101", 2019] == 1000
    assert found["BU03440103", 2019] == 500


def test_what_was_accepted_stays_when_a_file_is_added(filled: Path) -> None:
    path = harmonise.accept(CITY, harmonise.proposals(read.municipality(CITY)))
    add.add(file("later.csv", [(CITY, 2025, "inhabitants", 1, "cbs_2025")]))
    assert path.is_file()


def test_to_accept_again_changes_nothing_and_leaves_other_places_alone(filled: Path) -> None:
    proposed = harmonise.proposals(read.municipality(CITY))
    path = harmonise.accept(CITY, proposed)
    other = pd.read_csv(path).assign(from_code="BU07580001", to_code="BU07580002").head(1)
    pd.concat([pd.read_csv(path), other]).to_csv(path, index=False)
    before = read_mapping(path)
    harmonise.accept(CITY, proposed)
    pd.testing.assert_frame_equal(read_mapping(path), before)


def test_a_mapping_that_is_not_valid_is_refused_and_the_file_stays(filled: Path) -> None:
    proposed = harmonise.proposals(read.municipality(CITY))
    path = harmonise.accept(CITY, proposed)
    before = path.read_bytes()
    twice = pd.concat([proposed, proposed], ignore_index=True)
    with pytest.raises(SchemaError, match="a pair that occurs twice"):
        harmonise.accept(CITY, twice)
    assert path.read_bytes() == before


def test_one_edition_has_nothing_to_compare(home: Path) -> None:
    add.add(file("kwb-2024.csv", rows(2024, AFTER), NAMES))
    assert harmonise.proposals(read.municipality(CITY)).empty


def test_the_command_shows_and_accepts(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kloof(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["kloof", *words])
        main.main()
        return capsys.readouterr().out

    shown = kloof("data", "recode", "--municipality", CITY)
    assert "+ 2019–2024 BU03440001 BU03440101    1000    1100 same_name" in shown
    assert "  2019–2024 BU03440002 BU03440102     800    2000 same_name" in shown
    assert "2 follow the rule" in shown
    assert f"Next: read them, then kloof data recode --municipality {CITY} --accept" in shown
    assert not (filled / "data" / "store" / "mapping.csv").exists()
    assert "2 now count as one area" in kloof("data", "recode", "--municipality", CITY, "--accept")
    assert series(filled)["BU03440101"] == [2019, 2024]
