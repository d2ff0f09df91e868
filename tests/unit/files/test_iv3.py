"""The accounts of municipalities and the price index as they are fetched: what is added up, left out and refused."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from delivered import FIELD, FUNCTION, price, row

from kloof.catalogue import Catalogue
from kloof.errors import SourceError
from kloof.files.recognise import Recognised, recognise


def read(tmp_path: Path, rows: list[dict[str, Any]], catalogue: Catalogue, name: str = "iv3.parquet") -> Recognised:
    path = tmp_path / name
    if name.endswith(".json"):
        path.write_text(json.dumps({"value": rows}), encoding="utf-8")
    else:
        pd.DataFrame(rows).to_parquet(path)
    return recognise(path, catalogue)


def values(found: Recognised) -> dict[tuple[str, int, str], float]:
    rows = found.observations
    return dict(zip(zip(rows["code"], rows["year"], rows["indicator"], strict=True), rows["value"], strict=True))


ROWS = [
    row("GM0001", "6.1", "L1.1", "2018X005", 90.0, 100.0),  # the second delivery counts
    row("GM0001", "6.71", "L4.2", "2018X005", 40.0, None),  # without one the first does
    row("GM0001", "8.3", "L3.8", "2018X005", 7.0, 5.0),
    row("GM0001", "0.10", "L7.1", "2018X005", 1000.0, 1000.0),  # no chapter that is asked for
    row("GM0001", "6.1", "B4.1", "2018X005", 60.0, 60.0),  # income
    row("GM0001", "A121", "L1.1", "2018X005", 3.0, 3.0),  # balance sheet
    row("GM0001", "6.1", "L1.1", "2018X000", 1.0, 1.0),  # budget
    row("GM0002", "6.1", "L1.1", "2018X005", -99998.0, -99998.0),  # nothing sent in
    row("GM0002", "8.1", "L1.1", "2018X005", 0.0, 2.0),
    row("GM0003", "6.1", "L1.1", "2018X005", 0.0, 0.0),  # 0 everywhere is nothing sent in
]


@pytest.mark.parametrize("name", ["iv3.parquet", "iv3.json"])
def test_spending_is_added_up_by_chapter(tmp_path: Path, catalogue: Catalogue, name: str) -> None:
    found = read(tmp_path, ROWS, catalogue, name)
    measured = {key: value for key, value in values(found).items() if not math.isnan(value)}
    assert measured == {
        ("GM0001", 2018, "spending_social_domain"): 140,
        ("GM0001", 2018, "spending_housing_and_planning"): 5,
        ("GM0002", 2018, "spending_housing_and_planning"): 2,
    }
    assert set(found.observations["unit"]) == {"thousand_euro"}
    assert found.observations["source"].unique().tolist() == ["cbs_iv3"]
    assert {(one.reason, one.rows) for one in found.set_aside} >= {("not_of_accounts", 1), ("no_spending", 1)}
    assert (found.kind, found.edition) == ("accounts", "Iv3 2018")
    assert dict(found.identity) == {"ID": "row_number", FIELD: "dimension", "Categorie": "dimension",
                                    "Gemeenten": "code", "Verslagsoort": "dimension"}  # fmt: skip


def test_what_was_not_sent_in_is_missing_and_never_zero(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = read(tmp_path, ROWS, catalogue).observations
    empty = rows[(rows["code"] == "GM0002") & (rows["indicator"] == "spending_social_domain")]
    assert empty["status"].tolist() == ["not_published"]
    assert not ((rows["code"] == "GM0003") & (rows["status"] == "measured")).any()
    assert not (rows["value"] == 0).any()


def test_functions_of_before_2017_have_chapters_too(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        row("GM0001", "650", "L11", "2014X005", 12.0, 10.0, name=FUNCTION),
        row("GM0001", "611", "L11", "2014X005", 5.0, 6.0, name=FUNCTION),
        row("GM0001", "210", "L11", "2014X005", 3.0, 3.0, name=FUNCTION),
        row("GM0001", "P11", "L11", "2014X005", 9.0, 9.0, name=FUNCTION),
    ]
    assert values(read(tmp_path, rows, catalogue)) == {
        ("GM0001", 2014, "spending_social_domain"): 16,
        ("GM0001", 2014, "spending_roads_and_traffic"): 3,
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("GM0001", "6.1", "L1.1", "2018X000", 1.0, 1.0)], "no reports of accounts .*2018X000"),
        ([row("GM0001", "6.1", "B1.1", "2018X005", 1.0, 1.0)], "no spending .*B1.1"),
        ([{k: v for k, v in ROWS[0].items() if not k.startswith("k_")}], "no column with amounts"),
    ],
)
def test_a_table_without_what_counts_is_refused(tmp_path: Path, catalogue: Catalogue, rows: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(tmp_path, rows, catalogue)


def test_prices_of_years_are_those_of_the_country(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        price("2014JJ00", 99.4), price("2015JJ00", 100.0), price("2015MM01", 98.0), price("2015JJ00", 7.0, "CPI011"),
    ]  # fmt: skip
    found = read(tmp_path, rows, catalogue, "cpi.parquet")
    assert values(found) == {
        ("NL00", 2014, "consumer_price_index"): 99.4, ("NL00", 2015, "consumer_price_index"): 100.0,
    }  # fmt: skip
    assert found.kind == "prices"
    assert [(one.reason, one.rows) for one in found.set_aside] == [("periods_that_are_no_years", 2)]
    with pytest.raises(SourceError, match="has no year"):
        read(tmp_path, [price("2015MM01", 98.0)], catalogue, "months.parquet")
