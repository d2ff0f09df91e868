"""Tables as StatLine serves them: OData v3 and v4, raw files of fetch, police and health tables; what is refused."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_files import cells, pairs

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import KloofError, SchemaError, SourceError
from kloof.files.plausible import Allowed
from kloof.files.recognise import recognise

V3 = "https://opendata.cbs.nl/ODataApi/odata/{}/$metadata#Cbs.OData.WebAPI.TypedDataSet"

# field names of the edition of 2019 in their order, as public programs list them
KWB_2019 = pairs("""
    AantalInwoners_5 inhabitants Mannen_6 inhabitants_men k_0Tot15Jaar_8 inhabitants_aged_0_14
    k_65JaarOfOuder_12 inhabitants_aged_65_plus Ongehuwd_13 inhabitants_never_married Gehuwd_14 inhabitants_married
    WestersTotaal_17 inhabitants_western_background NietWestersTotaal_18 inhabitants_non_western_background
    Marokko_19 inhabitants_moroccan_background NederlandseAntillenEnAruba_20 inhabitants_antillean_background
    OverigNietWesters_23 inhabitants_other_non_western_background GeboorteTotaal_24 births
    SterfteRelatief_27 death_rate HuishoudensTotaal_28 households Eenpersoonshuishoudens_29 one_person_households
    GemiddeldeHuishoudensgrootte_32 mean_household_size Bevolkingsdichtheid_33 population_density
    Woningvoorraad_34 dwellings GemiddeldeWOZWaardeVanWoningen_35 mean_dwelling_value
    PercentageBewoond_38 occupied_dwellings_share PercentageOnbewoond_39 unoccupied_dwellings_share
    Koopwoningen_40 owner_occupied_share HuurwoningenTotaal_41 rental_share
    InBezitWoningcorporatie_42 housing_corporation_share InBezitOverigeVerhuurders_43 other_rental_share
    BouwjaarVoor2000_45 built_before_2000_share GemiddeldElektriciteitsverbruikTotaal_47 mean_electricity_use
    Appartement_48 mean_electricity_use_apartment TweeOnderEenKapWoning_51 mean_electricity_use_semi_detached
    EigenWoning_54 mean_electricity_use_owner_occupied GemiddeldAardgasverbruikTotaal_55 mean_gas_use
    Appartement_56 mean_gas_use_apartment EigenWoning_62 mean_gas_use_owner_occupied
    OpleidingsniveauLaag_64 low_education_persons Nettoarbeidsparticipatie_67 net_participation_share
    AantalInkomensontvangers_70 income_recipients GemiddeldInkomenPerInwoner_72 mean_income_per_inhabitant
    k_40PersonenMetLaagsteInkomen_73 low_income_persons_share
    k_40HuishoudensMetLaagsteInkomen_76 low_income_households_share
    HuishOnderOfRondSociaalMinimum_79 households_around_social_minimum_share
    HuishoudensTot110VanSociaalMinimum_80 households_below_110_social_minimum_share
    HuishoudensTot120VanSociaalMinimum_81 households_below_120_social_minimum_share
    PersonenPerSoortUitkeringBijstand_83 social_assistance_recipients
    PersonenPerSoortUitkeringAOW_86 state_pension_recipients WmoClienten_89 wmo_clients
    WmoClientenRelatief_90 wmo_client_rate PersonenautoSTotaal_99 cars
    PersonenautoSPerHuishouden_102 cars_per_household ScholenBinnen3Km_110 schools_within_3_km
    OppervlakteLand_112 land_area MateVanStedelijkheid_116 urbanity_class
    Omgevingsadressendichtheid_117 address_density
