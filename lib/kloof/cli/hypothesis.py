"""`kloof hypothesis new`, `check`, `translate`, `list`: put a hypothesis of your own on record, with its notebook."""

import json
import shlex
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, check_language, print_json
from kloof.words.numbers import LANGUAGES

hypothesis_commands = typer.Typer(
    no_args_is_help=True, help="Put hypotheses of your own on record, to be tested, and marked as such."
)


OTHER_SETTINGS = typer.Option(
    "--set", help="parameter of the preset to change, such as municipality=GM0344; repeat for more"
)


@hypothesis_commands.command()
def new(
    name: Annotated[str, typer.Argument(help="name of its files: small letters, digits and _")],
    expected: Annotated[
        str, typer.Option(help="direction that is expected: HIGHER (it grew, lies higher, goes along) or LOWER")
    ],
    smallest_effect: Annotated[float, typer.Option(help="smallest difference that matters, in its measure")],
    indicator: Annotated[
        str,
        typer.Option(help="indicator it is about; see: kloof list indicators", autocompletion=one_of("indicators")),
    ] = "",
    nl: Annotated[str, typer.Option(help="hypothesis in one Dutch sentence; one language is enough")] = "",
    en: Annotated[str, typer.Option(help="hypothesis in one English sentence; one language is enough")] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            "--test",
            help="kind of test; of an indicator: gap_change, gap_change_before, beyond_trend, gap (the level), "
            "behind_similar (beside buurten that started alike), relation (--other), beside_places; of a --group: "
            "group_index, index_change, beside_places",
        ),
    ] = "gap_change",
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="measure: absolute, real (constant prices), relative; an index of a group (dissimilarity, isolation, "
            "theil_h); slope or correlation; mean or coefficient_of_variation; without it the usual one or two"
        ),
    ] = None,
    group: Annotated[str, typer.Option(help="group of people or homes whose index it is about")] = "",
    than: Annotated[float | None, typer.Option(help="number that the index of group_index is set against")] = None,
    other: Annotated[
        str, typer.Option(help="indicator that it goes with, of relation", autocompletion=one_of("indicators"))
    ] = "",
    per: Annotated[float, typer.Option(help="amount of the other indicator that a slope is told for")] = 1.0,
    places: Annotated[str, typer.Option(help="codes of the municipalities of beside_places, with commas")] = "",
    short_nl: Annotated[str, typer.Option(help="short name of it in Dutch, without numbers")] = "",
    short_en: Annotated[str, typer.Option(help="short name of it in English, without numbers")] = "",
    year_from: Annotated[int, typer.Option(min=0, help="first year; 0: as the preset")] = 0,
    year_to: Annotated[int, typer.Option(min=0, help="last year; 0: as the preset")] = 0,
    focus: Annotated[str, typer.Option(help="focus list or rule; empty: as the preset")] = "",
    seen: Annotated[str, typer.Option(help="place where you saw these figures before, if you did")] = "",
    preset: Annotated[str, typer.Option(help="preset it must run on", autocompletion=one_of("presets"))] = "breda",
    set_: Annotated[list[str] | None, OTHER_SETTINGS] = None,
) -> None:
    """Put a hypothesis on record before you look, and write its notebook.

    Figures without data in its years are refused. Everything that is wrong is told at once, with what is possible.
    """
    from kloof.cli.options import read_overrides
    from kloof.study import hypotheses
    from kloof.study.parameters import preset_parameters
    from kloof.words.sentences import template

    given = {
        "indicator": indicator, "group": group, "than": than, "other": other, "per": per if per != 1 else None,
        "places": [place.strip() for place in places.split(",") if place.strip()],
    }  # fmt: skip
    about = {key: value for key, value in given.items() if value not in ("", None, [])}
    short = name.replace("_", " ")
    texts = {"nl": nl, "en": en, "short_nl": nl and (short_nl or short), "short_en": en and (short_en or short)}
    entry: dict[str, Any] = {
        "id": hypotheses.next_id(),
        "registered": datetime.now(tz=UTC).date(),
        "seen_in": [*hypotheses.seen_in(*hypotheses.figures_of(about)), *([seen] if seen else [])],
        **{key: text for key, text in texts.items() if text},
        **about, "kind": kind, "measures": tuple(measure or hypotheses.measures_of(indicator, kind)),
        "expected": expected, "smallest_effect": smallest_effect,
        **{f"change_{language}": template(language, "own_change") for language in LANGUAGES},
    }  # fmt: skip
    entry |= {key: value for key, value in (("year_from", year_from), ("year_to", year_to), ("focus", focus)) if value}
    preset_parameters(preset)
    wrong = hypotheses.faults_of_new(name, entry)
    unknown = [] if wrong else _without_figures(entry, preset, read_overrides(set_ or []))
    path, notebook = hypotheses.register(name, entry, _notebook(name, entry), unknown)
    print(f"{entry['id']} is on record: {path.name} and {notebook.name} in notebooks/hypotheses.")
    if entry["seen_in"]:
        told = " and ".join(hypotheses.figures_of(entry))
        print(f"It is exploratory: figures on {told} were seen before ({', '.join(entry['seen_in'])}).")
    else:
        print("It is registered before the run: no report with a finding on this indicator exists yet.")
    print(f"Do not edit {path.name}: a hypothesis that changed after it was put on record is exploratory.")
    if missing := [language for language in LANGUAGES if language not in entry]:
        print(f"A report in the other language says that it is not translated: kloof hypothesis translate {name}")
        print(f"  --language {missing[0]} --text TEXT adds it, and leaves it on record.")
    more = "".join(f" --set {shlex.quote(item)}" for item in set_ or [])
    print(f"\nNext: kloof run --preset {preset} --only {name}{more}")


