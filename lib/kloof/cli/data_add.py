"""`kloof data add FILE…` and `kloof data coverage`: what a file is, and which figures there are."""

import difflib
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, check_language, print_json
from kloof.errors import KloofError, ParameterError, SourceError, examples, faults

if TYPE_CHECKING:
    import pandas as pd

    from kloof.catalogue import Catalogue
    from kloof.files.mapped import FileMap
    from kloof.files.recognise import Recognised


FILES = Annotated[
    list[Path], typer.Argument(help="files: CSV, Excel, parquet, SQLite, JSON, GeoJSON, GeoPackage, dBase; zip, gz")
]
MUNICIPALITY = Annotated[
    str | None,
    typer.Option(
        help="municipality that is kept alone, by name or code, such as GM0758",
        autocompletion=one_of("municipalities"),
    ),
]
ALIKE = 0.75  # of two titles, from which one may be meant by the other
YEAR = Annotated[int | None, typer.Option(min=1, help="year of the figures, where the file does not say it")]
CHECKS = Annotated[
    list[str] | None,
    typer.Option(help="check whose refusal is set aside, by its name: unit, zeros, sums, levels, parts, order, shift…"),
]
CODES = Annotated[Path | None, typer.Option(help="file with columns code, name (CSV), for files that carry names only")]


def add(
    files: FILES,
    municipality: MUNICIPALITY = None,
    codes: CODES = None,
    year: YEAR = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what it is, and store nothing")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="let it replace figures that it contradicts")] = False,
    map_: Annotated[
        Path | None,
        typer.Option("--map", help="file that says what columns mean, of one not recognised; see: kloof data map"),
    ] = None,
    accept: CHECKS = None,
    as_json: AS_JSON = False,
) -> None:
    """Recognise files you have, say what was understood, and add their figures to the store."""
    from kloof.catalogue import catalogue
    from kloof.files.mapped import read_map
    from kloof.files.plausible import Allowed
    from kloof.files.vocabularies import read_vocabularies
    from kloof.paths import data_folder
    from kloof.study.places import check_name, code_of

    if map_ and year:
        raise ParameterError(f"--year is for files that kloof knows; write year = {year} in {map_.name} instead.")
    known = catalogue()
    mapping, known = read_map(map_, known) if map_ else (None, known)
    allowed = Allowed(frozenset(accept or ()), date.today().year)
    said = [f"--map {map_.name}"] if map_ else []
    said += [f"--year {year}"] * bool(year) + [f"--accept {name}" for name in sorted(allowed.checks)]
    reasons = read_vocabularies(data_folder() / "vocabularies.toml", known).reasons
    areas = known_areas()
    municipality = code_of(municipality) if municipality else None
    refused, place, told = [], municipality or "", list[dict[str, Any]]()
    for path in files:
        try:
            read = _recognised(
                path, known, mapping, municipality=municipality, codes=codes, areas=areas, year=year, allowed=allowed
            )
            check_name(read.set_aside, path.name)
            if not as_json:
                print("\n".join(report(read, reasons)))
            place = place or next((code for code in read.areas["code"] if code.startswith("GM")), "")
            stored = "" if dry_run else _store(read, path, replace, said)
            told.append(_content(read, stored))
            if stored and not as_json:
                print(stored)
        except KloofError as problem:
            refused.append(str(problem))
    if as_json:
        print_json(told)
    if len(refused) == 1:
        raise SourceError(refused[0])
    if refused:
        raise SourceError(faults("the files", refused, "The others were read." if len(refused) < len(files) else ""))
    more = f" --map {_quoted(map_)}" if map_ else ""
    if as_json:
        return
    print(f"\nNext: {f'kloof data add {_quoted(files[0])}{more}' if dry_run else next_step(place)}")


def _content(read: "Recognised", stored: str) -> dict[str, Any]:
    """Lay out what was understood of a file, and what the store did with it; nothing when it was only looked at."""
    return {
        "file": read.name, "kind": read.kind, "edition": read.edition,
        "tables": [dict(zip(("name", "rows", "columns"), one, strict=True)) for one in read.tables],
        "areas": len(read.areas), "figures": len(read.observations), "sources": [*read.sources["source_id"]],
        "understood": [dict(zip(("year", "title", "indicator"), one, strict=True)) for one in read.understood],
        "no_figures": [dict(zip(("title", "reason"), one, strict=True)) for one in read.identity],
        "not_understood": [dict(zip(("year", "title"), one, strict=True)) for one in read.not_understood],
        "set_aside": [vars(one) for one in read.set_aside],
        "store": stored.removeprefix("  store").strip() or None,
    }  # fmt: skip


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
                lines.append(f"{path.name}: {_store(read, path, accepted).strip()}")
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


