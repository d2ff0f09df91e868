"""Gets data: an embedded set whose files match their registered hashes, or a file the user brings.

Offline first; an embedded file without a registered hash does not exist. Nothing is merged quietly: where two
sources give the same figure one is chosen by a stated rule, and the other is counted.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import ParameterError, SourceError, faults
from kloof.schema import COLUMNS, SetAside, check_observations

EDITION = r"_(?:19|20)\d\d$"  # what tells the yearly editions of one source apart
MAIN_FIRST = {"is_narrow": True, "length": False, "covered": False, "source": True}  # column: whether ascending
NEARLY = 0.9  # a source this wide counts as wide as the widest
REGISTRY = "registry.csv"
STORE = "store"
COUNTRY = "NL00"
PRICES = "consumer_price_index"
OBSERVATION_FILES = ("figures.csv", "kwb_breda.csv", "kwb_other.csv")


@dataclass(frozen=True)
class DataSet:
    """All that is known about one municipality and its comparison cities.

    `observations` has the columns of `schema.COLUMNS`, one row per code, year, indicator (the chosen source);
    `files` says which file each source stands in; `inputs` names every file that was read with its sha256;
    `set_aside` counts what was left out; `apportioned` lists the figures that rest on a part of a split area, with the
    share (percent) that does, when they count; `made` keeps the series that `panel` has laid out before.
    """

    name: str
    municipality: str
    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    inputs: tuple[Mapping[str, Any], ...]
    set_aside: tuple[SetAside, ...] = ()
    focus_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    geometry: Mapping[str, Any] | None = None
    published: pd.DataFrame | None = None
    monthly: pd.DataFrame | None = None
    checks: pd.DataFrame | None = None
    apportioned: pd.DataFrame | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, known: Catalogue, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Give what was made of this data by a catalogue before under a key, or make and keep it: do not change it."""
        held = self.made.get(key)
        if held is None or held[0] is not known:
            held = self.made[key] = known, make()
        return held[1]

    @property
    def data_date(self) -> str:
        """Newest date on which a source was read, or the last day of the last year in it: no clock."""
        dates = [date for date in self.sources["retrieved"] if date]
        return max(dates) if dates else f"{self.observations['year'].max()}-12-31"

    def units(self, level: str = "buurt", municipality: str | None = None) -> list[str]:
        """Codes of the areas of this municipality (or another one in the data) at a level, in order."""
        place = municipality or self.municipality
        key = "units", level, place
        if key not in self.made:
            self.made[key] = tuple(self._coded(level, place))
        return list(self.made[key])

    def _coded(self, level: str, place: str) -> list[str]:
        """Find the codes of a level."""
        prefix = {"buurt": "BU", "wijk": "WK", "postcode": "PC", "gemeente": "GM"}[level]
        inside = self.areas["code"].str.startswith(prefix) & (self.areas["level"] == level)
        if level != "postcode":
            inside &= self.areas["code"].str[2:6] == place[2:6]
        return sorted(self.areas.loc[inside, "code"])


def project_folder() -> Path:
    """Folder that holds data, notebooks and reports: of the checkout, or KLOOF_HOME."""
    return Path(os.environ.get("KLOOF_HOME", Path(__file__).resolve().parents[2]))


def data_folder() -> Path:
    """Folder of the embedded data."""
    return project_folder() / "data"


def catalogue() -> Catalogue:
    """Read the project's catalogue."""
    return read_catalogue(data_folder() / "catalogue.toml")


def error_rates() -> pd.DataFrame:
    """Read how often each test was wrong on synthetic municipalities (data/gap_calibration.csv); empty without it."""
    path = data_folder() / "gap_calibration.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def verdict_rates() -> pd.DataFrame:
    """Read how often each claim got each verdict on synthetic municipalities (data/calibration.csv); empty without."""
    path = data_folder() / "calibration.csv"
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


