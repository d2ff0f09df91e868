"""A study starts with everything checked; its randomness, its years and its runs do not depend on order."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade import BUURTEN, broken, data, known
from hypothesis import given
from hypothesis import strategies as st

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError
from kloof.study import study as study_module
from kloof.study.dataset import DataSet
from kloof.study.panel import Focus
from kloof.study.parameters import parameters
from kloof.study.study import Study, comparable_run, open_study, usable_years

PEOPLE = {2015: (100, 200, 300, 400, 0)}


def study(made: DataSet, catalogue: Catalogue | None = None, **changes: Any) -> Study:
    p = dataclasses.replace(parameters({"preset": "breda"}), **changes)
    return Study(p, made, catalogue or known(), Focus("f", BUURTEN[:2]))


def income(years: dict[int, tuple[object, ...]], **options: Any) -> DataSet:
    return data({"income": years, "inhabitants": PEOPLE}, **options)  # type: ignore[dict-item]


@pytest.fixture(scope="module")
def random() -> Study:
    return study(income({2016: (1, 2, 3, 4, 5)}))


def test_each_purpose_has_its_own_randomness_whatever_came_before() -> None:
    made = study(income({2016: (1, 2, 3, 4, 5)}))
    first = made.rng("04.a").random(4)
    made.rng("04.b").random(100)
    assert made.rng("04.a").random(4).tolist() == first.tolist()
    assert made.rng("04.b").random(4).tolist() != first.tolist()
    again = study(income({2016: (9, 9, 9, 9, 9)}), seed=made.p.seed)
    assert again.rng("04.a").random(4).tolist() == first.tolist()
    other = study(made.data, seed=made.p.seed + 1)
    assert other.rng("04.a").random(4).tolist() != first.tolist()


@given(st.text("abcé.0 ", min_size=1, max_size=8), st.text("abcé.0 ", min_size=1, max_size=8))
def test_other_purposes_give_other_numbers(random: Study, one: str, two: str) -> None:
    same = np.array_equal(random.rng(one).integers(0, 2**62, 3), random.rng(two).integers(0, 2**62, 3))
    assert same == (one == two)


def test_the_smallest_effect_is_registered_or_set() -> None:
    made = study(income({2016: (1, 2, 3, 4, 5)}), smallest_effects={"poor": 0.7})
    assert made.smallest_effect("income") == 1.0
    assert made.smallest_effect("poor") == 0.7
    assert made.smallest_effect("income", "relative") == 2.0
    assert made.smallest_effect("nothing at all", "index") == 0.01
    assert made.coverage_minimum == 80.0
    with pytest.raises(ParameterError, match="inhabitants has no smallest effect: register one"):
        made.smallest_effect("inhabitants")
    wider = study(made.data, smallest_effects={"income": 2.5})
    assert wider.smallest_effect("income") == 2.5


def test_a_year_counts_when_enough_of_the_people_are_measured() -> None:
    made = study(
        income(
            {
                2014: (1, 2, 3, 4, 5),
                2016: (1, None, 3, 4, None),  # 800 of 1000 inhabitants: exactly enough
                2017: (1, 2, 3, "suppressed", None),  # 600
                2018: ("suppressed", 2, "not_published", 4, 5),  # 600
                2019: (None, 2, 3, 4, None),  # 900
            }
        )
    )
    years, covered = usable_years(made, "income", 2015, 2019)
    assert years == [2016, 2019]
    assert covered == pytest.approx({2016: 80.0, 2017: 60.0, 2018: 60.0, 2019: 90.0})
    assert all(type(year) is int for year in covered)
    assert usable_years(made, "income", 2014, 2014)[0] == [2014]
    assert usable_years(made, "income", 1990, 1999) == ([], {})


def test_without_any_weights_no_year_is_usable() -> None:
    made = study(data({"income": {2016: (1, 2, 3, 4, 5), 2017: (1, 2, 3, 4, 5)}}))
    assert usable_years(made, "income", 2010, 2020) == ([], {2016: 0.0, 2017: 0.0})


YEARS = dict.fromkeys((2015, 2016, 2018, 2019, 2020), (1, 2, 3, 4, 5))
BREAK_2018 = known(income=broken("income", 2018))


def test_a_run_ends_at_a_break_and_the_longest_is_taken() -> None:
    made = study(income(YEARS), BREAK_2018)
    assert comparable_run(made, "income", list(YEARS)) == ([2018, 2019, 2020], [(2016, 2018, ("income@2018",))])
    assert comparable_run(made, "income", [2015, 2016, 2018])[0] == [2015, 2016]


def test_of_equal_runs_the_latest_is_taken() -> None:
    made = study(income(YEARS), BREAK_2018)
    assert comparable_run(made, "income", [2015, 2016, 2018, 2019])[0] == [2018, 2019]


def test_a_bridge_carries_the_run_over_the_break() -> None:
    made = study(income(YEARS), known(income=broken("income", 2018, bridged=True)))
    assert comparable_run(made, "income", list(YEARS)) == (list(YEARS), [])


def test_a_break_lies_at_its_first_year_on_the_new_side() -> None:
    at_2019 = study(income(YEARS), known(income=broken("income", 2019)))
    assert comparable_run(at_2019, "income", list(YEARS))[1] == [(2018, 2019, ("income@2019",))]
    before_all = study(income(YEARS), known(income=broken("income", 2015)))
    assert comparable_run(before_all, "income", list(YEARS)) == (list(YEARS), [])


def test_a_break_between_two_sources_counts_only_where_both_meet() -> None:
    meeting = known(income=broken("income", 2018, sources=frozenset({"old", "new"})))
    both = income(YEARS, sources={2015: "old", 2016: "old", 2018: "new", 2019: "new", 2020: "new"})
    assert comparable_run(study(both, meeting), "income", list(YEARS))[0] == [2018, 2019, 2020]
    one = income(YEARS, sources=dict.fromkeys(YEARS, "new"))
    assert comparable_run(study(one, meeting), "income", list(YEARS))[0] == list(YEARS)


def test_a_break_spares_a_source_that_has_none_itself() -> None:
    spared = known(income=broken("income", 2018, spares=frozenset({"panel"})))
    panel = income(YEARS, sources=dict.fromkeys(YEARS, "panel"))
    assert comparable_run(study(panel, spared), "income", list(YEARS)) == (list(YEARS), [])
    mixed = income(YEARS, sources=dict.fromkeys(YEARS, "panel") | {2016: "edition"})
    assert comparable_run(study(mixed, spared), "income", list(YEARS))[0] == [2018, 2019, 2020]
    assert comparable_run(study(income(YEARS), spared), "income", list(YEARS))[0] == [2018, 2019, 2020]


def test_no_years_make_no_run() -> None:
    assert comparable_run(study(income(YEARS)), "income", []) == ([], [])
    assert comparable_run(study(income(YEARS)), "income", [2016]) == ([2016], [])


def test_opening_a_study_takes_only_the_parameters_out_of_a_notebook() -> None:
    made = open_study(
        {
            "preset": "breda",
            "language": "en",
            "focus": "bndestem",
            "year_from": 0,
            "kloof": object(),
            "__name__": "__main__",
        }
    )
    assert made.p.language == "en"
    assert made.focus.name == "bndestem"
    assert set(made.focus.codes) <= set(made.data.units())
    assert made.variants[0].name == "bndestem"
    assert len({focus.name for focus in made.variants}) == len(made.variants)
    assert {focus.name for focus in made.variants} == {"bndestem", *made.p.focus_variants}


def test_what_the_catalogue_does_not_know_is_listed_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        open_study(
            {
                "indicators": ["wealth"],
                "levels": ["crime_rate", "luck"],
                "groups": ["elves"],
                "smallest_effects": {"x": 1},
            }
        )
    assert str(caught.value) == (
        "4 faults in the parameters. (1) indicator 'wealth' is not in the catalogue (did you mean \"deaths\"?) (2) "
        "indicator 'luck' is not in the catalogue "
        "(3) group 'elves' is not in the catalogue (4) smallest_effects names 'x', not in the catalogue See: "
        "kloof list indicators."
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"year_from": 1996, "year_to": 1999}, "breda has no year from 1996 to 1999; it has "),
        ({"municipality": "GM0001"}, "municipality 'GM0001' is not in the embedded data"),
        ({"focus": "onion"}, "focus 'onion' is not a list"),
        ({"focus_variants": ["union", "onion"]}, "focus 'onion' is not a list"),
        ({"source": "elsewhere.db"}, "source 'elsewhere.db' is neither"),
        ({"year_from": "2014"}, "year_from must be a whole number"),
    ],
)
def test_an_impossible_study_is_refused_before_anything_is_computed(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        open_study(values)
    assert message in str(caught.value)


def test_a_study_without_indicators_is_refused(home: Path) -> None:
    preset = home / "notebooks" / "presets" / "breda.toml"
    text = re.sub(r"(?m)^indicators = .*$", "indicators = []", preset.read_text(encoding="utf-8"))
    preset.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match="indicators says nothing"):
        open_study({"preset": "breda"})


def test_an_indicator_without_smallest_effect_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(ParameterError, match="'cars' has no smallest effect: register one in the catalogue"):
        open_study({"preset": "breda", "indicators": ["cars"]})
    assert open_study({"preset": "breda", "indicators": ["cars"], "smallest_effects": {"cars": 5}}).p.indicators
    level = open_study({"preset": "breda", "levels": ["cars"]})  # its level is shown, and nothing is judged by it
    assert (level.p.levels, level.smallest_of_level("cars")) == (("cars",), None)


@pytest.mark.parametrize(("there", "nearest"), [((2008, 2023), 2008), ((2007, 2022), 2022), ((2023, 2030), 2023)])
def test_the_year_nearest_to_a_span_without_years_is_nearest_to_either_end(
    monkeypatch: pytest.MonkeyPatch, there: tuple[int, int], nearest: int
) -> None:
    whole = study_module.load

    def few(*given: Any, **more: Any) -> DataSet:
        data = whole(*given, **more)
        rows = data.observations.drop_duplicates("year").head(2).assign(year=there, code="BU07580000")
        return dataclasses.replace(data, observations=rows)

    monkeypatch.setattr(study_module, "load", few)
    with pytest.raises(ParameterError, match=rf"has no year from 2010 to 2020; it has .*Nearest: {nearest}\."):
        open_study({"preset": "breda", "year_from": 2010, "year_to": 2020, "trend_from": 2012})
