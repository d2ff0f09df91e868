"""Many municipalities at once: each gets its results, one at a time kept, and what they say together.

What one municipality lacks stops that one only, and is told.
"""

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kloof.documents import read_toml
from kloof.errors import (
    KloofError,
    NotComputableError,
    NotebookError,
    ParameterError,
    ReportError,
    examples,
    faults,
    nearest,
)
from kloof.findings import EACH, NOT_COMPARABLE, NOT_COMPUTABLE, NOT_TESTABLE, VERDICTS, Finding, join, verdict_of
from kloof.methods import meta
from kloof.paths import project_folder
from kloof.questions import all_tests
from kloof.questions.all_tests import NOT_CHANCE
from kloof.questions.verdict import HEADCOUNT, unit_of
from kloof.report.notebook import header
from kloof.results import RESULTS, read_results
from kloof.run import depends, provenance
from kloof.run.execute import Step, execute_languages
from kloof.run.notebooks import notebook_paths
from kloof.run.report import collect, command_of
from kloof.study import claims
from kloof.study.parameters import read_preset, report_name
from kloof.study.places import MUNICIPALITY
from kloof.study.study import open_study

LANGUAGE = "en"  # of the notebooks that are run for their results only
_Tell = Callable[[str, str], None]


def municipalities(preset: str) -> tuple[list[str], str]:
    """Give the municipalities of a preset that has several, and the one whose place is told.

    Raises ParameterError when the preset has none, or a code is not one.
    """
    content = read_preset(preset)
    codes = content.get("municipalities")
    if not codes:
        raise ParameterError(f"preset {preset} has one municipality: kloof run --preset {preset}.")
    wrong = [f"{code!r} is not GM and four digits" for code in codes if not MUNICIPALITY.fullmatch(str(code))]
    place = str(content.get("place", codes[0]))
    if place not in codes:
        wrong.append(f"place {place!r} is not one of its municipalities")
    if wrong:
        raise ParameterError(faults(f"preset {preset}", wrong, "Correct notebooks/presets."))
    return [str(code) for code in codes], place


def read_areas(path: Path, wanted: Sequence[str]) -> dict[str, str]:
    """Read the areas per municipality (TOML: GM0344 = ["BU…", …]) as focus lists: codes joined by commas.

    Raises ParameterError listing every fault: no TOML, a municipality that is not in the preset or has none, a code
    that is no buurt of it.
    """
    content = read_toml(path, ParameterError)
    odd = [code for code, buurten in content.items() if not isinstance(buurten, list)]
    found = [f"{code} is not in the preset {nearest(code, wanted)}".strip() for code in content if code not in wanted]
    found += [f"{code} must be a list of codes, not {content[code]!r}" for code in odd]
    found += [f"{code} has no areas" for code in wanted if code not in odd and not content.get(code)]
    found += [
        f"{code} has {buurt!r}, which is no buurt of it"
        for code, buurten in content.items()
        for buurt in (() if code in odd else buurten)
        if not str(buurt).startswith(f"BU{code[2:]}")
    ]
    found += [
        f"{code} names {examples(twice)} twice"
        for code, buurten in content.items()
        if code not in odd and (twice := [one for one, times in Counter(map(str, buurten)).items() if times > 1])
    ]
    if found:
        raise ParameterError(faults(path.name, found, 'Give per municipality a line: GM0344 = ["BU03440101", …].'))
    return {code: ",".join(sorted(content[code])) for code in wanted}


def folder_of(preset: str) -> Path:
    """Folder in which the results of the municipalities are kept."""
    return project_folder() / "reports" / preset


