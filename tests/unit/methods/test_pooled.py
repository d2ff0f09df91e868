"""Relations within municipalities at once: by hand, against made-up truths, and what noise does without correction."""

import dataclasses

import numpy as np
import pytest

from kloof.errors import NotComputableError
from kloof.methods.arrays import Array
from kloof.methods.pooled import Arrived, Cause, Growths, Pooled, arrived, followed, steeper

SMALLEST = 0.2


def country(
    seed: int, noise: float, slope: float = 0.5, towns: int = 200, each: int = 20
) -> tuple[Array, Cause, Array, Array]:
    """Give two pairs of changes, the second of which follows the first by a slope; deviations of 1 within towns."""
    rng = np.random.default_rng(seed)
    town = np.repeat(np.arange(towns), each)
    steps = rng.standard_normal((len(town), 3)) + 3 * rng.standard_normal((towns, 3))[town]
    true = np.cumsum(steps, axis=1)
    measured = true + noise * rng.standard_normal(true.shape)
    later = slope * np.diff(true, axis=1) + rng.standard_normal((len(town), 2)) - 5 * town[:, None]
    weight = np.exp(0.5 * rng.standard_normal(len(town)))
    return later, Cause(np.diff(measured, axis=1), measured, None), weight, town


def without_third(cause: Cause, noise: Array | None) -> Cause:
    return dataclasses.replace(cause, measured=cause.measured[:, :2], noise=noise)


def test_the_slope_is_that_with_a_mean_taken_out_of_each_municipality_and_pair() -> None:
    later, cause, weight, town = country(1, 0.0, towns=6, each=5)
    products, squares, rooms = 0.0, 0.0, 0.0
    for name in range(6):
        own = town == name
        held = weight[own]
        for pair in range(2):
            y, x = (one[own, pair] - np.average(one[own, pair], weights=held) for one in (later, cause.change))
            products, squares = products + held @ (x * y), squares + held @ x**2
            rooms += held.sum() - held @ held / held.sum()
    found = followed(later, cause, weight, town)
    assert found.plain.estimate == pytest.approx(products / squares * np.sqrt(squares / rooms), rel=1e-12)
    assert (found.buurten, found.municipalities) == (30, 6)


@pytest.mark.parametrize("kind", ["third", "known"])
def test_noise_proves_that_nothing_helps_until_it_is_taken_off(kind: str) -> None:
    """Half a point follows one of the cause, which is five times as noisy as it truly changes."""
    noise = 2.0 if kind == "known" else 1.7
    later, cause, weight, town = country(2, noise, towns=400)
    if kind == "known":
        later, weight = 2 / 3 * later, np.ones(len(weight))  # smaller still beside the smallest effect
        cause = without_third(cause, np.full(cause.change.shape, 2 * noise**2))
    found = followed(later, cause, weight, town)
    truth = 0.5 if kind == "third" else 1 / 3
    assert -SMALLEST < found.plain.low < found.plain.high < SMALLEST  # called the same, and wrongly
    assert found.corrected is not None
    assert found.corrected.low < truth < found.corrected.high
    assert found.corrected.low > SMALLEST
    assert found.reliability == pytest.approx(1 / (1 + 2 * noise**2), abs=0.04)
    assert found.ends == (found.corrected.estimate, found.corrected.low, found.corrected.high)


def test_the_larger_of_both_noises_counts() -> None:
    later, cause, weight, town = country(3, 1.0)
    third = followed(later, cause, weight, town)
    less, more = (
        followed(later, dataclasses.replace(cause, noise=np.full(cause.change.shape, size)), weight, town)
        for size in (0.1, 2.5)
    )
    assert less.reliability == third.reliability
    assert more.reliability is not None
    assert third.reliability is not None
    assert more.reliability < third.reliability


