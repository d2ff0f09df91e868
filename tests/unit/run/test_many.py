"""Many municipalities: what they say together by hand and by a t test, what is kept, and real ones from a store."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import CommandLine
from kloof.errors import NotebookError, ParameterError
from kloof.findings import CONTRADICTED, MIXED, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, Finding, Side, Verdict
from kloof.run import many, report
from kloof.study import claims

CODES = ("GM0344", "GM0518", "GM0599", "GM0758", "GM0855")


def document(value: float | None, margin: float = 1.0, verdict: str = UNDECIDED, **changes: Any) -> dict[str, Any]:
    """Results of one municipality: one part of C1, and how many people live in its list."""
    ends = (None, None) if value is None else (value - margin, value + margin)
    base: dict[str, Any] = {
        "kind": "gap_change", "measure": "absolute", "unit": "percent", "indicator": "x", "estimate": value,
        "low": ends[0], "high": ends[1], "range_kind": ("process",), "smallest_effect": 1.0,
    }  # fmt: skip
    found = Finding("04.x", **{**base, **changes})
    people = Finding("12.people", "headcount", "people", "persons", estimate=60000, low=59900, high=60100, a=Side(2024))
    row = Verdict("C1", verdict, "04.x", "x.absolute", "HIGHER", (("one", verdict),))
    rows = [row.as_json(), Verdict("M2", NOT_TESTABLE, "12.people", "all").as_json()]
    return {
        "findings": {one.id: one.as_json() for one in (found, people)}, "verdicts": rows,
        "overall": claims.overall(rows), "tables": {},
    }  # fmt: skip


EFFECTS = (4.0, 1.0, 6.0, 9.0, 5.0)


@pytest.fixture
def five() -> dict[str, dict[str, Any]]:
    """Five municipalities whose ranges are equally wide."""
    return {code: document(effect, 1.96, SUPPORTED) for code, effect in zip(CODES, EFFECTS, strict=True)}


def test_equal_errors_make_the_summary_a_t_test(five: dict[str, Any]) -> None:
    """Error 1 each and effects that differ more: mean with its t interval, tau² = variance - 1, I² by hand."""
    [row] = many.summaries(five, "GM0758").to_dict("records")
    test = stats.ttest_1samp(EFFECTS, 0).confidence_interval(0.95)
    assert (row["claim"], row["part"], row["unit"], row["municipalities"]) == ("C1", "x.absolute", "points", 5)
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((5.0, test.low, test.high), rel=1e-4)
    variance = float(np.var(EFFECTS, ddof=1))
    assert row["tau"] == pytest.approx(np.sqrt(variance - 1), rel=1e-4)
    assert row["i_squared"] == pytest.approx(100 * (variance - 1) / variance, rel=1e-4)
    reach = stats.t(3).ppf(0.975) * np.sqrt(variance - 1 + variance / 5)
    assert (row["predicted_low"], row["predicted_high"]) == pytest.approx((5 - reach, 5 + reach), rel=1e-4)
    assert row["verdict"] == SUPPORTED
    # Breda has 9, the mean of the other four is 4 and their variance 14 / 3
    rest = [effect for code, effect in zip(CODES, EFFECTS, strict=True) if code != "GM0758"]
    spread = float(np.var(rest, ddof=1))
    error = np.sqrt(1 + (spread - 1) + spread / 4)
    margin = stats.t(2).ppf(0.975) * error
    assert (row["place_rank"], row["place_distance"]) == (5, pytest.approx(5.0, rel=1e-4))
    assert (row["place_low"], row["place_high"]) == pytest.approx((5 - margin, 5 + margin), rel=1e-4)


def test_what_they_say_together_is_judged_as_one_would_be() -> None:
    small = {code: document(effect, 0.4) for code, effect in zip(CODES, (0.1, 0.2, -0.1, 0.0, 0.1), strict=True)}
    assert list(many.summaries(small, "GM0758")["verdict"]) == [NEGLIGIBLE]
    below = {code: document(-effect, 1.96) for code, effect in zip(CODES, EFFECTS, strict=True)}
    assert list(many.summaries(below, "GM0758")["verdict"]) == [CONTRADICTED]


@pytest.mark.parametrize(
    "changes",
    [
        {"estimate": None, "low": None, "high": None},
        {"range_kind": ("rounding",)},
        {"comparability": "broken"},
        {"coverage": 30.0, "coverage_minimum": 80.0},
        {"low": 9.0, "high": 9.0},
    ],
)
def test_what_could_not_be_judged_has_no_say(five: dict[str, Any], changes: dict[str, Any]) -> None:
    """A place without an estimate of chance, or whose figures may not be compared, is left out of the summary."""
    five["GM0758"] = document(9.0, 1.96, NOT_TESTABLE, **changes)
    [row] = many.summaries(five, "GM0758").to_dict("records")
    assert row["municipalities"] == 4
    assert row["estimate"] == pytest.approx(4.0)
    assert np.isnan(row["place_rank"])


def test_a_part_that_does_not_count_has_no_say_in_the_claim_of_all_together(five: dict[str, Any]) -> None:
    """The same gap on another scale is summarised and told, and does not vote: C1 in one place is judged so too."""
    for one in five.values():
        found = {**one["findings"]["04.x"], "id": "04.y", "estimate": -9.0, "low": -11.0, "high": -7.0}
        row = {**one["verdicts"][0], "finding": "04.y", "row": "x.real", "verdict": CONTRADICTED, "counts": False}
        one["findings"]["04.y"] = found
        one["verdicts"].append(row)
    assert dict(zip(*many.summaries(five, "GM0758")[["part", "verdict"]].to_numpy().T, strict=True)) == {
        "x.absolute": SUPPORTED, "x.real": CONTRADICTED,
    }  # fmt: skip
    assert many.per_claim(five, "GM0758").set_index("claim").loc["C1", "together"] == SUPPORTED
    for one in five.values():
        one["verdicts"][-1]["counts"] = True
    assert many.per_claim(five, "GM0758").set_index("claim").loc["C1", "together"] == MIXED


def test_fewer_than_three_have_no_summary(five: dict[str, Any]) -> None:
    two = {code: five[code] for code in CODES[:2]}
    assert many.summaries(two, "GM0758").empty
    assert list(many.summaries(two, "GM0758").columns) == list(many.SUMMARY)
    table = many.per_claim(two, "GM0758").set_index("claim")
    assert (table.loc["C1", SUPPORTED], table.loc["C1", "of"]) == (2, 2)
    assert table.loc["C1", ["together", "place"]].isna().all()


def test_three_have_one_but_no_place(five: dict[str, Any]) -> None:
    three = {code: five[code] for code in CODES[1:4]}
    [row] = many.summaries(three, "GM0758").to_dict("records")
    assert row["municipalities"] == 3
    assert np.isnan(row["place_rank"])


def test_counts_per_claim_and_one_row_per_municipality(five: dict[str, Any]) -> None:
    five["GM0344"] = document(-3.0, 1.0, CONTRADICTED)
    five["GM0518"] = document(None, verdict=NOT_TESTABLE)
    table = many.per_claim(five, "GM0344").set_index("claim")
    assert table.loc["C1", [SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE]].tolist() == [3, 1, 0, 0, 1]
    assert table.loc["C1", "place"] == CONTRADICTED
    assert table.loc["M2", [NOT_TESTABLE, "of"]].tolist() == [5, 5]
    rows = many.each(five)
    assert len(rows) == 10
    assert set(rows["municipality"]) == set(CODES)
    own = rows[(rows["municipality"] == "GM0344") & (rows["id"] == "C1")].iloc[0]
    assert (own["verdict"], own["estimate"], own["low"], own["high"]) == (CONTRADICTED, -3.0, -4.0, -2.0)
    assert many.each({}).empty


# ------------------------------------------------------------------ M2: a million people

ENTRY = claims.registry().claims["M2"]


def people(count: float, width: float) -> dict[str, Any]:
    """Fifteen municipalities whose lists hold so many people together."""
    each = Finding("12.people", "headcount", "people", "persons", estimate=count / 15, low=(count - width) / 15,
                   high=(count + width) / 15)  # fmt: skip
    return {f"GM{code:04d}": {"findings": {"12.people": each.as_json()}} for code in range(15)}


@pytest.mark.parametrize(
    ("count", "width", "wanted"),
    [
        (1.05e6, 2e4, SUPPORTED),
        (0.91e6, 5e3, SUPPORTED),
        (0.91e6, 5e4, UNDECIDED),
        (1.2e6, 5e4, CONTRADICTED),
        (0.6e6, 1e4, CONTRADICTED),
    ],
)
def test_a_million_within_a_tenth(count: float, width: float, wanted: str) -> None:
    assert (ENTRY["count"], ENTRY["within"]) == (1000000, 0.1)
    documents = people(count, width)
    made = many.headcount(documents, list(documents), with_areas=True)
    assert made["people"] == pytest.approx(count)
    assert (made["verdict"], made["missing"]) == (wanted, [])


def test_without_the_areas_or_a_municipality_a_million_is_not_tested() -> None:
    documents = people(1e6, 1e3)
    made = many.headcount(documents, list(documents), with_areas=False)
    assert (made["verdict"], made["missing"]) == (NOT_TESTABLE, list(ENTRY["missing"]))
    made = many.headcount(documents, [*documents, "GM0999"], with_areas=True)
    assert (made["verdict"], made["missing"]) == (NOT_TESTABLE, ["GM0999"])


# ------------------------------------------------------------------ the preset and the areas


def write_preset(home: Path, name: str = "my_few", **changes: Any) -> Path:
    """A preset of several municipalities."""
    content: dict[str, Any] = {"municipalities": list(CODES[:3]), "place": CODES[0], **changes}
    lines = [f"{key} = {json.dumps(value)}" for key, value in content.items()]
    own = (home / "notebooks" / "presets" / "manifest.toml").read_text(encoding="utf-8")
    path = home / "notebooks" / "presets" / f"{name}.toml"
    path.write_text("\n".join([*lines, "[parameters]", own.split("[parameters]\n")[1]]), encoding="utf-8")
    return path


def test_the_fifteen_of_the_manifest() -> None:
    codes, place = many.municipalities("manifest")
    assert len(set(codes)) == 15
    assert place == "GM0758"


def test_a_preset_says_what_is_wrong_with_it(home: Path) -> None:
    with pytest.raises(ParameterError, match="preset breda has one municipality: kloof run --preset breda"):
        many.municipalities("breda")
    write_preset(home, municipalities=["GM0344", "0518"], place="GM0001")
    with pytest.raises(ParameterError, match=r"1 fault in preset my_few.*municipality '0518' is not known.*GM0518"):
        many.municipalities("my_few")
    write_preset(home, municipalities=["Breda", 5], place="GM0001")
    with pytest.raises(ParameterError, match=r"1 fault.*municipalities must be a list of texts, not .*5"):
        many.municipalities("my_few")
    write_preset(home, municipalities=["Breda", "GM0518"], place="Breda")
    assert many.municipalities("my_few") == (["GM0758", "GM0518"], "GM0758")


def test_areas_are_read_and_every_fault_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "areas.toml"
    path.write_text('GM0344 = ["BU03440102", "BU03440101"]\nGM0518 = ["BU05180001"]\n')
    assert many.read_areas(path, ["GM0344", "GM0518"]) == {
        "GM0344": "BU03440101,BU03440102", "GM0518": "BU05180001",
    }  # fmt: skip
    path.write_text('GM0344 = ["BU05180001", 7]\nGM0599 = ["BU05990001"]\n')
    with pytest.raises(ParameterError) as caught:
        many.read_areas(path, ["GM0344", "GM0518"])
    for part in (
        "4 faults in areas.toml", "GM0599 is not in the preset", "GM0518 has no areas", "'BU05180001', which is no",
        "GM0344 has 7, which is no buurt of it", 'GM0344 = ["BU03440101"',
    ):  # fmt: skip
        assert part in str(caught.value)
    for content, fault in (
        ("GM0344 = ", "areas.toml is not valid TOML: "),
        ("GM0344 = 'BU03440101'", "GM0344 must be a list of codes, not 'BU03440101'"),
        ("GM0344 = 5", "1 fault in areas.toml. (1) GM0344 must be a list of codes, not 5"),
    ):
        path.write_text(content)
        with pytest.raises(ParameterError, match=re.escape(fault)):
            many.read_areas(path, ["GM0344"])
    with pytest.raises(FileNotFoundError, match=r"nothing\.toml"):
        many.read_areas(tmp_path / "nothing.toml", ["GM0344"])


# ------------------------------------------------------------------ the command, without running any notebook


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let each municipality give results at once, the second one not at all; gives what was run."""
    ran: list[str] = []

    def results(preset: str, given: Any, tell: Any, _: Any) -> dict[str, Any]:
        code = str(given["municipality"])
        ran.append(code + ("+focus" if "focus" in given else ""))
        if code == "GM0518":
            raise NotebookError("03 stopped: there are no figures.")
        tell(code, "done")
        return document({"GM0344": 3.0}.get(code, 5.0), 1.0, SUPPORTED)

    monkeypatch.setattr(many, "_results", results)
    return ran


