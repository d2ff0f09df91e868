"""Why an area has no figure, told apart on real files: withheld, not asked, nobody there, not published."""

from collections import Counter

import pytest
from real_files import Read

pytestmark = pytest.mark.shared


def why(read: Read, name: str, year: int, indicator: str, prefix: str = "") -> dict[str, int]:
    """How many areas have a figure, and for which reason the others have none."""
    rows = read(name).observations
    rows = rows[(rows["indicator"] == indicator) & (rows["year"] == year) & rows["code"].str.startswith(prefix)]
    return dict(Counter(rows["status"]))


@pytest.mark.parametrize(
    ("name", "year", "indicator", "prefix", "expected"),
    [
        # a dot is withheld, nobody lives in 447 areas, 14 others are blank; Amsterdam writes a blank for each of these
        ("national/kwb_2017.csv.gz", 2017, "mean_income_per_inhabitant", "",
         {"measured": 14155, "suppressed": 2051, "not_applicable": 447, "not_measured": 14}),
        ("kwb/amsterdam_2017.csv", 2017, "burglary_rate", "BU",
         {"measured": 413, "not_applicable": 24, "suppressed": 42}),
        ("kwb/amsterdam_2017.csv", 2017, "burglary_rate", "NL", {"not_published": 1}),  # not given for the country
        ("kwb/heerlen_2016_2020.db", 2020, "wmo_clients", "", {"not_published": 81}),
        ("pc4/cbs_pc4_2017.csv", 2017, "mean_dwelling_value", "", {"measured": 3956, "suppressed": 110}),  # -99997
        ("pc4/cbs_pc4_median_income.xlsx", 2017, "median_disposable_income", "",
         {"measured": 3552, "suppressed": 211, "not_applicable": 277}),
        ("wild/baarn_buurten.geojson", 2024, "mean_income_per_inhabitant", "", {"not_published": 21}),  # -99995
        ("wild/SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv", 2019, "ses_woa_score", "",
         {"measured": 489, "suppressed": 90}),
        ("rivm/rivm_50090NED_2020_18plus.xlsx", 2020, "good_perceived_health_share", "",
         {"measured": 16572, "suppressed": 769}),
        (
            "leefbaarometer/lbm2_PC4LBR.csv",
            2018,
            "livability_class",
            "",
            {"measured": 3834, "not_published": 234},
        ),  # withholds nothing
    ],
)  # fmt: skip
def test_reasons(read: Read, name: str, year: int, indicator: str, prefix: str, expected: dict[str, int]) -> None:
    assert why(read, name, year, indicator, prefix) == expected
