"""Raw CBS files: every edition with its quirks, and every refusal; test_recognise reads each cell a second way."""

import csv
import gzip
import hashlib
import json
import sqlite3
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from real_files import pairs

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import CatalogueError, KloofError, ParameterError, SchemaError, SourceError
from kloof.files.cells import normalise
from kloof.files.plausible import CHECKS, Allowed
from kloof.files.recognise import Recognised, recognise
from kloof.schema import COLUMNS, check_observations

YEARS = (2016, 2017, 2018, 2019, 2020)
PEOPLE = "Bevolking_Aantal_inwoners"
HOUSEHOLDS = "Inkomen_Inkomen_van_huishoudens_"
MANGLED_INCOME = "Inkomen.Inkomen.van.personen.Gemiddeld.inkomen.per.inwoner...x.1.000.euro."
INCOME = "Inkomen_Inkomen_van_personen_Gemiddeld_inkomen_per_inwoner\u00a0"


@cache
def read_once(project: Path) -> Catalogue:
    """The catalogue as no argument of a hypothesis test, which would print all of it."""
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture(scope="session")
def heerlen(shared: Path, catalogue: Catalogue) -> Recognised:
    return read_kwb(shared / "data" / "kwb" / "heerlen_2016_2020.db", "GM0917", catalogue)


@pytest.fixture(scope="session")
def amsterdam(shared: Path, catalogue: Catalogue) -> dict[int, Recognised]:
    folder = shared / "data" / "kwb"
    return {year: read_kwb(folder / f"amsterdam_{year}.csv", "GM0363", catalogue) for year in (2017, 2019)}


NOTHING_KNOWN = pd.DataFrame({"code": [], "name": []}, dtype="str")


def read_kwb(path: Path, municipality: str | None, known: Catalogue, codes: Path | None = None) -> Recognised:
    """Read a file without areas known from elsewhere; small tables may have figures that are not plausible."""
    anything = Allowed(frozenset(CHECKS))
    return recognise(path, known, municipality=municipality, codes=codes, areas=NOTHING_KNOWN, allowed=anything)


def value(read: Recognised, name: str, year: int, indicator: str) -> float | str:
    """The value of an area given by name, or its status when there is none."""
    codes = read.areas.loc[read.areas["name"] == name, "code"]
    rows = read.observations.merge(codes, on="code")
    row = rows[(rows["year"] == year) & (rows["indicator"] == indicator)].iloc[0]
    return float(row["value"]) if row["status"] == "measured" else str(row["status"])


def measured(read: Recognised, year: int, indicator: str, prefix: str = "BU") -> pd.DataFrame:
    rows = read.observations
    keep = (rows["year"] == year) & (rows["indicator"] == indicator) & rows["code"].str.startswith(prefix)
    return rows[keep & (rows["status"] == "measured")]


# ------------------------------------------------------------------ titles


MEANINGS = [
    ("Wijk_Buurt\ufeff", "wijk buurt"),
    ("Inkomen_Inkomen_van_personen_Aantal_inkomensontvangers\u00a0\u00a0",
     "inkomen inkomen van personen aantal inkomensontvangers"),
    ("Inkomen.Inkomen.van.personen.Aantal.inkomensontvangers....aantal.",
     "inkomen inkomen van personen aantal inkomensontvangers"),
    ("Inkomen|Inkomen van personen|40% personen met laagste inkomen",
     "inkomen inkomen van personen 40 personen met laagste inkomen"),
    ("Inkomen_Inkomen_van_personen_40proc_personen_met_laagste_inkomen",
     "inkomen inkomen van personen 40 personen met laagste inkomen"),
    ("Inkomen.Inkomen.van.personen.40..personen.met.laagste.inkomen....",
     "inkomen inkomen van personen 40 personen met laagste inkomen"),
    ("Opleidingsniveau_Opleidingsniveau_laag_", "opleidingsniveau opleidingsniveau laag"),
    ("Zorg_Wmo_cliënten_", "zorg wmo clienten"),
    ("Zorg.Wmo.cliënten.relatief..per.1.000.inwoners.", "zorg wmo clienten relatief"),
    ("Bevolking.Bevolkingsdichtheid..aantal.inwoners.per.km..", "bevolking bevolkingsdichtheid"),
    ("Motorvoertuigen|Personenauto's|Personenauto's totaal", "motorvoertuigen personenautos personenautos totaal"),
    ("Wonen_Woningen_naar_bouwjaar_Bouwjaar_vanaf_2000", "wonen woningen naar bouwjaar bouwjaar vanaf 2000"),
    ("GemiddeldInkomenPerInwoner_78", "gemiddeld inkomen per inwoner"),
    ("GemiddeldInkomenPerInwoner_66", "gemiddeld inkomen per inwoner"),
    ("k_65JaarOfOuder_12", "65 jaar of ouder"),
    ("PersonenautoSTotaal_104", "personenautos totaal"),
    ("Oppervlakte|Land (km²)", "oppervlakte land"),
    ("\u200bKoop\u200bwoningen\u00ad", "koopwoningen"),
    ("aantal", "aantal"),
    ("", ""),
]  # fmt: skip


def test_titles_of_all_editions_come_down_to_their_meaning() -> None:
    assert [(title, normalise(title)) for title, _ in MEANINGS] == MEANINGS


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(title: str) -> None:
    assert normalise(normalise(title)) == normalise(title)


@given(st.lists(st.sampled_from(["s", "proc", "40", "km", "aantal", "naam", "Auto", "_7", "m2", "."]), max_size=6))
def test_normalising_twice_changes_nothing_for_words_that_matter(words: list[str]) -> None:
    title = " ".join(words)
    assert normalise(normalise(title)) == normalise(title)


