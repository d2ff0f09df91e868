"""The registered claims, and the rule that turns findings under every registered focus list into a verdict."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kloof.catalogue import parsed
from kloof.errors import CatalogueError
from kloof.findings import (
    CONTRADICTED,
    DIFFERENCES,
    EXPECTATIONS,
    HIGHER,
    LOWER,
    NEGLIGIBLE,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    Finding,
    Verdict,
    combine,
    judge,
    verdict_of,
)
from kloof.paths import project_folder
from kloof.study import hypotheses
from kloof.study.panel import Focus
from kloof.study.study import Study

DECIDED = (SUPPORTED, CONTRADICTED, NEGLIGIBLE)
_NEEDED = (
    "nl", "en", "short_nl", "short_en", "source", "notebook", "kind", "expected", "change_nl", "change_en",
)  # fmt: skip
CONCLUSION = ("nl", "en", "short_nl", "short_en", "source", "leans_on")
JUDGED_BY_THRESHOLD = ("coverage", "replication")


@dataclass(frozen=True)
class Registry:
    """All registered claims, the conclusions that lean on them, the rules they share and the hash of the files.

    A hypothesis of a researcher is a claim too: it has `exploratory`, and `notebook` names its file.
    """

    claims: Mapping[str, Mapping[str, Any]]
    agree_minimum: float
    sha256: str
    conclusions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def entries(self) -> dict[str, Mapping[str, Any]]:
        """Give claims and conclusions together."""
        return {**self.claims, **self.conclusions}


def registry() -> Registry:
    """Read notebooks/claims.toml and the hypotheses beside it.

    The hash is that of claims.toml, and of every hypothesis with its name when there are any. Raises CatalogueError
    listing every fault: a claim that lacks a part that a report needs, an expectation that is none, a rule without its
    number, a conclusion that leans on nothing.
    """
    path = project_folder() / "notebooks" / "claims.toml"
    content = path.read_bytes()
    try:
        raw = parsed(content.decode("utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise CatalogueError(f"{path.name} is not valid TOML: {problem}.") from None
    registered, conclusions = raw.get("claim", {}), raw.get("conclusion", {})
    found = [f"it has no {name}" for name in ("claim", "agree_minimum") if name not in raw]
    for name, claim in registered.items():
        needed = _NEEDED + (("threshold",) if claim.get("kind") in JUDGED_BY_THRESHOLD else ())
        if lacks := [part for part in needed if part not in claim]:
            found.append(f"{name} lacks {', '.join(lacks)}")
        elif claim["expected"] not in EXPECTATIONS:
            found.append(f"{name} expects {claim['expected']!r}; known: {', '.join(EXPECTATIONS)}")
    for name, conclusion in conclusions.items():
        if lacks := [part for part in CONCLUSION if not conclusion.get(part)]:
            found.append(f"{name} lacks {', '.join(lacks)}")
    if found:
        raise CatalogueError(f"{path.name}: {'; '.join(found)}")
    digest = hashlib.sha256(content)
    for own in hypotheses.files():
        digest.update(own.name.encode("utf-8") + b"\0" + own.read_bytes())
    return Registry({**registered, **hypotheses.read_all()}, raw["agree_minimum"], digest.hexdigest(), conclusions)


def under_variants(headline: str, variants: Sequence[str], agree_minimum: float) -> str:
    """Keep the headline verdict unless a registered variant decides otherwise, or too few variants agree."""
    if headline not in DECIDED:
        return headline
    votes = [verdict for verdict in variants if verdict != NOT_TESTABLE]
    if any(verdict in DECIDED and verdict != headline for verdict in votes):
        return UNDECIDED
    return headline if votes.count(headline) >= agree_minimum * len(votes) else UNDECIDED


def judge_row(study: Study, claim: str, row: str, make: Callable[[Focus], Finding]) -> tuple[Finding, Verdict]:
    """Judge one part of a claim under every registered focus list; return the headline finding and the verdict.

    `make` computes the finding for a focus list. `flips_at` is how much the estimate would have to differ for the
    interval to reach 0.
    """
    found = {focus.name: make(focus) for focus in study.variants}
    return found[study.focus.name], judge_over(claim, row, found, study.focus.name)


def judge_over(claim: str, row: str, found: Mapping[str, Finding], headline: str) -> Verdict:
    """Judge one part of a claim by the findings of its registered variants, one of which is the headline."""
    rules = registry()
    expected = str(rules.claims[claim]["expected"])
    verdicts = {name: verdict_of(finding, expected) for name, finding in found.items()}
    own = found[headline]
    verdict = under_variants(verdicts[headline], list(verdicts.values()), rules.agree_minimum)
    missing = (own.indicator,) if verdicts[headline] == NOT_TESTABLE and own.indicator else ()
    flips = None
    if judge(own) in (HIGHER, LOWER) and own.low is not None and own.high is not None:
        flips = own.low if own.low > 0 else own.high
    return Verdict(claim, verdict, own.id, row, expected, tuple(verdicts.items()), missing, flips)


def alone(claim: str, row: str, finding: Finding) -> Verdict:
    """Judge a part of a claim that no focus list has a say in; what it lacks is what the claim registers as missing."""
    entry = registry().claims[claim]
    verdict = verdict_of(finding, str(entry["expected"]))
    missing = tuple(entry.get("missing") or ((finding.indicator,) if finding.indicator else ()))
    flips = None
    if verdict in (SUPPORTED, CONTRADICTED) and finding.low is not None and finding.high is not None:
        flips = finding.low if finding.low > 0 else finding.high
    votes = (("all", verdict),)
    return Verdict(
        claim, verdict, finding.id, row, entry["expected"], votes, missing if verdict == NOT_TESTABLE else (), flips
    )


def threshold_verdict(claim: str, finding: Finding) -> Verdict:
    """Judge a share against its registered threshold."""
    limit = float(registry().claims[claim]["threshold"])
    share = finding.estimate
    verdict = NOT_TESTABLE if share is None else SUPPORTED if share >= limit else CONTRADICTED
    flips = None if share is None else share - limit
    return Verdict(claim, verdict, finding.id, "all", HIGHER, ((finding.focus or "all", verdict),), (), flips)


def level_verdict(study: Study, finding: Finding) -> Verdict:
    """Judge whether the focus buurten are worse off: lower where more is better, higher where less is.

    A list that was chosen on this very figure is worse off by that choice, which is no test of it.
    """
    indicator = study.known.indicator(finding.indicator or "")
    expected = LOWER if indicator.better > 0 else HIGHER
    circular = "chosen_on_it" in finding.flags
    verdict = NOT_TESTABLE if circular else verdict_of(finding, expected)
    missing = (indicator.id,) if verdict == NOT_TESTABLE and not circular else ()
    return Verdict("K3", verdict, finding.id, indicator.id, expected, ((study.focus.name, verdict),), missing)


def turned(before: str, since: str) -> str:
    """Give the verdict on M1 from those on C3 (it grew before) and C2 (it grew beyond the trend since)."""
    if NOT_TESTABLE in (before, since):
        return NOT_TESTABLE
    if before == CONTRADICTED and since == SUPPORTED:
        return SUPPORTED
    return CONTRADICTED if before == SUPPORTED or since == CONTRADICTED else UNDECIDED


def turn_verdict(before: Verdict, since: Verdict) -> Verdict:
    """Judge M1 from the two halves it is made of: shrank before (LOWER) and grew beyond the trend since (HIGHER).

    `before` and `since` are the verdicts of C3 and C2 on the same row: M1 is supported when C3 is contradicted and C2
    supported, contradicted when C3 is supported or C2 contradicted, else undecided; not testable without both.
    """
    verdict = turned(before.verdict, since.verdict)
    missing = tuple(dict.fromkeys((*before.missing, *since.missing)))
    return Verdict("M1", verdict, before.finding, before.row, LOWER, (("as_C2_and_C3", verdict),), missing)


def untested(study: Study, claim: str) -> list[Verdict]:
    """Give a row for each indicator that a claim needs and this study does not follow: not testable, and why."""
    needs = registry().claims[claim].get("needs", [])
    return [
        Verdict(claim, NOT_TESTABLE, None, name, None, (), (name,))
        for name in needs
        if name not in study.p.indicators and name in study.known.indicators
    ]


def overall(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Join the rows of each claim, in registered order: the verdict all voting rows share, else undecided."""
    by_claim: dict[str, list[str]] = {}
    for row in verdicts:
        by_claim.setdefault(row["claim"], []).append(row["verdict"])
    return {claim: combine(by_claim[claim]) for claim in registry().claims if claim in by_claim}


