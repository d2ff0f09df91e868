"""The table of mergers, against the codes and people of the real files; its checks; proposals for buurten."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kloof.errors import SchemaError
from kloof.store.mapping import (
    MAPPING_COLUMNS,
    check_mapping,
    created,
    predecessors,
    propose_mapping,
    read_mapping,
    transfer,
)

NOWHERE = {"GM0998", "GM9999"}
PANEL_YEARS = (2012, 2017, 2018, 2019, 2022, 2023, 2024)


def table(*rows: tuple[str, int, str, str, float | None]) -> pd.DataFrame:
    """Make a mapping of (from, to_year, to, kind, weight), by people."""
    made = [
        (before, year - 1, after, year, "persons", weight, kind, "by hand", "not_verified")
        for before, year, after, kind, weight in rows
    ]
    frame = pd.DataFrame(made, columns=list(MAPPING_COLUMNS)).astype({"weight": "float64"})
    return check_mapping(frame, "by hand")


@pytest.fixture(scope="module")
def shipped(project: Path) -> pd.DataFrame:
    return read_mapping(project / "data" / "mapping.csv")


@pytest.fixture(scope="module")
def people(shared: Path) -> dict[int, dict[str, float]]:
    """Inhabitants of every municipality in the years of the panel, by code."""
    rows = pd.read_csv(shared / "data" / "kwb" / "gemeenten_panel_2012_2024.csv")
    rows = rows[~rows["gemeentecode"].isin(NOWHERE)]
    return {
        int(year): dict(zip(part["gemeentecode"], part["aantal_inwoners"], strict=True))
        for year, part in rows.groupby("jaar")
    }


Steps = dict[tuple[int, str], set[str]]


@pytest.fixture(scope="module")
def steps(shipped: pd.DataFrame) -> Steps:
    found: Steps = {}
    for before, after, when in zip(shipped["from_code"], shipped["to_code"], shipped["to_year"], strict=True):
        found.setdefault((when, before), set()).add(after)
    return found


def follow(steps: Steps, code: str, year: int, to_year: int) -> set[str]:
    """Where an area ends up: one row after another, as a reader with a pencil would."""
    here = {code}
    for step in range(year + 1, to_year + 1):
        here = {target for place in here for target in steps.get((step, place), {place})}
    return here


# ------------------------------------------------------------------ the shipped table


@pytest.mark.shared
def test_every_municipality_that_disappears_is_mapped_onto_one_that_exists(
    steps: Steps, people: dict[int, dict[str, float]]
) -> None:
    """Both ways: nothing ends up nowhere, and no municipality of the later year comes from nowhere."""
    assert tuple(people) == PANEL_YEARS
    for place, year in enumerate(PANEL_YEARS):
        for later in PANEL_YEARS[place + 1 :]:
            ends = {target for code in people[year] for target in follow(steps, code, year, later)}
            assert ends == set(people[later]), (year, later, ends ^ set(people[later]))


@pytest.mark.shared
def test_merged_municipalities_have_the_people_of_their_parts(
    steps: Steps, people: dict[int, dict[str, float]]
) -> None:
    """Golden: at most 1.6 % apart over one year (growth), 3.1 over five, 3.5 from 2019 to 2022 (Dijk en Waard)."""
    widest = {}
    for year, later in pairwise(PANEL_YEARS):
        parts: dict[str, list[float]] = {}
        for code, count in people[year].items():
            ends = follow(steps, code, year, later)
            for target in ends:
                parts.setdefault(target, []).append(count if len(ends) == 1 else np.nan)
        gaps = [
            abs(people[later][target] / sum(counts) - 1) * 100
            for target, counts in parts.items()
            if len(counts) > 1 and not np.isnan(sum(counts))
        ]
        widest[later] = round(max(gaps), 1) if gaps else None
    assert widest == {2017: 3.1, 2018: 0.6, 2019: 1.3, 2022: 3.5, 2023: 1.6, 2024: None}


@pytest.mark.shared
def test_a_proven_year_stands_between_two_divisions(
    shipped: pd.DataFrame, people: dict[int, dict[str, float]], shared: Path
) -> None:
    """The Leefbaarometer of 2016 knows the municipalities of 2016, the panel those of its own years."""
    scores = shared / "data" / "leefbaarometer" / "leefbaarometer2_gemeente_2002_2016.json"
    divisions = {2016: set(json.loads(scores.read_text())), **{year: set(codes) for year, codes in people.items()}}
    assert len(divisions[2016]) == 390
    for row in shipped[shipped["proof"] == "year_and_people"].itertuples():
        assert row.from_code in divisions[row.from_year]
        assert row.to_code in divisions[row.to_year]
        assert row.kind == "same" or row.from_code not in divisions[row.to_year]
    others = shipped[(shipped["kind"] != "same") & (shipped["proof"] == "people_not_year")]
    assert set(others["to_year"]) == {2013, 2014, 2015, 2016, 2021, 2022}
    for row in others.itertuples():
        assert row.from_code in people[2012] or row.from_code in people[2019]
        assert row.from_code not in people[2022]


def test_what_cannot_be_proven_says_so(shipped: pd.DataFrame) -> None:
    splits = shipped[shipped["kind"] == "split"]
    assert set(splits["from_code"]) == {"GM0055", "GM1671", "GM0140", "GM0053", "GM0788"}
    assert splits["weight"].isna().all()
    assert set(splits["proof"]) == {"not_verified"}
    assert set(shipped.loc[shipped["from_code"] == "GM1921", "proof"]) == {"not_verified"}
    counts = {2012: 415, 2013: 408, 2014: 403, 2015: 393, 2016: 390, 2017: 388, 2018: 380, 2019: 355, 2021: 352}
    counts |= {2022: 345, 2023: 342}  # municipalities in the Netherlands, as CBS counts them on 1 January
    new = created(shipped)
    for year, later in pairwise(counts):
        step = shipped[shipped["to_year"] == later]
        goes_on = set(step.loc[step["kind"] == "same", "from_code"])
        change = sum(when == later for when in new.values()) - len(set(step["from_code"]) - goes_on)
        assert change == counts[later] - counts[year], later


# ------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda t: t.assign(from_code="0484"), "not an area code in 3 rows"),
        (lambda t: t.assign(to_year=2015), "years that do not follow each other in 3 rows"),
        (lambda t: t.assign(kind="eaten"), r"unknown kind \(known: same, merged, split, recoded\)"),
        (lambda t: t.assign(weight_kind="cows"), "unknown weight_kind"),
        (lambda t: t.assign(proof="yes"), "unknown proof"),
        (lambda t: t.assign(weight=0.5), "a whole area with a weight that is not 1 in 1 rows"),
        (lambda t: t.assign(weight=[1, 0.5, 0.4]), "weights of one area that do not add up to 1 in 2 rows"),
        (lambda t: t.assign(weight=[1, 1.5, -0.5]), "a weight outside 0-1 in 2 rows"),
        (lambda t: t.assign(weight=[1, 0.5, np.nan]), "a split with a weight for some of its parts in 1 rows"),
        (lambda t: t.assign(kind="same"), "`same` is for one and the same code in 3 rows"),
        (lambda t: pd.concat([t, t]), "a pair that occurs twice in 6 rows"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(
    tmp_path: Path, spoil: Callable[[pd.DataFrame], pd.DataFrame], fault: str
) -> None:
    good = table(
        ("GM0499", 2014, "GM0484", "merged", 1), ("GM0055", 2014, "GM0074", "split", 0.25),
        ("GM0055", 2014, "GM0080", "split", 0.75),
    ).sort_values("from_code", ascending=False)  # fmt: skip
    path = tmp_path / "mapping.csv"
    good.to_csv(path, index=False)
    assert len(read_mapping(path)) == 3
    spoil(good).to_csv(path, index=False)
    with pytest.raises(SchemaError, match=fault):
        read_mapping(path)
    good.drop(columns="proof").to_csv(path, index=False)
    with pytest.raises(SchemaError, match="column proof is missing"):
        read_mapping(path)


# ------------------------------------------------------------------ chains


def links(rows: pd.DataFrame, year: int, to_year: int) -> dict[tuple[str, str], float]:
    found = transfer(rows, year, to_year).links
    return {(row.from_code, row.to_code): row.persons for row in found.itertuples()}


def test_steps_are_chained_and_weights_multiplied() -> None:
    rows = table(
        ("GM0001", 2014, "GM0009", "merged", 1), ("GM0002", 2014, "GM0009", "merged", 1),
        ("GM0009", 2016, "GM0003", "split", 0.25), ("GM0009", 2016, "GM0004", "split", 0.75),
        ("GM0003", 2016, "GM0003", "same", 1), ("GM0004", 2016, "GM0004", "same", 1),
        ("GM0004", 2018, "GM0005", "recoded", 1),
    )  # fmt: skip
    assert links(rows, 2013, 2014) == {("GM0001", "GM0009"): 1, ("GM0002", "GM0009"): 1}
    whole = links(rows, 2013, 2018)
    assert whole == {
        ("GM0001", "GM0003"): 0.25, ("GM0001", "GM0005"): 0.75, ("GM0002", "GM0003"): 0.25,
        ("GM0002", "GM0005"): 0.75, ("GM0003", "GM0003"): 1, ("GM0004", "GM0005"): 1,
    }  # fmt: skip
    assert links(rows, 2016, 2018) == {("GM0004", "GM0005"): 1}
    assert links(rows, 2018, 2018) == links(rows, 2018, 2024) == {}
    assert transfer(rows, 2013, 2018).gone == {"GM0001", "GM0002", "GM0004"}
    assert created(rows) == {"GM0009": 2014, "GM0005": 2018}
    assert predecessors(rows, "GM0005") == ["GM0001", "GM0002", "GM0004", "GM0009"]
    assert predecessors(rows, "GM0001") == []


def test_a_part_that_comes_back_is_whole_again() -> None:
    rows = table(
        ("GM0001", 2014, "GM0002", "split", 0.4), ("GM0001", 2014, "GM0003", "split", 0.6),
        ("GM0002", 2015, "GM0004", "merged", 1), ("GM0003", 2015, "GM0004", "merged", 1),
    )  # fmt: skip
    assert links(rows, 2013, 2015) == {("GM0001", "GM0004"): 1}


def test_going_back_only_undoes_new_names() -> None:
    rows = table(
        ("GM0241", 2016, "GM1945", "recoded", 1), ("GM0381", 2016, "GM1942", "merged", 1),
        ("GM0424", 2016, "GM1942", "merged", 1),
    )  # fmt: skip
    back = transfer(rows, 2024, 2012)
    found = {(row.from_code, row.to_code): row.persons for row in back.links.itertuples()}
    assert found["GM1945", "GM0241"] == 1
    assert np.isnan(found["GM1942", "GM1942"])


# ------------------------------------------------------------------ proposals


def edition(*rows: tuple[str, str, float]) -> pd.DataFrame:
    levels = {"GM": "gemeente", "WK": "wijk", "BU": "buurt"}
    frame = pd.DataFrame(rows, columns=["code", "name", "inhabitants"])
    return frame.assign(level=frame["code"].str[:2].map(levels))


def test_buurten_are_proposed_by_name_with_their_people() -> None:
    before = edition(
        ("BU03630001", "Kop Zeedijk", 1000), ("BU03630002", "Oude Kerk  e.o.", 500), ("BU03630003", "Dubbel", 10),
        ("BU03630004", "dubbel", 20), ("BU03630005", "Weg", 5), ("BU03630006", "Blijft", 50),
        ("BU03630007", "Oud", 60), ("BU03440001", "Kop Zeedijk", 7),
    )  # fmt: skip
    after = edition(
        ("BU0363AA01", "kop zeedijk", 980), ("BU0363AA02", "Oude Kerk e.o.", 0), ("BU0363AA03", "Dubbel", 31),
        ("BU03630006", "Blijft", 51), ("BU03630007", "Nieuw", 60), ("BU0363AA09", "Erbij", 9),
    )  # fmt: skip
    proposal = propose_mapping(before, after).set_index("evidence")
    pairs = proposal.loc[["same_name"], ["from_code", "to_code", "ratio"]].to_numpy().tolist()
    assert pairs == [["BU03630001", "BU0363AA01", 98.0], ["BU03630002", "BU0363AA02", 0.0]]
    assert proposal.loc["same_code_other_name", ["from_code", "to_code", "name"]].tolist() == [
        "BU03630007", "BU03630007", "Nieuw",
    ]  # fmt: skip
    twice = proposal.loc[["same_name_twice"], ["from_code", "to_code"]].to_numpy().tolist()
    assert twice == [["", "BU0363AA03"], ["BU03630003", ""], ["BU03630004", ""]]
    assert proposal.loc[["only_before"], "from_code"].tolist() == ["BU03440001", "BU03630005"]
    assert proposal.loc["only_after", ["to_code", "inhabitants_to"]].tolist() == ["BU0363AA09", 9.0]
    assert proposal.loc["only_after", ["inhabitants_from", "ratio"]].isna().all()
    assert "BU03630006" not in set(proposal["from_code"])


def test_without_people_a_proposal_has_none_and_equal_editions_give_nothing() -> None:
    one = edition(("BU03630001", "A", 1), ("BU03630002", "B", 2)).drop(columns="inhabitants")
    assert propose_mapping(one, one).empty
    renamed = one.assign(code=["BU0363AA01", "BU0363AA02"])
    proposal = propose_mapping(one, renamed)
    assert proposal["evidence"].tolist() == ["same_name", "same_name"]
    assert proposal["ratio"].isna().all()
    assert propose_mapping(one, renamed.iloc[::-1]).equals(proposal)


@pytest.mark.shared
def test_the_new_codes_of_amsterdam_are_found_by_name(shared: Path) -> None:
    """Golden: 479 buurten of 2019 and 517 of 2024 share no code, and 240 names."""
    old = pd.read_csv(shared / "data" / "kwb" / "amsterdam_2019.csv", decimal=",")
    code, name = (next(title for title in old.columns if part in title) for part in ("Codering", "Wijken"))
    before = pd.DataFrame({"code": old[code].str.strip(), "name": old[name].str.strip()})
    before = before[before["code"].str.startswith("BU")].assign(level="buurt")
    new = pd.read_parquet(shared / "data" / "national" / "buurten_2024.parquet", columns=["code", "name", "level"])
    after = new[new["code"].str.startswith("BU0363")]
    assert not set(before["code"]) & set(after["code"])
    proposal = propose_mapping(before, after)
    names = [" ".join(one.split()).casefold() for one in before["name"]]
    later = [" ".join(one.split()).casefold() for one in after["name"]]
    both = {one for one in names if names.count(one) == 1 and later.count(one) == 1}
    assert (proposal["evidence"] == "same_name").sum() == len(both) == 240
    assert len(proposal) == 479 + 517 - len(both)
