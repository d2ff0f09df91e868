"""Which area became which: the table of mergers, splits and new codes (data/mapping.csv), read and chained over years.

A row says which part of the people (or households, dwellings, land) of an area in the division of one year belongs to
an area in the division of the next. Where an area is split and that part is not known, the weight is blank.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.errors import SchemaError, examples, faults
from kloof.paths import data_folder
from kloof.schema import CODE

MAPPING_COLUMNS = ("from_code", "from_year", "to_code", "to_year", "weight_kind", "weight", "kind", "source", "proof")
KINDS = ("same", "merged", "split", "recoded")
WHOLE = ("same", "merged", "recoded")
WEIGHT_KINDS = ("persons", "households", "dwellings", "area")
PROOFS = ("year_and_people", "people_not_year", "not_verified")


@dataclass(frozen=True)
class Transfer:
    """How areas of the division of one year make up those of another.

    `links`: from_code, to_code, and a weight for each of `WEIGHT_KINDS` (1 is the whole area, NaN is not known), one
    row per pair, of every area that changed or received something. `gone`: codes that no longer exist.
    """

    links: pd.DataFrame
    gone: frozenset[str]


def read_mapping(path: Path) -> pd.DataFrame:
    """Read and check a mapping table.

    Raises SchemaError with every kind of fault: columns, codes, years that do not follow each other, unknown words,
    weights outside 0-1 or that do not add up to the whole, pairs that occur twice.
    """
    table = pd.read_csv(
        path, dtype={name: "str" for name in MAPPING_COLUMNS if name not in ("from_year", "to_year", "weight")}
    )
    absent = [f"column {name} is missing" for name in MAPPING_COLUMNS if name not in table]
    if absent:
        raise SchemaError(faults(path.name, absent, f"It needs: {', '.join(MAPPING_COLUMNS)}."))
    return check_mapping(table, path.name)


def check_mapping(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return a mapping table in order when it is valid. Raises SchemaError with every kind of fault."""
    found: list[str] = []

    def note(bad: "pd.Series[bool]", what: str) -> None:
        if bad.any():
            rows = table[bad]
            shown = [f"{row.from_code} {row.from_year} to {row.to_code} {row.to_year}" for row in rows.itertuples()]
            found.append(f"{what} in {len(rows)} rows ({examples(shown)})")

    note(~table["from_code"].str.fullmatch(CODE) | ~table["to_code"].str.fullmatch(CODE), "not an area code")
    note(table["to_year"] != table["from_year"] + 1, "years that do not follow each other")
    for column, known in (("kind", KINDS), ("weight_kind", WEIGHT_KINDS), ("proof", PROOFS)):
        note(~table[column].isin(known), f"unknown {column} (known: {', '.join(known)})")
    whole = table["kind"].isin(WHOLE)
    note(whole & (table["weight"] != 1), "a whole area with a weight that is not 1")
    note(~whole & ~table["weight"].between(0, 1) & table["weight"].notna(), "a weight outside 0-1")
    one = table["from_code"] == table["to_code"]
    note((table["kind"] == "same") & ~one | table["kind"].isin(["merged", "recoded"]) & one,
         "`same` is for one and the same code")  # fmt: skip
    key = ["from_code", "to_year", "weight_kind"]
    note(table.duplicated([*key, "to_code"], keep=False), "a pair that occurs twice")
    totals = table.groupby(key)["weight"].transform("sum", min_count=1)
    blank = table["weight"].isna()
    part_blank = blank.groupby([table[name] for name in key]).transform("any")
    note(part_blank & ~blank, "a split with a weight for some of its parts")
    note(~part_blank & (totals.sub(1).abs() > 1e-9), "weights of one area that do not add up to 1")
    if found:
        raise SchemaError(faults(where, found, "Correct these rows; data/README.md says what each column means."))
    return table.sort_values(["to_year", "to_code", "from_code", "weight_kind"], ignore_index=True)


