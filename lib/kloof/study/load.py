"""A data set by its name: embedded, a file a person brings, or out of the store."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError, SourceError, faults, nearest
from kloof.paths import REGISTRY, data_folder, embedded, project_folder, sha256
from kloof.schema import COLUMNS, KEY, LEVELS, SetAside, check_observations, empty_observations
from kloof.shown import shorten
from kloof.store import read
from kloof.store.harmonise import division_of, harmonise
from kloof.store.mapping import all_mappings, created, predecessors
from kloof.study.dataset import COUNTRY, PRICES, STORE, DataSet, choose_sources
from kloof.typed import CUT, shown

OF_COUNTRY = (PRICES,)  # a municipality's own file does not hold it


def from_store(
    municipality: str, known: Catalogue, comparisons: Sequence[str] = (), *, apportioned: bool = False
) -> DataSet:
    """Give the data set of a municipality, with those comparison municipalities that the store has.

    Raises ParameterError when the store is empty or has no such municipality, SourceError when it is damaged, and
    SchemaError when the mapping of municipalities (data/mapping.csv) is not valid.
    """
    own = read.municipality(municipality)
    there = set(read.municipalities())
    mapping = all_mappings()
    before = predecessors(mapping, municipality)
    for code in (*before, *comparisons):
        read.asked("municipality", code)  # also when it is not there: once it is, there is more to compare
    earlier = [read.municipality(code) for code in before if code in there]
    others = [read.municipality(code) for code in dict.fromkeys(comparisons) if code in there and code != municipality]
    rows, aside = _in_catalogue(pd.concat([held.observations for held in (own, *earlier)], ignore_index=True), known)
    starts = created(mapping)
    divisions = {key: division_of(key[1], codes, starts) for key, codes in read.editions().items()}
    places = [code[2:] for code in (municipality, *before)]
    about = mapping[mapping["to_code"].str[2:6].isin(places)]
    today = max(divisions[key] for key in rows[["source", "year"]].drop_duplicates().itertuples(index=False, name=None))
    moved = harmonise(rows, about, today, known, divisions)
    inside = moved.observations["code"].str[2:6] == municipality[2:6]
    rows, parts, more = _without_apportioned(moved.observations[inside], moved.apportioned, apportioned)
    national, about_it, from_it = _of_country()
    beside, _ = _in_catalogue(
        pd.concat([rows.iloc[:0], *[held.observations for held in others], national], ignore_index=True), known
    )
    observations, chosen, checks = choose_sources(pd.concat([rows, beside], ignore_index=True), known)
    everyone = (own, *earlier, *others)
    used = set(observations["source"])
    sources = pd.concat([*[held.sources for held in everyone], about_it], ignore_index=True)
    sources = sources.drop_duplicates("source_id")
    areas = pd.concat([held.areas for held in (own, *others)], ignore_index=True).drop_duplicates("code")
    inputs = {entry["sha256"]: entry for held in everyone for entry in held.inputs} | from_it
    files = {source: file for held in reversed(everyone) for source, file in held.files.items()}
    return DataSet(
        name=STORE,
        municipality=municipality,
        observations=observations,
        areas=areas.sort_values("code", ignore_index=True),
        sources=sources[sources["source_id"].isin(used)].sort_values("source_id", ignore_index=True),
        inputs=tuple(sorted(inputs.values(), key=lambda entry: (entry["file"], entry["sha256"]))),
        set_aside=(*own.set_aside, *aside, *moved.set_aside, *more, *chosen, *_not_in_every_year(rows)),
        geometry=own.geometry,
        checks=checks,
        apportioned=parts,
        files={source: file for source, file in files.items() if source in used},
    )


def _of_country() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Give the figures of the whole country that any municipality needs, their sources, and the files they are from."""
    contents = read.contents()
    for name in OF_COUNTRY:
        read.asked("indicator", name)
    rows = [read.indicator(name) for name in OF_COUNTRY if name in read.held_indicators()]
    found = pd.concat(rows, ignore_index=True) if rows else empty_observations()
    found = found[found["code"] == COUNTRY]
    used = set(found["source"])
    entries = contents[contents["sources"].map(lambda text: bool(used & set(text.split(", "))))]
    files = {str(one["sha256"]): {"file": one["name"], "sha256": one["sha256"]} for one in entries.to_dict("records")}
    about = read.sources()
    return found, about[about["source_id"].isin(used)], files


