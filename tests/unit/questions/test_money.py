"""Money: C5 on a small and clearly synthetic table of accounts, by hand; not testable, and why, without one."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from delivered import FUNCTION, price, row
from estate import frame, same
from readable import file
from town import town

from kloof import paths
from kloof.catalogue import catalogue
from kloof.files.recognise import recognise
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SUPPORTED,
    UNCLEAR,
    UNDECIDED,
    judge,
)
from kloof.questions import spending
from kloof.results import Section
from kloof.run.in_notebook import narrator
from kloof.store import add
from kloof.study import claims, load
from kloof.study.load import from_store
from kloof.study.study import Study, open_study
from kloof.words.sentences import text_of

RISES, FALLS = "spending_social_domain", "spending_housing_and_planning"
ROADS = "spending_roads_and_traffic"
PRICE = "consumer_price_index"
YEARS = (2013, 2014, 2015, 2016)
PRICES = {2013: 80.0, 2014: 100.0, 2015: 100.0, 2016: 100.0}
PLACES = [f"GM000{number}" for number in range(1, 7)]
PEOPLE = 1000.0
OWN = np.array([0.0, 10, -10, 20, -20, 5])  # each municipality departs a little from the others


def synthetic(
    social: float, physical: float, years: tuple[int, ...] = YEARS, places: list[str] = PLACES, **left: Any
) -> Study:
    """Accounts made up for this test: per inhabitant 500 on the social domain, 300 on housing and on roads before 2015.

    From 2015 they are `social` and `physical` euros more; in 2013 everything is in money worth a quarter more.
    """
    rows = [("NL00", year, "consumer_price_index", PRICES.get(year, 100.0), "index") for year in years]
    for place, own in zip(places, OWN, strict=False):
        for year in years:
            worth = PRICES.get(year, 100.0) / 100
            after = year >= 2015
            rows.append((place, year, "inhabitants", PEOPLE, "persons"))
            for name, start, change in ((RISES, 500, social), (FALLS, 300, physical), (ROADS, 300, physical)):
                euro = (start + own + after * (change + own / 2)) * worth * PEOPLE
                rows.append((place, year, name, euro / 1000, "thousand_euro"))
    made = town({"income": {year: same(20) for year in years}}, year_from=years[0], year_to=years[-1])
    kept = frame([one for one in rows if one[2] not in left.get("without", ())])
    own_rows = made.data.observations
    observations = pd.concat([own_rows[own_rows["code"].str.startswith("BU")], kept], ignore_index=True)
    data = dataclasses.replace(made.data, observations=observations)
    p = dataclasses.replace(made.p, municipality=places[0])
    return dataclasses.replace(made, p=p, data=data, known=catalogue())


def test_the_registry_says_which_fields_and_when() -> None:
    entry = claims.registry().claims["C5"]
    assert (entry["event"], entry["rises"], entry["falls"]) == (2015, RISES, [FALLS, ROADS])


def test_a_squeeze_in_prices_of_one_year() -> None:
    """200 more and 50 less; the departures average 0.83 and half of them is added from 2015: 0.42."""
    found = spending.squeeze_finding(synthetic(200, -50), RISES, FALLS, "x")
    mean, value = float(OWN.mean()) / 2, {key: detail["value"] for key, detail in found.details.items()}
    assert (value["risen"], value["fallen"]) == pytest.approx((200 + mean, -50 + mean))
    assert found.estimate == pytest.approx(50 - mean)
    half = 2.570582 * float((OWN / 2).std(ddof=1)) / 6**0.5  # t on 5 degrees of freedom
    assert (value["fallen_low"], value["fallen_high"]) == pytest.approx(
        (-50 + mean - half, -50 + mean + half), rel=1e-5
    )
    assert (found.low, found.high) == pytest.approx((50 - mean - half, 50 - mean + half), rel=1e-5)
    assert (judge(found), found.unit) == (HIGHER, "euro")
    assert (value["municipalities"], value["event"], value["price_year"]) == (6, 2015, 2016)
    table = spending.accounts(synthetic(200, -50), (RISES,)).query("code == 'GM0001'").set_index("year")["real"]
    assert table.to_dict() == pytest.approx({2013: 500, 2014: 500, 2015: 700, 2016: 700})


@pytest.mark.parametrize(("social", "physical", "judged", "verdict"), [
    (200, -50, HIGHER, SUPPORTED), (200, 50, LOWER, CONTRADICTED), (-200, -50, LOWER, CONTRADICTED),
    (200, -3, UNCLEAR, UNDECIDED),
])  # fmt: skip
def test_both_must_hold(social: float, physical: float, judged: str, verdict: str) -> None:
    section = Section("07_money")
    found = spending.crowding_out(section, synthetic(social, physical))
    assert {judge(one) for one in found} == {judged}
    assert {(row.claim, row.row, row.verdict) for row in section.verdicts} == {
        ("C5", FALLS, verdict),
        ("C5", ROADS, verdict),
    }


def test_years_after_the_fields_were_redrawn_are_left_out() -> None:
    long = synthetic(200, -50, years=(2013, 2014, 2015, 2016, 2017, 2018))
    assert sorted(spending.accounts(long, (RISES, FALLS))["year"].unique()) == list(YEARS)
    assert spending.squeeze_finding(long, RISES, FALLS, "x").estimate == pytest.approx(50 - float(OWN.mean()) / 2)


@pytest.mark.parametrize(("study", "reason"), [
    (lambda: synthetic(200, -50, without=(RISES,)), "no_accounts"),
    (lambda: synthetic(200, -50, years=(2015, 2016)), "too_few_years"),
    (lambda: synthetic(200, -50, years=(2017, 2018, 2019)), "too_few_years"),
    (lambda: synthetic(200, -50, places=PLACES[:2]), "too_few_municipalities"),
    (lambda: open_study({"preset": "breda"}), "no_accounts"),
])  # fmt: skip
def test_without_the_tables_it_cannot_be_tested(study: Any, reason: str) -> None:
    made = study()
    section = Section("07_money")
    found = spending.crowding_out(section, made)
    assert {(judge(one), one.reason) for one in found} == {(NOT_COMPUTABLE, reason)}
    assert {row.verdict for row in section.verdicts} == {NOT_TESTABLE}
    assert {row.missing for row in section.verdicts} == {(FALLS,), (ROADS,)}


def test_without_stored_prices_the_embedded_ones_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One index or the other, never parts of both; the source says which. Without either nothing can be tested."""
    whole, bare = synthetic(200, -50), synthetic(200, -50, without=(PRICE,))
    found = spending.squeeze_finding(whole, RISES, FALLS, "x")
    assert found.sources == ("cbs",)
    embedded = spending.squeeze_finding(bare, RISES, FALLS, "x")
    assert embedded.sources == ("cbs", "cbs_71905ned")
    with (paths.data_folder() / "price_index.csv").open(encoding="utf-8") as file_:
        index = {int(line["year"]): float(line["index"]) for line in csv.DictReader(file_)}
    real = spending.accounts(bare, (RISES,)).query("code == 'GM0001'").set_index("year")["real"]
    nominal = {2013: 400.0, 2014: 500.0, 2015: 700.0, 2016: 700.0}
    assert real.to_dict() == pytest.approx({year: euro * index[2016] / index[year] for year, euro in nominal.items()})
    # a store that lacks one of the years is not patched: all years come from the embedded series
    rows = whole.data.observations
    short = rows[(rows["indicator"] != PRICE) | (rows["year"] != 2015)]
    patched = dataclasses.replace(whole, data=dataclasses.replace(whole.data, observations=short))
    same_again = spending.accounts(patched, (RISES,)).query("code == 'GM0001'").set_index("year")["real"]
    assert same_again.to_dict() == pytest.approx(real.to_dict())
    monkeypatch.setattr(load, "data_folder", lambda: tmp_path)
    assert spending.squeeze_finding(patched, RISES, FALLS, "x").reason == "no_prices"
    assert spending.squeeze_finding(bare, RISES, FALLS, "x").reason == "no_prices"
    assert spending.needed(patched).query("indicator == @PRICE and state == 'absent'")["year"].tolist() == [2015]


