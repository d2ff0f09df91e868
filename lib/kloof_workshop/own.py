"""A hypothesis of one's own, registered before it is tested: a preset file with the claim in it, and its hash.

What a hypothesis must be and how it is written down is that of `kloof.study.hypotheses`; here it becomes a preset, so
that its report is made by the command that any report is made by.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kloof.documents import read_toml
from kloof.errors import ParameterError, ReportError, faults
from kloof.findings import Finding
from kloof.methods.gap import ABSOLUTE
from kloof.paths import project_folder, write_whole
from kloof.questions import gap_changes
from kloof.report.publish import FILES
from kloof.results import read_results
from kloof.study import hypotheses
from kloof.study.parameters import presets_folder, read_preset
from kloof.study.study import Study, open_study

BEGIN = "my_"
NEEDED = ("indicator", "measure", "expected", "smallest_effect", "because")
_HEAD = "# A hypothesis, registered before it was tested. Do not change it: register another one.\n"


@dataclass(frozen=True)
class Hypothesis:
    """What was written down: the gap of `indicator` was expected to become HIGHER or LOWER; `sha256` is of the file."""

    name: str
    indicator: str
    measure: str
    expected: str
    smallest_effect: float
    because: str
    sha256: str

    @property
    def command(self) -> str:
        """The command that makes its report."""
        return f"kloof run --preset {self.name}"

    def study(self, language: str) -> Study:
        """Open the study of this hypothesis."""
        return open_study({"preset": self.name, "language": language})


def path_of(name: str) -> Path:
    """Give the file of a hypothesis."""
    return presets_folder() / f"{name}.toml"


def register(name: str, claim: Mapping[str, Any], **changes: Any) -> Hypothesis:
    """Write a hypothesis down before it is tested: `claim` says what is expected, `changes` where to look.

    claim: indicator, measure ("absolute" or "relative"), expected ("HIGHER" or "LOWER": the gap), smallest_effect (in
    the unit of the gap), because (one sentence). changes: parameters that differ from the preset `breda`, such as
    focus, year_from, municipality, source. Registering the same again is no harm; another content under a name that
    is taken raises ParameterError, as do all faults of the claim at once.
    """
    found = hypotheses.faults_of_new(name, claim, NEEDED, (), BEGIN)
    if found:
        raise ParameterError(faults("the hypothesis", found, "Correct it, then register again."))
    said, where = dict(sorted(claim.items())), _parameters(claim, changes)
    content = f"{_HEAD}[hypothesis]\n{hypotheses.as_toml(said)}\n[parameters]\n{hypotheses.as_toml(where)}"
    path = path_of(name)
    if path.exists() and path.read_text(encoding="utf-8") != content:
        raise ParameterError(
            f"{name} is registered already with other content: a hypothesis is not changed afterwards. "
            f"Choose another name, such as {name}_2."
        )
    if not path.exists():
        write_whole(path, content)
        try:
            open_study({"preset": name})
        except ParameterError:
            path.unlink()
            raise
    return read_hypothesis(name)


def _parameters(claim: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the parameters of a hypothesis with those of the default preset."""
    base = dict(read_preset("breda")["parameters"])
    focus = str(changes.get("focus", base["focus"]))
    base |= {"indicators": [claim["indicator"]], "levels": list(dict.fromkeys([*base["levels"], claim["indicator"]]))}
    if changes.get("source", base["source"]) != base["source"]:
        brought = {"comparisons": [], "published": "", "groups": [], "levels": [claim["indicator"]]}
        base |= {**brought, "focus_variants": [focus]}
    else:
        base["focus_variants"] = list(dict.fromkeys([focus, *base["focus_variants"]]))
    if claim["measure"] == ABSOLUTE:
        base["smallest_effects"] = {claim["indicator"]: float(claim["smallest_effect"])}
    return {**base, **changes}


def read_hypothesis(name: str) -> Hypothesis:
    """Read a registered hypothesis. Raises ParameterError when there is none under this name."""
    path = path_of(name)
    if not path.is_file():
        raise ParameterError(f"no hypothesis {name!r} is registered; register it first.")
    claim = read_toml(path, ParameterError).get("hypothesis")
    if not isinstance(claim, dict):
        raise ParameterError(f"{path.name} is a preset without a hypothesis; register one under another name.")
    return Hypothesis(name=name, sha256=hypotheses.stamp_of(path.read_text(encoding="utf-8")), **claim)


def tested(hypothesis: Hypothesis, study: Study) -> dict[str, Finding]:
    """Compute the change of the gap that the hypothesis is about, under its focus list (the first) and the others.

    The smallest change that matters is the one that was registered.
    """
    made = {}
    for focus in study.variants:
        found = gap_changes.follow(study, hypothesis.indicator, focus)
        number = f"my.{hypothesis.indicator}.{hypothesis.measure}"
        finding = gap_changes.change_of_gap(study, found, hypothesis.measure, number, focus)
        made[focus.name] = replace(finding, smallest_effect=float(hypothesis.smallest_effect))
    return made


def report(hypothesis: Hypothesis, language: str) -> str:
    """Make the report of a hypothesis with the command a reader would type; return its folder in the project.

    A report that is there already, made with these parameters in this language, is not made again. Raises ReportError
    with what the command said when it fails.
    """
    folder = project_folder() / "reports" / hypothesis.name
    there = all((folder / language / name).is_file() for name in FILES)
    if not (there and preset_of(folder) == hypothesis.name):
        words = [sys.executable, "-m", "kloof.cli.main", *hypothesis.command.split()[1:], "--language", language]
        ended = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)
        if ended.returncode:
            raise ReportError(f"the report could not be made: {ended.stderr.strip().splitlines()[-1]}")
    return folder.relative_to(project_folder()).as_posix()


def preset_of(folder: Path) -> str | None:
    """Tell which preset a report was made with; None when there is no report in the folder."""
    try:
        content = read_results(folder)
    except ReportError:
        return None
    return str(content["parameters"].get("preset"))
