"""Before and since an event: which year falls where, what the trend was, and the share that was there by then."""

import numpy as np
import pytest
import real
from town import FOCUS, PEOPLE, indicator, town

from kloof.findings import HIGHER, NOT_COMPUTABLE, SAME, UNCLEAR, UNDECIDED, judge, verdict_of
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.questions import before_or_since as events
from kloof.questions import gap_changes as gaps
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

LEVEL = np.array([20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31])
OWN = np.array([0.1, -0.2, 0.3, 0, 0.2, -0.1, 0, 0.3, -0.3, 0.1, 0, -0.2])  # each buurt's own slope a year


def lines(jump: float = 0.0, behind: float = 0.0, years: range = range(2016, 2023)) -> dict[int, list[float]]:
    """Straight lines; the focus falls `behind` a year all along, and `jump` lower from 2020 on."""
    is_focus = np.arange(12) < 4
    return {
        year: list(LEVEL + OWN * (year - 2016) - is_focus * (behind * (year - 2016) + jump * (year >= 2020)))
        for year in years
    }


def income(years: dict[int, list[float]], measured: float = 0.5, **changes: object) -> Study:
    return town({"income": years}, indicator("income", rounding=0.0, measured=measured), event="2020-03", **changes)


def followed(study: Study) -> gaps.Followed:
    return gaps.follow(study, "income")


def mean_gap(row: list[float]) -> float:
    weight = np.array(PEOPLE, dtype=float)
    return float(np.average(row[4:], weights=weight[4:]) - np.average(row[:4], weights=weight[:4]))


@pytest.mark.parametrize(("measured", "before"), [
    (0.5, [True] * 4 + [False] * 3),  # halfway 2020 is after March
    (0.0, [True] * 5 + [False] * 2),  # 1 January 2020 is before it
    (0.2, [True] * 4 + [False] * 3),  # 2020.2 is just after 2020.167
    (-1.0, [True] * 6 + [False]),  # dated 1 January of the year before: the figure of 2021 is of 1 January 2020
])  # fmt: skip
def test_what_counts_is_when_a_figure_was_true(measured: float, before: list[bool]) -> None:
    study = income(lines(), measured)
    assert events.is_before(study, followed(study)) == before


def test_dwelling_values_of_2021_are_from_before_corona_and_three_fifths_of_their_change() -> None:
    study = open_study({"preset": "breda"})
    track = gaps.follow(study, "mean_dwelling_value", year_from=study.p.trend_from)
    flags = dict(zip(track.years, events.is_before(study, track), strict=True))
    assert flags[2021] and not flags[2022]
    table = events.event_table(study, track).set_index("year")
    assert table["period"].to_dict() == {year: "before" if flag else "since" for year, flag in flags.items()}
    before = events.before_event(study, track, ABSOLUTE, "x")
    assert (before.a.year, before.b.year) == (2015, 2021)
    # golden: recomputed from the files over the buurten measured in every year 2015-2024
    values, codes, homes = real.dwelling_values()
    gap = {
        year: real.mean(values[year], homes, codes - real.focus())
        - real.mean(values[year], homes, codes & real.focus())
        for year in values
    }
    assert (before.a.estimate, before.b.estimate) == pytest.approx((gap[2015], gap[2021]), abs=1e-9)
    # the line through the gaps of 2015-2021, drawn on to 2022-2024, beside what was measured
    since = events.beyond_trend(study, track, ABSOLUTE, "x")
    years = np.arange(2015, 2022)
    slope, start = np.polyfit(years - 2015.0, [gap[year] for year in years], 1)
    later = sum(gap[year] for year in (2022, 2023, 2024)) / 3
    assert (since.a.estimate, since.b.estimate) == pytest.approx((start + 8 * slope, later), abs=1e-6)
    assert (since.a.year, since.b.year) == (2022, 2024)
    # Golden: 61.4 percent of the change 2015-2024 by 2021 (as above), in loops; 1e-9 floating point
    first, by_then, last = gap[2015], gap[2021], gap[2024]
    found = events.share_by_event(study, track, "x")
    assert found.estimate == pytest.approx(100 * (by_then - first) / (last - first), abs=1e-9)
    assert found.estimate == pytest.approx(61.4, abs=0.05)
    assert (found.details["by_year"]["value"], found.a.year, found.b.year) == (2021, 2015, 2024)
    assert found.low is not None and found.high is not None and found.low < found.estimate < found.high
    # six of the nine years were before corona, so growth at one pace gives 67: the range holds it
    assert found.details["steady"]["value"] == pytest.approx(100 * 6 / 9)
    assert found.details["ahead"]["value"] == pytest.approx((found.estimate or 0) - 100 * 6 / 9)
    assert found.measure == "as_steady"