def _recognised(path: Path, known: "Catalogue", mapping: "FileMap | None", **more: Any) -> "Recognised":
    """Read a file; one that is refused and is a table is refused with the command that lets one say what it means."""
    from kloof.files.recognise import recognise

    try:
        return recognise(path, known, mapping=mapping, **more)
    except KloofError as problem:
        if mapping is None and _can_be_mapped(path, known, more["areas"]):
            raise SourceError(f"{problem} Or say what its columns mean: kloof data map {_quoted(path)}") from None
        raise


def _can_be_mapped(path: Path, known: "Catalogue", areas: "pd.DataFrame") -> bool:
    """Tell whether kloof data map has a proposal for a refused file, by making it."""
    from kloof.ceilings import in_bounds
    from kloof.files.opening import open_file
    from kloof.files.propose import propose
    from kloof.files.vocabularies import read_vocabularies
    from kloof.paths import data_folder

    words = read_vocabularies(data_folder() / "vocabularies.toml", known)
    try:
        with in_bounds(path.name):
            propose(open_file(path), known, words, areas)
    except KloofError:
        return False
    return True


def _store(read: "Recognised", path: Path, replacing: bool, said: Sequence[str] = ()) -> str:
    """Hand a file to the store, with the options by which it was read; give what it did in one line."""
    from kloof.store.add import add as put_in

    change = put_in(read, replacing=replacing, options=["--replace"] * replacing + [*said])
    if change.outcome == "differs":
        raise SourceError(_contradiction(read.name, path, change.differences))
    if change.outcome == "mended":
        return "  store           mended: it was there, and its damaged parts were written anew"
    made_way = change.removed + change.changed
    more = f", {made_way} made way: kloof data remove {_quoted(read.name)} brings them back" if made_way else ""
    return f"  store           {change.outcome}: {change.added} rows new, {change.equal} already there{more}"


def _contradiction(name: str, path: Path, differences: "pd.DataFrame") -> str:
    """Show both sides of a contradiction, and how to prefer one."""
    sides = []
    for older, rows in differences.groupby("file", sort=False):
        shown = [
            f"{row.code} {row.year} {row.indicator} is {_said(row.before, row.status_before)} there and "
            f"{_said(row.after, row.status_after)} here"
            for row in rows.itertuples()
        ]
        sides.append(f"{older} (sources {examples(sorted(set(rows['source'])))}): {examples(shown, 3)}.")
    older = differences["file"].iloc[0]
    return (
        f"{name} contradicts what is in the store in {len(differences)} figures. In {' In '.join(sides)} "
        f"Nothing was stored. To prefer {name}: kloof data add {_quoted(path)} --replace, or if {older} is wrong: "
        f"kloof data remove {_quoted(older)}, then kloof data add {_quoted(path)}. To prefer {older}, do nothing."
    )


def _quoted(name: object) -> str:
    """Write a name as a shell takes it for one."""
    return shlex.quote(str(name))


def _said(value: Any, status: Any) -> str:
    """Write a figure, or why there is none."""
    if value is not None and value == value:  # noqa: PLR0124 (nan is not itself)
        return f"{value:g}"
    return status if isinstance(status, str) else "absent"


