"""Every step of notebooks 01 to 05 and 09 records what it gives back, twice the same, in whatever order."""

import dataclasses
import inspect
from typing import Any

import pandas as pd
import pytest
import real
from town import indicator, town

from kloof.findings import NOT_COMPUTABLE, happened, judge
from kloof.paths import dump, plain
from kloof.questions import coverage, gap_tables, groups, levels, replication, verdict
from kloof.questions import gap_changes as gaps
from kloof.results import Section
from kloof.study import claims
from kloof.study.study import Study, open_study

Made = tuple[Section, dict[str, Any]]  # what was recorded, and what each step gave back
FLAT = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]
TABLES = {
    "what_exists": "01.coverage", "everything_that_exists": "01.availability", "what_is_missing": "01.missing",
    "how_rounded": "01.rounding", "how_comparable": "01.comparability", "what_jumped": "01.jumps",
    "do_totals_agree": "01.totals", "do_sources_agree": "01.agreement", "replicate": "02.replication",
    "buurten_ranked": "03.ranked", "buurten_by_year": "03.by_year", "indices_of_groups": "03.indices",
}  # fmt: skip
INDICATORS = (
    "mean_income_per_inhabitant", "low_income_households_share", "mean_dwelling_value", "housing_corporation_share",
    "owner_occupied_share", "good_perceived_health_share", "livability_score",
)  # fmt: skip
MODULES = (coverage, gap_tables, groups, levels, replication, verdict)


def step_of(name: str) -> Any:
    """Find a step by its name."""
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def small(**changes: Any) -> Study:
    """The study of Breda with few draws and one group, so that it can be made several times."""
    given = {"preset": "breda", "draws": 199, "groups": ["inhabitants_aged_0_14"], "comparisons": ["GM0855", "GM0772"]}
    return open_study({**given, **changes})


def make(study: Study) -> Made:
    """Run every step of the notebooks on one section; give what each gave back."""
    section = Section("all")
    given: dict[str, Any] = {}
    for name in (
        *TABLES,
        "spread_over_years",
        "indices_elsewhere",
        "worlds",
        "claim_error_rates",
        "everything_that_exists",
    ):
        if name == "buurten_ranked":
            given["levels_now"] = levels.levels_now(section, study)
            given[name] = levels.buurten_ranked(section, study, given["levels_now"])
        else:
            given[name] = step_of(name)(section, study)
    followed = gaps.follow_all(study)
    for name in ("changes", "gap_pictures", "placebos", "variants"):
        given[name] = getattr(gap_tables, name)(section, study, followed)
    given["scales"] = gap_tables.scales(section, study, given["changes"])
    given["changes_in_window"] = gap_tables.changes_in_window(section, study)
    followed = gaps.follow_all(study, study.p.trend_from)
    for name in ("before_and_since", "event_pictures"):
        given[name] = getattr(gap_tables, name)(section, study, followed)
    return section, given


@pytest.fixture(scope="module")
def study() -> Study:
    return small()


@pytest.fixture(scope="module")
def made(study: Study) -> Made:
    return make(study)


def columns(section: Section, name: str) -> pd.DataFrame:
    """A recorded table as a frame."""
    table = section.tables[name]
    return pd.DataFrame(table["rows"], columns=[column["key"] for column in table["columns"]])


def same(section: Section, name: str, frame: pd.DataFrame) -> None:
    """The recorded columns hold what the frame holds, row by row; and it holds something."""
    table = section.tables[name]
    keys = [column["key"] for column in table["columns"]]
    assert table["rows"] == [[plain(row[key]) for key in keys] for row in frame.to_dict("records")]
    assert len(frame) > 0


def test_every_step_is_tried_here(made: Made) -> None:
    steps = {
        name
        for module in MODULES
        if module is not verdict  # its steps need the notebooks before it
        for name, item in inspect.getmembers(module, inspect.isfunction)
        if item.__module__ == module.__name__ and hasattr(item, "__wrapped__")
    }
    assert made[1].keys() == steps | {"worlds", "claim_error_rates"}


@pytest.mark.parametrize("name", [name for name in TABLES if name != "replicate"])
def test_a_table_given_back_is_the_table_recorded(made: Made, name: str) -> None:
    same(made[0], TABLES[name], made[1][name])


def test_a_replicated_figure_says_where_it_is_from_or_what_it_needs(made: Made) -> None:
    section, given = made
    frame = given["replicate"]
    same(section, "02.replication", frame.assign(trace=frame["trace"].fillna(frame["needs"])))
    assert columns(section, "02.replication")["trace"].notna().all()


