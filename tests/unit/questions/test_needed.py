"""What an undecided verdict needs, against simulated tests and formulas worked apart."""

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kloof.findings import CONTRADICTED, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, Finding, Side, Verdict
from kloof.methods.power import Town
from kloof.questions import needed
from kloof.questions import needed as edges
from kloof.questions.needed import Edge, Needed, edge_of, of_finding, why_not
from kloof.results import Section
from kloof.run.in_notebook import narrator
from kloof.study.study import open_study
from kloof.words.sentences import text_of


def undecided(half: float, **fields: Any) -> dict[str, Any]:
    """A finding of 1 ± half over 2015-2022 in 50 buurten, with a t of 49 degrees."""
    base: dict[str, Any] = {
        "id": "x", "kind": "gap_change", "measure": "absolute", "unit": "points", "indicator": "crime_rate",
        "estimate": 1.0, "low": 1.0 - half, "high": 1.0 + half, "smallest_effect": 2.0, "range_kind": ("process",),
        "a": Side(2015, n_units=50), "b": Side(2022, n_units=50),
    }  # fmt: skip
    return Finding(**{**base, **fields}).as_json()


def needs(finding: dict[str, Any], *, stays_away: bool = False, town: Town | None = None) -> Needed:
    """What a finding needs to be told from 0 by its own smallest effect."""
    half = max(finding["high"] - finding["estimate"], finding["estimate"] - finding["low"])
    found = of_finding(finding, Edge(finding["smallest_effect"], ((half, None),)), stays_away=stays_away, town=town)
    assert found is not None
    return found


def seen_by_t(smallest: float, error: float, degrees: float) -> float:
    critical = stats.t.ppf(0.975, degrees)
    return float(
        stats.nct.sf(critical, degrees, smallest / error) + stats.nct.cdf(-critical, degrees, smallest / error)
    )


def test_the_number_of_buurten_is_the_first_that_sees_it() -> None:
    half = 4.0
    found = needs(undecided(half))
    assert found.buurten is not None
    error = half / stats.t.ppf(0.975, 49)
    chances = [seen_by_t(2.0, error * math.sqrt(50 / n), 49 * n / 50) for n in (found.buurten - 1, found.buurten)]
    assert chances[0] < 0.8 <= chances[1]
    assert (found.buurten_now, found.years_now, found.years) == (50, 7, None)
    # about 50 · ((1.96 + 0.84) · se / 2)²
    assert found.buurten == pytest.approx(50 * (2.8 * error / 2) ** 2, rel=0.03)


def test_what_stays_away_needs_a_narrow_range() -> None:
    """By simulation: the share of t intervals (90 percent, two one-sided tests) that lie within the smallest effect."""
    found = needs(undecided(4.0), stays_away=True)
    assert found.buurten is not None
    rng = np.random.default_rng(1)
    error, degrees = 4.0 / stats.t.ppf(0.975, 49) * math.sqrt(50 / found.buurten), 49 * found.buurten / 50
    estimate = error * rng.standard_normal(20_000)
    spread = error * np.sqrt(rng.chisquare(degrees, 20_000) / degrees)
    share = float((np.abs(estimate) + stats.t.ppf(0.95, degrees) * spread <= 2.0).mean())
    assert share == pytest.approx(0.8, abs=0.015)
    assert found.years is None


def test_more_years_help_as_noise_does_not_add_up() -> None:
    """Only noise: the error stays while the effect grows with the years; only shocks: it grows with their root."""
    flat = np.ones(50)
    error, critical = 4.0 / stats.t.ppf(0.975, 49), 49
    for shock, noise in ((0.0, 1.0), (1.0, 0.0), (0.5, 2.0)):
        place = Town(flat, flat > 0, shock, noise)
        found = needs(undecided(4.0), town=place)
        assert found.years is not None
        chances = []
        for more in (found.years - 1, found.years):
            grown = math.sqrt((shock * (7 + more) + 2 * noise) / (shock * 7 + 2 * noise))
            chances.append(seen_by_t(2.0 * (7 + more) / 7, error * grown, critical))
        assert chances[0] < 0.8 <= chances[1]


def test_without_a_spread_or_buurten_nothing_is_said_and_no_number_may_do() -> None:
    edge = Edge(2.0, ((0.0, None),))
    assert of_finding(undecided(4.0), edge, stays_away=False) is None
    bare = undecided(4.0, a=Side(2015), b=Side(2022))
    assert of_finding(bare, Edge(2.0, ((4.0, None),)), stays_away=False) is None
    assert needs(undecided(400.0)).buurten is None


