"""All sessions in both languages, in a kernel as JupyterLab has one: right, wrong, empty and crashed cells."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workshop_room import code_cells, text_of

from kloof.words.numbers import LANGUAGES
from kloof_workshop import answers, checks, exercise, sessions
from kloof_workshop.exercise import NOT_DONE, RIGHT, STOPPED, Answer

WALKS = [(one.number, language) for one in sessions.sessions() if one.number for language in LANGUAGES]


class Kernel:
    """A kernel that runs cells and gives what a participant sees below them."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self.client = manager, client

    def run(self, code: str) -> tuple[str, str]:
        """Run a cell; give what it shows as text, and the name of the error when it stopped."""
        shown, error = [""], [""]

        def listen(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "execute_result":
                data = content["data"]
                shown[0] = data.get("text/markdown", data.get("text/plain", ""))
            elif message["msg_type"] == "stream":
                shown[0] += content["text"]
            elif message["msg_type"] == "error":
                error[0] = content["ename"]

        self.client.execute_interactive(code, output_hook=listen, timeout=120, store_history=False)
        return shown[0], error[0]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, Path]]:
    """One kernel for all walks; each begins with no variables."""
    from jupyter_client.manager import KernelManager

    from conftest import copy_project, home_at

    with home_at(copy_project(tmp_path_factory.mktemp("desk") / "home")) as home:
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(home / "notebooks" / "workshop"), extra_arguments=["--log-level=50"])
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        yield Kernel(manager, client), home / "notebooks" / "workshop"
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def kind_said(text: str, language: str) -> str:
    """Tell from the words on the screen what was judged."""
    table = exercise.words()
    for kind in (RIGHT, NOT_DONE, STOPPED):
        mark, begin = table["say"][kind][language].split("**")[::2]
        if text.startswith(mark) and begin.split("`")[0].strip() in text:
            return kind
    found = re.search(r"\*\*[^*]+\*\* [^*]+\*\*([^*]+)\*\*", text)
    names = {entry[f"title_{language}"]: kind for kind, entry in table["kind"].items()}
    return names.get(found[1], "?") if found else "?"


def slips(right: Any, unit: str, within: float) -> list[tuple[set[str], str]]:
    """What any participant may type for an exercise, as code, with the kinds that name it rightly."""
    word = [
        ({"number_for_word"}, "3"), ({"not_a_choice", "other", "text_for_hypothesis", "no_report"}, "'x'"),
        ({"table_for_word", "table_for_number"}, "[1, 2]"), ({"brackets_forgotten"}, "''.upper"),
    ]  # fmt: skip
    if isinstance(right, str):
        return word
    number = float(right)
    turned = {"sign_turned", "below_zero"}
    made = [
        ({"text_for_number"}, repr(f"{number:.4g}")), ({"table_for_number"}, "[1, 2]"), ({"truth_for_number"}, "True"),
        ({"not_a_number"}, "float('nan')"), ({"brackets_forgotten"}, "[].count"),
        ({"table_for_number"}, "__import__('pandas').DataFrame({'a': [1]})"),
    ]  # fmt: skip
    made += [({"rounded_too_much"}, repr(number + 4 * within))] if unit != "number" else []
    if not number:
        return made
    made += [(turned, repr(-number))]
    made += [({"percentage_for_share"}, repr(number * 100))] if unit in ("share", "index") else []
    made += [({"share_for_percentage"}, repr(number / 100))] if unit in ("percent", "points") else []
    made += [({"euro_for_thousand"}, repr(number * 1000))] if unit == "thousand_euro" else []
    return made


def typical(answer: Answer) -> list[tuple[set[str], str]]:
    """The mistakes that an exercise knows, with the kinds that lead to the same answer."""
    made = []
    for _, value in answer.wrong:
        same = {
            other
            for other, one in answer.wrong
            if one == value
            or (not isinstance(one, str) and not isinstance(value, str) and checks.close(one, value, answer.within))
        }
        made.append((same, repr(value) if isinstance(value, str) else repr(float(value))))
    return made


TALLY: Counter[str] = Counter()


