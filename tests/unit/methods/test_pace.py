"""Pace and arrival: worked by hand, a loop, rounding corners, coverage, and Heerlen's real tenure."""

import sqlite3
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from answers import reason_of

from kloof.errors import ParameterError
from kloof.methods import pace as paces
from kloof.methods.pace import ALREADY_THERE, MOVES_AWAY, STANDS_STILL, Tenure, pace


def tenure(share: object, dwellings: object, focus: int = 3, half: float = 0.5, years: object = None) -> Tenure:
    table = np.array(share, dtype=float)
    held = np.broadcast_to(np.array(dwellings, dtype=float), table.shape)
    when = np.arange(2016, 2016 + table.shape[1]) if years is None else np.array(years)
    is_focus = np.arange(len(table)) < focus
    return Tenure(table, np.clip(table - half, 0, 100), np.clip(table + half, 0, 100), held, when, is_focus)


def test_pace_and_arrival_by_hand() -> None:
    # focus: 60, 70, 80 → 58, 69, 77 with 100, 100, 200 dwellings: (60+70+160)/4 = 72.5 → (58+69+154)/4 = 70.25
    made = tenure([[60, 58], [70, 69], [80, 77], [20, 20]], [[100], [100], [200], [400]], years=[2016, 2019])
    found = pace(made, 2039)
    assert (found.start, found.last) == pytest.approx((72.5, 70.25))
    assert found.found.estimate == pytest.approx(-0.75)
    # the city: (4·70.25 + 4·20)/8 = 45.125; 25.125 points in 20 years; at 0.75 a year 33.5 years
    assert found.target == pytest.approx(45.125)
    assert found.needed == pytest.approx(-25.125 / 20)
    assert found.ratio == pytest.approx(0.75 / 1.25625)
    assert found.arrival == pytest.approx(2019 + 33.5)
    assert found.reason is None
    # rounding: 0.5 either way in both years, over three years
    assert found.rounding == pytest.approx((-0.75 - 1 / 3, -0.75 + 1 / 3))
    assert found.low <= found.found.low
    assert found.high >= found.rounding[1]
    ends = sorted(value / found.needed for value in (found.low, found.high))
    assert (found.ratio_low, found.ratio_high) == pytest.approx(tuple(ends))
    assert found.arrival_low == pytest.approx(2019 - 25.125 / found.low)
    assert found.arrival_high is None  # the slow end of the range goes the wrong way


def test_a_rising_share_turns_the_range_around() -> None:
    made = tenure([[30, 33, 35.8], [40, 43, 46], [50, 53, 56.2], [90, 90, 90]], 100, half=0.01)
    found = pace(made, 2030, 60.0)
    assert found.found.estimate == pytest.approx(3.0)
    assert found.arrival == pytest.approx(2018 + (60 - 46) / 3)
    assert found.arrival_low is not None
    assert found.arrival_high is not None
    assert found.arrival_low < found.arrival < found.arrival_high


def test_never_and_already_have_reasons() -> None:
    away = pace(tenure([[60, 61], [70, 72], [80, 81.5], [20, 20]], 100), 2030)
    assert (away.arrival, away.reason) == (None, MOVES_AWAY)
    assert away.ratio is not None
    assert away.ratio < 0
    there = pace(tenure([[60, 61], [70, 72], [80, 81.5], [20, 20]], 100), 2030, 71.3)
    assert (there.ratio, there.arrival, there.arrival_low, there.reason) == (None, None, None, ALREADY_THERE)
    frozen = pace(tenure([[60, 60], [70, 70], [80, 80], [20, 20]], 100, years=[2016, 2020]), 2030)
    assert (frozen.found.se, frozen.reason, frozen.arrival) == (0.0, STANDS_STILL, None)
    assert (frozen.low, frozen.high) == pytest.approx((-0.25, 0.25))  # a point in four years is what rounding can hide
    still = pace(tenure([[60, 62], [70, 68], [80, 80], [20, 20]], 100), 2030)
    assert (still.arrival, still.reason, still.ratio) == (None, STANDS_STILL, 0.0)


def test_the_slope_and_its_jackknife_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    share = 60 + 5 * rng.standard_normal((9, 1)) + np.arange(5) * rng.standard_normal((9, 1))
    held = 100 + 50 * rng.random((9, 5))
    made = tenure(share, held, focus=6)

    def slope(rows: list[int]) -> float:
        path = [(share[rows, place] * held[rows, place]).sum() / held[rows, place].sum() for place in range(5)]
        return float(np.polyfit(made.years, path, 1)[0])

    found = pace(made, 2040, 30.0).found
    without = np.array([slope([row for row in range(6) if row != left]) for left in range(6)])
    assert found.estimate == pytest.approx(slope(list(range(6))))
    assert found.se == pytest.approx((5 / 6 * ((without - without.mean()) ** 2).sum()) ** 0.5)
    part = (held[:6] / held[:6].sum(axis=0)).mean(axis=1)
    off = np.eye(6) - part  # takes the weighted mean off every buurt
    form = off.T @ np.diag(part**2 / np.diag(off @ off.T)) @ off
    assert found.df == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    assert found.df < 5
    corners = []
    for signs in product((-0.5, 0.5), repeat=5):  # all buurten of a year lie to the same side in the worst case
        path = paces.focus_share(made) + np.array(signs)
        corners.append(np.polyfit(made.years, path, 1)[0])
    assert pace(made, 2040, 30.0).rounding == pytest.approx((min(corners), max(corners)))