def test_the_table_by_field_and_size_and_where_this_municipality_stands() -> None:
    """Its change departs by 0; two of the other five are below it."""
    found = spending.standing_finding(synthetic(200, -50), RISES, "x")
    assert found.estimate == pytest.approx(40)
    assert (found.details["own"]["value"], found.details["others"]["value"]) == (pytest.approx(200), 5)
    study = synthetic(200, -50)
    table = spending.field_table(study, (RISES, FALLS)).set_index(["indicator", "size_class"])
    assert table.loc[(RISES, "all"), "mean_before"] == pytest.approx(500 + OWN.mean())
    assert table.loc[(RISES, "under_50"), ["municipalities", "mean_change"]].tolist() == pytest.approx(
        [6, 200 + OWN.mean() / 2]
    )
    rows = study.data.observations
    large = rows["code"].isin(PLACES[:3]) & rows["indicator"].isin(("inhabitants", RISES, FALLS, ROADS))
    wider = rows.assign(value=rows["value"].where(~large, rows["value"] * 100))
    grown = dataclasses.replace(study, data=dataclasses.replace(study.data, observations=wider))
    classes = spending.field_table(grown, (RISES,)).set_index("size_class")
    assert classes.loc["to_250", "municipalities"] == classes.loc["under_50", "municipalities"] == 3
    assert classes.loc["to_250", "mean_change"] == pytest.approx(200 + OWN[:3].mean() / 2)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_is_told_in_both_languages(language: str) -> None:
    for made in (synthetic(200, -50), synthetic(200, 50), synthetic(200, -3), open_study({"preset": "breda"})):
        study = dataclasses.replace(made, p=dataclasses.replace(made.p, language=language))
        section = Section("07_money")
        spending.crowding_out(section, study)
        table = spending.what_is_there(section, study)
        teller = narrator(study, section)
        lines = [text_of(teller.sentence(one)) for one in teller.results["findings"].values()]
        assert not any("{" in line for line in lines)
        assert set(table["indicator"]) == {RISES, FALLS, ROADS, "consumer_price_index", "inhabitants"}
        assert section.figures["07.needed"]["kind"] == "coverage"
    assert {"nl": "jaarrekeningen", "en": "accounts"}[language] in lines[0]


