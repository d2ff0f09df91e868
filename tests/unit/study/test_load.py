"""A data set out of the store: whose figures it holds, in which division, and the report that comes of it."""

from pathlib import Path

import pandas as pd
import pytest
from readable import Row, file

from kloof.catalogue import catalogue
from kloof.errors import ParameterError
from kloof.run import report
from kloof.schema import SetAside
from kloof.store import add
from kloof.study.load import from_store, load
from kloof.study.parameters import ANY, parameters, preset_parameters, read_preset, report_name
from kloof.study.study import open_study

UTRECHT, BREDA, MAASHORST, UDEN, LANDERD = "GM0344", "GM0758", "GM1991", "GM0856", "GM1685"
BUURTEN = [f"BU0344{number:04d}" for number in range(10)]
KWB: list[Row] = [
    (UTRECHT, 2024, "inhabitants", 1000, "cbs_kwb_2024"), (BREDA, 2024, "inhabitants", 700, "cbs_kwb_2024"),
    (MAASHORST, 2024, "inhabitants", 300, "cbs_kwb_2024"),
    *[(code, 2024, "inhabitants", 200, "cbs_kwb_2024") for code in BUURTEN],
    *[(code, 2024, "mean_dwelling_value", 200 + number, "cbs_kwb_2024") for number, code in enumerate(BUURTEN)],
]  # fmt: skip
OLD: list[Row] = [
    (UDEN, 2019, "inhabitants", 200, "cbs_kwb_2019"), (LANDERD, 2019, "inhabitants", 80, "cbs_kwb_2019"),
    ("BU08560000", 2019, "inhabitants", 200, "cbs_kwb_2019"), (UDEN, 2018, "inhabitants", 190, "cbs_kwb_2018"),
    (UTRECHT, 2019, "inhabitants", 900, "cbs_kwb_2019"), ("BU03440000", 2019, "inhabitants", 90, "cbs_kwb_2019"),
    ("BU03440077", 2019, "inhabitants", 5, "cbs_kwb_2019"),
]  # fmt: skip
# the health monitor gives an early year in a late division: it knows Voorne aan Zee, of 2023
RIVM: list[Row] = [
    (MAASHORST, 2012, "good_perceived_health_share", 76, "rivm"),
    ("GM1992", 2012, "good_perceived_health_share", 75, "rivm"),
    ("GM0394", 2012, "good_perceived_health_share", 74, "rivm"),
]  # fmt: skip


@pytest.fixture
def filled(home: Path) -> Path:
    for name, rows in (("kwb.csv", KWB), ("old.csv", OLD), ("rivm.csv", RIVM)):
        assert add.add(file(name, rows, {UTRECHT: "Utrecht"})).outcome == "added"
    return home


def test_the_store_lies_in_the_project_and_is_not_committed(filled: Path, project: Path) -> None:
    assert (filled / "data" / "store" / "manifest.json").is_file()
    assert "data/store/" in (project / ".gitignore").read_text().splitlines()


def test_a_municipality_comes_with_its_comparisons_and_its_inputs(filled: Path) -> None:
    data = load("store", UTRECHT, catalogue(), (BREDA, "GM0599"))
    assert (data.name, data.municipality) == ("store", UTRECHT)
    assert set(data.observations["code"].str[2:6]) == {"0344", "0758"}
    assert data.units() == sorted({*BUURTEN, "BU03440077"})
    assert [entry["file"] for entry in data.inputs] == ["kwb.csv", "old.csv"]
    assert all(len(entry["sha256"]) == 64 for entry in data.inputs)
    assert data.sources["source_id"].tolist() == ["cbs_kwb_2019", "cbs_kwb_2024"]
    assert data.files == {"cbs_kwb_2019": "old.csv", "cbs_kwb_2024": "kwb.csv"}
    assert data.areas.set_index("code")["name"][UTRECHT] == "Utrecht"
    assert data.focus_lists == {}
    [notice] = [row for row in data.set_aside if row.reason == "areas_not_in_every_year"]
    assert (notice.rows, notice.detail.split(":")[0]) == (0, "10")  # all but BU03440000 are in one of the two years
    assert set(load("store", UTRECHT, catalogue()).observations["code"].str[2:6]) == {"0344"}


