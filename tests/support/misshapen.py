"""Files that are not what is asked for: no text, no end to their depth, a results.json of another shape."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from atlases import write_crate

from kloof.report.publish import FILES

DEPTH = 5000  # far beyond what any interpreter follows
LONG = "n" * 300  # longer than a name may be
Document = dict[str, Any]

TEXTS: Mapping[str, bytes] = {
    "nothing": b"",
    "no_json": b"{",
    "no_utf8": b'{"place": "\xff\xfe"}',
    "deep": b"[" * DEPTH + b"]" * DEPTH,
    "deep_inside": b'{"format": 2, "findings": ' + b'{"a":' * DEPTH + b"1" + b"}" * DEPTH + b"}",
    "digits": b'{"format": ' + b"9" * 10_000 + b"}",
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"results"',
    "empty": b"{}",
    "other_format": b'{"format": 99}',
}


def _at(*path: Any, value: Any = None, drop: bool = False) -> Callable[[Document], None]:
    """Put a value at a place of a document, or take what is there away; `None` in the path is the first there is."""

    def change(document: Document) -> None:
        at: Any = document
        for step in path[:-1]:
            at = at[_first(at) if step is None else step]
        last = _first(at) if path[-1] is None else path[-1]
        if drop:
            del at[last]
        else:
            at[last] = value

    return change


def _first(among: Any) -> Any:
    return next(iter(among)) if isinstance(among, dict) else 0


HELD = (
    "areas", "findings", "tables", "figures", "overall", "parameters", "place", "sections", "verdicts", "sources",
    "inputs", "registry", "kloof", "lead", "data_date", "command",
)  # fmt: skip
CHANGES: Mapping[str, Callable[[Document], None]] = {
    **{f"without_{key}": _at(key, drop=True) for key in HELD},
    **{f"{key}_null": _at(key, value=None) for key in HELD},
    **{f"{key}_number": _at(key, value=7) for key in HELD},
    "findings_list": _at("findings", value=[]),
    "finding_text": _at("findings", None, value="x"),
    "finding_empty": _at("findings", None, value={}),
    "finding_without_judgement": _at("findings", None, "judgement", drop=True),
    "finding_estimate_text": _at("findings", None, "estimate", value="12"),
    "finding_side_null": _at("findings", None, "a", value=None),
    "finding_details_list": _at("findings", None, "details", value=["a"]),
    "finding_flags_text": _at("findings", None, "flags", value=7),
    "table_text": _at("tables", None, value="x"),
    "table_without_rows": _at("tables", None, "rows", drop=True),
    "table_rows_object": _at("tables", None, "rows", value={"a": 1}),
    "table_row_short": _at("tables", None, "rows", 0, value=["a"]),
    "table_column_text": _at("tables", None, "columns", 0, value="indicator"),
    "figure_text": _at("figures", None, value="x"),
    "figure_without_kind": _at("figures", None, "kind", drop=True),
    "overall_object": _at("overall", None, value={"a": 1}),
    "overall_no_verdict": _at("overall", None, value="PERHAPS"),
    "verdict_text": _at("verdicts", 0, value="x"),
    "verdict_without_claim": _at("verdicts", 0, "claim", drop=True),
    "place_without_code": _at("place", "code", drop=True),
    "place_code_number": _at("place", "code", value=758),
    "place_code_short": _at("place", "code", value="G"),
    "area_number": _at("areas", None, value=7),
    "source_text": _at("sources", None, value="x"),
    "source_without_publisher": _at("sources", None, "publisher", drop=True),
    "input_text": _at("inputs", 0, value="x"),
    "input_without_hash": _at("inputs", 0, "sha256", drop=True),
    "section_text": _at("sections", 0, value="x"),
    "section_without_id": _at("sections", 0, "id", drop=True),
    "section_finding_gone": _at("sections", 0, "findings", value=["nope"]),
    "lead_gone": _at("lead", value=["nope"]),
    "data_date_no_date": _at("data_date", value="yesterday"),
    "format_text": _at("format", value="2"),
}
SHAPES = (*TEXTS, *CHANGES)


def contents(example: Document, shape: str) -> bytes:
    """Write a results document of a wrong shape."""
    if shape in TEXTS:
        return TEXTS[shape]
    made = copy.deepcopy(example)
    CHANGES[shape](made)
    return json.dumps(made).encode()


def stand_in(folder: Path, results: bytes) -> Path:
    """Make the folder of a report around a results.json: pages that say nothing, and a crate that names a preset."""
    for language in ("nl", "en"):
        (folder / language).mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / language / name).write_text("<p>x</p>" if name.endswith("html") else "%PDF-1.7")
    (folder / "results.json").write_bytes(results)
    write_crate(folder, "breda")
    return folder


PRESET = """[parameters]
municipality = "GM0758"
source = "breda"
year_from = 2014
year_to = 2024
event = "2020-03"
focus = "union"
focus_variants = ["union"]
indicators = ["mean_dwelling_value"]
levels = ["mean_dwelling_value"]
groups = []
draws = 199
seed = 1
"""
NAMES = [line.split(" ")[0] for line in PRESET.splitlines()[1:]]


def presets() -> Iterator[tuple[str, bytes]]:
    """Give presets that cannot be, by name."""
    yield "no_utf8", b'# caf\xe9\n[parameters]\nseed = "\xff"\n'
    yield "utf16", PRESET.encode("utf-16")
    yield "no_toml", b"parameters\n"
    yield "nothing", b""
    yield "deep_list", b"[parameters]\nfocus = " + b"[" * DEPTH + b"]" * DEPTH + b"\n"
    yield "deep_table", b"[parameters]\nfocus = " + b"{a=" * DEPTH + b"1" + b"}" * DEPTH + b"\n"
    yield "deep_dots", b"[parameters]\n" + b"a." * DEPTH + b"a = 1\n"
    yield "deep_thousand", b"[parameters]\nfocus = " + b"[" * 1000 + b"]" * 1000 + b"\n"
    yield "digits", b"[parameters]\nseed = " + b"9" * 10_000 + b"\n"
    yield "parameters_number", b"parameters = 5\n"
    yield "parameters_list", b"[[parameters]]\nseed = 1\n"
    yield "report_number", b"report = 5\n" + PRESET.encode()
    yield "report_long", f'report = "{LONG}"\n{PRESET}'.encode()
    for name in NAMES:
        for kind, value in (("table", "{ a = 1 }"), ("date", "2020-01-01"), ("mixed", '[1, "a", [2]]')):
            lines = [f"{name} = {value}" if line.startswith(f"{name} =") else line for line in PRESET.splitlines()]
            yield f"{name}_{kind}", "\n".join(lines).encode()
    for name, value in (
        ("seed", "-1"), ("seed", "true"), ("seed", f"1{'0' * 30}"), ("draws", "198"), ("draws", f"1{'0' * 9}"),
        ("draws", "inf"), ("draws", "nan"), ("year_from", f"1{'0' * 30}"), ("year_to", "-1"), ("event", '"2020-13"'),
    ):  # fmt: skip
        lines = [f"{name} = {value}" if line.startswith(f"{name} =") else line for line in PRESET.splitlines()]
        yield f"{name}_{value[:6].strip(chr(34))}", "\n".join(lines).encode()
