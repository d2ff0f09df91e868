"""Every way to test a claim, computed again with pandas; which choices decide, by brute force over all pairs."""

import dataclasses
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import BUURTEN, FOCUS, Cell, indicator, town

from kloof.findings import CONTRADICTED, MIXED, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, Finding, Verdict
from kloof.questions import gap_changes as gaps
from kloof.questions import robustness as sensitivity
from kloof.questions.robustness import CHOICES, robustness_of, specification_curve
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study

YEARS = (2014, 2015, 2016, 2017, 2018, 2019, 2021, 2022)
SMALLEST = {"absolute": 1.0, "relative": 2.0}
HOMES = tuple(200.0 + 37 * place % 110 for place in range(12))
OTHER = Focus("other", (*BUURTEN[1:4], BUURTEN[8]))


@cache
def figures() -> pd.DataFrame:
    """A percentage by buurt and year: the first four start higher and grow a little apart, then fast."""
    rng = np.random.default_rng(11)
    level = np.array([14.0, 12, 11, 9, 9.5, 8, 12.5, 7, 6, 7.5, 5, 10])
    own = rng.uniform(-0.25, 0.25, (12, len(YEARS))).cumsum(axis=1)
    drift = np.where(np.arange(12) < 4, 0.3, 0.0)[:, None] * (np.array(YEARS) - 2014)[None, :]
    return pd.DataFrame(np.round(level[:, None] + own + drift, 3), index=list(BUURTEN), columns=list(YEARS))


def study(*, rounding: float = 0.0, **changes: Any) -> Study:
    """The town with those figures, followed under two focus lists."""
    poor = indicator("poor", smallest_effect=1.0, rounding=rounding)
    table = figures()
    cells: dict[str, dict[int, list[Cell]]] = {"poor": {year: list(table[year]) for year in YEARS},
                                               "households": {2014: list(HOMES)}}  # fmt: skip
    made = town(cells, poor, **{"indicators": ("poor",), **changes})
    return dataclasses.replace(made, variants=(*made.variants, OTHER))


