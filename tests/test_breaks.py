"""The break at an unknown year: against regressions with dummies, a loop over labels, and Andrews' critical value."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from kloof import breaks, dealing, eventstudy
from kloof.breaks import LEVEL_BREAK, MEAN, SLOPE
from kloof.errors import NotComputableError
from kloof.models import RELATIVE, Paths
from panels import random_paths


def panel(value: np.ndarray, size: int, weight: np.ndarray | None = None) -> Paths:
    units, years = value.shape
    own = np.ones(units) if weight is None else weight
    return Paths(value, value, value, np.arange(float(years)), own, np.arange(units) < size)


@pytest.mark.parametrize("kind", [MEAN, LEVEL_BREAK, SLOPE])
def test_each_candidate_is_a_regression_with_its_break_term(kind: str) -> None:
    """Size of the break at every place by statsmodels WLS with unit and year dummies."""
    paths = random_paths(1, 12, np.array([0.0, 1, 2, 3, 5, 6, 7, 8]))
    labels = dealing.deal(paths.is_focus, np.random.default_rng(0), 199)
    found = breaks.sup_test(paths, kind, labels)
    assert found.candidates == (2, 3, 4, 5, 6)
    sizes = []
    for place in found.candidates:
        if kind == SLOPE:
            own = np.maximum(paths.times - paths.times[place - 1], 0)
        else:
            own = (np.arange(8) >= place).astype(float)
        regressors = np.column_stack([own] if kind == MEAN else [own, paths.times])
        value, design, _, weight = eventstudy.stacked(paths, regressors)
        sizes.append(sm.WLS(value, design, weights=weight).fit().params[0])
    best = found.candidates.index(found.place)
    assert found.size == pytest.approx(sizes[best])
    np.testing.assert_array_equal(np.sign(found.t), np.sign(sizes))


def test_the_p_value_by_a_loop_over_all_labels() -> None:
    """126 ways to deal 4 of 9; each time the largest |t| of the six places."""
    paths = random_paths(2, 9, np.arange(8.0))
    labels = dealing.deal(paths.is_focus, np.random.default_rng(0), 999)
    found = breaks.sup_test(paths, MEAN, labels)

    def largest(focus: np.ndarray) -> float:
        best = 0.0
        for place in range(2, 7):
            moved = paths.value[:, place:].mean(axis=1) - paths.value[:, :place].mean(axis=1)
            top = squared = 0.0
            for side, sign in ((focus, 1), (~focus, -1)):
                share = paths.weight[side] / paths.weight[side].sum()
                residual = moved[side] - share @ moved[side]
                top += sign * (share @ moved[side])
                squared += (share**2 * residual**2 / (1 - 2 * share + (share**2).sum())).sum()
            best = max(best, abs(top) / math.sqrt(squared))
        return best

    observed = largest(paths.is_focus)
    assert np.abs(found.t).max() == pytest.approx(observed)
    assert found.p_value == pytest.approx(np.mean([largest(row.astype(bool)) >= observed - 1e-9 for row in labels]))


def test_a_planted_break_is_found_where_it_is() -> None:
    rng = np.random.default_rng(3)
    base = 0.3 * rng.standard_normal((40, 8)) + rng.standard_normal((40, 1)) * (1 + np.arange(8.0))
    focus = (np.arange(40) < 10)[:, None]
    labels = dealing.deal(focus[:, 0], rng, 499)
    times = np.arange(8.0)
    for kind, own in ((LEVEL_BREAK, 3.0 * (times >= 5)), (SLOPE, 2.0 * np.maximum(times - 2, 0))):
        found = breaks.sup_test(panel(base + focus * own, 10), kind, labels)
        assert found.place == (5 if kind == LEVEL_BREAK else 3)
        assert found.place in found.confident
        assert len(found.confident) <= 2
        assert found.p_value == pytest.approx(1 / 500)
        assert found.size == pytest.approx(3.0 if kind == LEVEL_BREAK else 2.0, abs=0.5)


def test_without_a_break_every_year_stays_possible() -> None:
    rng = np.random.default_rng(4)
    paths = panel(rng.standard_normal((40, 8)), 10)
    found = breaks.sup_test(paths, MEAN, dealing.deal(paths.is_focus, rng, 199))
    assert found.p_value > 0.05
    assert found.confident == found.candidates


def test_a_common_trend_and_growth_do_not_matter() -> None:
    paths = random_paths(5, 12, np.arange(8.0), level=80.0)
    labels = dealing.deal(paths.is_focus, np.random.default_rng(1), 199)
    one = breaks.sup_test(paths, SLOPE, labels)
    value = paths.value + np.arange(12)[:, None] * np.arange(8) + 5 * np.sin(np.arange(8.0))
    other = breaks.sup_test(Paths(value, value, value, paths.times, paths.weight, paths.is_focus), SLOPE, labels)
    np.testing.assert_allclose(one.t, other.t)
    assert one.p_value == other.p_value
    relative = breaks.sup_test(paths, MEAN, labels, RELATIVE)
    value = paths.value * np.exp(0.3 * np.sin(np.arange(8.0)))
    grown = breaks.sup_test(
        Paths(value, value, value, paths.times, paths.weight, paths.is_focus), MEAN, labels, RELATIVE
    )
    np.testing.assert_allclose(relative.t, grown.t)


def test_a_long_series_has_the_critical_value_of_andrews() -> None:
    """Andrews 2003, table I: sup-Wald, one parameter, 15 percent trimmed: 8.68 at 5 percent.

    400 years, 300 buurten half of them focus: the 95th percentile of the dealt largest t² (a discrete series stays a
    little below the limit of a continuous one).
    """
    rng = np.random.default_rng(5)
    value = rng.standard_normal((300, 400))
    paths = panel(value, 150)
    places = breaks.candidates(400, 60)
    counts = np.column_stack(
        [eventstudy.of_regressors((np.arange(400) >= place)[:, None] * 1.0)[:, 0] for place in places]
    )
    contrasts = value @ counts
    labels = dealing.deal(paths.is_focus, rng, 2000)
    centre = labels @ contrasts / 150 - (1 - labels) @ contrasts / 150
    largest = (centre**2 / (contrasts.var(axis=0, ddof=1) * 2 / 150)).max(axis=1)
    assert np.quantile(largest, 0.95) == pytest.approx(8.68, abs=0.6)
    t, _ = breaks.greatest(contrasts, paths.weight, paths.is_focus, labels[:5])
    by_loop = [
        (c[:150].mean() - c[150:].mean()) / math.sqrt(c[:150].var(ddof=1) / 150 + c[150:].var(ddof=1) / 150)
        for c in contrasts.T
    ]
    np.testing.assert_allclose(t, by_loop)


def test_what_cannot_be_computed_says_why() -> None:
    paths = random_paths(6, 12, np.arange(3.0))
    labels = dealing.deal(paths.is_focus, np.random.default_rng(0), 99)
    for kind in (MEAN, SLOPE):
        with pytest.raises(NotComputableError, match="3 years") as caught:
            breaks.sup_test(paths, kind, labels)
        assert caught.value.reason == "too_few_years"


def test_size_power_and_coverage_on_eight_years() -> None:
    """56 buurten × 8 years, shocks that last, focus varying twice as much: seldom wrong, the year mostly inside."""
    rng = np.random.default_rng(7)
    focus, times = np.arange(56) < 11, np.arange(8.0)
    labels = dealing.deal(focus, rng, 199)
    wrong = {LEVEL_BREAK: 0, SLOPE: 0}
    for _ in range(150):
        noise = rng.standard_normal((56, 8)).cumsum(axis=1) * np.where(focus, 2.0, 1.0)[:, None]
        for kind in wrong:
            wrong[kind] += breaks.sup_test(panel(noise, 11), kind, labels).p_value <= 0.05
    assert max(wrong.values()) <= 7.5 + 3 * math.sqrt(0.05 * 0.95 * 150) + 3
    seen = inside = exact = 0
    for _ in range(80):
        value = 0.5 * rng.standard_normal((56, 8)) + 1.5 * focus[:, None] * np.maximum(times - 3, 0)
        found = breaks.sup_test(panel(value, 11), SLOPE, labels)
        seen += found.p_value <= 0.05
        inside += 4 in found.confident
        exact += found.place == 4
    assert seen >= 76
    assert inside >= 80 * 0.95 - 3 * math.sqrt(0.05 * 0.95 * 80)
    assert exact >= 60
