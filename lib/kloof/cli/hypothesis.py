"""`kloof hypothesis new` and `list`: put a hypothesis of your own on record, with a notebook that runs at once."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kloof.words.numbers import LANGUAGES

hypothesis_commands = typer.Typer(
    no_args_is_help=True, help="Hypotheses of your own: put on record, tested, and marked as such."
)


@hypothesis_commands.command()
def new(
    name: Annotated[str, typer.Argument(help="name of its files: small letters, digits and _")],
    indicator: Annotated[str, typer.Option(help="indicator it is about; see: kloof list indicators")],
    nl: Annotated[str, typer.Option(help="the hypothesis in one Dutch sentence")],
    en: Annotated[str, typer.Option(help="the hypothesis in one English sentence")],
    expected: Annotated[str, typer.Option(help="HIGHER (the gap grew, the level is higher) or LOWER")],
    smallest_effect: Annotated[float, typer.Option(help="smallest difference that matters, in the indicator's unit")],
    test: Annotated[
        str, typer.Option(help="gap_change, gap_change_before, beyond_trend, or gap (the level)")
    ] = "gap_change",
    measure: Annotated[
        list[str] | None, typer.Option(help="absolute, real (constant prices), relative; without it two")
    ] = None,
    short_nl: Annotated[str, typer.Option(help="a few Dutch words for it, without numbers")] = "",
    short_en: Annotated[str, typer.Option(help="a few English words for it, without numbers")] = "",
    year_from: Annotated[int, typer.Option(help="first year; 0: as the preset")] = 0,
    year_to: Annotated[int, typer.Option(help="last year; 0: as the preset")] = 0,
    focus: Annotated[str, typer.Option(help="focus list or rule; empty: as the preset")] = "",
    seen: Annotated[str, typer.Option(help="where you saw these figures before, if you did")] = "",
    preset: Annotated[str, typer.Option(help="preset it must run on")] = "breda",
) -> None:
    """Put a hypothesis on record before you look, and write its notebook.

    Raises CatalogueError listing everything that is wrong, with what is possible.
    """
    from kloof.study import hypotheses
    from kloof.study.parameters import preset_parameters
    from kloof.words.sentences import template

    measures = tuple(measure or hypotheses.measures_of(indicator, test))
    short = name.replace("_", " ")
    entry: dict[str, Any] = {
        "id": hypotheses.next_id(),
        "registered": datetime.now(tz=UTC).date(),
        "seen_in": [*hypotheses.seen_in(indicator), *([seen] if seen else [])],
        "nl": nl, "en": en, "short_nl": short_nl or short, "short_en": short_en or short,
        "indicator": indicator, "test": test, "measures": measures, "expected": expected,
        "smallest_effect": smallest_effect,
        **{f"change_{language}": template(language, "own_change") for language in LANGUAGES},
    }  # fmt: skip
    entry |= {key: value for key, value in (("year_from", year_from), ("year_to", year_to), ("focus", focus)) if value}
    preset_parameters(preset)
    path, notebook = hypotheses.register(name, entry, _notebook(name, entry))
    print(f"{entry['id']} is on record: {path.name} and {notebook.name} in notebooks/hypotheses.")
    if entry["seen_in"]:
        print(f"It is exploratory: figures on {indicator} were seen before ({', '.join(entry['seen_in'])}).")
    else:
        print("It is registered before the run: no report with a finding on this indicator exists yet.")
    print(f"Do not edit {path.name}: a hypothesis that changed after it was put on record is exploratory.")
    print(f"\nNext: kloof run --preset {preset} --only {name}")


def _notebook(name: str, entry: dict[str, Any]) -> str:
    """Fill the template of a notebook; a brace that is not a placeholder stays."""
    from importlib.resources import files

    text = files("kloof.cli").joinpath("templates/hypothesis.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            continue
        source = "".join(cell["source"])
        for key in ("short_nl", "short_en", "id", "nl", "en"):
            source = source.replace(f"{{{key}}}", str(entry[key]))
        cell["source"] = source.replace("{name}", name).splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@hypothesis_commands.command(name="list")
def list_hypotheses() -> None:
    """List the hypotheses on record: since when, about what, and whether they were registered before the run."""
    from kloof.study import hypotheses

    found = hypotheses.read_all()
    for name, entry in found.items():
        state = (
            "changed since, exploratory"
            if entry["changed"]
            else "exploratory"
            if entry["exploratory"]
            else "registered before the run"
        )
        print(f"{name:<4} {entry['notebook']:<24} {entry['registered']}  {state}\n     {entry['en']}")
        print(f"     {entry['test']} of {entry['indicator']}, expected {entry['expected']}")
    if not found:
        print("There is none yet.\n\nNext: kloof hypothesis new --help")
        return
    print(f"\nNext: kloof run --only {next(iter(found.values()))['notebook']}")
