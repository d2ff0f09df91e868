"""The registered claims, and the rule that turns findings under every registered focus list into a verdict."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from kloof.catalogue import read_toml
from kloof.errors import CatalogueError
from kloof.findings import (
    CHANCE,
    CONTRADICTED,
    DECIDED,
    DIFFERENCES,
    EACH,
    END_ERROR,
    EXPECTATIONS,
    HIGHER,
    LOWER,
    MIXED,
    NEGLIGIBLE,
    NOT_TESTABLE,
    QUANTIFIERS,
    QUESTIONS,
    SUPPORTED,
    TOGETHER,
    UNDECIDED,
    Finding,
    Verdict,
    join,
    join_aspects,
    judge,
    scale_of,
    verdict_of,
)
from kloof.paths import project_folder
from kloof.shown import Shown
from kloof.study import hypotheses
from kloof.study.study import Study

_NEEDED = (
    "nl", "en", "short_nl", "short_en", "source", "notebook", "kind", "change_nl", "change_en",
)  # fmt: skip
_JUDGED = ("expected", "question", "quantifier")  # what a claim needs beside it, when a verdict is given on it
CONCLUSION = ("nl", "en", "short_nl", "short_en", "source", "leans_on")
CLAIM = "claim"
ROLES = (CLAIM, "note", "description", "calculation", "bounds")  # only a claim gets a verdict


class Claim(Shown, dict[str, Any]):
    """What a claim or conclusion registers, by key."""

    def in_short(self) -> dict[str, object]:
        """Give everything that is registered."""
        return dict(self)


@dataclass(frozen=True, repr=False)
class Registry(Shown):
    """All registered claims, the conclusions that lean on them, the rules they share and the hash of the files.

    A hypothesis of a researcher is a claim too: it has `exploratory`, and `notebook` names its file.
    """

    claims: Mapping[str, Mapping[str, Any]]
    agree_minimum: float
    sha256: str
    conclusions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def in_short(self) -> dict[str, object]:
        """Name the claims and conclusions."""
        return {"claims": list(self.claims), "conclusions": list(self.conclusions), "sha256": self.sha256}

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
    raw, content = read_toml(path, CatalogueError), path.read_bytes()
    registered, conclusions = raw.get("claim", {}), raw.get("conclusion", {})
    found = [f"it has no {name}" for name in ("claim", "agree_minimum") if name not in raw]
    for name, claim in registered.items():
        found += _faults_of(name, claim)
    for name, conclusion in conclusions.items():
        if lacks := [part for part in CONCLUSION if not conclusion.get(part)]:
            found.append(f"{name} lacks {', '.join(lacks)}")
    if found:
        raise CatalogueError(f"{path.name}: {'; '.join(found)}")
    digest = hashlib.sha256(content)
    for own in hypotheses.files():
        digest.update(own.name.encode("utf-8") + b"\0" + own.read_bytes())
    entries = {name: Claim(entry) for name, entry in {**registered, **hypotheses.read_all()}.items()}
    told = {name: Claim(entry) for name, entry in conclusions.items()}
    return Registry(entries, raw["agree_minimum"], digest.hexdigest(), told)


def _faults_of(name: str, claim: Mapping[str, Any]) -> list[str]:
    """List what is wrong with the registration of one claim."""
    role = claim.get("role", CLAIM)
    lacks = [part for part in (*_NEEDED, *(_JUDGED if role == CLAIM else ())) if part not in claim]
    if lacks or role not in ROLES:
        odd = [] if role in ROLES else [f"{name} has role {role!r}; known: {', '.join(ROLES)}"]
        return [*odd, *([f"{name} lacks {', '.join(lacks)}"] if lacks else [])]
    known = {"expected": EXPECTATIONS, "question": QUESTIONS, "quantifier": QUANTIFIERS}
    return [
        f"{name} has {key} {one[key]!r}; known: {', '.join(values)}"
        for one in (claim, *claim.get("parts", ()))
        for key, values in known.items()
        if key in one and one[key] not in values
    ]


def is_judged(claim: str) -> bool:
    """Tell whether a claim gets a verdict: a note, a description, a calculation and bounds do not."""
    return str(registry().claims[claim].get("role", CLAIM)) == CLAIM


def under_variants(headline: str, variants: Sequence[str], agree_minimum: float) -> str:
    """Keep the headline verdict unless a registered variant decides otherwise, or too few variants agree."""
    if headline not in DECIDED:
        return headline
    votes = [verdict for verdict in variants if verdict != NOT_TESTABLE]
    if any(verdict in DECIDED and verdict != headline for verdict in votes):
        return UNDECIDED
    return headline if votes.count(headline) >= agree_minimum * len(votes) else UNDECIDED


@dataclass(frozen=True)
class Judging:
    """How a part of a claim is judged: what it expects, by which question, and whether it has a say in the claim.

    `every_step`: what grew counts in full only when no step from one measurement to the next went the other way.
    """

    expected: str
    question: str = CHANCE
    counts: bool = True
    every_step: bool = False


def judging(claim: str, part: Mapping[str, Any] | None = None, *, counts: bool = True) -> Judging:
    """Give how a claim, or one of its parts that says otherwise, is judged as it is registered."""
    entry = {**registry().claims[claim], **(part or {})}
    every_step = bool(entry.get("every_step", False))
    return Judging(str(entry["expected"]), str(entry.get("question", CHANCE)), counts, every_step)


def part_verdict(finding: Finding, how: Judging) -> str:
    """Judge one finding of a part; a part that should hold in every step holds in part when some step turned back.

    A level says nothing of a list that was chosen on that very figure, and what is made of the same figures as the
    outcome cannot support that it explains it.
    """
    if "chosen_on_it" in finding.flags:
        return NOT_TESTABLE
    verdict = verdict_of(finding, how.expected, how.question)
    if verdict == SUPPORTED and "leans_on_itself" in finding.flags:
        return UNDECIDED
    turned_back = finding.details.get("steps_back", {}).get("value", 0)
    return MIXED if how.every_step and verdict == SUPPORTED and turned_back else verdict


def judge_over(
    claim: str, row: str, found: Mapping[str, Finding], headline: str, how: Judging | None = None
) -> Verdict:
    """Judge one part of a claim by the findings of its registered variants, one of which is the headline.

    What happened to the listed areas is a fact about these; another list is another fact, told beside it. Whether it is
    more than chance should not hang on the list: there another list that decides otherwise leaves it undecided.
    `flips_at` is how much the estimate would have to differ for the range to reach 0.
    """
    how = how or judging(claim)
    verdicts = {name: part_verdict(finding, how) for name, finding in found.items()}
    own, verdict = found[headline], verdicts[headline]
    if how.question == CHANCE:
        verdict = under_variants(verdict, list(verdicts.values()), registry().agree_minimum)
    lacks = verdict == NOT_TESTABLE and "chosen_on_it" not in own.flags
    missing = (own.indicator,) if lacks and own.indicator else ()
    low, high = (own.low, own.high) if how.question == CHANCE else (own.rounding_low, own.rounding_high)
    flips = None
    if low is not None and high is not None and not low <= 0 <= high and judge(own) in (HIGHER, LOWER):
        flips = low if low > 0 else high
    votes = tuple(verdicts.items())
    return Verdict(claim, verdict, own.id, row, how.expected, votes, missing, flips, how.question, how.counts)


def alone(claim: str, row: str, finding: Finding) -> Verdict:
    """Judge a part of a claim that no focus list has a say in; what it lacks is what the claim registers as missing."""
    made = judge_over(claim, row, {"all": finding}, "all")
    missing = tuple(registry().claims[claim].get("missing") or made.missing)
    return replace(made, missing=missing if made.verdict == NOT_TESTABLE else ())


def untested(study: Study, claim: str) -> list[Verdict]:
    """Give a row for each indicator that a claim needs and this study does not follow: not testable, and why."""
    needs = registry().claims[claim].get("needs", [])
    return [
        Verdict(claim, NOT_TESTABLE, None, name, None, (), (name,))
        for name in needs
        if name not in study.p.indicators and name in study.known.indicators
    ]


def overall(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Join the parts of each claim that count, by its registered quantifier, in registered order."""
    by_claim: dict[str, list[Mapping[str, Any]]] = {}
    for row in verdicts:
        if row["counts"]:
            by_claim.setdefault(row["claim"], []).append(row)
    entries = registry().claims
    return {name: _joined(by_claim[name], str(entry.get("quantifier", EACH)))
            for name, entry in entries.items() if name in by_claim}  # fmt: skip