def test_what_one_lacks_stops_that_one_only(command_line: CommandLine, home: Path, pretend: list[str]) -> None:
    write_preset(home, municipalities=list(CODES))
    code, out, err = command_line("manifest", "--preset", "my_few")
    assert code == 1
    assert sorted(pretend) == list(CODES)
    assert "GM0518 has no results: 03 stopped: there are no figures." in out
    assert "GM0518 failed" in err
    folder = home / "reports" / "my_few"
    with (folder / "summary.csv").open(encoding="utf-8") as file:
        [summary] = list(csv.DictReader(file))
    assert (summary["claim"], summary["municipalities"], summary["place_rank"]) == ("C1", "4", "1")
    assert len(pd.read_csv(folder / "verdicts.csv")) == 8
    line = next(line for line in out.splitlines() if line.startswith("C1 "))
    assert line.split() == ["C1", SUPPORTED, "4", "0", "0", "0", "0", "0", SUPPORTED]
    head = out.splitlines()[0]  # each number ends under its word
    assert [line[: head.index(word) + len(word)].split()[-1] for word in ("supported", "contradicted")] == ["4", "0"]
    assert next(line for line in out.splitlines() if line.startswith("M2 ")).split()[1] == "–"  # no test of chance
    assert "M2   240,000 people live in these lists: NOT_TESTABLE (missing: areas_of_the_manifest, GM0518)" in out
    assert out.rstrip().endswith("Next: kloof run --preset my_few --set municipality=GM0344")