def test_levels_are_recorded_as_findings_and_as_a_table(study: Study, made: Made) -> None:
    section, given = made
    found = given["levels_now"]
    assert [finding.indicator for finding in found] == list(study.p.levels)
    assert all(section.findings[finding.id] == finding for finding in found)
    rows = columns(section, "03.levels").set_index("indicator")
    assert len(rows) == len(found)
    for finding in found:
        row = rows.loc[finding.indicator]
        assert row[["focus", "rest", "difference", "low", "high"]].tolist() == pytest.approx(
            [finding.a.estimate, finding.b.estimate, finding.estimate, finding.low, finding.high]
        )
        assert row["not_measured"] == finding.details["n_missing"]["value"]
        assert row["difference_unit"] == ("points" if finding.unit == "percent" else finding.unit)
    assert [verdict for verdict in section.verdicts if verdict.claim == "K3"] == []  # a description has no verdict


def test_maps_years_and_other_places_hold_what_was_ranked(made: Made) -> None:
    section, given = made
    drawn, ranked = columns(section, "03.map"), given["buurten_ranked"]
    assert drawn["area"].tolist() == ranked["area"].tolist()
    known = ranked["difference"].notna()
    assert drawn.loc[known, "value"].tolist() == pytest.approx(ranked.loc[known, "difference"].tolist())
    # against the file itself, read another way; the city is the mean that the ranked picture draws
    table = columns(section, "03.by_year").query("indicator == 'mean_dwelling_value'").set_index("area")
    for year in (2015, 2022):
        published = real.dwelling_values()[0][year]
        recorded = table.loc[table["group"] != "city", f"y{year}"].dropna().to_dict()
        assert recorded
        assert recorded.items() <= published.items()
    ranked = given["buurten_ranked"].set_index("area")["value"]
    last = table.loc[table["group"] != "city", "y2024"]
    assert last.dropna().to_dict() == ranked[last.dropna().index].to_dict()
    city = section.figures["03.ranked"]["options"]["city_mean"]
    assert table.loc[table["group"] == "city", "y2024"].tolist() == pytest.approx([city])
    assert set(table.index[table["group"] == "focus"]) == real.focus()
    assert given["indices_elsewhere"]["area"].tolist() == ["GM0758", "GM0855", "GM0772"]
    same(section, "03.comparison", given["indices_elsewhere"].sort_values(["group_name", "estimate"], kind="stable"))
    assert columns(section, "03.comparison")["area"].tolist() == ["GM0758", "GM0772", "GM0855"]


def test_wide_tables_are_the_long_ones_without_what_has_no_common_unit(made: Made) -> None:
    section, given = made
    frame = given["spread_over_years"]
    same(section, "03.spread", frame[frame["index"] != "weighted_sd"])
    wide = columns(section, "03.spread_wide").set_index(["indicator", "year"])
    for row in frame.to_dict("records"):
        if row["index"] != "weighted_sd":
            assert wide.loc[(row["indicator"], row["year"]), row["index"]] == pytest.approx(row["estimate"])
        if row["index"] == "coefficient_of_variation":
            own = wide.loc[(row["indicator"], row["year"])]
            assert (own["low"], own["high"]) == pytest.approx((row["low"], row["high"]))
    wide = columns(section, "03.indices_wide").set_index(["group_name", "year"])
    for row in given["indices_of_groups"].to_dict("records"):
        if row["index"] in wide:
            own = wide.loc[(row["group_name"], row["year"])]
            assert own[row["index"]] == pytest.approx(row["estimate"])
        if row["index"] == "dissimilarity":
            assert own[["low", "high", "expected"]].tolist() == pytest.approx(
                [row["low"], row["high"], row["expected"]]
            )


