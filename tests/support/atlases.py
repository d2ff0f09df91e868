"""Reports of made-up municipalities for tests of the site: the committed run of Breda under another name, moved."""

import json
from pathlib import Path
from typing import Any

from kloof.paths import sha256
from kloof.report.publish import FILES
from kloof.run.provenance import CRATE

SYNTHETIC = "GM9001"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330"><path d="M10 10H600" stroke="#000"/></svg>\n'
PLACES = {"GM0758": ("Breda", 0.0), "GM0001": ("Aa en Hunze 2", -30.0), "GM0002": ("'s-Eén & <Zuid>", 60.0)}


def moved(document: dict[str, Any], code: str, name: str, by: float) -> dict[str, Any]:
    """The same results for another place, its changes in euros moved by `by` thousand."""
    text = json.dumps(document, ensure_ascii=False).replace("0758", code[2:])
    made: dict[str, Any] = json.loads(text)
    made["areas"][code] = name
    finding = made["findings"]["04.mean_dwelling_value.absolute"]
    ends = (("low", 17.279), ("high", 65.188), ("rounding_low", 39.702), ("rounding_high", 42.202))
    for end, value in (("estimate", 40.952), *ends):
        finding[end] = value + by
    finding["judgement"] = "HIGHER" if finding["low"] > 0 else "UNCLEAR"
    finding["happened"] = "GREW" if finding["estimate"] > 10 else "WITHIN_ROUNDING"
    if by < 0:  # one report knows less than the others
        del made["findings"]["03.level.crime_rate"], made["overall"]["C11"]
        for section in made["sections"]:
            section["findings"] = [name for name in section["findings"] if name in made["findings"]]
    return made


def write_crate(folder: Path, preset: str = "municipality") -> None:
    """Say of a report folder what its files are, as a run does."""
    files = [
        {"@id": path.relative_to(folder).as_posix(), "@type": "File", "sha256": sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CRATE
    ]
    asked = [
        {"@id": f"#asked-{name}", "@type": "PropertyValue", "name": name, "value": value}
        for name, value in (("preset", preset), ("languages", "nl,en"))
    ]
    (folder / CRATE).write_text(json.dumps({"@graph": [*files, *asked]}), encoding="utf-8")


def write_reports(folder: Path, project: Path, codes: tuple[str, ...] = tuple(PLACES)) -> list[Path]:
    """Write report folders with a page for each language they have."""
    example = json.loads((project / "reports/example/results.json").read_text(encoding="utf-8"))
    made = []
    for code in codes:
        name, by = PLACES.get(code, ("Synthetic town", 0.0))
        own = folder / f"report_{code}"
        languages = ("nl",) if by < 0 else ("nl", "en")
        for language in languages:
            (own / language).mkdir(parents=True)
            page = f"<!doctype html><html lang={language}><title>x</title><p>{code}"
            for file in FILES:
                (own / language / file).write_text(page if file.endswith("html") else "%PDF-1.7", encoding="utf-8")
            (own / language / "figures").mkdir()
            for figure in example["figures"] if by <= 0 else ():  # one report has no picture
                (own / language / "figures" / f"{figure}.svg").write_text(SVG, encoding="utf-8")
        (own / "nl" / "notebooks").mkdir()
        (own / "nl" / "notebooks" / "01.ipynb").write_text("{}", encoding="utf-8")
        text = json.dumps(moved(example, code, name, by), ensure_ascii=False)
        (own / "results.json").write_text(text, encoding="utf-8")
        write_crate(own)
        made.append(own)
    return made
