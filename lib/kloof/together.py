"""One claim in many municipalities: how many support it, what they say together, how they differ, and where one stands.

`documents` are the results of one report per municipality: code → content of results.json.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kloof import claims, meta
from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPARABLE, NOT_COMPUTABLE, NOT_TESTABLE, VERDICTS, Finding, combine, verdict_of
from kloof.standing import NOT_CHANCE
from kloof.synthesis import HEADCOUNT, unit_of
from kloof.verdicts import table_of

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
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for code, document in documents.items():
        for row in document["verdicts"]:
            finding = document["findings"].get(row["finding"] or "")
            if finding and _has_range(finding):
                found.setdefault((row["claim"], row["row"]), {})[code] = finding
    made = []
    for (claim, part), by_place in found.items():
        if claim in entries and entries[claim]["kind"] != "turn" and len(by_place) > 2:
            made.append({"claim": claim, "part": part, **_summary(by_place, str(entries[claim]["expected"]), place)})
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

    The verdict joins those of the claim's summarised parts (`findings.combine`). A claim without any has none: its
    verdicts are no tests of chance (a level, a threshold), or fewer than three municipalities could be tested.
    """
    parts, table = summaries(documents, place), counts(documents)
    together = {
        claim: combine(list(rows["verdict"])) for claim, rows in parts.groupby("claim", sort=False)
    }  # fmt: skip
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