# field names of table 85984NED (2024) in the README of the national test table
FIELDS = pairs("""
    AantalInwoners_5 inhabitants k_65JaarOfOuder_12 inhabitants_aged_65_plus k_0Tot15Jaar_8 inhabitants_aged_0_14
    Bevolkingsdichtheid_34 population_density GemiddeldeHuishoudensgrootte_33 mean_household_size
    HuishoudensTotaal_29 households GemiddeldeWOZWaardeVanWoningen_39 mean_dwelling_value
    Koopwoningen_47 owner_occupied_share PercentageEengezinswoning_40 single_family_share
    GemiddeldInkomenPerInwoner_78 mean_income_per_inhabitant MateVanStedelijkheid_120 urbanity_class
    Omgevingsadressendichtheid_121 address_density OppervlakteLand_116 land_area
    AfstandTotHuisartsenpraktijk_110 distance_to_general_practice
    AfstandTotGroteSupermarkt_111 distance_to_supermarket AfstandTotSchool_113 distance_to_primary_school
    ScholenBinnen3Km_114 schools_within_3_km
""")


def test_field_names_of_open_data_are_understood(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "85984NED_kwb_2024.csv"
    titles = [
        "ID", "WijkenEnBuurten", "Codering_3", *FIELDS, "MeestVoorkomendePostcode_118", "Appartement_50",
    ]  # fmt: skip
    path.write_text(
        ";".join(titles) + "\n0;GM0758    ;GM0758    ;" + ";".join("1" for _ in titles[3:]) + "\n",
        encoding="utf-8",
    )
    read = read_kwb(path, "GM0758", catalogue)
    assert {title: indicator for _, title, indicator in read.understood} == FIELDS
    # the postcode is no figure, and `Appartement` could be electricity or gas
    assert dict(read.identity)["MeestVoorkomendePostcode_118"] == "postcode"
    assert read.not_understood == ((2024, "Appartement_50"),)


# ------------------------------------------------------------------ Heerlen, SQLite


def rows_of(shared: Path, year: int) -> list[dict[str, object]]:
    """Rows of one year, read with sqlite3 alone."""
    database = sqlite3.connect(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    database.row_factory = sqlite3.Row
    rows = [dict(row) for row in database.execute(f"SELECT * FROM Kerncijfers_wijken_en_buurten_{year}_pp")]
    database.close()
    return rows


@pytest.mark.shared
def test_heerlen_areas(heerlen: Recognised) -> None:
    assert heerlen.kind == "kwb_sqlite"
    assert dict(Counter(heerlen.areas["level"])) == {"gemeente": 1, "wijk": 23, "buurt": 57}
    whole = heerlen.areas[heerlen.areas["level"] == "gemeente"]
    assert (whole["code"].item(), whole["name"].item()) == ("GM0917", "Heerlen")
    assert heerlen.areas["code"].str.fullmatch(r"GM0917|WK0917x0\d\d|BU0917x0\d\d").all()
    assert heerlen.areas["code"].is_unique
    parents = heerlen.areas.set_index("code")["parent_code"]
    assert set(parents[parents.index.str.startswith("WK")]) == {"GM0917"}
    assert set(parents[parents.index.str.startswith("BU")]) == set(parents.index[parents.index.str.startswith("WK")])
    aside = {entry.step: entry for entry in heerlen.set_aside}
    assert aside["kwb_rows"].rows == 4  # `Bron: CBS` in 2016-2019
    assert aside["kwb_codes"].reason == "local_codes_from_names"
    assert set(aside) == {"kwb_rows", "kwb_codes"}  # sums add up and no area is absent in a year


@pytest.mark.shared
def test_heerlen_wijk_with_a_wrong_number_is_one_wijk(heerlen: Recognised) -> None:
    # 2016 prints `Wijk 41 De Beitel`, later years `Wijk 42 De Beitel`
    assert list(heerlen.areas.loc[heerlen.areas["name"].str.contains("Beitel"), "name"].sort_values()) == [
        "Beitel",
        "Wijk 42 De Beitel",
    ]
    code = heerlen.areas.loc[heerlen.areas["name"] == "Wijk 42 De Beitel", "code"].item()
    rows = heerlen.observations[
        (heerlen.observations["code"] == code) & (heerlen.observations["indicator"] == "inhabitants")
    ]
    assert list(rows["year"]) == list(YEARS)
    below = heerlen.areas.loc[heerlen.areas["name"] == "Beitel", "parent_code"].item()
    assert below == code


SPOTS = {
    (2016, "inhabitants"): 87406.0, (2020, "households"): 45247.0, (2018, "social_assistance_recipients"): 4640.0,
    (2019, "mean_income_per_inhabitant"): "not_published", (2020, "mean_dwelling_value"): "not_published",
    (2018, "median_wealth"): "not_published",
}  # fmt: skip


@pytest.mark.shared
def test_heerlen_spot_values(heerlen: Recognised) -> None:
    assert {key: value(heerlen, "Heerlen", *key) for key in SPOTS} == SPOTS


# data/INDEX.md section 4: buurten with a value, 2016-2020; - where the column is absent that year
COUNTS = """
inhabitants 57 57 57 57 57
mean_household_size 57 57 57 57 57
income_recipients 57 57 57 0 0
mean_income_per_recipient 51 51 7 0 0
mean_income_per_inhabitant 51 51 10 0 0
mean_standardised_income - - 0 0 0
low_income_persons_share 51 51 51 0 0
working_15_75_share 51 51 - - -
low_income_households_share 48 48 48 0 0
households_below_low_income_line_share 48 48 48 0 0
households_around_social_minimum_share 48 48 48 0 0
households_below_110_social_minimum_share - - 0 0 0
social_assistance_recipients 55 55 55 54 54
owner_occupied_share 54 54 54 54 0
mean_dwelling_value 51 51 51 51 0
low_education_persons - - - 52 0
inhabitants_non_western_background 57 57 57 57 57
net_participation_share - - 49 49 0
self_employed_share - - 45 45 0
cars_per_household 50 50 50 50 50
company_vehicles 57 - - - -
distance_to_general_practice 56 56 56 56 0
schools_within_3_km 56 56 56 56 0
burglary_rate 55 55 55 - -
"""


@pytest.mark.shared
def test_heerlen_buurten_with_a_value(heerlen: Recognised) -> None:
    there = {(name, year) for year, _, name in heerlen.understood}

    def line(name: str) -> str:
        counts = [len(measured(heerlen, year, name)) if (name, year) in there else "-" for year in YEARS]
        return " ".join(map(str, [name, *counts]))

    expected = COUNTS.strip().splitlines()
    assert [line(one.split()[0]) for one in expected] == expected


@pytest.mark.shared
def test_heerlen_says_why_a_value_is_missing(heerlen: Recognised) -> None:
    rows = heerlen.observations[
        (heerlen.observations["indicator"] == "mean_income_per_inhabitant")
        & heerlen.observations["code"].str.startswith("BU")
    ]
    assert rows.groupby(["year", "status"]).size().to_dict() == {
        (2016, "measured"): 51, (2016, "suppressed"): 6, (2017, "measured"): 51, (2017, "suppressed"): 6,
        (2018, "measured"): 10, (2018, "suppressed"): 47, (2019, "not_published"): 57, (2020, "not_published"): 57,
    }  # fmt: skip
    assert set(rows["source"]) == {f"cbs_kwb_{year}" for year in YEARS}


@pytest.mark.shared
def test_heerlen_zero_is_a_value(heerlen: Recognised) -> None:
    owner = measured(heerlen, 2016, "owner_occupied_share")
    corporation = measured(heerlen, 2016, "housing_corporation_share")
    assert int((owner["value"] == 0).sum()) == 1
    assert int((corporation["value"] == 0).sum()) in (9, 10)


SUMS = {  # data/INDEX.md section 2: the municipality, its wijken, its buurten
    ("inhabitants", 2016): [87406, 87360, 87290],
    ("inhabitants", 2017): [87189, 87135, 87070],
    ("inhabitants", 2018): [86762, 86715, 86640],
    ("inhabitants", 2019): [86832, 86790, 86745],
    ("inhabitants", 2020): [87086, 87045, 86980],
    ("households", 2016): [44691, 44655, 44575],
    ("households", 2020): [45247, 45210, 45130],
    ("social_assistance_recipients", 2017): [4910, 4920, 4950],
    ("social_assistance_recipients", 2020): [4210, 4210, 4260],
}


@pytest.mark.shared
def test_heerlen_sums(heerlen: Recognised) -> None:
    def of(name: str, year: int) -> list[int]:
        return [int(measured(heerlen, year, name, prefix)["value"].sum()) for prefix in ("GM", "WK", "BU")]

    assert {key: of(*key) for key in SUMS} == SUMS


@pytest.mark.shared
def test_heerlen_columns_understood(heerlen: Recognised, shared: Path) -> None:
    for year in YEARS:
        titles = set(rows_of(shared, year)[0]) - {"Wijk_Buurt\ufeff"}
        known = {title for y, title, _ in heerlen.understood if y == year}
        rest = dict(heerlen.identity)
        assert known | {*rest} == titles | {"Wijk_Buurt\ufeff"} and not known & {*rest} and not heerlen.not_understood
        assert rest["Regioaanduiding_Indelingswijziging_wijken_en_buurten"] == "boundary_change"
        assert len(known) / len(titles) >= 0.95


@pytest.fixture
def heerlen_codes(shared: Path, tmp_path: Path) -> Path:
    """A codebook of another source: the areas of 2024."""
    source = json.loads((shared / "data" / "national" / "raw" / "GM0917.json").read_text(encoding="utf-8"))
    path = tmp_path / "codes.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name"])
        writer.writerows((area["code"], area["name"]) for area in [source, *source["wijken"], *source["buurten"]])
    return path


