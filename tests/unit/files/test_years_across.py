"""A mean that falls out of line with both years around it is suspect, however small the figures are."""

import numpy as np
import pytest

from kloof.files.years_across import _suspect


@pytest.mark.parametrize(
    ("series", "suspect"),
    [
        ([2.0, 0.5, 2.0], True), ([0.5, 2.0, 0.5], True), ([200, 50, 200], True), ([0.5, 2.0, 2.0], False),
        ([0.5, 0.6, 0.5], False), ([2.0, 0.0, 2.0], False), ([0.0, 2.0, 0.5], False), ([0.5, 2.0, 0.0], False),
    ],
)  # fmt: skip
def test_out_of_line_with_both_years_around_it(series: list[float], suspect: bool) -> None:
    assert _suspect(np.array([series])).tolist() == [[False, suspect, False]]