@pytest.fixture(autouse=True)
def about_the_town(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the claims be about the figure of the town: C1 and H1 by what happened, C3 by chance."""
    known = claims.registry()
    own = {"indicators": ["poor"], "needs": []}
    chance = {**known.claims["H1"], **own, "question": "chance"}
    made = {"C1": {**known.claims["C1"], **own}, "H1": {**known.claims["H1"], **own}, "C3": chance}
    monkeypatch.setattr(claims, "registry", lambda: dataclasses.replace(known, claims={**known.claims, **made}))


@cache
def weights() -> "pd.Series[float]":
    """The weights of the panel: households as printed."""
    panel = gaps.follow(study(), "poor").panel
    assert panel.weight_name == "households"
    return pd.Series(panel.weight, index=list(panel.codes))


def gap_of(value: "pd.Series[float]", weight: "pd.Series[float]", focus: tuple[str, ...], measure: str) -> float:
    """Weighted mean of the focus list minus that of the rest, in points or in percent of the rest."""
    own = value.index.isin(focus)
    inside, rest = (float(np.average(value[part], weights=weight[part])) for part in (own, ~own))
    return inside - rest if measure == "absolute" else 100 * (inside / rest - 1)


def expected_way(measure: str, focus: Focus, weighing: str, before: Any, after: Any) -> float:
    """The change of the gap between two states of the buurten, by hand, in smallest effects."""
    first = figures()[2014]
    weight = weights()
    kept = pd.Series(data=True, index=first.index)
    if weighing == "similar":
        listed = first[list(focus.codes)]
        kept = first.between(listed.min(), listed.max()) | first.index.isin(focus.codes)
    if weighing == "unweighted":
        weight = weight * 0 + 1
    ends = [gap_of(state[kept], weight[kept], focus.codes, measure) for state in (before, after)]
    return (ends[1] - ends[0]) / SMALLEST[measure]


def states(window: str, years: list[int]) -> tuple[Any, Any]:
    """The two states that a window compares: of two years, or of the ends of each buurt's straight line."""
    table = figures()[years]
    if window == "trend":
        lines = [np.polyval(np.polyfit(years, row, 1), years) for row in table.to_numpy()]
        fitted = pd.DataFrame(lines, index=table.index, columns=years)
        return fitted[years[0]], fitted[years[-1]]
    first, last = {"ends": (0, -1), "later": (1, -1), "sooner": (0, -2)}[window]
    return table[years[first]], table[years[last]]


def judged_again(row: dict[Any, Any], *, turned_back: bool) -> str:
    """What happened, of figures that are not rounded: a change that matters, and for "only grown" in every step."""
    smallest = {"half": 0.5, "registered": 1.0, "double": 2.0}[row["smallest"]]
    if abs(row["estimate"]) <= smallest:
        return NEGLIGIBLE
    if row["estimate"] < 0:
        return CONTRADICTED
    return MIXED if turned_back else SUPPORTED


def test_every_way_to_test_a_change_is_what_pandas_makes_of_it() -> None:
    made = study(draws=199)
    table = sensitivity.ways(made, "C1", {})
    assert not table.duplicated(list(CHOICES)).any()
    # 2 measures that have a say × 3 weighings × 2 lists × 4 windows × 3 smallest effects × rounding or not
    assert len(table) == 2 * 3 * 2 * 4 * 3 * 2
    lists = {"four": Focus("four", FOCUS), "other": OTHER}
    again = []
    for row in table.to_dict("records"):
        focus = lists[row["focus_list"]]
        wanted = expected_way(row["measure"], focus, row["weighing"], *states(row["window"], list(YEARS)))
        assert row["estimate"] == pytest.approx(wanted, abs=1e-9), row
        steps = [
            gap_of(figures()[year], weights(), focus.codes, row["measure"])
            for year in YEARS[slice(*{"later": (1, None), "sooner": (0, -1)}.get(row["window"], (0, None)))]
        ]
        paths = row["window"] != "trend" and row["weighing"] == "all"
        again.append(judged_again(row, turned_back=paths and bool((np.diff(steps) < 0).any())))
    assert list(table["verdict"]) == again
    assert {SUPPORTED, MIXED, NEGLIGIBLE} <= set(again)
    # nothing is rounded and chance has no say: the range is the change itself
    assert (table[["low", "high"]].sub(table["estimate"], axis=0).abs() < 1e-9).all(axis=None)


def test_a_window_of_a_claim_narrows_the_years() -> None:
    """H1 looks at 2014-2019 only: the same ways as a study of those years."""
    whole = sensitivity.ways(study(draws=199), "H1", {})
    until = sensitivity.ways(study(draws=199, year_to=2019), "C1", {})
    pd.testing.assert_frame_equal(whole.drop(columns="verdict"), until.drop(columns="verdict"))
    made = study(draws=199, year_to=2015)
    assert set(sensitivity.ways(made, "C1", {})["window"]) == {"ends"}
    assert sensitivity.ways(study(draws=199, indicators=("work_share",)), "C1", {}).empty


def test_rounding_that_does_not_count_leaves_a_narrower_range() -> None:
    """With figures rounded to 1 each mean may be off by 0.5, a gap by 1, its change by 2 at each end."""
    table = sensitivity.ways(study(rounding=1.0, draws=199), "C3", {})
    own = table[
        (table["measure"] == "absolute") & (table["smallest"] == "registered") & (table["window"] == "ends")
        & table["low"].notna()
    ]  # fmt: skip
    wide = own[own["rounding"] == "counted"].reset_index(drop=True)
    plain = own[own["rounding"] == "not_counted"].reset_index(drop=True)
    assert list(wide["estimate"]) == list(plain["estimate"])
    assert list(plain["low"] - wide["low"]) == pytest.approx([2.0] * len(wide))
    assert list(wide["high"] - plain["high"]) == pytest.approx([2.0] * len(wide))


def test_the_published_finding_is_the_headline_way() -> None:
    made = study(draws=199)
    published = Finding(
        "04.x", "gap_change", "absolute", "percent", indicator="poor", estimate=7.0, low=6.5, high=7.5,
        rounding_low=6.9, rounding_high=7.1, smallest_effect=1.0,
    )  # fmt: skip
    table = sensitivity.ways(made, "C1", {"poor.absolute": published})
    own = table[table["estimate"] == 7.0]
    assert (set(own["focus_list"]), set(own["weighing"] + own["window"])) == ({"four"}, {"allends"})
    assert (set(own["rounding"]), list(own["smallest"])) == ({"counted"}, ["half", "registered", "double"])


WAYS = {"indicator": ["a", "b"], "measure": ["absolute", "relative"], "focus_list": ["one", "two", "three"]}
DEFAULTS = {"weighing": "all", "window": "ends", "smallest": "registered", "rounding": "counted"}


def laid_out(verdicts: list[str]) -> pd.DataFrame:
    """Twelve ways with these verdicts."""
    options = pd.MultiIndex.from_product(WAYS.values(), names=list(WAYS)).to_frame(index=False)
    return options.assign(**DEFAULTS, estimate=np.arange(12.0), low=None, high=None, verdict=verdicts)


@given(
    st.lists(
        st.sampled_from([SUPPORTED, SUPPORTED, SUPPORTED, UNDECIDED, CONTRADICTED, NOT_TESTABLE]),
        min_size=12, max_size=12,
    )
)  # fmt: skip
@settings(deadline=None, max_examples=20)
def test_agreement_and_what_decides_by_brute_force(verdicts: list[str]) -> None:
    table = laid_out(verdicts)
    found = robustness_of("C1", SUPPORTED, table)
    voting = table[table["verdict"] != NOT_TESTABLE]
    assert (found.votes, found.agree) == (len(voting), verdicts.count(SUPPORTED))
    if voting.empty:
        assert (found.label, found.agree_share) == ("no_verdict", None)
        return
    assert found.agree_share == pytest.approx(verdicts.count(SUPPORTED) / len(voting))
    if len(voting) == 1:
        assert found.label == "single"
        return
    robust = verdicts.count(SUPPORTED) >= 0.8 * len(voting) and CONTRADICTED not in verdicts
    assert found.label == ("robust" if robust else "depends")
    if robust:
        assert found.depends_on == ()
        return
    # test_specification counts these over all pairs
    flips = specification_curve(table, CHOICES, voting.iloc[0][list(CHOICES)].to_dict()).choices
    shares = dict(zip(flips["choice"], flips["flip_share"].fillna(0.0), strict=True))
    decisive = {choice for choice, share in shares.items() if share >= 0.1}
    if decisive:
        assert set(found.depends_on) == decisive
        ordered = [shares[choice] for choice in found.depends_on]
        assert ordered == sorted(ordered, reverse=True)
    else:
        assert len(found.depends_on) <= 1


@pytest.mark.parametrize(("undecided", "label"), [(2, "robust"), (3, "depends")])
def test_four_fifths_must_agree(undecided: int, label: str) -> None:
    """Of twelve ways ten are 83 percent and nine 75; none decides otherwise."""
    table = laid_out([SUPPORTED] * (12 - undecided) + [UNDECIDED] * undecided)
    assert robustness_of("C1", SUPPORTED, table).label == label


@pytest.mark.parametrize(("decided", "label"), [(0, "open"), (1, "depends")])
def test_an_undecided_verdict_is_never_robust(decided: int, label: str) -> None:
    """However many ways share it: they share that nothing was found."""
    found = robustness_of("C1", UNDECIDED, laid_out([UNDECIDED] * (12 - decided) + [SUPPORTED] * decided))
    assert (found.label, found.agree_share, found.decides_share) == (label, None, pytest.approx(decided / 12))


def test_a_claim_that_cannot_be_tested_has_no_share() -> None:
    found = robustness_of("C1", NOT_TESTABLE, laid_out([SUPPORTED] * 12))
    assert (found.label, found.agree_share, found.depends_on) == ("no_verdict", None, ())


def test_what_was_recorded_is_laid_out_with_the_smallest_effect_varied_where_the_range_is_known() -> None:
    """-1.2 (-1.9 to -0.6): too small to matter with 2 or 4, lower with 1."""
    own = Finding(
        "08.x", "pace", "absolute", "percent", indicator="poor", estimate=-1.2, low=-1.9, high=-0.6,
        range_kind=("process",), smallest_effect=2.0,
    )  # fmt: skip
    how = {"expected": "LOWER", "question": "chance"}
    rows = [
        {"row": "poor.absolute", "finding": "08.x", "variants": [["four", NEGLIGIBLE], ["other", SUPPORTED]], **how},
        {"row": "all", "finding": None, "variants": [["all", NOT_TESTABLE]], **how},
    ]
    table = sensitivity.recorded(rows, {"08.x": own.as_json()})
    shown = table[["indicator", "measure", "focus_list", "smallest", "verdict"]].to_numpy().tolist()
    assert shown == [
        ["poor", "absolute", "four", "half", SUPPORTED],
        ["poor", "absolute", "four", "registered", NEGLIGIBLE],
        ["poor", "absolute", "four", "double", NEGLIGIBLE],
        ["poor", "absolute", "other", "registered", SUPPORTED],
        ["all", "all", "all", "registered", NOT_TESTABLE],
    ]
    assert list(table["low"])[:3] == pytest.approx([-0.95] * 3)  # in smallest effects


def test_each_claim_is_laid_out_by_its_own_parts() -> None:
    """Computed anew where every part is the change of a followed gap, else as it was recorded, part by part."""
    made = study(draws=199)
    own = Finding("05.x", "beyond_trend", "relative", "percent", indicator="poor", estimate=1.0, low=0.5, high=1.5,
                  range_kind=("process",), smallest_effect=0.4)  # fmt: skip
    none = Finding("04.x", "gap_change", "absolute", "percent", indicator="poor", reason="no_figures")
    rows = [
        Verdict("C1", MIXED, "04.x", "poor.absolute", "HIGHER", (("four", MIXED),), question="happened").as_json(),
        Verdict("C2", SUPPORTED, "05.x", "poor.relative.beyond", "HIGHER", (("four", SUPPORTED),)).as_json(),
        Verdict("M1", SUPPORTED, "05.x", "poor.relative.beyond", "HIGHER", (("four", SUPPORTED),)).as_json(),
        Verdict("M1", UNDECIDED, None, "poor.relative.before", "LOWER", (("four", UNDECIDED),)).as_json(),
    ]
    assert [claim for claim in ("C1", "H1", "C2", "M1", "C8") if sensitivity.is_computed(claim)] == ["C1", "H1"]
    found = {one.claim: one for one in sensitivity.explore(made, rows, {"05.x": own.as_json(), "04.x": none.as_json()})}
    assert (list(found), len(found["C1"].table)) == (["C1", "C2", "M1"], 288)
    assert found["C2"].table["verdict"].tolist() == [SUPPORTED] * 3  # with each smallest effect
    assert (found["C2"].verdict, found["M1"].verdict) == (SUPPORTED, SUPPORTED)
    assert found["M1"].table["verdict"].tolist() == [SUPPORTED] * 3 + [UNDECIDED]


def test_notebook_12_knows_the_scales_without_the_notebooks_before_it() -> None:
    """In a process of its own nothing else has loaded what says which scales of a change apply, and which count."""
    code = """
from kloof.questions import needed, verdict
from kloof.questions.runner import parts_of
from kloof.study.study import open_study
parts = parts_of(open_study({"preset": "breda", "draws": 199}), "C1")
print([part.row for part in parts if not part.how.counts and part.measure != "place"])
print(sorted({part.measure for part in parts if part.name == "low_income_households_share"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "['mean_income_per_inhabitant.absolute', 'mean_dwelling_value.absolute']",
        "['absolute', 'place', 'relative']",
    ]
