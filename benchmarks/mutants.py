"""Would the tests notice? One small fault at a time is put in a copy of the library, and tests of its place are run.

A fault turns a comparison, a sign, a number, a condition or what is returned; a seed draws them, as many in each room
as in any other. Tests named after the module run first, then those that name it, then the others of its room, until
one fails (killed) or all pass (survived). Prints each fault, and the share killed of those that can be noticed: what
is in EQUIVALENT changes nothing, and lengths on paper (LENGTHS) are looked at by eye.
"""

import argparse
import ast
import contextlib
import importlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict, namedtuple
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LENGTHS = r"kloof/figures/(?!shapes)|kloof_workshop/(sketch|experiments|slides)|report/pdf\.py"
SLOW = ("scipy.stats", "statsmodels.api", "matplotlib.figure", "pyarrow.parquet", "duckdb", "pandas")
ANSWER, TOO_LONG = ".answer", "the tests took too long"
TURNED = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt,), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip
NAMED = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any"}
Fault = namedtuple("Fault", "path line start end said new")  # from byte start to end of a module stands something new
EQUIVALENT = (  # what no test can see
    r" strict=True",  # things that are equally long need not be
    r"want \* share < need",  # where both are equal the room is divided alike
)


def turned(node: ast.AST) -> Iterator[ast.AST]:
    """Give what may stand in place of a node."""
    match node:
        case ast.Compare(left, signs, others):
            for place, sign in enumerate(signs):
                for other in TURNED[type(sign)]:
                    yield ast.Compare(left, [*signs[:place], other(), *signs[place + 1 :]], others)
        case ast.BinOp(ast.JoinedStr() | ast.Constant(str())) | ast.BinOp(right=ast.JoinedStr() | ast.Constant(str())):
            return  # no other sign joins texts
        case ast.BinOp(left, sign, right) if type(sign) in TURNED:
            yield ast.BinOp(left, TURNED[type(sign)][0](), right)
        case ast.BoolOp(sign, values):
            yield ast.BoolOp(TURNED[type(sign)][0](), values)
        case ast.UnaryOp(ast.Not() | ast.USub(), inner):
            yield inner
        case ast.Name(name, ast.Load()) if name in NAMED:
            yield ast.Name(NAMED[name])
        case ast.Attribute(value, name, ast.Load()) if name in NAMED:
            yield ast.Attribute(value, NAMED[name])
        case ast.Constant(int(value) | float(value)):
            yield from map(ast.Constant, [not value] if isinstance(value, bool) else [value + 1, value - 1])
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
            if isinstance(value, ast.BinOp):
                yield ast.Return(ast.UnaryOp(ast.USub(), value))


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Go through the code that runs: no annotations or decorators, nothing inside a text or for the type checker."""
    yield tree
    if isinstance(tree, ast.JoinedStr) or (isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING"):
        return
    left_out = {id(getattr(tree, name, None)) for name in ("annotation", "returns")}
    left_out |= set(map(id, getattr(tree, "decorator_list", ())))
    for inner in ast.iter_child_nodes(tree):
        if id(inner) not in left_out:
            yield from nodes(inner)


def fault_of(path: Path, node: ast.AST, other: ast.AST) -> Fault:
    """Say where a node stands in its module, and what is put there."""
    source, new = (PROJECT / path).read_bytes(), ast.unparse(other)
    begins = list(accumulate(map(len, source.splitlines(keepends=True)), initial=0))
    start, end = begins[node.lineno - 1] + node.col_offset, begins[node.end_lineno - 1] + node.end_col_offset
    guard = "strict=" if source[:start].endswith(b"strict=") else ""
    said = " ".join(f"{path}  {guard}{source[start:end].decode()} -> {new}".split())
    return Fault(path, node.lineno, start, end, said, new if isinstance(other, ast.Return) else f"({new})")


def room_of(path: Path) -> str:
    """Name the folder of tests/unit that a module belongs to."""
    _, home, *inner = path.parts
    return home.removeprefix("kloof_") if home != "kloof" else inner[0] if len(inner) > 1 else "hall"


def chosen(seed: int, count: int, text: str) -> list[Fault]:
    """Draw faults, as many from each room; give those with a text in their line."""
    by_room = defaultdict(list)
    for path in sorted((PROJECT / "lib").rglob("*.py")):
        own, drawing = path.relative_to(PROJECT), re.search(LENGTHS, path.as_posix())
        for node in nodes(ast.parse(path.read_bytes())):
            if not (drawing and isinstance(node, ast.Constant)):
                by_room[room_of(own)] += [(own, node, other) for other in turned(node)]
    drawn = {name: random.Random(f"{seed} {name}").sample(own, min(count, len(own))) for name, own in by_room.items()}
    order = [(place, name) for place in range(count) for name in sorted(drawn) if place < len(drawn[name])][:count]
    found = [fault_of(*drawn[name][place]) for place, name in order]
    return [one for one in found if text in one.said and not any(re.search(line, one.said) for line in EQUIVALENT)]


def naming(paths: list[Path], stems: list[str]) -> list[Path]:
    """Give the files that import a module of one of these names."""
    word = re.compile(rf"(?m)^.*import.*\b({'|'.join(stems)})\b|^from \S*\.({'|'.join(stems)}) import")
    return [path for path in paths if stems and word.search(path.read_text(encoding="utf-8"))]


def tests_of(path: Path) -> list[list[str]]:
    """Give the tests of a module: those named after it, of its room, of others; else of those that import it."""
    room = sorted((PROJECT / "tests" / "unit" / room_of(path)).glob("test_*.py"))
    others = [one for part in ("unit/*", "oracles") for one in sorted((PROJECT / "tests").glob(f"{part}/test_*.py"))]
    own = [one for one in room if one.stem.startswith(f"test_{path.stem}")]
    near = naming(room, [path.stem])
    users = [one.stem for one in naming(sorted((PROJECT / path).parent.glob("*.py")), [path.stem])]
    near = near if own or near else naming(room, users) or room
    far = [one for one in naming(others, [path.stem]) or naming(others, users) if one not in room][:6]
    rest = [one for one in room if one not in (*own, *near)]
    steps = (own, [one for one in near if one not in own], far, rest)
    return [[str(one.relative_to(PROJECT)) for one in step] for step in steps if step]


def attempt(fault: Fault, home: Path, limit: int) -> str:
    """Run the tests on a copy of the project with a fault in it, in this process; give the one that failed."""
    source = (home / fault.path).read_bytes()
    (home / fault.path).write_bytes(source[: fault.start] + fault.new.encode() + source[fault.end :])
    os.chdir(home)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))
    signal.alarm(limit)
    sys.path[:0] = paths = [str(home / name) for name in ("lib", "tests/support")]
    os.environ |= {"KLOOF_HOME": str(home), "PYTHONPATH": os.pathsep.join(paths)}
    os.environ.setdefault("KLOOF_SHARED", str(PROJECT.parent / "shared"))  # else the tests on real files are skipped
    for step in tests_of(fault.path):
        with contextlib.redirect_stdout(said := io.StringIO()):
            code = pytest.main(["-x", "-q", "--tb=no", "-n0", "-p", "no:cacheprovider", *step])
        if code != 0:
            failed = re.search(r"(?m)^(?:FAILED|ERROR) (\S+)", said.getvalue())
            return failed[1] if failed else f"pytest ended with {code}"
    return ""


def copied(home: Path) -> Path:
    """Copy what git knows, or would take, of the project."""
    known = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT, text=True)
    for name in known.split("\0")[:-1]:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, home / name)
    return home


def tried(faults: list[Fault], folder: Path, workers: int, limit: int) -> Iterator[tuple[Fault, str]]:
    """Try faults beside each other; give each with the test that failed, or nothing, as they are done."""
    list(map(importlib.import_module, SLOW))  # once, and not in each process
    free, waiting, running = [copied(folder / str(number)) for number in range(workers)], faults[::-1], {}
    while waiting or running:
        while waiting and free:
            home, fault = free.pop(), waiting.pop()
            (home / ANSWER).unlink(missing_ok=True)
            before = (home / fault.path).read_bytes()
            if (child := os.fork()) == 0:
                os.setpgid(0, 0)
                try:
                    (home / ANSWER).write_text(attempt(fault, home, limit), encoding="utf-8")
                finally:
                    os.killpg(0, signal.SIGKILL)  # itself, and what the tests have left
            running[child] = fault, home, before
        child, _ = os.wait()
        fault, home, before = running.pop(child)
        (home / fault.path).write_bytes(before)
        free.append(home)
        yield fault, (home / ANSWER).read_text(encoding="utf-8") if (home / ANSWER).is_file() else TOO_LONG


def main() -> None:
    """Try the faults and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100, help="how many faults")
    parser.add_argument("--only", default="", help="only those with this text in their line")
    parser.add_argument("--workers", type=int, default=1, help="how many beside each other")
    parser.add_argument("--limit", type=int, default=600, help="seconds for the tests of one fault")
    choice, killed = parser.parse_args(), 0
    faults = chosen(choice.seed, choice.count, choice.only)
    with tempfile.TemporaryDirectory(prefix="kloof-mutants-") as folder:
        for fault, by in tried(faults, Path(folder), choice.workers, choice.limit):
            killed += (dead := by not in ("", TOO_LONG))
            print("killed  " if dead else "SURVIVED", f"{fault.line:>4} {fault.said}  {by}", flush=True)
    print(f"{killed} of {len(faults)} faults killed: {100 * killed / len(faults):.0f} percent (seed {choice.seed})")


if __name__ == "__main__":
    main()
