"""Finds which area each row of a file is (its code, name, level, parent), and whether areas add up to their whole.

Codes come from the file; for files with names only from a codebook, from a unique name, or from the sorted names.
"""

import re
from pathlib import Path

import pandas as pd

from kloof.errors import ParameterError, SchemaError, SourceError, examples, faults
from kloof.files.cells import CODE_TITLES, Sheet, clean
from kloof.files.plain import table_of
from kloof.schema import AREA, CODE, SetAside, level_of

Codebook = Path | pd.DataFrame  # a CSV, or the areas that are known; columns code, name
WIJK = r"Wijk \d\d (?=\S)"


def mine(code: "pd.Series[str]", municipality: str | None) -> "pd.Series[bool]":
    """Tell which codes are the municipality, its wijken and its buurten; without one, all are."""
    if municipality is None:
        return pd.Series(True, index=code.index)
    return code.str.slice(0, 2).isin(["GM", "WK", "BU"]) & (code.str.slice(2, 6) == municipality[2:])


def check_codes(code: "pd.Series[str]", municipality: str | None, names: "pd.Series[str]", where: str) -> None:
    """Refuse codes without their prefix and a file without the municipality."""
    bad = code[~code.str.fullmatch(CODE)]
    if len(bad):
        shown = [f"row {row + 1}: {value!r}" for row, value in zip(bad.index, bad, strict=True)]
        raise SchemaError(
            f"{where}: {len(bad)} codes without their prefix (GM, WK, BU): {examples(shown)}. Restore them."
        )
    if not mine(code, municipality).any():
        here = sorted({f"GM{value[2:6]}" for value in code if value[:2] in ("GM", "WK", "BU")})
        named = dict(zip(code, names, strict=True))
        shown = [f"{one} {named.get(one, '')}".strip() for one in here]
        raise SourceError(f"{where} has no rows of {municipality}. It has {examples(shown) or 'no municipality'}.")


def others(code: "pd.Series[str]", own: "pd.Series[bool]") -> list[SetAside]:
    """Set rows of other areas aside."""
    prefixes = sorted({value[:6] for value in code[~own]})
    return [SetAside("kwb_rows", int((~own).sum()), "other_areas", examples(prefixes))] if prefixes else []


def parent(code: str) -> str:
    """Code of the area above, by the way CBS codes are built; blank for a municipality, the country and postcodes."""
    return {"NL": "", "PC": "", "GM": "", "WK": f"GM{code[2:6]}", "BU": f"WK{code[2:8]}"}[code[:2]]