@pytest.mark.xdist_group("workshop_kernel")
@pytest.mark.parametrize(("number", "language"), WALKS)
def test_a_walk_through_a_session(number: int, language: str, desk: tuple[Kernel, Path]) -> None:
    kernel, folder = desk
    source = sessions.session(number)
    kernel.run("%reset -f")
    kernel.run(f"import os; os.chdir({str(folder / language)!r}); import matplotlib; matplotlib.use('agg')")
    # 1. nothing is filled in: every cell runs, and every check says that it is not done
    wanted, said, checked_as = [one for one in answers.exercises() if one[0] == str(number)], "", []
    for cell in code_cells(sessions.build(source, language)):
        shown, error = kernel.run(text_of(cell))
        assert not error, text_of(cell)
        said += shown
        if "check" in cell["metadata"].get("tags", []):
            checked_as.append(kind_said(shown, language))
    assert checked_as == [NOT_DONE] * len(wanted)
    assert ("6 faults in the hypothesis." in said) == (number == 4)
    # 2. the solutions, one exercise after the other: before each the wrong answers, after it a cell that stops
    done = 0
    for cell in code_cells(sessions.build(source, language, sessions.SOLUTION)):
        text, tags = text_of(cell), cell["metadata"].get("tags", [])
        asked = re.search(r"^answer_(\d)_(\d)\b", text, flags=re.M)
        if "report" in tags:  # tried by another test
            wanted = [one for one in wanted if asked is None or one != ".".join(asked.groups())]
            continue
        if asked and asked.groups() != ("4", "1"):  # what that one registers is what the others are about
            wrong_ones(kernel, ".".join(asked.groups()), language)
        shown, error = kernel.run(text)
        assert not error, (text, error)
        if "check" in tags and (checked := re.search(r'"(\d\.\d)"', text)) and checked[1] in wanted:
            done += 1
            assert kind_said(shown, language) == RIGHT, shown
            assert f"**{done} " in shown
            assert "<details>" in shown
            variable = checks.variable(checked[1])
            kernel.run(f"before = {variable}")
            assert kernel.run(f"{variable} = 1 / 0")[1] == "ZeroDivisionError"
            assert kind_said(kernel.run(text)[0], language) == STOPPED
            kernel.run(f"{variable} = before")
            kernel.run(text)
    assert done == len(wanted)
    # 3. handing in
    shown, error = kernel.run(f"from kloof_workshop.record import hand_in\nhand_in({number})")
    assert not error
    (path,) = (folder / language).glob("my_work_*.json")
    assert path.name in shown
    assert str(number) in json.loads(path.read_text(encoding="utf-8"))["sessions"]


def wrong_ones(kernel: Kernel, number: str, language: str) -> None:
    """Type the wrong answers that are known for an exercise, or the slips; none passes."""
    asked = kernel.run(
        f"from kloof_workshop import answers as _answers\n_answer = _answers.answer({number!r}, globals())\n"
        "__import__('json').dumps([_answer.judge is None, _answer.right if isinstance(_answer.right, str) "
        "else float(_answer.right), [[k, v if isinstance(v, str) else float(v)] for k, v in _answer.wrong], "
        "_answer.within, _answer.unit])"
    )[0]
    plain, right, wrong, within, unit = json.loads(eval(asked))
    answer = Answer(right, tuple((kind, value) for kind, value in wrong), within, unit)
    variable = checks.variable(number)
    # the walk in one language types what the exercise knows, the other what any exercise invites: the code is the same
    chosen = typical(answer) if language == "en" else slips(right, unit, within) if plain else []
    for kinds, typed in chosen:
        _, error = kernel.run(f"{variable} = {typed}")
        assert not error
        told = kind_said(kernel.run(f"check({number!r})")[0], language)
        assert told not in (RIGHT, NOT_DONE, STOPPED, "?"), (number, typed, told)
        TALLY["asked"] += 1
        TALLY["named"] += told in kinds
        if told not in kinds:
            TALLY[f"{number} {typed}: {told}, not {'/'.join(sorted(kinds))}"] += 1
        else:
            TALLY[f"kind {told}"] += 1


@pytest.mark.xdist_group("workshop_kernel")
def test_most_mistakes_were_named_rightly() -> None:
    """Over all walks above: enough of them, of enough kinds, and nine in ten under their own name."""
    if not TALLY:
        pytest.skip("the walks were not run here")
    kinds = [name for name in TALLY if name.startswith("kind ")]
    assert TALLY["asked"] >= 120
    assert len(kinds) >= 12
    missed = [name for name in TALLY if ": " in name]
    assert TALLY["named"] / TALLY["asked"] >= 0.9, missed
