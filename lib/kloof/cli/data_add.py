"""`kloof data add FILE…` and `kloof data coverage`: what a file is, and which figures there are."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.errors import KloofError, ParameterError, SourceError, examples, faults
from kloof.words.numbers import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from kloof.files.recognise import Recognised


FILES = Annotated[list[Path], typer.Argument(help="files: CSV, Excel, parquet, SQLite, JSON, GeoJSON, zip")]
MUNICIPALITY = Annotated[str | None, typer.Option(help="keep this municipality only, such as GM0758")]
CHECKS = Annotated[
    list[str] | None,
    typer.Option(
        help="take figures that a check refuses, by its name: unit, zeros, sums, levels, parts, order, shift…"
    ),
]
CODES = Annotated[Path | None, typer.Option(help="CSV with columns code, name, for files that carry names only")]


def add(
    files: FILES,
    municipality: MUNICIPALITY = None,
    codes: CODES = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what it is, and store nothing")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="let it replace figures that it contradicts")] = False,
    accept: CHECKS = None,
) -> None:
    """Recognise files you have, say what was understood, and add their figures to the store."""
    from kloof.catalogue import catalogue
    from kloof.files.plausible import Allowed
    from kloof.files.recognise import recognise
    from kloof.files.vocabularies import read_vocabularies
    from kloof.paths import data_folder

    known = catalogue()
    allowed = Allowed(frozenset(accept or ()), date.today().year)
    reasons = read_vocabularies(data_folder() / "vocabularies.toml", known).reasons
    areas = known_areas()
    refused, place = [], municipality or ""
    for path in files:
        try:
            read = recognise(path, known, municipality=municipality, codes=codes, areas=areas, allowed=allowed)
            print("\n".join(report(read, reasons)))
            place = place or next((code for code in read.areas["code"] if code.startswith("GM")), "")
            if not dry_run:
                print(_store(read, replace))
        except KloofError as problem:
            refused.append(str(problem))
    if len(refused) == 1:
        raise SourceError(refused[0])
    if refused:
        raise SourceError(faults("the files", refused, "The others were read." if len(refused) < len(files) else ""))
    print(f"\nNext: {'kloof data add ' + str(files[0]) if dry_run else next_step(place)}")


def next_step(code: str) -> str:
    """Say what can be typed now that the store has a municipality."""
    place = code or "GM0344"
    return f"kloof data coverage --municipality {place}, or kloof run --preset municipality --set municipality={place}"


def add_downloaded(paths: Iterable[tuple[Path, bool]]) -> list[str]:
    """Put downloaded files in the store; give a line for each that changed it, or that could not be read and why.

    Each path comes with whether it may replace figures that it contradicts: a revision that was accepted.
    """
    from kloof.catalogue import catalogue
    from kloof.files.plausible import Allowed
    from kloof.files.recognise import recognise
    from kloof.store.read import contents

    known, there, lines = catalogue(), set(contents()["sha256"]), []
    for path, accepted in paths:
        try:
            read = recognise(path, known, allowed=Allowed(last_year=date.today().year))
            if read.sha256 not in there:
                lines.append(f"{path.name}: {_store(read, accepted).strip()}")
        except KloofError as problem:
            lines.append(f"{path.name} stays in data/raw: {problem}")
    return lines


def known_areas() -> "pd.DataFrame":
    """Give the areas whose names are known: of the embedded sets, and of what is in the store."""
    import pandas as pd

    from kloof.files.recognise import embedded_areas
    from kloof.store.read import areas

    parts = [embedded_areas(), areas()[["code", "name"]]]
    known = pd.concat(parts, ignore_index=True).drop_duplicates("code", keep="last", ignore_index=True)
    return known[known["name"] != known["code"]].reset_index(drop=True)  # some files have codes and no names


def _store(read: "Recognised", replacing: bool) -> str:
    """Hand a file to the store; give what it did in one line."""
    from kloof.store.add import add as put_in

    change = put_in(read, replacing=replacing)
    if change.outcome == "differs":
        rows = change.differences.head(5).itertuples()
        shown = [f"{row.code} {row.year} {row.indicator}: {row.before} → {row.after}" for row in rows]
        raise SourceError(
            f"{read.name} contradicts what is in the store in {len(change.differences)} figures ({examples(shown)}). "
            "Nothing was stored; --replace lets it take their place."
        )
    return f"  store           {change.outcome}: {change.added} rows new, {change.equal} already there"


def report(read: "Recognised", reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Write what was recognised, as lines of text: every column of the file is in one of three lists."""
    from kloof.words.sentences import template

    levels = read.areas["level"].value_counts().sort_index()
    statuses = read.observations["status"].value_counts().sort_index()
    lines = [
        f"{read.name}: {read.kind}, {read.edition}",
        *(f"  table           {name}: {rows} rows × {columns} columns" for name, rows, columns in read.tables),
        f"  areas           {', '.join(f'{count} {level}' for level, count in levels.items())}",
        f"  figures         {len(read.observations)} ({', '.join(f'{n} {name}' for name, n in statuses.items())})",
        f"  sources         {', '.join(read.sources['source_id'])}",
        f"  understood      {read.share_understood:.1f} % of the columns with figures",
        *_columns(read),
        f"  no figures      {len(read.identity)} columns",
        *_together((reasons[why]["en"], title or "(no title)") for title, why in read.identity),
        f"  not understood  {len(read.not_understood)} columns",
        *_together((title, str(year)) for year, title in read.not_understood),
        f"  set aside       {sum(one.rows for one in read.set_aside)} rows or cells",
    ]
    for one in read.set_aside:
        detail = f" ({one.detail})" if one.detail else ""
        lines.append(f"    {one.rows:>8}  {template('en', 'set_aside', one.reason)}{detail}")
    return lines


