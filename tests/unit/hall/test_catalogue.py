"""The catalogue is complete in two languages and does not contradict itself."""

import csv
import tomllib
from pathlib import Path

import pytest

from kloof.catalogue import BRIDGED, BROKEN, COMPARABLE, Break, Catalogue, Indicator, read_catalogue
from kloof.errors import CatalogueError, ParameterError
from kloof.files.cells import normalise

MINIMAL = """
[unit]
persons = { decimals = 0, change = "persons", nl = "personen", en = "persons" }
[dimension]
population = { nl = "Bevolking", en = "Population" }
[focus.list]
nl = "lijst"
en = "list"
[group.all]
nl = "allen"
en = "all"
count = "inhabitants"
base = "inhabitants"
[indicator.inhabitants]
nl = "Inwoners"
en = "Inhabitants"
unit = "persons"
kind = "count"
dimension = "population"
"""


@pytest.fixture(scope="module")
def catalogue(project: Path) -> Catalogue:
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture(scope="module")
def raw(project: Path) -> dict:
    return tomllib.loads((project / "data" / "catalogue.toml").read_text(encoding="utf-8"))


def read(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return read_catalogue(path)


def test_every_indicator_of_the_embedded_figures_is_there(catalogue: Catalogue, project: Path) -> None:
    with (project / "data" / "breda" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row["indicator"] for row in csv.DictReader(file)}
    assert len(wanted) == 67
    assert wanted - set(catalogue.indicators) == set()


@pytest.mark.parametrize("part", ["indicator", "unit", "dimension", "focus", "group"])
def test_every_entry_has_both_languages(raw: dict, part: str) -> None:
    silent = {"number"}  # a bare number has no unit to name
    for name, entry in raw[part].items():
        for language in ("nl", "en"):
            assert language in entry, f"{part} {name} has no {language}"
            assert entry[language].strip() or name in silent, f"{part} {name}: {language} is blank"
        assert ("subject_nl" in entry) == ("subject_en" in entry), f"{part} {name}: a subject in one language"


def test_every_indicator_states_what_a_range_and_a_date_need(raw: dict) -> None:
    for name, entry in raw["indicator"].items():
        needed = {"unit", "kind", "dimension", "better", "rounding", "measured"}
        assert needed <= set(entry), f"{name} lacks {needed - set(entry)}"
        assert entry["rounding"] >= 0
        assert -2 <= entry["measured"] <= 1
        assert entry["better"] in (-1, 0, 1)


def test_breaks_say_in_both_languages_what_happened(catalogue: Catalogue) -> None:
    for name, indicator in catalogue.indicators.items():
        for gap in (*indicator.breaks, *indicator.bridges):
            assert 1990 < gap.at < 2100, name
            assert gap.nl.strip() != gap.en.strip(), name
            assert min(len(gap.nl), len(gap.en)) > 20, name
        places = [(gap.at, gap.kind, gap.sources) for gap in indicator.breaks]
        assert len(places) == len(set(places)), f"{name} has one break twice"


def test_no_two_indicators_share_a_label_or_a_column_and_what_is_compared_has_a_subject(catalogue: Catalogue) -> None:
    for language in ("nl", "en"):
        labels = [indicator.label(language) for indicator in catalogue.indicators.values()]
        assert sorted(labels) == sorted(set(labels))
    owner: dict[str, str] = {}
    for name, indicator in catalogue.indicators.items():
        for column in indicator.columns:
            assert owner.setdefault(normalise(column), name) == name, f"{column}: {owner[normalise(column)]}, {name}"
        # Indicator.subject lowers a label that has no subject: an abbreviation would be lost
        assert indicator.kind == "count" or (indicator.subject_nl and indicator.subject_en), name


def test_a_bridge_at_the_break_makes_years_comparable() -> None:
    gap = Break(2015, "definition", "nl", "en")
    bridge = Break(2015, "overlap", "nl", "en")
    indicator = Indicator("x", "x", "x", "persons", "count", "population", breaks=(gap,), bridges=(bridge,))
    assert indicator.compare(2014, 2016).status == BRIDGED
    assert indicator.compare(2014, 2016).crossed == (bridge,)


# indicator, years, status; sources where a break is of some of them
BREAKS = """
social_assistance_recipients 2014 2015 broken
social_assistance_recipients 2015 2019 comparable
inhabitants_non_western_background 2021 2022 broken
inhabitants_non_western_background 2016 2021 comparable
livability_class 2002 2018 comparable
livability_class 2018 2020 broken
socioeconomic_status_label 2014 2016 broken
socioeconomic_status_label 2016 2014 broken
inhabitants 2008 2025 comparable
mean_dwelling_value 2019 2024 broken breda_dwelling_value cbs_kwb_2024
mean_dwelling_value 2019 2024 comparable cbs_kwb_2019 cbs_kwb_2024
mean_income_per_inhabitant 2016 2023 comparable cbs_kwb_panel
mean_income_per_inhabitant 2023 2024 broken cbs_kwb_panel
mean_income_per_inhabitant 2016 2019 broken cbs_kwb_2016 cbs_kwb_2019
mean_income_per_inhabitant 2017 2018 broken cbs_kwb_2017 cbs_kwb_panel
mean_income_per_inhabitant 2017 2018 broken
low_education_persons 2019 2022 comparable cbs_kwb_panel
low_education_persons 2022 2023 broken cbs_kwb_panel
livability_score_relative 2018 2020 comparable lbm3
livability_score_relative 2018 2020 broken lbm2_pc4 lbm3
livability_score 2002 2024 comparable lbm3
crime_rate 2012 2022 comparable police_47022_2012 cbs_kwb_panel
crime_rate 2021 2025 comparable police_47022 cbs_kwb_panel
crime_rate 2022 2023 broken police_47022_2012 cbs_kwb_panel police_47022 cbs_kwb_panel
"""


def test_known_breaks_belong_to_their_sources(catalogue: Catalogue) -> None:
    wrong = []
    for line in BREAKS.split("\n")[1:-1]:
        name, before, after, status, *sources = line.split()
        if catalogue.indicator(name).compare(int(before), int(after), sources).status != status:
            wrong.append(line)
    assert wrong == []


def test_a_share_of_dwellings_is_never_weighed_by_inhabitants(catalogue: Catalogue) -> None:
    for name, indicator in catalogue.indicators.items():
        if indicator.universe == "dwellings":
            assert indicator.weighed_by == indicator.adds_up_by == ("dwellings", "households"), name
    assert catalogue.indicator("low_income_households_share").weighed_by == ("households", "inhabitants")
    assert catalogue.indicator("mean_income_per_inhabitant").weighed_by == ("inhabitants",)
    assert catalogue.indicator("livability_class").adds_up_by == ()


def test_an_unknown_name_lists_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(ParameterError, match=r"'inhabitant' is not known\. Did you mean inhabitants\?"):
        catalogue.indicator("inhabitant")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('unit = "persons"\n', 'unit = "people"\n'), "inhabitants has unknown unit people"),
        (('kind = "count"', 'kind = "sum"'), "inhabitants has unknown kind sum"),
        (('dimension = "population"', 'dimension = "people"'), "unknown dimension people"),
        (('count = "inhabitants"', 'count = "heads"'), "group all needs heads"),
        (('base = "inhabitants"', 'share = "inhabitants"\nbase = "inhabitants"'), "needs either count or share"),
        (('kind = "count"', 'kind = "count"\nuniverse = "homes"'), "inhabitants needs homes"),
        (('kind = "count"', 'kind = "count"\ncolour = "red"'), "indicator inhabitants: .*colour"),
    ],
)  # fmt: skip
def test_contradictions_name_the_entry(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert read(tmp_path, MINIMAL).indicator("inhabitants").label("nl") == "Inwoners"
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, MINIMAL.replace(*change))