def _joined(rows: Sequence[Mapping[str, Any]], quantifier: str) -> str:
    """Join the parts of one claim."""
    if quantifier != TOGETHER:
        return join([row["verdict"] for row in rows], quantifier)
    aspects: dict[str, list[str]] = {}
    for row in rows:
        aspects.setdefault(row.get("aspect", ""), []).append(row["verdict"])
    return join_aspects(list(aspects.values()))


def verdict_table(verdicts: Sequence[Mapping[str, Any]], findings: Mapping[str, Any]) -> pd.DataFrame:
    """Lay out the synthesis: one row per claim and part, with verdict, number, range, variants that agree."""
    rows = []
    for row in verdicts:
        finding = findings.get(row["finding"]) or {}
        rows.append(
            {
                "claim": row["claim"],
                "indicator": finding.get("indicator") or (row["row"] if row["row"] not in ("all",) else None),
                "measure": scale_of(finding) if finding else None,
                "verdict": row["verdict"],
                "question": row["question"] if row["counts"] else "told",
                "happened": finding.get("happened"),
                "chance": finding.get("judgement"),
                "estimate": finding.get("estimate"),
                "range": finding.get("low") if finding.get("range_kind") else None,
                "high": finding.get("high") if finding.get("range_kind") else None,
                "unit": "points"
                if finding.get("kind") in DIFFERENCES and finding["unit"] == "percent"
                else finding.get("unit"),
                "flips_at": row["flips_at"],
                "agree": row["agree"] if row["of"] > 1 else None,
                "of": row["of"] if row["of"] > 1 else None,
                END_ERROR: finding.get("details", {}).get(END_ERROR, {}).get("value"),
            }
        )
    return pd.DataFrame(rows)


def score(verdicts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Score the debate: for each claim that takes part in it, how many rows were supported, contradicted, and so on."""
    order = [SUPPORTED, CONTRADICTED, MIXED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE]
    rows = []
    for claim in ("C2", "C3", "M1"):
        own = [row["verdict"] for row in verdicts if row["claim"] == claim]
        if own:
            rows.append({"claim": claim, **{name.lower(): own.count(name) for name in order}, "of": len(own)})
    return pd.DataFrame(rows)