def report(read: "Recognised", reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Write what was recognised, as lines of text: every column of the file is in one of four lists."""
    from kloof.files.vocabularies import NOT_IN_CATALOGUE
    from kloof.words.sentences import template

    statuses = read.observations["status"].value_counts().sort_index()
    known = [title for title, why in read.identity if why == NOT_IN_CATALOGUE]
    figures = known or read.understood or read.not_understood
    understood = f"{read.share_understood:.1f} % of the columns with figures" if figures else "no figures in it"
    lines = [
        f"{read.name}: {read.kind}, {read.edition}",
        *(f"  table           {name}: {rows} rows × {columns} columns" for name, rows, columns in read.tables),
        f"  areas           {', '.join(_areas(read))}",
        f"  figures         {len(read.observations)} ({', '.join(f'{n} {name}' for name, n in statuses.items())})",
        f"  sources         {', '.join(read.sources['source_id'])}",
        f"  understood      {understood}",
        *_columns(read),
        f"  no figures      {len(read.identity) - len(known)} columns",
        *_together((reasons[why]["en"], title or "(no title)") for title, why in read.identity if title not in known),
        *([f"  no indicator    {len(known)} columns, known and not in the catalogue"] if known else []),
        *(f"    {line}" for line in textwrap.wrap(", ".join(known), 116, break_on_hyphens=False)),
        f"  not understood  {len(read.not_understood)} columns",
        *_unknown(read.not_understood),
        f"  set aside       {sum(one.rows for one in read.set_aside)} rows or cells",
    ]
    for one in read.set_aside:
        detail = f" ({one.detail})" if one.detail else ""
        lines.append(f"    {one.rows:>8}  {template('en', 'set_aside', one.reason)}{detail}")
    return lines


def _areas(read: "Recognised") -> Iterable[str]:
    """Count the areas of each level: those of a year, not all there were in any; from the fewest to the most."""
    seen = read.observations[["code", "year"]].drop_duplicates()
    seen["level"] = seen["code"].map(read.areas.set_index("code")["level"])
    for level, count in read.areas["level"].value_counts().sort_index().items():
        each = seen.loc[seen["level"] == level, "year"].value_counts().tolist() or [count]
        yield f"{max(each)} {level}" if min(each) == max(each) else f"{min(each)}–{max(each)} {level} a year"


def _columns(read: "Recognised") -> Iterable[str]:
    """Write each title with the indicator it means and the years it has."""
    years: dict[tuple[str, str], list[int]] = {}
    for year, title, indicator in read.understood:
        years.setdefault((title, indicator), []).append(year)
    width = min(60, max((len(title) for title, _ in years), default=0))
    for (title, indicator), having in years.items():
        span = f"{min(having)}" if len(having) == 1 else f"{min(having)}–{max(having)}, {len(having)} years"
        yield f"    {title.strip():<{width}} → {indicator} ({span})"


def _unknown(titles: Iterable[tuple[int, str]]) -> Iterable[str]:
    """Write each title that is not understood with its years and the nearest indicator."""
    names = list(dict.fromkeys(title for _, title in titles))
    for title, line in zip(names, _together((title, str(year)) for year, title in titles), strict=True):
        yield line + _nearest(title)


def _nearest(title: str) -> str:
    """Name the indicator whose title in CBS tables, or own name, is most like this one; blank when none is."""
    from kloof.catalogue import catalogue
    from kloof.files.cells import normalise

    titles = {normalise(name): one.id for one in catalogue().indicators.values() for name in (one.id, *one.columns)}
    near = difflib.get_close_matches(normalise(title), list(titles), n=1, cutoff=ALIKE)
    return f" (nearest: {titles[near[0]]})" if near else ""


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
    municipality: Annotated[
        str,
        typer.Option(help="municipality, by name or code, such as GM0344", autocompletion=one_of("municipalities")),
    ],
    source: Annotated[str, typer.Option(help="place of the figures: store, an embedded data set, or a file")] = "store",
    language: Annotated[str, typer.Option(help="language of the names of figures: nl or en")] = "nl",
    level: Annotated[str, typer.Option(help="level of areas: buurt, wijk or gemeente")] = "buurt",
    svg: Annotated[Path | None, typer.Option(help="file to draw it to as well")] = None,
    csv: Annotated[Path | None, typer.Option(help="file to write it to as well")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Show which figures there are of a municipality: every indicator against every year."""
    from kloof.catalogue import catalogue
    from kloof.paths import frame_csv, write_together
    from kloof.questions.coverage import PREFIXES, availability
    from kloof.study.dataset import STORE
    from kloof.study.load import load
    from kloof.study.places import code_of

    municipality = code_of(municipality)
    check_language(language)
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
    texts: dict[Path, str | bytes] = {csv: frame_csv(table)} if csv else {}
    texts |= {svg: draw.show(NAME, teller).svg} if svg else {}
    write_together(texts)
    if as_json:
        print_json(table.to_dict("records"))
        return
    print("\n".join(_lines(table, teller, known)))
    more = "" if source == STORE else f" --set source={_quoted(source)}"
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
