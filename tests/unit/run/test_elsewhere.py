"""What is done name by name on the workers of a scheduler: as here, and in the project of who asks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_batch import cluster

from kloof.catalogue import catalogue
from kloof.country.panel import panel
from kloof.errors import KloofError
from kloof.paths import project_folder
from kloof.run import dispatch
from kloof.run.dispatch import over

WOZ, TENURE = "mean_dwelling_value", "owner_occupied_share"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with cluster(tmp_path, "tls", Path(__file__).parent) as found:
        yield found[0]


def figures(name: str) -> pd.DataFrame:
    """Give synthetic figures of ten buurten in forty municipalities."""
    rng = np.random.default_rng(5)
    codes = pd.Index([f"BU{9000 + at // 10:04d}{at % 10 // 4:02d}{at % 10:02d}" for at in range(400)])
    start = np.tile(np.linspace(150.0, 400.0, 10), 40) + rng.normal(0, 5, 400)
    counts = pd.DataFrame({2017: rng.integers(300, 2000, 400).astype(float)}, index=codes)
    values = pd.DataFrame({2017: start, 2024: start + rng.normal(20, 15, 400)}, index=codes)
    return {WOZ: values, TENURE: values / 5}.get(name, counts)


def where(name: str) -> str:
    """Say in which project a worker works."""
    return f"{name} in {project_folder()}"


def lost(name: str) -> str:
    """Find no file."""
    return (project_folder() / name).read_text(encoding="utf-8")


def test_workers_elsewhere_make_the_same_table_in_the_project_of_who_asks(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong there is told as it is."""
    with over(address) as each:
        table = panel(catalogue(), [WOZ, TENURE], ["absolute"], each, figures)
    pd.testing.assert_frame_equal(table, panel(catalogue(), [WOZ, TENURE], ["absolute"], map, figures))
    assert table["mean"].notna().all()
    for part in ("notebooks", "data"):
        (tmp_path / part).mkdir()
    monkeypatch.setenv("KLOOF_HOME", str(tmp_path))
    with over(address) as each:
        assert list(each(where, [WOZ, TENURE])) == [f"{name} in {tmp_path}" for name in (WOZ, TENURE)]
        with pytest.raises(KloofError, match=rf"a\.csv: a worker that works in {tmp_path} cannot do this: .*No such"):
            list(each(lost, ["a.csv"]))
    monkeypatch.setattr(dispatch, "whole_library", lambda: "another")
    with over(address) as each, pytest.raises(KloofError, match="another version of the library"):
        list(each(where, [WOZ]))
