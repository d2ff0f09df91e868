"""Segregation in the whole country: on the real files, beside another implementation, and where the truth is known.

`kloof country segregation --write` makes data/national_segregation.csv of the files, and
`benchmarks/calibration/segregation_trials.py` the table beside it.
"""

from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from segregation_trials import SEGREGATION_WORLDS, segregation_trial, shares, sorted_country, true_index
from slow_rank_order import slow

from conftest import PROJECT
from kloof.country import counted, growth
from kloof.country.segregation import MUNICIPALITIES, nested, parts_of, segregation

MEASURED = PROJECT / "data" / "segregation_calibration.csv"
KNOWN = {world.name: world for world in SEGREGATION_WORLDS}
PLACES = {"GM0758": "Breda", "GM0344": "Utrecht", "GM0917": "Heerlen"}
OLD = "inhabitants_aged_65_plus"


def by_pysal(a: np.ndarray, rest: np.ndarray) -> float:
    """D as PySAL's segregation writes it: Σ t |p − P| / (2 T P (1 − P))."""
    t, share = a + rest, a.sum() / (a + rest).sum()
    return float((t * np.abs(a / t - share)).sum() / (2 * t.sum() * share * (1 - share)))


def mixed(share: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.nan_to_num(share * np.log(share)) - np.nan_to_num((1 - share) * np.log(1 - share))


def theil(a: np.ndarray, rest: np.ndarray) -> float:
    t, whole = a + rest, np.array(a.sum() / (a + rest).sum())
    return float(1 - (t * mixed(a / t)).sum() / (t.sum() * mixed(whole)))


@pytest.fixture
def raw(shared: Path) -> dict[int, pd.DataFrame]:
    """Give the raw columns of both national files, by code of the buurt."""
    folder = shared / "data" / "national"
    columns = {
        "Codering_3": "code", "AantalInwoners_5": "people", "k_65JaarOfOuder_12": "old",
        "NietWestersTotaal_18": "other", "k_40PersonenMetLaagsteInkomen_67": "low",
        "k_20PersonenMetHoogsteInkomen_68": "high",
    }  # fmt: skip
    old = pd.read_csv(folder / "kwb_2017.csv.gz", dtype=str, encoding="utf-8-sig", usecols=list(columns))
    old = old.rename(columns=columns).apply(lambda column: column.str.strip())
    old = old[old["code"].str.startswith("BU")].set_index("code")
    new = pd.read_parquet(folder / "buurten_2024.parquet", columns=["code", "inwoners", "inwoners_65_plus"])
    new = new.rename(columns={"inwoners": "people", "inwoners_65_plus": "old"})
    new = new[new["code"].str.startswith("BU")].set_index("code")
    return {2017: old.apply(pd.to_numeric, errors="coerce"), 2024: new.apply(pd.to_numeric, errors="coerce")}


@pytest.mark.calibration
@pytest.mark.shared
def test_the_country_comes_out_of_the_files_again(
    shared: Path, home: Path, command_line: Callable[..., tuple[int, str, str]], raw: dict[int, pd.DataFrame]
) -> None:
    """The same bytes; Breda, Utrecht and Heerlen out of the raw columns; and the parts of the whole add up."""
    files = [shared / "data" / "national" / name for name in ("kwb_2017.csv.gz", "buurten_2024.parquet")]
    assert command_line("data", "add", *files)[0] == 0
    written = home / "data" / "national_segregation.csv"
    before = written.read_bytes()
    assert command_line("country", "segregation", "--write")[0] == 0
    assert written.read_bytes() == before == (PROJECT / "data" / "national_segregation.csv").read_bytes()

    found = segregation(OLD, place="Breda")
    here = found.places.set_index(["municipality", "year"])["estimate"]
    for code in PLACES:
        for year, table in raw.items():
            own = table[table.index.str.startswith(f"BU{code[2:]}") & (table["people"] > 0)].dropna(
                subset=["people", "old"]
            )
            assert here[code, year] == pytest.approx(
                by_pysal(own["old"].to_numpy(), (own["people"] - own["old"]).to_numpy()), abs=1e-12
            )
    first = raw[2017][raw[2017]["people"] > 0]
    rows = segregation("inhabitants_non_western_background").places.set_index("municipality")
    ordered = segregation("income_of_persons", "rank_order").places.set_index("municipality")
    poor = segregation("low_income_persons_share", "theil").places.set_index("municipality")
    for code in PLACES:
        own = first[first.index.str.startswith(f"BU{code[2:]}")]
        sides = own["other"].to_numpy(), (own["people"] - own["other"]).to_numpy()
        assert rows.loc[code, "estimate"] == pytest.approx(by_pysal(*sides), abs=1e-12)
        own = own.dropna(subset=["low", "high"])
        counts = np.stack([own["low"], 100 - own["low"] - own["high"], own["high"]]) / 100 * own["people"].to_numpy()
        assert ordered.loc[code, "estimate"] == pytest.approx(slow(counts, 1, "theil"), rel=1e-7)
        assert poor.loc[code, "estimate"] == pytest.approx(theil(counts[0], counts[1:].sum(axis=0)), abs=1e-12)

    parts = found.parts.set_index(["year", "part"])["estimate"]
    whole = first.dropna(subset=["old"])
    assert parts[2017, "whole"] == pytest.approx(
        theil(whole["old"].to_numpy(), (whole["people"] - whole["old"]).to_numpy()), abs=1e-12
    )
    for year in raw:
        assert abs(parts[year].iloc[:3].sum() - parts[year, "whole"]) < 1e-12
    assert found.change is not None
    breda = found.change.places.set_index("municipality").loc["GM0758"]
    assert breda["estimate"] == pytest.approx(100 * (here["GM0758", 2024] / here["GM0758", 2017] - 1), abs=1)


@pytest.mark.shared
def test_the_made_up_nation_equals_the_peers(shared: Path) -> None:
    table = pd.read_csv(shared / "peers" / "cases" / "nation_14000x5.csv")
    wide = table.pivot(index="unit", columns="group", values="count").sort_index()
    lived = wide[wide.sum(axis=1) > 0]
    counts = np.stack([lived["b"], lived.drop(columns="b").sum(axis=1)]).astype(float)
    codes = lived.index.to_numpy(dtype=str)
    whole = parts_of(nested(counts, codes, {}), ordered=False).set_index("part")["estimate"]
    assert whole["whole"] == pytest.approx(0.10454188260698898, abs=1e-12)  # PySAL segregation 2.5.4
    place = pd.Series(codes).str[2:6].to_numpy(dtype=str)
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    peers = pd.read_csv(shared / "peers" / "reference_municipalities.csv").set_index("municipality")
    own = [f"GM{code}" for code in place[starts]]
    several = np.isin(own, peers.index[peers["units"] > 1])
    for index, column in (("dissimilarity", "pysal_D_b"), ("theil", "pysal_H_b")):
        made = counted.MEASURES[index](counts, starts)
        np.testing.assert_allclose(made[several], peers.loc[own, column].to_numpy()[several], atol=1e-12)
    assert whole[MUNICIPALITIES] == pytest.approx(theil(*np.add.reduceat(counts, starts, axis=1)), abs=1e-12)


# ------------------------------------------------------------------ synthetic countries
def measured() -> pd.DataFrame:
    return pd.read_csv(MEASURED).set_index(["world", "index"])


def test_the_ranges_hold_what_they_say_they_hold() -> None:
    """90 percent ranges of a change: its own and with what all say; where nothing changes hardly anything is called."""
    table = measured()
    assert set(table.index.get_level_values("world")) == set(KNOWN)
    for (name, index), row in table.iterrows():
        if name == "nobody_sorts":
            assert row["lost"] > 99
            assert row["called"] == 0
            assert abs(row["corrected"]) < (0.8 if index == "dissimilarity" else 0.1) * row["plain"]
            continue
        assert 84 <= row["held"] <= 96, (name, index)
        assert row["held_together"] >= (82 if name == "small_towns" else 87), (name, index)
        assert row["wrong"] <= 5, (name, index)
        assert row["corrected"] == pytest.approx(row["truth"], rel=0.16), (name, index)
    plain = table.loc[[("small_differences", index) for index in counted.MEASURES]]
    assert plain["held"].between(87, 93).all()
    assert plain["held_together"].between(87, 93).all()
    assert (table.xs("nothing_changes", level="world")["called"] <= 5).all()


def test_a_country_is_measured_again_with_fewer_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    row = segregation_trial(KNOWN["small_differences"], "dissimilarity", 4, 11)
    before = measured().loc["small_differences", "dissimilarity"]
    assert row["held"] == pytest.approx(before["held"], abs=4)
    assert row["called"] == pytest.approx(before["called"], abs=12)
    assert row["plain"] == pytest.approx(before["plain"], abs=0.005)
    monkeypatch.setattr(growth, "LEVEL", 0.5)  # half of the ranges must then fail
    assert segregation_trial(KNOWN["small_differences"], "dissimilarity", 1, 11)["held"] < 70


def test_a_made_up_country_is_as_its_world_says() -> None:
    """The group has its share, a buurt stays much as it was, and counts are printed in fives."""
    world = KNOWN["nothing_changes"]
    counts, starts, later = sorted_country(world, "dissimilarity", np.random.default_rng(1))
    assert (later == world.apart).all()
    assert len(starts) == len(later)
    assert (counts % 5 == 0).all()
    for year in counts:
        assert year[0].sum() / year.sum() == pytest.approx(world.share, abs=0.005)
    large = counts[0].sum(axis=0) > 2000
    share = (counts[:, 0] / counts.sum(axis=1))[:, large]
    assert np.corrcoef(share)[0, 1] == pytest.approx(0.9, abs=0.05)


def test_the_truth_of_a_world_is_that_of_a_formula() -> None:
    """Shares that differ by a probit keep their mean; and with two kinds of buurt D has a formula."""
    world = KNOWN["nothing_changes"]
    grid = np.linspace(-6, 6, 4001)
    weight = np.exp(-(grid**2) / 2)
    made = shares(world, "dissimilarity", np.full(grid.size, 0.3), grid)
    assert (weight @ made[0]) / weight.sum() == pytest.approx(world.share, abs=1e-6)
    a, b = weight * made[0], weight * made[1]
    assert true_index(world, "dissimilarity", 0.3) == pytest.approx(by_pysal(a, b), rel=1e-3)
    low = weight @ mixed(made[0]) / weight.sum()
    whole = -(world.share * log(world.share) + (1 - world.share) * log(1 - world.share))
    assert true_index(world, "theil", 0.3) == pytest.approx(1 - low / whole, rel=1e-3)
