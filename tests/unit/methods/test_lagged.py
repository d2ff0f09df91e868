"""Lagged first differences: dummy-variable regressions, hand-made waves, errors and power, real postcodes."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from answers import reason_of
from scipy import stats

from kloof.errors import SchemaError
from kloof.methods import lagged
from kloof.methods.lagged import UNIT_AND_YEAR, YEAR, Waves


def town(rng: np.random.Generator, effect: float = 0.0, back: float = 0.0, units: int = 56, waves: int = 6) -> Waves:
    """Random walks with a trend per buurt and shocks per year; a change passes on one measurement later."""
    one, two = np.zeros((2, units, waves))
    trend = 0.3 * rng.standard_normal((2, units))
    one[:, 0], two[:, 0] = 20 + 3 * rng.standard_normal((2, units))
    before = np.zeros((2, units))
    for wave in range(1, waves):
        shock = rng.standard_normal((2, units)) + rng.standard_normal((2, 1))
        moved = np.stack([trend[0] + shock[0] + effect * before[1], trend[1] + shock[1] + back * before[0]])
        one[:, wave], two[:, wave] = one[:, wave - 1] + moved[0], two[:, wave - 1] + moved[1]
        before = moved
    return Waves(one, two, 0.5 + rng.random(units))


def long(waves: Waves) -> pd.DataFrame:
    """Pairs of changes as rows, in a loop."""
    rows = []
    for unit in range(waves.position.shape[0]):
        for year in range(1, waves.position.shape[1] - 1):
            now = waves.position[unit, year + 1] - waves.position[unit, year]
            then = waves.surroundings[unit, year] - waves.surroundings[unit, year - 1]
            rows.append((unit, year, now, then, waves.weight[unit]))
    return pd.DataFrame(rows, columns=["unit", "year", "now", "then", "w"]).dropna(ignore_index=True)


def test_year_effects_are_the_dummy_variable_regression() -> None:
    waves = town(np.random.default_rng(1), 0.3)
    waves.position[4, 2] = waves.surroundings[9, 0] = np.nan
    found = lagged.lagged_changes(waves, 0.2, 0.2)
    table = long(waves)
    fit = smf.wls("now ~ then + C(year)", table, weights=table["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": table["unit"]}, use_t=True
    )
    one = found.forward
    assert (one.found.estimate, one.found.se) == pytest.approx((fit.params["then"], fit.bse["then"]))
    assert (one.rows, one.units, one.left_out) == (len(table), 56, 56 * 4 - len(table))
    assert found.flags == ()


def test_unit_effects_are_dummies_too_and_say_they_are_biased() -> None:
    waves = town(np.random.default_rng(2), 0.3)
    found = lagged.lagged_changes(waves, 0.2, 0.2, UNIT_AND_YEAR)
    table = long(waves)
    fit = smf.wls("now ~ then + C(year) + C(unit)", table, weights=table["w"]).fit()
    assert found.forward.found.estimate == pytest.approx(fit.params["then"])
    assert found.flags == ("feedback_bias",)
    # the spread of the earlier change that the effects leave: its residual on the same dummies
    left = smf.wls("then ~ C(year) + C(unit)", table, weights=table["w"]).fit().resid
    assert found.forward.spread == pytest.approx(float(np.sqrt(np.average(left**2, weights=table["w"]))))
    scaled = np.array([found.forward.found.estimate, found.forward.found.low, found.forward.found.high])
    assert found.forward.per_spread == pytest.approx(tuple(found.forward.spread * scaled))


def test_both_directions_by_hand() -> None:
    # surroundings +1 then 0, position 0 then +2 for odd buurten; nothing for even ones; 1 year of pairs each
    up = np.arange(8) % 2 == 1
    ripple = 0.1 * np.array([1.0, 1, -1, -1, 1, 1, -1, -1])
    surroundings = np.stack([np.zeros(8), up * 1.0, up * 1.0], axis=1)
    position = np.stack([np.zeros(8), ripple, ripple + 2 * up + ripple], axis=1)
    found = lagged.lagged_changes(Waves(position, surroundings, np.ones(8)), 0.5, 0.5)
    assert found.forward.found.estimate == pytest.approx(2.0)
    assert found.forward.spread == pytest.approx(0.5)
    assert found.flags == ("one_lag",)
    # backward: no later change of the surroundings at all, so nothing to explain
    assert (found.backward, found.backward_reason) == (None, "no_variation")


def test_swapping_the_series_swaps_the_directions() -> None:
    waves = town(np.random.default_rng(3), 0.2, 0.1)
    one = lagged.lagged_changes(waves, 0.2, 0.3)
    other = lagged.lagged_changes(Waves(waves.surroundings, waves.position, waves.weight), 0.3, 0.2)
    assert one.forward == other.backward
    assert one.backward == other.forward


@pytest.mark.parametrize("effects", [YEAR, UNIT_AND_YEAR])
def test_what_effects_take_out_changes_nothing(effects: str) -> None:
    rng = np.random.default_rng(4)
    waves = town(rng, 0.2)
    level, shock = rng.standard_normal((56, 1)), rng.standard_normal((1, 6))
    trend = rng.standard_normal((56, 1)) * np.arange(6) if effects == UNIT_AND_YEAR else 0.0
    order = rng.permutation(56)
    moved = Waves((waves.position + level + shock + trend)[order], (waves.surroundings + 3 * level + shock)[order],
                  5 * waves.weight[order])  # fmt: skip
    one, other = (lagged.lagged_changes(each, 0.2, 0.2, effects) for each in (waves, moved))
    for name in ("forward", "backward"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a.found.estimate, a.found.low, a.spread) == pytest.approx((b.found.estimate, b.found.low, b.spread))


def test_errors_and_power_of_each_answer() -> None:
    rng = np.random.default_rng(5)

    def shares(runs: int, effect: float, smallest: float) -> tuple[float, float]:
        made = [lagged.lagged_changes(town(rng, effect), smallest, 1.0).forward for _ in range(runs)]
        return float(np.mean([one.found.low > 0 for one in made])), float(np.mean([one.equivalent for one in made]))

    effect_found, said_none = shares(250, 0.0, 0.25)
    assert effect_found <= 0.055  # one side: 2.5 % ± 3 Monte Carlo errors
    assert said_none > 0.8  # no effect, and the data are enough to say so
    _, at_the_edge = shares(250, 0.25 / 1.04, 0.25)  # an effect of just the smallest size per spread (about 1.04)
    assert at_the_edge <= 0.092  # 5 % ± 3 Monte Carlo errors
    effect_found, said_none = shares(80, 0.5, 0.25)
    assert effect_found > 0.9
    assert said_none == 0


def test_the_reverse_direction_is_not_the_forward_one() -> None:
    rng = np.random.default_rng(6)
    made = [lagged.lagged_changes(town(rng, 0.0, 0.5), 0.25, 0.25) for _ in range(60)]
    assert np.mean([one.backward.found.low > 0 for one in made]) > 0.9
    assert np.mean([one.forward.found.low > 0 for one in made]) < 0.12


def test_feedback_biases_unit_effects_as_the_flag_says() -> None:
    rng = np.random.default_rng(16)
    made = [lagged.lagged_changes(town(rng, 0.0, 0.5), 0.25, 0.25, UNIT_AND_YEAR) for _ in range(80)]
    plain = [lagged.lagged_changes(town(rng, 0.0, 0.5), 0.25, 0.25) for _ in range(80)]
    assert all("feedback_bias" in one.flags for one in made)
    assert np.mean([one.forward.found.estimate for one in made]) < -0.04  # there is no effect at all
    # without unit effects a lasting trend of position is passed on as well: 0.5·0.3² over 0.3² + 1 + 0.5²·1.09
    assert np.mean([one.forward.found.estimate for one in plain]) == pytest.approx(0.045 / 1.36, abs=0.02)
    longer = [lagged.lagged_changes(town(rng, 0.0, 0.5, waves=14), 0.25, 0.25, UNIT_AND_YEAR) for _ in range(40)]
    assert "feedback_bias" not in longer[0].flags
    assert abs(np.mean([one.forward.found.estimate for one in longer])) < 0.04


def test_no_effect_is_said_when_the_90_percent_interval_of_one_spread_lies_within_the_smallest() -> None:
    waves = town(np.random.default_rng(7))
    one = lagged.lagged_changes(waves, 0.2, 0.2).forward
    assert (one.found.rows, one.found.clusters) == (224, 56)  # four pairs of changes in each of 56 buurten
    limit = one.spread * max(-one.found.low_90, one.found.high_90)
    for smallest, said in ((limit * 1.001, True), (limit * 0.999, False)):
        assert lagged.lagged_changes(waves, smallest, 0.2).forward.equivalent == said


def test_what_is_refused() -> None:
    rng = np.random.default_rng(8)
    waves = town(rng)
    with pytest.raises(SchemaError, match=r"'unit' is unknown.*smallest effect is not above 0"):
        lagged.lagged_changes(waves, 0.0, 0.1, "unit")
    with pytest.raises(SchemaError, match="not the same two axes"):
        lagged.lagged_changes(Waves(waves.position[:, :3], waves.surroundings, waves.weight), 0.1, 0.1)
    with pytest.raises(SchemaError, match="one weight above 0 per buurt"):
        lagged.lagged_changes(Waves(waves.position, waves.surroundings, waves.weight * 0), 0.1, 0.1)
    short = town(rng, waves=3)
    gone = Waves(np.where(np.arange(56)[:, None] < 2, waves.position, np.nan), waves.surroundings, waves.weight)
    for each, effects, reason in (
        (town(rng, waves=2), YEAR, "too_few_years"),
        (short, UNIT_AND_YEAR, "too_few_years"),
        (gone, YEAR, "too_few_buurten"),
    ):
        assert reason_of(lagged.lagged_changes, each, 0.1, 0.1, effects) == reason


@pytest.mark.shared
def test_safety_and_residents_of_all_postcodes(shared: Path) -> None:
    """Leefbaarometer 2.0 2012-2018: dimension scores of safety and residents per postcode, three changes, two pairs."""
    with (shared / "data/leefbaarometer/lbm2_PC4DIMENSIE.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    def series(name: str) -> np.ndarray:
        cells = [[row[f"RLB{name}{year}"] for year in (12, 14, 16, 18)] for row in rows]
        return np.array([[float(cell) if cell else np.nan for cell in row] for row in cells])

    residents, safety = series("BEV"), series("VEI")
    waves = Waves(residents, safety, np.ones(len(rows)))
    found = lagged.lagged_changes(waves, 0.1 * np.nanstd(np.diff(residents)), 0.1 * np.nanstd(np.diff(safety)))
    assert found.forward.units > 3500
    assert found.forward.rows == pytest.approx(2 * found.forward.units, rel=0.02)
    by_hand = long(waves)
    fit = smf.ols("now ~ then + C(year)", by_hand).fit()
    assert found.forward.found.estimate == pytest.approx(fit.params["then"])
    # a score is a model's estimate: an effect larger than its own size would be a mistake in reading the file
    assert abs(found.forward.found.estimate) < 0.5
    assert found.forward.found.high - found.forward.found.low < 0.1
    assert stats.t.ppf(0.975, found.forward.found.df) == pytest.approx(1.96, abs=0.01)
