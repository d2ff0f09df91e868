"""How often is a judgement wrong, and how often is a true change seen? Measured on synthetic municipalities.

`kloof calibrate --gaps` writes data/gap_calibration.csv. Each row says how often (`share`, percent of `n`
synthetic municipalities, with the standard error `mc_error` of that percentage) one test gave one judgement, under one
switch:
`off` when the gap truly does not change, `on` when the focus buurten truly fall behind by `effect` (thousand euro for
absolute, points for relative; the registered smallest effect of dwelling values is 10 thousand euro or 2 points).
HIGHER is right when on; HIGHER and LOWER are both wrong when off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Indicator
from kloof.findings import HIGHER, LOWER, SAME, UNCLEAR, Finding, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE, Paths
from kloof.questions import before_or_since, gap_changes
from kloof.questions.gap_changes import Followed
from kloof.schema import empty_observations
from kloof.study.dataset import DataSet
from kloof.study.panel import HEADS, Balanced, Focus
from kloof.study.parameters import Parameters
from kloof.study.study import Study
from kloof_synth import trials
from kloof_synth.calibration import error_of
from kloof_synth.town import Truth, municipality
from kloof_synth.trials import processes

FIGURE = "synthetic_figure"
FIRST_YEAR = 2001
SMALLEST = {ABSOLUTE: 10.0, RELATIVE: 2.0}
JUDGED = (HIGHER, LOWER, SAME, UNCLEAR)
SINCE = 3  # years since the event, in the test of what happened since
GAP_SEED = 20210323


@dataclass(frozen=True)
class Case:
    """One test under one switch.

    `test`: ends (first against last year), trend (ends of each buurt's own line), since (the years since an event
    against the line before it), selected (ends, the list chosen on the first year and corrected for it) or
    selected_naive (the same list, taken for one that was chosen on something else).
    """

    test: str
    measure: str
    switch: str
    truth: Truth


def cases() -> tuple[Case, ...]:
    """Give the cases that are reported."""
    made = []
    for measure, smallest in SMALLEST.items():
        plain = Truth(scale=measure)
        noisy = replace(plain, selected=True, shock=0.0, noise=0.06, spread=0.15)
        lasting = replace(plain, selected=True, shock=0.04, noise=0.0, spread=0.15)
        small = replace(plain, buurten=20, focus=5)
        on = {f"on_{times}x": times * smallest for times in (1, 2, 3, 4)}
        ends = {
            "off": plain,
            "off_focus_varies_more": replace(plain, focus_factor=3.0),
            "off_focus_varies_less": replace(plain, focus_factor=1 / 3),
            "off_not_rounded": replace(plain, rounding=0.0),
            **{switch: replace(plain, effect=effect) for switch, effect in on.items()},
        }
        made += [Case("ends", measure, switch, truth) for switch, truth in ends.items()]
        short = replace(plain, years=3)
        for other in (short, small):
            made.append(Case("ends", measure, "off", other))
            made += [Case("ends", measure, switch, replace(other, effect=on[switch])) for switch in ("on_1x", "on_4x")]
        made.append(Case("trend", measure, "off", plain))
        made += [Case("trend", measure, switch, replace(plain, effect=on[switch])) for switch in ("on_1x", "on_4x")]
        late = plain.years - SINCE
        growing = replace(plain, effect=on["on_4x"])
        made += [Case("since", measure, "off", plain), Case("since", measure, "off_growing_before", growing)]
        for switch in ("on_1x", "on_4x"):  # built up in three steps, its mean over the three years is two thirds
            made.append(Case("since", measure, switch, replace(plain, effect=on[switch] * 1.5, effect_from=late)))
        for test in ("selected_naive", "selected"):
            made += [Case(test, measure, "off_noise", noisy), Case(test, measure, "off_lasting", lasting)]
            made.append(Case(test, measure, "on_4x_noise", replace(noisy, effect=on["on_4x"])))
    return tuple(made)


def followed_of(paths: Paths) -> Followed:
    """Lay a synthetic municipality out as an indicator that is followed over all its years."""
    years = tuple(FIRST_YEAR + place for place in range(len(paths.times)))
    panel = Balanced(
        codes=tuple(f"synthetic {place}" for place in range(len(paths.weight))), years=years, value=paths.value,
        low=paths.low, high=paths.high, weight=paths.weight, is_focus=paths.is_focus, weight_name="inhabitants",
        weight_year=years[0], coverage=100.0, sources=("synthetic",), set_aside=(), missing=(),
    )  # fmt: skip
    times = tuple(float(year) for year in years)
    return Followed(FIGURE, panel, years, times, -1, dict.fromkeys(years, 100.0), ())


def study_of(truth: Truth, focus: Focus, seed: int, draws: int) -> Study:
    """Make the study in which a synthetic municipality is judged: the figure's registration and the draws."""
    event = FIRST_YEAR + truth.years - SINCE
    chosen = Parameters(
        preset="synthetic", language="en", municipality="synthetic", source="synthetic", year_from=FIRST_YEAR,
        year_to=FIRST_YEAR + truth.years - 1, trend_from=FIRST_YEAR, event=f"{event}-01", focus=focus.name,
        focus_variants=(), indicators=(FIGURE,), levels=(), groups=(), comparisons=(), smallest_effects={},
        published="", apportioned="left_out", draws=draws, seed=seed,
    )  # fmt: skip
    figure = Indicator(
        FIGURE, "synthetisch cijfer", "synthetic figure", "synthetic_unit", "mean", "synthetic",
        better=1, rounding=truth.rounding, universe="inhabitants", smallest_effect=SMALLEST[ABSOLUTE],
    )  # fmt: skip
    units = {"synthetic_unit": {"change": "synthetic_unit"}, "percent": {"change": "points"}}
    settings = {"coverage_minimum": 80.0, "smallest_effect_relative": SMALLEST[RELATIVE]}
    heads = {name: trials.known().indicators[name] for name in HEADS}
    known = Catalogue({FIGURE: figure, **heads}, {}, units, {}, {}, settings)
    nothing = pd.DataFrame(columns=["code", "name", "level", "parent_code"])
    data = DataSet("synthetic", "synthetic", empty_observations(), nothing, pd.DataFrame({"retrieved": []}), ())
    return Study(chosen, data, known, focus)


