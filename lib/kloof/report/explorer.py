"""Every buurt in every year → a map and a ranked list that belong together: what stands there, and all it can show.

Nothing is computed but the order and the classes of colour; each number is one of table `03.by_year`, as it would be
printed. `templates/explorer.js` moves through them.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from kloof.figures.maps import DIVERGING, class_limits, colours
from kloof.report.page import inline_script
from kloof.report.views import ExplorerView, ReportView, Spot
from kloof.words import numbers
from kloof.words.sentences import Narrator, Number

TABLE = "03.by_year"
STATIC = "03.map"  # the picture it takes the place of, where pages can move
BLOCK = 84.0  # width of a colour in the legend
Shapes = tuple[Mapping[str, str], float]  # path by code, and how high the map is


def placed(view: ReportView, teller: Narrator, shapes: Shapes | None) -> ReportView:
    """Put the map and list in the section whose table it shows."""
    own = {section["id"] for section in teller.results["sections"] if TABLE in section["tables"]}
    sections = tuple(
        replace(section, explorer=explorer(teller, shapes)) if section.id in own else section
        for section in view.sections
    )
    return replace(view, sections=sections)


def explorer(teller: Narrator, shapes: Shapes | None) -> ExplorerView | None:
    """Make the map and list of a report; None without table `03.by_year`, and without boundaries a list alone."""
    table = teller.results["tables"].get(TABLE)
    if table is None or not table["rows"]:
        return None
    keys = [str(column["key"]) for column in table["columns"]]
    rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
    years = [int(key[1:]) for key in keys if key.startswith("y2")]
    names = list(dict.fromkeys(str(row["indicator"]) for row in rows))
    codes = sorted(
        {str(row["area"]) for row in rows if row["group"] != "city"}, key=lambda code: (teller.area(code), code)
    )
    paths, height = shapes or ({}, 0.0)
    listed = {str(row["area"]) for row in rows if row["group"] == "focus"}
    described = [_indicator(teller, rows, name, codes, years) for name in names]
    first = described[0]
    year = max(year for year, values in zip(years, first["values"], strict=True) if values)
    at = years.index(year)
    fills = {}
    spots = []
    for code in codes:
        number = next((n for n, row in enumerate(rows) if (row["indicator"], row["area"]) == (names[0], code)), None)
        value = None if number is None else rows[number][f"y{year}"]
        pointer = f"/tables/{TABLE}/rows/{number}/{keys.index(f'y{year}')}"
        shown = first["values"][at][codes.index(code)]
        fills[code] = None if shown is None else bisect_right(first["limits"], shown - first["city"][at])
        text = _number(teller, names[0], value)
        spots.append(
            Spot(
                code, teller.area(code), code in listed,
                text if value is None else Number(text, pointer), "" if number is None else pointer,
                fills[code], paths.get(code, ""),
            )
        )  # fmt: skip
    order = {code: (value is None, value) for code, value in zip(codes, first["values"][at], strict=True)}
    spots.sort(key=lambda spot: (order[spot.code][0], order[spot.code][1] or 0.0, spot.name))
    city = next(n for n, row in enumerate(rows) if (row["indicator"], row["group"]) == (names[0], "city"))
    limits = first["limits"]
    return ExplorerView(
        spots=tuple(spots),
        height=round(height, 1),
        indicators=tuple((name, teller.catalogue.indicator(name).label(teller.language)) for name in names),
        label=str(first["label"]),
        years=tuple(years),
        year=year,
        city=Number(
            _number(teller, names[0], rows[city][f"y{year}"]),
            f"/tables/{TABLE}/rows/{city}/{keys.index(f'y{year}')}",
        ),
        colours=colours(len(limits) + 1, diverging=True),
        limits=tuple((round(BLOCK * (place + 1), 1), text) for place, text in enumerate(first["limit_texts"])),
        data=inline_script(
            {
                "areas": [[code, teller.area(code), int(code in listed)] for code in codes],
                "years": years,
                "city": teller.area(teller.results["place"]["code"]),
                "indicators": described,
                "colours": [list(colours(count, diverging=True)) for count in range(1, len(DIVERGING) + 1)],
                "separators": {"nl": [".", ","], "en": [",", "."]}[teller.language],
                "average": teller.word("page", "explorer", "city"),
                "missing": teller.word("page", "explorer", "missing"),
                "said": teller.word("page", "explorer", "said"),
            }
        ),
        replaces=STATIC if paths and STATIC in teller.results["figures"] else None,
    )  # fmt: skip


def _indicator(
    teller: Narrator, rows: Sequence[Mapping[str, Any]], name: str, codes: Sequence[str], years: Sequence[int]
) -> dict[str, Any]:
    """Describe one indicator: how its numbers are written, and per year one per area, rounded as they are printed."""
    entry = teller.catalogue.indicator(name)
    own = {str(row["area"]): row for row in rows if row["indicator"] == name}
    city = next(row for row in own.values() if row["group"] == "city")
    values: list[list[float | None]] = []
    means: list[float | None] = []
    for year in years:
        means.append(_printed(teller, name, city[f"y{year}"]))
        line = [_printed(teller, name, own[code][f"y{year}"]) if code in own else None for code in codes]
        values.append([] if means[-1] is None else line)
    apart = [
        value - mean
        for line, mean in zip(values, means, strict=True)
        for value in line
        if value is not None and mean is not None
    ]
    broken = str(city["breaks"]).split(";")
    limits = class_limits(apart, 0.0)
    unit, language = entry.unit, teller.language
    step = min((abs(after - before) for before, after in pairwise(limits)), default=1.0)
    places = next((digits for digits in range(4) if round(step, digits) == step), 4)
    return {
        "id": name,
        "label": entry.label(language),
        "pattern": numbers.PATTERNS.get(unit, {}).get(language, "{n}").replace(" ", numbers.SPACE),
        "decimals": 0 if unit == "thousand_euro" else numbers.decimals_of(unit, entry.decimals),
        "values": values,
        "city": means,
        "breaks": [place for place, year in enumerate(years) if str(year) in broken],
        "limits": limits,
        "limit_texts": [numbers.digits(limit, language, places) for limit in limits],
    }


def _number(teller: Narrator, name: str, value: float | None) -> str:
    """Write a value of an indicator as anywhere else."""
    entry = teller.catalogue.indicator(name)
    return numbers.number(value, entry.unit, teller.language, entry.decimals)


def _printed(teller: Narrator, name: str, value: float | None) -> float | None:
    """Round a value to what is printed of it; thousands of euro become euro."""
    if value is None:
        return None
    entry = teller.catalogue.indicator(name)
    amount = float(numbers.rounded(value, numbers.decimals_of(entry.unit, entry.decimals)))
    whole = round(amount * 1000, 6) if entry.unit == "thousand_euro" else amount
    return int(whole) if whole.is_integer() else whole