def test_changes_are_recorded_with_a_verdict_for_each(study: Study, made: Made) -> None:
    section, given = made
    found = {finding.id: finding for finding in given["changes"]}
    assert found.keys() == {f"04.{one}.{scale}" for one in study.p.indicators for scale in gaps.scales_of(study, one)}
    verdicts = {verdict.row: verdict for verdict in section.verdicts if verdict.claim == "C1"}
    entry, how = claims.registry().claims["C1"], claims.judging("C1")
    for number, finding in found.items():
        assert section.findings[number] == finding
        name, _, measure = number.removeprefix("04.").rpartition(".")
        if name not in entry["indicators"]:  # followed, and not what the claim is about
            assert number.removeprefix("04.") not in verdicts
            continue
        verdict = verdicts.pop(f"{name}.{measure}")
        assert verdict.finding == number
        assert [name for name, _ in verdict.variants] == [focus.name for focus in study.variants]
        # what happened to these buurten: its own list alone decides
        assert dict(verdict.variants)[study.focus.name] == claims.part_verdict(finding, how) == verdict.verdict
        assert verdict.counts == gaps.counts_for(study, name, measure)
    assert {row: verdict.finding for row, verdict in verdicts.items()} == dict.fromkeys(
        ("households_around_social_minimum_share", "social_assistance_share", "low_education_persons")
    )
    assert section.findings["04.mean_income_per_inhabitant.break"].comparability == "broken"
    # what was left out travels with the section
    assert {row.step for row in section.set_aside} == {
        "balance mean_income_per_inhabitant 2016-2023", "balance low_income_households_share 2016-2024",
        "balance mean_dwelling_value 2015-2024", "balance housing_corporation_share 2016-2024",
        "balance owner_occupied_share 2016-2024", "balance good_perceived_health_share 2016-2024",
        "balance livability_score 2014-2024",
    }  # fmt: skip


def test_each_scale_has_both_answers_and_its_path(study: Study, made: Made) -> None:
    section, given = made
    same(section, "04.scales", given["scales"])
    table = columns(section, "04.scales").set_index(["indicator", "measure"])
    assert len(table) == sum(len(gaps.scales_of(study, name)) for name in study.p.indicators)
    for finding in given["changes"]:
        row = table.loc[(finding.indicator, finding.measure)]
        assert (row["happened"], row["chance"]) == (happened(finding), judge(finding))
        assert (row["was"], row["became"], row["estimate"]) == pytest.approx(
            (finding.a.estimate, finding.b.estimate, finding.estimate)
        )
        assert row["steps_ahead"] + row["steps_back"] <= finding.b.year - finding.a.year


def test_pictures_have_their_table_and_say_until_when_it_was_before(made: Made) -> None:
    section, given = made
    for name, step, prefix in (("gap_lines", "gap_pictures", "04"), ("event_study", "event_pictures", "05")):
        drawn = [key for key, figure in section.figures.items() if figure["kind"] == name]
        assert drawn == [f"{prefix}.{indicator}" for indicator in INDICATORS]
        for key, frame in zip(drawn, given[step], strict=True):
            same(section, key, frame)
    # a dwelling value of 2021 is of 1 January 2020; the health figure of 2020 is of the autumn
    until = {
        key: figure["options"].get("before_until")
        for key, figure in section.figures.items()
        if figure["kind"] == "gap_lines"
    }
    assert until == {
        "04.mean_income_per_inhabitant": 2019, "04.low_income_households_share": 2019, "04.mean_dwelling_value": 2021,
        "04.housing_corporation_share": 2020, "04.owner_occupied_share": 2020,
        "04.good_perceived_health_share": 2016, "04.livability_score": 2020,
    }  # fmt: skip
    health = columns(section, "05.good_perceived_health_share").set_index("year")["period"]
    assert health.to_dict() == {2012: "before", 2016: "before", 2020: "since", 2022: "since", 2024: "since"}


def test_the_report_gets_the_answer_and_a_panel_for_each_gap_with_a_proportion(study: Study, made: Made) -> None:
    section, _ = made
    lead, figure = f"04.{INDICATORS[0]}", section.figures["04.answer"]
    assert (figure["table"], figure["finding"]) == (lead, f"{lead}.real")
    assert figure["options"] == {**section.figures[lead]["options"], "index": 100}
    panels = [name for name in INDICATORS if "relative" in gaps.scales_of(study, name)]
    assert panels == [name for name in INDICATORS if name != "livability_score"]
    table = columns(section, "04.multiples")
    assert list(dict.fromkeys(table["indicator"])) == panels
    assert section.figures["04.multiples"]["options"]["findings"] == {name: f"04.{name}.relative" for name in panels}
    for name in panels:
        own, finding = table[table["indicator"] == name], section.findings[f"04.{name}.relative"]
        assert (own["year"].min(), own["year"].max()) == (finding.a.year, finding.b.year)
        ends = own["relative"].iloc[0], own["relative"].iloc[-1]
        assert ends == pytest.approx((finding.a.estimate, finding.b.estimate))