def created(mapping: pd.DataFrame) -> dict[str, int]:
    """Give the year from which each new code exists; a code that receives and goes on is not new."""
    one = mapping["from_code"] == mapping["to_code"]
    goes_on = mapping.loc[one, ["to_code", "to_year"]].itertuples(index=False, name=None)
    rows = mapping[["to_code", "to_year"]].drop_duplicates().itertuples(index=False, name=None)
    return {str(code): int(year) for code, year in set(rows) - set(goes_on)}


def transfer(mapping: pd.DataFrame, year: int, to_year: int) -> Transfer:
    """Chain the steps between the divisions of two years, forwards or backwards.

    Going back, a code that was only renamed gets its earlier name; an area that took others in cannot be taken apart,
    and its weights are not known.
    """
    if to_year < year:
        return _backwards(mapping, year, to_year)
    steps = mapping[(mapping["to_year"] > year) & (mapping["to_year"] <= to_year)]
    starts = created(mapping)
    codes = sorted(code for code in set(steps["from_code"]) if starts.get(code, year) <= year)
    now = {code: {code: np.ones(len(WEIGHT_KINDS))} for code in codes}
    for _, step in steps.groupby("to_year"):
        parts = _parts(step)
        for code in codes:
            then: dict[str, np.ndarray] = {}
            for place, weight in now[code].items():
                for target, part in parts.get(place, {place: np.ones(len(WEIGHT_KINDS))}).items():
                    then[target] = then.get(target, np.zeros(len(WEIGHT_KINDS))) + weight * part
            now[code] = then
    rows = [(code, target, *weight) for code in codes for target, weight in sorted(now[code].items())]
    gone = frozenset(code for code in codes if code not in now[code])
    return Transfer(_links(rows), gone)


