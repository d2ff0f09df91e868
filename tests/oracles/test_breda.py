"""The series of the Breda study against sums over the embedded files, read with nothing but the csv module.

The figures written out were computed from the same files by somebody else, in another program.
"""

import numpy as np
import pytest
import real

from kloof.questions import gap_changes as gaps
from kloof.questions import groups, groups_over_time, levels
from kloof.study.panel import jumps
from kloof.study.study import Study, open_study
from kloof.words.sentences import has

PANEL = "cbs_kwb_panel"


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


def test_every_source_of_a_figure_has_its_names_in_both_languages(breda: Study) -> None:
    measured = breda.data.observations[breda.data.observations["status"] == "measured"]
    nameless = {
        source
        for source in measured["source"].unique()
        if not all(has(table, source) for table in ("publisher", "source_title"))
    }
    assert nameless == set()


def means(study: Study, name: str, year: int) -> tuple[float, float]:
    """Mean of the listed buurten and of the rest, over the buurten and weights of the followed panel."""
    panel = gaps.follow(study, name).panel
    assert panel is not None
    value = panel.value[:, panel.column(year)]
    sides = (panel.is_focus, ~panel.is_focus)
    return tuple(float(np.average(value[side], weights=panel.weight[side])) for side in sides)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "source", "weight", "years", "buurten", "printed"),
    [
        (
            "mean_income_per_inhabitant", PANEL, "inhabitants", (2016, 2023), 51,
            {2016: (20.26, 28.32), 2019: (22.25, 31.12), 2023: (27.78, 37.47)},
        ),
        (
            "low_income_households_share", PANEL, "households", (2016, 2024), 46,
            {2016: (57.4, 36.4), 2019: (57.3, 36.0), 2024: (55.2, 36.7)},  # listed 2019: 57.346
        ),
        (
            "housing_corporation_share", PANEL, "households", (2016, 2024), 54,
            {2016: (52.4, 22.5), 2024: (48.6, 21.2)},
        ),
        (
            "livability_score", "lbm3", "inhabitants", (2014, 2024), 55,
            {2014: (3.880, 4.126), 2018: (3.898, 4.162), 2024: (3.949, 4.190)},
        ),
    ],
)  # fmt: skip
def test_a_followed_series_is_what_the_files_add_up_to(
    breda: Study,
    name: str,
    source: str,
    weight: str,
    years: tuple[int, int],
    buurten: int,
    printed: dict[int, tuple[float, float]],
) -> None:
    followed = gaps.follow(breda, name)
    panel = followed.panel
    assert panel is not None
    assert (followed.years[0], followed.years[-1]) == years
    assert (panel.sources, panel.weight_name, len(panel.codes)) == ((source,), weight, buurten)
    weights = real.figures(weight, PANEL, 2016)
    listed = real.focus()
    for year, expected in printed.items():
        found = means(breda, name, year)
        digits = 3 if source == "lbm3" else 2 if weight == "inhabitants" else 1
        assert tuple(round(side, digits) for side in found) == pytest.approx(expected), year
        figures = real.figures(name, source, year)
        own = set(panel.codes)
        again = real.mean(figures, weights, own & listed), real.mean(figures, weights, own - listed)
        # Leefbaarometer starts in 2014 and is weighed by the inhabitants of that year: the third digit is the same
        assert found == pytest.approx(again, abs=6e-4 if source == "lbm3" else 1e-9), year


def test_the_owner_occupied_gap_is_weighed_by_households(breda: Study) -> None:
    found = levels.level_finding(breda, "owner_occupied_share", "x")
    assert found.a.year == 2024
    assert found.estimate == pytest.approx(-25.4, abs=0.05)  # -27.0 when inhabitants weigh
    share, homes = (real.figures(name, PANEL, 2024) for name in ("owner_occupied_share", "households"))
    listed, everyone = real.focus(), set(share)
    own, rest = real.mean(share, homes, everyone & listed), real.mean(share, homes, everyone - listed)
    assert found.estimate == pytest.approx(own - rest)