def embedded() -> list[str]:
    """Names of the embedded data sets: folders under data/ with a registry."""
    return sorted(path.parent.name for path in data_folder().glob(f"*/{REGISTRY}"))


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
        from kloof.stored import from_store

        return from_store(municipality, known, comparisons, apportioned=apportioned)
    if source in embedded():
        return _load_embedded(data_folder() / source, municipality, known)
    for folder in (Path(source), project_folder() / source):
        if (folder / REGISTRY).is_file():
            return _load_embedded(folder, municipality, known)
    path = next((place for place in (Path(source), project_folder() / source) if place.is_file()), None)
    if path is None:
        raise ParameterError(
            f"source {source!r} is neither an embedded data set ({', '.join(embedded())}) nor a file at "
            f"{project_folder() / source}, nor {STORE}. Give a file you have: kloof run --set source=PATH."
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
        valid = areas.loc[areas["level"] == "gemeente", ["code", "name"]].itertuples(index=False)
        listed = ", ".join(f"{code} {name}" for code, name in valid)
        raise ParameterError(
            f"municipality {municipality!r} is not in the embedded data {folder.name!r} (which has: {listed}). A code "
            f"is GM and four digits. For another municipality give its file: kloof run --set source=PATH."
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
    published = pd.read_csv(folder / "published.csv", dtype={"period": "str"}) if "published.csv" in hashes else None
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
    """Add the postcode areas and unnamed buurten that occur in the observations, named by their code."""
    extra = sorted(set(observations["code"]) - set(areas["code"]))
    rows = pd.DataFrame({"code": pd.Series(extra, dtype="str")})
    rows["name"] = rows["code"].str.removeprefix("PC")
    rows["level"] = rows["code"].str[:2].map({"PC": "postcode", "BU": "buurt", "WK": "wijk", "GM": "gemeente"})
    rows["parent_code"] = ""
    return pd.concat([areas, rows], ignore_index=True)


def choose_sources(
    rows: pd.DataFrame, known: Catalogue | None = None
) -> tuple[pd.DataFrame, tuple[SetAside, ...], pd.DataFrame]:
    """Keep one source per code, year and indicator, and compare what the others say.

    In each municipality, level and year the sources that cover nearly as many areas as the widest come first; of these
    the one that gives most of that indicator over all years, so that a series stays one source's as long as it can and
    a model that was changed is not joined to its older self. Within the source a measured value beats a missing one, so
    a single recalculated buurt fills the place its main source leaves open. A source that the catalogue keeps apart
    from the main one (another model of the same thing) fills nothing: a year of two models is a year of neither.
    Returns the chosen rows, the number set aside, and a table of every pair of measured values (indicator, year, code,
    chosen, other, both sources): how far two sources differ is for the reader to see.
    """
    code = rows["code"]
    place = code.str[:6].where(code.str[:2] != "PC", "PC")
    series = rows["source"].str.replace(EDITION, "", regex=True)
    width = rows.assign(place=place, series=series, one=(rows["status"] == "measured").astype(int))
    width["covered"] = width.groupby(["indicator", "year", "place", "source"])["one"].transform("sum")
    widest = width.groupby(["indicator", "year", "place"])["covered"].transform("max")
    width["is_narrow"] = width["covered"] < NEARLY * widest
    width["length"] = width.groupby(["indicator", "place", "series"])["one"].transform("sum")
    width["is_missing"] = 1 - width["one"]
    width["is_apart"] = _kept_apart(width, known)
    ordered = width.sort_values(
        ["code", "indicator", "year", "is_apart", "is_missing", *MAIN_FIRST],
        ascending=[True, True, True, True, True, *MAIN_FIRST.values()],
    )
    first = ~ordered.duplicated(["code", "indicator", "year"])
    chosen = ordered[first & ~ordered["is_apart"]]
    measured = ordered[ordered["one"] == 1]
    figures = ["code", "indicator", "year"]
    lonely = measured[measured["is_apart"]].drop_duplicates(figures)
    filled = pd.MultiIndex.from_frame(chosen.loc[chosen["one"] == 1, figures])
    left_open = int((~pd.MultiIndex.from_frame(lonely[figures]).isin(filled)).sum())
    others = ordered[~first & (ordered["status"] == "measured")]
    pairs = others.merge(
        chosen[["code", "indicator", "year", "value", "source"]],
        on=["code", "indicator", "year"],
        suffixes=("_other", ""),
        validate="many_to_one",
    )
    pairs = pairs[pairs["value"].notna()]
    checks = pairs[["code", "indicator", "year", "value", "source", "value_other", "source_other"]]
    set_aside = (
        SetAside("choose_sources", len(ordered) - len(chosen) - left_open, "another_source_for_the_same_figure"),
        *([SetAside("choose_sources", left_open, "of_another_model")] if left_open else []),
    )
    return chosen[list(COLUMNS)].reset_index(drop=True), set_aside, checks.reset_index(drop=True)


def _kept_apart(width: pd.DataFrame, known: Catalogue | None) -> "pd.Series[bool]":
    """Tell which rows are of a source that the catalogue keeps apart from the main one of their place and year."""
    there = known.indicators if known else {}
    pairs = {
        (name, *sides)
        for name in width["indicator"].unique()
        if name in there
        for gap in there[name].breaks
        if gap.kind == "model" and len(gap.sources) == 2
        for sides in (sorted(gap.sources), sorted(gap.sources, reverse=True))
    }
    if not pairs:
        return pd.Series(data=False, index=width.index)
    place = ["indicator", "year", "place"]
    main = width.sort_values([*place, *MAIN_FIRST], ascending=[True, True, True, *MAIN_FIRST.values()])
    main = main.drop_duplicates(place)[[*place, "series"]].rename(columns={"series": "main"})
    both = width[[*place, "series"]].merge(main, on=place, how="left", validate="many_to_one")
    found = pd.MultiIndex.from_frame(both[["indicator", "main", "series"]]).isin(pd.MultiIndex.from_tuples(pairs))
    return pd.Series(found, index=width.index)


def _load_file(path: Path, municipality: str, known: Catalogue) -> DataSet:
    from kloof.recognise import recognise

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