@pytest.mark.shared
def test_heerlen_with_a_codebook(heerlen_codes: Path, heerlen: Recognised, shared: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    read = read_kwb(path, "GM0917", catalogue, codes=heerlen_codes)
    areas = read.areas.set_index("name")
    assert areas.loc["'t Loon", "code"] == "BU09173302"
    assert areas.loc["Wijk 42 De Beitel", "code"] == "WK091742"
    buurten = read.areas[read.areas["level"] == "buurt"]
    # the order of rows and the digits of the codes put every buurt in the same wijk
    assert (buurten["parent_code"] == "WK" + buurten["code"].str.slice(2, 8)).all()
    assert [entry.step for entry in read.set_aside] == ["kwb_rows"]
    for name in ("Heksenberg", "Beitel"):
        assert value(read, name, 2018, "inhabitants") == value(heerlen, name, 2018, "inhabitants")


@pytest.mark.shared
def test_a_codebook_must_fit_in_both_directions(heerlen_codes: Path, shared: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    text = heerlen_codes.read_text(encoding="utf-8").replace("'t Loon", "Het Loon")
    heerlen_codes.write_text(text, encoding="utf-8")
    with pytest.raises(
        SchemaError, match=r"1 names have no code \('t Loon\).* 1 codes have no row \(BU09173302 Het Loon\)"
    ):
        read_kwb(path, "GM0917", catalogue, codes=heerlen_codes)
    heerlen_codes.write_text(text.replace("GM0917,Heerlen", "GM0917,Kerkrade"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"is about Heerlen, the codebook about Kerkrade"):
        read_kwb(path, "GM0917", catalogue, codes=heerlen_codes)
    heerlen_codes.write_text(text.replace("name", "naam"), encoding="utf-8")
    with pytest.raises(SchemaError, match="column name is missing"):
        read_kwb(path, "GM0917", catalogue, codes=heerlen_codes)


@pytest.mark.shared
def test_a_truncated_database_is_refused(tmp_path: Path, shared: Path, catalogue: Catalogue) -> None:
    whole = (shared / "data" / "kwb" / "heerlen_2016_2020.db").read_bytes()
    path = tmp_path / "part.db"
    path.write_bytes(whole[: len(whole) * 4 // 10])
    with pytest.raises(SourceError, match=r"part\.db is cut off: 78643 of 196608 bytes"):
        read_kwb(path, "GM0917", catalogue)
    path.write_bytes(whole[:4096] + b"\x00" * (len(whole) - 4096))
    with pytest.raises(SourceError, match=r"part\.db is a damaged SQLite database"):
        read_kwb(path, "GM0917", catalogue)


# ------------------------------------------------------------------ Amsterdam, CSV written by R


def csv_rows(shared: Path, year: int) -> list[dict[str, str]]:
    with (shared / "data" / "kwb" / f"amsterdam_{year}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.shared
@pytest.mark.parametrize("year", [2017, 2019])
def test_amsterdam_areas_and_columns(amsterdam: dict[int, Recognised], shared: Path, year: int) -> None:
    read = amsterdam[year]
    assert read.kind == "kwb_csv"
    assert dict(Counter(read.areas["level"])) == {"gemeente": 1, "wijk": 99, "buurt": 479}
    assert [(entry.step, entry.rows) for entry in read.set_aside] == [("kwb_rows", 1)]
    assert "NL00" in read.set_aside[0].detail
    codes = {row["Regioaanduiding.Codering..code."].strip() for row in csv_rows(shared, year)} - {"NL00"}
    assert set(read.areas["code"]) == codes
    buurten = read.areas[read.areas["level"] == "buurt"]
    assert set(buurten["parent_code"]) == set(read.areas.loc[read.areas["level"] == "wijk", "code"])
    assert len(read.understood) + len(read.identity) == len(csv_rows(shared, year)[0]) and not read.not_understood
    whys = ["row_number", "name", "name", "level", "code", "boundary_change", "postcode", "postcode"]
    assert [why for _, why in read.identity] == whys


BUURTEN = {  # data/INDEX.md section 4: with a value in 2017 and in 2019
    "inhabitants": [479, 479], "mean_household_size": [465, 462], "mean_income_per_inhabitant": [398, 405],
    "low_income_households_share": [383, 390], "households_below_low_income_line_share": [378, 387],
    "social_assistance_recipients": [419, 423], "owner_occupied_share": [398, 409], "mean_dwelling_value": [384, 402],
    "cars_per_household": [397, 404], "distance_to_primary_school": [446, 449], "burglary_rate": [413, 0],
    "median_wealth": [0, 390], "net_participation_share": [0, 393],
}  # fmt: skip


@pytest.mark.shared
def test_amsterdam_buurten_with_a_value(amsterdam: dict[int, Recognised]) -> None:
    found = {name: [len(measured(read, year, name)) for year, read in amsterdam.items()] for name in BUURTEN}
    assert found == BUURTEN


@pytest.mark.shared
def test_amsterdam_blank_cells_are_missing_and_wealth_may_be_negative(amsterdam: dict[int, Recognised]) -> None:
    crime = amsterdam[2017].observations
    crime = crime[crime["indicator"].eq("burglary_rate") & crime["code"].str.startswith("BU")]
    # 24 buurten without inhabitants, 15 of them blank
    assert dict(Counter(crime["status"])) == {"measured": 413, "suppressed": 42, "not_applicable": 24}
    wealth = measured(amsterdam[2019], 2019, "median_wealth")
    assert wealth["value"].min() == -8.7
    empty = measured(amsterdam[2017], 2017, "inhabitants")
    assert int((empty["value"] == 0).sum()) == 24


@pytest.mark.shared
def test_rounding_of_the_catalogue_is_the_rounding_of_the_files(
    heerlen: Recognised, amsterdam: dict[int, Recognised], catalogue: Catalogue
) -> None:
    rows = pd.concat([heerlen.observations, *(read.observations for read in amsterdam.values())])
    rows = rows[rows["code"].str.startswith(("WK", "BU")) & (rows["status"] == "measured")]
    for indicator, values in rows.groupby("indicator")["value"]:
        step = catalogue.indicator(str(indicator)).rounding
        assert step > 0, indicator
        off = (values / step - (values / step).round()).abs().max()
        assert off < 1e-6, f"{indicator} is not rounded to {step}"


@pytest.mark.shared
def test_every_real_file_gives_valid_observations(heerlen: Recognised, amsterdam: dict[int, Recognised]) -> None:
    for read in (heerlen, *amsterdam.values()):
        again = check_observations(read.observations.sample(frac=1, random_state=1), "shuffled")
        pd.testing.assert_frame_equal(again, read.observations)
        assert list(read.observations.columns) == list(COLUMNS)
        assert set(read.observations["code"]) == set(read.areas["code"])
        assert len(read.sha256) == 64


# ------------------------------------------------------------------ Amsterdam 2015, StatLine CSV


@pytest.mark.shared
def test_statline_file_without_levels_asks_for_a_codebook(shared: Path, catalogue: Catalogue) -> None:
    with pytest.raises(SourceError, match=r"amsterdam_2015\.csv has names only.*cannot be told apart.*codes="):
        read_kwb(shared / "data" / "kwb" / "amsterdam_2015.csv", "GM0363", catalogue)


@pytest.mark.shared
def test_statline_file_with_a_codebook(shared: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "kwb" / "amsterdam_2015.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[5:-1]
    wijken = [row for row in rows[1:] if not row[0].startswith("Stadsdeel")]
    codes = tmp_path / "codes.csv"
    # two buurten share the name of a wijk, as in the real division
    listed = ["code;name", "GM0363;Amsterdam", "BU03630001;Driemond", "BU03630002;Kop Zeedijk"]
    listed += [f"WK0363{number:02d};{row[0]}" for number, row in enumerate(wijken)]
    codes.write_text("\n".join(listed), encoding="utf-8")
    read = read_kwb(path, "GM0363", catalogue, codes=codes)
    assert read.kind == "statline_csv"
    assert dict(Counter(read.areas["level"])) == {"gemeente": 1, "wijk": 97}
    assert {(entry.step, entry.rows) for entry in read.set_aside} == {("kwb_rows", 1), ("kwb_rows", 8)}
    assert len(read.understood) == 10 and read.not_understood == ()
    assert value(read, "Amsterdam", 2015, "mean_income_per_inhabitant") == 26.9
    assert value(read, "Jordaan", 2015, "income_recipients") == 16300.0
    assert value(read, "Bedrijventerrein Sloterdijk", 2015, "households_below_low_income_line_share") == "suppressed"
    assert value(read, "Driemond", 2015, "households_around_social_minimum_share") == 5.7


STATLINE = (
    '\ufeff"Kerncijfers wijken en buurten 2015"\r\n""\r\n"";"Onderwerp"\r\n'
    '"";"Bevolking|Aantal inwoners";"Inkomen|Inkomen van personen|Gemiddeld inkomen per inwoner\u00a0"\r\n'
    '"Wijken en buurten";"aantal";"x 1 000 euro"\r\n'
    '"Breda";"175";"26,9"\r\n"Wijk 00 Centrum";"175";"26,9"\r\n"Chassé";"100";"30,1"\r\n'
    '"Valkenberg";"75";"."\r\n'
    '"Bron: CBS"\r\n'
)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_kwb_table_by_any_separator_packed_or_not_of_the_year_that_a_person_says(
    tmp_path: Path, catalogue: Catalogue, sign: str
) -> None:
    rows = [["Wijken en buurten", "Codering", "Bevolking|Aantal inwoners"], ["Breda", "GM0758", "182304"]]
    text = "".join(sign.join(row) + "\n" for row in rows).encode()
    for name, content in (("breda.txt", text), ("breda.csv.gz", gzip.compress(text))):
        path = tmp_path / name
        path.write_bytes(content)
        found = recognise(path, catalogue, year=2017)
        assert found.observations[["code", "year", "value"]].to_numpy().tolist() == [["GM0758", 2017, 182304.0]]
        assert found.sha256 == hashlib.sha256(content).hexdigest()
        with pytest.raises(SourceError, match=r"breda\..*or say it: --year 2017"):
            recognise(path, catalogue)


def test_statline_file_with_numbered_wijken(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "breda.csv"
    path.write_text(STATLINE, encoding="utf-8", newline="")
    read = read_kwb(path, "GM0758", catalogue)
    assert read.areas.to_numpy().tolist() == [
        ["BU0758x001", "Chassé", "buurt", "WK0758x001"], ["BU0758x002", "Valkenberg", "buurt", "WK0758x001"],
        ["GM0758", "Breda", "gemeente", ""], ["WK0758x001", "Wijk 00 Centrum", "wijk", "GM0758"],
    ]  # fmt: skip
    assert value(read, "Chassé", 2015, "mean_income_per_inhabitant") == 30.1
    assert value(read, "Valkenberg", 2015, "mean_income_per_inhabitant") == "suppressed"
    path.write_text(STATLINE.replace('"Wijk 00 Centrum"', '"Loos"'), encoding="utf-8", newline="")
    with pytest.raises(SourceError, match="cannot be told apart"):
        read_kwb(path, "GM0758", catalogue)


def test_a_codebook_tells_the_level_of_names(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "breda.csv"
    path.write_text(STATLINE.replace("Wijk 00 Centrum", "Bavel"), encoding="utf-8", newline="")
    codes = tmp_path / "codes.csv"
    # Bavel is a wijk and a buurt; the other names are buurten, so this file is about buurten
    book = "code,name\nGM0758,Breda\nWK075804,Bavel\nBU07580400,Bavel\n"
    book += "BU07580001,Chassé\nBU07580002,Valkenberg\n"
    codes.write_text(book + "GM0855,Tilburg\n", encoding="utf-8")
    read = read_kwb(path, "GM0758", catalogue, codes=codes)
    assert read.areas.to_numpy().tolist() == [
        ["BU07580001", "Chassé", "buurt", "WK075800"], ["BU07580002", "Valkenberg", "buurt", "WK075800"],
        ["BU07580400", "Bavel", "buurt", "WK075804"], ["GM0758", "Breda", "gemeente", ""],
    ]  # fmt: skip
    codes.write_text(book.replace("BU07580001", "WK075801"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"gives these names the levels \['wijk', 'buurt'\]"):
        read_kwb(path, "GM0758", catalogue, codes=codes)
    codes.write_text(book + "BU07580003,Chassé\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="occur more than once: BU07580001, BU07580003"):
        read_kwb(path, "GM0758", catalogue, codes=codes)


def test_names_that_do_not_fit_the_order_are_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "breda.csv"
    swapped = STATLINE.replace('"Wijk 00 Centrum";"175";"26,9"\r\n"Chassé"', '"Chassé";"1";"26,9"\r\n"Wijk 00 Centrum"')
    path.write_text(swapped, encoding="utf-8", newline="")
    with pytest.raises(SourceError, match="Chassé stand above the first wijk"):
        read_kwb(path, "GM0758", catalogue)
    path.write_text(STATLINE.replace('"Breda";"175";"26,9"\r\n', ""), encoding="utf-8", newline="")
    with pytest.raises(SourceError, match="the first row is a wijk"):
        read_kwb(path, "GM0758", catalogue)
    path.write_text(STATLINE.replace("Valkenberg", "Chassé"), encoding="utf-8", newline="")
    with pytest.raises(SchemaError, match=r"names occur more than once at one level: 2015 Chassé, 2015 Chassé"):
        read_kwb(path, "GM0758", catalogue)


def test_sums_that_do_not_add_up_are_noticed(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "breda.csv"
    path.write_text(STATLINE.replace('"Breda";"175"', '"Breda";"9000"'), encoding="utf-8", newline="")
    notices = [entry for entry in read_kwb(path, "GM0758", catalogue).set_aside if entry.step == "kwb_sums"]
    assert {entry.reason for entry in notices} == {"inhabitants_do_not_add_up"}
    assert [entry.detail for entry in notices] == ["2015 buurt 175 (2) 9000", "2015 wijk 175 (1) 9000"]


# ------------------------------------------------------------------ small files with one quirk each

TITLES = [
    "", "Wijken.en.buurten", "Regioaanduiding.Codering..code.", "Bevolking.Aantal.inwoners..aantal.",
    "Wonen.Woningen.naar.eigendom.Koopwoningen....", MANGLED_INCOME, "Sterren",
]  # fmt: skip
AREAS = [
    ["1", "Breda", "GM0758    ", "300", "50", "25.5", "x"], ["2", "Centrum", "WK075800  ", "300", "50", "25.5", "x"],
    ["3", "Chassé", "BU07580001", "200", "0", "30", "x"], ["4", "Valkenberg", "BU07580002", "100", ".", ".", "x"],
]  # fmt: skip


def write(tmp_path: Path, areas: list[list[str]], titles: list[str] = TITLES, name: str = "kwb_2017.csv") -> Path:
    path = tmp_path / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([titles, *areas])
    return path


def changed(row: int, column: int, cell: str) -> list[list[str]]:
    areas = [list(area) for area in AREAS]
    areas[row][column] = cell
    return areas


def test_a_small_file(tmp_path: Path, catalogue: Catalogue) -> None:
    other = ["9", "Tilburg", "GM0855    ", "7", "1", "1", "x"]
    read = read_kwb(
        write(tmp_path, [["0", "Nederland", "NL00      ", "17", "9", "2", "x"], *AREAS, other]),
        "GM0758",
        catalogue,
    )
    assert value(read, "Chassé", 2017, "owner_occupied_share") == 0.0
    assert value(read, "Valkenberg", 2017, "owner_occupied_share") == "suppressed"
    assert value(read, "Breda", 2017, "mean_income_per_inhabitant") == 25.5
    assert [(entry.rows, entry.reason, entry.detail) for entry in read.set_aside] == [
        (2, "other_areas", "GM0855, NL00")
    ]
    assert read.not_understood == ((2017, "Sterren"),)
    assert set(read.observations["source"]) == {"cbs_kwb_2017"}


@pytest.mark.parametrize(
    "mark",
    [".", "       .", "", " ", "NA", "NULL", "\u00a0", "-99997", "-99997.0", "-99999999", "-99999999.0"],
)  # fmt: skip
def test_marks_for_missing(tmp_path: Path, catalogue: Catalogue, mark: str) -> None:
    areas = changed(2, 5, mark)
    areas[3][5] = "20"
    read = read_kwb(write(tmp_path, areas), "GM0758", catalogue)
    assert value(read, "Chassé", 2017, "mean_income_per_inhabitant") == "suppressed"


def test_an_empty_column_was_not_published(tmp_path: Path, catalogue: Catalogue) -> None:
    empty = [[*area[:5], ".", "x"] for area in AREAS]
    path = write(tmp_path, empty)
    assert value(read_kwb(path, "GM0758", catalogue), "Chassé", 2017, "mean_income_per_inhabitant") == "not_published"
    # a value in a buurt of another municipality shows that the column was published
    path = write(tmp_path, [*empty, ["9", "Korvel", "BU08550000", "7", "1", "20", "x"]])
    assert value(read_kwb(path, "GM0758", catalogue), "Chassé", 2017, "mean_income_per_inhabitant") == "suppressed"


@pytest.mark.parametrize("cell", ["1e+05", "100000", " 100000 ", "100000.0", "100000,0"])
def test_numbers_in_every_notation(tmp_path: Path, catalogue: Catalogue, cell: str) -> None:
    areas = (
        [[*area[:5], area[5].replace(".", ","), "x"] for area in changed(0, 3, cell)]
        if "," in cell
        else changed(0, 3, cell)
    )
    areas = [[*area[:5], "." if area[5] == "," else area[5], "x"] for area in areas]
    assert value(read_kwb(write(tmp_path, areas), "GM0758", catalogue), "Breda", 2017, "inhabitants") == 100000.0


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        (changed(2, 3, "-5"), r"negative in 1 cells \(BU07580001 Chassé, column 'Bevolking\.Aantal\.inwoners.*': -5\)"),
        (changed(2, 4, "101"), r"percentage above 100 in 1 cells \(BU07580001 Chassé, column 'Wonen.*': 101\)"),
        (changed(2, 3, "20.5"), r"count that is not whole in 1 cells \(BU07580001"),
        (changed(2, 3, "veel"), r"no number in 1 cells \(BU07580001 Chassé, column .*: veel\)"),
        (changed(2, 5, "-99992"), r"unknown mark for missing in 1 cells"),
        (changed(2, 5, "30,5"), r"decimal commas and decimal points: BU07580001.*30,5 and GM0758.*25\.5"),
        (changed(3, 2, "BU07580001"), r"codes occur more than once: BU07580001"),
        (changed(3, 2, "7580002"), r"1 codes without their prefix .*row 4: '7580002'"),
    ],
)  # fmt: skip
def test_cells_and_codes_outside_sense(
    tmp_path: Path, catalogue: Catalogue, areas: list[list[str]], message: str
) -> None:
    with pytest.raises(SchemaError, match=r"kwb_2017\.csv.*" + message):
        read_kwb(write(tmp_path, areas), "GM0758", catalogue)


def test_all_faults_are_listed_at_once(tmp_path: Path, catalogue: Catalogue) -> None:
    areas = changed(2, 3, "-5")
    areas[1][4] = "120"
    with pytest.raises(SchemaError, match=r"^2 faults in kwb_2017\.csv\. \(1\) negative.*\(2\) percentage above 100"):
        read_kwb(write(tmp_path, areas), "GM0758", catalogue)


def test_columns_that_contradict_each_other(tmp_path: Path, catalogue: Catalogue) -> None:
    double = [*TITLES[:6], "Bevolking|Aantal inwoners"]
    with pytest.raises(
        SchemaError,
        match=r"'Bevolking\.Aantal\.inwoners\.\.aantal\.' and 'Bevolking\|Aantal inwoners' both mean inhab",
    ):
        read_kwb(write(tmp_path, AREAS, double), "GM0758", catalogue)
    with pytest.raises(SchemaError, match="two columns have the same title"):
        read_kwb(write(tmp_path, AREAS, [*TITLES[:6], TITLES[3]]), "GM0758", catalogue)
    people = replace(catalogue.indicator("inhabitants"), id="people")
    twice = replace(catalogue, indicators={**catalogue.indicators, "people": people})
    with pytest.raises(CatalogueError, match="'bevolking aantal inwoners' stands at inhabitants and people"):
        read_kwb(write(tmp_path, AREAS), "GM0758", twice)


def test_inhabitants_are_required(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(SchemaError, match=r"kwb_2017\.csv has no column for inhabitants"):
        read_kwb(write(tmp_path, AREAS, [*TITLES[:3], "Mensen", *TITLES[4:]]), "GM0758", catalogue)


def test_the_municipality_must_be_in_the_file(tmp_path: Path, catalogue: Catalogue) -> None:
    path = write(tmp_path, [*AREAS, ["9", "Tilburg", "GM0855", "7", "1", "1", "x"]])
    with pytest.raises(SourceError, match=r"has no rows of GM0772\. It has GM0758 Breda, GM0855 Tilburg\."):
        read_kwb(path, "GM0772", catalogue)
    for wrong in ("Breda", "0758", "GM758", "WK075800"):
        with pytest.raises(ParameterError, match="is no CBS code"):
            read_kwb(path, wrong, catalogue)


def test_a_codebook_for_a_file_with_codes_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("code,name\nGM0758,Breda\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="carries its own codes"):
        read_kwb(write(tmp_path, AREAS), "GM0758", catalogue, codes=codes)


@pytest.mark.parametrize("name", ["kwb.csv", "kwb_20171.csv", "kwb_2017_2018.csv"])
def test_the_year_is_read_from_the_name(tmp_path: Path, catalogue: Catalogue, name: str) -> None:
    with pytest.raises(SourceError, match=r"Name it like kwb_2017\.csv"):
        read_kwb(write(tmp_path, AREAS, name=name), "GM0758", catalogue)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("kwb_2017.csv", b"Dear reader, this is a letter.\nBye\n", "is no KWB file: its first line is 'Dear reader"),
        ("kwb_2017.csv", b'Wijken en buurten,Codering\n"Breda', "is a damaged CSV at line 2"),
        ("kwb_2017.csv", b"Wijken en buurten,Codering,Bevolking\nBreda,GM0758\n",
         "row 1 below the titles has not 3 cells"),
    ],
)  # fmt: skip
def test_what_is_no_kwb_file(tmp_path: Path, catalogue: Catalogue, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read_kwb(path, "GM0758", catalogue)


def database(path: Path, tables: dict[str, tuple[list[str], list[tuple[object, ...]]]]) -> Path:
    connection = sqlite3.connect(path)
    for table, (titles, rows) in tables.items():
        connection.execute(f'CREATE TABLE "{table}" ({", ".join(chr(34) + title + chr(34) for title in titles)})')
        connection.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(titles))})', rows)
    connection.commit()
    connection.close()
    return path


ONE = (
    ["Wijk_Buurt\ufeff", PEOPLE],
    [("Breda", 10.0), ("Wijk 00 Centrum", 10.0), ("Chassé", 10.0), ("Bron: CBS", None)],
)


def test_databases_with_the_wrong_tables(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(
        SourceError, match=r"has no table named like Kerncijfers_wijken_en_buurten_2016\. Its tables: cities"
    ):
        read_kwb(database(tmp_path / "a.db", {"cities": ONE}), "GM0758", catalogue)
    twice = {"Kerncijfers_wijken_en_buurten_2016": ONE, "Kerncijfers_wijken_en_buurten_2016_pp": ONE}
    with pytest.raises(SchemaError, match="more than one table for a year"):
        read_kwb(database(tmp_path / "b.db", twice), "GM0758", catalogue)
    bare = (["Wijk_Buurt", "Sterren"], ONE[1])
    tables = {"Kerncijfers_wijken_en_buurten_2016_pp": ONE, "Kerncijfers_wijken_en_buurten_2017_pp": bare}
    with pytest.raises(
        SchemaError, match=r"c\.db, table Kerncijfers_wijken_en_buurten_2017_pp has no column for inhabitants"
    ):
        read_kwb(database(tmp_path / "c.db", tables), "GM0758", catalogue)
    other = (ONE[0], [("Tilburg", 10.0), *ONE[1][1:]])
    tables = {"Kerncijfers_wijken_en_buurten_2016_pp": ONE, "Kerncijfers_wijken_en_buurten_2017_pp": other}
    with pytest.raises(SourceError, match="begins with Breda, Tilburg; it should hold one municipality"):
        read_kwb(database(tmp_path / "e.db", tables), "GM0758", catalogue)
    nameless = (["Gebied", PEOPLE], ONE[1])
    with pytest.raises(SchemaError, match="has no column with areas"):
        read_kwb(
            database(tmp_path / "d.db", {"Kerncijfers_wijken_en_buurten_2016_pp": nameless}),
            "GM0758",
            catalogue,
        )


def test_a_database_with_broken_text_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    path = database(tmp_path / "kwb.db", {"Kerncijfers_wijken_en_buurten_2016_pp": ONE})
    path.write_bytes(path.read_bytes().replace("Chassé".encode(), b"Chass\xe9\x00"))
    with pytest.raises(SourceError, match=r"kwb\.db is a damaged SQLite database"):
        read_kwb(path, "GM0758", catalogue)


def test_the_same_name_is_the_same_area_in_all_years(tmp_path: Path, catalogue: Catalogue) -> None:
    titles, rows = ONE
    later = [("Breda", 12.0), ("Wijk 01 Centrum", 12.0), ("Chassé\u00a0", 8.0), ("Belcrum", 4.0)]
    path = tmp_path / "kwb.sqlite"
    read = read_kwb(
        database(
            path,
            {
                "Kerncijfers_wijken_en_buurten_2016_pp": ONE,
                "Kerncijfers_wijken_en_buurten_2017_pp": (titles, later),
            },
        ),
        "GM0758",
        catalogue,
    )
    # sorted over both years: Belcrum before Chassé, although it only appears in 2017
    assert list(read.areas["code"]) == ["BU0758x001", "BU0758x002", "GM0758", "WK0758x001"]
    assert list(read.areas["name"]) == ["Belcrum", "Chassé", "Breda", "Wijk 01 Centrum"]
    assert value(read, "Chassé", 2016, "inhabitants") == 10.0
    assert value(read, "Chassé", 2017, "inhabitants") == 8.0
    assert any((entry.reason, entry.detail) == ("areas_not_in_every_year", "1: belcrum") for entry in read.set_aside)
    assert sum(entry.rows for entry in read.set_aside) == 1
    assert len(rows) == 4  # the fixture itself is left as it was


# ------------------------------------------------------------------ our own tidy CSV


def tidy(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_tidy_rows(tmp_path: Path, catalogue: Catalogue) -> None:
    text = (
        "code,year,indicator,value,unit,source,status,name,note\n"
        "GM0758,2019,inhabitants,300,persons,register,,Breda,\n"
        "BU07580001,2019,inhabitants,200,,,,Chassé,\n"
        "BU07580002,2019,inhabitants,,,,suspect,Valkenberg,\n"
        "BU07580002,2020,inhabitants,.,,,,Valkenberg Zuid,\n"
        "GM0855,2019,inhabitants,7,,,,Tilburg,\n"
    )
    read = read_kwb(tidy(tmp_path, text), "GM0758", catalogue)
    assert read.kind == "tidy_csv"
    got = read.observations[["code", "year", "value", "status", "source"]].fillna({"value": -1}).to_numpy().tolist()
    assert got == [
        ["BU07580001", 2019, 200.0, "measured", "own_file"], ["BU07580002", 2019, -1.0, "suspect", "own_file"],
        ["BU07580002", 2020, -1.0, "not_published", "own_file"], ["GM0758", 2019, 300.0, "measured", "register"],
    ]  # fmt: skip
    assert read.areas.to_numpy().tolist() == [
        ["BU07580001", "Chassé", "buurt", "WK075800"],
        ["BU07580002", "Valkenberg Zuid", "buurt", "WK075800"],
        ["GM0758", "Breda", "gemeente", ""],
    ]
    assert read.not_understood == ((2019, "note"), (2020, "note"))
    assert [(entry.rows, entry.reason, entry.detail) for entry in read.set_aside if entry.rows] == [
        (1, "other_areas", "GM0855")
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("GM0758,2019,inhabitans,3,,", r"unknown indicator in 1 rows \(inhabitans, nearest inhabitants\)"),
        ("GM0758,19,inhabitants,3,,", r"not a year in 1 rows \(19\)"),
        ("GM0758,2019,inhabitants,3,percent,", r"another unit than the catalogue in 1 rows \(percent\)"),
        ("GM0758,2019,inhabitants,3,,missing", r"unknown status in 1 rows \(missing\)"),
        ("GM0758,2019,inhabitants,,,measured", "no number although the status says measured"),
        ("GM0758,2019,inhabitants,3,,suppressed", "a number although the status says missing"),
        ("GM0758,2019,owner_occupied_share,103,,", "percentage above 100"),
        ("0758,2019,inhabitants,3,,", "codes without their prefix"),
        ("GM0758,2019,inhabitants,3,,\nGM0758,2019,inhabitants,3,,", "duplicate code, year, indicator and source"),
    ],
)  # fmt: skip
def test_tidy_rows_that_are_refused(tmp_path: Path, catalogue: Catalogue, row: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read_kwb(tidy(tmp_path, f"code,year,indicator,value,unit,status\n{row}\n"), "GM0758", catalogue)


def test_local_codes_come_back_through_a_tidy_file(tmp_path: Path, catalogue: Catalogue) -> None:
    first = read_kwb(database(tmp_path / "kwb.db", {"Kerncijfers_wijken_en_buurten_2016_pp": ONE}), "GM0758", catalogue)
    path = tmp_path / "again.csv"
    first.observations.to_csv(path, index=False)
    again = read_kwb(path, "GM0758", catalogue)
    pd.testing.assert_frame_equal(again.observations, first.observations)


@settings(deadline=None)
@given(content=st.binary(max_size=300))
@example(content=b"\x1c")  # counts as the end of a line for Python, not for a CSV
@example(content=b"\x1c\n\x1d")
def test_any_bytes_are_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, project: Path, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any_2017.csv"
    path.write_bytes(content)
    with pytest.raises(KloofError):
        read_kwb(path, "GM0758", read_once(project))
