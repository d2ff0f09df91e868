"""The test of "more than chance": against the expected D in closed form, and under its own null."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kloof.measures import chance, resample, two_groups
from kloof.measures.resample import Drawing


@pytest.fixture(scope="module")
def tested() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    sizes = np.array([300.0] * 12)
    even = rng.binomial(300, 0.1, 12) * 1.0
    apart = np.array([60.0, 10] * 6)
    nobody = np.zeros(12)
    members = np.concatenate([even, apart, nobody, [40.0]])
    people = np.concatenate([sizes, sizes, sizes, [300.0]])
    measures = {"dissimilarity": resample.Dissimilarity(0), "theil_h": resample.theil_h_of_sums}
    return chance.more_than_chance(
        measures, np.stack([members, people - members]), Drawing(rng, 400), (0, 12, 24, 36)
    ).set_index(["index", "segment"])


def test_more_than_chance_tells_segregation_from_chance(tested) -> None:
    for index in ("dissimilarity", "theil_h"):
        even, apart = tested.loc[(index, 0)], tested.loc[(index, 1)]
        assert even["p_value"] > 0.05
        assert apart["p_value"] == 1 / 401
        assert even["low"] < even["estimate"] < even["high"] < apart["estimate"]
    row = tested.loc[("dissimilarity", 1)]
    members = np.array([60.0, 10] * 6)
    exact = two_groups.expected_under_evenness(members, 300 - members)[0]
    assert row["expected"] == pytest.approx(exact, abs=5 * row["standard_error"] / 20)
    assert (tested["range_kind"] == "null").all()


def test_what_cannot_be_tested_is_missing_with_a_reason(tested) -> None:
    for index in ("dissimilarity", "theil_h"):
        assert tested.loc[(index, 2), "reason"] == "group_is_empty"
        assert tested.loc[(index, 3), "reason"] == "one_unit"
        assert tested.loc[(index, slice(2, 3)), ["low", "high", "expected", "p_value"]].isna().all(axis=None)
    assert tested["reason"].isna().sum() == 4


def test_p_values_are_uniform_when_nobody_sorts() -> None:
    rng = np.random.default_rng(12)
    starts = np.arange(300) * 10
    members = rng.binomial(200, 0.15, 3000) * 1.0
    rows = chance.more_than_chance(
        {"d": resample.Dissimilarity(0)}, np.stack([members, 200 - members]), Drawing(rng, 199), starts
    )
    assert stats.kstest(rows["p_value"], "uniform").pvalue > 0.001
    assert (rows["p_value"] <= 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 300))