def test_health_of_2020_is_from_since_corona_which_starts_at_a_year_just_before_it() -> None:
    """The monitor of 2020 was held in the autumn. Before it: 2012 and 2016, golden over 51 buurten (rivm_50150).

    The gap was 8.85 points in 2012 and 8.87 in 2016, weighed by inhabitants of 2012.
    """
    study = open_study({"preset": "breda"})
    track = gaps.follow(study, "good_perceived_health_share", year_from=study.p.trend_from)
    assert dict(zip(track.years, events.is_before(study, track), strict=True)) == {
        2012: True, 2016: True, 2020: False, 2022: False, 2024: False,
    }  # fmt: skip
    people = real.figures("inhabitants", "breda_population", 2012)
    values = {year: real.figures("good_perceived_health_share", "rivm_50150", year) for year in track.years}
    codes = {code for code in set.intersection(*(set(row) for row in values.values())) if people.get(code, 0) > 0}
    gap = {
        year: real.mean(row, people, codes - real.focus()) - real.mean(row, people, codes & real.focus())
        for year, row in values.items()
    }
    before = events.before_event(study, track, ABSOLUTE, "x")
    assert (before.a.year, before.b.year, before.a.n_units) == (2012, 2016, len(codes))
    assert (before.a.estimate, before.b.estimate) == pytest.approx((gap[2012], gap[2016]), abs=1e-9)
    assert (gap[2012], gap[2016]) == pytest.approx((8.845, 8.874), abs=0.0005)
    since = events.beyond_trend(study, track, ABSOLUTE, "x")
    assert "trend_from_two_years" in since.flags
    # the line of two years goes through both: drawn on to the mean of 2020, 2022 and 2024, which is 2022
    assert since.a.estimate == pytest.approx(gap[2016] + (gap[2016] - gap[2012]) * 6 / 4, abs=1e-9)
    assert since.b.estimate == pytest.approx(sum(gap[year] for year in (2020, 2022, 2024)) / 3, abs=1e-9)
    # health was last measured three and a half years before March 2020: what came between is not since corona
    health = gaps.follow(study, "good_perceived_health_share", year_from=study.p.trend_from)
    stale = events.since_event(study, health, ABSOLUTE, "x")
    assert (stale.estimate, stale.reason) == (None, "no_year_just_before")
    income = gaps.follow(study, "mean_income_per_inhabitant", year_from=study.p.trend_from)
    found = events.since_event(study, income, ABSOLUTE, "x")
    panel = income.panel
    before, after = (
        np.average(panel.value[panel.is_focus, at], weights=panel.weight[panel.is_focus])
        - np.average(panel.value[~panel.is_focus, at], weights=panel.weight[~panel.is_focus])
        for at in (panel.years.index(2019), -1)
    )
    assert (found.a.year, found.b.year) == (2019, 2023)
    assert found.estimate == pytest.approx(before - after)  # less income is a larger gap