def test_where_nothing_tells_the_noise_the_range_holds_all_that_it_can_hide() -> None:
    later, cause, weight, town = country(4, 2.0)
    found = followed(later, without_third(cause, None), weight, town)
    assert (found.corrected, found.reliability) == (None, None)
    assert found.ends[1] == found.plain.low
    assert found.ends[2] == found.farthest == pytest.approx(np.sqrt(1.25), rel=0.05)  # the deviation of the outcome
    assert found.plain.high < found.farthest
    turned = followed(-later, without_third(cause, None), weight, town)
    assert turned.ends[1:] == pytest.approx((-found.farthest, -found.ends[1]))
    nothing = followed(later, dataclasses.replace(without_third(cause, None), change=cause.change[::-1]), weight, town)
    assert nothing.plain.low < 0 < nothing.plain.high
    assert nothing.ends[1:] == (-nothing.farthest, nothing.farthest)
    all_noise = without_third(cause, np.full(cause.change.shape, 9.0))
    found = followed(later, all_noise, weight, town)
    assert found.corrected is None
    assert found.reliability is not None
    assert found.reliability < 0.1


def test_its_error_leaves_out_one_municipality_at_a_time() -> None:
    later, cause, weight, town = country(5, 0.5, towns=12)
    whole = followed(later, cause, weight, town).corrected
    assert whole is not None
    without = []
    for name in range(12):
        own = town != name
        part = Cause(cause.change[own], cause.measured[own], None)
        made = followed(later[own], part, weight[own], town[own]).corrected
        assert made is not None
        without.append(made.estimate)
    off = np.array(without) - np.mean(without)
    assert whole.se == pytest.approx(np.sqrt(11 / 12 * (off @ off)), rel=1e-9)
    assert whole.df == 11


def test_a_buurt_alone_in_its_municipality_and_what_is_missing_take_no_part() -> None:
    later, cause, weight, town = country(6, 0.5, towns=8)
    whole = followed(later, cause, weight, town)
    rows = np.r_[np.arange(len(town)), 0, 1]
    more = Cause(cause.change[rows], cause.measured[rows], None)
    last = later[rows].copy()
    last[-1] = np.nan
    again = followed(last, more, weight[rows], np.r_[town, 99, 3])
    assert (again.buurten, again.municipalities) == (whole.buurten, whole.municipalities)
    assert again.plain.estimate == pytest.approx(whole.plain.estimate, rel=1e-12)
    assert again.plain.se == pytest.approx(whole.plain.se, rel=1e-12)


def test_too_little_says_so() -> None:
    later, cause, weight, town = country(7, 0.5, towns=8)
    with pytest.raises(NotComputableError, match="Fewer than three municipalities"):
        followed(later, cause, weight, np.minimum(town, 1))
    with pytest.raises(NotComputableError, match="changes alike everywhere"):
        followed(later, dataclasses.replace(cause, change=0 * cause.change), weight, town)
    years = np.array([2014.0, 2015.0])
    with pytest.raises(NotComputableError, match="needs two years"):
        steeper(later[:, :1], later[:, :1], 0 * later[:, :1], weight, (town, years[:1]))
    with pytest.raises(NotComputableError, match="In a year fewer than three"):
        steeper(later, np.where([[False, True]], np.nan, later), 0 * later, weight, (town, years))
    with pytest.raises(NotComputableError, match="alike everywhere"):
        steeper(later, 0 * later, 0 * later, weight, (town, years))


# ------------------------------------------------------------------ the change of a slope
def steepening(seed: int, noise: float, grow: float = 0.02, towns: int = 150) -> Pooled:
    rng = np.random.default_rng(seed)
    town, years = np.repeat(np.arange(towns), 20), np.arange(2014.0, 2020.0)
    level = 8 * rng.standard_normal(len(town))[:, None] + 20 * rng.random(towns)[town][:, None]
    cause = level + 0.3 * rng.standard_normal((len(town), 6))
    outcome = (0.3 + grow * (years - 2014)) * cause + 2 * rng.standard_normal(cause.shape) - 3 * town[:, None]
    measured = cause + noise * rng.standard_normal(cause.shape)
    return steeper(outcome, measured, np.full(cause.shape, 1 / 12), np.exp(rng.random(len(town))), (town, years))


