"""The words of every kind of file lead somewhere, in one reading only."""

from pathlib import Path

import pytest

from kloof.catalogue import Catalogue
from kloof.errors import CatalogueError
from kloof.files.vocabularies import Column, Vocabularies, read_vocabularies

SMALL = """
[aside]
code = { nl = "code", en = "code" }
[publication.kwb]
publisher = "CBS"
title = "Kerncijfers"
licence = "CC BY 4.0"
yearly = true
[publication.kwb.table]
2020 = "84799NED"
[vocabulary.map]
nl = "kaart"
en = "map"
publication = "kwb"
[vocabulary.map.indicators]
AANT_INW = "inhabitants"
"KL{yy}" = { indicator = "livability_class", times = 2 }
"n_{yyyy}" = "households"
[vocabulary.map.aside]
BU_CODE = "code"
"""


# the columns of kwb-2024 as a public program lists them (117 figures and 6 of identity)
SHORT_NAMES = """
    gwb_code_10 gwb_code_8 recs gwb_code ind_wbi a_inw a_man a_vrouw a_00_14 a_15_24 a_25_44 a_45_64 a_65_oo a_ongeh
    a_gehuwd a_gesch a_verwed a_nl_all a_eur_al a_neu_al a_geb_nl a_geb_eu a_geb_ne a_gbl_eu a_gbl_ne a_geb p_geb
    a_ste p_ste a_hh a_1p_hh a_hh_z_k a_hh_m_k g_hhgro bev_dich a_woning a_nb_won a_vastg a_nb_vastg g_wozbag
    p_1gezw p_1gezw_tw p_1gezw_hw p_1gezw_2w p_1gezw_hvw p_mgezw p_leegsw p_koopw p_huurw p_wcorpw p_ov_hw p_bj_me10
    p_bj_mi10 g_ele g_ele_tr g_gas p_stadsv p_won_z p_won_m p_won_zs p_won_ev a_lp_pub a_ons_po a_ons_vovavo
    a_ons_mbo a_ons_hbo a_ons_wo a_opl_bvm a_opl_hvm a_opl_hw a_arb_wz p_arb_pp p_arb_wn p_arb_wnv p_arb_wnf
    p_arb_zs a_inkont g_ink_po g_ink_pi p_ink_li p_ink_hi g_hh_sti p_hh_li p_hh_hi p_hh_lkk p_hh_osm p_hh_110
    p_hh_120 m_hh_ver a_soz_wb a_soz_ao a_soz_ww a_soz_ow a_jz_tn p_jz_tn a_wmo_t p_wmo_t a_bedv a_bed_a a_bed_bf
    a_bed_gi a_bed_hj a_bed_kl a_bed_mn a_bed_oq a_bed_ru a_pau a_bst_b a_bst_nb g_pau_hh g_pau_km a_m2w g_afs_hp
    g_afs_gs g_afs_kv g_afs_sc g_3km_sc a_opp_ha a_lan_ha a_wat_ha pst_mvp pst_dekp ste_mvs ste_oad
"""
CONCEPTS = """
    inhabitants households one_person_households households_with_children inhabitants_aged_0_14
    inhabitants_non_western_background inhabitants_origin_outside_europe mean_income_per_inhabitant
    low_income_households_share high_income_households_share households_around_social_minimum_share
    unemployment_benefit_recipients social_assistance_recipients disability_benefit_recipients
    state_pension_recipients net_participation_share low_education_persons medium_education_persons
    high_education_persons owner_occupied_share rental_share housing_corporation_share mean_dwelling_value dwellings
    new_dwellings cars distance_to_general_practice distance_to_supermarket registered_crimes crimes_home_burglary
    good_perceived_health_share smokers_share overweight_share obesity_share heavy_drinkers_share
    long_term_condition_share physical_limitation_share anxiety_depression_risk_share high_stress_share
    control_over_life_share informal_carers_share lonely_share severely_lonely_share
    difficulty_making_ends_meet_share livability_class livability_score_relative livability_dwellings_relative
    livability_residents_relative livability_facilities_relative livability_safety_relative
    livability_surroundings_relative ses_woa_score ses_woa_wealth ses_woa_education ses_woa_work
    persons_in_poverty_share median_disposable_income mean_household_size urbanity_class land_area youth_care_share
    wmo_client_rate births deaths
"""