def _in_catalogue(rows: pd.DataFrame, known: Catalogue) -> tuple[pd.DataFrame, list[SetAside]]:
    """Set aside what the catalogue no longer knows."""
    strange = ~rows["indicator"].isin(list(known.indicators))
    if not strange.any():
        return rows, []
    names = sorted(rows.loc[strange, "indicator"].unique())
    return rows[~strange], [SetAside(STORE, int(strange.sum()), "indicator_not_in_catalogue", ", ".join(names[:5]))]


def _without_apportioned(
    rows: pd.DataFrame, apportioned: pd.DataFrame, wanted: bool
) -> tuple[pd.DataFrame, pd.DataFrame, list[SetAside]]:
    """Leave out what rests on a part of a split area, or say how much of the figures does when it is wanted."""
    parts = rows[KEY].merge(apportioned, on=KEY)
    if parts.empty:
        return rows, parts, []
    if wanted:
        detail = f"{len(parts)}, {parts['share'].max():.0f}"
        return rows, parts, [SetAside(STORE, 0, "apportioned_counted", detail)]
    left_out = pd.MultiIndex.from_frame(rows[KEY]).isin(pd.MultiIndex.from_frame(parts[KEY]))
    return rows[~left_out], parts.iloc[:0], [SetAside(STORE, int(left_out.sum()), "apportioned")]


def _not_in_every_year(rows: pd.DataFrame) -> list[SetAside]:
    """Notice buurten that are in some editions and not in others: their codes changed, or they did."""
    buurten = rows[rows["code"].str.startswith("BU") & (rows["indicator"] == "inhabitants")]
    years = buurten.groupby("code")["year"].nunique()
    partial = sorted(years.index[years < buurten["year"].nunique()])
    detail = f"{len(partial)}: {', '.join(partial[:5])}"
    return [SetAside(STORE, 0, "areas_not_in_every_year", detail)] if partial else []


OBSERVATION_FILES = (
    "figures.csv",
    "kwb_breda.csv",
    "kwb_other.csv",
    "kwb_panel.csv",
    "kwb_panel_national.csv",
    "leefbaarometer3.csv",
    "crimes_2012_2022.csv",
    "municipal_2015_2018.csv",
)

PUBLISHED = "published.csv"


def error_rates() -> pd.DataFrame:
    """Read how often each test was wrong on synthetic municipalities (data/gap_calibration.csv); empty without it."""
    path = data_folder() / "gap_calibration.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def earlier_verdicts() -> pd.DataFrame:
    """Read the verdicts on Breda of version 0.1 (data/verdicts_0_1.csv): claim, verdict, registered_again (why)."""
    path = data_folder() / "verdicts_0_1.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["claim", "verdict", "registered_again"])


def verdict_rates() -> pd.DataFrame:
    """Read how often each claim got each verdict on synthetic municipalities (data/calibration.csv); empty without."""
    path = data_folder() / "calibration.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def world_rates() -> pd.DataFrame:
    """Read how often answers were wrong in synthetic worlds (data/worlds.csv); empty without it."""
    path = data_folder() / "worlds.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def price_index(observations: pd.DataFrame, years: Collection[int]) -> tuple[dict[int, float], tuple[str, ...]]:
    """Give the consumer price index of the country by year, and the sources of the years asked.

    Of the two there may be, the one that has most of `years`: that among the observations (out of the store), which
    goes first when they have as many, or data/price_index.csv (CBS, 1900 = 100). Never parts of both: their bases
    differ. The years that neither has are not there.
    """
    is_index = (observations["code"] == COUNTRY) & (observations["indicator"] == PRICES)
    own = observations[is_index & (observations["status"] == "measured")]
    path = data_folder() / "price_index.csv"
    kept = pd.read_csv(path).rename(columns={"index": "value"}) if path.is_file() else own.iloc[:0]
    chosen = max(own, kept, key=lambda table: len(set(years) & set(table["year"])))
    used = chosen.loc[chosen["year"].isin(list(years)), "source"]
    values = {int(year): float(value) for year, value in zip(chosen["year"], chosen["value"], strict=True)}
    return values, tuple(sorted(set(used)))