def test_two_things_at_once_need_more_than_either() -> None:
    """By simulation: two that are apart from each other are both seen, each at 2.5 % one-sided, in just over 80 %."""
    parts = ((3.0, 9.0), (5.0, 14.0))
    found = of_finding(undecided(4.0), Edge(2.0, parts), stays_away=False)
    alone = of_finding(undecided(4.0), Edge(2.0, parts[1:]), stays_away=False)
    assert found is not None and alone is not None and found.buurten is not None and alone.buurten is not None
    assert found.buurten > alone.buurten
    rng = np.random.default_rng(2)
    seen = np.ones(200_000, dtype=bool)
    for half, degrees in parts:
        error, free = half / stats.t.ppf(0.975, degrees) * math.sqrt(50 / found.buurten), degrees * found.buurten / 50
        spread = error * np.sqrt(rng.chisquare(free, len(seen)) / free)
        seen &= 2.0 + error * rng.standard_normal(len(seen)) > stats.t.ppf(0.975, free) * spread
    assert 0.795 <= seen.mean() <= 0.825


def test_the_step_tells_of_every_undecided_claim() -> None:
    study = open_study({"preset": "breda", "draws": 199})
    made = {
        "a": Finding(**{**_fields(undecided(4.0)), "id": "a"}),
        "b": Finding(**{**_fields(undecided(400.0)), "id": "b"}),
        "c": Finding(**{**_fields(undecided(0.1)), "id": "c", "kind": "follows"}),
    }
    verdicts = [
        Verdict("C1", UNDECIDED, "a", "crime_rate.absolute"),
        Verdict("H1", UNDECIDED, "b", "crime_rate.absolute"),
        Verdict("C8", UNDECIDED, "c", "crime_rate"),
        Verdict("C9", UNDECIDED, "a", "crime_rate.absolute", question="happened"),  # rounding leaves it open
        Verdict("M1", UNDECIDED, "a", "crime_rate.absolute", alone=SUPPORTED),  # not when all parts count
        Verdict("C3", SUPPORTED, "a", "crime_rate.absolute"),
        Verdict("C2", NOT_TESTABLE, None, "crime_rate.absolute"),
    ]
    parts = [{"verdicts": [row.as_json() for row in verdicts], "findings": {n: f.as_json() for n, f in made.items()}}]
    section = Section("12_verdict")
    table = needed.what_is_needed(section, study, parts)
    assert table["claim"].tolist() == ["C1", "H1", "C8"]
    assert {"12.needed.C9.figures", "12.needed.M1.together"} <= section.findings.keys()
    assert [section.findings[f"12.needed.{claim}"].kind for claim in ("C1", "H1", "C8")] == [
        needed.BUURTEN if section.findings["12.needed.C1"].kind == needed.BUURTEN else needed.BOTH,
        needed.NOTHING, needed.ENOUGH,
    ]  # fmt: skip
    assert section.tables["12.needed"]["rows"]


def spoken(**values: float) -> dict[str, Any]:
    return {name: {"value": value, "unit": "points"} for name, value in values.items()}


PLACED = spoken(
    bottom=0.2, bottom_low=-0.8, bottom_high=1.2, bottom_buurten=9, top=1.5, top_low=-1.0, top_high=4.0, top_buurten=12,
    stagnation=5.0,
)  # fmt: skip


@pytest.mark.parametrize(("fields", "distance", "halves"), [
    ({"kind": "matthew", "smallest_effect": None, "details": PLACED}, 5.0, ((1.0, 8.0), (2.5, 11.0))),
    ({"kind": "lead"}, 2.0, ((4.0, None),)),
    ({"kind": "follows", "smallest_effect": 0.5, "details": {"degrees": {"value": 20.0}}}, 0.5, ((4.0, 20.0),)),
    ({"low": -1.0, "high": 7.0}, 2.0, ((6.0, None),)),  # the wider half
])  # fmt: skip
def test_the_distance_is_the_smallest_effect_and_of_two_ends_what_counts_as_standing_still(
    fields: dict[str, Any], distance: float, halves: tuple[tuple[float, float | None], ...]
) -> None:
    assert edge_of(undecided(4.0, **fields)) == Edge(pytest.approx(distance), halves)


def test_where_nothing_is_registered_there_is_no_distance() -> None:
    assert edge_of(undecided(4.0, kind="squeeze", smallest_effect=None)) is None


@pytest.mark.parametrize(("row", "fields", "reason"), [
    ({"question": "happened"}, {}, edges.FIGURES),  # chance has no say in it: only more exact figures help
    ({"alone": SUPPORTED}, {}, edges.TOGETHER),
    ({"alone": SUPPORTED, "variants": {"union": SUPPORTED}}, {"flags": ("line_does_not_hold",)}, edges.TOGETHER),
    ({"variants": {"union": SUPPORTED, "other": UNDECIDED}}, {}, edges.LISTS),
    ({"variants": {"union": UNDECIDED, "other": SUPPORTED}}, {}, None),
    ({"variants": {"groups_5": SUPPORTED, "groups_3": UNDECIDED}}, {}, edges.LISTS),
    ({}, {"range_kind": ("bounds",)}, edges.BOUNDS),
    ({}, {"range_kind": ("rounding", "suppression")}, edges.FIGURES),
    ({}, {"low": None, "high": None}, edges.NO_RANGE),
    ({}, {"flags": ("line_does_not_hold",)}, edges.LINE),
    ({}, {"low": None, "high": None, "flags": ("line_not_tested",)}, edges.LINE),
    ({}, {"low": None, "high": None, "flags": ("too_few_years_for_range",)}, edges.FEW_YEARS),
    ({}, {"range_kind": ("process", "rounding")}, None),
])  # fmt: skip
def test_the_reason_why_no_number_can_be_given(row: dict[str, Any], fields: dict[str, Any], reason: str | None) -> None:
    study = open_study({"preset": "breda"})
    assert study.focus.name == "union"
    whole = {"question": "chance", "alone": None, **row, "variants": list(row.get("variants", {}).items())}
    assert why_not(study, whole, undecided(4.0, **fields)) == reason


