"""What of a movement arrives in the list, what is left of a gap, and who left social assistance (C12, C13, H7)."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import check_spoken
from town import FOCUS, PEOPLE, indicator, town

from kloof.figures import draw
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    MIXED,
    NEGLIGIBLE,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SAME,
    SUPPORTED,
    UNCLEAR,
    UNDECIDED,
    judge,
)
from kloof.methods.contrast import difference
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.methods.power import Town, detectable, power_of, variance_parts
from kloof.paths import dump
from kloof.questions import policy
from kloof.questions import policy as outlook
from kloof.questions.gap_changes import follow
from kloof.results import Section
from kloof.run import in_notebook as notebook
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study
from kloof.words.sentences import text_of

WEIGHT = np.array(PEOPLE, dtype=np.float64)
S, C, N = SUPPORTED, CONTRADICTED, NEGLIGIBLE
LISTED = np.arange(12) < 4
OWN = np.array([0.3, -0.4, 0.2, -0.1, 0.5, -0.3, 0.1, -0.2, 0.4, -0.5, 0.2, -0.2])  # what each buurt does of its own
FINE = indicator("income", rounding=0.0, smallest_effect=1.0)


def mean(row: Any, side: Any) -> float:
    return float(np.average(np.asarray(row)[side], weights=WEIGHT[side]))


def incomes(rows: dict[int, Any], entry: Any = FINE, focus: Focus | None = None, **changes: Any) -> Study:
    return town({"income": {year: list(row) for year, row in rows.items()}}, entry, focus=focus, **changes)


def waves(part: float, years: int = 10, noise: float = 0.0005) -> dict[int, np.ndarray]:
    """Levels that grow by a tide of which `part` arrives in the list and all in the rest, with some noise."""
    rng = np.random.default_rng(6)
    tide = np.cumsum(np.tile([0.08, 0.01, 0.05, -0.02], years)[: years - 1])
    rows, level = {}, np.log(np.where(LISTED, 20.0, 30.0) + OWN)
    for place in range(years):
        moved = 0.0 if place == 0 else tide[place - 1]
        rows[2010 + place] = np.exp(level + np.where(LISTED, part, 1.0) * moved + noise * rng.standard_normal(12))
    return rows


def slopes(rows: dict[int, np.ndarray]) -> tuple[float, float]:
    """Elasticity of the list and of the rest, in plain loops: least squares of log changes on those of the others."""
    value = np.array([rows[year] for year in sorted(rows)])
    found = []
    for side in (LISTED, ~LISTED):
        own = np.log([mean(row, side) for row in value])
        others = np.log([
            sum(WEIGHT[i] * (sum(WEIGHT[j] * row[j] for j in range(12) if j != i) / (WEIGHT.sum() - WEIGHT[i]))
                for i in range(12) if side[i]) / WEIGHT[side].sum()
            for row in value
        ])  # fmt: skip
        slope, _ = np.polyfit(np.diff(others), np.diff(own), 1)
        found.append(float(slope))
    return found[0], found[1]


@pytest.mark.parametrize(("part", "expected"), [(0.5, LOWER), (1.6, HIGHER), (1.0, SAME)])
def test_a_part_that_arrives_is_found(part: float, expected: str) -> None:
    rows = waves(part)
    study = incomes(rows)
    found = policy.arrives(study, "income", "x", study.focus)
    focus, rest = slopes(rows)
    assert (judge(found), found.estimate) == (expected, pytest.approx(100 * (focus / rest - 1), abs=1e-9))
    assert found.details["arrives_focus"]["value"] == pytest.approx(100 * focus, abs=1e-9)
    assert found.details["arrives_rest"]["value"] == pytest.approx(100 * rest, abs=1e-9)
    assert found.estimate == pytest.approx(100 * (part - 1), abs=8)  # the tide itself holds a part of the list
    assert (found.measure, found.smallest_effect, found.range_kind) == ("elasticity", 10.0, ("process",))


@pytest.mark.parametrize(("part", "measure"), [(0.55, "inside"), (1.0, "outside")])
def test_the_image_of_the_vaccine_stands_beside_it(part: float, measure: str) -> None:
    """50 of 100 here and 90 there: 44.4 percent less."""
    study = incomes(waves(part, noise=0.002))
    found = policy.arrives(study, "income", "x", study.focus)
    beside = policy.image(found, "x.image")
    assert (beside.measure, beside.kind) == (measure, "image")
    assert beside.details["image"]["value"] == pytest.approx(-400 / 9)
    assert policy.image(dataclasses.replace(found, low=None), "x.image") is None


def test_under_six_years_there_is_an_estimate_and_no_range() -> None:
    rows = waves(0.5, years=5)
    study = incomes(rows)
    found = policy.arrives(study, "income", "x", study.focus)
    focus, rest = slopes(rows)
    assert found.estimate == pytest.approx(100 * (focus / rest - 1), abs=1e-9)
    assert (found.low, found.high, found.measure, found.range_kind) == (None, None, "elasticity_alone", ())
    assert "too_few_years_for_range" in found.flags
    assert judge(found) == UNCLEAR
    three = incomes(waves(0.5, years=3))
    assert policy.arrives(three, "income", "x", three.focus).reason == "too_few_years"


def test_only_an_improvement_can_arrive_and_no_list_chosen_on_it_is_a_test() -> None:
    falling = {year: 60 - row for year, row in waves(0.5).items()}
    study = incomes(falling)
    assert policy.arrives(study, "income", "x", study.focus).reason == "no_improvement"
    less_is_better = incomes(falling, dataclasses.replace(FINE, better=-1))
    assert policy.arrives(less_is_better, "income", "x", less_is_better.focus).reason is None
    chosen = Focus("lowest:4:income:2010", FOCUS, "income", 2010)
    study = incomes(waves(0.5), focus=chosen)
    found = policy.arrives(study, "income", "x", chosen)
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "chosen_on_outcome")
    assert policy.left(study, "income", ABSOLUTE, "x", chosen).reason == "chosen_on_outcome"
    earlier = dataclasses.replace(chosen, name="lowest:4:income:2009", year=2009)  # not one of the years compared
    assert policy.arrives(study, "income", "x", earlier).reason is None


def lines(now: float, pace: float, years: Sequence[int] = range(2014, 2022), own: float = 0.1) -> dict[int, Any]:
    """The list `now` behind in the last year and `pace` further behind each year; each buurt has a slope of its own."""
    last = max(years)
    return {year: 40.0 + OWN - LISTED * (now + pace * (year - last)) + own * OWN * (year - last) for year in years}


def by_hand(rows: dict[int, Any]) -> tuple[float, float]:
    """Gap on the straight line in the last year, and the slope of the line, in the mean of each group."""
    years = np.array(sorted(rows), dtype=np.float64)
    gap = np.array([mean(rows[int(year)], ~LISTED) - mean(rows[int(year)], LISTED) for year in years])
    slope, start = np.polyfit(years, gap, 1)
    return float(start + slope * years[-1]), float(slope)


@pytest.mark.parametrize(
    ("now", "pace", "expected"), [(6.0, -1.0, LOWER), (6.0, -0.01, HIGHER), (6.0, 0.5, HIGHER), (6.0, -0.3, UNCLEAR)]
)
def test_what_is_left_after_twenty_years(now: float, pace: float, expected: str) -> None:
    rows = lines(now, pace)
    study = incomes(rows)
    found = policy.left(study, "income", ABSOLUTE, "x", study.focus)
    at_last, slope = by_hand(rows)
    assert (judge(found), found.estimate) == (expected, pytest.approx(at_last + 20 * slope, abs=1e-9))
    assert found.details["gap_now"]["value"] == pytest.approx(at_last, abs=1e-9)
    assert found.details["pace"]["value"] == pytest.approx(abs(slope), abs=1e-9)
    # the range of one contrast: each buurt's own line drawn on
    value = np.array([rows[year] for year in sorted(rows)]).T
    years = np.array(sorted(rows), dtype=np.float64)
    drawn = np.array([np.polyval(np.polyfit(years - years[-1], -row, 1), 20.0) for row in value])
    alone = difference(drawn[:, None], WEIGHT, LISTED)
    low, high = alone.interval()
    assert (found.low, found.high) == pytest.approx((float(low[0]), float(high[0])), rel=0.05)
    if pace == -1.0:
        assert found.details["closes"]["value"] == pytest.approx(at_last / -slope, abs=1e-9)
        assert found.details["earliest"]["value"] < at_last / -slope < found.details["latest"]["value"]
    if pace > 0:
        assert "closes" not in found.details


def test_rounding_stretches_what_is_left() -> None:
    """Each figure within 0.05: the gap of a year within 0.1, times what the year counts in the line drawn on."""
    rows = lines(6.0, -0.2)
    exact, rounded = (incomes(rows, dataclasses.replace(FINE, rounding=step)) for step in (0.0, 0.1))
    narrow, wide = (policy.left(study, "income", ABSOLUTE, "x", study.focus) for study in (exact, rounded))
    years = np.arange(8.0)
    design = np.column_stack([np.ones(8), years])
    counts = np.array([1.0, 27.0]) @ np.linalg.pinv(design)
    stretch = 0.1 * np.abs(counts).sum()
    assert (narrow.low, narrow.high) == pytest.approx(((wide.low or 0) + stretch, (wide.high or 0) - stretch))


def test_in_proportion_it_is_the_relative_gap_that_is_drawn_on() -> None:
    rows = lines(6.0, 0.2)
    study = incomes(rows)
    found = policy.left(study, "income", RELATIVE, "x", study.focus)
    years = np.array(sorted(rows), dtype=np.float64)
    gap = np.array([100 * (1 - mean(rows[int(y)], LISTED) / mean(rows[int(y)], ~LISTED)) for y in years])
    slope, start = np.polyfit(years, gap, 1)
    assert (found.estimate, found.unit) == (pytest.approx(start + slope * (years[-1] + 20), abs=1e-9), "percent")
    # the shares of buurten in it: a small step of one figure moves the relative gap by its share
    track = follow(study, "income")
    by_year, shares, _ = policy._oriented(track, RELATIVE)
    assert by_year == pytest.approx(gap)
    for place in (0, 7):
        row = np.array(rows[2021], dtype=np.float64)
        row[place] += 1e-6
        moved = 100 * (1 - mean(row, LISTED) / mean(row, ~LISTED))
        side = LISTED if LISTED[place] else ~LISTED
        part = WEIGHT[place] / WEIGHT[side].sum() * (1 if LISTED[place] else -1)
        slope_of_share = part * (shares[place, -1] / rows[2021][place])
        assert (moved - gap[-1]) / 1e-6 == pytest.approx(slope_of_share, rel=1e-4)


def test_why_there_is_nothing_to_close() -> None:
    for rows, reason in (
        (lines(-6.0, 0.0), "not_behind"),
        (lines(0.01, 0.0), "no_gap"),
        (lines(6.0, 0.1, (2020, 2021)), "too_few_years"),
        ({2020: lines(6.0, 0.0)[2020]}, "one_year_only"),
    ):
        study = incomes(rows)
        found = policy.left(study, "income", ABSOLUTE, "x", study.focus)
        # an indicator of which more is better: ahead counts as minus
        assert (judge(found), found.reason) == (NOT_COMPUTABLE, reason)
    rng = np.random.default_rng(9)
    ahead = incomes({2010 + at: 40 + 8.0 * LISTED + rng.standard_normal(12) for at in range(6)})
    assert policy.programme_seen(ahead, "income", "x")[0].reason == "not_behind"
    # buurten that swing by 20 a year: a gap of a few thousand that closes in twenty years is lost in that
    rng = np.random.default_rng(12)
    swings = np.cumsum(20 * rng.standard_normal((12, 6)), axis=1)
    swings -= swings[:, -1:]
    lost = incomes({2010 + at: 200 - 3.0 * LISTED + OWN + swings[:, at] for at in range(6)})
    found, smallest = policy.programme_seen(lost, "income", "x")
    assert found.reason == "never_seen"
    assert smallest[20] > 3.0


@pytest.mark.parametrize("step", [1, 2])
def test_when_a_programme_would_be_seen(step: int) -> None:
    """Lasting shocks and passing noise of each buurt; measured every second year, half the shock belongs to a year."""
    rng = np.random.default_rng(9)
    walk = np.cumsum(0.3 * rng.standard_normal((12, 8)), axis=1) + 0.2 * rng.standard_normal((12, 8))
    rows = {2000 + step * place: 40 - 8.0 * LISTED + walk[:, place] for place in range(8)}
    study = incomes(rows)
    found, smallest = policy.programme_seen(study, "income", "x")
    value = np.array(list(rows.values())).T
    shock, noise = variance_parts(value, LISTED, 0.0)
    place = Town(WEIGHT, LISTED, shock / step, noise)
    assert smallest == pytest.approx(detectable(place, (2, 4, 8, 12, 20)))
    gap = mean(value[:, -1], ~LISTED) - mean(value[:, -1], LISTED)
    factor = sum(((WEIGHT[side] / WEIGHT[side].sum()) ** 2).sum() for side in (LISTED, ~LISTED))
    parts = [((WEIGHT[side] / WEIGHT[side].sum()) ** 2).sum() for side in (LISTED, ~LISTED)]
    degrees = factor**2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 7)
    first = next(
        years
        for years in range(1, 101)
        if power_of(gap * years / 20, np.sqrt((shock / step * years + 2 * noise) * factor), degrees) >= 0.8
    )
    assert (found.estimate, found.details["gap_now"]["value"]) == (first, pytest.approx(gap))


def registered(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the claims of this notebook be about an indicator of the town."""
    rules = claims.registry()
    own = {key: {**rules.claims[key], "indicators": [name], "needs": [name]} for key in ("C12", "C13", "H7")}
    monkeypatch.setattr(claims, "registry", lambda: dataclasses.replace(rules, claims={**rules.claims, **own}))


