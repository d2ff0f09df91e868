"""The embedded data are what the registry says, and where two sources speak one is chosen by rule."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from conftest import copy_project
from kloof.catalogue import Catalogue, catalogue
from kloof.errors import ParameterError, SourceError
from kloof.paths import data_folder, embedded, project_folder, sha256
from kloof.schema import COLUMNS, check_observations
from kloof.study.dataset import DataSet, choose_sources
from kloof.study.load import load, verify


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="module")
def breda(known: Catalogue) -> DataSet:
    return load("breda", "GM0758", known)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's data that a test may damage."""
    folder = copy_project(tmp_path / "home")
    monkeypatch.setenv("KLOOF_HOME", str(folder))
    return folder


def test_the_project_folder_is_the_checkout_unless_told_otherwise(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KLOOF_HOME", raising=False)
    assert project_folder() == project
    assert embedded() == ["breda"]
    monkeypatch.setenv("KLOOF_HOME", str(tmp_path))
    with pytest.raises(ParameterError, match=r"KLOOF_HOME is .* none\. Put them in a folder \(kloof init FOLDER\)"):
        project_folder()
    (tmp_path / "data").mkdir()
    assert data_folder() == tmp_path / "data"
    assert embedded() == []


def test_the_embedded_files_have_their_registered_hashes(project: Path, breda: DataSet) -> None:
    hashes = verify(project / "data" / "breda")
    assert "figures.csv" in hashes
    assert {entry["file"]: entry["sha256"] for entry in breda.inputs} == {
        f"data/breda/{name}": hashlib.sha256((project / "data" / "breda" / name).read_bytes()).hexdigest()
        for name in hashes
    }


def test_all_damage_is_reported_at_once_with_names_and_hashes(home: Path, known: Catalogue) -> None:
    folder = home / "data" / "breda"
    before = sha256(folder / "figures.csv")
    content = (folder / "figures.csv").read_bytes()
    (folder / "figures.csv").write_bytes(content[:-2] + b"9\n")
    (folder / "areas.csv").unlink()
    (folder / "notes.txt").write_text("mine")
    after = sha256(folder / "figures.csv")
    assert before != after
    with pytest.raises(SourceError) as caught:
        load("breda", "GM0758", known)
    assert str(caught.value) == (
        "3 faults in data/breda. (1) areas.csv is in the registry and not in the folder (2) notes.txt is in the folder "
        f"and not in the registry (3) figures.csv has sha256 {after[:12]}…, registered is {before[:12]}… "
        "Restore the files (git checkout data), or register them on purpose."
    )


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda folder: (folder / "sources.csv").unlink(), "(1) sources.csv is in the registry and not in the folder"),
        (lambda folder: (folder / "extra.csv").touch(), "(1) extra.csv is in the folder and not in the registry"),
        (lambda folder: (folder / "missing.csv").write_text(""), "(1) missing.csv has sha256 e3b0c44298fc…"),
    ],
)
def test_each_damage_alone_is_reported(home: Path, damage: object, fault: str) -> None:
    damage(home / "data" / "breda")  # type: ignore[operator]
    with pytest.raises(SourceError, match="1 fault in data/breda") as caught:
        verify(home / "data" / "breda")
    assert fault in str(caught.value)


