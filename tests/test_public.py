"""The public names: few, each with its use and an example that runs; a call that goes wrong says what is near."""

import doctest
import json
import re
from collections.abc import Iterator

import pytest

import kloof
from kloof import memo
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import Finding
from kloof.paths import project_folder

MOST = 30
EXAMPLES = [
    "agree", "answer", "gap_change", "gap_table", "judge_claim", "country_change", "open_study", "plot", "say", "table",
]  # fmt: skip
BREDA = "breda"


@pytest.fixture(scope="module", autouse=True)
def _one_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What was computed for one example is there for the next, as in a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(memo.FOLDER, str(tmp_path_factory.mktemp("memo")))
        yield


def cells() -> str:
    """The code of all notebooks, the workshop's too."""
    found = []
    for path in (project_folder() / "notebooks").rglob("*.ipynb"):
        found += ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    return "\n".join(found)


def test_the_names_are_few_and_notebooks_use_them() -> None:
    code = cells()
    assert len(kloof.__all__) <= MOST
    unused = {name for name in kloof.__all__ if not re.search(rf"\bkloof\.{name}\b", code)}
    assert unused <= {"Finding", "Study", "Verdict"}, "a type may stand for what functions give; nothing else may"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_function_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot as plt

    monkeypatch.setenv("MPLBACKEND", "agg")
    run_examples(getattr(kloof, name), name)
    plt.close("all")


@pytest.mark.parametrize("name", ["table", "panel", "prices", "counts", "leading", "leading_group", "published"])
def test_the_example_of_a_study_runs(name: str) -> None:
    run_examples(getattr(kloof.Study, name), name)


def run_examples(thing: object, name: str) -> None:
    """Run the examples of a docstring; there must be one."""
    globs = {"kloof": kloof, **{public: getattr(kloof, public) for public in kloof.__all__}, "pd": __import__("pandas")}
    (found,) = doctest.DocTestFinder(recurse=False).find(thing, name, globs=globs)
    assert found.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    runner.run(found, out=told.append)
    assert runner.failures == 0, "".join(told)


def test_a_gap_by_hand_is_that_of_the_library() -> None:
    study = kloof.open_study(BREDA)
    by_year = kloof.gap_table(study.panel("mean_income_per_inhabitant"))
    by_hand = by_year["gap"].iloc[-1] - by_year["gap"].iloc[0]
    change = kloof.gap_change(study, "mean_income_per_inhabitant")
    assert kloof.agree(by_hand, change).same
    assert by_hand == pytest.approx(1.6406, abs=5e-5)
    plain = study.panel("mean_income_per_inhabitant").assign(weight=1.0)
    unweighted = kloof.gap_table(plain)["gap"]
    made = kloof.agree(unweighted.iloc[-1] - unweighted.iloc[0], change)
    assert not made.same
    assert "difference" in repr(made)


def test_amounts_in_prices_of_a_year_are_those_of_the_library() -> None:
    study = kloof.open_study(BREDA)
    printed, real = (study.panel("mean_dwelling_value", prices=year) for year in (None, 2016))
    dated = printed["year"] + int(printed.attrs["measured"])  # a dwelling value is that of a year before
    index = study.prices(dated)
    for end in ("value", "low", "high"):
        by_hand = printed[end] * index[2015] / dated.map(index)
        assert real[end].to_numpy() == pytest.approx(by_hand.to_numpy(), rel=1e-12)
    gaps = kloof.gap_table(study.panel("mean_dwelling_value", prices=int(printed["year"].max())))["gap"]
    assert kloof.agree(gaps.iloc[-1] - gaps.iloc[0], kloof.gap_change(study, "mean_dwelling_value", "real")).same
    share = study.panel("low_income_households_share", prices=2016)["value"]
    assert share.equals(study.panel("low_income_households_share")["value"]), "a share has no prices"


def test_a_panel_may_begin_before_the_window() -> None:
    study = kloof.open_study(BREDA)
    assert study.panel("good_perceived_health_share")["year"].min() == 2016
    assert study.panel("good_perceived_health_share", year_from=study.p.trend_from)["year"].min() == 2012


def test_an_index_by_hand_is_that_of_the_library() -> None:
    counts = kloof.open_study(BREDA).counts("low_income_households")
    wide = counts.pivot_table(index=["year", "unit"], columns="group", values="count").groupby("year")
    by_hand = wide.apply(lambda year: (year / year.sum()).diff(axis=1).iloc[:, -1].abs().sum() / 2)
    library = kloof.measure(counts, "dissimilarity", "low_income_households", by="year").set_index("year")["estimate"]
    assert by_hand.to_numpy() == pytest.approx(library.to_numpy(), rel=1e-12)


def test_an_index_of_other_places_stands_beside_it() -> None:
    study = kloof.open_study(BREDA)
    counts = study.counts("households_around_social_minimum", beside=True)
    found = kloof.measure(counts, "dissimilarity", "households_around_social_minimum", by=["place", "year"])
    assert set(found["place"]) == {study.names()[code] for code in (study.p.municipality, *study.p.comparisons)}
    own = kloof.measure(study.counts("households_around_social_minimum"), "dissimilarity", found["group"][0])
    assert found.loc[found["place"] == study.place, "estimate"].tolist() == pytest.approx(own["estimate"].tolist())
    alone = study.counts("low_income_households", beside=True)
    assert set(alone["place"]) == {study.place}
    assert len(alone.attrs["without"]) == len(study.p.comparisons)