def test_order_and_units_of_weight_are_irrelevant() -> None:
    rng = np.random.default_rng(2)
    share, held = 40 + 10 * rng.random((8, 3)), 100 + rng.random((8, 3))
    one = pace(tenure(share, held, focus=4), 2035)
    order = np.r_[3, 1, 0, 2, 7, 5, 6, 4]
    two = pace(tenure(share[order], 10 * held[order], focus=4), 2035)
    assert (one.found.estimate, one.low, one.ratio, one.target) == pytest.approx(
        (two.found.estimate, two.low, two.ratio, two.target)
    )


def test_the_interval_covers_and_finds() -> None:
    rng, held, found_slow, runs = np.random.default_rng(3), 0, 0, 300
    for _ in range(runs):
        own = -0.4 + 0.4 * rng.standard_normal((11, 1))  # points a year; the city's mix needs about -1.5
        share = 65 + 5 * rng.standard_normal((11, 1)) + own * np.arange(4) + 0.1 * rng.standard_normal((11, 4))
        made = tenure(np.vstack([share, np.full((20, 4), 30.0)]), 100 * np.exp(0.4 * rng.standard_normal((31, 1))),
                      focus=11, half=0.0)  # fmt: skip
        result = pace(made, 2034)
        held += result.low <= -0.4 <= result.high
        found_slow += result.ratio_high is not None and result.ratio_high < 1
    assert held >= 0.95 * runs - 3 * (0.95 * 0.05 * runs) ** 0.5
    assert found_slow > 0.8 * runs


@pytest.mark.parametrize("size", [5, 11])
@pytest.mark.parametrize("uneven", [0.4, 0.8])
def test_the_pace_is_inside_its_range_also_with_few_buurten(size: int, uneven: float) -> None:
    """1,200 lists of large and small buurten; a coverage of 95 percent has a standard error of 0.63 points."""
    rng, held = np.random.default_rng(10 + size), 0
    for _ in range(1200):
        share = 65 + (-0.4 + 0.4 * rng.standard_normal((size, 1))) * np.arange(4) + 0.1 * rng.standard_normal((size, 4))
        dwellings = 100 * np.exp(uneven * rng.standard_normal((size + 4, 1)))
        found = pace(tenure(np.vstack([share, np.full((4, 4), 30.0)]), dwellings, size, 0.0), 2034).found
        held += found.low <= -0.4 <= found.high
    assert held >= 0.94 * 1200


def test_what_pace_refuses() -> None:
    good = [[60, 61], [70, 72], [80, 81.5], [20, 20]]
    with pytest.raises(ParameterError, match="target_year 2017 is not after the last year with figures, 2017"):
        pace(tenure(good, 100), 2017)
    with pytest.raises(ParameterError, match="target must be a percentage, got 101"):
        pace(tenure(good, 100), 2030, 101)
    with pytest.raises(ParameterError, match="The years must rise, got 2017, 2016"):
        pace(tenure(good, 100, years=[2017, 2016]), 2030)
    for made, reason in (
        (tenure([[1], [2], [3], [4]], 100), "too_few_years"),
        (tenure(good, 100, focus=2), "too_few_buurten"),
        (tenure(good, [[100], [0], [0], [5]]), "no_dwellings"),
    ):
        assert reason_of(pace, made, 2030) == reason


@pytest.mark.shared
def test_heerlen_2016_2019(shared: Path) -> None:
    """Corporation share of the ten buurten that had most in 2016: far from the city's mix, and hardly moving."""
    shares, dwellings = heerlen(shared, "Wonen_Woningen_naar_eigendom_Huurwoningen_In_bezit_woningcorporatie")
    first = shares[:, 0]
    is_focus = first >= np.sort(first)[-10]
    made = Tenure(shares, np.maximum(shares - 0.5, 0), shares + 0.5, dwellings, np.arange(2016, 2020), is_focus)
    found = pace(made, 2040)
    by_hand = np.polyfit(made.years, (shares * dwellings)[is_focus].sum(axis=0) / dwellings[is_focus].sum(axis=0), 1)
    assert found.found.estimate == pytest.approx(by_hand[0])
    assert 25 < found.target < 45  # Heerlen as a whole: about a third of the dwellings
    assert 60 < found.last < 90
    assert found.needed < -1
    assert abs(found.found.estimate) < 1  # tenure does not move fast
    assert found.ratio_high is not None
    assert found.ratio_high < 1


def heerlen(shared: Path, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Share and dwellings of the buurten of Heerlen with both in 2016-2019, read with nothing but sqlite3."""
    by_year: list[dict[str, tuple[float, float]]] = []
    with sqlite3.connect(f"file:{shared}/data/kwb/heerlen_2016_2020.db?mode=ro", uri=True) as base:
        tables = [row[0] for row in base.execute("select name from sqlite_master where type = 'table'")]
        for year in range(2016, 2020):
            table = next(name for name in tables if str(year) in name)
            names = [row[1] for row in base.execute(f'pragma table_info("{table}")')]
            place = [names[0], column, next(name for name in names if name.startswith("Wonen_Woningvoorraad"))]
            listed = ", ".join(f'"{name}"' for name in place)
            rows = base.execute(f'select {listed} from "{table}"').fetchall()
            by_year.append({row[0]: row[1:] for row in rows if None not in row and row[2] > 0
                            and not row[0].startswith("Wijk") and row[0] != "Heerlen"})  # fmt: skip
    shared_names = sorted(set.intersection(*(set(year) for year in by_year)))
    cells = np.array([[year[name] for year in by_year] for name in shared_names])
    return cells[..., 0], cells[..., 1]
