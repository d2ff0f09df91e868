"""The split of a change of a share and of an index: worked by hand, grids over boxes, identities, coverage."""

from itertools import product

import numpy as np
import pytest
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import SchemaError
from kloof.measures import two_groups
from kloof.methods import shares
from kloof.methods.shares import Counted

counts = st.lists(st.integers(1, 400), min_size=3, max_size=3).map(lambda made: np.array(made, dtype=float))


def one(v0: float, o0: float, v1: float, o1: float) -> Counted:
    return Counted(*(np.array([count], dtype=float) for count in (v0, o0, v1, o1)))


def test_dilution_by_hand() -> None:
    # 40 of 100 become 40 of 160: nobody left, all of −15 points is dilution
    pure = shares.share_change(one(40, 60, 40, 120))
    assert (pure.before, pure.after, pure.fewer_vulnerable) == pytest.approx((40, 25, 0))
    assert (pure.more_others, pure.dilution) == pytest.approx((-15, 100))
    # 40+60 → 20+80: vulnerable ½[(20/80 − 40/100) + (20/100 − 40/120)] = ½(−15 − 13.33), others the rest of −20
    both = shares.share_change(one(40, 60, 20, 80))
    assert both.fewer_vulnerable == pytest.approx((-15 - 40 / 3) / 2)
    assert both.more_others == pytest.approx(-20 + (15 + 40 / 3) / 2)
    assert shares.share_change(one(40, 60, 80, 120)).dilution is None


@given(v0=counts, o0=counts, v1=counts, o1=counts)
@settings(max_examples=60, deadline=None)
def test_parts_sum_and_turn(v0: np.ndarray, o0: np.ndarray, v1: np.ndarray, o1: np.ndarray) -> None:
    found, back = shares.share_change(Counted(v0, o0, v1, o1)), shares.share_change(Counted(v1, o1, v0, o0))
    whole = 100 * (v1.sum() / (v1 + o1).sum() - v0.sum() / (v0 + o0).sum())
    assert abs(found.fewer_vulnerable + found.more_others - whole) < 1e-10
    assert abs(found.fewer_vulnerable + back.fewer_vulnerable) < 1e-10
    # groups trade names: the others' share moves the other way, and the parts trade places
    named = shares.share_change(Counted(o0, v0, o1, v1))
    assert named.fewer_vulnerable == pytest.approx(-found.more_others, abs=1e-10)
    for name, makers in (("D", two_groups.dissimilarity), ("H", two_groups.theil_h)):
        parts = shares.index_change(lambda a, b, makers=makers: makers(a, b)[0], Counted(v0, o0, v1, o1))
        expected = makers(v1, o1)[0] - makers(v0, o0)[0]
        assert abs(parts["composition"] + parts["structure"] - expected) < 1e-10, name
        assert abs(parts["change"] - expected) < 1e-10
        turned = shares.index_change(lambda a, b, makers=makers: makers(a, b)[0], Counted(v1, o1, v0, o0))
        assert abs(parts["composition"] + turned["composition"]) < 1e-10
        if name == "D":  # does not depend on the sizes of the groups
            assert abs(parts["composition"]) < 1e-10


@pytest.mark.parametrize("totals", [(40, 60, 20, 80), (30, 30, 33, 28), (5, 200, 8, 190), (12, 3, 2, 20)])
def test_the_rounding_range_is_that_of_a_grid(totals: tuple[float, float, float, float]) -> None:
    found = shares.share_change(one(*totals), 2.5)
    grid = [np.linspace(max(count - 2.5, 0), count + 2.5, 11) for count in totals]
    parts = [shares.share_change(one(*point)) for point in product(*grid)]
    for name in ("fewer_vulnerable", "more_others"):
        values = [getattr(part, name) for part in parts]
        low, high = getattr(found, f"{name}_range")
        assert low <= min(values) + 1e-9
        assert max(values) - 1e-9 <= high
        assert low == pytest.approx(min(values), abs=0.02)
        assert high == pytest.approx(max(values), abs=0.02)