def test_what_these_figures_do_not_give_is_said_as_such() -> None:
    study, section = kloof.open_study(BREDA, published="none", year_to=2015), kloof.Section("own")
    for ask, says in [
        (study.published, "no study of Breda"),
        (lambda: study.counts("owner_occupied_dwellings", beside=True), "study.leading_group"),
        (lambda: section.findings["03.index"], "give no 03.index"),
        (
            lambda: kloof.agree(1.0, kloof.Finding("a", "gap", "absolute", "percent", reason="no_counts")),
            "a has no number",
        ),
    ]:
        with pytest.raises(NotComputableError, match=says):
            ask()


def test_one_year_is_no_panel() -> None:
    study = kloof.open_study(BREDA, year_from=2024, year_to=2025)
    with pytest.raises(NotComputableError, match="has only 2024 for Breda in 2024–2025") as problem:
        study.panel("mean_income_per_inhabitant")
    assert problem.value.reason == "one_year_only"


def test_a_missing_count_is_not_zero() -> None:
    counts = kloof.open_study(BREDA).counts("low_income_households")
    sides = counts.pivot(index=["year", "unit"], columns="group", values="count")
    assert sides.isna().any(axis=None)
    assert (sides.isna().sum(axis=1) != 1).all(), "a count that is missing is missing on both sides"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda study: study.table("mean_dwelling_vale"), "Did you mean mean_dwelling_value"),
        (lambda study: study.table("mean_dwelling_value", years=[1999]), "it has 20"),
        (lambda study: study.table("mean_dwelling_value", level="buurtje"), "Did you mean buurt"),
        (lambda study: study.panel("mean_dwelling_value", years=[1999, 2020]), "it has 20"),
        (lambda study: study.counts("low_incomes_households"), "Did you mean low_income_households"),
        (lambda study: study.leading("mean_dwelling_vale"), "Did you mean mean_dwelling_value"),
        (lambda study: kloof.gap_change(study, "mean_dwelling_value", "relativ"), "Did you mean relative"),
        (lambda study: kloof.gap_change(study, "crime_rate", "real"), "Valid: absolute, place, relative"),
        (lambda study: kloof.answer(study, "04_did_the_gap_grew"), "Did you mean 04_did_the_gap_grow"),
        (lambda study: kloof.judge_claim(study, kloof.Section("x"), "C99"), "Did you mean C9"),
        (lambda study: kloof.say(study, kloof.Section("04_did_the_gap_grow"), "04.x"), "finding '04.x' is not known"),
        (kloof.say, "needs a judged claim"),
        (kloof.plot, "not a Study"),
        (lambda study: kloof.plot(study.table("mean_dwelling_value")), "seaborn"),
        (lambda study: kloof.gap_table(study.table("mean_dwelling_value")), "weight, listed is not there"),
        (lambda _: kloof.agree("1,2", 1.2), "compares two numbers"),
        (lambda _: kloof.agree(float("nan"), 1.2), "which is no number"),
        (lambda _: kloof.table("mean_dwelling_value", "bredda"), "Breda"),
    ],
)  # fmt: skip
def test_a_wrong_call_names_what_is_near(call: object, says: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(says)) as problem:
        call(kloof.open_study(BREDA))  # type: ignore[operator]
    assert len(str(problem.value)) < 600


def test_a_panel_may_begin_before_the_study() -> None:
    study = kloof.open_study(BREDA)
    earlier = study.panel("livability_score", year_from=study.p.trend_from)
    assert (study.panel("livability_score")["year"].min(), earlier["year"].min()) == (2014, 2012)
    with pytest.raises(NotComputableError, match="two comparable years"):
        study.panel("livability_score", year_from=2023)


def test_what_has_no_number_says_why_instead_of_failing() -> None:
    absent = Finding("09.x", "gap", "absolute", "points", reason="no_figures")
    with pytest.raises(NotComputableError, match=r"09\.x has no number") as problem:
        kloof.agree(1.2, absent)
    assert problem.value.reason == "no_figures"
    with pytest.raises(NotComputableError, match="has a number to draw"):
        kloof.plot(absent)


def test_a_place_without_two_years_says_so() -> None:
    one = ["mean_income_per_inhabitant"]
    study = kloof.open_study(BREDA, year_from=2023, year_to=2024, indicators=one, levels=one)
    with pytest.raises(NotComputableError, match="only 2024 for Breda"):
        study.panel("mean_income_per_inhabitant")
    with pytest.raises(NotComputableError, match="No indicator"):
        study.leading()


def test_what_is_not_among_the_figures_says_so() -> None:
    study = kloof.open_study(BREDA)
    with pytest.raises(NotComputableError, match="No part of C5 has a number"):
        kloof.plot(kloof.judge_claim(study, kloof.Section("x"), "C5"))
    with pytest.raises(NotComputableError, match="no price index of 1800"):
        study.prices([1800, 2016])