def test_the_change_of_a_slope_is_found_with_and_without_noise() -> None:
    clean, noisy = steepening(1, 0.0), steepening(2, 5.0)
    for found in (clean, noisy):
        assert found.corrected is not None
        assert found.corrected.low < 0.02 < found.corrected.high
    assert clean.plain.low < 0.02 < clean.plain.high
    assert noisy.plain.high < 0.02  # drawn to 0
    assert noisy.reliability == pytest.approx(64 / 89, abs=0.03)
    still = steepening(3, 5.0, grow=0.0)
    assert still.corrected is not None
    assert still.corrected.low < 0 < still.corrected.high


def test_two_years_and_no_noise_are_a_difference_of_two_slopes() -> None:
    rng = np.random.default_rng(4)
    town, weight = np.repeat(np.arange(5), 6), np.exp(rng.standard_normal(30))
    cause, outcome = rng.standard_normal((30, 2)), rng.standard_normal((30, 2))
    slopes = []
    for year in range(2):
        design = np.column_stack([cause[:, year], town[:, None] == np.arange(5)]) * np.sqrt(weight)[:, None]
        slopes.append(np.linalg.lstsq(design, outcome[:, year] * np.sqrt(weight), rcond=None)[0][0])
    found = steeper(outcome, cause, np.zeros((30, 2)), weight, (town, np.array([2014.0, 2018.0])))
    assert found.plain.estimate == pytest.approx((slopes[1] - slopes[0]) / 4, rel=1e-10)
    assert (found.corrected, found.reliability) == (found.plain, 1.0)
    with pytest.raises(NotComputableError, match="may be noise"):
        steeper(outcome, cause, np.full((30, 2), 5.0), weight, (town, np.array([2014.0, 2018.0])))


# ------------------------------------------------------------------ what arrives
def arriving(seed: int, ratio: float, noise: float, towns: int = 200, pairs: int = 2) -> Arrived:
    rng = np.random.default_rng(seed)
    town, weight = np.repeat(np.arange(towns), 20), np.exp(0.7 * rng.standard_normal(20 * towns))
    listed = np.arange(len(town)) % 20 < 4
    rows = []
    for pair in range(pairs):
        moved = 0.1 * rng.standard_normal(towns)[town] * np.where(listed, ratio, 1.0) + (0.3 - 0.5 * listed)
        own = moved + noise * rng.standard_normal(len(town))
        rows.append((own, weight, listed, town, np.full(len(town), pair)))
    return arrived(Growths(*(np.concatenate(one) for one in zip(*rows, strict=True))))


@pytest.mark.parametrize("noise", [0.02, 0.4])
@pytest.mark.parametrize("ratio", [1.0, 50 / 90])
def test_what_arrives_on_lists_is_found_whatever_the_noise(ratio: float, noise: float) -> None:
    found = arriving(1, ratio, noise)
    assert found.ratio.low < ratio < found.ratio.high
    assert (found.buurten, found.municipalities) == (8000, 200)
    if noise < 0.1:
        assert found.ratio.high - found.ratio.low < 0.1
        assert found.focus / found.rest == pytest.approx(found.ratio.estimate)
    else:
        assert found.rest < 0.9  # of the movement itself less arrives than truly does


def test_nothing_arrives_where_all_moved_alike() -> None:
    town, listed = np.repeat(np.arange(6), 4), np.tile([True, True, False, False], 6)
    growth = Growths(np.ones(24), np.ones(24), listed, town, np.zeros(24, dtype=np.int64))
    with pytest.raises(NotComputableError, match="All municipalities moved alike"):
        arrived(growth)
    with pytest.raises(NotComputableError, match="4 municipalities are too few"):
        arrived(dataclasses.replace(growth, municipality=np.minimum(town, 3)))
