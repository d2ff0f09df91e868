"""Looks whether a laptop is ready for the workshop: Python, packages, fonts, kernel, data, write access."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kloof.errors import KloofError
from kloof.paths import data_folder, project_folder
from kloof.report.page import package_folder
from kloof.study.load import verify
from kloof_workshop.exercise import words

OLDEST, NEWEST = (3, 11), (3, 13)
OPTIONAL = ("ipywidgets",)  # without it the sliders are still pictures
FONTS = {"font_source_sans_pro": "SourceSansPro-Regular", "font_source_serif_pro": "SourceSerifPro-Regular"}
NEEDED_BYTES = 300_000_000


@dataclass(frozen=True)
class Look:
    """One thing looked at: "good", "warning" (the workshop can go on) or "bad", and what was seen."""

    what: str
    state: str
    seen: str


def examine() -> list[Look]:
    """Look at everything and give what was seen, in order. Never raises: what cannot be looked at is bad."""
    return [look() for look in (python, packages, widgets, kernel, fonts, data, write_access, room)]


def python() -> Look:
    """Look at the version of Python."""
    seen = ".".join(map(str, sys.version_info[:3]))
    good = OLDEST <= sys.version_info[:2] <= NEWEST
    return Look("python", "good" if good else "bad", seen)


def requirements() -> list[tuple[str, str]]:
    """List the packages that kloof, with all its parts, asks for, with the version ranges that are known to work."""
    from packaging.requirements import Requirement

    asked = [Requirement(one) for one in metadata.requires("kloof") or []]
    here = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": "all"})]
    return [(one.name, str(one.specifier)) for one in here if one.name != "kloof"]


def packages() -> Look:
    """Look whether every package is there in a version that is known to work."""
    from packaging.specifiers import SpecifierSet

    wrong = []
    wanted = requirements()
    for name, versions in wanted:
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            if name not in OPTIONAL:
                wrong.append(f"{name} –")
            continue
        if not SpecifierSet(versions).contains(here, prereleases=True):
            wrong.append(f"{name} {here} ({versions})")
    return Look("packages", "bad" if wrong else "good", ", ".join(wrong) or f"{len(wanted)}")


def widgets() -> Look:
    """Look whether sliders can move."""
    try:
        return Look("widgets", "good", f"ipywidgets {metadata.version('ipywidgets')}")
    except metadata.PackageNotFoundError:
        return Look("widgets", "warning", "–")


def kernel() -> Look:
    """Look whether Jupyter finds a Python kernel, and whether it is the one of this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Look("kernel", "bad", "–")
    same = not Path(command).is_absolute() or Path(command).parent.resolve() == Path(sys.executable).parent.resolve()
    return Look("kernel", "good" if same else "warning", "python3" if same else command)


def fonts() -> Look:
    """Look whether the letters of the figures are there."""
    missing = []
    for package, font in FONTS.items():
        try:
            if not list((package_folder(package) / "files").rglob(f"{font}*")):
                missing.append(font)
        except KloofError:
            missing.append(font)
    return Look("fonts", "bad" if missing else "good", ", ".join(missing) or ", ".join(FONTS.values()))


def data() -> Look:
    """Look whether the embedded figures are what their registry says."""
    try:
        verify(data_folder() / "breda")
    except (KloofError, OSError) as problem:
        return Look("data", "bad", str(problem)[:100])
    return Look("data", "good", "data/breda")


def writable(folder: Path) -> bool:
    """Tell whether a file can be made in a folder (or in the nearest folder above that exists)."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def write_access() -> Look:
    """Look whether answers and reports can be saved."""
    places = [project_folder() / "notebooks" / "workshop", project_folder() / "notebooks" / "presets"]
    places.append(project_folder() / "reports")
    wrong = [place.relative_to(project_folder()).as_posix() for place in places if not writable(place)]
    return Look("write_access", "bad" if wrong else "good", ", ".join(wrong) or "notebooks, reports")


def room() -> Look:
    """Look whether there is room on the disk for a report."""
    free = shutil.disk_usage(project_folder()).free
    return Look("room", "good" if free >= NEEDED_BYTES else "warning", f"{free // 1_000_000} MB")


SIGNS = {"good": "✓", "warning": "!", "bad": "✗"}


def screen(looks: list[Look], language: str) -> str:
    """Write what was seen in one screen, with what to do about it."""
    table = words()["doctor"]
    lines = [f"{SIGNS[one.state]} {table[one.what][language]:<22} {one.seen}" for one in looks]
    advice = [f"  {table[one.what][f'help_{language}']}" for one in looks if one.state != "good"]
    worst = "bad" if any(one.state == "bad" for one in looks) else "good"
    return "\n".join([*lines, *([""] if advice else []), *advice, "", table[worst][language]])