def test_before_ends_at_the_last_year_before_the_event_and_may_be_reversed() -> None:
    years = lines(jump=5.0, behind=1.0)
    study = income(years)
    found = events.before_event(study, followed(study), ABSOLUTE, "x")
    assert (found.kind, found.a.year, found.b.year) == ("gap_change_before", 2016, 2019)
    assert (found.a.estimate, found.b.estimate) == pytest.approx((mean_gap(years[2016]), mean_gap(years[2019])))
    assert (found.estimate, judge(found)) == (pytest.approx(mean_gap(years[2019]) - mean_gap(years[2016])), HIGHER)
    relative = events.before_event(study, followed(study), RELATIVE, "x")
    assert relative.unit == "percent"
    assert relative.estimate == pytest.approx((relative.b.estimate or 0) - (relative.a.estimate or 0))
    study = income({year: [60 - v for v in row] for year, row in lines().items()})
    assert events.before_event(study, followed(study), ABSOLUTE, "x").measure == "absolute_reversed"
    assert events.beyond_trend(study, followed(study), ABSOLUTE, "x").measure == "absolute_reversed"


def test_a_list_chosen_on_the_outcome_is_corrected_here_too() -> None:
    rng = np.random.default_rng(4)
    years = {year: [round(float(v), 2) for v in 30 + rng.standard_normal(12)] for year in range(2016, 2023)}
    chosen = Focus("lowest:4:income:2016", FOCUS, "income", 2016)
    corrected, naive = income(years, focus=chosen), income(years)
    for function in (events.before_event, events.beyond_trend):
        found, plain = (function(study, followed(study), ABSOLUTE, "05.x") for study in (corrected, naive))
        shift = found.details["selection_shift"]["value"]
        assert "corrected_for_selection" in found.flags
        assert (found.low, found.high) == pytest.approx(
            ((plain.low or 0) - max(shift, 0), (plain.high or 0) - min(shift, 0))
        )
        assert abs(shift) > 0.1
    # the trend drawn on from a low first year points up: since then the gap seems to grow, before it to shrink
    before, since = (
        function(corrected, followed(corrected), ABSOLUTE, "05.x")
        for function in (events.before_event, events.beyond_trend)
    )
    assert before.details["selection_shift"]["value"] < 0 < since.details["selection_shift"]["value"]


def test_beyond_the_trend_lies_what_is_new() -> None:
    study = income(lines(behind=1.0))
    found = events.beyond_trend(study, followed(study), ABSOLUTE, "x")
    assert (found.estimate, found.a.year, found.b.year) == (pytest.approx(0, abs=1e-9), 2020, 2022)
    years = lines(behind=1.0)
    assert found.b.estimate == pytest.approx(np.mean([mean_gap(years[year]) for year in (2020, 2021, 2022)]))
    assert "trend_from_two_years" not in found.flags
    study = income(lines(jump=3.0, behind=1.0))
    found = events.beyond_trend(study, followed(study), ABSOLUTE, "x")
    assert (found.estimate, judge(found), found.kind) == (pytest.approx(3.0), HIGHER, "beyond_trend")
    table = events.event_table(study, followed(study)).set_index("year")
    assert (table["gap"] - table["trend"]).round(9).to_dict() == {y: 3.0 * (y >= 2020) for y in range(2016, 2023)}
    assert table["period"].tolist() == ["before"] * 4 + ["since"] * 3
    study = income(lines(years=range(2018, 2022)))
    assert "trend_from_two_years" in events.beyond_trend(study, followed(study), ABSOLUTE, "x").flags


@pytest.mark.parametrize(("years", "reason", "share"), [
    (range(2019, 2023), "too_few_years_before", "too_few_years_before"),
    (range(2016, 2020), "no_year_since", "no_year_since"),
    (range(2020, 2023), "too_few_years_before", "too_few_years_before"),
])  # fmt: skip
def test_without_years_on_both_sides_there_is_no_answer(years: range, reason: str, share: str) -> None:
    study = income(lines(years=years))
    found = events.beyond_trend(study, followed(study), ABSOLUTE, "x")
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, reason)
    assert events.share_by_event(study, followed(study), "x").reason == share
    before = events.before_event(study, followed(study), ABSOLUTE, "x")
    assert before.reason == (None if reason == "no_year_since" else reason)
    table = events.event_table(study, followed(study))
    assert table["trend"].isna().all() == (reason == "too_few_years_before")