def areas_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per area, with name and parent of the last year. Takes code, name, parent_code by year."""
    last = rows.drop_duplicates("code", keep="last").sort_values("code", ignore_index=True)
    return last.assign(level=last["code"].map(level_of))[list(AREA)]


Places = tuple[list["pd.Series[str]"], pd.DataFrame, list[SetAside]]


def coded(sheets: list[Sheet], municipality: str | None) -> Places:
    """Find the rows of the municipality, or of all areas without one, by the codes in the file."""
    places, rows, aside = [], [], []
    for sheet in sheets:
        code = sheet.cells[sheet.column(CODE_TITLES)].map(clean).astype("str")
        names = sheet.names()
        check_codes(code, municipality, names, sheet.where)
        own = mine(code, municipality)
        double = code[own & code.duplicated(keep=False)].unique()
        if len(double):
            raise SchemaError(
                f"{sheet.where}: codes occur more than once: {examples(list(double))}. Keep one row each."
            )
        aside += others(code, own)
        places.append(code.where(own))
        rows.append(pd.DataFrame({"code": code[own], "name": names[own], "parent_code": code[own].map(parent)}))
    return places, areas_of(pd.concat(rows)), aside


def named(sheets: list[Sheet], municipality: str, codes: Codebook | None) -> Places:
    """Find levels from the names, and codes from the codebook or, without one, from the sorted names."""
    parts = [pd.DataFrame({"sheet": n, "name": sheet.names()}) for n, sheet in enumerate(sheets)]
    rows = pd.concat(parts).reset_index(names="row")
    above = rows["name"].str.match(r"Nederland$|Stadsdeel ")
    aside = [SetAside("kwb_rows", int(above.sum()), "country_and_stadsdelen")] if above.any() else []
    rows = rows[~above].reset_index(drop=True)
    book = None if codes is None else read_codebook(codes, municipality)
    rows["level"] = _levels(rows, sheets, book)
    rows["key"] = _keys(rows["level"], rows["name"])
    double = rows[rows.duplicated(["sheet", "key"], keep=False)]
    if len(double):
        years = double["sheet"].map({number: sheet.year for number, sheet in enumerate(sheets)})
        shown = list(years.astype("str") + " " + double["name"])
        raise SchemaError(
            f"{sheets[0].where}: names occur more than once at one level: {examples(shown)}. Rename them."
        )
    if book is None:
        numbering = _local_codes(rows, municipality)
        aside.append(SetAside("kwb_codes", 0, "local_codes_from_names", f"{municipality} {rows['name'].tolist()[0]}"))
    else:
        numbering = _codes_by_name(rows, book, sheets[0].where)
    rows["code"] = rows["key"].map(numbering)
    wijk = rows["code"].where(rows["level"] == "wijk").groupby(rows["sheet"]).ffill()
    derived = rows["code"].map(parent)
    from_order = (rows["level"] == "buurt") & wijk.notna()
    rows["parent_code"] = derived.mask(from_order, wijk)
    partial = rows.groupby("key")["sheet"].nunique().loc[lambda count: count < len(sheets)]
    if len(partial):
        some = examples([str(key).partition(" ")[2] for key in partial.index])
        aside.append(SetAside("kwb_areas", 0, "areas_not_in_every_year", f"{len(partial)}: {some}"))
    places = [part.set_index("row")["code"] for _, part in rows.groupby("sheet")]
    return places, areas_of(rows[["code", "name", "parent_code"]]), aside


def _levels(rows: pd.DataFrame, sheets: list[Sheet], book: pd.DataFrame | None) -> "pd.Series[str]":
    """Tell the level of each name: first the municipality, then each `Wijk NN …` followed by its buurten."""
    where = sheets[0].where
    first = rows["row"] == rows.groupby("sheet")["row"].transform("min")
    wijk = rows["name"].str.match(WIJK)
    if (first & wijk).any():
        raise SourceError(f"{where}: the first row is a wijk; the row of the municipality itself should be above it.")
    here = set(rows.loc[first, "name"])
    if len({name.casefold() for name in here}) > 1:
        raise SourceError(
            f"{where} begins with {examples(sorted(here))}; it should hold one municipality in all years."
        )
    if book is not None and {name.casefold() for name in here} != set(
        book.loc[book["level"] == "gemeente", "name"].str.casefold()
    ):
        there = examples(list(book.loc[book["level"] == "gemeente", "name"])) or "no municipality"
        raise SourceError(
            f"{where} is about {examples(sorted(here))}, the codebook about {there}. Give the one of this municipality."
        )
    if wijk.groupby(rows["sheet"]).any().all():
        loose = ~first & ~wijk.groupby(rows["sheet"]).cummax()
        if loose.any():
            shown = examples(list(rows.loc[loose, "name"]))
            raise SourceError(f"{where}: {shown} stand above the first wijk. Put every buurt below its wijk.")
        return pd.Series("buurt", index=rows.index).mask(wijk, "wijk").mask(first, "gemeente")
    if book is None:
        raise SourceError(
            f"{where} has names only, none like `Wijk 10 …`, so wijken and buurten cannot be told apart. "
            "Give codes=, a CSV with columns code, name that holds these names."
        )
    names = {level: set(part["name"].str.casefold()) for level, part in book.groupby("level")}
    wijken, buurten = names.get("wijk", set()), names.get("buurt", set())
    here = set(rows.loc[~first, "name"].str.casefold())
    single = [level for level, only in (("wijk", wijken - buurten), ("buurt", buurten - wijken)) if here & only]
    if len(single) != 1:
        raise SourceError(
            f"{where}: the codebook gives these names the levels {single}; keep the codes of one level in it."
        )
    return pd.Series(single[0], index=rows.index).mask(first, "gemeente")


def read_codebook(codes: Codebook, municipality: str) -> pd.DataFrame:
    """Give the areas of one municipality in a codebook: code, name, level, key."""
    if isinstance(codes, pd.DataFrame):
        where, table = "the areas that are known", codes.reset_index(drop=True)
    else:
        where, table = codes.name, table_of(codes)
    absent = [column for column in ("code", "name") if column not in table.columns]
    if absent:
        raise SchemaError(faults(where, [f"column {name} is missing" for name in absent], "It needs: code, name."))
    book = pd.DataFrame({column: table[column].map(clean).astype("str") for column in ("code", "name")})
    check_codes(book["code"], municipality, book["name"], where)
    book = book[mine(book["code"], municipality)].reset_index(drop=True)
    book["level"] = book["code"].map(level_of)
    book["key"] = _keys(book["level"], book["name"])
    double = book[book.duplicated("code", keep=False) | book.duplicated("key", keep=False)]
    if len(double):
        shown = examples(list(double["code"]))
        raise SchemaError(f"{where}: codes or names of one level occur more than once: {shown}. Keep one.")
    return book


def _keys(level: "pd.Series[str]", name: "pd.Series[str]") -> "pd.Series[str]":
    """Make the key of an area over the years: level and name, without wijk number and capitals."""
    return level + " " + name.str.replace(WIJK, "", regex=True).str.casefold()


def _codes_by_name(rows: pd.DataFrame, book: pd.DataFrame, where: str) -> dict[str, str]:
    """Give every name its code in the codebook; complete in both directions, or an error with the rest."""
    unknown = rows.loc[~rows["key"].isin(book["key"]), "name"].unique()
    absent = book[book["level"].isin(rows["level"]) & ~book["key"].isin(rows["key"])]
    found = [f"{len(unknown)} names have no code ({examples(list(unknown))})"] if len(unknown) else []
    if len(absent):
        found.append(f"{len(absent)} codes have no row ({examples(list(absent['code'] + ' ' + absent['name']))})")
    if found:
        raise SchemaError(faults(f"the codebook for {where}", found, "Use the codebook of these years."))
    return dict(zip(book["key"], book["code"], strict=True))


def _local_codes(rows: pd.DataFrame, municipality: str) -> dict[str, str]:
    """Make codes: names of all years together, per level, numbered in alphabetical order."""
    numbering: dict[str, str] = {}
    for level, prefix in (("wijk", "WK"), ("buurt", "BU")):
        keys = sorted(rows.loc[rows["level"] == level, "key"].unique())
        numbering |= {key: f"{prefix}{municipality[2:]}x{number:03d}" for number, key in enumerate(keys, 1)}
    return numbering | dict.fromkeys(rows.loc[rows["level"] == "gemeente", "key"], municipality)


ROUNDED_TO = {"inhabitants": 5.0, "registered_crimes": 0.5}  # by which each area may be off in a sum
SHOWN = 20  # municipalities named in one notice


def differences(observations: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Add up the areas of every municipality, level, year and source of one count.

    Takes observations; returns municipality, year, source, level, areas (number with a value), total (their sum),
    whole (the municipality itself), only where the municipality has a value.
    """
    rows = observations[(observations["indicator"] == indicator) & observations["value"].notna()]
    rows = rows[rows["code"].str.slice(0, 2).isin(["GM", "WK", "BU"])]
    rows = rows.assign(level=rows["code"].map(level_of), municipality="GM" + rows["code"].str.slice(2, 6))
    key = ["municipality", "year", "source"]
    wholes = rows[rows["level"] == "gemeente"].rename(columns={"value": "whole"})[[*key, "whole"]]
    parts = rows[rows["level"] != "gemeente"].groupby([*key, "level"], as_index=False)
    added = parts.agg(areas=("value", "size"), total=("value", "sum"))
    return added.merge(wholes, on=key, validate="many_to_one").sort_values(["year", "source", "level", "municipality"])


