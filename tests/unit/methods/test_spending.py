"""Real spending: deflation by hand, scipy as a second version, breaks refused."""

import numpy as np
import pandas as pd
import pytest
from answers import reason_of
from scipy import stats

from kloof.errors import NotComputableError, ParameterError, SchemaError
from kloof.methods import spending
from kloof.methods.spending import FieldBreak

PRICES = {year: 100 * 1.02 ** (year - 2010) for year in range(2010, 2023)}
REDRAWN = FieldBreak(2017, frozenset({"physical"}))
RECODED = FieldBreak(2017, frozenset({"physical"}), frozenset({"physical"}))


def accounts(rng: np.random.Generator, social: float = 0.0, physical: float = 0.0, steeper: float = 0.0,
             municipalities: int = 40) -> pd.DataFrame:  # fmt: skip
    """Nominal accounts 2010-2022; from 2015 social and physical jump; the first ten grow `steeper` a year faster."""
    rows = []
    for place in range(municipalities):
        people = int(np.exp(rng.normal(10.5, 0.8)))
        own, jump = rng.normal(0, 80), rng.normal(0, 40)
        walk = np.cumsum(rng.normal(0, 15, 13))
        for year in range(2010, 2023):
            since = max(0, year - 2014)
            extra = {"social": (social + jump) * (year >= 2015), "physical": (physical - jump) * (year >= 2015)}
            for field in ("social", "physical"):
                real = 900 + own + walk[year - 2010] + extra[field] + steeper * (place < 10) * since
                rows.append((f"GM{place:04d}", year, field, real * people * PRICES[year] / PRICES[2020], people))
    return pd.DataFrame(rows, columns=list(spending.COLUMNS))


CLASSES = {f"GM{place:04d}": "small" if place < 10 else "middle" if place < 28 else "large" for place in range(40)}


def test_real_per_inhabitant_by_hand() -> None:
    table = pd.DataFrame({"code": ["GM0001", "GM0001"], "year": [2011, 2010], "field": "social",
                          "euro": [2040.0, np.nan], "inhabitants": [10, 10]})  # fmt: skip
    found = spending.real_per_inhabitant(table, PRICES, 2010)
    assert found["year"].tolist() == [2010, 2011]
    assert np.isnan(found.loc[0, "real"])
    assert found.loc[1, "real"] == pytest.approx(200.0)  # 2040 / 1.02 / 10
    with pytest.raises(ParameterError, match="no value for 1999"):
        spending.real_per_inhabitant(table.assign(year=[1999, 2010]), PRICES, 2010)
    with pytest.raises(SchemaError, match=r"2 faults.*twice in row 1.*not above 0 in row 0, 1"):
        spending.real_per_inhabitant(table.assign(year=2010, inhabitants=0), PRICES, 2010)
    with pytest.raises(SchemaError, match="column euro is missing"):
        spending.real_per_inhabitant(table.drop(columns="euro"), PRICES, 2010)


def test_change_at_the_event_in_a_loop_and_what_is_left_out() -> None:
    table = accounts(np.random.default_rng(1), 50, -20)
    table.loc[(table["code"] == "GM0003") & (table["year"] == 2012), "euro"] = np.nan
    real = spending.real_per_inhabitant(table, PRICES, 2020)
    found = spending.change_at_event(real, "social", 2015)
    assert found.attrs["left_out"] == 1
    assert "GM0003" not in set(found["code"])
    row = found[found["code"] == "GM0007"].iloc[0]
    here = table[(table["code"] == "GM0007") & (table["field"] == "social")]
    levels = {int(one.year): one.euro / one.inhabitants * 1.02 ** (2020 - one.year) for one in here.itertuples()}
    before, after = (np.mean([levels[year] for year in span]) for span in (range(2010, 2015), range(2015, 2023)))
    assert (row["before"], row["after"], row["change"]) == pytest.approx((before, after, after - before))