def test_what_cannot_be_followed_cannot_be_split() -> None:
    study = income({2016: list(LEVEL)})
    track = followed(study)
    assert track.reason == "one_year_only"
    for found in (
        events.before_event(study, track, ABSOLUTE, "x"),
        events.beyond_trend(study, track, RELATIVE, "x"),
        events.share_by_event(study, track, "x"),
    ):
        assert (judge(found), found.reason) == (NOT_COMPUTABLE, "one_year_only")
    assert events.event_table(study, track).empty


def test_false_events_of_2019_and_2020_contradict_as_strongly_on_dwelling_values() -> None:
    """Breda to 2022, relative: beyond lines before corona the gap is smaller, and so it is beyond lines before 2019.

    The departures are recomputed with polyfit on the means of both groups, over the years before corona only.
    """
    study = open_study({"preset": "breda", "year_to": 2022})
    track = gaps.follow(study, "mean_dwelling_value", year_from=study.p.trend_from)
    panel = track.panel
    assert panel is not None
    assert track.years == tuple(range(2015, 2023))
    means = [np.average(panel.value[s], axis=0, weights=panel.weight[s]) for s in (panel.is_focus, ~panel.is_focus)]

    def departure(event: int, last: int) -> float:
        before, since = np.arange(event - 2015), np.arange(event - 2015, last - 2014)
        drawn = [np.polyval(np.polyfit(before, row[before], 1), since).mean() for row in means]
        found = [row[since].mean() for row in means]
        return float(100 * (drawn[0] / drawn[1] - found[0] / found[1]))

    false = {event: departure(event, 2021) for event in range(2017, 2022)}
    true = departure(2022, 2022)
    assert true < -2
    assert max(false[2019], false[2020]) < 0.95 * true
    found = events.beyond_trend(study, track, RELATIVE, "05.x")
    assert found.estimate == pytest.approx(true, abs=1e-9)
    largest = max(abs(value) for value in false.values())
    assert found.details["largest_false"]["value"] == pytest.approx(largest, abs=1e-9)
    as_large = sum(abs(value) >= abs(true) for value in false.values())
    assert (found.details["false_events"]["value"], found.details["as_large"]["value"]) == (5, as_large)
    assert as_large >= 2
    assert found.low is not None and found.high is not None
    assert found.low <= true - largest + 1e-9 and found.high >= true + largest - 1e-9
    assert "line_does_not_hold" in found.flags
    assert verdict_of(found, HIGHER) == UNDECIDED


def stepped(early: float, late: float) -> dict[int, list[float]]:
    """The focus steps back by `early` in 2017 and by `late` in 2020: with the first step no straight line."""
    is_focus = np.arange(12) < 4
    return {
        year: list(40 + LEVEL + OWN * (year - 2014) - is_focus * (early * (year >= 2017) + late * (year >= 2020)))
        for year in range(2014, 2023)
    }


def test_a_departure_speaks_only_when_no_false_event_departs_as_far() -> None:
    """A step of 4 in 2017 is as far as one of 3 in 2020, and not as far as one of 20; departures by polyfit."""
    for jump, flagged in ((3.0, True), (20.0, False)):
        study = income(stepped(4.0, jump))
        found = events.beyond_trend(study, followed(study), ABSOLUTE, "x")
        assert judge(found) == (UNCLEAR if flagged else HIGHER)
        assert ("line_does_not_hold" in found.flags) == flagged
        assert found.details["false_events"]["value"] == 4  # 2016 to 2019, out of 2014 to 2019
        step = np.array([0.0, 0, 0, 4, 4, 4])
        departures = [
            abs((step[k:] - np.polyval(np.polyfit(np.arange(k), step[:k], 1), np.arange(k, 6))).mean())
            for k in range(2, 6)
        ]
        assert found.details["largest_false"]["value"] == pytest.approx(max(departures))
    study = income(stepped(0.01, 0.0))
    found = events.beyond_trend(study, followed(study), ABSOLUTE, "x")
    assert judge(found) == SAME
    assert "line_does_not_hold" not in found.flags


