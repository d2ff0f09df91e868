"""Clearing a notebook: outputs and execution counts go, every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.errors import ParameterError
from kloof.run.clear import cleared

TEXT = st.text(max_size=12)
ANY = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)
CELL = st.fixed_dictionaries({
    "cell_type": st.sampled_from(["code", "markdown", "raw"]), "metadata": st.dictionaries(TEXT, ANY, max_size=2),
    "outputs": st.lists(ANY, max_size=2), "execution_count": st.none() | st.integers(0, 99), "source": st.lists(TEXT),
})  # fmt: skip
LAYOUT = st.sampled_from(
    [{"indent": 1}, {}, {"indent": "\t", "ensure_ascii": False}, {"separators": (" ,  ", " :\r\n")}]
)


@given(st.lists(CELL, max_size=3), st.dictionaries(TEXT.filter(lambda key: key != "cells"), ANY, max_size=2), LAYOUT)
def test_the_text_is_that_of_a_notebook_that_never_ran(cells: list[Any], more: dict[str, Any], layout: Any) -> None:
    """Written by json with the same layout: every byte but those of outputs and counts is compared."""

    def written(ran: bool) -> str:
        own = [
            cell if ran or cell["cell_type"] != "code" else {**cell, "outputs": "@@", "execution_count": None}
            for cell in cells
        ]
        return json.dumps({**more, "cells": own, "nbformat": 4}, **layout).replace('"@@"', "[]")

    assert cleared(written(ran=True)) == written(ran=False)
    assert cleared(written(ran=False)) == written(ran=False)


@pytest.mark.parametrize(
    ("text", "why"),
    [("# text", "it is not JSON"), ("[1]", "no list of cells"), ('{"cells": [1]}', "no list of cells"),
     ('{"worksheets": []}', "no list of cells")],
)  # fmt: skip
def test_what_is_not_a_notebook_is_refused(text: str, why: str) -> None:
    with pytest.raises(ParameterError, match=why):
        cleared(text)
