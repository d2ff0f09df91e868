"""The real raw files that every reader is tried on, and how each must be read."""

from collections.abc import Callable

from kloof.files.recognise import Recognised

# file → kind, and how it must be read: for which municipality, by which codebook, or of which year
FILES: dict[str, tuple[str, str]] = {
    "breda/crimes_per_district_2012_2022.zip": ("police_export", "GM0758"),
    "breda/income_recipients_2014_2021.csv": ("yearly_table", "GM0758"),
    "breda/inhabitants_2008_2022.csv": ("yearly_table", "GM0758"),
    "breda/nuisances_2022.zip": ("nuisance_export", "GM0758"),
    "breda/woz_2015_2022.csv": ("yearly_table", "GM0758"),
    "geo/breda_buurten_2020.geojson": ("geojson", ""),
    "geo/breda_buurten_2020_wgs84.geojson": ("geojson", ""),
    "geo/gemeenten_2022_wgs84.geojson": ("geojson", ""),
    "kwb/amsterdam_2015.csv": ("statline_csv", "GM0363 wijken"),
    "kwb/amsterdam_2017.csv": ("kwb_csv", ""),
    "kwb/amsterdam_2019.csv": ("kwb_csv", ""),
    "kwb/gemeenten_panel_2012_2024.csv": ("municipal_panel", ""),
    "kwb/heerlen_2016_2020.db": ("kwb_sqlite", "GM0917"),
    "leefbaarometer/lbm2_PC4DIMENSIE.csv": ("leefbaarometer_2", ""),
    "leefbaarometer/lbm2_PC4LBR.csv": ("leefbaarometer_2", ""),
    "leefbaarometer/leefbaarometer2_gemeente_2002_2016.json": ("leefbaarometer_2", ""),
    "leefbaarometer/leefbaarometer2_wijk_2002_2016.json": ("leefbaarometer_2", ""),
    "national/buurten_2024.parquet": ("woonikveilig_parquet", ""),
    "national/kwb_2017.csv.gz": ("statline_fields", ""),
    "national/raw/GM0363.json": ("woonikveilig_json", ""),
    "national/raw/GM0758.json": ("woonikveilig_json", ""),
    "national/raw/GM0917.json": ("woonikveilig_json", ""),
    "national/raw/nl.json": ("woonikveilig_json", ""),
    "pc4/cbs_pc4_2017.csv": ("cbs_postcodes", ""),
    "pc4/cbs_pc4_2019.csv": ("cbs_postcodes", ""),
    "pc4/cbs_pc4_median_income.xlsx": ("cbs_postcode_income", ""),
    "police/amsterdam_crimes_2012_2022.zip": ("police_export", "GM0363 codes"),
    "rivm/rivm_50090NED_2012_18plus.xlsx": ("health_monitor", ""),
    "rivm/rivm_50090NED_2012_2016_2020.parquet": ("health_monitor", ""),
    "rivm/rivm_50090NED_2016_18plus.xlsx": ("health_monitor", ""),
    "rivm/rivm_50090NED_2020_18plus.xlsx": ("health_monitor", ""),
    "wild/CBS_PC4.csv": ("cbs_postcodes", "2023"),
    "wild/SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv": ("statline_csv", ""),
    "wild/baarn_buurten.geojson": ("geojson", ""),
    "wild/fin_gemeente_2024.geojson": ("geojson", ""),
    "wild/fin_gemeente_2024_stats.parquet": ("map_table", ""),
    "wild/wijk_2023_v0.dbf": ("map_table", ""),
}
# not read as files of figures: codes that were inferred, columns that a copy has added, points of a map
ASIDE = {
    "geo/buurt_centroids_2024_wgs84.json", "national/kwb_2022_keyed.csv.gz", "national/kwb_2025_demography.csv.gz",
}  # fmt: skip
Read = Callable[[str], Recognised]


def cells(found: Recognised) -> dict[tuple[str, int, str], float | str]:
    """The value of every area, year and indicator, or its status where there is none."""
    rows = found.observations
    keys = zip(rows["code"], rows["year"].tolist(), rows["indicator"], strict=True)
    shown = rows["value"].where(rows["status"] == "measured", rows["status"].astype("object"))
    return dict(zip(keys, shown.tolist(), strict=True))


def cells_of_a_year(found: Recognised) -> dict[tuple[str, str], float | str]:
    """The same of a file with one year."""
    of_years = cells(found)
    assert len({year for _, year, _ in of_years}) <= 1
    return {(code, indicator): value for (code, _, indicator), value in of_years.items()}


def pairs(text: str) -> dict[str, str]:
    """A table of words, each with what it means behind it."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))
