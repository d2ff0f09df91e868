"""All municipalities together, on the real national files and in synthetic countries of which the truth is known.

`kloof national --write` makes data/national.csv of the files, and `kloof calibrate --national` the table beside it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import PROJECT
from kloof.catalogue import catalogue
from kloof.country.gaps import EACH_SCALE, NORMAL, Question, every_change, national
from kloof_synth import country_trials
from kloof_synth.country_trials import COUNTRY_WORLDS, MUNICIPALITIES, trial

WOZ = "mean_dwelling_value"
MEASURED = PROJECT / "data" / "national_calibration.csv"
KNOWN = {world.name: world for world in COUNTRY_WORLDS}


@pytest.mark.shared
def test_the_country_comes_out_of_the_files_again(
    shared: Path, home: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    """The same bytes; and Breda by a loop of its own, out of the raw columns."""
    files = [shared / "data" / "national" / name for name in ("kwb_2017.csv.gz", "buurten_2024.parquet")]
    assert command_line("data", "add", *files)[0] == 0
    before = (home / "data" / "national.csv").read_bytes()
    assert command_line("national", "--write")[0] == 0
    assert (home / "data" / "national.csv").read_bytes() == before == (PROJECT / "data" / "national.csv").read_bytes()

    old = pd.read_csv(files[0], dtype=str, encoding="utf-8-sig", na_values=["       .", ""]).assign(
        code=lambda table: table["Codering_3"].str.strip()
    )
    old = old[old["code"].str.startswith("BU0758")].set_index("code")
    new = pd.read_parquet(files[1], columns=["code", "woz_x1000_euro", "huishoudens"]).set_index("code")
    first = old["GemiddeldeWoningwaarde_35"].astype(float)
    people = old["AantalInwoners_5"].astype(float)
    large = first[people >= 200].dropna().sort_index().sort_values(kind="stable")
    listed = set(large.index[: int(np.floor(0.2 * len(large) + 0.5))])
    both = pd.DataFrame({"first": first, "last": new["woz_x1000_euro"], "weight": new["huishoudens"]}).dropna()
    on = both.index.isin(listed)
    behind = [
        np.average(both.loc[~on, year], weights=both.loc[~on, "weight"])
        - np.average(both.loc[on, year], weights=both.loc[on, "weight"])
        for year in ("first", "last")
    ]
    table, _ = every_change(catalogue(), Question(WOZ, 2017, 2024, "absolute", f"lowest:20%:{WOZ}:first"))
    breda = table.set_index("municipality").loc["GM0758"]
    assert breda["estimate"] == pytest.approx(behind[1] - behind[0], rel=1e-9)
    assert (breda["listed"], breda["buurten"]) == (on.sum(), len(both))


def test_every_scale_of_the_country_can_be_asked_offline() -> None:
    for indicator in (WOZ, "mean_income_per_inhabitant"):
        for scale in EACH_SCALE:
            found = national(indicator, (2017, 2024), scale)
            assert 60 <= len(found.places) <= 342
            assert found.spread[1] <= found.spread[0] <= found.spread[2]
            assert found.places["name"].notna().all()


# ------------------------------------------------------------------ synthetic countries
def measured() -> pd.DataFrame:
    return pd.read_csv(MEASURED).set_index(["world", "model"])


def test_the_ranges_hold_what_they_say_they_hold() -> None:
    """Between 88 and 92 percent where municipalities differ; more where they do not, for there τ is only bounded."""
    table = measured()
    assert set(table.index.get_level_values("world")) == set(KNOWN)
    plain = table.xs(NORMAL, level="model")
    for name, row in plain.iterrows():
        world = KNOWN[str(name)]
        assert row["held"] >= 86, name
        assert row["mean_held"] >= 82, name
        if world.spread and not world.tails:
            assert row["held"] <= 93, name
        if world.spread:
            assert row["wrong"] <= 10, name  # of those called sure with 90 percent or more
            assert row["seen"] > 1.3 * row["seen_alone"], name
    assert plain.loc["nothing_happens", "called"] <= 5


def test_a_country_is_measured_again_with_fewer_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    row = trial(KNOWN["large_differences"], NORMAL, 6, 7)
    before = measured().loc["large_differences", NORMAL]
    assert row["held"] == pytest.approx(before["held"], abs=3)
    assert row["seen"] == pytest.approx(before["seen"], abs=6)
    assert row["wrong"] == pytest.approx(before["wrong"], abs=3)
    monkeypatch.setattr(country_trials, "WIDE", 1e-3)  # a prior that forbids differences: the ranges must fail
    assert trial(KNOWN["large_differences"], NORMAL, 2, 7)["held"] < 70
    assert MUNICIPALITIES == 300
