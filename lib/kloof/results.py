"""Collects what a notebook found and writes it language-free: results.json is the only thing a page may quote.

Numbers and codes, no sentence and no formatted number; sorted keys, 12 significant digits, no clock, no path: the
same inputs give the same bytes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from kloof.documents import ANY, MOST_TOLD, misfits, read_json
from kloof.errors import NotComputableError, ParameterError, ReportError, examples, faults, nearest
from kloof.findings import VERDICTS, Finding, Side, Verdict
from kloof.paths import plain
from kloof.schema import SetAside
from kloof.shown import Shown, shorten
from kloof.typed import shown, typed

RESULTS = "results.json"
NAME = r"\w[\w.-]*"  # of a section: it names the file of its part
SYNTHESIS = "12"  # notebooks from this number on read what the earlier ones left
FORMAT = 2  # since a finding says what happened beside whether that is more than chance


@dataclass(frozen=True)
class Column:
    """One column of a table: `kind` says how to write a cell.

    Kinds: number (with `unit`), area, year, indicator, group, side, judgement, verdict, claim, index, status,
    source, focus, code (looked up in the sentence table) and text (a proper name).
    """

    key: str
    kind: str
    unit: str | None = None
    decimals: int | None = None


class Table(Shown, dict[str, Any]):
    """A table as it stands in results.json, `columns` and `rows`; shown as a table."""

    def in_short(self) -> dict[str, object]:
        """Give its columns and its first rows."""
        rows = [", ".join("–" if cell is None else shorten(str(cell), 24) for cell in row) for row in self["rows"]]
        return {"columns": [column["key"] for column in self["columns"]], **dict(zip(map(str, range(len(rows))), rows,
                strict=True))}  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """Give it as a DataFrame: codes and numbers, a row per row, a column per column."""
        return pd.DataFrame(self["rows"], columns=[column["key"] for column in self["columns"]])


class Recorded(dict[str, Any]):
    """What a section holds by name; a name that is not there says so as a number that these figures do not allow."""

    def __missing__(self, name: str) -> Any:
        """Raise NotComputableError(no_figures), with the names that are there."""
        there = f" There is: {examples([*self])}." if self else ""
        raise NotComputableError("no_figures", f"These figures give no {name}.{there}")


@dataclass(repr=False)
class Section(Shown):
    """What one notebook found, in the order in which it should be read."""

    id: str
    findings: dict[str, Finding] = field(default_factory=Recorded)
    tables: dict[str, dict[str, Any]] = field(default_factory=Recorded)
    figures: dict[str, dict[str, Any]] = field(default_factory=Recorded)
    verdicts: list[Verdict] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    headline: str | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.id, str) and re.fullmatch(NAME, self.id)):
            raise ParameterError(
                f"the id of a section is the name of its notebook, letters, digits and _.- only, not {shown(self.id)}."
            )

    def in_short(self) -> dict[str, object]:
        """Give what stands in it, by name."""
        return {
            "id": self.id, "headline": self.headline, "findings": _counted(self.findings),
            "tables": _counted(self.tables), "figures": _counted(self.figures),
            "verdicts": [f"{verdict.claim} {verdict.row} {verdict.verdict}" for verdict in self.verdicts],
            "set aside": sum(row.rows for row in self.set_aside) or None,
        }  # fmt: skip

    def in_card(self) -> dict[str, object]:
        """Give the same, with the reasons why something was set aside."""
        return {**self.in_short(), "verdicts": self.verdicts, "set aside": self.set_aside}

    @typed
    def finding(self, *names: str) -> Finding:
        """Give the first of these findings that has a number, to set beside one made by hand.

        Another name is asked for where another figure may stand for it. Raises NotComputableError when none of them has
        a number, with the reason of the first that was recorded.
        """
        there = [self.findings[name] for name in names if name in self.findings]
        for one in there:
            if one.estimate is not None:
                return one
        reason = next((one.reason for one in there if one.reason), None) or "no_figures"
        raise NotComputableError(reason, f"{', '.join(names)}: no number could be made here ({reason}).")

    @typed
    def add(self, *findings: Finding) -> None:
        """Record findings; the first one is the headline. A second finding with the same id is an error."""
        for finding in findings:
            if finding.id in self.findings:
                raise ReportError(f"{self.id}: finding {finding.id} is recorded twice; give the second another id.")
            self.findings[finding.id] = finding
            self.headline = self.headline or finding.id

    @typed
    def number(self, finding: str, detail: str = "") -> float:
        """Give the number of a finding, or one of its details by name, to set beside one made by hand.

        Raises NotComputableError where the section has no such finding or it has no number, saying why.
        """
        if (found := self.findings.get(finding)) is None:
            near = nearest(finding, self.findings).strip()
            raise NotComputableError("no_figures", f"{self.id} has no finding {finding} here. {near}".strip())
        value = found.details.get(detail, {}).get("value") if detail else found.estimate
        if value is None:
            why = found.reason or f"no {detail} among {', '.join(found.details)}"
            raise NotComputableError(found.reason or "no_figures", f"{finding} has no number here: {why}.")
        return float(value)

    def table(self, name: str, columns: Sequence[Column] | str, frame: pd.DataFrame) -> None:
        """Record a table, its columns as such or as `layout` reads them; `frame` has one per key, missing cells as NaN.

        Recording the same table again is no harm; another one under its name is an error.
        """
        laid = layout(columns) if isinstance(columns, str) else columns
        rows = [[plain(row[column.key]) for column in laid] for row in frame.to_dict("records")]
        self._keep(self.tables, "table", name, Table(columns=[vars(column) for column in laid], rows=rows))

    def figure(self, name: str, kind: str, table: str, finding: str | None = None, **options: Any) -> None:
        """Record a figure: its kind, the table it draws and the finding its title and alt text state.

        Recording the same figure again is no harm; another one under its name is an error.
        """
        entry = {"kind": kind, "table": table, "finding": finding, "options": plain(options)}
        self._keep(self.figures, "figure", name, entry)

    def _keep(self, among: dict[str, Any], what: str, name: str, entry: dict[str, Any]) -> None:
        if among.setdefault(name, entry) != entry:
            raise ReportError(f"{self.id}: {what} {name} is recorded twice; give the second another name.")

    def decide(self, *verdicts: Verdict) -> None:
        """Record verdicts on registered claims."""
        self.verdicts.extend(verdicts)

    def leave_out(self, rows: Iterable[SetAside]) -> None:
        """Record rows that were left out and why, each step once."""
        self.set_aside.extend(row for row in rows if row.rows and row not in self.set_aside)

    def as_json(self) -> dict[str, Any]:
        """Give everything as plain numbers and codes."""
        return {
            "id": self.id,
            "headline": self.headline,
            "order": {
                "findings": list(self.findings),
                "tables": list(self.tables),
                "figures": list(self.figures),
            },
            "findings": {name: plain(finding.as_json()) for name, finding in self.findings.items()},
            "tables": self.tables,
            "figures": self.figures,
            "verdicts": [plain(verdict.as_json()) for verdict in self.verdicts],
            "set_aside": [plain(vars(row)) for row in self.set_aside],
        }


def _counted(among: Iterable[str]) -> str:
    """Count names and give them."""
    names = list(among)
    return f"{len(names)}: {', '.join(names)}" if names else ""


def join_sections(header: Mapping[str, Any], sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join the notebooks' parts into one results document.

    Findings, tables and figures keep their ids (they carry the notebook's number); an id used twice is an error.
    """
    joined: dict[str, Any] = {"format": FORMAT, **header, "sections": [], "verdicts": []}
    joined.update({kind: {} for kind in ("findings", "tables", "figures")})
    for section in sections:
        entry = {"id": section["id"], "headline": section["headline"], "set_aside": section["set_aside"]}
        for kind in ("findings", "tables", "figures"):
            twice = joined[kind].keys() & section[kind].keys()
            if twice:
                raise ReportError(f"{section['id']}: {kind} {', '.join(sorted(twice))} exist in another notebook too.")
            joined[kind].update(section[kind])
            entry[kind] = list(section["order"][kind])
        joined["sections"].append(entry)
        joined["verdicts"] += section["verdicts"]
    return joined


