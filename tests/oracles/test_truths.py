"""With every claim true the verdicts say so, with every claim false none is supported; noise is not called a trend.

Every row of the verdict table has a synthetic municipality of its own, because one figure cannot hold two truths: its
switch is off, or on by the largest size that is calibrated, in more buurten than Breda has (150; more of both where the
calibration says that this is too little).
"""

import math

import numpy as np
import pytest

from kloof.findings import HIGHER, LOWER, SUPPORTED, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE, gap
from kloof_synth import gap_calibration, trials
from kloof_synth.switches import switches
from kloof_synth.town import Setting, Truth, municipality

USUAL = 150
MORE = {  # where the calibration says that this is too little: how many buurten, and how far the claim is true
    "C8.safety": (800, None),
    "H4.low_income": (300, 40.0),  # who lives where varies much: a spread over buurten must change by as many
}
ROWS = {f"{one.claim}.{one.part}": one for one in switches()}
SEED = (11, 0)


@pytest.mark.parametrize("name", ROWS)
def test_a_true_claim_is_supported(name: str) -> None:
    one = ROWS[name]
    many, effect = MORE.get(name, (USUAL, None))
    assert trials.verdict(one, Setting(many, 8, effect or one.sizes[-1]), SEED, 299) == SUPPORTED


def test_with_every_claim_false_none_is_supported() -> None:
    """No more than the stated error: 5 percent of the rows, with three standard errors of so few."""
    found = {name: trials.verdict(one, Setting(USUAL, 8, 0.0), SEED, 299) for name, one in ROWS.items()}
    wrong = [name for name, verdict in found.items() if verdict == SUPPORTED]
    assert len(wrong) <= 0.05 * len(ROWS) + 3 * math.sqrt(0.05 * 0.95 * len(ROWS))
    assert len(wrong) <= 1, wrong  # with this seed there is none, or one by chance


def noisy(measure: str) -> Truth:
    """Buurten that never change, measured with noise, and a list of the lowest figures of the first year."""
    return Truth(scale=measure, selected=True, shock=0.0, noise=0.06, spread=0.15, growth=0.0)


@pytest.mark.parametrize("measure", [ABSOLUTE, RELATIVE])
def test_a_list_chosen_on_noise_shows_a_trend_that_kloof_does_not_call_one(measure: str) -> None:
    """The naive gap of a constant truth shrinks (regression to the mean); kloof's verdict claims no change."""
    moved = []
    for seed in range(40):
        made = municipality(noisy(measure), np.random.default_rng(seed))
        ends = [gap(made.value[:, at], made.weight, made.is_focus, measure) for at in (0, -1)]
        moved.append(ends[1] - ends[0])
    error = float(np.std(moved, ddof=1)) / math.sqrt(len(moved))
    assert np.mean(moved) > 5 * error  # the gap is below 0: it seems to close
    case = gap_calibration.Case("selected", measure, "off_noise", noisy(measure))
    judged = [judge(gap_calibration.judged_case(case, (8, seed), 299)) for seed in range(40)]
    assert sum(one in (HIGHER, LOWER) for one in judged) <= 0.05 * 40 + 3 * math.sqrt(0.05 * 0.95 * 40)
    naive = gap_calibration.Case("selected_naive", measure, "off_noise", noisy(measure))
    taken = [judge(gap_calibration.judged_case(naive, (8, seed), 299)) for seed in range(40)]
    assert taken.count(LOWER) >= judged.count(LOWER)
    assert HIGHER not in taken
