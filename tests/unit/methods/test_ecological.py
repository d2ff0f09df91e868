"""Duncan-Davis bounds against all tables of a small town, linear programming and grids; slopes against statsmodels."""

from itertools import product
from pathlib import Path
from sqlite3 import connect

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from kloof.errors import SchemaError
from kloof.methods import ecological
from kloof.methods.ecological import Margins


def known(p: object, x: object, n: object) -> Margins:
    """Margins without rounding."""
    p, x, n = (np.array(value, dtype=float) for value in (p, x, n))
    return Margins((p, p), (x, x), (n, n))


def test_bounds_by_hand() -> None:
    # 30 % vulnerable, 80 % corporation: at least 10 of 80 and at most 30 of 80 are vulnerable there
    found = ecological.within_corporation(known([30], [80], [100]))
    assert (found.low, found.high) == pytest.approx((12.5, 37.5))
    assert (found.elsewhere_low, found.elsewhere_high) == pytest.approx((0, 100))
    assert (found.difference_low, found.difference_high) == pytest.approx((12.5 - 100, 37.5))
    assert found.flags == ("ecological", "dwellings_as_households")


def test_bounds_of_all_together_are_those_of_every_possible_town() -> None:
    n, vulnerable, corporation = [6, 5, 4], [3, 1, 4], [4, 2, 1]
    reached, apart = [], []
    for both in product(*[range(max(0, v + c - size), min(v, c) + 1)
                          for size, v, c in zip(n, vulnerable, corporation, strict=True)]):  # fmt: skip
        inside, outside = sum(both) / 7, (8 - sum(both)) / 8
        reached.append(100 * inside)
        apart.append(100 * (inside - outside))
    percent = [[100 * part / size for part, size in zip(parts, n, strict=True)] for parts in (vulnerable, corporation)]
    found = ecological.within_corporation(known(*percent, n))
    assert (found.low, found.high) == pytest.approx((min(reached), max(reached)))
    assert (found.difference_low, found.difference_high) == pytest.approx((min(apart), max(apart)))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_bounds_are_the_optimum_of_a_linear_programme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, x, n = rng.random(6), 0.05 + 0.9 * rng.random(6), 50 + 200 * rng.random(6)
    found = ecological.within_corporation(known(100 * p, 100 * x, n))
    # the number that is both, per buurt: 0 ≤ m ≤ n·min(p, x), and p + x − 1 at least
    box = [(max(0, p[i] + x[i] - 1) * n[i], min(p[i], x[i]) * n[i]) for i in range(6)]
    low, high = (sign * linprog(np.full(6, float(sign)), bounds=box).fun for sign in (1, -1))
    assert (found.low, found.high) == pytest.approx((100 * low / (n @ x), 100 * high / (n @ x)))
    # whatever the truth, it lies inside, in each buurt and together
    both = np.array([rng.uniform(*ends) for ends in box])
    assert found.low - 1e-9 <= 100 * both.sum() / (n @ x) <= found.high + 1e-9
    own = 100 * both / (n * x)
    assert ((found.table["low"] - 1e-9 <= own) & (own <= found.table["high"] + 1e-9)).all()
    rest = 100 * (p * n - both) / (n * (1 - x))
    assert ((found.table["elsewhere_low"] - 1e-9 <= rest) & (rest <= found.table["elsewhere_high"] + 1e-9)).all()