def test_municipalities_that_merged_are_put_together_and_late_divisions_left_alone(filled: Path) -> None:
    data = load("store", MAASHORST, catalogue())
    rows = data.observations.set_index(["indicator", "year"])
    assert rows.loc[("inhabitants", 2019), "value"] == 280
    assert rows.loc[("inhabitants", 2018), "status"] == "not_published"  # Landerd has no figure of 2018
    assert rows.loc[("good_perceived_health_share", 2012), "value"] == 76
    assert set(rows["code"]) == {MAASHORST}
    assert SetAside("harmonise", 1, "area_without_mapping", UDEN) in data.set_aside
    assert SetAside("harmonise", 1, "part_without_a_figure", MAASHORST) in data.set_aside
    assert [entry["file"] for entry in data.inputs] == ["kwb.csv", "old.csv", "rivm.csv"]
    # Haarlemmermeer took another in in 2019 and kept its code: only the rest of the file tells that this has been done
    grown = load("store", "GM0394", catalogue())
    assert grown.observations["value"].tolist() == [74]
    assert grown.set_aside[-1].reason == "another_source_for_the_same_figure"


def test_two_sources_of_one_figure_are_compared_and_one_is_chosen(filled: Path) -> None:
    other: list[Row] = [(UTRECHT, 2024, "inhabitants", 1004, "map_2024"), (UTRECHT, 2024, "odd", 5, "map_2024")]
    add.add(file("map.csv", other))
    data = load("store", UTRECHT, catalogue())
    assert data.checks is not None
    [pair] = data.checks.to_dict("records")
    assert (pair["value"], pair["value_other"], pair["source_other"]) == (1000, 1004, "map_2024")
    assert SetAside("choose_sources", 1, "another_source_for_the_same_figure") in data.set_aside
    assert SetAside("store", 1, "indicator_not_in_catalogue", "odd") in data.set_aside


def test_what_is_apportioned_stays_out_unless_it_is_asked_for(filled: Path) -> None:
    """Haaren divided over four in 2021; in 2023 a tenth of Boxtel, which goes on, is made to join Vught as well."""
    mapping = filled / "data" / "mapping.csv"
    table = pd.read_csv(mapping, dtype={"weight": "float64"})
    haaren = table["from_code"] == "GM0788"
    table.loc[haaren, "weight"] = [0.1, 0.4, 0.2, 0.3]
    vught, boxtel = (table.loc[haaren & (table["to_code"] == code), "weight"].item() for code in ("GM0865", "GM0757"))
    [row] = table[haaren & (table["to_code"] == "GM0865")].to_dict("records")
    more = [
        {**row, "from_year": 2022, "to_year": 2023, "from_code": before, "to_code": after}
        | {"kind": kind, "weight": weight}
        for before, after, kind, weight in (
            ("GM0757", "GM0757", "split", 0.9), ("GM0757", "GM0865", "split", 0.1), ("GM0865", "GM0865", "same", 1),
        )
    ]  # fmt: skip
    pd.concat([table, pd.DataFrame(more)]).to_csv(mapping, index=False)
    rows: list[Row] = [
        ("GM0865", 2024, "inhabitants", 320, "late"), ("GM0788", 2019, "inhabitants", 140, "early"),
        ("GM0865", 2019, "inhabitants", 260, "early"), ("GM0757", 2019, "inhabitants", 100, "early"),
        ("BU07570000", 2019, "inhabitants", 100, "early"),
    ]  # fmt: skip
    add.add(file("vught.csv", rows))
    data = from_store("GM0865", catalogue())
    assert data.observations[["code", "year"]].to_numpy().tolist() == [["GM0865", 2024]]
    assert SetAside("store", 1, "apportioned") in data.set_aside
    whole = load("store", "GM0865", catalogue(), apportioned=True)
    asked = whole.observations.set_index("year")["value"]
    assert whole.apportioned is not None
    assert whole.apportioned["share"].tolist() == [pytest.approx(100 * (asked[2019] - 260) / asked[2019])]
    assert SetAside("store", 0, "apportioned_counted", f"1, {whole.apportioned['share'].max():.0f}") in whole.set_aside
    assert "apportioned" not in {one.reason for one in whole.set_aside}
    assert data.apportioned is not None and data.apportioned.empty
    counted = {"preset": "municipality", "municipality": "GM0865", "focus": "lowest:1:inhabitants:2024"}
    with pytest.raises(ParameterError, match="apportioned must be one of left_out, counted, not 'yes'"):
        open_study(counted | {"apportioned": "yes"})
    assert asked[2019] == pytest.approx(260 + 140 * vught + 0.1 * (100 + 140 * boxtel))