@pytest.mark.parametrize(("focus", "rest", "wanted", "together"), [
    (-2.0, -4.0, (S, S, S, S), S),  # fell everywhere, less in the list
    (-4.0, -2.0, (S, S, C, N), MIXED),  # more in the list: 20 percent off 20 and off 10
    (3.0, -4.0, (C, S, S, S), MIXED),  # it did not fall in the list
    (-2.0, -2.0, (S, S, N, S), MIXED),  # as many points: a smaller part of the list's 20 than of the rest's 10
    (2.0, 4.0, (C, C, C, C), C),  # it rose everywhere, and more in the rest
])  # fmt: skip
def test_fell_everywhere_but_less(
    monkeypatch: pytest.MonkeyPatch, focus: float, rest: float, wanted: tuple[str, ...], together: str
) -> None:
    """The list starts at 20 percent, the rest at 10; less is better. Each half of the claim is a part with its say."""
    first = np.where(LISTED, 20.0, 10.0) + 0.1 * OWN
    last = first + np.where(LISTED, focus, rest) + 0.05 * OWN[::-1]
    poor = indicator("poor", rounding=0.0, universe="inhabitants", smallest_effect=1.0)
    study = town({"poor": {2015: list(first), 2019: list(last)}}, poor)
    registered(monkeypatch, "poor")
    section = Section("11_policy")
    outlook.who_left_assistance(section, study)
    verdicts = {row.row: row.verdict for row in section.verdicts}
    rows = ("poor.fell.focus", "poor.fell.rest", "poor.absolute", "poor.relative")
    assert verdicts == dict(zip(rows, wanted, strict=True))
    assert claims.overall([row.as_json() for row in section.verdicts]) == {"H7": together}
    assert all(row.question == "happened" for row in section.verdicts)
    relative = section.findings["11.poor.fell_less.relative"]
    ends = [100 * mean(row, LISTED) / mean(row, ~LISTED) for row in (first, last)]
    assert relative.estimate == pytest.approx(ends[1] - ends[0])
    fell = section.findings["11.poor.fell.focus"]
    assert fell.estimate == pytest.approx(mean(last - first, LISTED))
    assert fell.details["was"]["value"] == pytest.approx(mean(first, LISTED))
    assert fell.details["became"]["value"] == pytest.approx(mean(last, LISTED))
    assert (fell.details["fallen"]["value"], fell.details["of"]["value"]) == (4 if focus < 0 else 0, 4)
    less = section.findings["11.poor.fell_less.absolute"]
    assert less.estimate == pytest.approx(mean(last - first, LISTED) - mean(last - first, ~LISTED))
    assert (less.kind, less.unit) == ("fell_less", "points")