def _columns(read: "Recognised") -> Iterable[str]:
    """Write each title with the indicator it means and the years it has."""
    years: dict[tuple[str, str], list[int]] = {}
    for year, title, indicator in read.understood:
        years.setdefault((title, indicator), []).append(year)
    width = min(60, max((len(title) for title, _ in years), default=0))
    for (title, indicator), having in years.items():
        span = f"{min(having)}" if len(having) == 1 else f"{min(having)}–{max(having)}, {len(having)} years"
        yield f"    {title.strip():<{width}} → {indicator} ({span})"


def _together(pairs: Iterable[tuple[Any, str]]) -> Iterable[str]:
    """Write what belongs together on one line."""
    found: dict[Any, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    for key, values in found.items():
        yield f"    {key}: {', '.join(values)}"


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
    from kloof.catalogue import catalogue
    from kloof.paths import write_whole
    from kloof.questions.coverage import PREFIXES, availability
    from kloof.study.dataset import STORE
    from kloof.study.load import load

    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    if level not in PREFIXES:
        raise ParameterError(f"level {level!r} is not known. Valid: {', '.join(PREFIXES)}.")
    known = catalogue()
    data = load(source, municipality, known, apportioned=True)
    table = availability(data.observations, known, municipality, level, data.apportioned)
    if table.empty:
        raise ParameterError(f"{source} has no figure of any {level} of {municipality}. Try --level gemeente.")
    from kloof.figures import draw
    from kloof.words.sentences import Narrator

    teller = Narrator(_document(table, data.areas, municipality), known, language)
    if csv:
        write_whole(csv, table.to_csv(index=False, lineterminator="\n"))
    if svg:
        write_whole(svg, draw.show(NAME, teller).svg)
    print("\n".join(_lines(table, teller, known)))
    more = "" if source == STORE else f" --set source={source}"
    print(f"\nNext: kloof run --preset municipality --set municipality={municipality}{more}")


def _document(table: Any, areas: Any, municipality: str) -> dict[str, Any]:
    """Make a results document that holds this one table and its figure."""
    from kloof.questions.coverage import AVAILABILITY
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
