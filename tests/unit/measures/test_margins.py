"""Fitting a table to other margins: against plain sweeps, against linear programming, and its invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.measures import decompose
from kloof.measures.tables import Segments


def sweeps(counts: np.ndarray, units: np.ndarray, groups: np.ndarray, loops: int = 20000) -> np.ndarray:
    """Plain iterative proportional fitting, as Deming and Stephan wrote it."""
    fitted, units, groups = counts / counts.sum(), units / units.sum(), groups / groups.sum()
    for _ in range(loops):
        rows = fitted.sum(axis=0)
        fitted = fitted * np.where(rows > 0, units / np.where(rows > 0, rows, 1), 0)
        columns = fitted.sum(axis=1)
        fitted = fitted * np.where(columns > 0, groups / np.where(columns > 0, columns, 1), 0)[:, None]
        if np.abs(fitted.sum(axis=0) - units).max() < 1e-14:
            break
    return fitted


def possible(counts: np.ndarray, units: np.ndarray, groups: np.ndarray) -> bool:
    """Whether any table with the zeros of counts has these margins: a linear programme."""
    from scipy.optimize import linprog

    cells = np.argwhere(counts > 0)
    equations = np.zeros((sum(counts.shape), len(cells)))
    for column, (group, unit) in enumerate(cells):
        equations[group, column] = equations[counts.shape[0] + unit, column] = 1
    wanted = np.concatenate([groups / groups.sum(), units / units.sum()])
    return linprog(np.zeros(len(cells)), A_eq=equations, b_eq=wanted).status == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 15))
def test_the_fit_is_that_of_plain_sweeps(seed: int, groups: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(1.0, 20, size=(groups, units))) + 1.0
    to_units, to_groups = rng.integers(1, 500, units) * 1.0, rng.integers(1, 500, groups) * 1.0
    fitted = decompose.fit(counts, to_units, to_groups[:, None])
    assert fitted == pytest.approx(sweeps(counts, to_units, to_groups), abs=1e-12)


def test_the_margins_are_met_to_1e_13_and_the_odds_ratios_stay() -> None:
    rng = np.random.default_rng(4)
    counts = rng.integers(1, 400, size=(3, 20)) * 1.0
    units, groups = rng.integers(1, 900, 20) * 1.0, np.array([5.0, 600.0, 90.0])
    fitted = decompose.fit(counts, units, groups[:, None])
    assert np.abs(fitted.sum(axis=0) - units / units.sum()).max() < 1e-13
    assert np.abs(fitted.sum(axis=1) - groups / groups.sum()).max() < 1e-13
    odds = fitted[0, 0] * fitted[2, 7] / (fitted[0, 7] * fitted[2, 0])
    assert odds == pytest.approx(counts[0, 0] * counts[2, 7] / (counts[0, 7] * counts[2, 0]), rel=1e-12)


def test_many_municipalities_at_once_are_each_fitted_alone() -> None:
    rng = np.random.default_rng(5)
    starts, size = np.array([0, 3, 4, 15]), 21
    counts, units = rng.integers(1, 90, size=(2, 4, size)) * 1.0, rng.integers(1, 90, size) * 1.0
    groups = rng.integers(1, 90, size=(4, 4)) * 1.0
    fitted = decompose.fit(counts, units, groups, starts)
    for number, part in enumerate(np.split(np.arange(size), starts[1:])):
        for year in (0, 1):
            alone = decompose.fit(counts[year][:, part], units[part], groups[:, [number]])
            assert fitted[year][:, part] == pytest.approx(alone, abs=1e-12)


def test_impossible_margins_are_missing_exactly_where_no_table_has_them() -> None:
    rng = np.random.default_rng(1)
    said = {True: 0, False: 0}
    for _ in range(120):
        counts = rng.poisson(rng.gamma(0.3, 30, size=(4, 12))).astype(float)
        inner = counts * (rng.random(counts.shape) < 0.6)
        units, groups = inner.sum(axis=0), inner.sum(axis=1)
        if rng.random() < 0.5:
            units, groups = rng.integers(1, 50, 12) * 1.0, rng.integers(1, 50, 4) * 1.0
        units[counts.sum(axis=0) == 0] = 0
        groups[counts.sum(axis=1) == 0] = 0
        can = possible(counts, units, groups)
        fitted = decompose.fit(counts, units, groups[:, None])
        assert np.isnan(fitted).any() == (not can)
        assert np.isnan(fitted).all() or np.isfinite(fitted).all()
        said[can] += 1
    assert min(said.values()) > 10


def test_a_unit_that_only_one_group_can_fill_does_not_touch_the_next_municipality() -> None:
    counts = np.array([[5.0, 0.0, 3.0, 1.0], [0.0, 5.0, 1.0, 3.0]])
    fitted = decompose.fit(counts, np.array([1.0, 1.0, 1.0, 1.0]), np.array([[3.0, 1.0], [1.0, 1.0]]), (0, 2))
    assert np.isnan(fitted[:, :2]).all()
    assert Segments((0, 2), 4).total(fitted)[:, 1] == pytest.approx([0.5, 0.5], abs=1e-13)


def test_many_tables_at_once_are_fitted_each_to_its_own_margins() -> None:
    """Two years of three groups in seven units of two municipalities, each with margins of its own."""
    rng, starts = np.random.default_rng(11), (0, 4)
    counts, units = rng.uniform(1, 9, (2, 3, 7)), rng.uniform(1, 9, (2, 7))
    groups = rng.uniform(1, 9, (2, 3, 2))
    together = decompose.fit(counts, units, groups, starts)
    assert together.shape == (2, 3, 7)
    for year in range(2):
        for place, part in enumerate((slice(0, 4), slice(4, 7))):
            alone = sweeps(counts[year][:, part], units[year][part], groups[year][:, place])
            assert together[year][:, part] == pytest.approx(alone, abs=1e-10)