def verdict_table(verdicts: Sequence[Mapping[str, Any]], findings: Mapping[str, Any]) -> pd.DataFrame:
    """Lay out the synthesis: one row per claim and part, with verdict, number, range, variants that agree."""
    rows = []
    for row in verdicts:
        finding = findings.get(row["finding"]) or {}
        rows.append(
            {
                "claim": row["claim"],
                "indicator": finding.get("indicator") or (row["row"] if row["row"] not in ("all",) else None),
                "measure": finding.get("measure"),
                "verdict": row["verdict"],
                "estimate": finding.get("estimate"),
                "low": finding.get("low") if finding.get("range_kind") else None,
                "high": finding.get("high") if finding.get("range_kind") else None,
                "unit": "points"
                if finding.get("kind") in DIFFERENCES and finding["unit"] == "percent"
                else finding.get("unit"),
                "flips_at": row["flips_at"],
                "agree": row["agree"] if row["of"] > 1 else None,
                "of": row["of"] if row["of"] > 1 else None,
            }
        )
    return pd.DataFrame(rows)


def score(verdicts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Score the debate: for each claim that takes part in it, how many rows were supported, contradicted, and so on."""
    order = [SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE]
    rows = []
    for claim in ("C2", "C3", "M1"):
        own = [row["verdict"] for row in verdicts if row["claim"] == claim]
        if own:
            rows.append({"claim": claim, **{name.lower(): own.count(name) for name in order}, "of": len(own)})
    return pd.DataFrame(rows)
