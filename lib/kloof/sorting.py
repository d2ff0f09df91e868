"""Did households with a low income come to live further apart? The change of an index over the same buurten (H11)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kloof import claims
from kloof.bounds import dissimilarity_range, share_counts
from kloof.extremes import CountBox
from kloof.findings import NOT_TESTABLE, Finding, Side, Verdict, verdict_of
from kloof.levels import group_counts
from kloof.panel import series
from kloof.resample import Drawing
from kloof.results import Section
from kloof.steps import step
from kloof.study import Study, comparable_run
from kloof.sums import Difference, Dissimilarity
from kloof.uncertainty import interval

CLAIM = "H11"


def index_change(study: Study, name: str, number: str) -> Finding:
    """Judge how the dissimilarity of a group changed from the first to the last comparable year with counts.

    Both years hold the same buurten: those in which group and base are published in both. The range is that of buurten
    drawn anew (each with both its years), stretched at both ends by the most that rounding can add.
    Source: Duncan & Duncan 1955, doi:10.2307/2088328 (D); Efron 1979, doi:10.1214/aos/1176344552 (bootstrap).
    """
    group = study.known.group(name)
    part = group.share or group.count or ""
    base: dict[str, Any] = {
        "id": number, "kind": "index_change", "measure": "dissimilarity", "unit": "index", "indicator": name,
        "focus": study.focus.name, "coverage_minimum": study.coverage_minimum, "flags": ("register",),
        "smallest_effect": study.smallest_effect(name, "index"),
    }  # fmt: skip
    made = group_counts(study, name)
    defined = [counts for counts in made if not counts.undefined]
    run, _ = comparable_run(study, part, [counts.year for counts in defined])
    if len(run) < 2:
        reason = "one_year_only" if run else (made[-1].undefined if made else None) or "no_counts"
        return Finding(reason=reason, coverage=max((counts.coverage for counts in made), default=0.0), **base)
    first, last = run[0], run[-1]
    kept, held = _matched(study, part, group.base, (first, last))
    boxes = [_box(frame, kept, is_share=group.share is not None) for frame in held]
    counts = np.stack([np.stack([box.a_low + box.a_high, box.b_low + box.b_high]) / 2 for box in boxes])
    drawing = Drawing(study.rng(number), study.p.draws)
    row = interval({"dissimilarity": Difference(Dissimilarity(0))}, counts, drawing, "unit_bootstrap").iloc[0]
    if row["reason"] is not None:
        return Finding(reason="too_few_buurten", a=Side(first), b=Side(last), **base)
    ends = [dissimilarity_range(*box) for box in boxes]
    estimate = float(row["estimate"])
    low = float(row["low"]) + min(ends[1].low - ends[0].high - estimate, 0.0)
    high = float(row["high"]) + max(ends[1].high - ends[0].low - estimate, 0.0)
    index = Dissimilarity(0)
    sides = [
        Side(year, "all", float(index(table)[0]), end.low, end.high, n_units=len(kept))
        for year, table, end in zip((first, last), counts, ends, strict=True)
    ]
    whole = [float(frame["base"].sum()) for frame in held]
    coverage = min(
        100 * float(frame.loc[kept, "base"].sum()) / all_of for frame, all_of in zip(held, whole, strict=True)
    )
    used = sorted({source for counts in defined if counts.year in (first, last) for source in counts.sources})
    return Finding(
        estimate=estimate, low=low, high=high, a=sides[0], b=sides[1], range_kind=("process", "rounding"),
        coverage=coverage, sources=tuple(used), **base,
    )  # fmt: skip


def _matched(study: Study, part: str, base: str, years: Sequence[int]) -> tuple[list[str], list[pd.DataFrame]]:
    """Give the buurten with group and base in both years, and per year the frame of both with their bounds."""
    held = []
    for year in years:
        columns: dict[str, Any] = {}
        for prefix, name in (("part", part), ("base", base)):
            table = series(study.data, study.known, name)
            here = table[table["year"] == year].set_index("code")
            columns |= {prefix: here["value"], f"{prefix}_low": here["low"], f"{prefix}_high": here["high"]}
        held.append(pd.DataFrame(columns))
    known = [set(frame.index[frame["part"].notna() & (frame["base"] > 0)]) for frame in held]
    return sorted(known[0] & known[1]), held


def _box(frame: pd.DataFrame, kept: Sequence[str], *, is_share: bool) -> CountBox:
    """Give the bounds of group and rest that rounding leaves, of the buurten kept."""
    rows = frame.loc[list(kept)]
    if is_share:
        return share_counts(rows["part_low"], rows["part_high"], rows["base_low"], rows["base_high"])
    rest_low = (rows["base_low"] - rows["part_high"]).clip(lower=0)
    rest_high = (rows["base_high"] - rows["part_low"]).clip(lower=0)
    return CountBox(*(side.to_numpy(float) for side in (rows["part_low"], rows["part_high"], rest_low, rest_high)))


@step
def sorting_by_income(section: Section, study: Study) -> list[Finding]:
    """Record how the dissimilarity of each registered group changed, and judge that it did not grow (H11)."""
    entry = claims.registry().claims[CLAIM]
    found = [index_change(study, name, f"04.index.{name}") for name in entry["groups"]]
    section.add(*found)
    for finding in found:
        verdict = verdict_of(finding, entry["expected"])
        missing = (str(finding.indicator),) if verdict == NOT_TESTABLE else ()
        votes = (("all", verdict),)
        section.decide(
            Verdict(CLAIM, verdict, finding.id, str(finding.indicator), entry["expected"], votes, missing)
        )  # fmt: skip
    return found