def test_dwelling_value_is_weighed_by_households_and_says_so(breda: Study) -> None:
    followed = gaps.follow(breda, "mean_dwelling_value")
    panel = followed.panel
    assert panel is not None
    assert (followed.years[0], followed.years[-1], panel.weight_name, panel.weight_year) == (
        2015,
        2024,
        "households",
        2016,
    )
    assert "other_weights" in gaps.flags_of(breda, followed, breda.focus)
    income = gaps.follow(breda, "mean_income_per_inhabitant")
    assert "other_weights" not in gaps.flags_of(breda, income, breda.focus)


def test_steenakker_was_rebuilt_and_can_be_left_out(breda: Study) -> None:
    found = jumps(breda.data, breda.known, (2014, 2024))
    names = breda.data.areas.set_index("code")["name"]
    told = {(names[row.code], row.year, row.indicator): (row.before, row.after) for row in found.itertuples()}
    assert told["Steenakker", 2018, "households"] == (95, 315)
    own = {year: real.figures("households", PANEL, year)["BU07580507"] for year in (2017, 2018)}
    assert told["Steenakker", 2018, "households"] == tuple(own.values())
    assert sorted({name for name, _, _ in told}) == ["Emer", "Heilaar", "Mastbos", "Steenakker"]
    everyone = gaps.follow(breda, "mean_income_per_inhabitant")
    steady = gaps.follow(breda, "mean_income_per_inhabitant", steady=True)
    assert everyone.panel is not None and steady.panel is not None
    left = sorted(names[code] for code in set(everyone.panel.codes) - set(steady.panel.codes))
    assert left == ["Heilaar", "Mastbos", "Steenakker"]
    assert "jumped" in gaps.flags_of(breda, everyone, breda.focus)
    assert "jumped" not in gaps.flags_of(breda, steady, breda.focus)


def dissimilarity(group: dict[str, float], whole: dict[str, float]) -> float:
    """D of a group and the rest of its whole, in a loop."""
    codes = sorted(set(group) & set(whole))
    inside, outside = sum(group[code] for code in codes), sum(whole[code] - group[code] for code in codes)
    return sum(abs(group[code] / inside - (whole[code] - group[code]) / outside) for code in codes) / 2


def test_group_and_total_of_an_index_are_of_one_source(breda: Study) -> None:
    """0.1838 was 65 and over of KWB over inhabitants of the municipality's own, later boundaries."""
    kwb, municipal = "cbs_kwb_2017", "breda_population"
    old = {source: real.figures("inhabitants", source, 2017) for source in (kwb, municipal, PANEL)}
    aged = {source: real.figures("inhabitants_aged_65_plus", source, 2017) for source in (kwb, PANEL)}
    assert round(dissimilarity(aged[kwb], old[municipal]), 4) == 0.1838
    assert round(dissimilarity(aged[kwb], old[kwb]), 4) == 0.1844  # 47 buurten
    assert round(dissimilarity(aged[PANEL], old[PANEL]), 4) == 0.1840  # all 56
    table = groups.index_table(breda, "inhabitants_aged_65_plus").query("index == 'dissimilarity' and year == 2017")
    assert (len(aged[kwb]), table["buurten"].item()) == (47, 56)
    assert table["estimate"].item() == pytest.approx(dissimilarity(aged[PANEL], old[PANEL]))


def test_low_incomes_came_to_live_as_far_apart_as_before(breda: Study) -> None:
    found = groups_over_time.index_change(breda, "low_income_households", "x")
    assert (found.a.year, found.b.year, found.a.n_units) == (2016, 2024, 46)
    kept = {code for year in range(2016, 2025) for code in real.figures("low_income_households_share", PANEL, year)}
    for year in range(2016, 2025):
        kept &= set(real.figures("low_income_households_share", PANEL, year))
    again = {}
    for year in range(2016, 2025):
        share, homes = (real.figures(name, PANEL, year) for name in ("low_income_households_share", "households"))
        group = {code: share[code] / 100 * homes[code] for code in kept}
        again[year] = dissimilarity(group, homes)
    assert len(kept) == 46
    assert {year: round(again[year], 4) for year in (2016, 2018, 2023, 2024)} == {
        2016: 0.2775, 2018: 0.2821, 2023: 0.2724, 2024: 0.2748,
    }  # fmt: skip
    assert (found.a.estimate, found.b.estimate) == pytest.approx((again[2016], again[2024]), abs=1e-4)