def sums(observations: pd.DataFrame, indicator: str, rounded_to: float) -> list[SetAside]:
    """Notice where areas do not add up to their municipality by more than rounding each of them explains."""
    found = differences(observations, indicator)
    found = found[(found["total"] - found["whole"]).abs() > rounded_to * found["areas"]]
    several = len(observations["code"].str.slice(2, 6).unique()) > 1
    details = [
        (f"{row.municipality} " if several else "")
        + f"{row.year} {row.level} {row.total:.0f} ({row.areas}) {row.whole:.0f}"
        for row in found.head(SHOWN).itertuples()
    ]
    notices = [SetAside("kwb_sums", 0, f"{indicator}_do_not_add_up", detail) for detail in details]
    if len(found) > SHOWN:
        notices.append(SetAside("kwb_sums", 0, f"{indicator}_do_not_add_up", f"+{len(found) - SHOWN}"))
    return notices


_LEVELS = ("gemeente", "wijk", "buurt")
_FEWEST = 0.8  # share of the names that must be known, or it is the wrong list


def name_key(name: str) -> str:
    """Reduce a name to what is compared."""
    return re.sub(WIJK, "", clean(name)).casefold()


def areas_to_name(
    municipality: str | None, codes: Path | None, areas: pd.DataFrame | None, where: str
) -> tuple[str, pd.DataFrame]:
    """Find the list of areas (code, name, level) in which names are looked up, and the municipality it is of.

    A codebook goes before the areas that are known already. Raises ParameterError when neither says what the names
    are.
    """
    if municipality is None:
        raise ParameterError(
            f"{where} carries names only. Say which municipality it is about: --municipality GM and four digits."
        )
    if codes is not None:
        book = read_codebook(codes, municipality)[["code", "name"]]
    else:
        book = pd.DataFrame({"code": [], "name": []}) if areas is None else areas[["code", "name"]]
        book = book[book["code"].str.slice(2, 6) == municipality[2:]] if len(book) else book
    book = book.assign(level=[level_of(code) for code in book["code"]])
    if not {"wijk", "buurt"} & set(book["level"]):
        raise ParameterError(
            f"{where} carries names only, and no names of {municipality} are known. Give them: --codes FILE, a CSV "
            "with columns code, name; or add a file first that has both."
        )
    return municipality, book[book["level"].isin(_LEVELS)].reset_index(drop=True)


