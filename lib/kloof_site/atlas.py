"""Finished reports side by side: the same measure in every municipality, and the places each can take.

Reads results.json documents; computes nothing but order. Numbers keep where they stand, and in which report.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError, ReportError, examples, faults
from kloof.questions.other_places import ranks
from kloof.report.publish import FILES, first_screen
from kloof.results import read_results
from kloof.run import provenance
from kloof.run.batch import holds_its_crate
from kloof.run.provenance import Recorded
from kloof.words.numbers import LANGUAGES
from kloof.words.sentences import Narrator, Sentence

COMPARED = re.compile(r"03\.(?:level|index)\.\w+|04\.\w+\.(?:absolute|relative)")  # findings that places share
SYNTHETIC = 9001  # number of the first synthetic municipality
KINDS = ("absolute", "relative", "level", "index")


@dataclass(frozen=True)
class Report:
    """One finished report: its folder, its results, the languages it has a page in, and what its crate says of it."""

    folder: Path
    document: Mapping[str, Any]
    languages: tuple[str, ...]
    crate: Recorded

    @property
    def published(self) -> list[str]:
        """Names of its files that a site has too."""
        return [name for name in self.crate.files if not stays(name)]

    @property
    def code(self) -> str:
        """Code of its municipality."""
        return str(self.document["place"]["code"])

    @property
    def name(self) -> str:
        """Name of its municipality."""
        return str(self.document["areas"].get(self.code, self.code))

    @property
    def synthetic(self) -> bool:
        """Tell a synthetic municipality by its code: CBS has given numbers up to 2000."""
        return int(self.code[2:]) >= SYNTHETIC


def read_reports(folders: Sequence[Path]) -> list[Report]:
    """Read finished reports, in the order of their names; raises ReportError with every folder that is not one."""
    found, read = [], []
    if not folders:
        raise ReportError("There is no finished report to make a site of. Make one first: kloof run --preset breda")
    for folder in folders:
        try:
            read.append(_read(folder))
        except ReportError as problem:
            found.append(str(problem))
    places: dict[str, list[str]] = {}
    for report in read:
        places.setdefault(report.code, []).append(report.folder.name)
    found += [
        f"{code} has {len(names)} reports ({', '.join(names)})" for code, names in places.items() if len(names) > 1
    ]
    made_up = [report.folder.name for report in read if report.synthetic]
    if made_up and len(made_up) < len(read):
        found.append(f"{', '.join(made_up)}: a synthetic municipality never stands among real ones")
    if found:
        raise ReportError(faults("the reports", found, "Name whole reports, one of each municipality."))
    return sorted(read, key=lambda report: (report.name, report.code))


def stays(name: str) -> bool:
    """Tell whether a file stays with the report: notebooks, to which no page leads, and what is hidden."""
    return any(part == "notebooks" or part.startswith(".") for part in Path(name).parts)


def _read(folder: Path) -> Report:
    """Read one report; every file that would be published must be there as it was made, and no other."""
    document = read_results(folder)
    languages = tuple(language for language in LANGUAGES if (folder / language / "index.html").is_file())
    if not languages:
        raise ReportError(f"{folder} has no page ({' or '.join(f'{language}/index.html' for language in LANGUAGES)})")
    gone = [
        f"{language}/{name}" for language in languages for name in FILES if not (folder / language / name).is_file()
    ]
    if gone:
        raise ReportError(f"{folder} lacks {', '.join(gone)}: make the report again")
    try:
        crate = provenance.read(folder)
    except ParameterError as problem:
        raise ReportError(str(problem)) from None
    damage = {name: fault for name, fault in provenance.damage(folder, crate).items() if not stays(name)}
    if not holds_its_crate(folder):
        damage[provenance.CRATE] = "is not what was made"
    if damage:
        listed = examples([f"{name} {fault}" for name, fault in sorted(damage.items())])
        raise ReportError(f"{folder} is not as it was made ({listed}): make the report again")
    return Report(folder, document, languages, crate)


@dataclass(frozen=True)
class Standing:
    """One municipality on one measure: its finding, and the best and the worst place that the ranges allow."""

    report: Report
    finding: str
    best: int
    worst: int
    at: float  # places along the common scale, in percent
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """The same finding in every municipality that has it with a range, the largest first."""

    finding: str
    standings: tuple[Standing, ...]
    zero: float | None  # where nothing lies along the scale, when it is on it


@dataclass(frozen=True)
class Atlas:
    """All reports of a site in one language."""

    reports: tuple[Report, ...]
    catalogue: Catalogue
    language: str

    @cached_property
    def tellers(self) -> dict[str, Narrator]:
        """One narrator per municipality."""
        return {report.code: Narrator(report.document, self.catalogue, self.language) for report in self.reports}

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure that a report has: changes, sizes, spread; among them those that most reports have first."""
        names = dict.fromkeys(
            name for report in self.reports for name in report.document["findings"] if COMPARED.fullmatch(name)
        )
        made = [measure for name in names if (measure := self._measure(name)) is not None]
        return tuple(sorted(made, key=lambda measure: (KINDS.index(kind_of(measure.finding)), -len(measure.standings))))

    def _measure(self, name: str) -> Measure | None:
        """Put one finding of all reports in order; a level by its size, a change with its sign."""
        held = [(report, report.document["findings"].get(name)) for report in self.reports]
        told = [
            (report, finding)
            for report, finding in held
            if finding is not None and None not in (finding["estimate"], finding["low"], finding["high"])
            and finding["comparability"] != "broken"
        ]  # fmt: skip
        if not told:
            return None
        size = name.startswith("03.level.")
        rows = pd.DataFrame([ends(finding, size=size) for _, finding in told], columns=["estimate", "low", "high"])
        places = ranks(rows)
        low, high = float(rows.min().min()), float(rows.max().max())
        width = (high - low) or 1.0

        def along(value: float) -> float:
            return round(100 * (value - low) / width, 1)

        standings = [
            Standing(report, name, best, worst, *map(along, row))
            for (report, _), row, best, worst in zip(
                told, rows.itertuples(index=False), places["rank_low"], places["rank_high"], strict=True
            )
        ]
        order = sorted(range(len(told)), key=lambda at: (-rows["estimate"].iloc[at], told[at][0].name))
        zero = along(0.0) if low <= 0.0 <= high else None
        return Measure(name, tuple(standings[at] for at in order), zero)

    def title(self, name: str) -> str:
        """Name a measure: what it compares, of which indicator or group."""
        finding = next(
            report.document["findings"][name] for report in self.reports if name in report.document["findings"]
        )
        teller = next(iter(self.tellers.values()))
        return teller.word("site", "measure", kind_of(name)).replace("{noun}", teller.noun(str(finding["indicator"])))

    def answer(self, report: Report) -> tuple[tuple[Sentence, ...], str | None]:
        """Give the sentences with which a report answers its question, and the name of the picture that shows it."""
        line, picture = first_screen(self.tellers[report.code])
        return line.sentences, picture


def kind_of(name: str) -> str:
    """Tell what kind of measure a finding is: absolute, relative, level or index."""
    return name.split(".")[1] if name.startswith("03.") else name.rsplit(".", 1)[1]


def ends(finding: Mapping[str, Any], *, size: bool) -> tuple[float, float, float]:
    """Give a finding and its range; with `size` of the distance from nothing, whichever way it goes."""
    estimate, low, high = (float(finding[name]) for name in ("estimate", "low", "high"))
    if not size:
        return estimate, low, high
    nearest = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return abs(estimate), nearest, max(abs(low), abs(high))
