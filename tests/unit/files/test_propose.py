"""A mapping is proposed from what is in a file; what is not sure is a doubt, and what only looks alike is a comment."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kloof.catalogue import catalogue
from kloof.cli.data_add import known_areas
from kloof.errors import KloofError, SchemaError
from kloof.files.mapped import read_map
from kloof.files.opening import open_file
from kloof.files.propose import Proposal, propose
from kloof.files.recognise import recognise
from kloof.files.vocabularies import read_vocabularies
from kloof.paths import data_folder

AREAS = pd.DataFrame(
    {"code": ["GM0344", "WK034400", "BU03440001", "BU03440002"], "name": ["Utrecht", "Noord", "Hoek", "Veld"]}
)


def proposed(path: Path, text: str) -> Proposal:
    path.write_text(text, encoding="utf-8")
    known = catalogue()
    words = read_vocabularies(data_folder() / "vocabularies.toml", known)
    return propose(open_file(path), known, words, AREAS)


def read(proposal: Proposal) -> dict[str, Any]:
    return tomllib.loads(proposal.text)


def doubts(proposal: Proposal) -> str:
    return "\n".join(line for line in proposal.text.splitlines() if "# ?" in line and line[0] != "#")


def test_titles_of_cbs_and_of_a_map_are_known_and_need_no_look(tmp_path: Path) -> None:
    text = "buurtcode;buurtnaam;AANT_INW;Bevolking|Geslacht|Mannen\nBU03440001;Hoek;5;2\n"
    made = proposed(tmp_path / "x_2020.csv", text)
    assert read(made)["table"] == {"header": 1, "areas": "buurtcode", "name": "buurtnaam", "year": 2020}
    assert read(made)["columns"] == {"AANT_INW": "inhabitants", "Bevolking|Geslacht|Mannen": "inhabitants_men"}
    assert (made.understood, made.left) == (2, 0)
    assert doubts(made).count("# ?") == made.doubts == 2  # the year of the name; and whose figures these are


def test_words_and_units_make_a_doubt_and_likeness_a_comment(tmp_path: Path) -> None:
    text = "code,percentage koopwoningen,percentage koopwoning,aantal zebra\nBU03440001,50,50,1\n"
    made = proposed(tmp_path / "x.csv", text)
    assert read(made)["columns"] == {"percentage koopwoningen": "owner_occupied_share"}
    assert '"percentage koopwoningen" = "owner_occupied_share"  # ? by its words' in made.text
    assert '# "percentage koopwoning" = "owner_occupied_share"  # near' in made.text
    assert '# "aantal zebra" = ""' in made.text
    assert "year = 0  # ? fill in the year" in made.text


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ("0.12 0.55", '{ indicator = "owner_occupied_share", times = 100 }  # ? all lie between 0.12 and 0.55'),
        ("120 55", '"owner_occupied_share"  # ? the highest is 120, which is no percentage'),
    ],
)
def test_figures_that_are_in_another_unit_are_a_doubt(tmp_path: Path, cells: str, line: str) -> None:
    rows = "".join(f"BU0344000{n},{cell}\n" for n, cell in enumerate(cells.split()))
    assert line in proposed(tmp_path / "x_2020.csv", f"code,percentage koopwoningen\n{rows}").text


@pytest.mark.parametrize(
    ("cells", "signs"),
    [
        ("1.054,5 2,0", {"decimal": ",", "thousands": "."}),
        ("1.054.200 20", {"thousands": "."}),
        ("1,5 2,25", {"decimal": ","}),
        ("1.054 2.200", {"thousands": "."}),
        ("15 20", {}),
    ],
)
def test_signs_in_numbers(tmp_path: Path, cells: str, signs: dict[str, str]) -> None:
    rows = "".join(f"BU0344000{n};{cell}\n" for n, cell in enumerate(cells.split()))
    made = proposed(tmp_path / "x_2020.csv", f"code;aantal inwoners\n{rows}")
    table = read(made)["table"]
    assert {key: table[key] for key in ("decimal", "thousands") if key in table} == signs
    assert ("is 1.054 1054, or a decimal" in doubts(made)) == (cells == "1.054 2.200")


def test_titles_below_other_lines_names_of_areas_marks_and_years(tmp_path: Path) -> None:
    text = "Dwelling value 2020\n\nbuurt,gemiddelde woningwaarde\n,x 1 000 euro\nNoord,250\nHoek,n.b.\nVeld,300000\n"
    made = proposed(tmp_path / "x.csv", text)
    table = read(made)["table"]
    assert (table["areas"], table["areas_are"], table["municipality"]) == ("buurt", "names", "GM0344")
    assert (table["header"], table["year"], table["missing"]) == ([2, 3], 2020, {"n.b.": "not_published"})
    wide = proposed(tmp_path / "woz_own.csv", "buurt,2019,2020\nNoord,250000,260000\nHoek,200000,1\nVeld,1,2\n")
    assert read(wide)["columns"] == {"{yyyy}": {"indicator": "mean_dwelling_value", "times": 0.001}}
    assert "year" not in read(wide)["table"]
    people = proposed(tmp_path / "inwoners.csv", "buurt,2019,2020\nNoord,250,260\nHoek,200,199\nVeld,18,20\n")
    assert read(people)["columns"] == {"{yyyy}": "inhabitants"}


def test_areas_that_stand_more_than_once(tmp_path: Path) -> None:
    text = "code,jaar,soort,aantal inwoners\nBU03440001,2020,totaal,9\nBU03440001,2020,man,5\n"
    text += "BU03440002,2020,totaal,5\n"
    made = proposed(tmp_path / "x.csv", text)
    assert read(made)["table"]["keep"] == {"soort": "totaal"}
    assert read(made)["table"]["year"] == "jaar"
    assert "soort is totaal (2 rows), man (1 rows)" in doubts(made)


@pytest.mark.parametrize(
    ("more", "missing"), [(("", "", ""), {"0": "zero_means_missing"}), ((",aantal inwoners", ",0", ",5"), None)]
)
def test_a_zero_that_a_unit_does_not_allow_is_no_figure(
    tmp_path: Path, more: tuple[str, str, str], missing: dict[str, str] | None
) -> None:
    head, first, second = more
    rows = f"code,gemiddelde woningwaarde{head}\nBU03440001,0{first}\nBU03440002,250{second}\n"
    made = proposed(tmp_path / "x_2020.csv", rows)
    assert read(made)["table"].get("missing") == missing
    assert "1 cells are 0, which it cannot be" in doubts(made)
    assert ("a 0 is no figure" in doubts(made)) == (missing is not None)
    assert doubts(made).count("# ?") == made.doubts
    # a person who takes that line away is told of it again
    said = tmp_path / "said.toml"
    said.write_text(re.sub("(?m)^missing .*\n", "", made.text), encoding="utf-8")
    mapping, known = read_map(said, catalogue())
    with pytest.raises(SchemaError, match=r"BU03440001 0\) \[unit\].*say so in \[table\]: missing = { \"0\" ="):
        recognise(tmp_path / "x_2020.csv", known, mapping=mapping, areas=AREAS)


def test_a_file_without_areas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KloofError, match="no column that says which area a row is"):
        proposed(tmp_path / "x.csv", "1,2\n3,4\n")


# how many lines a person changes before it is right: the year, and whose figures they are
REAL = {
    "wild/CBS_PC4.csv": {"year = 0": "year = 2023"}, "wild/SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv": {},
    "wild/baarn_buurten.geojson": {}, "wild/fin_gemeente_2024_stats.parquet": {}, "pc4/cbs_pc4_median_income.xlsx": {},
    "breda/woz_2015_2022.csv": {}, "breda/crimes_per_district_2012_2022.zip": {},
    "rivm/rivm_50090NED_2012_2016_2020.parquet": {},
}  # fmt: skip
# a code, a year, an indicator and the figure that stands there in the file
CELLS = {
    "wild/CBS_PC4.csv": ("PC1011", 2023, "inhabitants", 9910),
    "wild/SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv": ("WK036300", 2019, "ses_woa_score", -0.022),
    "wild/baarn_buurten.geojson": ("BU03080000", 2024, "inhabitants", 1825),
    "wild/fin_gemeente_2024_stats.parquet": ("GM0758", 2024, "inhabitants", 188078),
    "pc4/cbs_pc4_median_income.xlsx": ("PC1011", 2017, "households_income_quintile_2_share", 15.4),
    "breda/woz_2015_2022.csv": ("BU07580001", 2022, "mean_dwelling_value", 271),
    "breda/crimes_per_district_2012_2022.zip": ("GM0758", 2022, "registered_crimes", 10752),
    "rivm/rivm_50090NED_2012_2016_2020.parquet": ("GM0758", 2020, "lonely_share", 46.7),
}
MOST_LINES = 4


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_by_a_mapping_of_which_a_person_changes_few_lines(
    shared: Path, tmp_path: Path, name: str
) -> None:
    known = catalogue()
    words = read_vocabularies(data_folder() / "vocabularies.toml", known)
    areas = known_areas()
    made = propose(open_file(shared / "data" / name), known, words, areas)
    changes = {'publisher = "?"': 'publisher = "CBS"', **REAL[name]}
    text = made.text
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    changed = sum(a != b for a, b in zip(made.text.splitlines(), text.splitlines(), strict=True))
    assert changed == len(changes) <= MOST_LINES
    said = tmp_path / "said.toml"
    said.write_text(text, encoding="utf-8")
    mapping, wider = read_map(said, known)
    found = recognise(shared / "data" / name, wider, mapping=mapping, areas=areas)
    *key, value = CELLS[name]
    assert found.observations.set_index(["code", "year", "indicator"]).loc[tuple(key), "value"].tolist() == value
    assert len(found.understood) >= made.understood