def load(
    source: str, municipality: str, known: Catalogue, comparisons: Sequence[str] = (), *, apportioned: bool = False
) -> DataSet:
    """Load an embedded data set by its name, what was put in the store, or by its path a file or a data set's folder.

    A path counts from where you are, or from the project folder. Out of the store come the municipality and those of
    the `comparisons` that it has, and with `apportioned` also the figures that rest on a part of a split area. Raises
    ParameterError when `source` is none of these or the store has no such municipality, SourceError when a file is
    missing, damaged or not understood.
    """
    if source == STORE:
        return from_store(municipality, known, comparisons, apportioned=apportioned)
    if source in embedded():
        return _load_embedded(data_folder() / source, municipality, known)
    try:
        there = [place for place in (Path(source), project_folder() / source) if place.exists()]
    except (OSError, ValueError):  # no name that a file can have
        there = []
    for folder in there:
        if (folder / REGISTRY).is_file():
            return _load_embedded(folder, municipality, known)
    path = next((place for place in there if place.is_file()), None)
    if path is None:
        raise ParameterError(
            f"source {shown(source)} is neither an embedded data set ({', '.join(embedded())}) nor a file at "
            f"{project_folder() / shorten(source, CUT)}, nor {STORE}: {nearest(source, [*embedded(), STORE])}"
            f"Give a file you have: kloof run --set source=PATH."
        )
    return _load_file(path, municipality, known)


def verify(folder: Path) -> dict[str, str]:
    """Check every file of an embedded set against its registry; return file → sha256.

    Raises SourceError listing all files that are missing, changed or unregistered.
    """
    registry = pd.read_csv(folder / REGISTRY, dtype="str")
    expected = dict(zip(registry["file"], registry["sha256"], strict=True))
    present = {path.name for path in folder.iterdir() if path.is_file() and path.name != REGISTRY}
    found = [f"{name} is in the registry and not in the folder" for name in sorted(expected.keys() - present)]
    found += [f"{name} is in the folder and not in the registry" for name in sorted(present - expected.keys())]
    for name in sorted(present & expected.keys()):
        got = sha256(folder / name)
        if got != expected[name]:
            found.append(f"{name} has sha256 {got[:12]}…, registered is {expected[name][:12]}…")
    if found:
        raise SourceError(
            faults(
                f"data/{folder.name}",
                found,
                "Restore the files (git checkout data), or register them on purpose.",
            )
        )
    return expected


