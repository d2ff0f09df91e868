"""A refusal in a notebook says its message first, without the frames of the library; elsewhere nothing changes."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from kloof.errors import KloofError, ParameterError, refusal

SLIP = "import kloof\nwanted = {'indicators': ['mean_dweling_value']}\nstudy = kloof.open_study(wanted)"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Run two cells in a kernel and give the lines of their errors."""
    cells = [nbformat.v4.new_code_cell(source) for source in (SLIP, "1 / 0")]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    where: Path = tmp_path_factory.mktemp("notebook")
    NotebookClient(
        notebook, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": where}}
    ).execute()
    return ["\n".join(cell.outputs[-1].traceback).splitlines() for cell in notebook.cells]


def test_a_notebook_shows_the_message_first_and_only_the_readers_line(shown: list[list[str]]) -> None:
    message, *lines = shown[0]
    assert message.startswith("ParameterError: ")
    assert "indicator 'mean_dweling_value' is not in the catalogue" in message
    assert lines == ["Line 3: study = kloof.open_study(wanted)"]


def test_another_error_in_a_notebook_is_as_it_was(shown: list[list[str]]) -> None:
    assert "Traceback" in "".join(shown[1][:2])
    assert "ZeroDivisionError" in shown[1][-1]


def test_a_plain_traceback_is_unchanged() -> None:
    done = subprocess.run([sys.executable, "-c", SLIP], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "study.py" in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("kloof.errors.ParameterError: ")


def test_without_a_frame_of_the_reader_there_is_the_message_alone() -> None:
    assert ParameterError("a\nb")._render_traceback_() == ["ParameterError: a\nb"]
    assert KloofError("x")._render_traceback_() == ["KloofError: x"]


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            "a/b cannot be read or written: the disk is full ([Errno 28] No space left on device). Make room, then "
            "type the same again.",
        ),
        (FileNotFoundError(errno.ENOENT, "No such", "x.csv"), "x.csv cannot be read or written: it is not there "),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), "it is a folder, and a file is meant "),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "x"), "a file is where a folder is meant "),
        (
            PermissionError(errno.EACCES, "Permission denied", "x", None, "y"),
            "y cannot be read or written: you have no ",
        ),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x"), "the name is longer than the system allows "),
        (OSError(errno.ELOOP, "Too many levels", "x"), "it is a link that leads back to itself "),
        (
            OSError(errno.EDOM, "Out of domain", "x"),
            f"x cannot be read or written ([Errno {errno.EDOM}] Out of domain).",
        ),
        (OSError("no number"), "what is printed, or a file, cannot be read or written (no number)."),
        (
            shutil.Error([("from", "to", f"[Errno {errno.ENOSPC}] No space left on device"), ("a", "b", "c")]),
            f"to cannot be read or written: the disk is full ([Errno {errno.ENOSPC}] No space left on device).",
        ),
    ],
)
def test_what_the_system_refuses_is_said_in_words(problem: OSError, says: str) -> None:
    assert says in refusal(problem)