@pytest.mark.parametrize("seed", range(6))
def test_rounding_boxes_are_the_extremes_of_a_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, x, n = 10 + 60 * rng.random(2), 20 + 60 * rng.random(2), 20 + 40 * rng.random(2)
    boxes = [(value - half, value + half) for value, half in ((p, 4.0), (x, 4.0), (n, 5.0))]
    found = ecological.within_corporation(Margins(*boxes))
    axes = [np.linspace(box[0][i], box[1][i], 9) for box in boxes[:2] for i in range(2)]
    axes += [np.array([boxes[2][0][i], boxes[2][1][i]]) for i in range(2)]
    grid = np.array(np.meshgrid(*axes)).reshape(6, -1)
    ps, xs, ns = grid[:2] / 100, grid[2:4] / 100, grid[4:]
    low = 100 * ((ns * np.maximum(ps + xs - 1, 0)).sum(axis=0) / (ns * xs).sum(axis=0)).min()
    high = 100 * ((ns * np.minimum(ps, xs)).sum(axis=0) / (ns * xs).sum(axis=0)).max()
    assert found.low <= low + 1e-9
    assert high - 1e-9 <= found.high
    assert found.low == pytest.approx(low, abs=0.3)  # a kink may lie between two points of the grid
    assert found.high == pytest.approx(high, abs=0.3)


def test_the_kink_inside_a_box_by_hand() -> None:
    # A: half vulnerable, 40-60 % corporation; B: 90 and 50 %, at least 40 both. Of A none need be both up to 50 %:
    # 40 / (50 + 50) there, against 40 / (40 + 50) at 40 % and (10 + 40) / (60 + 50) at 60 %
    pair = np.array([50.0, 90]), np.array([100.0, 100])
    found = ecological.within_corporation(Margins((pair[0],) * 2, (np.array([40.0, 50]), np.array([60.0, 50])),
                                                  (pair[1],) * 2))  # fmt: skip
    assert found.low == pytest.approx(40.0)


def test_a_buurt_without_corporation_housing_has_no_share_there() -> None:
    found = ecological.within_corporation(known([20, 50], [0, 60], [100, 100]))
    assert np.isnan(found.table.loc[0, ["low", "high"]].to_numpy(float)).all()
    assert (found.low, found.high) == pytest.approx((10 / 0.6, 50 / 0.6))
    # printed as 0, it may be half a percent: then anything can be true of those few
    rounded = Margins((np.array([20.0, 50]),) * 2, (np.array([0.0, 60]), np.array([0.5, 60])), (np.full(2, 100.0),) * 2)
    assert ecological.within_corporation(rounded).table.loc[0, ["low", "high"]].tolist() == [0, 100]


def test_what_bounds_refuse() -> None:
    with pytest.raises(SchemaError, match=r"2 faults.*vulnerable.*at 0.*corporation.*at 1"):
        ecological.within_corporation(known([np.nan, 3], [4, 101], [5, 5]))
    with pytest.raises(SchemaError, match="differ in length"):
        ecological.within_corporation(known([1], [1, 2], [5, 5]))
    for x, reason in ((0, "no_corporation_housing"), (100, "no_other_housing")):
        assert reason_of(ecological.within_corporation, known([20], [x], [10])) == reason


# ------------------------------------------------------------------ slopes


def town(rng: np.random.Generator, per_year: float = 0.0, units: int = 56) -> tuple[np.ndarray, ...]:
    corporation = 100 * rng.beta(1.2, 2, (units, 1)) + rng.standard_normal((units, 4))
    slope = 0.2 + per_year * np.arange(4)
    own = 3 * rng.standard_normal((units, 1))
    vulnerable = 5 + slope * corporation + own + rng.standard_normal((units, 4))
    return vulnerable, corporation, 0.5 + rng.random(units), np.arange(2016, 2020)


