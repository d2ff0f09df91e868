"""Spoilt copies of real files are stored right or refused; none goes into the store silently wrong."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from spoilt import Original, Spoilt, copies, judge, originals, summary

from kloof.catalogue import Catalogue

pytestmark = pytest.mark.shared

KEYS = ("amsterdam_2017", "amsterdam_2019", "fields_2017", "heerlen_2016", "heerlen_2017", "pc4_2017")
KINDS = 39  # of mistakes; not every file can have each
ONE_IN = 25  # copies that are judged, besides the first of every kind


@pytest.fixture(scope="module")
def files(shared: Path, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Original]:
    found = originals(shared / "data", catalogue, tmp_path_factory.mktemp("originals"))
    return {one.key: one for one in found}


def chosen(one: Original, folder: Path) -> Iterator[Spoilt]:
    """One copy of each kind, at another place in each file, and some of the others."""
    by_kind: dict[str, list[Spoilt]] = {}
    for copy in copies(one, folder):
        by_kind.setdefault(copy.kind, []).append(copy)
    for kind, found in by_kind.items():
        first = crc32(f"{one.key} {kind}".encode()) % len(found)
        yield from (copy for n, copy in enumerate(found) if n == first or (n - first) % ONE_IN == 0)


@pytest.mark.parametrize("key", KEYS)
def test_no_copy_is_stored_silently_wrong(
    key: str, files: dict[str, Original], tmp_path: Path, catalogue: Catalogue
) -> None:
    outcomes = [judge(copy, tmp_path, catalogue) for copy in chosen(files[key], tmp_path)]
    wrong = [(one.spoilt.kind, one.spoilt.where, one.shown) for one in outcomes if one.verdict == "wrong"]
    assert not wrong, summary(outcomes)
    assert any(one.verdict == "right" for one in outcomes)  # not all is refused


def test_every_kind_of_mistake_is_tried(files: dict[str, Original], tmp_path: Path) -> None:
    kinds = Counter(copy.kind for one in files.values() for copy in chosen(one, tmp_path))
    assert len(kinds) == KINDS
    assert kinds.total() >= 78


def test_the_originals_are_read_as_they_are(files: dict[str, Original], tmp_path: Path, catalogue: Catalogue) -> None:
    from spoilt import written

    assert tuple(files) == KEYS
    for one in files.values():
        name, data = written(one, tmp_path, one.titles, one.rows)
        outcome = judge(Spoilt("none", "", name, data, one.truth, one.municipality), tmp_path, catalogue)
        assert outcome.verdict == "right", outcome.shown