def test_with_few_years_before_the_event_nothing_is_decided() -> None:
    """Three years before: a jump of 5 that nothing can be set beside. Both measures say so, in both directions."""
    for sign in (1.0, -1.0):
        rows = lines(jump=5.0, years=range(2017, 2023))
        study = income({year: [60 + sign * (value - 60) for value in row] for year, row in rows.items()})
        for measure in (ABSOLUTE, RELATIVE):
            found = events.beyond_trend(study, followed(study), measure, "x")
            assert (judge(found), found.low, found.high, verdict_of(found, HIGHER)) == (UNCLEAR, None, None, UNDECIDED)
            assert "line_not_tested" in found.flags
            assert (found.measure, found.details["false_events"]["value"]) == (f"{measure}_untested", 0)


def test_the_share_that_was_there_by_the_event() -> None:
    """The focus falls 1 behind each year up to 2019, and 3 more in all by 2022: half was there."""
    is_focus = np.arange(12) < 4
    steps = {2016: 0, 2017: 1, 2018: 2, 2019: 3, 2020: 4, 2021: 5, 2022: 6}
    years = {year: list(LEVEL + 0.01 * OWN * step - is_focus * step) for year, step in steps.items()}
    study = income(years)
    found = events.share_by_event(study, followed(study), "x")
    assert found.estimate == pytest.approx(50, abs=0.5)
    assert found.low is not None and found.high is not None and found.low <= 50 <= found.high
    assert found.details["by_year"]["value"] == 2019
    assert (found.unit, found.decimals, found.smallest_effect) == ("percent", 0, None)
    assert (found.a.year, found.b.year) == (2016, 2022)
    rows = {year: row for year, row in lines(behind=1.0).items() if year in (2016, 2017, 2019, 2022)}
    study = income(rows)
    found = events.share_by_event(study, followed(study), "x")
    assert found.details["steady"]["value"] == pytest.approx(50)  # three of the six years
    study = income({year: list(LEVEL + 3 * OWN * (-1) ** year) for year in range(2016, 2023)})
    found = events.share_by_event(study, followed(study), "x")
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "no_change_to_split")
    assert judge(events.beyond_trend(study, followed(study), ABSOLUTE, "x")) == UNCLEAR


@pytest.mark.parametrize(("steps", "measure"), [
    ([0, 1, 2, 3, 4, 5, 6], "as_steady"), ([0, 2, 4, 5, 5.5, 5.8, 6], "earlier"),
    ([0, 0.2, 0.4, 0.6, 2, 4, 6], "later"),
    ([0, -2, -4, -5, -5.5, -5.8, -6], "earlier"),  # a gap that shrank, mostly before
])  # fmt: skip
def test_a_share_is_set_beside_that_of_growth_at_one_pace(steps: list[float], measure: str) -> None:
    """Three of six steps lie before the event: half of steady growth; told apart only when the range leaves that."""
    is_focus = np.arange(12) < 4
    noise = np.random.default_rng(2).standard_normal((7, 12))
    years = {2016 + at: list(LEVEL + 0.2 * noise[at] - is_focus * step) for at, step in enumerate(steps)}
    study = income(years)
    found = events.share_by_event(study, followed(study), "x")
    assert (found.details["steady"]["value"], found.measure) == (pytest.approx(50), measure)
    assert found.estimate == pytest.approx(100 * steps[3] / steps[-1], abs=8)
