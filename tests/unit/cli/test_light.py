"""A command that computes nothing loads nothing that computes: what it imports, not how long it takes."""

import subprocess
import sys
import tomllib

import pytest

from conftest import PROJECT

HEAVY = {*tomllib.loads((PROJECT / "tests" / "architecture.toml").read_text(encoding="utf-8"))["heavy"]}
HEAVY = HEAVY - {"pyarrow", "duckdb"} | {"scipy", "IPython", "nbformat"}  # pandas loads one, the store the other
WATCH = """
import sys
from kloof.cli.main import main
sys.argv = ["kloof", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("words", "also"),
    [
        ("--help", {"pandas", "numpy"}),
        ("run --help", {"pandas", "numpy"}),
        ("--version", {"pandas", "numpy"}),
        ("show 04 --json", set()),
        ("list notebooks", {"duckdb"}),
        ("list indicators", {"duckdb"}),
        ("list indices", {"duckdb"}),
        ("list", set()),
        ("show 04", set()),
    ],
)
def test_what_only_tells_loads_no_heavy_package(words: str, also: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *words.split()], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stderr.rpartition("loaded ")[2].split()}
    assert "kloof" in loaded
    assert not loaded & (HEAVY | also)
