"""One report of a batch: made when anything it rests on has changed, and of its notebooks only those that have.

A report carries what it rests on (`made.json`, hashes) and what its notebooks left (`parts.json.gz`), and is put in
place whole with them. So there is no list of finished work beside the reports that could be out of step with them:
after a crash the next batch looks at the reports and goes on. Two batches in one folder take turns by municipality.

Of its own output a batch believes nothing it has not hashed: `made.json` holds its own hash and those of the parts and
of the crate, and the crate those of all other files. What is not what was made is made again.
"""

import errno
import gzip
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from kloof.errors import KloofError, NotebookError, ReportError
from kloof.paths import dump, project_folder, sha256, write_whole
from kloof.run import depends, provenance
from kloof.run.ending import making
from kloof.run.execute import How, Step, execute_languages, remembering
from kloof.run.notebooks import notebook_paths, reads_earlier
from kloof.run.report import (
    bring_back,
    collect,
    command_of,
    keep_failed,
    publish_beside,
    replace_folder,
)
from kloof.store.manifest import read_manifest, store_folder
from kloof.study.parameters import Parameters, parameters, report_name
from kloof.study.study import open_study

MADE, PARTS, REFUSED = "made.json", "parts.json.gz", "refused.json"
REFUSALS = (": ParameterError: ", ": NotComputableError: ")  # what the same figures would meet again
UNCHANGED, DONE, FAILED = "unchanged", "done", "failed"
CHANGED_MEANWHILE = "the store changed while this was made"


@dataclass(frozen=True)
class Order:
    """One report that is wanted. `library` is the hash of the library of who asks: a worker must run the same."""

    preset: str
    municipality: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ("nl", "en")
    limit: float = 600.0
    library: str = ""
    home: str = ""

    @property
    def given(self) -> dict[str, Any]:
        """Parameters by which the notebooks are told apart from those of another order, without the preset."""
        return {**self.overrides, "municipality": self.municipality}


@dataclass(frozen=True)
class Outcome:
    """What became of an order: state, seconds, notebooks that were executed, and why it failed."""

    municipality: str
    state: str
    seconds: float = 0.0
    executed: tuple[str, ...] = ()
    problem: str = ""
    disk_full: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON knows it."""
        return asdict(self)


class Ground:
    """What reports rest on now: rules, figures and notebooks; read once for many orders."""

    def __init__(self) -> None:
        """Read the manifest of the store."""
        self.figures = depends.Figures(read_manifest(store_folder()))
        self._rules: dict[str, dict[str, str]] = {}

    @cached_property
    def paths(self) -> list[Path]:
        """Notebooks in reading order."""
        return notebook_paths()

    @cached_property
    def notebooks(self) -> dict[str, str]:
        """Hash of each notebook with the code it reaches."""
        return {path.stem: depends.notebook(path) for path in self.paths}

    def rules(self, source: str) -> dict[str, str]:
        """Hashes of the files that any result rests on."""
        if source not in self._rules:
            self._rules[source] = depends.rules(source)
        return self._rules[source]


@dataclass(frozen=True)
class Plan:
    """An order beside what is there: its report's folder, what it rests on now, and how the report was made."""

    order: Order
    target: Path
    ground: Ground
    common: str
    rules: Mapping[str, str]
    settled: Mapping[str, Any]
    made: Mapping[str, Any]

    def key(self, stem: str, parts: Mapping[str, str]) -> str:
        """Hash what a notebook's results rest on, apart from the store; the synthesis rests on the earlier parts."""
        before = sorted(part for part in parts.items() if reads_earlier(stem) and not reads_earlier(part[0]))
        return depends.digest([self.common, self.ground.notebooks[stem], before])

    @cached_property
    def same_figures(self) -> bool:
        """Tell whether the store still answers what the report asked."""
        return bool(self.made and self.ground.figures.of(self.made["asked"]) == self.made["figures"])

    @cached_property
    def crate(self) -> provenance.Recorded | None:
        """Give what the crate says that the report was made with; None when that is not there any more."""
        path = self.target / provenance.CRATE
        if not self.made or not path.is_file() or sha256(path) != self.made["crate"]:
            return None
        return provenance.read(self.target)

    @cached_property
    def damage(self) -> dict[str, str]:
        """Say of each file of the report that is not what was made what is wrong with it."""
        if self.crate is None:
            return {provenance.CRATE: "is not what was made"}
        return provenance.damage(self.target, self.crate)

    @cached_property
    def earlier(self) -> dict[str, dict[str, str]]:
        """Give what the notebooks of the report left: notebook → file → text; nothing when it is not what they left."""
        path = self.target / PARTS
        packed = path.read_bytes() if self.made and path.is_file() else b""
        if not packed or hashlib.sha256(packed).hexdigest() != self.made["packed"]:
            return {}
        content: dict[str, dict[str, str]] = json.loads(gzip.decompress(packed))
        return content

    def left(self, name: str) -> bytes | None:
        """Read a file of the report as it was made; None when it is not so any more."""
        return provenance.intact(self.target, name, self.crate) if self.crate else None

    @cached_property
    def same_pages(self) -> bool:
        """Tell whether the same results would give the same pages, and these are there as they were made."""
        return (
            bool(self.made)
            and bool(self.made["publishing"] == depends.publishing())
            and self.made["languages"] == list(self.order.languages)
            and all("notebooks" in Path(name).parts for name in self.damage)
        )

    @property
    def same_debate(self) -> bool:
        """Tell whether what is said of the municipality is what the report tells."""
        return bool(self.made.get("debate", {}) == depends.debate(self.order.municipality))

    @property
    def state(self) -> str:
        """Name the state of library, rules and store in which an answer about the country holds."""
        rules = dict(self.rules)
        return depends.digest([depends.whole_library(), depends.versions(), rules, self.ground.figures.whole])[:16]

    @property
    def whole_state(self) -> str:
        """Name all that may matter to this order, whether or not its report would ask for it."""
        return depends.digest([self.state, self.common, self.ground.notebooks])

    @property
    def refusal(self) -> str:
        """Give the reason for which there could be no report, if nothing at all has changed since; else nothing."""
        told = depends.read_hashed(_failed_folder(self.target) / REFUSED)
        return str(told.get("problem", "")) if told.get("state") == self.whole_state else ""

    @property
    def fresh(self) -> bool:
        """Tell whether the report is there as it was made, and nothing it rests on has changed."""
        if not (self.same_figures and self.same_pages and self.same_debate and self.earlier) or self.damage:
            return False
        wanted = {path.stem: self.key(path.stem, self.made["parts"]) for path in self.ground.paths}
        return bool(wanted == self.made["notebooks"])

    @property
    def known(self) -> Outcome | None:
        """Give the outcome that needs no work: the report is fresh, or nothing changed since it was refused."""
        if self.fresh:
            return Outcome(self.order.municipality, UNCHANGED)
        refusal = self.refusal
        return Outcome(self.order.municipality, FAILED, problem=refusal) if refusal else None


