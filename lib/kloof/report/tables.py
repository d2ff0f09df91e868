"""A table of results.json → the table a page prints: labels for codes, numbers with pointers, units in the head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kloof.findings import END_ERROR
from kloof.report.views import Cell, TableView
from kloof.words import numbers
from kloof.words.sentences import Narrator, Number, Sentence, has

FIRST_ROWS = {"01.totals": 10}  # of these tables the page shows the first rows, the file all of them
_ERRORS = {  # hidden columns that tell the error by drawing of the ends in others
    **dict.fromkeys(("low", "high", "range"), END_ERROR),
    **dict.fromkeys(("chance_low", "chance_high"), "chance_error"),
}
_HIDDEN = ("hidden", "unit", "headline")  # kinds of columns that only serve the others


@dataclass(frozen=True)
class TableWriter:
    """Writes the tables of one results document in one language; `entries` are the registered claims."""

    teller: Narrator
    entries: Mapping[str, Mapping[str, Any]]

    @property
    def results(self) -> Mapping[str, Any]:
        """Give the results document."""
        return self.teller.results

    @property
    def language(self) -> str:
        """Give the language of the page."""
        return self.teller.language

    def word(self, *path: str) -> str:
        """Give a fixed text."""
        return self.teller.word(*path)

    def source_title(self, name: str) -> str:
        """Name a source in the language of the page, or as its publisher does."""
        entry = self.results["sources"].get(name)
        if entry is None:
            return name
        return self.word("source_title", name) if has("source_title", name) else str(entry["title"])

    def source_as_read(self, name: str) -> str:
        """Name a source, with the checks whose findings in its file were accepted."""
        checks = f"{self.results['sources'][name]['looked_up_in']} checks"
        rows = [row for row in self.results["set_aside"] if row["step"] == checks]
        accepted = [self.word("set_aside", row["reason"]) for row in rows]
        return f"{self.source_title(name)} ({'; '.join(accepted)})" if accepted else self.source_title(name)

    def table(self, name: str) -> TableView:
        """Give a table as it is printed, its first column first, units in the head."""
        entry = self.results["tables"][name]
        columns = entry["columns"]
        shown = [at for at, column in enumerate(columns) if column["kind"] not in _HIDDEN]
        printed = entry["rows"][: FIRST_ROWS.get(name)]
        rows = tuple(
            tuple(self.cell(name, number, place, row) for place in shown) for number, row in enumerate(printed)
        )
        note = self.word("table_note", name) if has("table_note", name) else None
        return TableView(
            id=name, caption=(self.caption(name),), head=tuple(self.head(columns[place]) for place in shown),
            rows=rows, note=note, csv=f"../tables/{name}.csv",
        )  # fmt: skip

    def caption(self, name: str) -> str:
        """Name a table: its own caption, or that of the kind of figure it is behind, with its indicator."""
        if has("table", name):
            return self.word("table", name)
        figures = (entry for entry in self.results["figures"].values() if entry["table"] == name)
        figure = next(entry for entry in figures if has("table", entry["kind"]))
        return f"{self.word('table', figure['kind'])}: {self.teller.noun(figure['options']['indicator'])}"

    def head(self, column: Mapping[str, Any]) -> str:
        """Head a column, with the unit when all its numbers share one."""
        label = self.word("column", column["key"])
        unit = column["unit"]
        if (
            column["kind"] != "number"
            or not unit
            or unit.startswith("@")
            or unit in ("number", "index", "year", "probability")
        ):
            return label
        sign = "€" if unit == "thousand_euro" else str(self.teller.catalogue.units[unit][self.language])
        return f"{label} ({sign})" if sign else label

    def cell(self, table: str, number: int, place: int, row: Sequence[Any]) -> Cell:
        """Write one cell by the kind of its column."""
        columns = self.results["tables"][table]["columns"]
        column, value = columns[place], row[place]
        pointer = f"/tables/{table}/rows/{number}/{place}"
        if value is None or value == "":
            reason = next((row[at] for at, other in enumerate(columns) if other["kind"] == "status" and row[at]), None)
            explained = self.word("status", reason) if reason else self.word("status", "empty")
            return Cell((numbers.MISSING,), column["kind"] == "number", explained)
        if column["kind"] == "number":
            return Cell((self._number(pointer, column, columns, value, row),), True)
        if column["kind"] == "year":
            return Cell((Number(str(value), pointer),), True)
        if column["kind"] == "range":
            high = next(at for at, other in enumerate(columns) if other["key"] == "high")
            above = self._number(f"{pointer.rsplit('/', 1)[0]}/{high}", columns[high], columns, row[high], row)
            return Cell((self._number(pointer, column, columns, value, row), f" {self.word('range_to')} ", above), True)
        if column["kind"] in ("trace", "agree", "part"):
            return Cell(self._joined(column["kind"], pointer, columns, row), column["kind"] == "agree")
        text, code = self._text(column, str(value))
        return Cell((text,), False, None, code)

    def _number(
        self,
        pointer: str,
        column: Mapping[str, Any],
        columns: Sequence[Mapping[str, Any]],
        value: float,
        row: Sequence[Any],
    ) -> Number:
        unit, decimals = column["unit"] or "number", column["decimals"]
        keys = {other["key"]: row[at] for at, other in enumerate(columns)}
        error = float(keys.get(_ERRORS.get(column["key"], "")) or 0.0)
        if not unit.startswith("@"):
            held = numbers.decimals_held(unit, decimals, error) if error else decimals
            return Number(numbers.number(value, unit, self.language, held, bare=True), pointer)
        unit = str(keys[unit[1:]])
        name = str(keys.get("indicator") or keys.get("part"))
        known = self.teller.catalogue.indicators
        if decimals is None and name in known and unit in (known[name].unit, "thousand_euro"):
            decimals = known[name].decimals
        if column["key"] == "published" and (keys.get("published_step") or 0) >= 1:
            decimals = 0  # as the study printed it
        decimals = numbers.decimals_held(unit, decimals, error) if error else decimals
        return Number(numbers.number(value, unit, self.language, decimals), pointer)

    def _joined(self, kind: str, pointer: str, columns: Sequence[Mapping[str, Any]], row: Sequence[Any]) -> Sentence:
        """Write a cell that joins several columns of its row: where a number comes from, how many lists agree."""
        at = {column["key"]: place for place, column in enumerate(columns)}
        near = pointer.rsplit("/", 1)[0]
        if kind == "agree":
            return (
                Number(str(row[at["agree"]]), f"{near}/{at['agree']}"),
                "\u00a0/\u00a0",
                Number(str(row[at["of"]]), f"{near}/{at['of']}"),
            )
        if kind == "part":
            name, measure = str(row[at["part"]]), row[at["measure"]]
            label = self._text({"kind": "indicator", "key": "indicator"}, name)[0] if name != "all" else ""
            return (
                f"{label}, {self.word('measure', measure)}"
                if label and measure
                else label or (self.word("measure", str(measure)) if measure else numbers.MISSING),
            )
        if not row[at["trace_source"]]:
            return (self.word("code", "needs", str(row[at["trace"]])),)
        parts = str(row[at["trace_source"]]).split("|")
        source = "; ".join(
            f"‹{self.source_title(part) if part in self.results['sources'] else part}›" for part in parts
        )
        name = row[at["trace_indicator"]]
        if not name:
            return (source,)
        label = self.teller.noun(str(name))
        year = Number(str(row[at["trace_year"]]), f"{near}/{at['trace_year']}")
        areas = Number(str(row[at["areas"]]), f"{near}/{at['areas']}") if "areas" in at else None
        return (f"{source}: {label}, ", year, *((" (", areas, f" {self.word('unit_of_areas')})") if areas else ()))

    def _text(self, column: Mapping[str, Any], value: str) -> tuple[str, str | None]:
        """Write a code as words; give the code too where the page shows its symbol."""
        teller, kind = self.teller, column["kind"]
        if kind == "area":
            return teller.area(value), None
        if kind == "choices":
            return "; ".join(self.word("code", "choice", part) for part in value.split(";")), None
        if kind == "indicator" and value in teller.catalogue.groups:
            return teller.noun(value), None
        if kind == "indicator":
            return (
                teller.catalogue.indicator(value).label(self.language)
                if value in teller.catalogue.indicators
                else value
            ), None
        if kind in ("verdict", "judgement", "happened"):
            return self.word(kind, value), value
        if kind == "chance":
            return self.word("by_chance", value), None
        if kind == "group_name":
            return str(getattr(teller.catalogue.group(value), self.language)), None
        if kind == "claim":
            entry = self.entries.get(value, {})
            mark = f" ({self.word('exploratory')})" if entry.get("exploratory") else ""
            return f"‹{value}› {entry.get(f'short_{self.language}', '')}{mark}".strip(), None
        if kind == "source":
            return "; ".join(
                f"{teller.publisher(part)}, ‹{self.source_title(part)}›" for part in value.split("|")
            ), None
        if kind == "variant":
            return (self.word("variant", value) if has("variant", value) else teller.focus(value)), None
        if kind == "change":
            return f"‹{self.entries[value][f'change_{self.language}']}›", None
        if kind == "break":
            return teller.breaks(value.split(";")), None
        if kind == "period":
            return f"‹{value}›", None
        if kind == "published":
            return f"‹{value}› {self.word('published', value)}", None
        if kind == "status":
            return self.word("status", value), None
        if kind == "group":
            return self.word("group", value), None
        if kind == "index":
            return self.word("index_name", value), None
        if kind == "measure":
            return self.word("measure", value), None
        return self.word("code", column["key"], value), None