def test_json_areas_and_a_choice_of_municipalities(
    command_line: CommandLine, home: Path, pretend: list[str], tmp_path: Path
) -> None:
    write_preset(home)
    areas = tmp_path / "areas.toml"
    areas.write_text("\n".join(f'{code} = ["BU{code[2:]}0001"]' for code in CODES[:3]))
    code, out, _ = command_line(
        "manifest", "--preset", "my_few", "--areas", areas, "--only", "GM0344", "--only", "GM0599", "--json"
    )
    assert code == 0
    assert sorted(pretend) == ["GM0344+focus", "GM0599+focus"]
    content = json.loads(out)
    assert set(content) == {"verdicts", "summary", "claims", "people", "failed"}
    assert content["people"]["missing"] == ["GM0518"]
    code, out, err = command_line("manifest", "--preset", "my_few", "--only", "GM0363")
    assert (code, out) == (2, "")
    assert "GM0363 is not in preset my_few, which has GM0344, GM0518, GM0599." in err
    code, out, err = command_line("manifest", "--preset", "my_few", "--only", "GM0518")
    assert code == 2
    assert "No municipality of preset my_few could be run. GM0518: 03 stopped" in err


# ------------------------------------------------------------------ real municipalities


def health_gap(people: pd.DataFrame, city: str, year: int) -> float:
    """Points by which the fifth of the buurten with the worst health in 2012 lies behind the rest, people weighed.

    Over the buurten with a figure in every year of the file, which is one edition and has no break. The fifth is one of
    the buurten with 200 inhabitants or more.
    """
    buurten = people[people["code"].str.startswith(f"BU{city[2:]}")].set_index("code").sort_index()
    years = (2012, 2016, 2020, 2022, 2024)
    health = pd.DataFrame({y: buurten[f"goed_ervaren_gezondheid_pct_{y}"].replace(0, np.nan) for y in years})
    first = health[2012].dropna()
    first = first[~(buurten["inwoners"].reindex(first.index) < 200)]
    worst = first.sort_values(kind="stable").index[: int(0.2 * len(first) + 0.5)]
    weight = buurten["inwoners"].where(health.notna().all(axis=1)).dropna()
    weight = weight[weight > 0]
    own = weight.index.isin(worst)
    focus, rest = (float(np.average(health[year][weight.index[part]], weights=weight[part])) for part in (own, ~own))
    return rest - focus