def _parameters(order: Order) -> Parameters:
    return parameters({**order.given, "preset": order.preset, "language": order.languages[0]})


def plan(order: Order, ground: Ground) -> Plan:
    """Look at an order's report; raises ParameterError when its parameters are not valid."""
    p = _parameters(order)
    settled = {name: value for name, value in asdict(p).items() if name != "language"}
    settled["source"] = Path(p.source).name
    rules = ground.rules(p.source)
    target = project_folder() / "reports" / report_name(p)
    return Plan(
        order, target, ground, depends.digest([settled, rules]), rules, settled, depends.read_hashed(target / MADE)
    )


def holds_its_crate(folder: Path) -> bool:
    """Tell whether the crate of a report is the one that a batch made it with; of a report of a run, yes."""
    return not (folder / MADE).is_file() or depends.read_hashed(folder / MADE).get("crate") == sha256(
        folder / provenance.CRATE
    )


def fulfil(order: Order) -> Outcome:
    """Make the report of an order if it is not fresh; whatever goes wrong is in the outcome, and concerns it alone."""
    start = time.monotonic()
    try:
        stand_in(order.home, order.library)
        done = _made_in_turn(order)
    except KloofError as problem:
        done = _failed(order, str(problem))
    except Exception as problem:  # noqa: BLE001 – one municipality's fault must not stop the others
        done = _failed(order, f"{type(problem).__name__}: {problem}")
    return replace(done, seconds=round(time.monotonic() - start, 2))


def stand_in(home: str, library: str) -> None:
    """Let a worker work in the project of who asks, by the same library; what is empty is not looked at.

    Raises KloofError where it runs another version.
    """
    if home:
        os.environ["KLOOF_HOME"] = home
    if library and library != depends.whole_library():
        raise KloofError("This worker runs another version of the library than who asks. Start it again.")


def _failed(order: Order, problem: str) -> Outcome:
    """Say why there is no report; a full disk is told by its number, wherever in a run it was met."""
    full = any(f"[Errno {number}]" in problem for number in (errno.ENOSPC, errno.EDQUOT))
    return Outcome(order.municipality, FAILED, problem=problem, disk_full=full)


def _made_in_turn(order: Order) -> Outcome:
    """Wait until no other batch makes this report, look whether it is needed, and make it."""
    from filelock import FileLock

    name = report_name(_parameters(order))
    locks = project_folder() / "reports" / ".batch"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{name}.lock"):
        bring_back(locks.parent / name)
        wanted = plan(order, Ground())
        if (known := wanted.known) is not None:
            return known
        with making(wanted.target.parent, name) as folder:
            try:
                executed = _make(wanted, folder)
                replace_folder(folder, wanted.target)
            except ReportError as problem:  # a page that is not faithful is no more so when it is made again
                _refuse(wanted, str(problem))
                raise
    return Outcome(order.municipality, DONE, executed=tuple(executed))


