"""Municipalities by name or code: which there are, where their figures are, and the one that a person means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import pandas as pd

from kloof.errors import ParameterError, examples, nearest
from kloof.files.municipalities import BEHIND, codes_by_name, find_codes
from kloof.paths import data_folder, embedded
from kloof.schema import SetAside
from kloof.store import read
from kloof.store.mapping import read_mapping
from kloof.study.dataset import STORE
from kloof.study.load import OBSERVATION_FILES

MUNICIPALITY = re.compile(r"GM\d{4}")
COMMON = {"den haag": "'s-Gravenhage", "den bosch": "'s-Hertogenbosch"}  # as people say it → as CBS writes it
FROM_NAMES = "local_codes_from_names"
LIST = "See: kloof list municipalities."
EVERY = "national_segregation.csv"  # names every municipality of the country


@dataclass(frozen=True)
class Place:
    """A municipality and where its figures are: the years in each embedded set and in the store (`store`).

    `by_buurt` names those embedded sets that have figures of its buurten, not only of the whole.
    """

    code: str
    name: str
    years: Mapping[str, Sequence[int]]
    by_buurt: tuple[str, ...] = ()


def places() -> list[Place]:
    """List the municipalities that have figures in an embedded data set or in the store, by code."""
    called = names()
    years: dict[str, dict[str, list[int]]] = {}
    fine: dict[str, list[str]] = {}
    for name in embedded():
        rows = _figures(name)
        for code, own in rows.groupby("municipality"):
            years.setdefault(str(code), {})[name] = sorted(set(own["year"]))
            fine.setdefault(str(code), []).extend([name] * bool(own["code"].str.startswith("BU").any()))
    for (_, year), codes in sorted(read.editions().items(), key=lambda item: item[0][1]):
        for code in codes:
            held = years.setdefault(code, {}).setdefault(STORE, [])
            held += [year] * (year not in held)
    return [
        Place(code, called.get(code, code), years[code], tuple(fine.get(code, ())))
        for code in sorted(years)
        if MUNICIPALITY.fullmatch(code)
    ]


def names() -> dict[str, str]:
    """Give the name of every municipality that anything here names, by code."""
    return dict(_known().drop_duplicates("code", keep="last").itertuples(index=False, name=None))


def code_of(text: str, beside: Sequence[str] = ()) -> str:
    """Give the CBS code of a municipality that is named, as the embedded data, the store and data/mapping.csv name it.

    A code is given back as it is. Raises ParameterError for a name of several municipalities, with each of them, and
    for one that is not known, with the nearest, also of the names `beside` that could have been meant.
    """
    if MUNICIPALITY.fullmatch(text):
        return text
    known = _known()
    codes = find_codes(COMMON.get(text.strip().casefold(), text), codes_by_name(known))
    if len(codes) == 1:
        return codes[0]
    if codes:
        listed = " or ".join(f"{code} ({name})" for code in codes for name in [_name(known, code)])
        raise ParameterError(f"municipality {text!r} is {listed}: give the code.")
    raise ParameterError(
        f"municipality {text!r} is not known: {_near(text, known, beside)}By name kloof knows those in its data and in "
        f"the store; any other has a code of CBS, GM and four digits. {LIST}"
    )


def check_name(set_aside: Iterable[SetAside], where: str) -> None:
    """Refuse a file without codes whose first row is another municipality than the one it was read for.

    Raises ParameterError where either the name or the code is known to be another's.
    """
    for row in set_aside:
        if row.reason != FROM_NAMES:
            continue
        code, _, name = row.detail.partition(" ")
        known = _known()
        codes = find_codes(name, codes_by_name(known))
        if code not in codes and (codes or code in set(known["code"])):
            about = f"{name} ({' or '.join(codes)})" if codes else name
            called = f" ({_name(known, code)})" if code in set(known["code"]) else ""
            raise ParameterError(f"{where} is about {about}, not about {code}{called}. Give that municipality. {LIST}")


def nearest_code(text: str, codes: Iterable[str]) -> str:
    """Write `did you mean "GM0758"? ` with the code that is most like a text, of equals the nearest number."""

    def alike(code: str) -> tuple[float, int, str]:
        far = abs(int(code[2:]) - int(digits[-4:])) if digits else 0
        return -SequenceMatcher(None, text, code).ratio(), far, code

    digits = re.sub(r"\D", "", text)
    close = min((code for code in codes if code != text), key=alike, default="")
    return f'did you mean "{close}"? ' if close else ""


def _near(text: str, known: pd.DataFrame, beside: Sequence[str]) -> str:
    """Write which code, name of a municipality or name `beside` is nearest; without one, some that there are."""
    if re.search(r"\d", text):
        digits = re.fullmatch(r"(?:GM)?(\d{1,4})", text.strip(), flags=re.IGNORECASE)
        return f'did you mean "GM{int(digits[1]):04d}"? ' if digits else nearest_code(text, set(known["code"]))
    names = list(dict.fromkeys([*beside, *known["name"].str.replace(" (gemeente)", "", regex=False)]))
    names += sorted({short for name in names if (short := BEHIND.sub("", name)) not in names})
    return nearest(text, names) or f"there are {examples(names, 6)}. "


def _known() -> pd.DataFrame:
    """Give code and name of every municipality that something here names; one may have had several names."""
    sets = [
        pd.read_csv(data_folder() / name / "areas.csv", dtype="str", keep_default_na=False)[["code", "name"]]
        for name in embedded()
    ]
    path = data_folder() / "mapping.csv"
    if path.is_file():
        pairs = read_mapping(path)
        sets += [pairs[[f"{side}_code", f"{side}_name"]].set_axis(["code", "name"], axis=1) for side in ("from", "to")]
    path = data_folder() / EVERY
    if path.is_file():
        listed = pd.read_csv(path, dtype="str", keep_default_na=False, usecols=["municipality", "name"])
        sets.append(listed.set_axis(["code", "name"], axis=1))
    sets.append(read.areas()[["code", "name"]])
    found = pd.concat(sets, ignore_index=True).astype("str")
    kept: pd.DataFrame = found[found["code"].str.fullmatch(MUNICIPALITY) & (found["name"] != "")]
    return kept.drop_duplicates(ignore_index=True)


def _name(known: pd.DataFrame, code: str) -> str:
    """Give the name of a code, of several the last."""
    return str(known.loc[known["code"] == code, "name"].iloc[-1])


def _figures(name: str) -> pd.DataFrame:
    """Give the area, its municipality and the year of every figure of an embedded set."""
    folder = data_folder() / name
    files = [folder / file for file in OBSERVATION_FILES if (folder / file).is_file()]
    rows: pd.DataFrame = pd.concat([pd.read_csv(file, usecols=["code", "year"]) for file in files], ignore_index=True)
    rows = rows[rows["code"].str.match("GM|WK|BU")].drop_duplicates(ignore_index=True)
    return rows.assign(municipality="GM" + rows["code"].str[2:6])