@pytest.fixture(scope="module")
def words(project: Path, catalogue: Catalogue) -> Vocabularies:
    return read_vocabularies(project / "data" / "vocabularies.toml", catalogue)


def small(tmp_path: Path, catalogue: Catalogue, old: str = "", new: str = "") -> Vocabularies:
    path = tmp_path / "vocabularies.toml"
    assert old in SMALL
    path.write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    return read_vocabularies(path, catalogue)


def test_titles_and_years(tmp_path: Path, catalogue: Catalogue) -> None:
    found = small(tmp_path, catalogue)["map"]
    assert found.column("aant_inw ") == Column("inhabitants", "kwb")
    assert found.column("KL08") == Column("livability_class", "kwb", 2008, 2)
    assert found.column("n_2024") == Column("households", "kwb", 2024)
    assert found.column("KL2008") is None and found.column("n_24") is None and found.column("AANT_INW_5") is None
    assert found.column("AANT_INW_5", numbered=True) == Column("inhabitants", "kwb")
    assert found.why_aside("BU_CODE") == "code" and found.why_aside("AANT_INW") is None
    assert found.known(["BU_CODE", "KL08", "x"]) == 2


def test_sources_and_tables(tmp_path: Path, catalogue: Catalogue) -> None:
    kwb = small(tmp_path, catalogue).publications["kwb"]
    assert (kwb.source(2020), kwb.table_id(2020), kwb.table_id(2019)) == ("kwb_2020", "84799NED", "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"inhabitants"', '"inhabitans"', r"map: indicator inhabitans is not in the catalogue"),
        ('= "households"', '= { indicator = "households", publication = "cbs" }', r"map: publication cbs is not there"),
        ('BU_CODE = "code"', 'BU_CODE = "name"', r"map: 'bu_code' has unknown reason name"),
        ("BU_CODE = ", "aant_inw = ", r"map: 'aant_inw' stands twice"),
        ("times = 2", "factor = 2", r"factor"),
        ('licence = "CC BY 4.0"', 'license = "CC BY 4.0"', r"license"),
        ("[aside]", "[asides]", r"has no \[aside\]"),
        ("[aside]", "[aside", r"not valid TOML"),
    ],
)
def test_what_leads_nowhere_is_refused(tmp_path: Path, catalogue: Catalogue, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        small(tmp_path, catalogue, old, new)


def test_the_real_file(words: Vocabularies, catalogue: Catalogue) -> None:
    assert len(catalogue.indicators) > 300
    assert words["workbook"].column("a_inw") == Column("inhabitants", "cbs_kwb")
    assert words["workbook"].column("A_SOZ_WB") == Column("social_assistance_recipients", "cbs_kwb")
    # names that differ only behind the last sign are different things
    assert words["workbook"].column("p_hh_110") != words["workbook"].column("p_hh_120")
    assert words["postcode_income"].column("Mediaan besteedbaar inkomen") == Column(
        "median_disposable_income", "cbs_pc4_income", None, 0.001
    )
    for reason in words.reasons.values():
        assert reason["nl"] != reason["en"]


def test_every_short_name_of_the_edition_of_2024_is_known(words: Vocabularies) -> None:
    assert words["workbook"].known(SHORT_NAMES.split()) == len(SHORT_NAMES.split()) == 124


def test_every_concept_of_the_data_layer_is_there(catalogue: Catalogue) -> None:
    assert len(CONCEPTS.split()) == 64 and set(CONCEPTS.split()) <= set(catalogue.indicators)
