"""A parameter is checked before anything runs: unknown, missing, mistyped or impossible values are all named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.errors import ParameterError
from kloof.paths import project_folder
from kloof.study.parameters import (
    HELP,
    PARAMETER_NAMES,
    Parameters,
    as_typed,
    coerce,
    is_given,
    parameters,
    preset_names,
    preset_parameters,
    read_preset,
)

PRESETS = sorted(path.stem for path in (project_folder() / "notebooks" / "presets").glob("*.toml"))


def message_of(given_values: Mapping[str, Any]) -> str:
    with pytest.raises(ParameterError) as caught:
        parameters(given_values)
    return str(caught.value)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a test may write presets."""
    monkeypatch.setenv("KLOOF_HOME", str(tmp_path))
    folder = tmp_path / "notebooks" / "presets"
    folder.mkdir(parents=True)
    return folder


def test_there_are_presets_and_they_are_found() -> None:
    assert {"breda", "heerlen"} <= set(PRESETS)
    assert preset_names() == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_on_disk_is_valid(name: str) -> None:
    values = preset_parameters(name)
    assert values.preset == name
    assert values.language == "nl"
    written = read_preset(name)["parameters"]
    for key, value in written.items():
        assert getattr(values, key) == (tuple(value) if isinstance(value, list) else value)
    assert values.trend_from == written.get("trend_from", values.year_from)
    assert values.focus in values.focus_variants


def test_every_parameter_has_a_meaning_and_the_other_way_round() -> None:
    assert tuple(HELP) == PARAMETER_NAMES == tuple(get_type_hints(Parameters))


def test_without_a_preset_it_is_breda_and_what_is_given_wins() -> None:
    values = parameters({"year_to": 2022, "indicators": ["mean_dwelling_value"], "smallest_effects": {"crime_rate": 2}})
    assert values.preset == "breda"
    assert values.year_to == 2022
    assert values.indicators == ("mean_dwelling_value",)
    assert values.smallest_effects == {"crime_rate": 2}
    assert values.year_from == parameters({}).year_from


def test_empty_means_as_the_preset() -> None:
    empty = {
        "municipality": "",
        "year_from": 0,
        "focus_variants": [],
        "groups": (),
        "smallest_effects": {},
        "seed": None,
    }
    assert parameters(empty) == parameters({})


@pytest.mark.parametrize("value", ["x", 1, -1, ["a"], ("a",), {"a": 1}, 0.5, [""]])
def test_a_value_that_says_something(value: Any) -> None:
    assert is_given(value)


@pytest.mark.parametrize("value", ["", 0, [], (), {}, None, 0.0])
def test_a_value_that_says_nothing(value: Any) -> None:
    assert not is_given(value)


def test_the_moment_of_the_event_is_in_years() -> None:
    assert parameters({"event": "2020-03"}).event_time == pytest.approx(2020 + 2 / 12)
    assert parameters({"event": "2019-01"}).event_time == 2019


def test_unknown_names_are_all_listed_with_the_nearest() -> None:
    text = message_of({"foucs": "union", "qqq": 1, "seed": 3})
    assert """unknown parameter 'foucs' (did you mean "focus"?), 'qqq'. Valid: preset, language""" in text


def test_an_unknown_preset_names_the_nearest_and_all() -> None:
    text = message_of({"preset": "breada"})
    near = 'did you mean "breda"?'
    assert text == f"preset 'breada' does not exist: {near} Valid: {', '.join(PRESETS)} (notebooks/presets)."
    with pytest.raises(ParameterError, match=r"preset '\.\./claims' does not exist"):
        read_preset("../claims")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"year_from": "2014"}, "year_from must be a whole number, not '2014'"),
        ({"year_from": 2014.0}, "year_from must be a whole number, not 2014.0"),
        ({"draws": True}, "draws must be a whole number, not True"),
        ({"focus": ["union"]}, "focus must be text, not ['union']"),
        ({"indicators": "mean_dwelling_value"}, "indicators must be a list of texts"),
        ({"groups": ["a", 3]}, "groups must be a list of texts"),
        ({"smallest_effects": {"a": "1"}}, "smallest_effects must be a table of numbers"),
        ({"smallest_effects": [1.0]}, "smallest_effects must be a table of numbers"),
        ({"language": "de"}, "language must be one of nl, en, not 'de'"),
        ({"municipality": "0758"}, "municipality '0758' is not known: did you mean \"GM0758\"?"),
        ({"municipality": "GM07581"}, "municipality 'GM07581' is not known: did you mean \"GM0758\"?"),
        ({"event": "2020"}, "event must be a year and month, such as 2020-03, not '2020'"),
        ({"event": "2020-13"}, "event must be a year and month"),
        ({"year_from": 2024}, "year_from (2024) must lie before year_to (2024)"),
        ({"year_from": 1980}, "both from 1995 to 2100"),
        ({"draws": 198}, "draws must be 199 or more, not 198"),
        ({"seed": -1}, "seed must not be negative"),
        ({"smallest_effects": {"crime_rate": 0}}, "smallest_effects of crime_rate must be a number above 0, not 0"),
        ({"smallest_effects": {"crime_rate": -1.0}}, "must be a number above 0, not -1.0"),
        ({"smallest_effects": {"crime_rate": float("nan")}}, "must be a number above 0, not nan"),
    ],
)
def test_each_wrong_value_is_refused_and_says_what_is_right(values: dict[str, Any], fault: str) -> None:
    text = message_of(values)
    assert text.startswith("1 fault in the parameters. (1) ")
    assert fault in text
    assert text.endswith("See: kloof show 03.")


