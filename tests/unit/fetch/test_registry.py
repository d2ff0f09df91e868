"""The source registry is complete, strict, and honest about what was not tried."""

import tomllib
from pathlib import Path

import pytest

from kloof.errors import CatalogueError, ParameterError
from kloof.fetch.registry import SERVICES, Source, choose, moved, read_registry

ENTRY = """
[source.one]
publisher = "CBS"
title_nl = "Een"
title_en = "One"
service = "odata3"
address = "https://opendata.cbs.nl"
licence = "CC BY 4.0"
attribution = "CBS"
levels = ["gemeente", "buurt"]
years = [2019, 2020]
title = "een"
region = "WijkenEnBuurten"
update = "each year"
verified = false
[source.one.tables]
2019 = "1NED"
2020 = "2NED"
"""

TABLES = ENTRY[ENTRY.index("[source.one.tables]") :]

# data/design: the table ids of Kerncijfers wijken en buurten
KWB = {
    2013: "82339NED", 2014: "82931NED", 2015: "83220NED", 2016: "83487NED", 2017: "83765NED", 2018: "84286NED",
    2019: "84583NED", 2020: "84799NED", 2021: "85039NED", 2022: "85318NED", 2023: "85618NED", 2024: "85984NED",
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(project: Path) -> dict[str, Source]:
    return read_registry(project / "data" / "sources.toml")


def read(tmp_path: Path, text: str) -> dict[str, Source]:
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return read_registry(path)


def test_every_source_that_is_needed_is_there(registry: dict[str, Source]) -> None:
    assert dict(registry["kwb"].tables) == KWB
    assert {"boundaries_gemeente", "boundaries_wijk", "boundaries_buurt", "ses_woa", "iv3", "cpi", "health", "crime",
            "leefbaarometer_2", "leefbaarometer_3_buurt", "housing_stock", "municipal_division",
            "buurt_changes"} <= set(registry)  # fmt: skip
    assert registry["health"].years == (2012, 2016, 2020, 2022, 2024)
    for name in ("boundaries_gemeente", "boundaries_wijk", "boundaries_buurt", "municipal_division"):
        assert registry[name].years == tuple(range(2013, 2025))
    assert registry["iv3"].years[0] == 2017  # task fields
    assert registry["leefbaarometer_2"].years[-1] == 2016
    assert registry["leefbaarometer_3_buurt"].years[-1] == 2024


def test_nothing_is_called_verified_that_was_not_tried_and_every_entry_can_be_attributed(
    registry: dict[str, Source],
) -> None:
    for source in registry.values():
        assert source.verified is False
        assert len(source.doubt) > 20, source.id
        assert source.attribution
        assert source.licence == "CC BY 4.0" or "to be checked" in source.licence
        assert source.service in SERVICES


def test_a_municipality_becomes_the_beginnings_of_its_codes_and_a_year_an_address(registry: dict[str, Source]) -> None:
    assert registry["boundaries_buurt"].where(2023) == "https://service.pdok.nl/cbs/gebiedsindelingen/2023/wfs/v1_0"
    assert registry["kwb"].where(2020) == "https://opendata.cbs.nl"
    assert registry["kwb"].prefixes("GM0344") == ("NL", "GM0344", "WK0344", "BU0344")
    assert registry["iv3"].prefixes("GM0344") == ("GM0344",)
    assert registry["kwb"].prefixes("all") == ()
    assert registry["cpi"].prefixes("GM0344") == ()
    assert registry["municipal_division"].prefixes("GM0344") == ()
    assert registry["iv3"].limits(2019) == {"Verslagsoort": ("2019X005",)}
    assert registry["crime"].limits(2019) == {"SoortMisdrijf": ("0.0.0",), "Perioden": ("2019",)}
    assert registry["kwb"].limits(2019) == {}


def test_the_smallest_entry_is_read(tmp_path: Path) -> None:
    source = read(tmp_path, ENTRY)["one"]
    assert (source.years, source.tables[2020], source.columns, source.keep) == ((2019, 2020), "2NED", "all", {})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("verified = false", "verified = false\nspeed = 3", "source one: unknown key speed"),
        ('licence = "CC BY 4.0"\n', "", "source one: no licence"),
        ("verified = false\n", "", "source one: no verified"),
        ('licence = "CC BY 4.0"', 'licence = " "', "source one: licence is empty"),
        ('title = "een"', "title = 3", "source one: title is no text"),
        ("years = [2019, 2020]", "years = [2019, 2020, 2021]", "source one: year 2021 has no table"),
        ("years = [2019, 2020]", "years = [2019]", "source one: table '2NED' stands at 2020, not in years"),
        ("years = [2019, 2020]", "years = [2019, 2020, 2020]", "source one: a year stands twice in years"),
        ("years = [2019, 2020]", "years = [2019, 20200]", "source one: 20200 is no year"),
        ("years = [2019, 2020]", "years = []", "source one: years is a list of at least one year"),
        ('2020 = "2NED"', '2020 = ""', "source one: the table of 2020 is empty"),
        ("odata3", "odata5", "source one: service 'odata5' is not known; known: odata3"),
        ("https://opendata", "ftp://opendata", "does not begin with https://"),
        ("https://opendata", "http://opendata", "does not begin with https://"),
        ("opendata.cbs.nl", "opendata.cbs.nl/{month}", "source one: address has {month}; known: {year}, {table}"),
        ('"buurt"]', '"straat"]', "source one: level 'straat' is not known"),
        ('region = "WijkenEnBuurten"\n', "", "has areas below the country and no region"),
        ("verified = false", 'verified = "no"', "source one: verified is true or false"),
        ("verified = false", 'verified = false\ncolumns = "some"', "source one: columns 'some' is not known"),
        ("verified = false", "verified = false\nbreaks = [{ at = 2020 }]", "break {'at': 2020} needs at, kind, nl, en"),
        ("verified = false", 'verified = false\ntable = "3NED"', "needs either table, one id for all years, or tables"),
        (TABLES, 'table = "1NED"', "has several years in one table and no period"),
    ],
)  # fmt: skip
def test_each_departure_is_named_with_its_entry(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ENTRY
    with pytest.raises(CatalogueError) as problem:
        read(tmp_path, ENTRY.replace(old, new, 1))
    assert says in str(problem.value)


def test_all_faults_of_all_entries_are_listed_at_once(tmp_path: Path) -> None:
    second = ENTRY.replace("source.one", "source.two").replace("odata3", "ftp")
    with pytest.raises(CatalogueError, match=r"3 faults in sources.toml. \(1\) source one: no title") as problem:
        read(
            tmp_path,
            ENTRY.replace('title = "een"\nregion', "region") + second.replace("2019, 2020", "2019, 2020, 2021"),
        )
    assert "source two: year 2021 has no table" in str(problem.value)
    assert "source two: service 'ftp' is not known" in str(problem.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no [source.NAME]"),
        ("[sources.x]\n", "[sources] is not known here"),
        ("[source", "is not valid TOML"),
    ],
)
def test_a_file_that_is_no_registry_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CatalogueError) as problem:
        read(tmp_path, text)
    assert says in str(problem.value)


def test_sources_are_chosen_by_name_and_only_a_safe_address_replaces_theirs(
    registry: dict[str, Source], tmp_path: Path
) -> None:
    with pytest.raises(CatalogueError, match=r"sources.toml is not in"):
        read_registry(tmp_path / "sources.toml")
    assert [source.id for source in choose(registry, ["crime", "kwb", "crime"])] == ["crime", "kwb"]
    assert choose(registry, []) == list(registry.values())
    with pytest.raises(ParameterError, match=r"source 'crimes' is not known. Did you mean crime?"):
        choose(registry, ["crimes"])
    assert moved(registry["kwb"], "http://127.0.0.1:8000").where(2020) == "http://127.0.0.1:8000"
    with pytest.raises(ParameterError, match=r"address 'http://example.org' of kwb does not begin with https://"):
        moved(registry["kwb"], "http://example.org")


def test_keys_of_the_file_are_explained_at_its_head(project: Path) -> None:
    text = (project / "data" / "sources.toml").read_text(encoding="utf-8")
    head = text.split("\n[source.", 1)[0]
    used = {key for entry in tomllib.loads(text)["source"].values() for key in entry}
    assert [key for key in sorted(used) if key not in head] == []