def test_variants_start_with_the_headline_itself(study: Study, made: Made) -> None:
    section, given = made
    table = given["variants"]
    # of money the change in constant prices stands where other figures have their own unit
    for name, measure in (("absolute", "real"), ("relative", "relative")):
        own = table[table["measure"] == measure]
        same(section, f"04.variants.{name}", own)
        assert own["variant"].tolist() == [
            *[focus.name for focus in study.variants], "trend", "unweighted", "similar", "steady",
        ]  # fmt: skip
        [row] = own[own["headline"]].to_dict("records")
        finding = section.findings[f"04.mean_income_per_inhabitant.{measure}"]
        assert (row["variant"], row["estimate"], row["low"], row["high"]) == (
            study.focus.name, finding.estimate, finding.low, finding.high,
        )  # fmt: skip
    assert table["estimate"].nunique() > 8  # the variants are not one and the same number


def test_before_and_since_have_their_findings_and_their_parts(study: Study, made: Made) -> None:
    section, given = made
    by_claim: dict[str, dict[str, Any]] = {}
    for one in section.verdicts:
        by_claim.setdefault(one.claim, {})[one.row] = one
    entry = claims.registry().claims
    named = [name for name in study.p.indicators if name in entry["C3"]["indicators"]]
    scales = {f"{name}.{measure}" for name in named for measure in gaps.scales_of(study, name)}
    lines = {f"{name}.relative" for name in named}
    parts = {claim: {row for row, one in by_claim[claim].items() if one.finding} for claim in ("C2", "C3", "M1")}
    assert parts == {
        "C2": scales | {f"{row}.beyond" for row in lines},
        "C3": scales | {f"{row}.beyond" for row in lines},
        "M1": {f"{row}.{half}" for row in lines for half in ("before", "beyond")},
    }
    for claim, rows in parts.items():
        for row in rows:
            verdict = by_claim[claim][row]
            finding = section.findings[str(verdict.finding)]
            kind = {"C2": "gap_change_since", "C3": "gap_change_before", "M1": "gap_change_before"}[claim]
            assert finding.kind == ("beyond_trend" if row.endswith(".beyond") else kind)
            by_chance = claim == "M1" or row.endswith(".beyond")
            assert verdict.question == ("chance" if by_chance else "happened")
    # the same line beyond the trend: that the YES is false supports the NO
    expected = {claim: by_claim[claim][f"{min(lines)}.beyond"].expected for claim in parts}
    assert expected == {"C2": "HIGHER", "C3": "NOT_HIGHER", "M1": "HIGHER"}
    assert "05.mean_dwelling_value.share" in section.findings
    ids = {one.id for one in given["before_and_since"]}
    assert ids == {f"05.{name}.{measure}.{half}" for name in study.p.indicators for half in ("before", "since")
                   for measure in gaps.scales_of(study, name)}  # fmt: skip


def test_every_figure_has_its_table_and_finding_and_every_number_a_unit(made: Made, study: Study) -> None:
    section, _ = made
    for figure in section.figures.values():
        assert figure["table"] in section.tables
        assert figure["finding"] in section.findings or figure["kind"] in {"availability", "worlds", "multiples"}
    kinds = {figure["kind"] for figure in section.figures.values()}
    assert kinds == {
        "availability", "coverage", "ranked_dots", "choropleth", "distribution", "gap_lines", "specification",
        "event_study", "worlds", "answer", "multiples",
    }  # fmt: skip
    # A number without a unit cannot be printed; a unit that each row names must stand in a column of that name
    for name, table in section.tables.items():
        keys = [column["key"] for column in table["columns"]]
        for column in table["columns"]:
            unit = column["unit"]
            if column["kind"] == "number":
                assert unit is not None, (name, column["key"])
            if str(unit).startswith("@"):
                place = keys.index(unit[1:])
                assert {row[place] for row in table["rows"]} <= {*study.known.units, "percent_or_points"}, name
            elif unit is not None:
                assert unit in study.known.units, (name, unit)


def test_a_section_made_twice_is_the_same(made: Made) -> None:
    again, _ = make(small())
    assert dump(again.as_json()) == dump(made[0].as_json())


def test_steps_may_be_repeated_and_each_purpose_has_a_generator_of_its_own(study: Study) -> None:
    section = Section("x")
    for _ in range(2):
        coverage.how_rounded(section, study)
        coverage.do_totals_agree(section, study)
    assert list(section.tables) == ["01.rounding", "01.totals"]
    first, again, other = (study.rng(purpose).random(4).tolist() for purpose in ("04.a", "04.a", "04.b"))
    assert first == again
    assert first != other


def tracked(study: Study) -> Section:
    section = Section("x")
    followed = gaps.follow_all(study)
    gap_tables.changes(section, study, followed)
    gap_tables.placebos(section, study, followed)
    gap_tables.before_and_since(section, study, gaps.follow_all(study, study.p.trend_from))
    levels.levels_now(section, study)
    return section