def test_a_source_that_is_neither_a_name_nor_a_file_is_refused(known: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(
        ParameterError, match=r"'nope\.db' is neither an embedded data set \(breda\) nor a file"
    ) as caught:
        load("nope.db", "GM0758", known)
    assert str(project_folder() / "nope.db") in str(caught.value)
    with pytest.raises(ParameterError, match="neither an embedded data set"):
        load(str(tmp_path), "GM0758", known)


@pytest.mark.parametrize("municipality", ["GM9999", "0758", "gm0758", "BU07580106", ""])
def test_an_unknown_municipality_lists_the_valid_ones(known: Catalogue, municipality: str) -> None:
    with pytest.raises(ParameterError) as caught:
        load("breda", municipality, known)
    assert f"municipality {municipality!r}" in str(caught.value)
    assert "GM0758 Breda" in str(caught.value)
    assert "GM0855 Tilburg" in str(caught.value)


def test_a_file_of_the_user_is_read_from_where_it_is(known: Catalogue, shared: Path) -> None:
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    data = load(str(path), "GM0917", known)
    assert data.name == path.name
    assert data.inputs == ({"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},)
    assert data.data_date == "2020-12-31"
    assert data.geometry is None
    assert data.units()[0].startswith("BU0917")


def test_breda_has_its_buurten_wijken_and_postcodes(breda: DataSet) -> None:
    assert len(breda.units()) == 56
    assert len(breda.units("wijk")) == 11
    assert breda.units("gemeente") == ["GM0758"]
    assert breda.units() == sorted(breda.units())
    assert all(code.startswith("BU0758") for code in breda.units())
    assert all(code.startswith("PC48") for code in breda.units("postcode"))
    assert all(code.startswith("BU0855") for code in breda.units("buurt", "GM0855"))
    assert breda.units("buurt", "GM0855")


def test_the_observations_are_valid_and_hold_one_row_per_figure(breda: DataSet) -> None:
    checked = check_observations(breda.observations, "the chosen rows")
    assert not checked.duplicated(["code", "year", "indicator"]).any()
    assert set(breda.observations["code"]) <= set(breda.areas["code"])
    assert set(breda.observations["source"]) <= set(breda.sources["source_id"])
    assert not breda.areas["level"].isna().any()


def test_the_data_date_is_the_newest_date_on_which_a_source_was_read(breda: DataSet, project: Path) -> None:
    lines = (project / "data" / "breda" / "sources.csv").read_text(encoding="utf-8").splitlines()
    assert breda.data_date == max(line.rsplit(",", 1)[1] for line in lines[1:])


def test_every_focus_list_names_buurten_of_breda_and_says_what_it_could_not_place(breda: DataSet) -> None:
    assert len(breda.focus_lists["union"]) == 11
    for codes in breda.focus_lists.values():
        assert codes == tuple(sorted(set(codes)))
        assert set(codes) <= set(breda.units())
    left = {row.step: row.rows for row in breda.set_aside}
    assert left["focus_lists"] == 1  # Haagdijken is no CBS buurt


def test_the_suspect_figure_is_left_out_and_counted(breda: DataSet, project: Path) -> None:
    printed = pd.read_csv(project / "data" / "breda" / "kwb_other.csv")
    is_it = (printed["code"] == "BU07721336") & (printed["indicator"] == "mean_income_per_inhabitant")
    assert printed.loc[is_it & (printed["year"] == 2017), "value"].tolist() == [142.0]
    rows = breda.observations
    here = rows[(rows["code"] == "BU07721336") & (rows["indicator"] == "mean_income_per_inhabitant")]
    assert here.loc[here["year"] == 2017, "status"].tolist() == ["suspect"]
    assert here.loc[here["year"] == 2017, "value"].isna().all()
    assert {row.step: row.rows for row in breda.set_aside}["suspect_figures"] == 1


def test_each_source_is_found_in_the_file_with_the_figures_of_the_municipality(
    known: Catalogue, breda: DataSet
) -> None:
    assert breda.files["cbs_kwb_2024"] == "data/breda/figures.csv"
    assert breda.files["cbs_kwb_2017"] == "data/breda/kwb_breda.csv"  # stands in kwb_other.csv too, of other places
    assert load("breda", "GM0855", known).files["cbs_kwb_2017"] == "data/breda/kwb_other.csv"
    measured = breda.observations[breda.observations["status"] == "measured"]
    assert set(measured["source"]) <= set(breda.files)
    assert set(breda.files.values()) <= {entry["file"] for entry in breda.inputs}


def observations(*rows: tuple[str, float | None, str]) -> pd.DataFrame:
    """Make rows (code, value, source) of one indicator and year; without a value they are suppressed."""
    return pd.DataFrame(
        [
            (code, 2020, "income", value, "thousand_euro", "measured" if value is not None else "suppressed", source)
            for code, value, source in rows
        ],
        columns=list(COLUMNS),
    )


def test_the_widest_source_wins_and_another_fills_its_holes() -> None:
    rows = observations(
        ("BU00010001", 20.0, "wide"),
        ("BU00010002", 21.0, "wide"),
        ("BU00010003", None, "wide"),
        ("BU00010004", None, "wide"),
        ("BU00010005", 24.0, "wide"),
        ("BU00010001", 25.0, "a_narrow"),  # comes first by name; says something else where wide has a figure
        ("BU00010003", 33.0, "a_narrow"),  # the recalculated buurt fills the hole
        ("BU00010004", None, "a_narrow"),
        ("GM0001", 22.0, "a_narrow"),  # another level: narrow is the only and so the widest source there
    )
    chosen, set_aside, checks = choose_sources(rows.sample(frac=1, random_state=3))
    kept = {row.code: (row.value, row.source) for row in chosen.itertuples()}
    assert kept.pop("BU00010004")[1] == "wide"
    assert kept == {
        "BU00010001": (20.0, "wide"),
        "BU00010002": (21.0, "wide"),
        "BU00010003": (33.0, "a_narrow"),
        "BU00010005": (24.0, "wide"),
        "GM0001": (22.0, "a_narrow"),
    }
    assert [(row.rows, row.reason) for row in set_aside] == [(3, "another_source_for_the_same_figure")]
    assert checks.to_numpy().tolist() == [["BU00010001", "income", 2020, 20.0, "wide", 25.0, "a_narrow"]]


def test_width_is_counted_per_indicator_year_and_level() -> None:
    rows = observations(("BU00010001", 1.0, "a"), ("BU00010001", 2.0, "b"), ("BU00010002", 3.0, "b"))
    elsewhere = observations(*((f"BU0001000{place}", 9.0, "a") for place in range(1, 6)))
    both = pd.concat([rows, elsewhere.assign(year=2021), elsewhere.assign(indicator="other")], ignore_index=True)
    chosen, _, _ = choose_sources(both)
    here = chosen[(chosen["year"] == 2020) & (chosen["indicator"] == "income")]
    assert here["source"].tolist() == ["b", "b"]


def test_width_is_counted_within_a_municipality() -> None:
    rows = observations(("BU00010001", 1.0, "own"), ("BU00010002", 2.0, "own"), ("BU00010001", 1.5, "national"))
    rest = observations(*((f"BU0002000{place}", 9.0, "national") for place in range(1, 6)))
    chosen, _, _ = choose_sources(pd.concat([rows, rest], ignore_index=True))
    assert chosen[chosen["code"].str.startswith("BU0001")]["source"].tolist() == ["own", "own"]
    # and in all of it, not district by district: the tenth district has as many figures of either
    tenth = observations(("BU00011001", 1.0, "own"), ("BU00011001", 1.5, "a_national"))
    chosen, _, _ = choose_sources(pd.concat([rows, rest, tenth], ignore_index=True))
    assert set(chosen[chosen["code"].str.startswith("BU0001")]["source"]) == {"own"}


def test_a_series_stays_with_the_source_that_gives_most_of_it() -> None:
    """The old model is one area wider in 2016, but the new one also has 2020: a series of one model."""
    codes = [f"BU0001{place:04d}" for place in range(20)]
    old = observations(*((code, 1.0, "model_1_2016") for code in codes)).assign(year=2016)
    new = observations(*((code, 2.0, "model_2_2016") for code in codes[:19])).assign(year=2016)
    later = observations(*((code, 2.0, "model_2_2020") for code in codes))
    chosen, _, _ = choose_sources(pd.concat([old, new, later], ignore_index=True))
    assert set(chosen[chosen["code"].isin(codes[:19])]["source"]) == {"model_2_2016", "model_2_2020"}
    narrow = new[new["code"].isin(codes[:10])]
    chosen, _, _ = choose_sources(pd.concat([old, narrow, later], ignore_index=True))
    assert set(chosen[chosen["year"] == 2016]["source"]) == {"model_1_2016"}


def test_a_source_of_many_years_with_a_year_in_its_name_is_no_edition() -> None:
    """Of two counts of crime the longer one goes on to its end; the year in its name is where it starts."""
    code = "BU00010001"
    old = [observations((code, 1.0, "police_2012")).assign(year=year) for year in range(2012, 2023)]
    new = [observations((code, 2.0, "police")).assign(year=year) for year in range(2021, 2026)]
    chosen, _, _ = choose_sources(pd.concat([*old, *new], ignore_index=True))
    used = dict(zip(chosen["year"], chosen["source"], strict=True))
    assert {year for year, source in used.items() if source == "police_2012"} == set(range(2012, 2023))
    assert {year for year, source in used.items() if source == "police"} == {2023, 2024, 2025}


def test_a_whole_comes_from_the_source_of_its_parts() -> None:
    """Inhabitants of the long series are of other boundaries than what the panel gives of the same buurt."""
    code = "BU00010001"
    panel = observations((code, 900.0, "panel"))
    parts = [panel.assign(indicator=f"part_{place}", year=year) for place in range(3) for year in (2020, 2021)]
    own = [panel.assign(indicator="inhabitants", year=year) for year in (2020, 2021)]
    long = [observations((code, 1000.0, "long")).assign(indicator="inhabitants", year=y) for y in range(2016, 2022)]
    rows = pd.concat([*parts, *own, *long], ignore_index=True)
    chosen, _, _ = choose_sources(rows, catalogue())
    used = chosen[chosen["indicator"] == "inhabitants"].set_index("year")["source"]
    assert used.to_dict() == dict.fromkeys(range(2016, 2020), "long") | {2020: "panel", 2021: "panel"}
    income, _, _ = choose_sources(rows.replace({"indicator": {"inhabitants": "income_recipients"}}), catalogue())
    assert set(income.loc[income["indicator"] == "income_recipients", "source"]) == {
        "long"
    }  # a part stays one source's


def test_every_followed_series_of_breda_is_one_sources_as_long_as_it_can_be(breda: DataSet) -> None:
    rows = breda.observations
    rows = rows[rows["code"].str.startswith("BU0758") & (rows["status"] == "measured")]
    used = rows.groupby(["indicator", "year"])["source"].agg(lambda sources: tuple(sorted(set(sources))))
    panel = ("cbs_kwb_panel",)
    for name, years in (
        ("mean_income_per_inhabitant", range(2016, 2025)),
        ("low_income_households_share", range(2016, 2025)),
        ("owner_occupied_share", range(2016, 2026)),
        ("housing_corporation_share", range(2016, 2026)),
        ("inhabitants", range(2016, 2026)),
        ("households", range(2016, 2026)),
    ):
        assert [used[name, year] for year in years] == [panel] * len(years), name
    value = used["mean_dwelling_value"]
    assert value[2015] == ("breda_dwelling_value", "breda_dwelling_value_recalculated")
    assert value[2022] == ("breda_dwelling_value", "cbs_kwb_panel")  # one buurt that the panel leaves open
    assert [value[year] for year in (2016, 2017, 2018, 2019, 2020, 2021, 2023, 2024, 2025)] == [panel] * 9
    assert [used["registered_crimes", year] for year in range(2012, 2023)] == [("police_47022_2012",)] * 11
    assert [used["registered_crimes", year] for year in range(2023, 2026)] == [("police_47022",)] * 3
    overakker = breda.areas.loc[breda.areas["name"] == "Overakker", "code"].item()
    own = rows[(rows["code"] == overakker) & (rows["year"] == 2021)].set_index("indicator")
    assert own.loc["mean_dwelling_value", ["value", "source"]].tolist() == [369.0, "cbs_kwb_panel"]


def test_a_model_that_is_kept_apart_fills_no_hole_of_the_other() -> None:
    """50150NED lacks one buurt and has 2024; 50090NED knows that buurt, by another model, and one that no other has."""
    name = "good_perceived_health_share"
    codes = [f"BU0001{place:04d}" for place in range(20)]
    late = observations(*((code, 80.0, "rivm_50150") for code in codes)).assign(year=2024, indicator=name)
    main = observations(*((code, 81.0, "rivm_50150") for code in codes[1:]), (codes[0], None, "rivm_50150"))
    other = observations(*((code, 70.0, "rivm_50090") for code in codes[:10]), ("BU00010099", 71.0, "rivm_50090"))
    rows = pd.concat([late, main.assign(indicator=name), other.assign(indicator=name)], ignore_index=True)
    chosen, set_aside, checks = choose_sources(rows.sample(frac=1, random_state=1), catalogue())
    assert set(chosen["source"]) == {"rivm_50150"}
    there = chosen[chosen["year"] == 2020].set_index("code")
    assert there.loc[codes[0], "status"] != "measured"
    assert "BU00010099" not in there.index
    counted = {row.reason: row.rows for row in set_aside}
    assert counted == {"another_source_for_the_same_figure": 9, "of_another_model": 2}
    assert len(checks) == 9  # how far the models differ is still there to see
    filled, _, _ = choose_sources(rows)  # without the catalogue nothing is known to be another model
    assert set(filled["source"]) == {"rivm_50150", "rivm_50090"}


def test_equally_wide_sources_are_chosen_by_name_and_nothing_is_lost() -> None:
    rows = observations(("BU00010001", 1.0, "b"), ("BU00010001", 2.0, "a"))
    chosen, set_aside, checks = choose_sources(rows)
    assert chosen["source"].tolist() == ["a"]
    assert len(chosen) + set_aside[0].rows == len(rows)
    assert checks[["value", "value_other"]].to_numpy().tolist() == [[2.0, 1.0]]


def test_one_source_leaves_nothing_to_choose() -> None:
    rows = observations(("BU00010001", 1.0, "a"), ("BU00010002", None, "a"))
    chosen, set_aside, checks = choose_sources(rows)
    assert len(chosen) == 2
    assert set_aside[0].rows == 0
    assert checks.empty