def test_fetched_tables_go_through_the_store_to_a_verdict(home: Path, tmp_path: Path) -> None:
    """Synthetic raw tables in the shape of Iv3 and the price index, added as `kloof data add` does."""
    accounts, people = [], []
    for place, own in zip(PLACES, OWN, strict=True):
        for year in YEARS:
            after = year >= 2015
            for function, amount in (("620", 500 + own + after * (200 + own)), ("820", 300 + own - after * (50 + own)),
                                     ("210", 200 + own - after * (50 + own))):  # fmt: skip
                euro = round(amount * PRICES[year] / 100 * 1000) * 1.0  # in 1,000 euro, for a million inhabitants
                accounts.append(row(place, function, "L11", f"{year}X005", euro, None, name=FUNCTION))
            people.append({"code": place, "year": year})
    files = {"iv3.parquet": accounts, "cpi.parquet": [price(f"{year}JJ00", value) for year, value in PRICES.items()]}
    for name, rows in files.items():
        path = tmp_path / name
        pd.DataFrame(rows).to_parquet(path)
        assert add.add(recognise(path, catalogue())).outcome == "added"
    given = [(one["code"], one["year"], "inhabitants", 1_000_000, "cbs_kwb") for one in people]
    given += [(f"BU0001000{n}", 2016, "inhabitants", 100, "cbs_kwb") for n in range(1, 5)]
    assert add.add(file("people.csv", given)).outcome == "added"
    data = from_store("GM0001", catalogue(), tuple(PLACES[1:]))
    assert {entry["file"] for entry in data.inputs} == {"iv3.parquet", "cpi.parquet", "people.csv"}
    assert {"cbs_iv3", "cbs_cpi"} <= set(data.sources["source_id"])
    study = dataclasses.replace(synthetic(0, 0), data=data)
    section = Section("07_money")
    spending.crowding_out(section, study)
    assert {row.verdict for row in section.verdicts} == {SUPPORTED}
    risen = section.findings[f"07.squeeze.{FALLS}"].details["risen"]["value"]
    assert risen == pytest.approx(200 + float(OWN.mean()), abs=0.01)
    assert spending.needed(study).query("state == 'measured'")["year"].nunique() == 4
