"""What all municipalities say of an event, and matched buurten of one place: in synthetic countries, and on real files.

`benchmarks/calibration/event_trials.py` makes data/event_calibration.csv.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from event_trials import BEYOND, EVENT_WORLDS, EVENTS, MATCH_WORLDS, MATCHED, event_trial, match_trial

from conftest import PROJECT
from kloof.country.matched import matched

MEASURED = PROJECT / "data" / "event_calibration.csv"
BEND, CHANCE_OF_YEAR, PLACE_MOVES = "bend_before", "level_by_chance_same_year", "place_moves"


def measured(design: str) -> pd.DataFrame:
    table = pd.read_csv(MEASURED)
    return table[table["design"] == design].set_index("world")


def test_an_event_is_rarely_found_where_there_is_none_and_found_where_there_is() -> None:
    table = measured(EVENTS)
    assert set(table.index) == {world.name for world in EVENT_WORLDS}
    for world in EVENT_WORLDS:
        row = table.loc[world.name]
        if world.bend:  # its departure from the whole line is not that of the event
            assert row["wrong"] <= 5, world.name
            continue
        assert row["held"] >= 80, world.name
        if world.size == 0 or world.who == "ladder":
            assert row["higher"] + row["lower"] <= 5, world.name
        else:
            right = "higher" if world.size > 0 else "lower"
            assert row[right] >= 85, world.name
            assert row["higher"] + row["lower"] - row[right] == 0, world.name
    assert table.loc[BEND, "off"] > 10  # what the whole line would call an event
    assert table.loc[BEND, "unclear"] == 100


def test_ranges_of_matched_buurten_hold_the_truth_unless_it_is_said_that_they_cannot() -> None:
    """88 to 94 of 90 percent; fewer where a whole place goes its own way, or the level is of the year of the change."""
    for design in (MATCHED, BEYOND):
        table = measured(design)
        assert set(table.index) == {world.name for world in MATCH_WORLDS}
        for world in MATCH_WORLDS:
            row = table.loc[world.name]
            if (design, world.name) in {(MATCHED, PLACE_MOVES), (MATCHED, CHANCE_OF_YEAR)}:
                assert row["held"] < 88
                continue
            assert 88 <= row["held"] <= 95, (design, world.name)
            wrong = row["lower"] if world.size > 0 else row["higher"] + row["lower"]
            assert wrong <= 6.5, (design, world.name)
    alone = measured(MATCHED)
    assert alone.loc[CHANCE_OF_YEAR, "off"] < -8
    assert abs(alone.loc["level_by_chance", "off"]) < 1
    assert alone.loc["twice", "higher"] > 45


def test_the_table_is_made_again_with_fewer_trials() -> None:
    events = event_trial(EVENT_WORLDS[2], 1, 7)
    assert events["higher"] == 100
    before = measured(MATCHED)
    for world in MATCH_WORLDS[:2]:
        alone, beyond = match_trial(world, 60, 7)
        assert alone["held"] == pytest.approx(before.loc[world.name, "held"], abs=10)
        assert alone["spread"] == pytest.approx(before.loc[world.name, "spread"], rel=0.3)
        assert beyond["design"] == BEYOND


@pytest.mark.shared
def test_breda_beside_buurten_like_its_lowest_on_the_real_files(
    shared: Path, home: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    """In real prices its lowest fifth ended behind buurten like it elsewhere, and so did the rest of Breda."""
    files = [shared / "data" / "national" / name for name in ("kwb_2017.csv.gz", "buurten_2024.parquet")]
    assert command_line("data", "add", *files)[0] == 0
    found = matched("mean_dwelling_value", "Breda", (2017, 2024), "real")
    assert found.change[0] == pytest.approx(15.2, abs=0.1)
    assert found.change[1] < 0 < found.change[2]
    assert found.others[1] > 0
    assert found.flags == ("same_year_level", "later_tenure")
    assert found.unmatched == 0
    assert (found.balance["before"].abs() > 0.8).all()
    assert (found.balance["after"].abs() < 0.05).all()
    del home