def _without_figures(entry: dict[str, Any], preset: str, overrides: dict[str, Any]) -> list[str]:
    """List why a hypothesis cannot be tested on the figures of a preset, with the years that there are."""
    from kloof.questions.gap_tables import as_registered, faults_of_figures
    from kloof.study.study import open_study

    study = open_study({**overrides, "preset": preset, "language": LANGUAGES[0]})
    return faults_of_figures(as_registered(study, entry), entry)


@hypothesis_commands.command(name="check")
def check_hypotheses(
    name: Annotated[str, typer.Argument(help="name of its files; without it all are checked")] = "",
    preset: Annotated[str, typer.Option(help="preset it must run on", autocompletion=one_of("presets"))] = "breda",
    set_: Annotated[list[str] | None, OTHER_SETTINGS] = None,
    as_json: AS_JSON = False,
) -> None:
    """Say of hypotheses on record for which years there are figures, and whether they can be tested; nothing is run."""
    from kloof.cli.options import read_overrides
    from kloof.errors import ParameterError
    from kloof.questions.gap_tables import as_registered, faults_of_figures, years_there
    from kloof.study import hypotheses
    from kloof.study.study import open_study

    found = hypotheses.read_all()
    chosen = {claim: entry for claim, entry in found.items() if name in ("", entry["notebook"], claim)}
    if not chosen:
        known = ", ".join(entry["notebook"] for entry in found.values()) or "none; kloof hypothesis new --help"
        raise ParameterError(f"no hypothesis {name!r} is on record. There is: {known}.")
    study = open_study({**read_overrides(set_ or []), "preset": preset, "language": LANGUAGES[0]})
    wrong, told = False, list[dict[str, Any]]()
    for claim, entry in chosen.items():
        narrowed = as_registered(study, entry)
        faults = faults_of_figures(narrowed, entry)
        wrong |= bool(faults)
        if as_json:
            own = {"id": claim, "name": entry["notebook"], "from": narrowed.p.year_from, "to": narrowed.p.year_to}
            told.append({**own, "years": years_there(study, entry), "faults": faults})
            continue
        print(f"{claim:<4} {entry['notebook']:<24} {narrowed.p.year_from}-{narrowed.p.year_to}")
        for figure, years in years_there(study, entry).items():
            print(f"     {figure}: {', '.join(map(str, years)) or 'no year with figures for enough buurten'}")
        print(f"     ✗ {faults[0]}." if faults else "     It can be tested.")
    if as_json:
        print_json(told)
    if wrong:
        raise typer.Exit(1)
    if not as_json:
        print(f"\nNext: kloof run --preset {preset} --only {next(iter(chosen.values()))['notebook']}")


@hypothesis_commands.command()
def translate(
    name: Annotated[str, typer.Argument(help="name of its files")],
    language: Annotated[str, typer.Option(help="language that it lacks: nl or en")],
    text: Annotated[str, typer.Option(help="hypothesis in one sentence of that language")],
    short: Annotated[str, typer.Option(help="short name of it in that language, without numbers")] = "",
) -> None:
    """Add the text in the other language to a hypothesis on record; it stays as registered."""
    from kloof.study import hypotheses

    check_language(language)
    path = hypotheses.translate(name, language, text, short)
    print(f"{path.name} and its notebook have the text in {language} now; the stamp still fits.")
    print("\nNext: kloof hypothesis list")


def _notebook(name: str, entry: dict[str, Any]) -> str:
    """Fill the template of a notebook; a brace that is not a placeholder stays."""
    from importlib.resources import files

    from kloof.study.hypotheses import in_both_languages

    text = files("kloof.cli").joinpath("templates/hypothesis.ipynb").read_text(encoding="utf-8")
    notebook, texts = json.loads(text), in_both_languages(entry)
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            continue
        source = "".join(cell["source"])
        for key in ("short_nl", "short_en", "id", "nl", "en"):
            source = source.replace(f"{{{key}}}", str(texts[key]))
        cell["source"] = source.replace("{name}", name).splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@hypothesis_commands.command(name="list")
def list_hypotheses(as_json: AS_JSON = False) -> None:
    """List the hypotheses on record: since when, about what, and whether they were registered before the run."""
    from kloof.study import hypotheses

    found = hypotheses.read_all()
    if as_json:
        print_json([{"id": name, **entry} for name, entry in found.items()])
        return
    for name, entry in found.items():
        state = (
            "changed since, exploratory"
            if entry["changed"]
            else "exploratory"
            if entry["exploratory"]
            else "registered before the run"
        )
        print(f"{name:<4} {entry['notebook']:<24} {entry['registered']}  {state}\n     {entry['en']}")
        told = " and ".join(hypotheses.figures_of(entry))
        print(f"     {entry['kind']} of {told}, expected {entry['expected']}")
    if not found:
        print("There is none yet.\n\nNext: kloof hypothesis new --help")
        return
    print(f"\nNext: kloof run --only {next(iter(found.values()))['notebook']}")
