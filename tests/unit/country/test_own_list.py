"""A list of one's own beside all other municipalities: as the rule's list where they are one, and by integration."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from kloof.catalogue import Catalogue, catalogue
from kloof.country import gaps
from kloof.country.gaps import (
    NORMAL,
    OWN_RANGE,
    SHARED,
    Question,
    changes_of,
    every_change,
    of_own_list,
    pooled,
    prior_of,
)
from kloof.errors import NotComputableError
from kloof.methods.arrays import Array
from kloof.methods.by_place import Common
from kloof.methods.hierarchical import drawn_in_variance, fit

WOZ, HERE = "mean_dwelling_value", "GM9004"
ASKED = Question(WOZ, 2017, 2024, "absolute", f"lowest:20%:{WOZ}:first")


def figures(name: str, places: int = 40) -> pd.DataFrame:
    """Give synthetic figures of fifteen buurten in five wijken: the three lowest fall behind, the next three more."""
    rng = np.random.default_rng(8)
    size = 15 * places
    at = np.arange(size) % 15
    codes = pd.Index([f"BU{9000 + one // 15:04d}{one % 5:02d}{one % 15:02d}" for one in range(size)])
    before = 150 + 20.0 * at + rng.normal(0, 3, size)
    lost = np.repeat(rng.normal(20, 10, places), 15) * (at < 3) + 45.0 * ((at >= 3) & (at < 6))
    counts = pd.DataFrame({2017: rng.integers(300, 2000, size).astype(float)}, index=codes)
    after = before * 1.1 - lost + rng.normal(0, 14, size)
    return {WOZ: pd.DataFrame({2017: before, 2024: after}, index=codes), "dwellings": counts, "inhabitants": counts}[
        name
    ]


@pytest.fixture
def known() -> Catalogue:
    return catalogue()


def buurten(first: int, last: int) -> pd.DataFrame:
    """Lay out the buurten of one municipality, those from `first` to before `last` in order of value listed."""
    table = figures(WOZ).set_axis(["before", "after"], axis=1)
    own = table[table.index.str.startswith(f"BU{HERE[2:]}")]
    at = own["before"].rank().to_numpy() - 1
    return own.assign(weight=figures("dwellings")[2017].reindex(own.index), listed=(at >= first) & (at < last))


@pytest.mark.parametrize("scale", ["absolute", "real", "relative"])
def test_the_list_of_the_rule_gives_what_the_country_says(known: Catalogue, scale: str) -> None:
    asked = replace(ASKED, scale=scale)
    table, _ = every_change(known, asked, figures)
    found = of_own_list(known, asked, HERE, buurten(0, 3), table)
    least = known.smallest_on(scale, WOZ) if scale == "relative" else 10.0
    posterior, _ = pooled(table, prior_of(least))
    at = int(np.flatnonzero(table["municipality"] == HERE)[0])
    low, high = posterior.effects.interval(OWN_RANGE)
    expected = table["estimate"][at], posterior.effects.average[at], low[at], high[at]
    assert (found.own, found.expected, found.low, found.high) == pytest.approx(expected, rel=1e-6)
    assert found.above_zero == pytest.approx(posterior.effects.above(0.0)[at], abs=1e-8)
    assert found.above_smallest == pytest.approx(posterior.effects.above(least)[at], abs=1e-8)
    assert found.below_smallest == pytest.approx(1 - posterior.effects.above(-least)[at], abs=1e-8)
    assert found.others == len(table) - 1


def test_it_is_the_own_change_under_what_the_others_teach(known: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A normal prior around the mean of the others, integrated over what they leave open of mean and spread."""
    monkeypatch.setattr(gaps, "pooled", partial(pooled, model=NORMAL))
    table, _ = every_change(known, ASKED, figures)
    found = of_own_list(known, ASKED, HERE, buurten(3, 6), table)
    assert found.own > 40 > table.set_index("municipality").loc[HERE, "estimate"]
    others = table[table["municipality"] != HERE]
    own = row_of(known, table)
    both = pd.concat([others, own])
    error = np.sqrt(drawn_in_variance(*(both[name].to_numpy(float) ** power for name, power in COLUMNS)))
    prior = fit(others["estimate"].to_numpy(float), error[:-1], prior_of(10.0))
    mean, spread = prior.coefficients.mean[:, 0], prior.coefficients.deviation[:, 0]
    whole = spread**2 + prior.tau**2 + error[-1] ** 2
    weight = prior.weight * np.exp(-0.5 * (found.own - mean) ** 2 / whole) / np.sqrt(whole)
    weight /= weight.sum()
    kept = (spread**2 + prior.tau**2) / whole
    middle, deviation = mean + kept * (found.own - mean), np.sqrt(kept) * error[-1]
    above: Array = weight @ ndtr((middle - np.array([[0.0], [10.0], [found.low], [found.high]])).T / deviation[:, None])
    assert found.expected == pytest.approx(weight @ middle, rel=1e-4)
    assert above == pytest.approx([found.above_zero, found.above_smallest, 0.9, 0.1], abs=1e-3)
    assert mean.mean() < found.expected < found.own


COLUMNS = (("error", 2), ("degrees", 1), ("size", 1))


def row_of(known: Catalogue, table: pd.DataFrame) -> pd.DataFrame:
    """Give the row of the own list, with what all municipalities have in common."""
    return changes_of(known, ASKED, buurten(3, 6), Common(*(float(table[name][0]) for name in SHARED)))[0]


def test_a_place_that_the_country_cannot_place_still_has_its_list(known: Catalogue) -> None:
    table, _ = every_change(known, ASKED, figures)
    without = table[table["municipality"] != HERE].reset_index(drop=True)
    one, other = (of_own_list(known, ASKED, HERE, buurten(3, 6), each) for each in (table, without))
    assert one == other


def test_what_cannot_be_judged_says_why(known: Catalogue) -> None:
    table, _ = every_change(known, ASKED, figures)
    with pytest.raises(NotComputableError, match="28 other municipalities have a change; this needs 29"):
        of_own_list(known, ASKED, HERE, buurten(0, 3), table.iloc[:29])
    with pytest.raises(NotComputableError, match=f"The list of {HERE} has no change"):
        of_own_list(known, ASKED, HERE, buurten(0, 1), table)
