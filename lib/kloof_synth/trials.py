"""One trial of one claim: a synthetic municipality is judged by the step of the notebook that judges a real one."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from kloof.catalogue import Catalogue, catalogue
from kloof.findings import NOT_TESTABLE, Finding, Verdict
from kloof.questions import (
    carried,
    dilution,
    follows,
    gap_tables,
    gaps,
    groups_over_time,
    ladder,
    policy,
    spending,
    stacking,
    tenures,
)
from kloof.questions.tenures import under_every_list
from kloof.results import Section
from kloof.study import claims
from kloof.study.study import Study
from kloof_synth.switches import Switch
from kloof_synth.town import Setting, study

Step = Callable[[Section, Study], object]


def _before_and_since(section: Section, study: Study) -> None:
    gap_tables.before_and_since(section, study, gaps.follow_all(study, study.p.trend_from))


def _record(section: Section, found: Sequence[Finding], verdicts: Sequence[Verdict]) -> None:
    section.add(*found)
    section.decide(*verdicts)


def _over_lists(claim: str, name: str, make: Callable[..., Finding]) -> Step:
    """Judge one part of a claim of notebook 08 under every list, as its step does."""
    return lambda section, study: _record(section, *under_every_list(study, claim, [name], claim, make))


def _alone(claim: str, name: str, make: Callable[[Study, str, str], Finding]) -> Step:
    """Judge one part of a claim in which no focus list has a say, as the steps of notebook 08 do."""

    def step(section: Section, study: Study) -> None:
        finding = make(study, name, claim)
        _record(section, [finding], [claims.alone(claim, name, finding)])

    return step


def _bounds(study: Study, name: str, number: str) -> Finding:
    return stacking.within_findings(study, name, (f"{number}.now", number))[1]


def _follows(section: Section, study: Study) -> None:
    """Judge one kind of surroundings of C8."""
    made, _, verdict = follows.position_after(study, "livability_safety_relative")
    _record(section, list(made.values())[:1], [verdict])


def _without_position(side: str) -> Step:
    """Judge one side of H8."""
    names = claims.registry().claims["H8"]["improved"][side]

    def step(section: Section, study: Study) -> None:
        verdict, halves = follows.side_without_position(study, side, names)
        _record(section, [half for half in halves if half is not None], [verdict])

    return step


_LOW = "low_income_households"
STEPS: dict[str, Step] = {
    "changes": lambda section, study: gap_tables.changes(section, study, gaps.follow_all(study)),
    "window": gap_tables.changes_in_window,
    "before_and_since": _before_and_since,
    "ends_meet": carried.meeting_ends,
    "left_assistance": policy.who_left_assistance,
    "how_long": policy.how_long,
    "arrives": policy.does_it_arrive,
    "matthew": lambda section, study: ladder.top_and_bottom(section, study, ladder.place_all(study)),
    "behind": lambda section, study: ladder.fell_behind(section, study, ladder.place_all(study)),
    "sorting": groups_over_time.sorting_by_income,
    "fewer_buurten": _alone("H4", _LOW, dilution.spread_finding),
    "dilution": _over_lists("C9", _LOW, dilution.dilution_finding),
    "slope": _alone("C11", f"{_LOW}_share", stacking.slope_finding),
    "bounds": _alone("H10", f"{_LOW}_share", _bounds),
    "pace": _over_lists("C6", "housing_corporation_share", tenures.pace_finding),
    "stock": _over_lists("H6", "housing_corporation_share", tenures.stock_finding),
    "improves": follows.does_it_improve,
    "follows": _follows,
    "liveability_alone": _without_position("liveability"),
    "safety_alone": _without_position("safety"),
    "who_leads": lambda section, study: carried.who_leads(section, study, carried.lay_out_all(section, study)),
    "squeeze": spending.crowding_out,
}


@cache
def known() -> Catalogue:
    """Read the catalogue once per process."""
    return catalogue()


def judged(switch: Switch, setting: Setting, seed: Sequence[int], draws: int) -> Section:
    """Make one synthetic municipality and judge it by the step of the notebook; give what the step recorded."""
    rng = np.random.default_rng(list(seed))
    world = switch.make(setting, rng)
    made = study(world, known(), {**switch.parameters, "draws": draws, "seed": int(rng.integers(2**31))})
    section = Section("calibration")
    STEPS[switch.step](section, made)
    return section


def verdict(switch: Switch, setting: Setting, seed: Sequence[int], draws: int) -> str:
    """Give the verdict on the switch's row of its claim in one synthetic municipality."""
    section = judged(switch, setting, seed, draws)
    found = [row.verdict for row in section.verdicts if (row.claim, row.row) == (switch.claim, switch.row)]
    return found[0] if found else NOT_TESTABLE
