"""Mechanisms within all municipalities: the real files against statsmodels, and made-up countries of known truth.

`benchmarks/calibration/mechanism_trials.py` makes data/mechanism_calibration.csv.
"""

from collections.abc import Callable
from pathlib import Path

import mechanism_trials as trials
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from conftest import PROJECT
from kloof.catalogue import catalogue
from kloof.country.figures import held
from kloof.country.mechanisms import mechanisms

MEASURED = PROJECT / "data" / "mechanism_calibration.csv"


@pytest.mark.shared
def test_health_after_crime_is_a_regression_with_a_constant_per_municipality(
    shared: Path, home: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    """Out of the raw columns, by statsmodels with 300 dummies and clusters; the noise by a loop over municipalities."""
    files = [shared / "data" / "national" / name for name in ("kwb_2017.csv.gz", "buurten_2024.parquet")]
    assert command_line("data", "add", *files)[0] == 0
    found = {one.id: one for one in mechanisms(catalogue())["C8"]}["09.crime_rate.everywhere"]

    old = pd.read_csv(files[0], dtype=str, encoding="utf-8-sig", na_values=["       .", ""])
    old = old[old["Codering_3"].str.startswith("BU")]
    people = pd.Series(old["AantalInwoners_5"].astype(float).to_numpy(), old["Codering_3"].str.strip())
    raw = pd.read_parquet(files[1]).set_index("code")
    kept = held(catalogue(), "registered_crimes").index  # reading a file sets some rows aside, and says so
    raw = raw[raw.index.str.startswith("BU") & (raw["inwoners"] > 0) & raw.index.isin(kept)]
    rate = pd.DataFrame({year: 1000 * raw[f"misdrijven_{year}"] / raw["inwoners"] for year in range(2021, 2026)})
    health = [raw[f"goed_ervaren_gezondheid_pct_{year}"] for year in (2022, 2024)]
    table = pd.DataFrame({"y": health[1] - health[0], "x": rate[2021] - rate[2022], "w": people.reindex(raw.index)})
    table["known"] = 1000 * (rate[2021] + rate[2022]) / raw["inwoners"]  # the variance of two counts
    table = table.assign(town=table.index.str[2:6]).dropna()
    table = table[table["w"] > 0]
    table = table[(table.groupby("town")["w"].transform("size") > 1)]

    dummies = pd.get_dummies(table["town"], dtype=float).to_numpy()
    design = np.column_stack([table["x"], dummies])
    groups = table["town"].astype("category").cat.codes
    fit = sm.WLS(table["y"].to_numpy(), design, weights=table["w"].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": groups.to_numpy()}
    )
    rows, columns = design.shape

    square, room, known = 0.0, 0.0, 0.0
    for _, own in table.groupby("town"):
        share = own["w"] / own["w"].sum()
        square += own["w"] @ (own["x"] - share @ own["x"]) ** 2
        room += own["w"] @ (1 - share)
        known += (own["w"] * (1 - share)) @ own["known"]
    spread = np.sqrt(square / room)
    assert found.details["buurten"]["value"] == rows
    assert found.details["municipalities"]["value"] == columns - 1
    plain = {key: one["value"] for key, one in found.details.items()}
    assert plain["plain"] == pytest.approx(spread * fit.params[0], rel=1e-8)
    error = spread * fit.bse[0] * np.sqrt((rows - columns) / (rows - 1))  # it counts the dummies as coefficients
    from scipy.stats import t

    assert plain["plain_high"] - plain["plain"] == pytest.approx(t.ppf(0.975, columns - 2) * error, rel=1e-8)

    undone, rooms = 0.0, 0.0
    used = rate.loc[table.index]
    for _, own in used.groupby(used.index.str[2:6]):
        share = people[own.index] / people[own.index].sum()
        for first in (2021, 2022, 2023):
            one, other = (own[year + 1] - own[year] for year in (first, first + 1))
            undone -= people[own.index] @ ((one - share @ one) * (other - share @ other))
            rooms += people[own.index] @ (1 - share)
    noise = max(known / room, 2 * undone / rooms)
    assert plain["reliability"] == pytest.approx(100 * (1 - noise * room / square), rel=1e-8)
    assert found.estimate == pytest.approx(
        fit.params[0] / (plain["reliability"] / 100) * np.sqrt(square / room - noise)
    )


# ------------------------------------------------------------------ synthetic countries
def measured() -> pd.DataFrame:
    return pd.read_csv(MEASURED)


def test_what_is_said_is_seldom_wrong_once_the_noise_is_taken_off() -> None:
    table = measured()
    assert set(table["mechanism"]) == set(trials.MECHANISMS)
    assert set(table["world"]) == set(trials.EVERY)
    supposed = table[~table["world"].isin(("changes_undone", "changes_go_on"))]
    assert supposed["wrong"].max() <= 5 + 2 * 1.54  # twice the error of two hundred trials
    assert supposed["wrong"].mean() <= 2
    assert supposed["held"].min() >= 90
    assert supposed["held"].mean() == pytest.approx(95, abs=1.5)
    alone = table[table["mechanism"] == "follows"].set_index(["world", "effect"])
    assert (
        alone.loc[("noise_known_beforehand", 2.0), "plain_wrong"] > 50
    )  # many buurten prove from noise that nothing helps
    assert alone.loc[("noise_known_beforehand", 2.0), "right"] > 90
    assert alone.loc[("nobody_knows_the_noise", 0.0), "right"] == 0  # and where nobody knows it, nothing is proven
    nothing = alone.xs(0.0, level="effect")["right"]
    assert (nothing[nothing.index != "nobody_knows_the_noise"] > 90).all()


@pytest.mark.parametrize("mechanism", list(trials.MECHANISMS))
def test_a_country_is_measured_again_with_fewer_trials(mechanism: str) -> None:
    world = next(one for one in trials.MECHANISM_WORLDS if one.name == "some_noise")
    row = trials.mechanism_trial(mechanism, world, 2.0, 10, 7)
    table = measured().set_index(["mechanism", "world", "effect"])
    assert row["right"] == pytest.approx(table.loc[(mechanism, "some_noise", 2.0), "right"], abs=35)
    assert row["wrong"] <= 10