def code_names(
    names: "pd.Series[str]", occasion: "pd.Series[str]", book: pd.DataFrame, where: str
) -> "tuple[pd.Series[str], list[SetAside]]":
    """Give each row its code; `occasion` tells listings apart in which every area stands once, rows in order.

    Takes names, occasions and the list of areas (code, name, level). Returns codes (missing where set aside) and what
    was set aside: a listing with more wijken than buurten is one of wijken, in which a name that only a buurt has is
    another division's. Raises SourceError when fewer than 80 % of the different names are known: it is the wrong list.
    """
    key = names.map(name_key)
    candidates = book.assign(key=book["name"].map(name_key)).groupby("key")["code"].agg(list).to_dict()
    known = {one: len(candidates.get(one, [])) for one in key.unique()}
    found = sum(count > 0 for count in known.values())
    if found < _FEWEST * len(known):
        strange = [name for name, one in zip(names, key, strict=True) if not known[one]]
        raise SourceError(
            f"{where}: only {found} of {len(known)} names are in the list of areas (not {', '.join(strange[:3])}). "
            "Give the one of this municipality and these years: --codes FILE."
        )
    place = key.groupby([occasion, key]).cumcount()
    often = key.groupby([occasion, key]).transform("size")
    levels = [level_of(candidates[one][0]) for one, count in known.items() if count == 1]
    of_wijken = levels.count("wijk") > levels.count("buurt")
    single = {"wijk"} if of_wijken else set(levels) - {"gemeente"}
    unknown: list[str] = []
    unclear: list[str] = []
    apart: list[str] = []
    settled = 0
    codes: list[str | None] = []
    for name, one, nth, times in zip(names, key, place.tolist(), often.tolist(), strict=True):
        options = candidates.get(one, [])
        code = _settle(options, nth, times, single)
        if of_wijken and code is not None and level_of(code) == "buurt" and len(options) == 1:
            apart.append(clean(name))
            codes.append(None)
            continue
        codes.append(code)
        settled += len(options) > 1 and code is not None
        if code is None:
            (unclear if options else unknown).append(clean(name))
    aside = [
        SetAside("names", len(rows), reason, ", ".join(list(dict.fromkeys(rows))[:8]))
        for reason, rows in (
            ("name_not_known", unknown),
            ("name_of_several_areas", unclear),
            ("name_of_a_buurt_only", apart),
        )
        if rows
    ]
    if settled:
        aside.append(SetAside("names", 0, "shared_names_settled_by_order_or_level", str(settled)))
    return pd.Series(codes, index=names.index, dtype="str"), aside


def _settle(options: list[str], place: int, often: int, single: set[str]) -> str | None:
    """Choose among areas of one name; None when no rule says which."""
    if len(options) == 1:
        return options[0] if place == 0 else None
    by_level = {level_of(code): code for code in options}
    if len(by_level) != len(options) or len(options) != 2:
        return None
    if often == 2:
        return [by_level[level] for level in _LEVELS if level in by_level][place]
    if often == 1 and len(single & set(by_level)) == 1 and len(single) == 1:
        return by_level[next(iter(single))]
    return None
