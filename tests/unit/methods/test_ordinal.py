"""The ordered logit: its own likelihood and sandwich written out, marginal effects by shifting years, real classes."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from kloof.errors import NotComputableError, SchemaError
from kloof.methods import ordinal
from kloof.methods.ordinal import Classes

YEARS = np.array([2012, 2014, 2016, 2018])


def town(rng: np.random.Generator, drift: float = 0.0, units: int = 50, focus: int = 12) -> Classes:
    """Focus lies 1.5 log odds lower and drifts per year beside the rest; areas differ lastingly."""
    unit, year = np.repeat(np.arange(units), 4), np.tile(YEARS, units)
    is_focus = unit < focus
    own = rng.standard_normal(units)[unit]
    latent = own - 1.5 * is_focus + (0.05 + drift * is_focus) * (year - 2015) + rng.logistic(size=4 * units)
    return Classes(np.digitize(latent, [-2.5, -1, 0, 1, 2.5]) + 4, year, unit, is_focus, np.full(4 * units, "2.0"))


def written_out(data: Classes) -> tuple[np.ndarray, np.ndarray]:
    """Maximum of the likelihood as in McCullagh (1980), and its clustered sandwich, all by numerical derivatives."""
    time = data.years - data.years.mean()
    design = np.column_stack([time, data.is_focus, data.is_focus * time])
    _, place = np.unique(data.classes, return_inverse=True)
    levels = place.max() + 1

    def by_row(params: np.ndarray) -> np.ndarray:
        cuts = np.concatenate([[-np.inf], params[3:], [np.inf]])
        predictor = design @ params[:3]
        chance = 1 / (1 + np.exp(-(cuts[place + 1] - predictor))) - 1 / (1 + np.exp(-(cuts[place] - predictor)))
        return np.log(chance)

    share = np.cumsum(np.bincount(place))[:-1] / len(place)
    start = np.concatenate([np.zeros(3), np.log(share / (1 - share))])
    precise = {"maxiter": 40_000, "maxfev": 40_000, "xatol": 1e-8, "fatol": 1e-10, "adaptive": True}
    best = minimize(lambda params: -by_row(params).sum(), start, method="Nelder-Mead", options=precise)
    step = 1e-5
    scores = np.column_stack([
        (by_row(best.x + step * axis) - by_row(best.x - step * axis)) / (2 * step) for axis in np.eye(levels + 2)
    ])  # fmt: skip

    def gradient(params: np.ndarray) -> np.ndarray:
        return approx_fprime(params, lambda inner: by_row(inner).sum(), 1e-6)

    hessian = np.column_stack([
        (gradient(best.x + 1e-4 * axis) - gradient(best.x - 1e-4 * axis)) / 2e-4 for axis in np.eye(levels + 2)
    ])  # fmt: skip
    bread = np.linalg.inv(hessian)
    sums = np.stack([scores[data.areas == area].sum(axis=0) for area in np.unique(data.areas)])
    areas, rows = len(sums), len(place)
    small = areas / (areas - 1) * (rows - 1) / (rows - levels - 2)
    return best.x, small * bread @ (sums.T @ sums) @ bread


def test_estimates_and_variance_are_those_of_the_likelihood_written_out() -> None:
    data = town(np.random.default_rng(1), units=40)
    found = ordinal.ordinal_trend(data)
    point, covariance = written_out(data)
    assert found.rest.estimate == pytest.approx(point[0], abs=2e-4)
    assert found.difference.estimate == pytest.approx(point[2], abs=2e-4)
    assert found.focus.estimate == pytest.approx(point[0] + point[2], abs=2e-4)
    pair = np.zeros(len(point))
    pair[[0, 2]] = 1
    assert found.rest.se == pytest.approx(covariance[0, 0] ** 0.5, rel=0.01)
    assert found.difference.se == pytest.approx(covariance[2, 2] ** 0.5, rel=0.01)
    assert found.focus.se == pytest.approx((pair @ covariance @ pair) ** 0.5, rel=0.01)
    assert (found.rows, found.areas, found.difference.df) == (160, 40, 39)
    assert found.flags == ("proportional_odds",)


def test_marginal_effects_by_moving_every_row_a_little_in_time() -> None:
    data = town(np.random.default_rng(2), 0.1)
    found = ordinal.ordinal_trend(data)
    point, _ = written_out(data)
    labels = np.unique(data.classes)
    effects = found.effects.set_index(["group", "class"])["estimate"]
    by_hand = {}
    for group, members in (("focus", data.is_focus), ("rest", ~data.is_focus)):
        time = data.years[members] - data.years.mean()
        slope, start = (point[0] + point[2], point[1]) if group == "focus" else (point[0], 0.0)

        def chances(ahead: float, time: np.ndarray = time, slope: float = slope, start: float = start) -> np.ndarray:
            predictor = start + slope * (time + ahead)
            cuts = np.concatenate([[-np.inf], point[3:], [np.inf]])
            return np.diff(1 / (1 + np.exp(-(cuts[None] - predictor[:, None]))), axis=1).mean(axis=0)

        by_hand[group] = (chances(1e-4) - chances(-1e-4)) / 2e-4
        assert effects[group].drop(0).to_numpy() == pytest.approx(100 * by_hand[group], abs=5e-3)
        assert effects[group, 0] == pytest.approx(float(labels @ by_hand[group]), abs=5e-4)
        assert effects[group].drop(0).sum() == pytest.approx(0, abs=1e-9)  # what one class gains others lose
    assert effects["difference"].to_numpy() == pytest.approx((effects["focus"] - effects["rest"]).to_numpy())
    table = found.effects
    assert ((table["low"] < table["estimate"]) & (table["estimate"] < table["high"])).all()


def test_order_names_and_the_turned_scale() -> None:
    data = town(np.random.default_rng(3), 0.1)
    one = ordinal.ordinal_trend(data)
    order = np.random.default_rng(4).permutation(len(data.classes))
    named = np.array([f"BU{area:04d}" for area in data.areas])
    other = ordinal.ordinal_trend(Classes(data.classes[order], data.years[order], named[order], data.is_focus[order],
                                          data.versions))  # fmt: skip
    turned = ordinal.ordinal_trend(Classes(14 - data.classes, data.years, data.areas, data.is_focus, data.versions))
    swapped = ordinal.ordinal_trend(Classes(data.classes, data.years, data.areas, ~data.is_focus, data.versions))
    for name in ("focus", "rest", "difference"):
        a, b, c = (getattr(each, name) for each in (one, other, turned))
        assert (a.estimate, a.low) == pytest.approx((b.estimate, b.low), abs=2e-4)
        assert (a.estimate, a.se) == pytest.approx((-c.estimate, c.se), abs=2e-4)
    assert one.difference.estimate == pytest.approx(-swapped.difference.estimate, abs=2e-4)


@pytest.mark.parametrize(
    ("towns", "most", "moved", "least"),  # where nothing moves 5 percent, and three Monte Carlo errors more
    [(12, 2, 5, 4), pytest.param(60, 8, 25, 20, marks=pytest.mark.calibration)],
)
def test_false_positives_and_power(towns: int, most: int, moved: int, least: int) -> None:
    rng = np.random.default_rng(5)
    quiet = [ordinal.ordinal_trend(town(rng)).difference.p_value < 0.05 for _ in range(towns)]
    assert sum(quiet) <= most
    loud = [ordinal.ordinal_trend(town(rng, -0.5)).difference.high < 0 for _ in range(moved)]
    assert sum(loud) >= least


def test_what_is_refused() -> None:
    data = town(np.random.default_rng(6))

    def but(**parts: np.ndarray) -> Classes:
        return Classes(**{**vars(data), **parts})

    early = data.years == 2012
    for each, reason, words in (
        (but(versions=np.where(early, "2.0", "3.0")), "several_model_versions", r"2\.0, 3\.0 are not comparable"),
        (but(years=np.full(200, 2012)), "too_few_years", "two or more years"),
        (but(is_focus=np.ones(200, dtype=bool)), "no_group_left", "only focus"),
        (but(is_focus=data.areas == 3), "too_few_buurten", "two or more areas each"),
        (but(classes=np.full(200, 5)), "one_class", "one class in all years"),
        (but(classes=np.where(data.is_focus, 1, data.classes)), "did_not_converge", "has no fit"),
        (but(classes=np.where(early, 1, 2)), "did_not_converge", "a group of rows has one class only"),
    ):
        with pytest.raises(NotComputableError, match=words) as caught:
            ordinal.ordinal_trend(each)
        assert caught.value.reason == reason
    with pytest.raises(NotComputableError, match="has no fit") as caught:
        ordinal.ordinal_trend(data, most_iterations=2)
    assert caught.value.reason == "did_not_converge"
    with pytest.raises(SchemaError, match=r"2 faults.*years has 3 rows, not 200.*class is missing"):
        ordinal.ordinal_trend(but(years=YEARS[:3], classes=data.classes * 0))
    gone = np.where(data.classes == 6, 7, data.classes)
    assert "classes_absent" in ordinal.ordinal_trend(but(classes=gone)).flags


@pytest.mark.shared
def test_leefbaarometer_classes_of_rotterdam(shared: Path) -> None:
    """Rotterdam-Zuid (postcodes 3071-3089) as focus beside the rest of the city, version 2.0, 2012-2018."""
    with (shared / "data/leefbaarometer/lbm2_PC4LBR.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if 3011 <= int(row["CODE"]) < 3090]
    cells = [(int(row["CODE"]), 2000 + year, int(float(row[f"KL{year}"])))
             for row in rows for year in (12, 14, 16, 18) if row[f"KL{year}"]]  # fmt: skip
    code, year, level = np.array(cells).T
    is_focus = code >= 3071
    assert level[is_focus].mean() < level[~is_focus].mean() - 0.5
    found = ordinal.ordinal_trend(Classes(level, year, code, is_focus, np.full(len(code), "2.0")))
    effects = found.effects.set_index(["group", "class"])["estimate"]
    for group, members in (("focus", is_focus), ("rest", ~is_focus)):
        slope = np.polyfit(year[members], level[members], 1)[0]
        assert effects[group, 0] == pytest.approx(
            slope, abs=0.04
        )  # a straight line through the classes says much the same
        assert getattr(found, group).estimate * slope > 0
    assert found.areas > 50