RATES = pd.DataFrame(
    [
        ("C5", "planning", switch, 0.02, "thousand_euro", "municipalities", count, 8, verdict, share, 40)
        for switch, count, verdict, share in (
            ("registered", 56, SUPPORTED, 30.0), ("registered", 56, CONTRADICTED, 2.5),
            ("registered", 56, NEGLIGIBLE, 5.0), ("registered", 56, UNDECIDED, 60.0),
            ("registered", 56, NOT_TESTABLE, 2.5), ("registered", 200, SUPPORTED, 99.0), ("large", 56, SUPPORTED, 98.0),
        )
    ],
    columns=["claim", "part", "switch", "effect", "unit", "units", "count", "years", "verdict", "share", "n"],
)  # fmt: skip


def test_trials_tell_how_often_a_verdict_was_reached() -> None:
    found = edges.trials_of(RATES, "C5", "spending")
    assert found == edges.Trials(20.0, "euro", "municipalities", 56, 8, 37.5, 40)
    assert edges.trials_of(RATES, "C9", "split") is None
    assert edges.trials_of(pd.DataFrame(), "C5", "spending") is None
    both = pd.concat([RATES.assign(part="absolute"), RATES.assign(part="relative", share=RATES["share"] / 2)])
    assert [edges.trials_of(both, "C5", measure).decided for measure in ("relative", "absolute", "none")] == [  # type: ignore[union-attr]
        18.75, 37.5, 37.5,
    ]  # fmt: skip


def test_every_undecided_claim_has_a_line_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needed.load, "verdict_rates", lambda: RATES)
    study = open_study({"preset": "breda"})
    low = "low_income_households_share"
    made = {
        "C4": undecided(4.0, kind="matthew", measure="ranks", unit="rank_points", smallest_effect=None, details=PLACED),
        "C10": undecided(9000.0, kind="lead", measure="gap", indicator=low),
        "C8": undecided(0.1, kind="follows", indicator=low),
        "C11": undecided(4.0, kind="slope_change", indicator=low, b=Side(2022, n_units=2)),
        "M1": undecided(4.0, kind="beyond_trend", flags=("line_does_not_hold",)),
        "M1b": undecided(4.0, kind="gap_change_before"),
        "C5": undecided(4.0, kind="squeeze", indicator="spending_housing_and_planning", smallest_effect=None),
        "C12": undecided(4.0, kind="pass_through", low=None, high=None, flags=("too_few_years_for_range",),
                         details={"years": {"value": 3, "unit": "number"}}),
        "C6": undecided(4.0, kind="pace", indicator="owner_occupied_share"),
        "C2": undecided(4.0, kind="beyond_trend"),
    }  # fmt: skip
    more = {"C6": {"question": "happened"}, "C2": {"alone": SUPPORTED}}
    verdicts = [Verdict(name.removesuffix("b"), UNDECIDED, name, "x", **more.get(name, {})) for name in made]
    verdicts += [Verdict("C7", verdict, "M1", verdict) for verdict in (SUPPORTED, CONTRADICTED)]
    parts = [{"verdicts": [row.as_json() for row in verdicts], "findings": made}]
    section = Section("12_verdict")
    table = needed.what_is_needed(section, study, parts)
    assert table["claim"].tolist() == ["C4", "C10", "C8", "M1"]
    assert table["smallest"].tolist() == pytest.approx([5.0, 2.0, 2.0, 2.0])
    kinds = {name.removeprefix("12.needed."): finding.kind for name, finding in section.findings.items()}
    assert kinds == {
        "C4": needed.ENOUGH, "C10": needed.NOTHING, "C8": needed.ENOUGH, "M1": needed.BOTH,
        "M1.line": "needed_none_also", "C11.too_few": "needed_none", "C5.unregistered": "needed_trials_municipalities",
        "C12.few_years": "needed_few_years", "C6.figures": "needed_none", "C2.together": "needed_none",
    }  # fmt: skip
    for language in ("nl", "en"):
        teller = narrator(dataclasses.replace(study, p=dataclasses.replace(study.p, language=language)), section)
        said = {name: text_of(teller.sentence(entry)) for name, entry in teller.results["findings"].items()}
        assert (len(set(said.values())), said["12.needed.C12.few_years"].count("6")) == (len(said), 1)
        assert ("38%" if language == "en" else "38\u00a0%") in said["12.needed.C5.unregistered"]


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    from kloof.findings import from_json

    return dict(vars(from_json(entry)))