def look_up(results: Mapping[str, Any], pointer: str) -> Any:
    """Follow a pointer such as `/findings/03.gap/estimate` or `/tables/03.levels/rows/4/2` into results.json."""
    place: Any = results
    for step in pointer.strip("/").split("/"):
        try:
            place = place[int(step)] if isinstance(place, list) else place[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ReportError(f"results.json has nothing at {pointer}") from None
    return place


def layout(text: str) -> list[Column]:
    """Read the columns of a table from a line: key, kind, unit and decimals of each, as `share=number:percent:0`.

    Without a kind a column with a unit holds numbers, and any other is of the kind that its key names, such as `year`.
    Keys that are alike stand together: `low,high:percent`.
    """
    made = []
    for word in text.split():
        head, *number = word.split(":")
        keys, _, kind = head.partition("=")
        unit, decimals = (*number, "", "")[:2]
        places = None if decimals in ("", "None") else int(decimals)  # of an indicator that registers none
        kind = kind or ("number" if number else "")
        made += [Column(key, kind or key, unit or None, places) for key in keys.split(",")]
    return made


def _like(kind: type, **more: Any) -> dict[str, Any]:
    """Describe what a dataclass is as JSON, with what stands beside its own fields."""
    return {**{one.name: _written(one.type) for one in fields(kind)}, **more}


def _written(hint: Any) -> Any:
    """Describe what a field is as JSON."""
    if hint is Side:
        return _like(Side)
    kinds = get_args(hint) or (hint,)
    if str(hint).startswith("tuple"):
        return [(str,)] if kinds[0] is str else [[(str,)]]
    if str(hint).startswith("collections.abc.Mapping"):
        return {ANY: {}}
    return (*kinds, int) if float in kinds else kinds


_TEXT, _NAMES = (str,), [(str,)]
_COMPARED = {  # what a document of any format has, so that it can be set beside another one
    "findings": {ANY: {name: _written(float | None) for name in ("estimate", "low", "high")}},
    "tables": {ANY: {"rows": [[]]}}, "figures": {ANY: {}}, "overall": {ANY: _TEXT}, "parameters": {},
    "inputs": [{"file": _TEXT, "sha256": _TEXT}], "registry": {ANY: _TEXT}, "kloof": _TEXT, "format?": (int,),
}  # fmt: skip
_WHOLE = {
    "place": {"code": _TEXT, "buurten": (int,), "focus": (int,)}, "areas": {ANY: _TEXT},
    **_COMPARED,
    "parameters": {
        **dict.fromkeys(("municipality", "source", "focus", "event", "apportioned"), _TEXT),
        **dict.fromkeys(("comparisons", "indicators", "levels", "groups", "focus_variants"), _NAMES),
        **dict.fromkeys(("year_from", "year_to"), (int,)),
    },
    "findings": {ANY: _like(Finding, judgement=_TEXT)},
    "tables": {ANY: {"columns": [_like(Column)], "rows": [[]]}},
    "figures": {ANY: {"kind": _TEXT, "table": _TEXT, "finding": (str, type(None)), "options": {}}},
    "lead": _NAMES, "focus": _NAMES, "variants": {ANY: _NAMES}, "set_aside": [{}],
    "sources": {ANY: {ANY: _TEXT, "publisher": _TEXT, "title": _TEXT}},
    "sections": [{"id": _TEXT, "headline": (str, type(None)), "set_aside": [{}],
                  **dict.fromkeys(("findings", "tables", "figures"), _NAMES)}],
    "verdicts": [_like(Verdict, agree=(int,), of=(int,))], "data_date": _TEXT, "command": _TEXT,
}  # fmt: skip


def read_results(place: Path, *, any_format: bool = False) -> dict[str, Any]:
    """Read the results.json of a report; `place` is its folder or the file.

    Raises ReportError when there is none, or with every part of it that is not as a report of this format has it. Of
    another format, where it will do, only what is needed to set it beside another one is looked at.
    """
    path = place if place.is_file() else place / RESULTS
    if not path.is_file():
        raise ReportError(f"{place} has no {RESULTS}: give the folder of a report, such as reports/breda.")
    content = read_json(path, ReportError, str(path))
    form = content.get("format") if isinstance(content, dict) else None
    if not isinstance(content, dict) or (form != FORMAT and not any_format):
        raise ReportError(f"{path} is not a results document of format {FORMAT}. Make the report again.")
    found = list(misfits(content, _WHOLE if form == FORMAT else _COMPARED))
    if form == FORMAT and not found:
        found = list(_astray(content))
    if found:
        raise ReportError(faults(str(path), found[:MOST_TOLD], "It is not as kloof writes it: make the report again."))
    return content


def _astray(document: Mapping[str, Any]) -> Iterator[str]:
    """List what points to nothing in a document whose parts are of the right kind, and values that cannot be."""
    there = {kind: document[kind].keys() for kind in ("findings", "tables", "figures")}
    named = [("lead", "findings", name) for name in document["lead"]]
    named += [(row["claim"], "findings", row["finding"]) for row in document["verdicts"] if row["finding"] is not None]
    named += [(one["id"], kind, name) for one in document["sections"] for kind in there for name in one[kind]]
    named += [(name, "tables", one["table"]) for name, one in document["figures"].items()]
    yield from (f"{who} names {name!r}, which is not among its {kind}" for who, kind, name in named
                if name not in there[kind])  # fmt: skip
    yield from (
        f"/findings/{name} says it is {one['id']}" for name, one in document["findings"].items() if one["id"] != name
    )
    for name, table in document["tables"].items():
        if any(len(row) != len(table["columns"]) for row in table["rows"]):
            yield f"/tables/{name}/rows has a row of another length than its columns"
    yield from (f"/overall/{name} is {one!r}, which is no verdict" for name, one in document["overall"].items()
                if one not in VERDICTS)  # fmt: skip
    if not re.fullmatch(r"GM\d{4}", document["place"]["code"]):
        yield f"/place/code is {document['place']['code']!r}, not GM and four digits"
    try:
        date.fromisoformat(document["data_date"])
    except ValueError:
        yield f"/data_date is {document['data_date']!r}, which is no date"