def test_the_turning_point_lies_inside_the_box() -> None:
    # others from 0.1 to 20 with 1 → 4 vulnerable: most is reached at √4 = 2, where 4/6 − 1/3 = 33.3 points
    low, high = shares._part_range((1, 1), (0.1, 20), (4, 4), (0.1, 20))
    assert high == pytest.approx(100 / 3)
    assert low == pytest.approx(100 * min(4 / 4.1 - 1 / 1.1, 4 / 24 - 1 / 21))


def test_more_areas_add_up_their_rounding() -> None:
    three = Counted(*(np.array([count, count, count], dtype=float) for count in (40, 60, 20, 80)))
    assert shares.share_change(three, 2.5).fewer_vulnerable_range == pytest.approx(
        shares.share_change(one(120, 180, 60, 240), 7.5).fewer_vulnerable_range
    )
    assert shares.share_change(one(2, 2, 1, 2), 2.5).more_others_range is None


def test_dilution_difference_against_a_loop_and_its_errors() -> None:
    rng = np.random.default_rng(1)

    def town(grow: float, fall: float) -> Counted:
        v0, o0 = rng.integers(80, 300, 11).astype(float), rng.integers(200, 600, 11).astype(float)
        return Counted(v0, o0, v0 * (1 - fall) * np.exp(0.05 * rng.standard_normal(11)),
                       o0 * (1 + grow) * np.exp(0.05 * rng.standard_normal(11)))  # fmt: skip

    counted = town(0.1, 0.02)
    found = shares.dilution_difference(counted)
    split = shares.share_change(counted)
    assert found.estimate == pytest.approx(split.more_others - split.fewer_vulnerable)
    without = []
    for place in range(11):
        left = shares.share_change(Counted(*(np.delete(part, place) for part in vars(counted).values())))
        without.append(left.more_others - left.fewer_vulnerable)
    off = np.array(without) - np.mean(without)
    assert found.se == pytest.approx((10 / 11 * off @ off) ** 0.5)
    # off: both halves move the log odds alike (ln 1.08 up and down), so neither lowers the share more
    wrong = sum(shares.dilution_difference(town(0.08, 1 - 1 / 1.08)).high < 0 for _ in range(300))
    assert wrong <= 16  # one side: 2.5 % of 300 is 7.5 ± 3 Monte Carlo errors
    assert sum(shares.dilution_difference(town(0.15, 0.0)).high < 0 for _ in range(100)) > 90


def test_destinations_by_hand() -> None:
    counted = Counted(np.array([50.0, 40, 30, 20]), np.ones(4), np.array([30.0, 45, 38, 12]), np.ones(4))
    found = shares.destinations(["a", "b", "c", "d"], counted, np.array([True, False, False, False]))
    assert (found.focus, found.rest, found.city) == (-20, 5, -15)
    assert found.elsewhere == pytest.approx(65)  # b and c rose by 13 of the 20
    assert found.table["place"].tolist() == ["a", "d", "b", "c"]
    assert found.table["change"].sum() == found.city
    up = shares.destinations(["a", "b", "c", "d"], counted, np.array([False, True, False, False]))
    assert up.elsewhere is None


def test_what_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"vulnerable_before is missing or below 0 at 0.*others_after.* at 0"):
        shares.share_change(one(np.nan, 1, 1, -1))
    with pytest.raises(SchemaError, match="differ in length"):
        shares.destinations(["a"], Counted(np.ones(1), np.ones(2), np.ones(1), np.ones(1)), np.ones(1))
    for call, reason in (
        (lambda: shares.share_change(one(0, 0, 1, 1)), "nobody_there"),
        (lambda: shares.share_change(one(0, 3, 3, 0)), "nobody_there"),
        (lambda: shares.dilution_difference(one(1, 1, 1, 1)), "too_few_buurten"),
        (lambda: shares.index_change(lambda *both: 0.0 * len(both), one(0, 1, 1, 1)), "group_is_empty"),
    ):
        assert reason_of(call) == reason
