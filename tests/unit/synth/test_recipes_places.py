"""What a recipe says it plants is what a regression finds in its figures, in a town so large that chance is small."""

from itertools import combinations, permutations

import numpy as np
import pytest

from kloof_synth import gap_calibration, recipes_places
from kloof_synth.town import Setting, World

FIGURES = ("net_participation_share", "owner_occupied_share", "livability_safety_relative")
BLOCKS = (1, 2, 3)


def last(world: World, name: str) -> np.ndarray:
    return world.figures[name][1][:, -1]


def fit(outcome: np.ndarray, columns: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Coefficients and R² of least squares, by numpy."""
    design = np.column_stack([np.ones(len(outcome)), *columns])
    found = np.linalg.lstsq(design, outcome, rcond=None)[0]
    return found[1:], 1 - ((outcome - design @ found) ** 2).sum() / ((outcome - outcome.mean()) ** 2).sum()


@pytest.mark.parametrize("measure", ["gap", "r_squared"])
def test_resources_lead_housing_and_liveability_by_the_effect(measure: str) -> None:
    world = recipes_places.carried(measure, Setting(buurten=900, effect=20.0), np.random.default_rng(3))
    steps = (-6.0, -12.0, -recipes_places.SCORE)  # of each figure, for one standard deviation of what it stands for
    parts = [(last(world, name) - last(world, name).mean()) / step for name, step in zip(FIGURES, steps, strict=True)]
    assert 0.05 < last(world, "livability_safety_relative").std() < 0.5  # points of a real score, not of ten
    income = last(world, "mean_income_per_inhabitant")
    weights = fit(income, parts)[0] / -4.0
    if measure == "gap":
        assert weights == pytest.approx([1.4 / 3, 0.8 / 3, 0.8 / 3], abs=0.03)
        return
    assert weights.sum() == pytest.approx(1.0, abs=0.03) and weights[1] == pytest.approx(weights[2], abs=0.03)
    signal = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    noisy = signal + np.random.default_rng(4).standard_normal(900) * np.sqrt(0.04) * signal.std()
    worth = {
        chosen: fit(noisy, [parts[at - 1] for at in chosen])[1] if chosen else 0.0
        for size in range(4) for chosen in combinations(BLOCKS, size)
    }  # fmt: skip
    led = []
    for order in permutations(BLOCKS):  # the share of R² of a figure: what it adds, averaged over all orders
        added = {one: worth[tuple(sorted(order[: at + 1]))] - worth[tuple(sorted(order[:at]))]
                 for at, one in enumerate(order)}  # fmt: skip
        led.append((added[1] - added[2], added[1] - added[3]))
    assert np.mean(led, axis=0) == pytest.approx([0.2, 0.2], abs=0.05)


def test_low_incomes_follow_safety_a_wave_later_by_the_part_that_matters_less_the_effect() -> None:
    world = recipes_places.followed(Setting(buurten=3000, years=8, effect=-0.3), np.random.default_rng(5))
    (waves, safety), (_, low) = (world.figures[name] for name in ("livability_safety_relative",
                                                                  "low_income_households_share"))  # fmt: skip
    assert waves == (2012, 2014, 2016, 2018)
    safer, fewer = np.diff(safety) / 0.05, -np.diff(low) / 0.8
    kept = (low > 0.5).all(axis=1)  # those that the floor of 0.1 percent did not touch
    before, after = safer[kept, :-1].ravel(), fewer[kept, 1:].ravel()
    # neighbours share much of it, so that there are far fewer than 3000 to go by
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(0.5, abs=0.1)
    assert abs(np.corrcoef(safer[kept].ravel(), fewer[kept].ravel())[0, 1]) < 0.25  # not in the same wave


def test_cases_differ_from_the_plain_one_in_what_they_are_called() -> None:
    made = {(case.measure, case.switch): case.truth for case in gap_calibration.cases() if case.test == "ends"}
    for measure, smallest in gap_calibration.SMALLEST.items():
        plain = made[measure, "off_focus_varies_more"]
        assert made[measure, "off_not_rounded"].rounding == 0.0 < plain.rounding
        assert plain.focus_factor == pytest.approx(1 / made[measure, "off_focus_varies_less"].focus_factor)
        assert [made[measure, f"on_{times}x"].effect / smallest for times in (1, 4)] == pytest.approx([1, 4])


def test_what_is_needed_in_twenty_years_is_halved_and_a_share_needs_two_points() -> None:
    assert recipes_places.half_of_needed(40.0, 8, 0.25) == pytest.approx(6.0)  # half of 2 a year, less the effect
    assert recipes_places.two_points(40.0, 8, 0.25) == pytest.approx(1.75)