""")


def saved(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def answer(table: str, rows: list[dict]) -> dict:
    return {"odata.metadata": V3.format(table), "value": rows}


def row(code: str, **more: Any) -> dict:
    return {"ID": 1, "WijkenEnBuurten": f"{code:<10}", "Gemeentenaam_1": "Breda     ", "SoortRegio_2": "Wijk", **more}


def test_an_edition_of_kwb_by_its_field_names(tmp_path: Path, catalogue: Catalogue) -> None:
    numbers = {title: float(n % 50) for n, title in enumerate(KWB_2019)}
    rows = [row("GM0758", **numbers), row("WK075800", **dict.fromkeys(numbers)), row("BU07580000", **numbers)]
    rows[2] |= {"Codering_3": "BU07580000", "MeestVoorkomendePostcode_113": "4811"}
    anything = Allowed(frozenset({"unit"}))  # the numbers are made up
    found = recognise(saved(tmp_path, "x.json", answer("84583NED", rows)), catalogue, allowed=anything)
    assert {title: indicator for _, title, indicator in found.understood} == KWB_2019
    assert found.not_understood == () and dict(found.identity)["MeestVoorkomendePostcode_113"] == "postcode"
    assert found.edition == "84583NED 2019" and set(found.sources["source_id"]) == {"cbs_kwb_2019"}
    assert found.sources["table_id"].tolist() == ["84583NED"]
    assert cells(found) == {
        (code, 2019, name): numbers[title] for title, name in KWB_2019.items() for code in ("GM0758", "BU07580000")
    }
    assert ("WK075800", 52) not in cells(found)
    assert [(one.reason, one.rows) for one in found.set_aside] == [
        ("no_figures_of_this_level_and_year", len(KWB_2019)),
        ("accepted_unit", 0),
    ]
    assert found.areas.to_numpy().tolist() == [
        ["BU07580000", "BU07580000", "buurt", "WK075800"],
        ["GM0758", "Breda", "gemeente", ""],
        ["WK075800", "WK075800", "wijk", "GM0758"],
    ]


def test_a_year_is_said_by_the_table_by_the_name_or_by_a_person_and_never_by_two(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    rows = {"value": [row("GM0758", AantalInwoners_5=182304)]}

    def year(name: str, said: int | None = None) -> list[int]:
        found = recognise(saved(tmp_path, name, rows), catalogue, year=said)
        assert found.sources["table_id"].tolist() == ["83765NED"]
        return found.observations["year"].tolist()

    assert (
        year("83765NED.json") == year("kwb_2017.json") == year("x.json", 2017) == year("83765NED.json", 2017) == [2017]
    )
    for name in ("83765NED.json", "kwb_2017.json"):
        with pytest.raises(SourceError, match=r"--year says 2018, and kloof finds 2017\. Leave --year out"):
            year(name, 2018)
    with pytest.raises(SourceError, match=r"Say its year: --year 2024"):
        year("x.json")


def test_untyped_cells_and_the_country(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        row("NL00", AantalInwoners_5="17407585"),
        row("GM0758", AantalInwoners_5="       ."),
        row("GM0855", AantalInwoners_5="  219800"),
    ]
    found = recognise(saved(tmp_path, "84799NED.json", rows), catalogue)
    assert cells(found) == {
        ("NL00", 2020, "inhabitants"): 17407585.0,
        ("GM0758", 2020, "inhabitants"): "suppressed",
        ("GM0855", 2020, "inhabitants"): 219800.0,
    }


def test_what_is_in_a_file_goes_before_its_name(tmp_path: Path, catalogue: Catalogue) -> None:
    content = answer("84583NED", [row("GM0758", Mannen_6=1)])
    assert recognise(saved(tmp_path, "84799NED.json", content), catalogue).edition == "84583NED 2019"


def test_version_four_is_laid_out_by_measure(tmp_path: Path, catalogue: Catalogue) -> None:
    context = "https://datasets.cbs.nl/odata/v1/CBS/86165NED/$metadata#Observations"
    figures = [("T001036", "GM0758", 188100, None), ("1014800", "GM0758", 55, None),
               ("GM000C", "GM0758", None, "GM0758"), ("T001036", "BU07580000", 2700, None),
               ("1014800", "BU07580000", None, None), ("X999", "GM0758", 4, None)]  # fmt: skip
    titles = ("Measure", "WijkenEnBuurten", "Value", "StringValue")
    rows = [{"Id": n, "ValueAttribute": "None", **dict(zip(titles, one, strict=True))} for n, one in enumerate(figures)]
    found = recognise(saved(tmp_path, "o.json", {"@odata.context": context, "value": rows}), catalogue)
    assert cells(found) == {
        ("GM0758", 2025, "inhabitants"): 188100.0,
        ("BU07580000", 2025, "inhabitants"): 2700.0,
        ("GM0758", 2025, "owner_occupied_share"): 55.0,
    }
    assert found.not_understood == ((2025, "X999"),)
    assert found.share_understood == pytest.approx(200 / 3)
    rows.append(rows[0])
    with pytest.raises(SchemaError, match=r"1 figures stand twice \(GM0758 T001036\)"):
        recognise(saved(tmp_path, "o.json", {"@odata.context": context, "value": rows}), catalogue)


def raw(folder: Path, meta: dict, frame: pd.DataFrame) -> Path:
    path = folder / f"{meta['table']}.rows.parquet"
    frame.to_parquet(path)
    saved(folder, f"{meta['table']}.meta.json", meta)
    return path


def test_a_raw_table_of_fetch_is_read_by_its_titles_with_topics(tmp_path: Path, catalogue: Catalogue) -> None:
    titles = {
        "WijkenEnBuurten": "Wijken en buurten", "Totaal_7": "Bevolking|Particuliere huishoudens|Huishoudens totaal",
        "Totaal_9": "Wonen|Woningvoorraad", "Iets_11": "Wonen|Iets nieuws",
    }  # fmt: skip
    meta = {
        "table": "85318NED", "version": "2", "modified": "2023-11-01", "retrieved": "2026-11-24", "source": "kwb",
        "filter": "",
        "columns": [{"key": key, "title": one, "unit": "aantal", "type": "topic"} for key, one in titles.items()],
        "labels": {"WijkenEnBuurten": {"GM0758    ": "Breda", "WK075800  ": "Breda centrum"}},
    }  # fmt: skip
    rows = [("GM0758    ", "90000", 88000, 1), ("WK075800  ", "11000", 10500, 2)]
    frame = pd.DataFrame(rows, columns=list(titles))
    found = recognise(raw(tmp_path, meta, frame), catalogue)
    assert cells(found)["WK075800", 2022, "households"] == 11000.0
    assert cells(found)["GM0758", 2022, "dwellings"] == 88000.0
    assert found.not_understood == ((2022, "Iets_11"),)
    assert found.areas["name"].tolist() == ["Breda", "Breda centrum"]
    assert found.sources["retrieved"].tolist() == ["2026-11-24"]


def test_ses_woa_has_a_row_per_area_and_year(tmp_path: Path, catalogue: Catalogue) -> None:
    topics = ("Totaalscore", "Deelscore financiële welvaart", "Deelscore opleidingsniveau", "Deelscore arbeidsverleden")
    columns = [
        {"key": f"G_{n}", "title": f"SES-WOA|{t}|Gemiddelde score", "unit": "getal", "type": "topic"}
        for n, t in enumerate(topics)
    ]
    meta = {"table": "85900NED", "year": 2022, "labels": {}, "columns": columns}
    scores = {f"G_{n}": [-0.25, 0.5 + n] for n in range(4)}
    frame = pd.DataFrame({"WijkenEnBuurten": ["BU07580000"] * 2, "Perioden": ["2021JJ00", "2022JJ00"], **scores})
    found = recognise(raw(tmp_path, meta, frame), catalogue)
    assert set(found.sources["source_id"]) == {"ses_woa_85900"}
    assert cells(found)["BU07580000", 2022, "ses_woa_work"] == 3.5
    assert cells(found)["BU07580000", 2021, "ses_woa_score"] == -0.25
    assert found.share_understood == 100


def test_crimes_by_kind(tmp_path: Path, catalogue: Catalogue) -> None:
    counts = [("0.0.0 ", "GM0758    ", "2023JJ00", 10976), ("1.1.1 ", "GM0758    ", "2023JJ00", 412),
              ("0.0.0 ", "BU07580000", "2023JJ00", 0), ("9.9.9 ", "GM0758    ", "2023JJ00", 3),
              ("0.0.0 ", "GM0758    ", "2023MM01", 900)]  # fmt: skip
    titles = ("SoortMisdrijf", "WijkenEnBuurten", "Perioden", "GeregistreerdeMisdrijven_1")
    rows = [
        {"ID": n, **dict(zip(titles, one, strict=True)), "GeregistreerdeMisdrijvenRelatief_2": 1.5}
        for n, one in enumerate(counts)
    ]
    found = recognise(saved(tmp_path, "47018NED.json", rows), catalogue)
    assert cells(found) == {
        ("GM0758", 2023, "registered_crimes"): 10976.0,
        ("BU07580000", 2023, "registered_crimes"): 0.0,
        ("GM0758", 2023, "crimes_home_burglary"): 412.0,
    }
    assert found.not_understood == ((2023, "GeregistreerdeMisdrijven_1: 9.9.9"),)
    assert dict(found.identity) == {  # the last is known without the number that StatLine puts behind it
        "ID": "row_number", "SoortMisdrijf": "dimension", "WijkenEnBuurten": "code", "Perioden": "dimension",
        "GeregistreerdeMisdrijvenRelatief_2": "copy",
    }  # fmt: skip
    assert next((one.reason, one.rows) for one in found.set_aside) == ("periods_that_are_no_years", 1)


def test_the_second_health_table_is_known_by_its_first_field(tmp_path: Path, catalogue: Catalogue) -> None:
    of_breda = {"WijkenEnBuurten": "GM0758    ", "Perioden": "2024JJ00"}
    rows = [
        {"Leeftijd": age, "Marges": margin, **of_breda, "GoedErvarenGezondheid_4": value, "Roker_11": 12.0}
        for age, margin, value in (("20300", "MW00000", 73.2), ("20300", "MOG0095", 71.0), ("53115", "MW00000", 75.0))
    ]
    found = recognise(saved(tmp_path, "health.json", rows), catalogue)
    assert cells(found) == {
        ("GM0758", 2024, "good_perceived_health_share"): 73.2,
        ("GM0758", 2024, "smokers_share"): 12.0,
    }
    assert set(found.sources["source_id"]) == {"rivm_50150"} and found.kind == "health_monitor"
    assert {one.reason: one.rows for one in found.set_aside} == {"other_ages": 1, "margins_of_estimates": 1}
    for one in rows:
        one["ErvarenGezondheidGoedZeerGoed_5"] = 70.0
    with pytest.raises(SchemaError, match="both mean good_perceived_health_share"):
        recognise(saved(tmp_path, "health.json", rows), catalogue)
    with pytest.raises(SourceError, match="says rivm_50090 and rivm_50150"):
        plain = [{k: v for k, v in one.items() if k != "ErvarenGezondheidGoedZeerGoed_5"} for one in rows]
        recognise(saved(tmp_path, "50090NED.json", plain), catalogue)


MEN = row("GM0758", Mannen_6=1)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    ({"value": [MEN]}, SourceError, r"no periods, and table 'table not named'"),
    (answer("12345NED", [MEN]), SourceError, r"of table 12345NED, which"),
    ({**answer("84799NED", [row("GM0758")]), "odata.nextLink": "x"}, SourceError, r"one page of several"),
    ({"a": 1}, SourceError, r"json file that kloof does not recognise: it has dict with a"),
    ([1, 2], SourceError, r"json file that kloof does not recognise"),
    *((answer("84799NED", rows), error, message) for rows, error, message in (
        ([], SourceError, r"without rows"),
        ([row("GM0758", Vreemd_1=1)], SourceError, r"none of the fields kloof knows"),
        ([MEN, MEN], SchemaError, r"1 rows stand twice \(GM0758 2020\)"),
        ([row("0758", Mannen_6=1)], SchemaError, r"1 codes without their prefix.*row 1: '0758'"),
        ([row("GM0758", Mannen_6=-4)], SchemaError, r"negative in 1 cells \(GM0758.*: -4\)"),
        ([row("GM0758", Mannen_6="veel")], SchemaError, r"no number in 1 cells.*veel"),
        ([row("GM0758", Mannen_6=1.5)], SchemaError, r"count that is not whole"),
        ([row("GM0758", Koopwoningen_40=101)], SchemaError, r"percentage above 100"),
        ([row("GM0758", Mannen_6=1, Mannen_7=1)], SchemaError, r"both mean inhabitants_men"),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("content", "error", "message"), REFUSED)
def test_what_is_refused(
    tmp_path: Path, catalogue: Catalogue, content: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        recognise(saved(tmp_path, "a.json", content), catalogue)


def test_a_name_of_several_tables_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(SourceError, match=r"several tables: 84583NED, 84799NED"):
        recognise(saved(tmp_path, "84799NED_84583NED.json", {"value": [MEN]}), catalogue)


@cache
def read_once(project: Path) -> Catalogue:
    """The catalogue as no argument of a hypothesis test, which would print all of it."""
    return read_catalogue(project / "data" / "catalogue.toml")


JSON = st.recursive(
    st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=5), st.sampled_from(["GM0758", "FeatureCollection"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["value", "WijkenEnBuurten", "type", "features", "code", "Mannen_6", "KL02", "GM0758"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=120), st.text(max_size=120).map(str.encode), JSON.map(json.dumps).map(str.encode)
    )
)
def test_any_content_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, project: Path, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any_2020.csv"
    path.write_bytes(content)
    with pytest.raises(KloofError):
        recognise(path, read_once(project), municipality="GM0758")