def test_slopes_are_those_of_statsmodels() -> None:
    vulnerable, corporation, weight, years = town(np.random.default_rng(1), 0.02)
    vulnerable[3, 1] = corporation[5, 2] = np.nan
    found = ecological.slope_by_year(vulnerable, corporation, weight, years)
    assert found.flags == ecological.FLAGS
    assert found.table["buurten"].tolist() == [56, 55, 55, 56]
    unit, place = (part.ravel() for part in np.indices((56, 4)))
    long = pd.DataFrame({"y": vulnerable.ravel(), "x": corporation.ravel(), "year": years[place], "unit": unit,
                         "w": weight[unit]}).dropna(ignore_index=True)  # fmt: skip
    for row in found.table.itertuples():
        here = long[long["year"] == row.year]
        fit = smf.wls("y ~ x", here, weights=here["w"]).fit(cov_type="HC3", use_t=True)
        assert row.estimate == pytest.approx(fit.params["x"])
    fit = smf.wls("y ~ C(year) + x + x:I(year - 2017.5)", long, weights=long["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": long["unit"]}, use_t=True
    )
    assert found.per_year is not None
    assert found.per_year.estimate == pytest.approx(fit.params["x:I(year - 2017.5)"])
    assert found.per_year.se == pytest.approx(fit.bse["x:I(year - 2017.5)"])
    single = ecological.slope_by_year(vulnerable[:, :1], corporation[:, :1], weight, years[:1])
    assert single.per_year is None


def test_false_positives_and_power_of_a_changing_slope() -> None:
    rng = np.random.default_rng(2)

    def rejected(runs: int, per_year: float) -> int:
        found = [ecological.slope_by_year(*town(rng, per_year)).per_year for _ in range(runs)]
        return sum(one is not None and one.p_value < 0.05 for one in found)

    assert rejected(200, 0.0) <= 19  # 10 ± 3 Monte Carlo errors
    assert rejected(60, 0.02) > 54


def test_a_slope_over_buurten_need_not_be_that_of_households() -> None:
    """The fallacy by construction: within every buurt the vulnerable live outside corporation housing."""
    x = np.linspace(0.1, 0.6, 20)
    p = 0.1 + 0.5 * x
    vulnerable, corporation = (np.repeat(100 * part[:, None], 2, axis=1) for part in (p, x))
    vulnerable += np.random.default_rng(3).normal(0, 0.1, vulnerable.shape)
    slope = ecological.slope_by_year(vulnerable, corporation, np.ones(20), np.array([2016, 2017]))
    assert (slope.table["low"] > 0.4).all()
    bounds = ecological.within_corporation(known(vulnerable[:, 0], corporation[:, 0], np.ones(20)))
    assert bounds.low == pytest.approx(0)  # nobody in corporation housing need be vulnerable
    assert bounds.difference_low < 0


@pytest.mark.shared
def test_heerlen_2016(shared: Path) -> None:
    """Households around the social minimum within corporation housing, bounded by buurt and for the city."""
    name = "Kerncijfers_wijken_en_buurten_2016_pp"
    wanted = ("Inkomen_Inkomen_van_huishoudens_Huish_onder_of_rond_sociaal_minimum",
              "Wonen_Woningen_naar_eigendom_Huurwoningen_In_bezit_woningcorporatie",
              "Bevolking_Particuliere_huishoudens_Huishoudens_totaal")  # fmt: skip
    with connect(f"file:{shared}/data/kwb/heerlen_2016_2020.db?mode=ro", uri=True) as base:
        first = base.execute(f'pragma table_info("{name}")').fetchall()[0][1]
        listed = ", ".join(f'"{column}"' for column in (first, *wanted))
        rows = base.execute(f'select {listed} from "{name}"').fetchall()
    cells = np.array([row[1:] for row in rows
                      if None not in row and not row[0].startswith("Wijk") and row[0] != "Heerlen"])  # fmt: skip
    p, x, n = cells.T
    exact = ecological.within_corporation(known(p, x, n))
    box = Margins((np.maximum(p - 0.05, 0), p + 0.05), (np.maximum(x - 0.5, 0), x + 0.5), (n - 2.5, n + 2.5))
    found = ecological.within_corporation(box)
    assert found.low <= exact.low <= exact.high <= found.high
    city = (p @ n) / n.sum()
    assert 5 < city < 20
    assert exact.low < city < exact.high  # the margins cannot say that corporation tenants are poorer than average
    assert exact.high < 45  # but not more than this part of them can be
    slope = ecological.slope_by_year(p[:, None], x[:, None], n, np.array([2016]))
    assert slope.table.loc[0, "low"] > 0.05  # over buurten they go together strongly