def test_without_figures_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    study = town({"inhabitants": {2015: PEOPLE}})
    registered(monkeypatch, "poor")
    section = Section("11_policy")
    outlook.does_it_arrive(section, study)
    outlook.how_long(section, study)
    outlook.who_left_assistance(section, study)
    assert {row.verdict for row in section.verdicts} == {NOT_TESTABLE}
    assert {row.missing for row in section.verdicts} == {("poor",)}
    assert [row.claim for row in section.verdicts] == ["C12", *["H7"] * 4]  # C13 is a calculation
    assert (section.figures, section.tables) == ({}, {})


def recorded(study: Study) -> Section:
    """Run every step of notebook 11."""
    section = Section("11_policy")
    outlook.does_it_arrive(section, study)
    outlook.how_long(section, study)
    outlook.who_left_assistance(section, study)
    return section


def verdicts_of(section: Section) -> dict[str, str]:
    return {f"{row.claim} {row.row}": row.verdict for row in section.verdicts if row.verdict != NOT_TESTABLE}


@pytest.fixture(scope="module")
def breda() -> tuple[Study, Section]:
    study = open_study({"preset": "breda", "draws": 199})
    return study, recorded(study)


def test_the_verdicts_of_breda_are_the_same_twice(breda: tuple[Study, Section]) -> None:
    section = breda[1]
    assert verdicts_of(section) == {"C12 crime_rate": UNDECIDED, "C12 income_recipients_share": UNDECIDED,
                                    "C12 low_income_households_share": UNDECIDED, "C12 mean_dwelling_value": UNDECIDED,
                                    "C12 mean_income_per_inhabitant": UNDECIDED}  # fmt: skip
    lacking = {row.row: row.missing for row in section.verdicts if row.verdict == NOT_TESTABLE and row.claim == "C12"}
    assert lacking == {"social_assistance_share": ("social_assistance_share",), "good_perceived_health_share": ()}
    # health became worse in all of Breda: said, not tested, and no figure is missing
    worse = {name for name, finding in section.findings.items() if finding.reason == "no_improvement"}
    assert worse == {"11.good_perceived_health_share.arrives"}
    assert dump(recorded(breda[0]).as_json()) == dump(breda[1].as_json())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_judgement_has_a_sentence_and_every_picture_is_drawn(breda: tuple[Study, Section], language: str) -> None:
    study, section = breda
    bases = [section.findings[f"11.mean_dwelling_value.{one}"] for one in ("arrives", "left.absolute", "left.relative")]
    bases.append(dataclasses.replace(bases[0], measure="elasticity_alone"))
    for base in bases:
        small = base.smallest_effect or 1.0
        ends = [(small, 2 * small), (-2 * small, -small), (-2 * small, 2 * small)]
        ends += [(-small / 2, small / 2)] if base.smallest_effect else []
        for low, high in ends:
            check_spoken(study, base, (low, high), "11_policy", language)
    teller = dataclasses.replace(notebook.narrator(study, section), language=language)
    for finding in teller.results["findings"].values():
        assert "{" not in text_of(teller.sentence(finding))
    assert set(section.figures) == {"11.arrives_lists"}
    for name in section.figures:
        assert draw.draw(name, teller).startswith("<svg") and draw.alt(name, teller)


