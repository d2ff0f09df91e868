# ruff: noqa: E501 - sentences and planted texts stay on one line
"""A small but complete results document and its two views, with everything that is awkward to print."""

from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from kloof.findings import Finding, Side, Verdict, told
from kloof.report.readback import blocks, differences, parse
from kloof.report.views import Cell, FigureView, Paragraph, ReportView, SectionView, TableView, VerdictCell
from kloof.results import Column, Section, join_sections, look_up
from kloof.words import numbers
from kloof.words.sentences import Number, Sentence

AREAS = {
    "GM0758": "Breda",
    "BU07580101": "Valkenberg",
    "BU07580102": "Café ’t Ginneken & <Zuid>",
    "BU07580103": "Plan 9 oost",
    "BU07580104": "Twee Bruggen",
    "BU07580105": "Buitengebied Nieuw-Wolfslaardijkerswaardelaan",
    "BU07580106": "Geeren-noord",
}
VALUES = [(118, 141), (201.4, 250), (96.5, None), (310, 355.25), (402, 398), (109.5, 112)]


def results() -> dict[str, Any]:
    """Everything the sample report quotes, made with the Section API."""
    codes = list(AREAS)[1:]
    state = Section("01.state")
    state.add(
        Finding(
            "01.share",
            "level",
            "share",
            "percent",
            "rent",
            12.5,
            11.9,
            13.1,
            range_kind=("rounding",),
            b=Side(2019, n_units=54),
        ),
        Finding(
            "01.same", "index_change", "dissimilarity", "index", "low", 0.0012, -0.004, 0.006, smallest_effect=0.01
        ),
    )
    years = [2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019]
    series = {
        f"y{year}": [round(90 + 7.3 * row + 1.9 * step, 1) for row in range(6)] for step, year in enumerate(years)
    }
    series["y2014"][2] = float("nan")
    state.table(
        "01.nine",
        [Column("area", "area"), *(Column(f"y{year}", "number", "percent", 1) for year in years)],
        pd.DataFrame({"area": codes, **series}),
    )
    many = [codes[place % 6] for place in range(60)]
    state.table(
        "01.sixty",
        [
            Column("area", "area"),
            Column("year", "year"),
            Column("people", "number", "persons"),
            Column("index", "number", "index"),
        ],
        pd.DataFrame(
            {
                "area": many,
                "year": [2010 + place // 6 for place in range(60)],
                "people": [7 if place == 3 else 940 + 173 * place for place in range(60)],
                "index": [round(0.1 + 0.0037 * place, 4) for place in range(60)],
            }
        ),
    )
    state.figure("01.map", "choropleth", "03.levels", "01.share")
    gap = Section("03.gap")
    gap.add(
        Finding(
            "03.gap", "gap_change", "absolute", "thousand_euro", "value", 23, 17, 29, 22.9, 23.1, ("process",), 5.0,
            Side(2015, "focus", -118, n_units=11), Side(2019, "focus", -141, n_units=11), "union", 96.4, 80,
        ),
        Finding("03.health", "gap_change", "gap", "percent", "health", 0.75, -0.4, 1.9, a=Side(2012, None, 4), b=Side(2016, None, 4.75)),
        Finding("03.income", "gap_change", "gap", "thousand_euro", "income", 1.2, 1, 2, comparability="broken"),
        Finding("03.tenure", "gap_change", "gap", "percent", "tenure", reason="not_published", coverage=12.5, coverage_minimum=80),
    )  # fmt: skip
    gap.table(
        "03.levels",
        [
            Column("area", "area"),
            Column("y2015", "number", "thousand_euro"),
            Column("y2019", "number", "thousand_euro"),
            Column("share", "number", "percent"),
        ],
        pd.DataFrame(
            {
                "area": codes,
                "y2015": [first for first, _ in VALUES],
                "y2019": [last for _, last in VALUES],
                "share": [12.25, -3.75, None, 0.05, 100, 33.333],
            }
        ),
    )
    gap.figure("03.lines", "gap_lines", "03.levels", "03.gap")
    gap.decide(
        Verdict("C1", "SUPPORTED", "03.gap", "main"),
        Verdict("C2", "UNDECIDED", "03.health", "main"),
        Verdict("C3", "NOT_TESTABLE", "03.tenure", "main"),
        Verdict("C4", "NEGLIGIBLE", "01.same", "main"),
        Verdict("H3", "CONTRADICTED", "01.share", "main"),
        Verdict("H4", "MIXED", "03.gap", "main"),
    )
    header = {
        "areas": AREAS,
        "place": {"code": "GM0758"},
        "parameters": {"focus": "union", "year_from": 2012, "year_to": 2019, "small_count": 10},
        "sources": {
            "kwb": {"publisher": "Statistics Netherlands (CBS)", "table": "85984NED"},
            "crime": {"publisher": "Politie, via het CBS", "title": "Kerncijfers wijken en buurten 2024"},
        },
    }
    document = join_sections(header, [state.as_json(), gap.as_json()])
    return document | {"overall": {row["claim"]: row["verdict"] for row in document["verdicts"]}}


def number(
    document: dict[str, Any], pointer: str, unit: str, language: str, decimals: int | None = None, **how: Any
) -> Number:
    """Print what stands at a pointer."""
    value = look_up(document, pointer)
    return Number(
        numbers.number(abs(value) if how.get("size") else value, unit, language, decimals, bare="bare" in how), pointer
    )


def people(value: float, language: str) -> str:
    """Print a count of people; fewer than ten only as that."""
    return (
        {"nl": "minder dan 10", "en": "fewer than 10"}[language]
        if value < 10
        else numbers.number(value, "number", language)
    )


def table(document: dict[str, Any], name: str, language: str, head: tuple[str, ...], caption: str) -> TableView:
    """Print a table of the results as it stands."""
    content = document["tables"][name]
    reason = {"nl": "te weinig woningen om te publiceren", "en": "too few dwellings to publish"}[language]
    rows = []
    for place, row in enumerate(content["rows"]):
        cells = []
        for at, (column, value) in enumerate(zip(content["columns"], row, strict=True)):
            pointer = f"/tables/{name}/rows/{place}/{at}"
            if column["kind"] == "area":
                cells.append(Cell((AREAS[value],)))
            elif value is None:
                cells.append(Cell((numbers.MISSING,), True, reason))
            elif column["kind"] == "year":
                cells.append(Cell((Number(str(value), pointer),), True))
            elif column["unit"] == "persons":
                cells.append(Cell((Number(people(value, language), pointer),), True))
            else:
                text = numbers.number(value, column["unit"], language, column["decimals"], bare=True)
                cells.append(Cell((Number(text, pointer),), True))
        rows.append(tuple(cells))
    return TableView(name, (caption,), head, tuple(rows), None, f"tables/{name}.csv")


def lines(language: str) -> str:
    """A line chart with two labels."""
    labels = {"nl": ("€ 118.000", "€ 141.000", "verschil"), "en": ("€118,000", "€141,000", "gap")}[language]
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 640 330" width="640pt" height="330pt" version="1.1">
<metadata><date>2026-11-24</date></metadata><defs><clipPath id="p1"><rect width="640" height="330"/></clipPath></defs>
<g clip-path="url(#p1)"><path d="M60 40H560" stroke="#ddd"/><path d="M60 160H560" stroke="#ddd"/><path d="M60 290H560" stroke="#888"/>
<path d="M80 230L540 255L540 60L80 100Z" fill="#e8e8e8"/>
<path id="focus" d="M80 230L240 236L390 248L540 255" fill="none" stroke="#D55E00" stroke-width="4"/>
<path d="M80 100L240 92L390 70L540 60" fill="none" stroke="#0072B2" stroke-width="4" stroke-dasharray="9 5"/>
<use xlink:href="#focus"/></g>
<g font-family="Source Sans Pro, sans-serif" font-size="20"><text x="90" y="172">{labels[2]} {labels[0]}</text>
<text x="410" y="172">{labels[2]} {labels[1]}</text><text x="70" y="315">2015</text><text x="520" y="315">2019</text></g>
</svg>"""


def chart(language: str) -> str:
    """A choropleth-like SVG: one area per path, each with its pointer and its name and value as title."""
    shapes = []
    for place, ((first, _), name) in enumerate(zip(VALUES, list(AREAS.values())[1:], strict=True)):
        text = escape(f"{name}: {numbers.number(first, 'thousand_euro', language)}")
        left, top, shade = 30 + place % 3 * 195, 20 + place // 3 * 150, 0.25 + 0.12 * place
        border = ' stroke="#111" stroke-width="3"' if place in (0, 2) else ' stroke="#fff"'
        shapes.append(
            f'<path data-ref="/tables/03.levels/rows/{place}/1" fill="#0072B2" fill-opacity="{shade:.2f}"{border}'
            f' d="M{left} {top + 20}L{left + 90} {top}L{left + 180} {top + 15}L{left + 175} {top + 130}L{left + 12} {top + 140}Z">'
            f"<title>{text}</title></path>"
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330"><defs><g id="p1"/></defs>{"".join(shapes)}</svg>'


def parity(html_nl: str, html_en: str) -> list[str]:
    """Where two pages do not carry the same numbers, findings and verdicts."""
    return differences(blocks(parse(html_nl)), blocks(parse(html_en)))


def paragraph(document: dict[str, Any], finding: str, *sentences: Sentence) -> Paragraph:
    """A paragraph with the code that chooses its words."""
    return Paragraph(finding, told(document["findings"][finding]), sentences)


def view(language: str, document: dict[str, Any] | None = None) -> ReportView:
    """The sample report in one language, written by hand."""
    document = document or results()
    dutch = language == "nl"

    def n(pointer: str, unit: str, decimals: int | None = None, **how: Any) -> Number:
        return number(document, pointer, unit, language, decimals, **how)

    def say(nl: Sentence, en: Sentence) -> Sentence:
        return nl if dutch else en

    gap = "/findings/03.gap"
    size = n(f"{gap}/estimate", "thousand_euro")
    ends = n(f"{gap}/low", "thousand_euro"), n(f"{gap}/high", "thousand_euro")
    year = [Number(str(look_up(document, f"{gap}/{side}/year")), f"{gap}/{side}/year") for side in ("a", "b")]
    level = [n(f"{gap}/{side}/estimate", "thousand_euro", size=True) for side in ("a", "b")]
    main = paragraph(
        document,
        "03.gap",
        say(
            ("In ", year[1], " was de WOZ-waarde in de buurten op de lijst gemiddeld ", level[1], " minder dan in de rest van de stad; in ", year[0], " was dat ", level[0], "."),
            ("In ", year[1], " the mean dwelling value in the listed neighbourhoods was ", level[1], " less than in the rest of the city; in ", year[0], " it was ", level[0], "."),
        ),
        say(
            ("Het verschil groeide met ", size, " (tussen ", ends[0], " en ", ends[1], ")."),
            ("The gap grew by ", size, " (between ", ends[0], " and ", ends[1], ")."),
        ),
    )  # fmt: skip
    low = n("/findings/03.health/low", "points", size=True)
    high = n("/findings/03.health/high", "points")
    health = paragraph(
        document,
        "03.health",
        say(
            ("Of het verschil in gezondheid veranderde, is met deze cijfers niet te zeggen: het kan met ", low, " zijn gedaald en met ", high, " gestegen."),
            ("Whether the gap in health changed cannot be told from these figures: it may have fallen by ", low, " or risen by ", high, "."),
        ),
    )  # fmt: skip
    share = n("/findings/01.share/estimate", "percent")
    state = paragraph(
        document,
        "01.share",
        say(
            (
                "In ",
                Number("2019", "/findings/01.share/b/year"),
                " huurde ",
                share,
                " van de huishoudens bij een corporatie.",
            ),
            (
                "In ",
                Number("2019", "/findings/01.share/b/year"),
                " ",
                share,
                " of the households rented from a housing association.",
            ),
        ),
    )
    tenure = paragraph(
        document,
        "03.tenure",
        say(
            (
                "Dit kan niet worden getoetst: het cijfer is er voor ",
                n("/findings/03.tenure/coverage", "percent", 0),
                " van de huishoudens.",
            ),
            (
                "This cannot be tested: the figure is there for ",
                n("/findings/03.tenure/coverage", "percent", 0),
                " of the households.",
            ),
        ),
    )
    lead_figure = FigureView(
        "03.lines",
        say(("Het verschil groeide met ", size), ("The gap grew by ", size)),
        {
            "nl": "Een paar lijnen, 2015–2019: de WOZ-waarde; het verschil was € 118.000 en is € 141.000 & groeide.",
            "en": "A pair of lines, 2015–2019: the dwelling value; the gap was €118,000, is €141,000 & grew.",
        }[language],
        {"nl": "Bron: CBS 85984NED. De figuur gaat over 11 buurten.", "en": "Source: CBS 85984NED. The figure covers 11 neighbourhoods."}[language],
        lines(language),
        "figures/03.lines.svg",
        "figures/03.lines.csv",
    )  # fmt: skip
    map_figure = FigureView(
        "01.map",
        say(("Waar de woningen het minst waard zijn",), ("Where dwellings are worth least",)),
        {
            "nl": "Kaart van de buurten in 2015, lichter en donkerder.",
            "en": "Map of the neighbourhoods in 2015, lighter and darker.",
        }[language],
        {"nl": "Bron: CBS 85984NED.", "en": "Source: CBS 85984NED."}[language],
        chart(language),
        "figures/01.map.svg",
        "figures/01.map.csv",
    )
    years = tuple(f"{year} (%)" for year in range(2012, 2020))
    word = {"nl": "Buurt", "en": "Neighbourhood"}[language]
    limits = (
        say(("Dit zegt niets over de redenen.",), ("This says nothing about the reasons.",)),
        say(
            (
                "De figuren volgen ",
                "de lijst van BredaVandaag",
                ", met de woordenboekachtige samenstelling huurtoeslagontvangershuishoudensaandeel.",
            ),
            ("The figures follow the list of ‹BredaVandaag›, whoever is on it.",),
        ),
    )
    how = (
        say(
            ("Een gemiddelde, gewogen naar woningen; zie ‹Duncan & Duncan 1955›, doi:10.2307/2088328, en `kloof.measures.registry`.",),
            ("A mean weighted by dwellings; see ‹Duncan & Duncan 1955›, doi:10.2307/2088328, and `kloof.measures.registry`.",),
        ),
        say(("Er zijn cijfers voor ", n(f"{gap}/coverage", "percent", 0), " van de woningen.",), ("There are figures for ", n(f"{gap}/coverage", "percent", 0), " of the dwellings.")),
    )  # fmt: skip
    sections = (
        SectionView(
            "01.state", "toestand", {"nl": "Hoe staat de stad ervoor in 2019?", "en": "How does the city stand in 2019?"}[language], state, (map_figure,), (),
            (
                table(document, "01.nine", language, (word, *years), {"nl": "Huurders per buurt", "en": "Tenants per neighbourhood"}[language]),
                table(
                    document, "01.sixty", language,
                    {"nl": (word, "Jaar", "Inwoners (personen)", "Index"), "en": (word, "Year", "Inhabitants (persons)", "Index")}[language],
                    {"nl": "Inwoners per buurt & jaar", "en": "Inhabitants per neighbourhood & year"}[language],
                ),
            ),
            how, limits,
        ),
        SectionView(
            "03.gap", "kloof", {"nl": "Werd het verschil tussen buurten in Breda groter?", "en": "Did the gap between neighbourhoods in Breda widen?"}[language],
            main, (lead_figure,), (health, tenure),
            (
                table(
                    document, "03.levels", language,
                    {"nl": (word, "WOZ-waarde 2015 (€)", "WOZ-waarde 2019 (€)", "Aandeel (%)"), "en": (word, "Dwelling value 2015 (€)", "Dwelling value 2019 (€)", "Share (%)")}[language],
                    {"nl": "Gemiddelde WOZ-waarde", "en": "Mean dwelling value"}[language],
                ),
            ),
            how, limits,
        ),
    )  # fmt: skip
    verdicts = {
        "SUPPORTED": ("klopt", "holds", "●"),
        "CONTRADICTED": ("klopt niet", "does not hold", "○"),
        "MIXED": ("klopt ten dele", "holds in part", "◐"),
        "NEGLIGIBLE": ("geen verschil van betekenis", "no difference that matters", "≈"),
        "UNDECIDED": ("niet te zeggen", "cannot be told", "?"),
        "NOT_TESTABLE": ("niet te toetsen", "not testable", "–"),
    }
    labels = {
        "C1": ("De kloof in woningwaarde is groter", "The gap in dwelling value is wider"),
        "C2": ("De kloof in gezondheid is groter", "The gap in health is wider"),
        "C3": ("Corporatiehuur raakt meer geconcentreerd", "Social renting is more concentrated"),
        "C4": ("Lage inkomens wonen meer apart", "Low incomes live further apart"),
        "H3": ("De afstand in euro’s bepaalt het beeld", "The distance in euros sets the picture"),
        "H4": ("De kloof is overal groter", "The gap is wider everywhere"),
    }
    strip = tuple(
        VerdictCell(
            entry["claim"], labels[entry["claim"]][not dutch], entry["verdict"], verdicts[entry["verdict"]][not dutch],
            verdicts[entry["verdict"]][2], "kloof",
        )
        for entry in document["verdicts"]
    )  # fmt: skip
    coded = TableView(
        "claims",
        say(("De beweringen en hun oordeel",), ("The claims and their verdicts",)),
        {"nl": ("Bewering", "Oordeel"), "en": ("Claim", "Verdict")}[language],
        tuple((Cell((cell.label,)), Cell((cell.word,), code=cell.verdict)) for cell in strip),
        {"nl": "Vastgelegd voordat de cijfers zijn bekeken.", "en": "Registered before the figures were looked at."}[
            language
        ],
        "tables/claims.csv",
    )
    back = (
        SectionView(
            "claims", "beweringen", {"nl": "De vastgelegde beweringen", "en": "The registered claims"}[language], None, (), (), (coded,),
            (say(("Vingerafdruk: `sha256 9f2c41`.",), ("Fingerprint: `sha256 9f2c41`.",)),), (),
        ),
    )  # fmt: skip
    return ReportView(
        language,
        {"nl": "Groeit de kloof tussen buurten in Breda?", "en": "Is the gap between neighbourhoods in Breda growing?"}[
            language
        ],
        "Breda",
        (main, health, tenure),
        lead_figure,
        strip,
        sections,
        back,
        (
            (
                "Statistics Netherlands (CBS)",
                "Kerncijfers wijken en buurten 2024",
                "85984NED",
                "CC BY 4.0",
                "2026-11-24",
            ),
            (
                "Politie, via het CBS",
                "Geregistreerde misdrijven; soort misdrijf & gemeente",
                "47022NED",
                "CC BY 4.0",
                "2026-11-24",
            ),
        ),
        "CBS en Kadaster, CC BY 4.0; Rekenkamer Breda met B&A, 23 maart 2021.",
        "kloof report breda_2014_2019 --language " + language,
        "2026-11-24",
        "en" if dutch else "nl",
    )