def _parts(step: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Give, for each code of one step, the weight of each target by kind; a whole area is whole in every kind."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in step.itertuples():
        weight = found.setdefault(str(row.from_code), {}).setdefault(
            str(row.to_code), np.full(len(WEIGHT_KINDS), np.nan)
        )
        if row.kind in WHOLE:
            weight[:] = 1.0
        else:
            weight[WEIGHT_KINDS.index(str(row.weight_kind))] = row.weight
    return found


def _backwards(mapping: pd.DataFrame, year: int, to_year: int) -> Transfer:
    """Undo new names; whatever else changed is not known."""
    steps = mapping[(mapping["to_year"] > to_year) & (mapping["to_year"] <= year)]
    alive: set[str] = set()
    for _, step in steps.groupby("to_year"):
        alive = (alive - set(step["from_code"])) | set(step["to_code"])
    names = {code: code for code in sorted(alive)}
    for _, step in sorted(steps.groupby("to_year"), reverse=True):
        renamed = step[step["kind"] == "recoded"].set_index("to_code")["from_code"].to_dict()
        mixed = set(step.loc[step["kind"] != "recoded", "to_code"])
        names = {code: "" if name in mixed else renamed.get(name, name) for code, name in names.items()}
    rows = [(code, name or code, *([1.0] if name else [np.nan]) * len(WEIGHT_KINDS)) for code, name in names.items()]
    return Transfer(_links(rows), frozenset(code for code, name in names.items() if name != code))


def _links(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Lay links out."""
    frame = pd.DataFrame(rows, columns=["from_code", "to_code", *WEIGHT_KINDS])
    return frame.astype({"from_code": "str", "to_code": "str", **dict.fromkeys(WEIGHT_KINDS, "float64")})


def predecessors(mapping: pd.DataFrame, code: str) -> list[str]:
    """List the areas of which (a part) went into this one, in any year; not the area itself."""
    found = {code}
    for _, step in sorted(mapping.groupby("to_year"), reverse=True):
        found |= set(step.loc[step["to_code"].isin(found), "from_code"])
    return sorted(found - {code})


def propose_mapping(areas_a: pd.DataFrame, areas_b: pd.DataFrame) -> pd.DataFrame:
    """Propose which area of a later edition is which of an earlier one, by name within level and municipality.

    Takes areas (code, name, level, and inhabitants where known) of two editions. Returns one row per area of either
    edition that has not the same code and name in both: from_code, to_code, name, level, evidence, inhabitants_from,
    inhabitants_to, ratio (percent). Evidence: same_name, same_name_twice (a name that more areas of a level and
    municipality carry: nothing is proposed), same_code_other_name, only_before, only_after. It proposes and nothing
    more: whoever knows decides which rows go into a mapping table.
    """
    a, b = (_prepared(areas) for areas in (areas_a, areas_b))
    both = a.merge(b, on="code", suffixes=("_a", "_b"), validate="one_to_one")
    settled = set(both.loc[both["key_a"] == both["key_b"], "code"])
    renamed = both[both["key_a"] != both["key_b"]]
    found = [renamed.assign(code_a=renamed["code"], code_b=renamed["code"], evidence="same_code_other_name")]
    used = settled | set(renamed["code"])
    left, right = a[~a["code"].isin(used)], b[~b["code"].isin(used)]
    once = set(left["key"][~left["key"].duplicated(keep=False)]) & set(
        right["key"][~right["key"].duplicated(keep=False)]
    )
    pairs = left[left["key"].isin(once)].merge(right[right["key"].isin(once)], on="key", suffixes=("_a", "_b"))
    found.append(pairs.assign(evidence="same_name"))
    common = set(left["key"]) & set(right["key"])
    for rest, only, end in ((left, "only_before", "_a"), (right, "only_after", "_b")):
        alone = rest[~rest["key"].isin(once)]
        evidence = alone["key"].isin(common).map({True: "same_name_twice", False: only})
        found.append(alone.drop(columns="key").add_suffix(end).assign(evidence=evidence))
    rows = pd.concat([part for part in found if len(part)] or found, ignore_index=True)
    rows = rows.reindex(
        columns=[f"{name}{end}" for name in ("code", "name", "level", "inhabitants") for end in ("_a", "_b")]
        + ["evidence"]
    )
    proposal = pd.DataFrame(
        {
            "from_code": rows["code_a"].fillna(""),
            "to_code": rows["code_b"].fillna(""),
            "name": rows["name_b"].fillna(rows["name_a"]),
            "level": rows["level_b"].fillna(rows["level_a"]),
            "evidence": rows["evidence"],
            "inhabitants_from": rows["inhabitants_a"].astype("float64"),
            "inhabitants_to": rows["inhabitants_b"].astype("float64"),
        }
    )
    before = proposal["inhabitants_from"]
    proposal["ratio"] = 100 * proposal["inhabitants_to"] / before.where(before > 0)
    return proposal.sort_values(["evidence", "from_code", "to_code"], ignore_index=True)


def _prepared(areas: pd.DataFrame) -> pd.DataFrame:
    """Add the key by which areas are compared: level, municipality, and name without capitals or double spaces."""
    name = areas["name"].str.split().str.join(" ").str.casefold()
    key = areas["level"] + " " + areas["code"].str[2:6] + " " + name
    return areas[["code", "name", "level"]].assign(key=key, inhabitants=areas.get("inhabitants", np.nan))


OWN_MAPPING = Path("store") / "mapping.csv"  # in the data folder: what the user of this store accepted


def all_mappings(*, own: bool = True) -> pd.DataFrame:
    """Read which area became which: what goes with kloof, and what the user of this store accepted beside it.

    Raises SchemaError when either, or both together, are not valid.
    """
    mapping = read_mapping(data_folder() / "mapping.csv")
    beside = data_folder() / OWN_MAPPING
    if not own or not beside.is_file():
        return mapping
    return check_mapping(pd.concat([mapping, read_mapping(beside)], ignore_index=True), f"{beside.name} of the store")
