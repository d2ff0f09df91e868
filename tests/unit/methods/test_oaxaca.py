"""Oaxaca-Blinder splits: statsmodels, a loop with weights, identities, and how often the interval misses."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.oaxaca import OaxacaBlinder

from kloof.errors import NotComputableError, ParameterError, SchemaError
from kloof.methods import oaxaca
from kloof.methods.blocks import Explained, check_explained

FOCUS = np.arange(40) < 14


def town(
    rng: np.random.Generator, units: int = 40, focus: int = 14, *, weighted: bool = True, less: float = 1.0
) -> Explained:
    """Focus has `less` units less of column 0, with the same coefficient of 2; 0.5 of the gap is not explained."""
    is_focus = np.arange(units) < focus
    first = rng.standard_normal((units, 2)) - np.outer(is_focus, [less, 0.0])
    second = rng.standard_normal(units) + 0.4 * first[:, 0]
    outcome = 5 + 2 * first[:, 0] + second - 0.5 * is_focus + 0.7 * rng.standard_normal(units)
    weight = 0.5 + rng.random(units) if weighted else np.ones(units)
    return Explained(outcome, {"resources": first, "housing": second}, weight)


def part(table: pd.DataFrame, name: str, column: str = "estimate") -> float:
    return float(table.set_index("part").loc[name, column])


@pytest.mark.parametrize(
    ("reference", "theirs"),
    [("pooled", "nuemark"), ("pooled_with_group", "pooled"), ("cotton", "cotton"), ("reimers", "reimers")],
)
def test_two_fold_is_that_of_statsmodels(reference: str, theirs: str) -> None:
    data = town(np.random.default_rng(1), weighted=False)
    exog = np.column_stack([~FOCUS, data.design()]).astype(float)
    model = OaxacaBlinder(data.outcome, exog, 0, hasconst=False, swap=False)
    unexplained, explained, gap = model.two_fold(two_fold_type=theirs).params
    found = oaxaca.two_fold(data, FOCUS, reference, np.random.default_rng(0), 99).parts
    assert part(found, "gap") == pytest.approx(gap)
    assert part(found, "explained") == pytest.approx(explained)
    assert part(found, "unexplained_focus") + part(found, "unexplained_rest") == pytest.approx(unexplained)


def test_weighted_parts_and_blocks_by_regression_in_steps() -> None:
    data = town(np.random.default_rng(3))
    design, weight = data.design(), data.weight
    fits = {side: sm.WLS(data.outcome[mask], sm.add_constant(design[mask]), weights=weight[mask]).fit().params
            for side, mask in (("focus", FOCUS), ("rest", ~FOCUS))}  # fmt: skip
    means = [np.average(design[mask], axis=0, weights=weight[mask]) for mask in (FOCUS, ~FOCUS)]
    moved = (means[0] - means[1]) * fits["rest"][1:]
    found = oaxaca.two_fold(data, FOCUS, "rest", np.random.default_rng(0), 99)
    assert part(found.parts, "resources") == pytest.approx(moved[0] + moved[1])
    assert part(found.parts, "housing") == pytest.approx(moved[2])
    assert part(found.parts, "unexplained_rest") == pytest.approx(0, abs=1e-10)  # the rest's line is its own reference
    # Cotton by weight, not by number of buurten
    share = weight[FOCUS].sum() / weight.sum()
    mixed = share * fits["focus"][1:] + (1 - share) * fits["rest"][1:]
    cotton = oaxaca.two_fold(data, FOCUS, "cotton", np.random.default_rng(0), 99).parts
    assert part(cotton, "explained") == pytest.approx((means[0] - means[1]) @ mixed)


def test_the_interval_is_a_bootstrap_within_the_groups_in_a_loop() -> None:
    data = town(np.random.default_rng(4))
    found = oaxaca.two_fold(data, FOCUS, "rest", np.random.default_rng(9), 49).parts.set_index("part")
    rng = np.random.default_rng(9)
    drawn = np.hstack([rng.multinomial(size, np.full(size, 1 / size), size=49) for size in (14, 26)])
    again = []
    for counts in drawn:
        rows = np.repeat(np.arange(40), counts)
        focus, design = FOCUS[rows], data.design()[rows]
        y, w = data.outcome[rows], data.weight[rows]
        fit = sm.WLS(y[~focus], sm.add_constant(design[~focus]), weights=w[~focus]).fit().params
        means = [np.average(design[side], axis=0, weights=w[side]) for side in (focus, ~focus)]
        again.append((means[0] - means[1]) @ fit[1:])
    error = np.std(again, ddof=1) * np.sqrt(14 / 13)
    assert found.loc["explained", "se"] == pytest.approx(error)
    margin = stats.t.ppf(0.975, 13) * error
    estimate = found.loc["explained", "estimate"]
    assert found.loc["explained", ["low", "high"]].tolist() == pytest.approx([estimate - margin, estimate + margin])


@given(seed=st.integers(0, 10_000), reference=st.sampled_from(oaxaca.REFERENCES), scale=st.floats(0.01, 100))
@settings(max_examples=30, deadline=None)
def test_parts_add_up_turn_and_scale(seed: int, reference: str, scale: float) -> None:
    data = town(np.random.default_rng(seed))
    found = oaxaca.two_fold(data, FOCUS, reference, np.random.default_rng(0), 19).parts
    gap = part(found, "gap")
    expected = np.average(data.outcome[FOCUS], weights=data.weight[FOCUS]) - np.average(
        data.outcome[~FOCUS], weights=data.weight[~FOCUS]
    )
    assert gap == pytest.approx(expected)
    assert abs(found.query("kind == 'part'")["estimate"].sum() - gap) < 1e-10
    assert abs(found.query("kind == 'block'")["estimate"].sum() - part(found, "explained")) < 1e-10
    # another unit of a column, another order of buurten, all weights times 3: nothing changes
    order = np.random.default_rng(seed).permutation(40)
    blocks = {"resources": data.blocks["resources"][order] * scale + 3, "housing": data.blocks["housing"][order]}
    other = oaxaca.two_fold(Explained(data.outcome[order], blocks, 3 * data.weight[order]), FOCUS[order], reference,
                            np.random.default_rng(0), 19).parts  # fmt: skip
    assert other["estimate"].to_numpy() == pytest.approx(found["estimate"].to_numpy(), abs=1e-8)
    # focus and rest trade names: the sign turns, and so do the two references
    turned = {"focus": "rest", "rest": "focus"}.get(reference, reference)
    back = oaxaca.two_fold(data, ~FOCUS, turned, np.random.default_rng(0), 19).parts
    assert part(back, "explained") == pytest.approx(-part(found, "explained"), abs=1e-10)


@pytest.mark.parametrize(("reference", "focus"), [("rest", 11), ("pooled_with_group", 11)])
def test_the_interval_covers_the_truth(reference: str, focus: int) -> None:
    rng, held, power, runs = np.random.default_rng(5), 0, 0, 200
    is_focus = np.arange(56) < focus
    for _ in range(runs):
        found = oaxaca.two_fold(town(rng, 56, focus, less=1.5), is_focus, reference, rng, 199).parts.set_index("part")
        over = found.loc["unexplained_focus"] + found.loc["unexplained_rest"]
        assert over["estimate"] + found.loc["explained", "estimate"] == pytest.approx(found.loc["gap", "estimate"])
        # resources explain -1.5 x 2, housing -0.6 x 1: both by construction of the town
        held += found.loc["explained", "low"] <= -3.6 <= found.loc["explained", "high"]
        power += found.loc["explained", "high"] < 0
    assert held >= 0.95 * runs - 3 * (runs * 0.95 * 0.05) ** 0.5
    assert power > 0.8 * runs


def test_a_block_made_of_the_outcome_is_named() -> None:
    data = town(np.random.default_rng(6))
    made = {"outcome": {"income"}, "resources": {"income", "work"}, "housing": {"tenure"}}
    found = oaxaca.two_fold(Explained(data.outcome, data.blocks, data.weight, made), FOCUS, "rest",
                            np.random.default_rng(0), 99)  # fmt: skip
    assert found.sharing == ("resources",)
    assert oaxaca.two_fold(data, FOCUS, "rest", np.random.default_rng(0), 99).sharing == ()


def test_what_the_split_refuses() -> None:
    rng = np.random.default_rng(7)
    data = town(rng)
    with pytest.raises(ParameterError, match="known: rest, focus, pooled"):
        oaxaca.two_fold(data, FOCUS, "neumark", rng)
    few = np.arange(40) < 5
    with pytest.raises(NotComputableError, match="The focus has 5 buurten; this split needs 6") as caught:
        oaxaca.two_fold(data, few, "focus", rng)
    assert caught.value.reason == "too_few_buurten"
    oaxaca.two_fold(data, few, "rest", rng, 99)  # the rest's own line does not need the focus
    with pytest.raises(NotComputableError, match="The rest has 0 buurten"):
        oaxaca.two_fold(data, np.ones(40, dtype=bool), "pooled", rng)
    broken = Explained(np.r_[np.nan, data.outcome[1:]], {"a": data.outcome[:9], "b": data.outcome}, np.zeros(40))
    with pytest.raises(SchemaError, match=r"3 faults.*block a has 9 rows, not 40.*weight.*outcome is missing at 0"):
        check_explained(broken)
    for block in (np.ones(40), np.column_stack([data.outcome, 2 * data.outcome])):
        assert reason_of(check_explained, Explained(data.outcome, {"a": block}, data.weight)) == "not_identified"
    with pytest.raises(SchemaError, match="there is no block"):
        check_explained(Explained(data.outcome, {}, data.weight))