def _load_embedded(folder: Path, municipality: str, known: Catalogue) -> DataSet:
    hashes = verify(folder)
    areas = pd.read_csv(folder / "areas.csv", dtype="str", keep_default_na=False)
    if municipality not in set(areas.loc[areas["level"] == "gemeente", "code"]):
        valid = areas.loc[areas["level"] == "gemeente", ["code", "name"]]
        listed = ", ".join(f"{code} {name}" for code, name in valid.itertuples(index=False))
        raise ParameterError(
            f"municipality {municipality!r} is not in the embedded data {folder.name!r} (which has: {listed}): "
            f"{nearest(municipality, valid['code'])}For another municipality out of the store: kloof run --preset "
            f"municipality --set municipality={municipality}; out of a file: --set source=PATH."
        )
    files = [name for name in OBSERVATION_FILES if name in hashes]
    tables = {name: pd.read_csv(folder / name, dtype={"source_id": "str"}) for name in files}
    measured = pd.concat(tables.values(), ignore_index=True)
    measured = measured.rename(columns={"source_id": "source"}).assign(status="measured")
    missing = pd.read_csv(folder / "missing.csv").rename(columns={"source_id": "source", "reason": "status"})
    units = measured.drop_duplicates("indicator").set_index("indicator")["unit"]
    missing = missing.assign(unit=missing["indicator"].map(units), value=float("nan"))
    key = ["code", "year", "indicator", "source"]
    is_suspect = measured.set_index(key).index.isin(missing.loc[missing["status"] == "suspect"].set_index(key).index)
    rows = pd.concat([measured.loc[~is_suspect, list(COLUMNS)], missing[list(COLUMNS)]], ignore_index=True)
    observations, set_aside, checks = choose_sources(check_observations(rows, folder / "figures.csv"), known)
    published = pd.read_csv(folder / PUBLISHED, dtype={"period": "str"}) if PUBLISHED in hashes else None
    lists = pd.read_csv(folder / "focus_lists.csv", dtype="str", keep_default_na=False)
    without_code = int((lists["buurt_code"] == "").sum())
    set_aside += (
        SetAside("focus_lists", without_code, "no_buurt_of_that_name"),
        SetAside("suspect_figures", int(is_suspect.sum()), "looks_like_a_typing_error"),
    )
    lists = lists[lists["buurt_code"] != ""]
    shapes = sorted(name for name in hashes if name.endswith(".geojson"))
    return DataSet(
        name=folder.name,
        municipality=municipality,
        observations=observations,
        areas=_with_postcodes(areas, observations),
        sources=pd.read_csv(folder / "sources.csv", dtype="str", keep_default_na=False),
        inputs=tuple({"file": f"data/{folder.name}/{name}", "sha256": hashes[name]} for name in sorted(hashes)),
        set_aside=set_aside,
        focus_lists={
            name: tuple(sorted(set(lists.loc[lists["list_id"] == name, "buurt_code"])))
            for name in sorted(set(lists["list_id"]))
        },
        geometry=json.loads((folder / shapes[0]).read_text(encoding="utf-8")) if shapes else None,
        published=published,
        monthly=pd.read_csv(folder / "monthly.csv", dtype={"period": "str"}) if "monthly.csv" in hashes else None,
        checks=checks,
        files={source: f"data/{folder.name}/{name}" for source, name in _where(tables, municipality).items()},
    )


def _where(tables: Mapping[str, pd.DataFrame], municipality: str) -> dict[str, str]:
    """Say in which file each source stands; when several hold it, in the one with figures of this municipality."""
    found: dict[str, str] = {}
    for wider in (True, False):
        for name, table in tables.items():
            own = table["code"].str[2:6] == municipality[2:6]
            found |= dict.fromkeys(table.loc[own | wider, "source_id"].astype("str"), name)
    return found


def _with_postcodes(areas: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Add the country, the postcode areas and unnamed buurten that occur in the observations, named by their code."""
    extra = sorted(set(observations["code"]) - set(areas["code"]))
    rows = pd.DataFrame({"code": pd.Series(extra, dtype="str")})
    rows["name"] = rows["code"].str.removeprefix("PC").replace({COUNTRY: "Nederland"})
    rows["level"] = rows["code"].str[:2].map(LEVELS)
    rows["parent_code"] = ""
    return pd.concat([areas, rows], ignore_index=True)


def _load_file(path: Path, municipality: str, known: Catalogue) -> DataSet:
    from kloof.files.recognise import recognise

    read = recognise(path, known, municipality=municipality)
    observations, chosen, checks = choose_sources(read.observations, known)
    return DataSet(
        name=path.name,
        municipality=municipality,
        observations=observations,
        areas=read.areas,
        sources=read.sources,
        inputs=({"file": path.name, "sha256": read.sha256},),
        set_aside=(*read.set_aside, *(row for row in chosen if row.rows)),
        files=dict.fromkeys(read.sources["source_id"], path.name),
        geometry=read.geometry,
        checks=checks,
    )