@pytest.mark.shared
def test_three_real_municipalities_from_a_store_and_none_is_run_twice(
    command_line: CommandLine, home: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good health of three cities by buurt, weighed by people: run, joined, and kept."""
    cities = ["GM0855", "GM0758", "GM0344"]
    people = pd.read_parquet(shared / "data" / "national" / "buurten_2024.parquet")
    people[people["gemeente_code"].isin(cities)].to_parquet(tmp_path / "buurten_2024.parquet")
    assert command_line("data", "add", tmp_path / "buurten_2024.parquet")[0] == 0
    path = write_preset(home, municipalities=cities, place="GM0758")
    rule = "lowest:20%:good_perceived_health_share:2012"
    changed = {
        "focus": f'"{rule}"', "focus_variants": f'["{rule}"]', "indicators": '["good_perceived_health_share"]',
        "levels": '["good_perceived_health_share"]', "groups": '["none"]', "draws": "199",
    }  # fmt: skip
    lines = [line.partition(" = ") for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(f"{key}{sign}{changed.get(key, value)}" for key, sign, value in lines))
    paths = [one for one in report.notebook_paths() if one.stem[:2] in ("04", "12")]
    monkeypatch.setattr(many, "notebook_paths", lambda: paths)
    code, out, err = command_line("manifest", "--preset", "my_few")
    assert (code, "has no results" in out) == (0, False), (out, err)
    assert err.count(" running") == err.count(" done") == 3
    folder = home / "reports" / "my_few"
    summary = pd.read_csv(folder / "summary.csv").set_index(["claim", "part"])
    part = "good_perceived_health_share.absolute"
    found = []
    for city in cities:
        content = json.loads((folder / f"{city}.json").read_text(encoding="utf-8"))
        row = next(row for row in content["verdicts"] if (row["claim"], row["row"]) == ("C1", part))
        found.append(content["findings"][row["finding"]])
    changes = [health_gap(people, city, 2024) - health_gap(people, city, 2012) for city in cities]
    assert [finding["estimate"] for finding in found] == pytest.approx(changes, abs=1e-6)
    assert summary.loc[("C1", part), "municipalities"] == 3
    error = [(finding["high"] - finding["low"]) / (2 * stats.norm.ppf(0.975)) for finding in found]
    weight = 1 / (np.array(error) ** 2 + summary.loc[("C1", part), "tau"] ** 2)
    assert summary.loc[("C1", part), "estimate"] == pytest.approx(float(weight @ changes / weight.sum()), rel=1e-6)
    each = pd.read_csv(folder / "verdicts.csv")
    assert list(each.loc[each["id"] == "C1", "municipality"]) == cities
    code, again, err = command_line("manifest", "--preset", "my_few")
    assert (code, again) == (0, out)
    assert err.count(" kept") == 3
    code, _, err = command_line("manifest", "--preset", "my_few", "--only", "GM0758", "--set", "draws=299")
    assert (code, err.count(" running")) == (0, 1)
