"""Whether areas add up to their municipality."""

import pandas as pd

from kloof.files.areas import differences, sums


def table(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["code", "indicator", "value", "source"])
    return frame.assign(year=2020, unit="persons", status="measured")


def test_sums_per_municipality() -> None:
    rows = table(
        ("GM0758", "inhabitants", 1000.0, "a"),
        ("WK075800", "inhabitants", 600.0, "a"),
        ("WK075801", "inhabitants", 390.0, "a"),
        ("BU07580000", "inhabitants", 600.0, "a"),
        ("BU07580100", "inhabitants", 300.0, "a"),
        ("GM0855", "inhabitants", 500.0, "a"),
        ("BU08550000", "inhabitants", 495.0, "a"),
        ("WK034400", "inhabitants", 5.0, "a"),
        ("NL00", "inhabitants", 9.0, "a"),
        ("PC4811", "inhabitants", 9.0, "a"),
    )
    found = differences(rows, "inhabitants")
    assert found[["municipality", "level", "areas", "total", "whole"]].to_numpy().tolist() == [
        ["GM0758", "buurt", 2, 900.0, 1000.0],
        ["GM0855", "buurt", 1, 495.0, 500.0],
        ["GM0758", "wijk", 2, 990.0, 1000.0],
    ]
    assert [one.detail for one in sums(rows, "inhabitants", 5)] == ["GM0758 2020 buurt 900 (2) 1000"]
    own = rows[rows["code"].str.slice(2, 6) == "0758"]
    assert [one.detail for one in sums(own, "inhabitants", 5)] == ["2020 buurt 900 (2) 1000"]
    assert sums(own, "inhabitants", 50) == []


def test_many_municipalities_are_counted_after_twenty() -> None:
    rows = [
        (f"{level}{n:04d}{end}", "inhabitants", value, "a")
        for n in range(25)
        for level, end, value in (("GM", "", 100.0), ("BU", "0000", 50.0))
    ]
    notices = sums(table(*rows), "inhabitants", 5)
    assert len(notices) == 21 and notices[-1].detail == "+5"
