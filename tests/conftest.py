"""What every test may ask for."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KLOOF_SHARED", PROJECT.parent / "shared"))


@pytest.fixture(scope="session")
def project() -> Path:
    """Folder of this checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the real raw files; skips without them, and fails in CI where they must be."""
    if (SHARED / "data").is_dir() and (SHARED / "peers").is_dir():
        return SHARED
    message = f"the real raw files are not at {SHARED}; set KLOOF_SHARED to the folder that holds data/ and peers/"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
