"""Proposes what the columns of a file mean: a mapping for a person to read, correct and use.

What the catalogue and the vocabularies know is written as a line; what only looks like something is a comment behind a
#. Every doubt is a comment with a question mark, so that somebody who looks at those has looked at all that matters.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Indicator
from kloof.ceilings import too_much
from kloof.errors import SourceError, examples
from kloof.files.areas import name_key
from kloof.files.cells import WHOLE_YEAR, YEAR, clean, is_source
from kloof.files.mapped import BY_NAMES, BY_POSTCODES, OTHER_PERIOD
from kloof.files.meanings import Meaning, Meanings
from kloof.files.numbers import MARK
from kloof.files.opening import Opened
from kloof.files.plain import Rows, framed, tables_of, text_of, texts
from kloof.files.vocabularies import Vocabularies
from kloof.schema import CODE

LOOKED_AT = 20_000  # rows; the country has some 18,000 areas
WIDEST_MAP = 2_000  # columns; nobody reads the lines of more
TITLES_WITHIN = 40  # rows in which the titles are looked for
ALMOST_ALL = 0.8  # share of the cells that must be codes, years or numbers for a column to be such a column
NO_CODE = frozenset({"", "NL", "NL01"})  # blank, and two other codes of the country, which every reader knows
BARE_CODE = re.compile(r"(buurt|bu_|wijk|wk_|gemeente|gm_).*?(code|nr|nummer)|^(bu|wk|gm)(?:code|nr)?$", re.IGNORECASE)
LIKE_NUMBER = re.compile(r"[-+]?\d[\d.,\s]*")
TOTALS = re.compile(r"totaal|total|t001\w*|nee|alle\b.*|18\+", re.IGNORECASE)
EUROS = 5000.0  # an amount in thousands of euros above this is one in euros


@dataclass
class Draft:
    """A mapping being written: the lines of its tables, and how many columns and doubts there are."""

    table: dict[str, tuple[Any, str]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    understood: int = 0
    left: int = 0
    doubts: int = 0

    def say(self, key: str, value: Any, doubt: str = "") -> None:
        """Write a line of [table]; `doubt` is what to look at."""
        self.table[key] = (value, doubt)
        self.doubts += bool(doubt)


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping as TOML, with the number of columns understood, of those left, and of doubts."""

    text: str
    understood: int
    left: int
    doubts: int