def test_all_faults_come_at_once() -> None:
    assert message_of({"year_from": "x", "focus": 3, "groups": "a"}).startswith("3 faults in the parameters.")
    text = message_of({"language": "de", "municipality": "Bredda", "event": "soon", "draws": 5, "seed": -2})
    assert text.startswith("5 faults in the parameters.")
    assert all(f"({number})" in text for number in range(1, 6))


def test_a_preset_that_lacks_parameters_says_which(own: Path) -> None:
    (own / "mine.toml").write_text('[parameters]\nmunicipality = "GM0001"\nyear_from = 2014\n')
    text = message_of({"preset": "mine"})
    assert "source is missing (embedded data set, store, or path of a file you bring)" in text
    assert "seed is missing" in text
    assert "trend_from" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[parameters]\nmunicipality = GM0001\n", "preset mine: notebooks/presets/mine.toml is not valid TOML: "),
        ('municipality = "GM0001"\n', "preset mine: notebooks/presets/mine.toml needs its values under [parameters]."),
        ("[parameters]\nyear_form = 2014\n", "preset mine: unknown 'year_form' (did you mean \"year_from\"?). Valid: "),
    ],
)
def test_a_preset_file_that_cannot_be_understood_is_named(own: Path, content: str, message: str) -> None:
    (own / "mine.toml").write_text(content)
    with pytest.raises(ParameterError) as caught:
        read_preset("mine")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("year_from", "2016", 2016),
        ("seed", "-3", -3),
        ("focus", "lowest:11:mean_income_per_inhabitant:2016", "lowest:11:mean_income_per_inhabitant:2016"),
        ("indicators", "a, b,c,", ["a", "b", "c"]),
        ("focus_variants", "union; BU1,BU2 ;", ["union", "BU1,BU2"]),
        ("smallest_effects", "crime_rate:2.5, income : 3", {"crime_rate": 2.5, "income": 3.0}),
    ],
)
def test_text_is_read_as_the_type_of_the_parameter(name: str, text: str, value: Any) -> None:
    assert coerce(name, text) == value
    assert type(coerce(name, text)) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("year_form", "2016", "unknown parameter 'year_form' (did you mean \"year_from\"?). Valid: preset"),
        ("zzz", "1", "unknown parameter 'zzz'. Valid: preset"),
        ("year_from", "abc", "year_from must be a whole number, not 'abc' (first year compared)"),
        ("year_from", "2016.5", "year_from must be a whole number"),
        ("smallest_effects", "crime_rate=2", "smallest_effects must look like indicator:number"),
        ("smallest_effects", "crime_rate:two", "smallest_effects must look like indicator:number"),
        ("smallest_effects", "a:1:2", "smallest_effects must look like indicator:number"),
        ("focus", "", "focus= says nothing: empty or 0 means as the preset has it. Leave --set focus out"),
        ("seed", "0", "seed=0 says nothing"),
        ("indicators", ",", "indicators=, says nothing"),
    ],
)
def test_text_that_is_no_value_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        coerce(name, text)
    assert str(caught.value).startswith(message)


@given(st.integers(1, 10**9) | st.integers(-(10**9), -1))
def test_whole_numbers_are_read_back(value: int) -> None:
    assert coerce("seed", str(value)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("year_from", "2016"),
        ("focus", "lowest:11:mean_income_per_inhabitant:2016"),
        ("indicators", "mean_dwelling_value,good_perceived_health_share"),
        ("focus_variants", "union;BU07580001,BU07580002"),
        ("smallest_effects", "mean_dwelling_value:5,good_perceived_health_share:0.5"),
    ],
)
def test_a_value_is_written_as_it_would_be_typed(name: str, text: str) -> None:
    assert as_typed(coerce(name, text)) == text


def test_none_asks_for_nothing_where_the_preset_has_something() -> None:
    breda = parameters({"preset": "breda"})
    assert all((breda.published, breda.comparisons, breda.groups, breda.levels))
    given = {name: coerce(name, "none") for name in ("published", "comparisons", "groups", "levels")}
    without = parameters({"preset": "breda", **given})
    assert (without.published, without.comparisons, without.groups, without.levels) == ("", (), (), ())
    assert parameters({"preset": "breda", "indicators": ["none"]}).indicators == ("none",)  # refused by the catalogue


@pytest.mark.parametrize("year", [2021, 1890])
def test_a_trend_must_begin_before_the_event(year: int) -> None:
    with pytest.raises(ParameterError, match=rf"trend_from \({year}\) must not lie after the event, 2020-03"):
        parameters({"preset": "breda", "trend_from": year})