def run_each(
    preset: str, codes: Sequence[str], overrides: Mapping[str, Mapping[str, Any]], workers: int, tell: _Tell
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Run all notebooks for each municipality; give the results by code, and why others have none.

    `overrides` are parameters by municipality. Results that were made with the same parameters, data and claims are
    kept as they are; each is written as soon as it is there. `tell` hears code and state.
    """
    stop = threading.Event()

    def one(code: str) -> tuple[str, dict[str, Any] | None, str]:
        try:
            document = _results(preset, {"municipality": code, **overrides.get(code, {})}, tell, stop)
        except KloofError as problem:
            tell(code, "failed")
            return code, None, str(problem)
        return code, document, ""

    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        try:
            found = list(pool.map(one, codes))
        except BaseException:  # those that run would be waited for to their end, and those that wait begun
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    made = {code: document for code, document, _ in found if document is not None}
    return made, {code: problem for code, document, problem in found if document is None}


def _results(preset: str, given: Mapping[str, Any], tell: _Tell, stop: threading.Event) -> dict[str, Any]:
    """Give the results of one municipality: those kept when they are fresh, else of a run of the notebooks.

    Raises NotebookError at the next cell when `stop` is set.
    """

    def go_on(step: Step) -> None:
        if stop.is_set():
            raise NotebookError(f"{step.notebook} was stopped.")

    code = str(given["municipality"])
    study = open_study({**given, "preset": preset, "language": LANGUAGE})
    kept = folder_of(preset) / f"{code}.json"
    wanted = header(study)
    document = depends.read_hashed(kept)
    if document and all(document.get(key) == value for key, value in wanted.items()):
        tell(code, "kept")
        return document
    tell(code, "running")
    work = Path(tempfile.mkdtemp(prefix="kloof-manifest-"))
    try:
        parameters = {**given, "preset": preset}
        execute_languages(notebook_paths(), work, parameters, (LANGUAGE,), go_on)
        document = collect(work / "parts", (LANGUAGE,), command_of(study, preset, given))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    depends.write_hashed(kept, document)
    tell(code, "done")
    return document


Documents = Mapping[str, Mapping[str, Any]]
NORMAL = 1.959963984540054
SUMMARY = (
    "claim", "part", "unit", "municipalities", "estimate", "low", "high", "verdict", "i_squared", "tau",
    "predicted_low", "predicted_high", "place_rank", "place_distance", "place_low", "place_high",
)  # fmt: skip


def each(documents: Documents) -> pd.DataFrame:
    """Give the verdicts of every municipality: municipality, id, part, verdict, estimate, low, high, unit, missing."""
    rows = [
        {"municipality": code, **{key: value for key, value in row.items() if key != "parts"}}
        for code, document in documents.items()
        for row in table_of(document)
    ]
    table = pd.DataFrame(rows)
    return table.assign(missing=table["missing"].map(";".join)) if rows else table


def counts(documents: Documents) -> pd.DataFrame:
    """Count per claim in how many municipalities it has each verdict."""
    rows = []
    for claim in claims.registry().claims:
        own = [document["overall"][claim] for document in documents.values() if claim in document["overall"]]
        if own:
            rows.append({"claim": claim, **{verdict: own.count(verdict) for verdict in VERDICTS}, "of": len(own)})
    return pd.DataFrame(rows)


def summaries(documents: Documents, place: str) -> pd.DataFrame:
    """Summarise each part of a claim over the municipalities that have an interval of chance for it: random effects.

    The standard error of a municipality is read from the widest range it reported (so it also holds rounding), as if
    that were normal. `verdict` sets the summary against the smallest effect, as for one municipality; a part that fewer
    than three have gives none. `tau` is the standard deviation between municipalities, `predicted` where a new one
    would lie; `place_…` is the rank of `place` (1 is lowest) and its distance to the mean of the others.
    """
    entries = claims.registry().claims
    found: dict[tuple[str, str, str], dict[str, Mapping[str, Any]]] = {}
    for code, document in documents.items():
        for row in document["verdicts"]:
            finding = document["findings"].get(row["finding"] or "")
            if finding and _has_range(finding):
                found.setdefault((row["claim"], row["row"], str(row["expected"])), {})[code] = finding
    made = []
    for (claim, part, expected), by_place in found.items():
        if claim in entries and len(by_place) > 2:
            made.append({"claim": claim, "part": part, **_summary(by_place, expected, place)})
    return pd.DataFrame(made, columns=list(SUMMARY))


def _has_range(finding: Mapping[str, Any]) -> bool:
    """Tell whether a finding could be judged and has an estimate with a range about chance, of some width."""
    if finding["judgement"] in (NOT_COMPARABLE, NOT_COMPUTABLE):
        return False
    numbers = [finding[name] for name in ("estimate", "low", "high")]
    return None not in numbers and bool(set(finding["range_kind"]) - NOT_CHANCE) and finding["high"] > finding["low"]


def _summary(by_place: Mapping[str, Mapping[str, Any]], expected: str, place: str) -> dict[str, Any]:
    """Summarise the findings of several municipalities and judge what they say together."""
    codes = list(by_place)
    first = by_place[codes[0]]
    effect = np.array([by_place[code]["estimate"] for code in codes], dtype=float)
    error = np.array([(by_place[code]["high"] - by_place[code]["low"]) / (2 * NORMAL) for code in codes])
    whole = meta.summarise(effect, error)
    joined = Finding(
        id="joined", kind=str(first["kind"]), measure=str(first["measure"]), unit=str(first["unit"]),
        estimate=whole.estimate, low=whole.low, high=whole.high, smallest_effect=first["smallest_effect"],
    )  # fmt: skip
    row: dict[str, Any] = {
        "unit": unit_of(first), "municipalities": len(codes), "estimate": whole.estimate, "low": whole.low,
        "high": whole.high, "verdict": verdict_of(joined, expected), "i_squared": whole.i_squared,
        "tau": float(np.sqrt(whole.tau_squared)), "predicted_low": whole.predicted_low,
        "predicted_high": whole.predicted_high,
    }  # fmt: skip
    if place in by_place:
        try:
            at = meta.place(effect, error, codes.index(place))
        except NotComputableError:
            return row
        row |= {"place_rank": at.rank, "place_distance": at.distance, "place_low": at.low, "place_high": at.high}
    return row


def per_claim(documents: Documents, place: str) -> pd.DataFrame:
    """Give one line per claim: verdict of all municipalities together, how many have each verdict, that of `place`.

    The verdict joins those of the claim's summarised parts that count (`findings.join`). A claim without any has none:
    its verdicts are no tests of chance, or fewer than three municipalities could be tested.
    """
    parts, table, entries = summaries(documents, place), counts(documents), claims.registry().claims
    votes = {(row["claim"], row["row"]) for one in documents.values() for row in one["verdicts"] if row["counts"]}
    voting = [pair in votes for pair in zip(parts["claim"], parts["part"], strict=True)]
    parts = parts[np.array(voting, dtype=bool)]
    together = {
        str(claim): join(list(rows["verdict"]), str(entries[str(claim)].get("quantifier", EACH)))
        for claim, rows in parts.groupby("claim", sort=False)
    }
    own = documents.get(place, {}).get("overall", {})
    joined: list[Any] = [together.get(claim) for claim in table["claim"]]
    return table.assign(together=joined, place=[own.get(claim) for claim in table["claim"]])


def headcount(documents: Documents, wanted: Sequence[str], *, with_areas: bool) -> dict[str, Any]:
    """Add up the inhabitants of the focus buurten, and judge M2 when these are the areas of all municipalities.

    Supported when the whole range lies within the registered part of the registered count, contradicted when all of it
    lies outside; not testable when a municipality or the list of areas is missing.
    """
    entry = claims.registry().claims[HEADCOUNT]
    counted = {
        code: document["findings"]["12.people"]
        for code, document in documents.items()
        if document["findings"].get("12.people", {}).get("estimate") is not None
    }
    missing = [code for code in wanted if code not in counted]
    total, low, high = (sum(finding[name] for finding in counted.values()) for name in ("estimate", "low", "high"))
    least, most = ((1 + sign * entry["within"]) * entry["count"] for sign in (-1, 1))
    verdict = NOT_TESTABLE
    if with_areas and not missing:
        inside, outside = least <= low and high <= most, high < least or low > most
        verdict = "SUPPORTED" if inside else "CONTRADICTED" if outside else "UNDECIDED"
    needs = [*([] if with_areas else entry["missing"]), *missing]
    return {"people": total, "low": low, "high": high, "verdict": verdict, "missing": needs}


def fresh_results(preset: str, overrides: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the results of a preset's report, or None when there is none made with these parameters, data and claims."""
    study = open_study({**overrides, "preset": preset, "language": "nl"})
    folder = project_folder() / "reports" / report_name(study.p)
    wanted = header(study)
    try:
        recorded = provenance.read(folder) if (folder / provenance.CRATE).is_file() else None
        document = read_results(folder)
    except (ParameterError, ReportError):  # not there, or damaged
        return None
    edited = recorded is not None and provenance.intact(folder, RESULTS, recorded) is None
    same = all(document.get(key) == value for key, value in wanted.items())
    return document if same and not edited else None


def table_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give one row per claim, as registered: id, verdict, number with range and unit, what is missing, agree_share.

    `parts` holds a row per indicator and measure with the same keys. `agree_share` (0-1) is the part of all ways to
    test the claim that gives its verdict; for a part, of the focus lists.
    """
    findings = document["findings"]
    shares, registered = _shares(document), claims.registry().claims
    order = {claim: place for place, claim in enumerate(registered)}
    made = []
    for claim, verdict in sorted(document["overall"].items(), key=lambda item: order.get(item[0], len(order))):
        rows = [row for row in document["verdicts"] if row["claim"] == claim]
        first = all_tests.one_number(rows, findings, verdict)
        missing = dict.fromkeys(name for row in rows for name in row["missing"])
        own = _row(first, findings) | {"verdict": verdict, "missing": list(missing), "agree_share": shares.get(claim)}
        mark = registered.get(claim, {}).get("exploratory")
        extra = {} if mark is None else {"exploratory": mark}
        made.append({"id": claim, **own, **extra, "parts": [_row(row, findings) for row in rows]})
    return made


def _row(row: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    finding = findings.get(row["finding"] or "") or {}
    ranged = bool(finding.get("range_kind"))
    return {
        "part": row["row"], "verdict": row["verdict"], "estimate": finding.get("estimate"),
        "low": finding.get("low") if ranged else None, "high": finding.get("high") if ranged else None,
        "unit": unit_of(finding), "missing": list(row["missing"]),
        "agree_share": row["agree"] / row["of"] if row["of"] > 1 else None,
    }  # fmt: skip


def _shares(document: Mapping[str, Any]) -> dict[str, float]:
    """Read the part of all ways that agrees, per claim, from the table of the synthesis (without it: nothing)."""
    table = document["tables"].get("12.robustness")
    if table is None:
        return {}
    keys = [column["key"] for column in table["columns"]]
    rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
    return {row["claim"]: row["agree_share"] / 100 for row in rows if row["agree_share"] is not None}