def test_an_empty_store_and_a_municipality_it_has_not(home: Path) -> None:
    with pytest.raises(ParameterError, match=r"The store \(data/store\) is empty\. Fill it: kloof data fetch --munic"):
        load("store", UTRECHT, catalogue())
    add.add(file("kwb.csv", KWB))
    with pytest.raises(
        ParameterError, match=r"has no GM0363\. It has 3 municipalities \(GM0344, GM0758, GM1991\), from kwb"
    ):
        load("store", "GM0363", catalogue())


# ------------------------------------------------------------------ the preset of any municipality


def test_the_preset_leaves_the_municipality_to_the_user() -> None:
    with pytest.raises(ParameterError) as problem:
        parameters({"preset": "municipality"})
    assert "municipality is missing" in str(problem.value)
    assert str(problem.value).endswith("Give it: kloof run --preset municipality --set municipality=GM0344.")
    assert preset_parameters("municipality").municipality == ANY
    given = parameters({"preset": "municipality", "municipality": UTRECHT})
    assert (given.source, report_name(given)) == ("store", UTRECHT)
    assert report_name(parameters({"preset": "breda"})) == "breda"


@pytest.mark.parametrize("name", ["../up", "a/b", "{year}", ""])
def test_a_report_can_only_lie_in_the_reports_folder(home: Path, name: str) -> None:
    (home / "notebooks" / "presets" / "mine.toml").write_text(f'report = "{name}"\n[parameters]\n')
    with pytest.raises(ParameterError, match="report must be a plain name"):
        read_preset("mine")


def test_the_focus_is_a_part_of_the_buurten_and_named_by_their_number(filled: Path) -> None:
    """Twenty percent of the ten buurten with a dwelling value is two; five percent is still one."""
    given = {"preset": "municipality", "municipality": UTRECHT, "year_from": 2019}
    lists = ["highest:25%:mean_dwelling_value:2024", "lowest:5%:mean_dwelling_value:2024"]
    study = open_study({**given, "focus_variants": lists})
    assert study.focus.codes == tuple(BUURTEN[:2])
    assert study.p.focus == study.focus.name == "lowest:2:mean_dwelling_value:2024"
    assert study.p.focus_variants == ("highest:3:mean_dwelling_value:2024", "lowest:1:mean_dwelling_value:2024")
    assert [len(focus.codes) for focus in study.variants] == [2, 3, 1]
    with pytest.raises(ParameterError, match="is empty: name at least one buurt"):
        open_study({**given, "focus": "lowest:0%:mean_dwelling_value:2024"})


def test_a_report_of_a_municipality_is_put_in_a_folder_of_its_own(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: list[Row] = [
        (code, year, "good_perceived_health_share", 60 + number, "rivm_late")
        for number, code in enumerate(BUURTEN)
        for year in (2012, 2016, 2020)
    ]
    owned: list[Row] = [(code, 2024, "owner_occupied_share", number, "cbs") for number, code in enumerate(BUURTEN)]
    add.add(file("more.csv", more + owned))

    def execute(paths: object, folder: Path, given: dict[str, str], *rest: object) -> None:
        (folder / "parts").mkdir()
        (folder / given["municipality"]).touch()

    monkeypatch.setattr(report, "execute_languages", execute)
    monkeypatch.setattr(report, "_keep_found", lambda *_: None)  # nothing was found
    folder = report.make_report("municipality", {"municipality": UTRECHT}, ("nl",), only=["01"])
    assert folder == filled / "reports" / "GM0344-only"
    assert (folder / UTRECHT).is_file()
