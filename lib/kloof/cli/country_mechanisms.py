"""`kloof country mechanisms`: claims on mechanisms, judged within all municipalities of the store together."""

from typing import TYPE_CHECKING, Any

from kloof.cli.options import AS_JSON, print_json

if TYPE_CHECKING:
    from kloof.findings import Finding


def mechanisms(
    as_json: AS_JSON = False,
) -> None:
    """Judge the claims on mechanisms (C8, C10, C11, C12) and give what happened beside H8, over all municipalities.

    A row is a figure: as it stands (slope), and with the noise in what it leans on taken off (corrected); both in the
    unit of the figure, of C8 for one deviation of what it follows. Where nothing tells how much is noise, the range of
    corrected holds all that it can hide. Reliability is the part of the differences that is no noise.
    """
    from kloof.catalogue import catalogue
    from kloof.country.mechanisms import mechanisms as found_in
    from kloof.questions.country_shares import in_store
    from kloof.study import claims

    known = catalogue()
    every = found_in(known)
    found = {**every, "C10": tuple(in_store(known)[0])}
    names = [name for name in claims.registry().claims if name in found]
    rows = [_row(claim, finding) for claim in names for finding in found[claim]]
    if as_json:
        print_json(rows)
        return
    print(f"{'':<5}{'figure':<62}{'years':<11}{'slope':>24}{'corrected':>24}{'reliable':>10}{'buurten':>9}{'towns':>7}")
    for row in rows:
        about = f"{row['figure']} after {row['after']}" if row["after"] else row["figure"]
        if row["corrected"] is None:
            print(f"{row['claim']:<5}{about:<62}{'':<11}cannot be told: {row['reason']}")
            continue
        share = "" if row["reliability"] is None else f"{row['reliability']:.0f}%"
        print(
            f"{row['claim']:<5}{about:<62}{row['years']:<11}{_ends(row['slope']):>24}{_ends(row['corrected']):>24}"
            f"{share:>10}{row['buurten']:>9}{row['municipalities']:>7}  {row['judgement']}"
        )


def _row(claim: str, finding: "Finding") -> dict[str, Any]:
    """Lay out one finding: where it has no number, `corrected` is nothing and `reason` says why."""
    from kloof.findings import CHANCE, judge
    from kloof.study import claims

    how, told = claims.judging(claim), {key: one["value"] for key, one in finding.details.items()}
    row = {
        "claim": claim, "figure": finding.indicator, "years": f"{finding.a.year}–{finding.b.year}",
        "after": finding.measure if finding.kind == "follows_everywhere" else None, "unit": finding.unit,
        "reason": finding.reason, "smallest_effect": finding.smallest_effect,
        "judgement": claims.part_verdict(finding, how) if how.question == CHANCE else judge(finding),
        "slope": None, "corrected": None, "reliability": told.get("reliability"),
        "buurten": told.get("buurten"), "municipalities": told.get("municipalities"), "flags": finding.flags,
    }  # fmt: skip
    if finding.estimate is not None:
        row["corrected"] = (finding.estimate, finding.low, finding.high)
        row["slope"] = tuple(told[key] for key in ("plain", "plain_low", "plain_high")) if "plain" in told else None
    return row


def _ends(numbers: tuple[float, float | None, float | None] | None) -> str:
    """Write a number with its range."""
    if numbers is None:
        return ""
    estimate, low, high = numbers
    return f"{estimate:.2f} (no range)" if low is None or high is None else f"{estimate:.2f} ({low:.2f} to {high:.2f})"