def judged_case(case: Case, seed: Sequence[int], draws: int) -> Finding:
    """Draw one synthetic municipality and put it to the test, by the same functions that make a report."""
    rng = np.random.default_rng(seed)
    followed = followed_of(municipality(case.truth, rng))
    focus = Focus("synthetic", ())
    if case.test == "selected":
        focus = Focus(f"lowest:{case.truth.focus}:{FIGURE}:{FIRST_YEAR}", (), FIGURE, FIRST_YEAR)
    study = study_of(case.truth, focus, int(rng.integers(2**31)), draws)
    if case.test == "since":
        return before_or_since.beyond_trend(study, followed, case.measure, case.test)
    variant = "trend" if case.test == "trend" else "ends"
    return gap_changes.change_of_gap(study, followed, case.measure, case.test, variant=variant)


def tally_case(numbered: tuple[int, Case], n: int, draws: int, seed: int) -> list[tuple[object, ...]]:
    """Judge `n` synthetic municipalities of one case; rows of the table."""
    number, case = numbered
    found = [judge(judged_case(case, (seed, number, replicate), draws)) for replicate in range(n)]
    truth = case.truth
    effect = truth.effect / (1.5 if case.test == "since" and truth.effect_from > 1 else 1.0)
    rows: list[tuple[object, ...]] = []
    for judgement in JUDGED:
        count = found.count(judgement)
        shares = round(100 * count / n, 2), error_of(count, n)
        made = (truth.buurten, truth.focus, truth.years, effect, judgement, *shares)
        rows.append(("synthetic", case.test, case.measure, case.switch, *made, n))
    return rows


GAP_COLUMNS = (
    "municipality", "test", "measure", "switch", "buurten", "focus", "years", "effect", "judgement", "share",
    "mc_error", "n",
)  # fmt: skip


def calibrate_gaps(
    chosen: Sequence[Case], n: int, draws: int = 999, seed: int = GAP_SEED, workers: int = 1
) -> pd.DataFrame:
    """Give the table of judgements: one row per case and judgement, the same for any number of workers."""
    work = partial(tally_case, n=n, draws=draws, seed=seed)
    if workers == 1:
        parts = [work(numbered) for numbered in enumerate(chosen)]
    else:
        with processes(workers) as pool:
            parts = list(pool.map(work, enumerate(chosen)))
    return pd.DataFrame([row for part in parts for row in part], columns=list(GAP_COLUMNS))