@pytest.fixture(scope="module")
def first(study: Study) -> Section:
    return tracked(study)


def findings(section: Section) -> dict[str, Any]:
    return {name: plain(finding.as_json()) for name, finding in section.findings.items()}


def test_neither_order_nor_other_indicators_change_a_finding(study: Study, first: Section) -> None:
    turned = small(indicators=list(study.p.indicators)[::-1], levels=list(study.p.levels)[::-1])
    second = tracked(turned)
    assert findings(first) == findings(second)
    assert list(first.findings) != list(second.findings)

    def votes(section: Section) -> set[str]:
        return {dump(verdict.as_json()) for verdict in section.verdicts}

    assert votes(first) == votes(second)
    alone = findings(tracked(small(indicators=["good_perceived_health_share"])))
    both = findings(first)
    assert alone == {name: both[name] for name in alone}
    assert any(name.startswith("05.good_perceived_health_share") for name in alone)
    second = tracked(small(seed=7))
    moved = set()
    for name, finding in first.findings.items():
        other = second.findings[name]
        assert finding.estimate == other.estimate
        if (finding.low, finding.high) != (other.low, other.high):
            moved.add(finding.kind)
    assert "gap_change" in moved
    assert not {"gap", "share_accrued", "placebo"} & moved  # these rest on no draw


def test_what_cannot_be_computed_comes_last_and_is_never_the_headline() -> None:
    years = dict.fromkeys((2015, 2016, 2017), FLAT)
    study = town(
        {"poor": {2016: FLAT}, "income": years}, indicator("income", rounding=0.0),
        indicator("crime_rate", smallest_effect=5.0), indicators=("poor", "income"),
        levels=("crime_rate", "income"), draws=199, event="2016-12",
    )  # fmt: skip
    section = Section("x")
    followed = gaps.follow_all(study)
    found = gap_tables.changes(section, study, followed)
    assert [finding.id for finding in found[:3]] == ["04.poor.absolute", "04.poor.relative", "04.poor.place"]
    assert section.headline == "04.income.absolute"
    assert [judge(finding) == NOT_COMPUTABLE for finding in section.findings.values()] == [False] * 4 + [True] * 3
    later = Section("y")
    gap_tables.before_and_since(later, study, followed)
    flags = [judge(finding) == NOT_COMPUTABLE for finding in later.findings.values()]
    changes = [judge(one) == NOT_COMPUTABLE for one in later.findings.values() if one.kind != "share_accrued"]
    assert changes == sorted(changes)
    assert flags[0] is changes[0] is False
    now = Section("z")
    levels.levels_now(now, study)
    assert list(now.findings) == ["03.level.income", "03.level.crime_rate"]
    # only what can be followed gets a picture, a placebo and variants
    assert len(gap_tables.gap_pictures(later, study, followed)) == 1
    assert not {"04.answer", "04.multiples"} & set(later.figures), "a gap of which nothing was found is no answer"
    gap_tables.gap_pictures(section, study, followed)
    assert section.figures["04.answer"]["table"] == "04.income", "the first indicator that can be followed"
    assert [finding.indicator for finding in gap_tables.placebos(later, study, followed)] == ["income"]
    gap_tables.variants(later, study, followed)
    assert later.figures["04.variants.absolute"]["finding"] == "04.income.real"


def test_a_place_without_any_series_gets_a_section_all_the_same() -> None:
    study = town({"income": {2016: FLAT}}, indicators=("income",), levels=("poor",), draws=199, comparisons=())
    section = Section("x")
    followed = gaps.follow_all(study)
    gap_tables.changes(section, study, followed)
    found_ = gap_tables.before_and_since(section, study, followed)
    assert {judge(finding) for finding in (*found_, *section.findings.values())} == {NOT_COMPUTABLE}
    assert section.verdicts == []  # no claim is about a figure of this town
    assert gap_tables.variants(section, study, followed).empty
    assert (
        gap_tables.gap_pictures(section, study, followed) == gap_tables.event_pictures(section, study, followed) == []
    )
    assert gap_tables.placebos(section, study, followed) == []
    found = levels.levels_now(section, study)
    assert levels.buurten_ranked(section, study, found).empty
    assert groups.indices_elsewhere(section, study).empty
    assert replication.replicate(
        section, dataclasses.replace(study, p=dataclasses.replace(study.p, published=""))
    ).empty
    assert coverage.do_sources_agree(section, study).empty
    assert (section.tables, section.figures) == ({}, {})
