"""Gives areas that a file only names their codes, by exact name and a stated rule, never by likeness.

Capitals, invisible signs, double blanks and the number in `Wijk 10 …` do not count; anything else does. A wijk and a
buurt may share a name (in Breda: Bavel, Prinsenbeek, Teteringen, Ulvenhout). When such a name stands twice in one
listing, the first is the wijk: StatLine lists a wijk above its buurten. When it stands once, it is of the level that
all unshared names of the file have. A name that neither rule settles is set aside, like one that is not known.
"""

from pathlib import Path

import pandas as pd

from kloof.errors import ParameterError, SourceError
from kloof.places import WIJK, read_codebook
from kloof.schema import SetAside, level_of
from kloof.sheets import clean

LEVELS = ("gemeente", "wijk", "buurt")
FEWEST = 0.8  # share of the names that must be known, or it is the wrong list


def name_key(name: str) -> str:
    """Reduce a name to what is compared."""
    return pd.Series([clean(name)]).str.replace(WIJK, "", regex=True).str.casefold().iloc[0]


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
    return municipality, book[book["level"].isin(LEVELS)].reset_index(drop=True)


def code_names(
    names: "pd.Series[str]", occasion: "pd.Series[str]", book: pd.DataFrame, where: str
) -> "tuple[pd.Series[str], list[SetAside]]":
    """Give each row its code; `occasion` tells listings apart in which every area stands once, rows in order.

    Takes names, occasions and the list of areas (code, name, level). Returns codes (missing where set aside) and what
    was set aside. Raises SourceError when fewer than 80 % of the different names are known: it is the wrong list.
    """
    key = names.map(name_key)
    candidates = book.assign(key=book["name"].map(name_key)).groupby("key")["code"].agg(list).to_dict()
    known = {one: len(candidates.get(one, [])) for one in key.unique()}
    found = sum(count > 0 for count in known.values())
    if found < FEWEST * len(known):
        strange = [name for name, one in zip(names, key, strict=True) if not known[one]]
        raise SourceError(
            f"{where}: only {found} of {len(known)} names are in the list of areas (not {', '.join(strange[:3])}). "
            "Give the one of this municipality and these years: --codes FILE."
        )
    place = key.groupby([occasion, key]).cumcount()
    often = key.groupby([occasion, key]).transform("size")
    single = {level_of(candidates[one][0]) for one, count in known.items() if count == 1} - {"gemeente"}
    unknown: list[str] = []
    unclear: list[str] = []
    settled = 0
    codes: list[str | None] = []
    for name, one, nth, times in zip(names, key, place.tolist(), often.tolist(), strict=True):
        options = candidates.get(one, [])
        code = _settle(options, nth, times, single)
        codes.append(code)
        settled += len(options) > 1 and code is not None
        if code is None:
            (unclear if options else unknown).append(clean(name))
    aside = [
        SetAside("names", len(rows), reason, ", ".join(list(dict.fromkeys(rows))[:8]))
        for reason, rows in (("name_not_known", unknown), ("name_of_several_areas", unclear))
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
        return [by_level[level] for level in LEVELS if level in by_level][place]
    if often == 1 and len(single & set(by_level)) == 1 and len(single) == 1:
        return by_level[next(iter(single))]
    return None
