"""Where a municipality stands in the country: forty made-up ones in a store, each with a known dissimilarity."""

from pathlib import Path

import pandas as pd
import pytest
from readable import Row, file

from kloof.figures import draw
from kloof.paths import data_folder
from kloof.questions import other_places
from kloof.results import Section, join_sections
from kloof.run.in_notebook import header
from kloof.store import add
from kloof.study.study import Study, open_study
from kloof.words.sentences import Narrator

GROUP = "inhabitants_aged_65_plus"
OWN = "GM0344"
CODES = [f"GM{900 + number:04d}" for number in range(39)]


def town(code: str, tilt: int, year: int = 2024) -> list[Row]:
    """Four buurten of 1,000: two with 200 + tilt old inhabitants, two with 200 - tilt. D = tilt / (2 · 200 · 0.8)."""
    source = f"cbs_kwb_{year}"
    people: list[Row] = [(code, year, "inhabitants", 4000, source)]
    for place, sign in enumerate((1, 1, -1, -1)):
        buurt = f"BU{code[2:]}{place:04d}"
        people += [
            (buurt, year, "inhabitants", 1000, source), (buurt, year, GROUP, 200 + sign * tilt, source),
            (buurt, year, "mean_dwelling_value", 200 + place, source),
        ]  # fmt: skip
    return people


def opened(home: Path, places: list[str]) -> Study:
    rows = [row for number, code in enumerate(places) for row in town(code, 2 * number)]
    rows += town(OWN, 41) + town("GM0999", 190)[:1]  # the last has no buurten with figures
    add.add(file("kwb-2024.csv", [*rows, ("BU09990000", 2024, "inhabitants", 50, "cbs_kwb_2024")]))
    chosen = {"preset": "municipality", "municipality": OWN, "focus": "lowest:1:mean_dwelling_value:2024"}
    return open_study(chosen | {"focus_variants": ["lowest:1:mean_dwelling_value:2024"], "groups": [GROUP]})


def test_the_place_and_the_spread_are_those_of_the_country(home: Path) -> None:
    study = opened(home, CODES)
    section = Section("03_how_segregated")
    row = other_places.country_of_groups(section, study).iloc[0]
    assert row["estimate"] == pytest.approx(41 / 320)
    assert (row["municipalities"], row["without"], row["rank"]) == (40, 1, 19)  # tilts 42 to 76 lie above
    tilts = sorted([2.0 * number for number in range(39)] + [41.0])
    assert row["middle"] == pytest.approx((tilts[19] + tilts[20]) / 2 / 320)
    assert row["p10"] == pytest.approx((tilts[3] + 0.9 * (tilts[4] - tilts[3])) / 320)
    assert row["low"] < row["estimate"] < row["high"] and row["rank_low"] < 19 < row["rank_high"]
    assert 0 < row["expected"] < 0.05
    for language in ("nl", "en"):
        teller = Narrator(join_sections(header(study), [section.as_json()]), study.known, language)
        assert "<svg" in draw.draw("03.country", teller) and draw.alt("03.country", teller)
        [finding] = teller.results["findings"].values()
        assert "19" in "".join(str(part) for part in teller.sentence(finding))


def test_a_few_municipalities_are_no_country(home: Path) -> None:
    section = Section("03_how_segregated")
    assert other_places.country_of_groups(section, opened(home, CODES[:28])).empty
    assert not section.figures


def test_without_a_store_only_the_place_in_the_country_is_told() -> None:
    """Out of what the project holds of all municipalities: a finding per group that it has, no table and no picture."""
    study, section = open_study({"preset": "breda"}), Section("03_how_segregated")
    assert other_places.country_of_groups(section, study).empty
    assert not section.figures
    assert set(section.findings) == {"03.country.inhabitants_aged_65_plus", "03.country.inhabitants_aged_0_14"}
    found = section.findings["03.country.inhabitants_aged_65_plus"]
    table = pd.read_csv(data_folder() / "national_segregation.csv")
    asked = (table["group"] == "inhabitants_aged_65_plus") & (table["index"] == "dissimilarity")
    rows = table[asked & (table["year"] == 2024) & table["first"].isna()].set_index("municipality")
    own = rows.loc["GM0758"]
    assert found.details["rank"]["value"] == 1 + (rows["estimate"] > own["estimate"]).sum()
    assert found.details["rank_low"]["value"] == 1 + (rows["low"] > own["high"]).sum()
    assert found.details["places"]["value"] == len(rows)
    assert found.estimate == pytest.approx(own["estimate"] - rows["estimate"].drop("GM0758").median())
    assert found.b.year == 2024
