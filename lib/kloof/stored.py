"""Makes a data set of one municipality out of the store: one figure per area and year, in today's municipality.

Figures of municipalities that went into this one are put together where that is exact; what is apportioned over a
split stays out unless it is asked for. Buurten and wijken keep the code of their year, but for those in the mapping.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kloof import store
from kloof.catalogue import Catalogue
from kloof.harmonise import division_of, harmonise
from kloof.mapping import check_mapping, created, predecessors, read_mapping
from kloof.schema import KEY, SetAside, empty_observations
from kloof.sources import COUNTRY, PRICES, STORE, DataSet, choose_sources, data_folder

OWN_MAPPING = Path("store") / "mapping.csv"  # in the data folder: what the user of this store accepted
OF_COUNTRY = (PRICES,)  # a municipality's own file does not hold it


def from_store(
    municipality: str, known: Catalogue, comparisons: Sequence[str] = (), *, apportioned: bool = False
) -> DataSet:
    """Give the data set of a municipality, with those comparison municipalities that the store has.

    Raises ParameterError when the store is empty or has no such municipality, SourceError when it is damaged, and
    SchemaError when the mapping of municipalities (data/mapping.csv) is not valid.
    """
    own = store.municipality(municipality)
    there = set(store.municipalities())
    mapping = all_mappings()
    before = predecessors(mapping, municipality)
    for code in (*before, *comparisons):
        store.asked("municipality", code)  # also when it is not there: once it is, there is more to compare
    earlier = [store.municipality(code) for code in before if code in there]
    others = [store.municipality(code) for code in dict.fromkeys(comparisons) if code in there and code != municipality]
    rows, aside = _in_catalogue(pd.concat([held.observations for held in (own, *earlier)], ignore_index=True), known)
    starts = created(mapping)
    divisions = {key: division_of(key[1], codes, starts) for key, codes in store.editions().items()}
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


def all_mappings(*, own: bool = True) -> pd.DataFrame:
    """Read which area became which: what goes with kloof, and what the user of this store accepted beside it.

    Raises SchemaError when either, or both together, are not valid.
    """
    mapping = read_mapping(data_folder() / "mapping.csv")
    beside = data_folder() / OWN_MAPPING
    if not own or not beside.is_file():
        return mapping
    return check_mapping(pd.concat([mapping, read_mapping(beside)], ignore_index=True), f"{beside.name} of the store")


def _of_country() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Give the figures of the whole country that any municipality needs, their sources, and the files they are from."""
    contents = store.contents()
    for name in OF_COUNTRY:
        store.asked("indicator", name)
    rows = [store.indicator(name) for name in OF_COUNTRY if name in store.held_indicators()]
    found = pd.concat(rows, ignore_index=True) if rows else empty_observations()
    found = found[found["code"] == COUNTRY]
    used = set(found["source"])
    entries = contents[contents["sources"].map(lambda text: bool(used & set(text.split(", "))))]
    files = {str(one["sha256"]): {"file": one["name"], "sha256": one["sha256"]} for one in entries.to_dict("records")}
    about = store.sources()
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