APART = """
[[apart]]
sources = ["one", "two"]
at = [2016, 2020]
kind = "model"
nl = "twee modellen"
en = "two models"
indicators = ["inhabitants"]
"""
RULE = """
[[indicator.inhabitants.suppression]]
count = "inhabitants"
below = 50
since = 2018
"""


def test_two_models_are_never_joined(tmp_path: Path) -> None:
    indicator = read(tmp_path, MINIMAL + APART).indicator("inhabitants")
    assert [gap.at for gap in indicator.breaks] == [2016, 2020]
    assert indicator.compare(2012, 2024, ["one", "two"]).status == BROKEN
    assert indicator.compare(2012, 2024, ["one", "three"]).status == COMPARABLE
    assert "apart" not in read(tmp_path, MINIMAL + APART).settings


def test_suppression_is_a_count_and_a_minimum(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, MINIMAL + RULE).indicator("inhabitants").suppression
    assert (rule.count, rule.below, rule.since) == ("inhabitants", 50, 2018)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (APART.replace('"two"]', '"two", "three"]'), "needs two sources and known indicators"),
        (APART.replace('["inhabitants"]', '["people"]'), r"not \['people'\]"),
        (APART.replace("kind", "sort"), "kind, sort missing or not known"),
        (RULE.replace('"inhabitants"\n', '"heads"\n'), "inhabitants needs heads"),
        (RULE.replace("50", "0"), "suppression below 0 is no minimum"),
        (RULE.replace("below", "under"), "under"),
    ],
)
def test_models_and_suppression_that_contradict_themselves(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, MINIMAL + text)