def test_an_unbridged_break_is_refused_and_a_bridge_is_crossed() -> None:
    real = spending.real_per_inhabitant(accounts(np.random.default_rng(2)), PRICES, 2020)
    with pytest.raises(NotComputableError, match="physical was defined anew in 2017") as caught:
        spending.change_at_event(real, "physical", 2015, [REDRAWN])
    assert caught.value.reason == "broken_series"
    with pytest.raises(NotComputableError):
        spending.change_at_event(real, "physical", 2017, [REDRAWN])
    assert len(spending.change_at_event(real, "physical", 2015, [RECODED])) == 40
    assert len(spending.change_at_event(real[real["year"] < 2017], "physical", 2015, [REDRAWN])) == 40
    assert len(spending.change_at_event(real, "social", 2015, [REDRAWN])) == 40
    until = real[real["year"] <= 2017]  # the last year alone lies on the other side
    with pytest.raises(NotComputableError):
        spending.change_at_event(until, "physical", 2015, [REDRAWN])
    since = FieldBreak(2010, frozenset({"physical"}))  # all years lie on its new side
    assert len(spending.change_at_event(real, "physical", 2015, [since])) == 40
    for bad in (2010, 2023):
        with pytest.raises(NotComputableError, match="no year on both sides"):
            spending.change_at_event(real, "social", bad)
    with pytest.raises(NotComputableError, match="no amount for culture"):
        spending.change_at_event(real, "culture", 2015)


def test_size_classes_against_scipy() -> None:
    real = spending.real_per_inhabitant(accounts(np.random.default_rng(3), 60, steeper=10), PRICES, 2020)
    changes = spending.change_at_event(real, "social", 2015)
    found = spending.change_by_class(changes, CLASSES, "large")
    values = {
        name: changes.loc[changes["code"].map(CLASSES) == name, "change"] for name in ("small", "middle", "large")
    }
    for row in found.levels.itertuples():
        test = stats.ttest_1samp(values[row.size_class], 0)
        ends = test.confidence_interval(0.95)
        assert (row.low, row.high, row.p_value) == pytest.approx((ends.low, ends.high, test.pvalue))
    for row in found.differences.itertuples():
        test = stats.ttest_ind(values[row.size_class], values["large"], equal_var=False)
        ends = test.confidence_interval(0.95)
        assert (row.low, row.high, row.p_value) == pytest.approx((ends.low, ends.high, test.pvalue))
    with pytest.raises(SchemaError, match="No size class for GM0000"):
        spending.change_by_class(changes, {}, "large")
    for classes, reference in ((CLASSES | {"GM0000": "odd"}, "large"), (CLASSES, "huge")):
        assert reason_of(spending.change_by_class, changes, classes, reference) == "too_few_municipalities"


def test_the_squeeze_errs_seldom_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(4)

    def one(social: float, physical: float) -> spending.Squeeze:
        real = spending.real_per_inhabitant(accounts(rng, social, physical, municipalities=20), PRICES, 2020)
        return spending.squeezed(*(spending.change_at_event(real, field, 2015) for field in ("social", "physical")))

    found = one(40, -40)
    assert (found.p_value < 0.5, found.left_out) == (True, 0)
    only_one = [one(80, 0).p_value < 0.05 for _ in range(60)]  # the edge of the null: 5 %
    assert sum(only_one) <= 8  # 3 ± 3 Monte Carlo errors
    assert sum(one(60, -60).p_value < 0.05 for _ in range(25)) >= 20
    assert sum(one(60, 60).p_against < 0.05 for _ in range(25)) >= 20


def test_the_squeeze_by_hand() -> None:
    first = pd.DataFrame({"code": list("abcd"), "change": [3.0, 5, 4, 9]})
    second = pd.DataFrame({"code": list("abce"), "change": [-2.0, 1, -2, 5]})
    found = spending.squeezed(first, second)
    assert (found.risen.estimate, found.fallen.estimate, found.left_out) == (4, -1, 2)
    up = stats.ttest_1samp([3, 5, 4], 0, alternative="greater").pvalue
    down = stats.ttest_1samp([-2, 1, -2], 0, alternative="less").pvalue
    assert found.p_value == pytest.approx(max(up, down))
    assert found.p_against == pytest.approx(min(1, 2 * min(1 - up, 1 - down)))
    assert reason_of(spending.squeezed, first.head(2), second) == "too_few_municipalities"


def test_standing_by_hand() -> None:
    changes = pd.DataFrame({"code": list("abcde"), "change": [3.0, 5, 3, 9, -1]})
    assert spending.standing(changes, "a") == (0.375, 4)  # one of four below, one equal
    assert spending.standing(changes, "d") == (1.0, 4)
    for code, table, reason in (("z", changes, "no_figures"), ("a", changes.head(1), "too_few_municipalities")):
        assert reason_of(spending.standing, table, code) == reason
