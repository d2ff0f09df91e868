"""The order inside segments: the same as a plain stable sort, whatever the shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kloof.measures.tables import Segments

SHARES = st.one_of(
    st.floats(0, 1), st.sampled_from([0.0, 0.25, 1.0, np.nextafter(0.25, 1), np.nextafter(1.0, 0)]), st.just(np.nan)
)


@given(st.data())
def test_the_order_is_that_of_a_plain_stable_sort(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 40))
    shape = data.draw(st.sampled_from([(size,), (3, size)]))
    shares = data.draw(arrays.arrays(np.float64, shape, elements=SHARES))
    starts = sorted({0, *data.draw(st.lists(st.integers(0, size), max_size=4))})
    cut = Segments(starts, size)
    segment = np.broadcast_to(cut.of_unit, shape)
    assert (cut.order(shares) == np.lexsort((shares, segment), axis=-1)).all()


@pytest.mark.parametrize("size", [70_000, 3])
def test_shares_closer_than_16_bits_are_told_apart(size: int) -> None:
    """More segments than 16 bits can number, and shares of which the first 16 bits are the same."""
    close = 0.5 + np.arange(2 * size)[::-1] * 1e-15
    cut = Segments(np.arange(size) * 2, 2 * size)
    assert (cut.order(close).reshape(size, 2) == np.arange(2 * size).reshape(size, 2)[:, ::-1]).all()
