"""Reads a page of the site back: every number against its report or its file, every place counted again.

Shares nothing with `atlas` or `site`: it parses the page and follows what it says.
"""

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kloof.errors import ReportError
from kloof.paths import data_folder
from kloof.report.known import Knowledge, is_number, ruled, strings
from kloof.report.readback import HIDDEN, Node, agrees, parse, read_number, verdict_word, watched
from kloof.results import look_up

Documents = Mapping[str, Mapping[str, Any]]
DIGITS = re.compile(r"\d+")


def faults_of(html: str, documents: Documents, language: str, names: Collection[str] = ()) -> list[str]:
    """List what a page says that the reports (by code) and the files of data/ do not; an empty list is well.

    `names` are labels that may hold digits (see `audit.labels`); the names of areas are known.
    """
    root = parse(html)
    rules = (numbers, files, places, verdicts, columns)
    found = [fault for rule in rules for fault in rule(root, documents, language)]
    found += pictures(root, documents, language, names)
    return list(dict.fromkeys([*found, *loose(root, documents, names)]))


@cache
def _file(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(root: Node, documents: Documents, language: str) -> Iterator[str]:
    """Check each number of a report."""
    known = {code: Knowledge(document, language) for code, document in documents.items()}
    for node in (node for node in root.walk() if node.tag == "data"):
        text, code = " ".join(node.text().split()), str(node.nearest("data-of"))
        if "data-csv" in node.attrs or "data-rank" in node.attrs:
            continue
        pointer = node.pointer
        if pointer is None or code not in documents:
            yield f"{text} does not say where it stands"
            continue
        try:
            value = look_up(documents[code], pointer)
        except ReportError:
            yield f"{text} points at {pointer}, where {code} has nothing"
            continue
        yield from agreed(text, value, known[code].unit_at(pointer), language, f"{code} {pointer}")


def agreed(text: str, value: Any, unit: str | None, language: str, place: str) -> Iterator[str]:
    """Check one printed number."""
    printed = read_number(text, language)
    if printed is None or not is_number(value):
        yield f"{text} is no number of {place}"
    elif not agrees(printed, float(value), unit, signed=False):
        yield f"{text} stands for {value!r} ({place})"


def files(root: Node, documents: Documents, language: str) -> Iterator[str]:
    """Check each number of a file of data/."""
    del documents
    folder = data_folder()
    for node in (node for node in root.walk() if "data-csv" in node.attrs):
        name, row, column = (node.attrs[key] for key in ("data-csv", "data-row", "data-column"))
        value, text = _file(folder / f"{name}.csv")[int(row)][column], " ".join(node.text().split())
        yield from agreed(text, float(value), None, language, f"{name}.csv, row {row}, {column}")


def places(root: Node, documents: Documents, language: str) -> Iterator[str]:
    """Count again between which places each municipality can stand: those surely before it, and all that may be."""
    del language
    for node in (node for node in root.walk() if "data-rank" in node.attrs):
        name, code = node.attrs["data-rank"], str(node.nearest("data-of"))
        reach = {}
        for other, document in documents.items():
            finding = document["findings"].get(name)
            if finding is None or finding["low"] is None or finding["comparability"] == "broken":
                continue
            low, high = finding["low"], finding["high"]
            if name.startswith("03.level."):
                crosses = low <= 0 <= high
                low, high = (0 if crosses else min(abs(low), abs(high))), max(abs(low), abs(high))
            reach[other] = (low, high)
        best = 1 + sum(low > reach[code][1] for other, (low, _) in reach.items() if other != code)
        worst = 1 + sum(high > reach[code][0] for other, (_, high) in reach.items() if other != code)
        said = [int(number) for number in DIGITS.findall(node.text())]
        if said != sorted({best, worst}):
            yield f"{code} stands at {node.text()} on {name}, its ranges allow {best} to {worst}"


def verdicts(root: Node, documents: Documents, language: str) -> Iterator[str]:
    """Check each verdict: the one of its report, called by its word."""
    for node in (node for node in root.walk() if "data-claim" in node.attrs):
        code, claim = str(node.nearest("data-of")), node.attrs["data-claim"]
        verdict, recorded = node.attrs["data-verdict"], documents[code]["overall"].get(claim)
        if verdict != recorded:
            yield f"{code} {claim} shows {verdict}, its report says {recorded}"
        elif watched()["verdict"][verdict][language] != verdict_word(node.text(), language):
            yield f"{code} {claim} is {verdict}, and is called “{node.text().strip()}”"


def pictures(root: Node, documents: Documents, language: str, names: Collection[str]) -> Iterator[str]:
    """Check each picture: it is one of its report, and what is said of it holds only numbers that it shows."""
    for node in (node for node in root.walk() if node.tag == "img"):
        code, figure = str(node.nearest("data-of")), node.nearest("data-figure")
        file, said = node.attrs.get("src", ""), node.attrs.get("alt", "")
        if figure not in documents[code]["figures"] or not re.fullmatch(
            rf"\.\./reports/{code}/(nl|en)/figures/{re.escape(str(figure))}\.svg", file
        ):
            yield f"{code} shows {file}, which is no picture of its report"
            continue
        if not said.strip():
            yield f"{code}: its picture {figure} has no description"
        known = Knowledge(documents[code], language, tuple(names))
        near = known.numbers_near(node)
        for token in known.loose_numbers(said):
            if not known.is_year_or_size(token) and not known.among(token, near):
                yield f"{code}: {token} is said of its picture {figure}, which does not show it"


def columns(root: Node, documents: Documents, language: str) -> Iterator[str]:
    """Check what the page that compares can show: each number and each verdict of each column."""
    for node in (node for node in root.walk() if "data-columns" in node.attrs):
        shown = json.loads("".join(map(str, node.children)))
        for place in shown["places"]:
            code = place["code"]
            document = documents[code]
            for row, cell in zip(shown["rows"], place["cells"], strict=True):
                if isinstance(cell, list):
                    yield from _column(document, row["id"], cell, language, code)
                elif cell != document["overall"].get(row["id"]) and row["id"] not in document["findings"]:
                    yield f"{code} {row['id']} is {cell}, its report says otherwise"


def _column(document: Mapping[str, Any], name: str, cell: list[str], language: str, code: str) -> Iterator[str]:
    """Check outcome, range and years of one finding."""
    finding, known = document["findings"][name], Knowledge(document, language)
    estimate, *ends, years = cell
    unit = known.unit_at(f"/findings/{name}/estimate")
    yield from agreed(estimate, finding["estimate"], unit, language, f"{code} {name}")
    true = sorted((finding["low"], finding["high"]), key=abs) if finding["low"] * finding["high"] > 0 else None
    for text, value in zip(ends, true or (finding["low"], finding["high"]), strict=True):
        either = [finding["low"], finding["high"], value]
        if all(list(agreed(text, one, unit, language, "")) for one in either):
            yield f"{code} {name}: {text} is no end of its range"
    if not set(map(int, DIGITS.findall(years))) <= {finding[side]["year"] for side in ("a", "b")}:
        yield f"{code} {name}: {years} are not its years"


def loose(root: Node, documents: Documents, names: Collection[str]) -> Iterator[str]:
    """Find digits that are no traced number: only names, codes, references and dates may hold them.

    The name of a focus list made by a rule holds its size and year; they must be those of the report it stands with.
    """
    own = {
        code: {number for rule in ruled(strings(document["parameters"])) for number in rule}
        for code, document in documents.items()
    }
    called = {str(name) for document in documents.values() for name in document["areas"].values()} | set(names)
    digital = sorted((name for name in called if DIGITS.search(name)), key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, digital)) or r"(?!)", re.IGNORECASE)
    for node in root.walk():
        around = list(node.ancestors())
        if any(place.tag in (*HIDDEN, "data", "cite", "code", "time") or place.has_class("ref") for place in around):
            continue
        listed = own.get(str(node.nearest("data-of")), set())
        for child in node.children:
            if isinstance(child, str) and not listed.issuperset(DIGITS.findall(known.sub("", child))):
                yield f"“{child.strip()[:60]}” holds a number that is not traced"
