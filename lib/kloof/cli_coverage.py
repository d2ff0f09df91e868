"""The answer of `kloof data coverage`: which indicator has figures in which year, in letters, as picture or table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kloof.errors import ParameterError
from kloof.fmt import LANGUAGES

SIGNS = {"present": "●", "suppressed": "◐", "absent": "·", "broken": "≠", "apportioned": "~"}
NAME = "availability"


def coverage(
    municipality: Annotated[str, typer.Option(help="CBS code of the municipality, such as GM0344")],
    source: Annotated[str, typer.Option(help="store, an embedded data set, or a file")] = "store",
    language: Annotated[str, typer.Option(help="nl or en")] = "nl",
    level: Annotated[str, typer.Option(help="buurt, wijk or gemeente")] = "buurt",
    svg: Annotated[Path | None, typer.Option(help="also draw it to this file")] = None,
    csv: Annotated[Path | None, typer.Option(help="also write it to this file")] = None,
) -> None:
    """Show which figures there are of a municipality: every indicator against every year.

    Raises ParameterError for an unknown language or level, or when there is no figure at that level.
    """
    from kloof.availability import PREFIXES, availability
    from kloof.results import write_whole
    from kloof.sources import STORE, catalogue, load

    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    if level not in PREFIXES:
        raise ParameterError(f"level {level!r} is not known. Valid: {', '.join(PREFIXES)}.")
    known = catalogue()
    data = load(source, municipality, known, apportioned=True)
    table = availability(data.observations, known, municipality, level, data.apportioned)
    if table.empty:
        raise ParameterError(f"{source} has no figure of any {level} of {municipality}. Try --level gemeente.")
    from kloof import plots
    from kloof.narrate import Narrator

    teller = Narrator(_document(table, data.areas, municipality), known, language)
    if csv:
        write_whole(csv, table.to_csv(index=False, lineterminator="\n"))
    if svg:
        write_whole(svg, plots.show(NAME, teller).svg)
    print("\n".join(_lines(table, teller, known)))
    more = "" if source == STORE else f" --set source={source}"
    print(f"\nNext: kloof run --preset municipality --set municipality={municipality}{more}")


def _document(table: Any, areas: Any, municipality: str) -> dict[str, Any]:
    """Make a results document that holds this one table and its figure."""
    from kloof.record import AVAILABILITY
    from kloof.results import Section, join_sections

    section = Section(NAME)
    section.table(NAME, AVAILABILITY, table)
    section.figure(NAME, NAME, NAME)
    named = dict(zip(areas["code"], areas["name"], strict=True))
    header = {"areas": named, "parameters": {}, "place": {"code": municipality}, "sources": {}}
    return join_sections(header, [section.as_json()])


def _lines(table: Any, teller: Any, known: Any) -> list[str]:
    """Write the matrix in letters: a heading per theme, a line per indicator, a sign per year."""
    years = sorted(set(table["year"]))
    wide = table.pivot(index="indicator", columns="year", values="state")
    labels = {name: known.indicator(name).label(teller.language) for name in wide.index}
    width = max(len(label) for label in labels.values())
    head = " ".join(f"{year % 100:02d}" for year in years)
    lines = [f"{teller.area(teller.results['place']['code'])}, {years[0]}–{years[-1]}"]
    for theme, words in known.dimensions.items():
        own = [name for name in labels if known.indicator(name).dimension == theme]
        if own:
            lines.append(f"\n{words[teller.language]:<{width + 2}}  {head}")
            lines += [
                f"  {labels[name]:<{width}}  " + " ".join(f" {SIGNS[wide.loc[name, year]]}" for year in years)
                for name in own
            ]
    used = [state for state in SIGNS if state in set(table["state"])]
    return [*lines, "", *[f"{SIGNS[state]}  {teller.word('figure', NAME, state)}" for state in used]]
