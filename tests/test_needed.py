"""What an undecided verdict needs, against simulated tests and formulas worked apart."""

import math

import numpy as np
import pytest
from scipy import stats

from kloof import needed
from kloof.findings import NOT_TESTABLE, SUPPORTED, UNDECIDED, Finding, Side, Verdict
from kloof.needed import of_finding
from kloof.power import Town
from kloof.results import Section
from kloof.study import open_study


def undecided(half: float, **fields: object) -> dict[str, object]:
    """A finding of 1 ± half over 2015-2022 in 50 buurten, with a t of 49 degrees."""
    base: dict[str, object] = {
        "id": "x", "kind": "gap_change", "measure": "absolute", "unit": "points", "indicator": "crime_rate",
        "estimate": 1.0, "low": 1.0 - half, "high": 1.0 + half, "smallest_effect": 2.0, "range_kind": ("process",),
        "a": Side(2015, n_units=50), "b": Side(2022, n_units=50),
    }  # fmt: skip
    return Finding(**{**base, **fields}).as_json()  # type: ignore[arg-type]


def seen_by_t(smallest: float, error: float, degrees: float) -> float:
    critical = stats.t.ppf(0.975, degrees)
    return float(
        stats.nct.sf(critical, degrees, smallest / error) + stats.nct.cdf(-critical, degrees, smallest / error)
    )


def test_the_number_of_buurten_is_the_first_that_sees_it() -> None:
    half = 4.0
    found = of_finding(undecided(half), stays_away=False)
    assert found is not None and found.buurten is not None
    error = half / stats.t.ppf(0.975, 49)
    chances = [
        seen_by_t(2.0, error * math.sqrt(50 / count), 49 * count / 50) for count in (found.buurten - 1, found.buurten)
    ]
    assert chances[0] < 0.8 <= chances[1]
    assert (found.buurten_now, found.years_now, found.years) == (50, 7, None)
    # about 50 · ((1.96 + 0.84) · se / 2)²
    assert found.buurten == pytest.approx(50 * (2.8 * error / 2) ** 2, rel=0.03)


def test_what_stays_away_needs_a_narrow_range() -> None:
    """By simulation: the share of t intervals (90 percent, two one-sided tests) that lie within the smallest effect."""
    found = of_finding(undecided(4.0), stays_away=True)
    assert found is not None and found.buurten is not None
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
        found = of_finding(undecided(4.0), stays_away=False, town=place)
        assert found is not None and found.years is not None
        chances = []
        for more in (found.years - 1, found.years):
            grown = math.sqrt((shock * (7 + more) + 2 * noise) / (shock * 7 + 2 * noise))
            chances.append(seen_by_t(2.0 * (7 + more) / 7, error * grown, critical))
        assert chances[0] < 0.8 <= chances[1]


@pytest.mark.parametrize(
    "fields",
    [
        {"low": None, "high": None},
        {"smallest_effect": None},
        {"low": 1.0, "high": 1.0},
        {"a": Side(2015), "b": Side(2022)},
    ],
)
def test_without_a_range_or_a_smallest_effect_nothing_is_said(fields: dict[str, object]) -> None:
    assert of_finding(undecided(4.0, **fields), stays_away=False) is None


def test_what_no_number_of_buurten_shows_is_said() -> None:
    found = of_finding(undecided(400.0), stays_away=False)
    assert found is not None
    assert found.buurten is None


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
        Verdict("M1", UNDECIDED, "a", "crime_rate.absolute"),  # read from two others: no test of its own
        Verdict("C3", SUPPORTED, "a", "crime_rate.absolute"),
        Verdict("C2", NOT_TESTABLE, None, "crime_rate.absolute"),
    ]
    parts = [{"verdicts": [row.as_json() for row in verdicts], "findings": {n: f.as_json() for n, f in made.items()}}]
    section = Section("12_verdict")
    table = needed.what_is_needed(section, study, parts)
    assert table["claim"].tolist() == ["C1", "H1", "C8"]
    assert [finding.kind for finding in section.findings.values()] == [
        needed.BUURTEN if section.findings["12.needed.C1"].kind == needed.BUURTEN else needed.BOTH,
        needed.NOTHING, needed.ENOUGH,
    ]  # fmt: skip
    assert section.tables["12.needed"]["rows"]


def _fields(entry: dict[str, object]) -> dict[str, object]:
    from kloof.findings import from_json

    return dict(vars(from_json(entry)))
