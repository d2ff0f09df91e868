"""Every indicator, scale and pair of years at once: against one question after the other, and what has no answer."""

import importlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from distributed import KilledWorker
from typer.testing import CliRunner

from kloof.catalogue import Catalogue, catalogue
from kloof.cli.main import app
from kloof.country import panel as country_panel
from kloof.country.gaps import NORMAL, Question, every_change, pooled, prior_of, smallest_effect
from kloof.country.panel import ANSWER_COLUMNS, panel
from kloof.errors import BatchError, ParameterError
from kloof.run import dispatch
from kloof.run.dispatch import over

WOZ, TENURE, CRIME = "mean_dwelling_value", "owner_occupied_share", "crime_rate"
YEARS = (2017, 2020, 2024)


def figures(name: str, places: int = 40) -> pd.DataFrame:
    """Give synthetic figures of ten buurten in each municipality: the two lowest fall behind, year after year."""
    rng = np.random.default_rng(5)
    codes = pd.Index(
        [f"BU{9000 + place:04d}{buurt // 4:02d}{buurt:02d}" for place in range(places) for buurt in range(10)]
    )
    start = np.tile(np.linspace(150.0, 400.0, 10), places) + rng.normal(0, 5, len(codes))
    behind = np.where(np.arange(len(codes)) % 10 < 2, 20.0, 0.0)
    grown = {year: start + (year - 2017) * (2 - behind / 7) + rng.normal(0, 15, len(codes)) for year in YEARS}
    counts = pd.DataFrame({2017: rng.integers(300, 2000, len(codes)).astype(float)}, index=codes)
    held = {WOZ: pd.DataFrame(grown, index=codes), "dwellings": counts, "inhabitants": counts}
    held[TENURE] = held[WOZ] / 5
    return held.get(name, pd.DataFrame())


@pytest.fixture
def known() -> Catalogue:
    return catalogue()


def test_each_row_is_the_answer_of_its_question(known: Catalogue) -> None:
    table = panel(known, (), figures_of=figures)
    assert tuple(table.columns) == ANSWER_COLUMNS
    assert set(table["indicator"]) == {WOZ, TENURE}
    assert table.groupby("indicator")["scale"].unique().map(sorted).to_dict() == {
        WOZ: ["absolute", "real", "relative"],
        TENURE: ["absolute", "relative"],  # it is no money
    }
    assert (table["first"] == 2017).all() and set(table["last"]) == {2020, 2024}
    for row in table[table["indicator"] == WOZ].to_dict("records"):
        asked = Question(WOZ, row["first"], row["last"], row["scale"], f"lowest:20%:{WOZ}:first")
        changes, _ = every_change(known, asked, figures)
        posterior, _ = pooled(changes, prior_of(smallest_effect(known, asked)))
        assert (row["municipalities"], row["heavy"], row["reason"]) == (len(changes), 100 * posterior.heavy, "")
        assert row["mean"] == pytest.approx(float(posterior.coefficients.average[0]), rel=1e-12)
        assert row["spread"] == pytest.approx(posterior.tau_mean, rel=1e-12)
        assert row["grew"] == pytest.approx(100 * (posterior.effects.above(0.0) >= 0.9).mean())
    absolute = table[(table["indicator"] == WOZ) & (table["scale"] == "absolute")].set_index("last")
    assert absolute.loc[2024, "mean"] == pytest.approx(20, abs=6)  # 20 / 7 a year, seven years
    assert absolute.loc[2020, "mean"] == pytest.approx(20 * 3 / 7, abs=6)
    with ProcessPoolExecutor(2) as pool:
        together = panel(known, [WOZ, TENURE], ["absolute"], pool.map, figures)
    pd.testing.assert_frame_equal(together, table[table["scale"] == "absolute"].reset_index(drop=True))


def test_a_question_without_an_answer_says_why(known: Catalogue) -> None:
    few = panel(known, [WOZ], ["absolute"], map, partial(figures, places=12))
    assert few["reason"].unique().tolist() == ["too_few_municipalities"]
    assert few["municipalities"].unique().tolist() == [12]
    assert few["mean"].isna().all()

    def without_counts(name: str) -> pd.DataFrame:
        return figures(WOZ) if name == WOZ else pd.DataFrame()

    assert panel(known, [WOZ], ["absolute"], map, without_counts)["reason"].unique().tolist() == ["no_weights"]
    assert panel(known, [CRIME], (), map, figures).empty
    with pytest.raises(ParameterError, match=r"scale nominal is not known\. Valid: absolute, real, relative\."):
        panel(known, [WOZ], ["nominal"])
    with pytest.raises(ParameterError, match="inhabitants: no smallest effect"):
        panel(known, ["inhabitants"])


