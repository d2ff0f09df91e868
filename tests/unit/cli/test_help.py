"""The help of every command is in one voice, and nothing of the code leaks into it; the shell completes names."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

import kloof
from conftest import PROJECT, CommandLine
from kloof.cli.complete import SAFE
from kloof.cli.main import program

LEAKS = re.compile(r"Raises|Args:|Returns:|>>>|`|\w+Error\b|\bNone\b|\bself\b|:param|->|\bTODO\b|[a-z]\.[a-z_]+\(")
ABBREVIATED = re.compile(r"\b(e\.g|i\.e|etc|incl|excl|resp|approx|dir|num|param|params|config|info)\b")
NO_VERBS = {"a", "an", "the", "what", "how", "this", "it", "kloof", "open", "hypotheses"}
OF_TYPER = ("install_completion", "show_completion", "help")


def every(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Walk over all commands, groups included."""
    yield " ".join(("kloof", *names)), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every(inner, *names, name)


COMMANDS = dict(every(typer.main.get_command(program())))
PARAMETERS = [
    (name, one) for name, command in COMMANDS.items() for one in command.params if one.name not in OF_TYPER
]  # fmt: skip


def test_there_are_many() -> None:
    assert len(COMMANDS) > 35
    assert len(PARAMETERS) > 140


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_told_in_sentences_the_first_an_order(name: str) -> None:
    said = COMMANDS[name].help
    first, *more = said.split("\n\n")
    verb = first.split()[0]
    assert re.fullmatch("[A-Z][a-z]+", verb), "it begins with a verb"
    assert not re.search(r"(?<!s)s$", verb), f"{verb!r}: what it does is said as an order"
    assert verb.lower() not in NO_VERBS
    assert all(part.rstrip().endswith(".") for part in (first, *more)), "a full stop ends a sentence"
    assert "\n" not in first, "one line, which the list of commands shows whole"
    assert len(first) <= 120
    assert not LEAKS.search(said)
    assert not ABBREVIATED.search(said)


@pytest.mark.parametrize(("name", "one"), PARAMETERS, ids=[f"{name} {one.name}" for name, one in PARAMETERS])
def test_an_option_is_told_in_a_phrase(name: str, one: Any) -> None:
    said = one.help
    assert said, f"{name} {one.name} has no help"
    assert re.match(r"[a-z][a-z-]+[ ,;:]|\w+s?$", said), "it begins with a word in small letters: a thing, or an order"
    assert not said.endswith((".", ";", ":"))
    assert "\n" not in said
    assert not LEAKS.search(said)
    assert not ABBREVIATED.search(said)


def test_the_same_option_is_the_same_everywhere() -> None:
    for option in ("--json", "--workers"):
        told = {one.help.partition(";")[0] for _, one in PARAMETERS if option in one.opts}
        assert len(told) <= (1 if option == "--json" else 3), told


def test_the_version_has_one_home(command_line: CommandLine) -> None:
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert kloof.__version__ == declared
    assert command_line("--version") == (0, f"kloof {declared}\n", "")


def completed(*words: str, shell: str = "bash") -> list[str]:
    """What a shell is given for the last of these words."""
    typed = ["kloof", *words]
    asked = {
        "_KLOOF_COMPLETE": f"complete_{shell}", "COMP_WORDS": " ".join(typed), "COMP_CWORD": str(len(typed) - 1),
        "_TYPER_COMPLETE_ARGS": " ".join(typed),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "kloof.cli.main"], env={**os.environ, **asked}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("ver",), ["verify", "verdicts"]),
        (("country", "seg"), ["segregation"]),
        (("run", "--pre"), ["--preset"]),
        (("run", "--preset", "hee"), ["heerlen"]),
        (("show", "04"), ["04_did_the_gap_grow"]),
        (("list", "indi"), ["indicators", "indices"]),
        (("country", "change", "mean_dw"), ["mean_dwelling_value"]),
        (("measure", "x.csv", "--index", "dissim"), ["dissimilarity"]),
        (("batch", "--municipality", "GM0758"), ["GM0758"]),
        (("data", "fetch", "--source", "kwb"), ["kwb"]),
        (("run", "--preset", "nothing_is_called_so"), []),
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_shell_completes(words: tuple[str, ...], some: list[str]) -> None:
    found = completed(*words)
    assert set(some) <= set(found)
    assert all(one.startswith(words[-1]) for one in found)


def test_what_is_put_in_the_line_of_a_shell_does_nothing_there() -> None:
    assert SAFE.fullmatch("04_did_the_gap_grow")
    assert not any(SAFE.fullmatch(name) for name in ("$(touch x)", "a b", "a;b", "`x`", "a'b", "*"))
    (line,) = completed("batch", "--municipality", "GM0758", shell="zsh")
    assert "GM0758" in line and "Breda" in line


def test_the_shell_is_told_how_to_ask(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_KLOOF_COMPLETE", "source_bash")
    code, out, _ = command_line()
    assert code == 0
    assert "_KLOOF_COMPLETE=complete_bash" in out
    assert out.rstrip().endswith("complete -o default -F _kloof_completion kloof")
