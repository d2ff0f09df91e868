"""Drawn tables: their distributions, the same numbers for any number of workers, and the short cuts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import ParameterError
from kloof.measures import resample, two_groups
from kloof.measures import resample as sums
from kloof.measures.resample import MODELS, Drawing, replicates


def table(seed: int = 1, groups: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Five municipalities, one without units and one with a single unit, and a few empty units."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(1, 30, size=(groups, 40))) * 1.0
    counts[:, [3, 20]] = 0
    return counts, np.array([0, 9, 10, 10, 31])


@pytest.mark.parametrize("model", MODELS)
def test_means_and_fixed_margins_of_every_model(model: str) -> None:
    counts = np.array([[40.0, 10, 0, 30], [10, 40, 0, 60], [5, 5, 0, 90]])
    draw = MODELS[model](counts[None], 4000, np.random.default_rng(7))[0]
    sizes, totals, people = counts.sum(axis=0), counts.sum(axis=1), counts.sum()
    even = np.outer(totals, sizes) / people
    expected = even if model in {"evenness", "systematic", "permutation"} else counts
    assert (draw >= 0).all() and (draw == np.rint(draw)).all()
    assert np.abs(draw.mean(axis=0) - expected).max() < 5 * np.sqrt(expected.max() / 4000)
    assert (draw.sum(axis=(1, 2)) == people).all()
    assert (draw.sum(axis=1) == sizes).all() == (model in {"people_within_units", "evenness", "permutation"})
    assert (draw.sum(axis=2) == totals).all() == (model in {"people_by_group", "systematic", "permutation"})
    # binomial within units, (co)variances of the multinomial and of the hypergeometric
    p, t = counts[0, 3] / sizes[3], sizes[3]
    variance = {
        "people_within_units": t * p * (1 - p),
        "people_in_city": 30 * (1 - 30 / people),
        "people_by_group": 30 * (1 - 30 / 80),
        "evenness": t * totals[0] / people * (1 - totals[0] / people),
        "systematic": totals[0] * t / people * (1 - t / people),
        "permutation": t * totals[0] / people * (1 - totals[0] / people) * (people - t) / (people - 1),
    }[model]
    assert draw[:, 0, 3].var() == pytest.approx(variance, rel=0.12)


def test_a_permutation_of_two_units_is_hypergeometric() -> None:
    from scipy import stats

    draw = resample.permutation(np.array([[[6.0, 2.0], [4.0, 13.0]]]), 20000, np.random.default_rng(3))[0, :, 0, 0]
    seen = np.bincount(draw.astype(int), minlength=9)[:9]
    expected = 20000 * stats.hypergeom.pmf(np.arange(9), 25, 8, 10)
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 0.001


def test_units_are_drawn_with_replacement_and_each_as_often() -> None:
    weights = resample.times_drawn(np.array([5, 3]), 5, 6000, np.random.default_rng(2))
    assert weights.shape == (2, 6000, 5)
    assert (weights[0].sum(axis=-1) == 5).all() and (weights[1].sum(axis=-1) == 3).all()
    assert (weights[1, :, 3:] == 0).all()
    assert np.abs(weights[0].mean(axis=0) - 1).max() < 5 * np.sqrt(0.8 / 6000)
    assert weights[0, :, 0].var() == pytest.approx(0.8, rel=0.08)


@pytest.mark.parametrize("model", [*MODELS, "units"])
def test_the_same_seed_gives_the_same_numbers_for_any_number_of_workers(model: str, monkeypatch) -> None:
    monkeypatch.setattr(resample, "CELLS", 700)  # many blocks, also within one municipality
    counts, starts = table()
    measures = {"d": sums.Dissimilarity(1), "h": sums.theil_h_of_sums}
    alone, three = (
        replicates(measures, counts, starts, model, Drawing(np.random.default_rng(5), 60, workers))
        for workers in (1, 3)
    )
    other = replicates(measures, counts, starts, model, Drawing(np.random.default_rng(6), 60))
    for name, values in alone.items():
        assert values.shape == (60, 5)
        assert np.array_equal(values, three[name], equal_nan=True)
        assert not np.array_equal(values, other[name], equal_nan=True)
        assert np.isnan(values[:, 2]).all()
        assert np.isfinite(values[:, [0, 3, 4]]).all()
        assert np.unique(values[:, 0]).size > 40


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 500), st.lists(st.integers(0, 30), min_size=1, max_size=12), st.sampled_from([1, 40, 3000]))
def test_the_blocks_hold_every_draw_of_every_unit_once(n_draws: int, lengths: list[int], per_unit: int) -> None:
    size, starts = sum(lengths), np.cumsum([0, *lengths[:-1]])
    seen = np.zeros((len(lengths), n_draws), dtype=int)
    for block in resample.blocks(starts, size, n_draws, per_unit):
        assert block.places.size * block.draws * per_unit <= resample.CELLS or block.draws == 1
        for segment, places, length in zip(block.segments, block.places, block.lengths, strict=True):
            seen[segment, block.first : block.first + block.draws] += 1
            assert length == lengths[segment]
            assert places[:length].tolist() == list(range(starts[segment], starts[segment] + length))
            assert (places[length:] == size).all()
    assert (seen == 1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_short_cut_for_units_is_the_measure_of_the_drawn_rows(seed: int) -> None:
    counts, starts = table(seed)
    years = np.stack([counts, table(seed + 1)[0]])
    short = {
        "d": sums.Dissimilarity(1),
        "h": sums.theil_h_of_sums,
        "m": sums.mutual_information_of_sums,
    }
    long = {name: (lambda c, s, measure=measure: measure(c, s)) for name, measure in short.items()}
    for source in (counts, years):
        one, other = (
            replicates(measures, source, starts, "units", Drawing(np.random.default_rng(seed), 20))
            for measures in (short, long)
        )
        for name in short:
            assert one[name] == pytest.approx(other[name], abs=1e-12, nan_ok=True)
    change = replicates(
        {"c": sums.Difference(sums.theil_h_of_sums)}, years, starts, "units", Drawing(np.random.default_rng(seed), 20)
    )["c"]
    both = replicates({"h": sums.theil_h_of_sums}, years, starts, "units", Drawing(np.random.default_rng(seed), 20))[
        "h"
    ]
    assert change == pytest.approx(both[:, 1] - both[:, 0], abs=1e-12, nan_ok=True)
    assert np.nanmax(np.abs(change)) > 1e-3


def test_drawing_a_unit_twice_is_a_table_with_that_row_twice() -> None:
    counts = np.array([[5.0, 1, 7], [2.0, 9, 4]])
    weights = np.array([[[2.0, 1, 0]]])
    twice = counts[:, [0, 0, 1]]
    for measure in (
        sums.Dissimilarity(0),
        sums.theil_h_of_sums,
        sums.mutual_information_of_sums,
        sums.two_groups(two_groups.gini),
    ):
        assert sums.weighted(measure, weights, counts[None, None])[0, 0] == pytest.approx(measure(twice, (0,))[0])


def test_measures_of_sums_agree_with_the_formulas() -> None:
    counts, starts = table(3, groups=2)
    a, b = counts
    assert sums.theil_h_of_sums(counts, starts) == pytest.approx(
        two_groups.theil_h(a, b, starts), abs=1e-13, nan_ok=True
    )
    for group, sides in ((0, (a, b)), (1, (b, a))):
        exact = two_groups.dissimilarity(*sides, starts)
        assert sums.Dissimilarity(group)(counts, starts) == pytest.approx(exact, abs=1e-15, nan_ok=True)
        assert sums.two_groups(two_groups.dissimilarity, group)(counts, starts) == pytest.approx(exact, nan_ok=True)


def test_faults_are_named_all_at_once() -> None:
    with pytest.raises(ParameterError, match=r'3 faults.*model "people" is not known.*draws must be.*set those units'):
        replicates({}, np.array([[np.nan, 1.0]]), (0,), "people", Drawing(np.random.default_rng(0), 0))
