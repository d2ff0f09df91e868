"""TOML and JSON that cannot be read are refused by name, and what stands in them wrongly is told with its place."""

from pathlib import Path
from typing import Any

import pytest

from kloof.documents import ANY, DEEPEST, misfits, read_json, read_toml
from kloof.errors import CatalogueError, ReportError

TEXT, NUMBER = (str,), (int, float)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b'a = "caf\xe9"',
            r"own name is not text in UTF-8 \(invalid continuation byte at byte 9\)\. Save it as UTF-8\.",
        ),
        (b"a = ", "own name is not valid TOML: "),
        (b"a = " + b"9" * 10_000, "own name is not valid TOML: Exceeds the limit"),
        (b"a = " + b"[" * 9000 + b"]" * 9000, "own name is nested deeper than 32 levels"),
        (b"a." * 9000 + b"a = 1", "own name is nested deeper than 32 levels"),
        (b"a = " + b"[" * DEEPEST + b"]" * DEEPEST, "own name is nested deeper than 32 levels"),
        (b"a = 1\nb = 'x'", r"2 faults in own name\. \(1\) /a is a number, not text \(2\) /b is text, not a list"),
    ],
)
def test_toml_that_cannot_be_read(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match=says):
        read_toml(path, CatalogueError, "own name", {"a?": TEXT, "b?": []})


def test_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfa = " + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1))  # with the mark of some editors
    assert len(str(read_toml(path, CatalogueError)["a"])) == 2 * (DEEPEST - 1)
    path.write_bytes(b'{"a": [1, "\xc3\xa9"]}')
    assert read_json(path, ReportError) == {"a": [1, "é"]}
    with pytest.raises(ReportError, match=r"a\.toml is not valid JSON: "):
        path.write_bytes(b"{")
        read_json(path, ReportError)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "nothing", ReportError)


@pytest.mark.parametrize(
    ("value", "wanted", "found"),
    [
        ({"a": 1.5}, {"a": NUMBER}, []), ({"a": True}, {"a": NUMBER}, ["/a is true or false, not a number"]),
        ({"a": None}, {"a": (*NUMBER, type(None))}, []), ({}, {"a": NUMBER, "b?": TEXT, "c": TEXT}, ["it lacks a, c"]),
        ({"a": 1, "b": 2}, {"a": NUMBER, "b?": TEXT}, ["/b is a number, not text"]),
        ([], {"a": NUMBER}, ["the whole is a list, not a table"]),
        ({"a": {"x": [1, "y"]}}, {"a": {ANY: [TEXT]}}, ["/a/x/0 is a number, not text"]),
        ({"a": {"x": "1", "n": 2}}, {"a": {ANY: TEXT, "n": TEXT}}, ["/a/n is a number, not text"]),
        ({"a": ["x", 1, None]}, {"a": []}, []), ({"a": {1: 2}}, {"a": []}, ["/a is a table, not a list"]),
    ],
)  # fmt: skip
def test_what_stands_where_another_thing_should(value: Any, wanted: Any, found: list[str]) -> None:
    assert list(misfits(value, wanted)) == found