def test_the_command_prints_writes_and_gives_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(country_panel, "held", lambda _, name: figures(name))
    runner = CliRunner()
    told = runner.invoke(
        app, ["country", "gaps", "--indicators", WOZ, "--scales", "absolute", "--output", f"{tmp_path}/a.csv"]
    )
    assert told.exit_code == 0, told.output
    assert "2017–2024      40" in told.output
    written = pd.read_csv(tmp_path / "a.csv")
    assert tuple(written.columns) == ANSWER_COLUMNS
    rows = json.loads(
        runner.invoke(app, ["country", "gaps", "--indicators", WOZ, "--scales", "absolute", "--json"]).output
    )
    assert [row["last"] for row in rows] == [2020, 2024]
    assert rows[1]["mean"] == pytest.approx(written["mean"][1], rel=1e-5)
    monkeypatch.setattr(country_panel, "held", lambda *_: pd.DataFrame())
    assert "kloof data fetch" in runner.invoke(app, ["country", "gaps"]).output


def test_each_model_counts_by_how_probable_it_makes_the_changes(known: Catalogue) -> None:
    asked = Question(WOZ, 2017, 2024, "absolute", f"lowest:20%:{WOZ}:first")
    changes, _ = every_change(known, asked, figures)
    prior = prior_of(smallest_effect(known, asked))
    odd = changes.assign(estimate=changes["estimate"] + np.where(np.arange(len(changes)) % 20 == 3, 150.0, 0.0))
    assert 0 < pooled(changes, prior)[0].heavy < 0.5
    averaged, normal = (pooled(odd, prior, *model)[0] for model in ((), (NORMAL,)))
    assert averaged.heavy > 0.99
    assert normal.heavy == 0
    assert normal.tau_mean > 1.5 * averaged.tau_mean


# ------------------------------------------------------------------ on the workers of a scheduler
@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (CancelledError(), r"The scheduler went away \(CancelledError\)\. Nothing of it is kept: ask it again"),
        (KilledWorker("one", None, 2), f"{WOZ}: its worker ended unexpectedly again and again. Nothing of it is kept"),
    ],
)
def test_workers_that_are_gone_end_it(monkeypatch: pytest.MonkeyPatch, problem: Exception, words: str) -> None:
    client = Mock()
    client.submit.return_value.result.side_effect = problem
    monkeypatch.setattr(dispatch, "_connected", lambda _: nullcontext(client))
    with over("tls://host:8786") as each, pytest.raises(BatchError, match=words):
        list(each(str, [WOZ, CRIME]))
    (given,) = client.cancel.call_args.args
    assert len(given) == 2


def test_the_command_asks_a_scheduler_with_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(country_panel, "held", lambda _, name: figures(name))
    command = ["country", "gaps", "--indicators", WOZ, "--scales", "absolute", "--json"]
    refused = CliRunner().invoke(app, [*command, "--scheduler", "tcp://127.0.0.1:9"])
    assert isinstance(refused.exception, BatchError)
    assert "has no certificates: whoever reaches it can run code" in str(refused.exception)
    asked: list[str] = []

    @contextmanager
    def here(scheduler: str) -> Iterator[Callable[..., Iterator[object]]]:
        asked.append(scheduler)
        yield map

    monkeypatch.setattr(dispatch, "over", here)
    told = [CliRunner().invoke(app, [*command, *more]).output for more in ((), ("--scheduler", "tls://host:8786"))]
    assert (asked, told[0]) == (["tls://host:8786"], told[1])


def test_the_cost_of_the_panel_can_be_measured(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `benchmarks/country.py`, in this process and in two others: the same answers."""
    monkeypatch.syspath_prepend(project / "benchmarks")
    cost = importlib.import_module("country").cost
    alone, apart = (cost(40, 2, 2, workers) for workers in (1, 2))
    assert alone["questions"] == apart["questions"] == 12
    assert alone["without_answer"] == apart["without_answer"] == 0
    assert alone["seconds"] > 0