def _make(wanted: Plan, folder: Path) -> list[str]:
    """Fill the folder of a report; give the notebooks that were executed, as language/name."""
    order, keys, executed = wanted.order, dict[str, str](), list[str]()
    earlier = wanted.earlier if wanted.same_figures else {}

    def kept(path: Path, language: str, place: Path) -> bool:
        parts = place / "parts" / language
        key = keys[path.stem] = wanted.key(path.stem, _hashed(parts) if reads_earlier(path.stem) else {})
        name = f"{language}/notebooks/{path.name}"
        same = earlier.get(path.stem) and wanted.made["notebooks"].get(path.stem) == key
        if same and (before := wanted.left(name)) is not None:
            write_whole(place / name, before)
            for part, text in earlier[path.stem].items():
                write_whole(parts / part, text)
            return True
        executed.append(f"{language}/{path.stem}")
        return False

    how = How(limit=order.limit, abreast=False, kept=kept, common=commons_folder() / wanted.state, look=False)
    try:
        told = {**order.given, "preset": order.preset}
        execute_languages(wanted.ground.paths, folder, told, order.languages, _say_nothing, how)
    except NotebookError as problem:
        told_all = f"{problem} The notebook up to there is in {keep_failed(folder, _failed_folder(wanted.target))}."
        if any(kind in told_all for kind in REFUSALS):
            _refuse(wanted, told_all)
        raise NotebookError(told_all) from None
    with remembering(folder / "parts"):
        study = open_study({**told, "language": order.languages[0]})
    document = collect(folder / "parts", order.languages, command_of(study, order.preset, order.given))
    if not _pages_taken_over(wanted, folder, dump(document)):
        publish_beside(document, folder, order.languages, study, how)
    asked = {**told, "languages": list(order.languages)}
    provenance.write(folder, document, asked, study.p.source, wanted.ground.paths)
    _write_made(wanted, folder, keys, all_executed=len(executed) == len(keys) * len(order.languages))
    shutil.rmtree(folder / "parts")
    return executed


def _failed_folder(target: Path) -> Path:
    """Folder of what is kept of a report that could not be made."""
    return project_folder() / "reports" / "failed" / target.name


def _refuse(wanted: Plan, problem: str) -> None:
    """Write down why there can be no report as long as nothing changes."""
    depends.write_hashed(_failed_folder(wanted.target) / REFUSED, {"state": wanted.whole_state, "problem": problem})


def _say_nothing(step: Step) -> None:
    """Let a report be made without a word."""
    del step


def _pages_taken_over(wanted: Plan, folder: Path, results: str) -> bool:
    """Take over everything but the notebooks when the results are what they were; tell whether that could be done."""
    if not wanted.same_pages or wanted.crate is None or wanted.left("results.json") != results.encode("utf-8"):
        return False
    for name in wanted.crate.files:
        if "notebooks" in Path(name).parts:
            continue
        if (content := wanted.left(name)) is None:  # changed since it was looked at
            return False
        write_whole(folder / name, content)
    return True


def _hashed(parts: Path) -> dict[str, str]:
    """Hash the parts that notebooks left."""
    return {path.stem: sha256(path) for path in sorted(parts.glob("*.json"))}


def _write_made(wanted: Plan, folder: Path, keys: Mapping[str, str], *, all_executed: bool) -> None:
    """Write down what the report rests on, and what its notebooks left."""
    order = wanted.order
    asked = depends.read_asked(folder / "parts" / "asked")
    if not all_executed:
        asked = sorted([*asked, *(question for question in wanted.made["asked"] if question not in asked)])
    figures = wanted.ground.figures.of(asked)
    if depends.Figures(read_manifest(store_folder())).of(asked) != figures:
        figures = CHANGED_MEANWHILE
    left = folder / "parts" / order.languages[0]
    texts: dict[str, dict[str, str]] = {stem: {} for stem in keys}
    for path in sorted(left.glob("*.json")):
        texts.setdefault(path.stem, {})[path.name] = path.read_text(encoding="utf-8")
    packed = gzip.compress(json.dumps(texts, sort_keys=True, ensure_ascii=False).encode("utf-8"), mtime=0)
    write_whole(folder / PARTS, packed)
    content = {
        "preset": order.preset, "overrides": dict(order.overrides), "municipality": order.municipality,
        "languages": list(order.languages), "parameters": wanted.settled, "rules": dict(wanted.rules),
        "notebooks": dict(keys), "parts": _hashed(left), "asked": asked, "figures": figures,
        "debate": depends.debate(order.municipality),
        "publishing": depends.publishing(), "library": depends.whole_library(), "versions": depends.versions(),
        "packed": hashlib.sha256(packed).hexdigest(), "crate": sha256(folder / provenance.CRATE),
    }  # fmt: skip
    depends.write_hashed(folder / MADE, content)


def commons_folder() -> Path:
    """Folder of what the municipalities of a batch share; it goes when the batch ends."""
    return project_folder() / "reports" / ".batch" / "commons"


def orders(
    preset: str, codes: Sequence[str], overrides: Mapping[str, Any], languages: Sequence[str], limit: float
) -> list[Order]:
    """Write the orders of a batch, one for each municipality."""
    library, home = depends.whole_library(), str(project_folder())
    return [Order(preset, code, dict(overrides), tuple(languages), limit, library, home) for code in codes]