@pytest.mark.shared
def test_heerlen_is_computed_as_far_as_the_years_reach(shared: Path) -> None:
    """Assistance 2016-2020, dwelling values 2016-2019, low incomes 2016-2018: estimates; five years give no range.

    Golden: of a movement of assistance 72 percent arrives in the eleven poorest buurten and 118 in the rest; it fell
    there from 8.9 to 7.9 per 100 inhabitants and elsewhere from 4.6 to 3.9 (weighed by inhabitants of 2016).
    """
    source = str(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    study = open_study({"preset": "heerlen", "source": source, "draws": 199})
    section = recorded(study)
    arrives = section.findings["11.social_assistance_share.arrives"]
    assert (arrives.a.year, arrives.b.year, arrives.low) == (2016, 2020, None)
    parts = [arrives.details[key]["value"] for key in ("arrives_focus", "arrives_rest")]
    assert parts == pytest.approx([72.2, 117.5], abs=0.05)
    value = follow(study, "social_assistance_share").panel
    for group, side in (("focus", value.is_focus), ("rest", ~value.is_focus)):
        fell = section.findings[f"11.social_assistance_share.fell.{group}"]
        ends = [sum(value.weight[side] * value.value[side, at]) / sum(value.weight[side]) for at in (0, -1)]
        assert [fell.details[key]["value"] for key in ("was", "became")] == pytest.approx(ends)
        assert ends == pytest.approx([8.94, 7.87] if group == "focus" else [4.55, 3.88], abs=0.01)
    assert verdicts_of(section) == {
        "C12 social_assistance_share": UNDECIDED, "C12 mean_dwelling_value": UNDECIDED,
        "H7 social_assistance_share.fell.focus": SUPPORTED, "H7 social_assistance_share.fell.rest": SUPPORTED,
        "H7 social_assistance_share.absolute": UNDECIDED, "H7 social_assistance_share.relative": UNDECIDED,
    }  # fmt: skip
    own = next(row for row in section.verdicts if row.row == "mean_income_per_inhabitant" and row.claim == "C12")
    assert own.verdict == NOT_TESTABLE  # two years only, and the list was chosen on it