def propose(
    opened: Opened, catalogue: Catalogue, words: Vocabularies, known_areas: pd.DataFrame, municipality: str = ""
) -> Proposal:
    """Propose a mapping for an opened file.

    `known_areas` (code, name) tell a column with names. Raises SourceError when no table or no column with areas is in
    it.
    """
    draft = Draft()
    sheet, table = _largest(opened, draft)
    header = _header(table)
    whole = framed(sheet, table, header)
    if len(whole.columns) > WIDEST_MAP:
        way_out = "Leave out those that are not needed."
        raise too_much(opened.name, f"has {len(whole.columns):,} columns", WIDEST_MAP, "to propose a mapping", way_out)
    if whole.columns.empty:
        raise SourceError(f"{opened.name} has no table with cells.")
    cells = whole = whole[~whole[whole.columns[0]].map(is_source)]
    if not isinstance(table, pd.DataFrame):
        draft.say("header", header[0] if len(header) == 1 else list(header))
    if len(whole) > LOOKED_AT:
        step = -(-len(whole) // LOOKED_AT)
        draft.columns.append(f"# proposed by every {step}th of {len(whole)} rows")
        cells = whole.iloc[::step]
    text = cells.apply(texts)
    area = _area(text, draft, known_areas, municipality, opened.name)
    above = [] if isinstance(table, pd.DataFrame) else table[: header[0] - 1]
    around = {
        "text above the table": " ".join(text_of(cell) for row in above for cell in row), "sheet": sheet,
        "file name": opened.path.name,
    }  # fmt: skip
    year = _year(text, draft, area, around)
    taken = {area, year, draft.table.get("name", ("", ""))[0]}
    figures = [title for title in cells.columns if title not in taken and _is_figure(text[title])]
    written = [title for title in figures if any(isinstance(cell, str) for cell in cells[title])]
    _signs(text[written], draft)
    _missing(text[figures], draft)
    rest = [title for title in cells.columns if title not in taken and title not in figures]
    _keep(whole[[area, *([year] if year else []), *rest]].apply(texts), area, year, draft)
    _columns(text, figures, rest, draft, Meanings(catalogue, words, opened.path.stem))
    return Proposal(_written(opened, draft), draft.understood, draft.left, draft.doubts + 1)  # whose figures


def _largest(opened: Opened, draft: Draft) -> "tuple[str, Rows | pd.DataFrame]":
    """Choose the table with most cells."""
    tables = tables_of(opened)
    if not tables:
        raise SourceError(f"{opened.name} has no table with cells.")
    sizes = {name: len(table) * (len(table.columns) if isinstance(table, pd.DataFrame) else max(map(len, table)))
             for name, table in tables.items()}  # fmt: skip
    sheet = max(sizes, key=lambda name: sizes[name])
    if len(tables) > 1:
        others = ", ".join(f"{name} ({size} cells)" for name, size in sizes.items() if name != sheet)
        draft.say("sheet", sheet, f"the largest; the file also has {others}")
    return sheet, tables[sheet]


def _header(table: "Rows | pd.DataFrame") -> tuple[int, ...]:
    """Find the rows of the titles: those above the first row with figures, as wide as it is."""
    if isinstance(table, pd.DataFrame):
        return (1,)
    for place, row in enumerate(table[:TITLES_WITHIN]):
        full = [text_of(cell) for cell in row if text_of(cell)]
        numbers = [one for one in full if LIKE_NUMBER.fullmatch(one)]
        if place and len(full) > 1 and numbers and not all(re.fullmatch(YEAR, one) for one in numbers):
            wide = [above for above in range(place) if _width(table[above]) >= max(2, len(full) // 2)]
            top = wide[-2] if len(wide) > 1 and _are_units(table[wide[-1]]) else wide[-1] if wide else place - 1
            while top and _width(table[top]) < len(full) - 1 and _width(table[top - 1]) > 1:
                top -= 1  # titles in several rows, none of them whole
            return tuple(above + 1 for above in range(top, place) if _width(table[above]))
    return (1,)


def _width(row: Sequence[Any]) -> int:
    return sum(text_of(cell) != "" for cell in row)


def _are_units(row: Sequence[Any]) -> bool:
    """Tell whether a row only says units: the same few words again and again."""
    cells = [text_of(cell) for cell in row[1:] if text_of(cell)]
    return len(cells) > 1 and (len(set(cells)) <= max(1, len(cells) // 2) or "%" in cells)


def _area(text: pd.DataFrame, draft: Draft, known: pd.DataFrame, municipality: str, name: str) -> str:
    """Find the column that says which area a row is: the finest with codes, else postcodes, else names."""
    share = {title: text[title].str.fullmatch(CODE).mean() for title in text.columns}
    coded = [title for title, part in share.items() if part >= ALMOST_ALL]
    if coded:
        area = max(coded, key=lambda title: text[title].nunique())
        draft.say("areas", area)
        odd = [one for one in text[area].unique() if one not in NO_CODE and not re.fullmatch(CODE, one)]
        if odd:
            draft.say("leave_out", odd[:20], "these are no codes of areas")
        whole = text[area].str.startswith("GM").all()
        named = [title for title in text.columns if title not in coded and _names_areas(title)]
        named = [title for title in named if whole or "gemeente" not in title.casefold()]
        if named:
            near = [title for title in named if title[:2].casefold() == area[:2].casefold()]
            draft.say("name", (near or named)[0])
        return area
    for title in text.columns:
        digits = text[title].str.fullmatch(r"[1-9]\d{3}").mean() >= ALMOST_ALL
        if digits and re.search(r"pc ?_?4|postc", title, re.IGNORECASE):
            draft.say("areas", title)
            draft.say("areas_are", BY_POSTCODES)
            odd = [one for one in text[title].unique() if one and not re.fullmatch(r"[1-9]\d{3}", one)]
            if odd:
                draft.say("leave_out", odd[:20], "these are no postcodes")
            return title
    for title in text.columns:
        width = text[title].str.fullmatch(r"\d{3,8}").mean()
        match = BARE_CODE.search(title)
        if width >= ALMOST_ALL and match:
            prefix = {"b": "BU", "w": "WK", "g": "GM"}[(match[1] or match[3])[0].casefold()]
            draft.say("areas", title)
            draft.say("prefix", prefix, f"codes without their prefix; are they {prefix}?")
            return title
    return _named_area(text, draft, known, municipality, name)


def _names_areas(title: str) -> bool:
    return re.search(r"naam|name|wijken en buurten|^regio", title, re.IGNORECASE) is not None


def _named_area(text: pd.DataFrame, draft: Draft, known: pd.DataFrame, municipality: str, name: str) -> str:
    """Find the column whose names are those of areas of one municipality."""
    rows = known[known["code"].str.slice(0, 2).isin(["WK", "BU"])]
    key = rows["name"].map(name_key)
    best, found = (0.0, ""), ""
    for title in text.columns:
        here = set(text[title].map(name_key)) - {""}
        if len(here) < 2 or text[title].str.fullmatch(LIKE_NUMBER).mean() > 0.5:
            continue
        for place, part in rows.assign(key=key).groupby(rows["code"].str.slice(2, 6)):
            if not municipality or municipality[2:] == place:
                share = len(here & set(part["key"])) / len(here)
                best, found = max((best, found), ((share, title), f"GM{place}"))
    title = best[1]
    if not title:
        title = next((one for one in text.columns if text[one].str.fullmatch(LIKE_NUMBER).mean() < 0.5), "")
        found = municipality
    if not title:
        raise SourceError(
            f"{name} has no column that says which area a row is: no codes such as BU07580001, no postcodes and no "
            f"names. It has the columns {examples(list(text.columns), 8)}."
        )
    draft.say("areas", title)
    draft.say("areas_are", BY_NAMES)
    if best[0] >= ALMOST_ALL / 2:
        draft.say("municipality", found, f"{100 * best[0]:.0f} % of the names are areas of it" if best[0] < 1 else "")
    else:
        draft.say("municipality", municipality, "fill in of which municipality these are; kloof knows no such names")
    return title


def _year(text: pd.DataFrame, draft: Draft, area: str, around: Mapping[str, str]) -> str:
    """Find the years: a column that holds them, the titles, or the text around the table."""
    for title in text.columns:
        period = text[title].map(lambda one: bool(WHOLE_YEAR.fullmatch(one) or OTHER_PERIOD.fullmatch(one)))
        named = re.search(r"jaar|year|period", title, re.IGNORECASE)
        if title != area and period.mean() == 1 and (named or text[title].nunique() < len(text) / 2):
            said = set(YEAR.findall(around["file name"]))
            odd = said - {match[1] for one in text[title].unique() if (match := WHOLE_YEAR.fullmatch(one))}
            doubt = "" if named else "every cell is a year; is it the year of the figures?"
            draft.say("year", title, f"the name of the file says {', '.join(sorted(odd))}" if odd else doubt)
            return str(title)
    if sum(re.fullmatch(YEAR, title) is not None for title in text.columns) > 1:
        return ""
    years = {what: set(YEAR.findall(said)) for what, said in around.items()}
    every = set().union(*years.values())
    shown = "; ".join(f"{what}: {', '.join(sorted(found))}" for what, found in years.items() if found)
    if len(every) == 1:
        draft.say("year", int(every.pop()), f"from {shown}")
    else:
        draft.say("year", 0, f"fill in the year of the figures ({shown or 'nothing in the file says it'})")
    return ""


def _is_figure(cells: "pd.Series[str]") -> bool:
    full = cells[cells != ""]
    return bool(len(full)) and full.map(lambda one: bool(LIKE_NUMBER.fullmatch(one))).mean() >= 0.5


def _numbers(cells: pd.DataFrame) -> Iterator[str]:
    for title in cells.columns:
        yield from cells[title].unique()


def _signs(cells: pd.DataFrame, draft: Draft) -> None:
    """Find the sign before decimals and the one between thousands."""
    texts = [one for one in _numbers(cells) if LIKE_NUMBER.fullmatch(one) and re.search("[,.]", one)]
    sure = {sign for one in texts for sign in ",." if sign in one and not _thousands(one, sign)}
    both = {sign for one in texts for sign in ",." if one.count(sign) > 1}
    unsure = {sign for one in texts for sign in ",." if _thousands(one, sign)}
    if len(sure) == 1 and not (unsure - sure):
        draft.say("decimal", sure.pop())
    elif len(sure) == 1:
        decimal = sure.pop()
        draft.say("decimal", decimal)
        draft.say("thousands", "," if decimal == "." else ".")
    elif both and not sure:
        draft.say("thousands", both.pop())
    elif unsure and not sure:
        sign = sorted(unsure)[0]
        shown = next(one for one in texts if _thousands(one, sign))
        draft.say("thousands", sign, f"is {shown} {shown.replace(sign, '')}, or a decimal: then decimal = {sign!r}")


def _thousands(text: str, sign: str) -> bool:
    """Tell whether a sign may stand between thousands."""
    return (
        sign in text
        and re.fullmatch(rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+(?:[.,]\d+)?", text) is not None
    )


def _missing(cells: pd.DataFrame, draft: Draft) -> None:
    """List what stands in cells without a number."""
    counted: dict[str, int] = {}
    for title in cells.columns:
        for one, count in cells[title].value_counts().items():
            if one and (not LIKE_NUMBER.fullmatch(str(one)) or MARK.fullmatch(str(one))):
                counted[str(one)] = counted.get(str(one), 0) + int(count)
    if counted:
        marks = sorted(counted, key=lambda one: -counted[one])[:12]
        shown = ", ".join(f"{one} in {counted[one]} cells" for one in marks)
        said = {one: "suppressed" if one == "x" or MARK.fullmatch(one) else "not_published" for one in marks}
        draft.say("missing", said, f"{shown}; suppressed: too few people to publish")


def _keep(text: pd.DataFrame, area: str, year: str, draft: Draft) -> None:
    """Find a value of another column by which every area stands once in a year."""
    out = text[area].isin(draft.table.get("leave_out", ([], ""))[0]) | (text[area] == "")
    key = [area, *([year] if year else [])]
    rows = text[~out]
    if draft.table.get("areas_are", ("", ""))[0] == BY_NAMES or not rows.duplicated(key).any():
        return
    others = [title for title in text.columns if title not in key and 1 < text[title].nunique() <= 50]
    for title in others:
        values = [one for one in rows[title].unique() if not rows[rows[title] == one].duplicated(key).any()]
        if values:
            kept = max(values, key=lambda one: (bool(TOTALS.fullmatch(one)), int((rows[title] == one).sum())))
            shown = ", ".join(
                f"{one or 'blank'} ({count} rows)" for one, count in rows[title].value_counts().head(6).items()
            )
            draft.say("keep", {title: kept}, f"areas stand more than once; {title} is {shown}")
            return
    shown = ", ".join(others[:5])
    draft.say("keep", {}, f"areas stand more than once in a year: say which rows count by a column ({shown or 'none'})")


def _columns(text: pd.DataFrame, figures: Sequence[str], rest: Sequence[str], draft: Draft, meanings: Meanings) -> None:
    """Write a line for each column with figures: what it means, or what it is near to."""
    by_template: dict[str, list[str]] = {}
    for title in figures:
        by_template.setdefault(re.sub(YEAR.pattern, "{yyyy}", title), []).append(title)
    shown: list[tuple[str, list[str]]] = []
    for template, titles in by_template.items():
        one = "{yyyy}" in template and len(titles) > 1
        shown += [(template, titles)] if one else [(title, [title]) for title in titles]
    given: dict[str, str] = {}
    zeros: dict[str, int] = {}  # of each column that is read: its cells with a 0 that cannot be right; -1: it can
    for written, titles in shown:
        if why := meanings.aside(written):
            draft.columns.append(f"# {_quoted(written)} holds no figure: {why}")
            continue
        found = meanings.of(written)
        if found and found.indicator not in given:
            given[found.indicator] = written
            draft.understood += 1
            own = meanings.catalogue.indicator(found.indicator)
            cells = pd.concat([text[title] for title in titles])
            times, doubt = _scaled(cells, own, found, draft)
            zeros[written] = int(cells.map(_is_zero).sum()) if meanings.catalogue.plausible(own.id)[0] > 0 else -1
            if zeros[written] > 0:
                no_figure = f"{zeros[written]} cells are 0, which it cannot be: missing says so, else empty them"
                doubt = f"{doubt}; {no_figure}" if doubt else no_figure
            draft.doubts += bool(doubt)
            value = _quoted(found.indicator)
            value = value if times == 1 else f"{{ indicator = {value}, times = {times:g} }}"
            draft.columns.append(
                f"{_quoted(written)} = {value}  # {f'? {doubt}' if doubt else f'{own.en}, {own.unit}'}"
            )
            continue
        draft.left += 1
        near = [found.indicator] if found else meanings.near(written)
        also = f"so is {_quoted(given[found.indicator])}: choose one" if found else "near"
        also += f", or {near[1]}" if len(near) > 1 else ""
        line = f"# {_quoted(written)} = {_quoted(near[0] if near else '')}"
        draft.columns.append(line + f"  # {also}" * bool(near))
    if zeros and min(zeros.values()) >= 0 and any(zeros.values()):
        _zeros(text[list(figures)], draft)
    if rest:
        draft.columns.append(f"# without numbers: {', '.join(map(_quoted, rest[:12]))}")


def _is_zero(text: str) -> bool:
    return re.fullmatch(r"0+(?:[.,]0+)?", text) is not None


def _zeros(cells: pd.DataFrame, draft: Draft) -> None:
    """Say that 0 stands for no figure; for files of which no column that is read can have one."""
    marks = {one: "zero_means_missing" for one in _numbers(cells) if _is_zero(one)}
    said, doubt = draft.table.get("missing", ({}, ""))
    draft.doubts -= bool(doubt)
    told = "a 0 is no figure in the columns that are read"
    draft.say("missing", {**said, **marks}, f"{doubt}; {told}" if doubt else told)


def _scaled(cells: "pd.Series[str]", own: Indicator, found: Meaning, draft: Draft) -> tuple[float, str]:
    """Find the factor by which figures come in the unit of the indicator, as far as they show it."""
    signs = {key: draft.table.get(key, ("", ""))[0] for key in ("decimal", "thousands")}
    plain = cells[~cells.map(lambda one: bool(MARK.fullmatch(one)))]
    plain = plain.str.replace(signs["thousands"], "") if signs["thousands"] else plain
    plain = plain.str.replace(",", ".") if signs["decimal"] == "," else plain
    value = pd.to_numeric(plain, errors="coerce").dropna().to_numpy(float)
    doubt, times, value = found.doubt, found.times, value[np.isfinite(value)]
    if not len(value):
        return times, doubt
    if own.unit == "percent" and value.max() <= 1 and np.any(value % 1 > 0):
        return 100.0, f"all lie between {value.min():g} and {value.max():g}: shares of one, made percent"
    if own.unit == "thousand_euro" and np.median(value) * times > EUROS:
        return 0.001, f"the middle one is {np.median(value):g}: euros, made thousands of euros"
    if own.unit == "percent" and value.max() * times > 100:
        return times, f"the highest is {value.max():g}, which is no percentage"
    if own.kind == "count" and own.unit != "hectare" and np.any(value * times % 1 > 0):
        return times, "these are not whole numbers, and this counts"
    return times, doubt


def _quoted(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_quoted(key)} = {_quoted(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int) else _quoted(str(value))


def _written(opened: Opened, draft: Draft) -> str:
    """Write the mapping as TOML."""
    name = "".join(sign if sign.isprintable() else "?" for sign in opened.path.name)  # or it would end the comment
    stem = re.sub(r"[^a-z0-9]+", "_", clean(opened.path.name.partition(".")[0]).casefold()).strip("_")
    table = []
    for key in ("sheet", "header", "areas", "areas_are", "prefix", "name", "municipality", "year", "missing", "decimal",
                "thousands", "keep", "leave_out"):  # fmt: skip
        if key in draft.table:
            value, doubt = draft.table[key]
            table.append(f"{key} = {_value(value)}" + (f"  # ? {doubt}" if doubt else ""))
    return "\n".join([
        f"# What kloof is to read in {name}. Lines with `# ?` are doubts: look at these, correct what is wrong.",
        f"# Then: kloof data add {shlex.quote(name)} --map {shlex.quote(f'{name}.toml')}"
        "   (--dry-run shows what it makes of it)",
        "",
        "[table]",
        *table,
        "",
        "[source]",
        f"id = {_quoted(f'own_{stem}'[:60])}",
        'publisher = "?"  # ? whose figures are these',
        f"title = {_quoted(name)}",
        'licence = ""',
        "",
        "[columns]",
        "# title in the file = indicator (kloof list indicators), or { indicator = …, times = 0.001 }. What has no",
        "# line, or a # before it, is not used. {yyyy} in a title is the year of the figure.",
        *draft.columns,
        "",
        "# An indicator of your own: take the # away, give it a name, and use that name above.",
        "# [indicator.my_indicator]",
        '# nl = "…"',
        '# en = "…"',
        '# unit = "percent"   # or persons, households, dwellings, euro, thousand_euro, per_thousand, index …',
        '# kind = "share"     # count, share, mean, rate or class',
        '# better = 1         # 1 more is better for residents, -1 less is better, 0 neither',
        "",
    ])  # fmt: skip
