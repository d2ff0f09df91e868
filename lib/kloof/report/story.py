"""results.json → the report that is read: the answer, the neighbourhoods, what happened, what is said, what is not known.

Nothing is computed here: numbers come from results.json with the place where they stand, words from `story.toml`, and a
direction is chosen by the code of a finding. A part without figures is one line, and a place without a debate has none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kloof.findings import (
    MIXED,
    NO_FIGURES,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    told,
)
from kloof.report.build import SYMBOLS, Builder
from kloof.report.views import CardView, Line, ListView, PartView, PortraitView, StoryView, VerdictCell, VoiceView
from kloof.words.sentences import Narrator, Part, Sentence, fill, has, text_of

MOST_CARDS, MOST_TILES, MOST_INDICATORS = 7, 12, 5
SCALES = ("real", "absolute", "relative")
ALWAYS_ASKED = ("focus_list", "movers", "cause")  # what no figure by neighbourhood can answer
ASKED_BY = ("cbs", "municipality", "microdata", "others", "nobody")
MONEY = ("thousand_euro", "euro")
Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Storyteller:
    """Writes the parts of one report; `builder` knows results, claims and pictures."""

    builder: Builder

    @property
    def teller(self) -> Narrator:
        return self.builder.teller

    @property
    def results(self) -> Mapping[str, Any]:
        return self.builder.results

    @property
    def place(self) -> str:
        return self.teller.area(self.results["place"]["code"])

    def word(self, *path: str) -> str:
        """Give a fixed text of the story."""
        return self.teller.word("story", *path)

    def named(self, *path: str) -> str:
        """Give a fixed text with the name of the place in it."""
        return text_of(fill(self.word(*path), {"place": self.place}))

    def anchor(self, finding: Finding) -> str | None:
        """Say where the data page tells a finding."""
        name = finding["id"]
        return next((s["id"].replace("_", "-") for s in self.results["sections"] if name in s["findings"]), None)

    def values(self, finding: Finding) -> dict[str, Part | Sentence]:
        """Fill the placeholders of a finding, and those that the code of the story chooses."""
        values = self.teller.values(finding)
        real = finding["measure"].startswith("real") or "constant_prices" in finding["flags"]
        year = values.get("year_b")
        prices = fill(self.word("words", "prices"), {"year": year}) if real and year else ()
        better = self.teller.catalogue.indicators[finding["indicator"]].better if self._is_indicator(finding) else 0
        side = finding["a"]["estimate"] or 0.0
        worse = "less" if better > 0 else "more"
        ahead = {"less": "more", "more": "less"}[worse]
        return {**values, "prices": prices, "less": self.word("words", worse if side >= 0 else ahead)}

    def _is_indicator(self, finding: Finding) -> bool:
        return finding["indicator"] in self.teller.catalogue.indicators

    def line(self, finding: Finding, *paths: tuple[str, ...]) -> Line:
        """Write sentences of one finding, each from its template; those that are not there are left out."""
        values = self.values(finding)
        made = [fill(self.word(*path), values) for path in paths if has("story", *path)]
        return Line(tuple(made), str(finding["id"]), told(finding), self.anchor(finding))

    def said(self, *sentences: Sentence) -> Line:
        """Write sentences that rest on no finding."""
        return Line(sentences)

    # ------------------------------------------------------------------ what happened
    def changes(self) -> list[dict[str, Finding]]:
        """Give the gaps that could be followed: per indicator its scales; the first of the study first.

        The scale `own` is the one that counts: constant prices of amounts, else as printed.
        """
        found: dict[str, dict[str, Finding]] = {}
        for finding in self.results["findings"].values():
            if finding["kind"] != "gap_change" or finding["estimate"] is None or finding["happened"] == NO_FIGURES:
                continue
            scale = finding["measure"].removesuffix("_reversed")
            if scale in SCALES:
                found.setdefault(finding["indicator"], {})[scale] = finding
        order = [name for name in self.results["parameters"]["indicators"] if name in found]
        made = []
        for name in order:
            own = found[name].get("real") or found[name].get("absolute")
            if own is not None:
                made.append({**found[name], "own": own})
        return made

    def headline(self, changes: Sequence[Mapping[str, Finding]]) -> Line:
        """Answer the question of the title in one sentence: a clause for each scale of the first gap."""
        if not changes:
            return self.said(fill(self.word("headline", "none"), {}))
        first = changes[0]
        clauses: list[Part] = []
        for scale in SCALES:
            finding = first.get(scale)
            if finding is None:
                continue
            money = scale == "absolute" and finding["unit"] in MONEY
            name = self.word("scale", "euro" if money else scale)
            clause = fill(self.word("headline", finding["happened"]), {"scale": name})
            text = text_of(clause)
            clauses += [", ", text[0].lower() + text[1:]] if clauses else [text[0].lower() + text[1:]]
        values = {"noun": self.teller.noun(first["own"]["indicator"]), "clauses": tuple(clauses)}
        return self.said(fill(self.word("headline", "lead"), values))

    def lead(self, changes: Sequence[Mapping[str, Finding]]) -> tuple[Line, ...]:
        """Tell the first gap: where the list stood, and what became of it beside what is usual elsewhere."""
        if not changes:
            return self.levels_now()
        first = changes[0]
        lines = [self.line(first["own"], ("levels", "any"))]
        if (relative := first.get("relative")) is not None:
            lines.append(self.line(relative, ("proportion", relative["happened"])))
        lines.append(self.said(fill(self.word("limits", "lead"), {})))
        return tuple(lines)

    def levels_now(self) -> tuple[Line, ...]:
        """Tell the levels of one year, where nothing can be followed."""
        found = [f for f in self.results["findings"].values() if f["kind"] == "gap" and f["estimate"] is not None]
        return tuple(self.line(finding, ("level", "any")) for finding in found[:3])

    def grew(self, changes: Sequence[Mapping[str, Finding]]) -> PartView:
        """Tell of each gap what happened on each scale, and whether that is more than chance."""
        lines = []
        for one in changes[:MOST_INDICATORS]:
            own, relative = one["own"], one.get("relative")
            lines.append(self.line(own, ("changed", own["happened"]), ("chance", own["judgement"])))
            if relative is not None and relative is not own:
                lines.append(
                    self.line(relative, ("proportion", relative["happened"]), ("chance", relative["judgement"]))
                )
        index = next(
            (f for f in self.results["findings"].values() if f["kind"] == "index_change" and f["estimate"] is not None),
            None,
        )
        if index is not None:
            lines.append(self.line(index, ("evidence", "index_change", "any"), ("chance", index["judgement"])))
        lines.append(self.said(fill(self.word("limits", "people"), {})))
        figures = self.figures("multiples") or self.figures("gap_lines", most=2)
        return self.part("grew", lines if changes else (), figures)

    def figures(self, kind: str, finding: str | None = None, most: int = 1) -> tuple[Any, ...]:
        """Give the first pictures of a kind, or those of a finding."""
        chosen = [
            name for name, entry in self.results["figures"].items()
            if entry["kind"] == kind and finding in (None, entry["finding"])
        ]  # fmt: skip
        return tuple(self.builder.figure(name) for name in chosen[:most])

    def part(self, name: str, lines: Iterable[Line], figures: Sequence[Any] = (), **more: Any) -> PartView:
        """Make a part; without anything to show it is one line."""
        kept = tuple(line for line in lines if line.sentences)
        if not kept and not figures and not any(more.values()):
            kept = (self.said(fill(self.word("words", "nothing"), {"place": self.place})),)
        return PartView(name, self.named("part", name), kept, tuple(figures), **more)

    # ------------------------------------------------------------------ what it is about, and where
    def about(self) -> PartView:
        """Say which neighbourhoods are compared, how many people live there, and what a study could be checked on."""
        place = self.results["place"]
        values: dict[str, Part | Sentence] = {
            "count": self.teller.number("/place/focus", place["focus"], "number", 0),
            "list": self.teller.focus(), "place": self.place,
        }  # fmt: skip
        lines = [self.said(fill(self.word("about", "list"), values))]
        people = self.results["findings"].get("12.people")
        if people is not None and people["estimate"] is not None:
            lines.append(self.line(people, ("about", "people")))
        lines += [self.said(fill(self.word("limits", flag), {})) for flag in self._flags_of_list()]
        rows = self.results["findings"].get("02.replication.rows")
        if self.results.get("debate") and rows is not None:
            values = {"estimate": self._detail(rows, "reproduced"), "of": self._detail(rows, "rows")}
            lines.append(
                Line((fill(self.word("about", "checked"), values),), rows["id"], told(rows), self.anchor(rows))
            )
        lines.append(self.said(fill(self.word("about", "figures"), {})))
        return self.part("about", lines)

    def _flags_of_list(self) -> list[str]:
        """Name what a reader must know about when the list was made."""
        flags = {flag for finding in self.results["findings"].values() for flag in finding["flags"]}
        return [flag for flag in ("list_date_unknown", "list_made_later") if flag in flags][:1]

    def _detail(self, finding: Finding, name: str) -> Part:
        detail = finding["details"][name]
        return self.teller.number(f"/findings/{finding['id']}/details/{name}/value", detail["value"], detail["unit"])

    def neighbourhoods(self, explorer: Any) -> PartView:
        """Draw a portrait of each neighbourhood on the list, and the map with all of them."""
        portraits = tuple(self.portraits())
        still = next(iter(self.figures("choropleth")), None)
        still = still and replace(still, title=(self.named("words", "map"),), note="")
        return self.part("neighbourhoods", (), (), portraits=portraits, explorer=explorer, map=still)

    def portraits(self) -> Iterable[PortraitView]:
        """Make the portraits: how many people, the first figure now and beside the place, and how it moved."""
        table = self.results["tables"].get("03.by_year")
        people = self.results["tables"].get("03.people")
        if table is None:
            return
        keys = [column["key"] for column in table["columns"]]
        rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
        at = {(row["indicator"], row["area"]): number for number, row in enumerate(rows)}
        changes = self.changes()
        own = changes[0]["own"] if changes else None
        name = own["indicator"] if own else str(rows[0]["indicator"]) if rows else ""
        years = [key for key in keys if key.startswith("y2")]
        city = self.results["place"]["code"]
        inhabitants = {row[0]: number for number, row in enumerate(people["rows"])} if people else {}
        for code in sorted(self.results["focus"], key=self.teller.area):
            sentences: list[Sentence] = []
            if people and code in inhabitants:
                pointer = f"/tables/03.people/rows/{inhabitants[code]}/2"
                number = self.teller.number(pointer, people["rows"][inhabitants[code]][2], "number", 0)
                sentences.append(fill(self.word("portrait", "people"), {"number": number}))
            row, rest = at.get((name, code)), at.get((name, city))
            picture = None
            if row is not None and rest is not None:
                last = next((key for key in reversed(years) if rows[row][key] is not None), None)
                if last is not None:
                    sentences += self._portrait(table, name, row, rest, last, own)
                    picture = sparkline([rows[row][key] for key in years], [rows[rest][key] for key in years])
            if len(sentences) < 2:
                sentences.append(fill(self.word("portrait", "missing"), {}))
            noun = self.teller.noun(name)
            alt = text_of(
                fill(
                    self.word("words", "portrait_alt"),
                    {"noun": noun, "area": self.teller.area(code), "place": self.place},
                )
            )
            yield PortraitView(code, self.teller.area(code), (Line(tuple(sentences)),), picture, alt)

    def _portrait(
        self, table: Mapping[str, Any], name: str, row: int, rest: int, last: str, own: Finding | None
    ) -> list[Sentence]:
        """Tell one figure of one neighbourhood: its level beside that of the place, and how it moved beside it."""
        keys = [column["key"] for column in table["columns"]]
        indicator = self.teller.catalogue.indicator(name)

        def value(number: int, key: str) -> float | None:
            found = table["rows"][number][keys.index(key)]
            return None if found is None else float(found)

        def shown(number: int, key: str) -> Part:
            pointer = f"/tables/03.by_year/rows/{number}/{keys.index(key)}"
            return self.teller.number(pointer, value(number, key), indicator.unit, indicator.decimals)

        noun = self.teller.noun(name)
        words = {"noun": noun, "place": self.place, "year": last[1:]}
        made = [fill(self.word("portrait", "level"), {**words, "value": shown(row, last), "rest": shown(rest, last)})]
        if own is None or own["a"]["year"] is None:
            return made
        first, until = f"y{own['a']['year']}", f"y{own['b']['year']}"
        ends = [value(number, key) for number in (row, rest) for key in (first, until) if key in keys]
        if len(ends) == 4 and None not in ends and ends[0] and ends[2]:
            mine, theirs = ends[1] / ends[0] - 1, ends[3] / ends[2] - 1  # type: ignore[operator]
            step = indicator.reach / abs(ends[0])
            code = (
                "fell"
                if mine < -step
                else "alike"
                if abs(mine - theirs) <= 2 * step
                else "rose"
                if mine > theirs
                else "behind"
            )
            made.append(fill(self.word("portrait", code), {"first": first[1:]}))
        return made

    # ------------------------------------------------------------------ before and since
    def event(self) -> PartView:
        """Tell what happened before the event and since, for the first gaps that have both."""
        lines = []
        findings = self.results["findings"]
        for one in self.changes()[:3]:
            for scale in ("real", "absolute", "relative"):
                before, since = (
                    findings.get(f"05.{one['own']['indicator']}.{scale}.{side}") for side in ("before", "since")
                )
                if before is None or since is None or NO_FIGURES in (before["happened"], since["happened"]):
                    continue
                lines.append(self.line(before, ("event", "before", before["happened"])))
                lines.append(self.line(since, ("event", "since", since["happened"])))
                break
        if lines:
            lines.append(self.said(fill(self.word("event", "limit"), {})))
        drawn = (self.figures("event_study", line.finding) for line in lines if line.finding)
        shown = next((figures for figures in drawn if figures), ())
        return self.part("event", lines, shown)

    def sides(self) -> tuple[tuple[str, Line], ...]:
        """Give the two readings of a debate, each with the verdict on the claim that tests it."""
        debate = self.results.get("debate")
        if not debate:
            return ()
        made = []
        for side in ("yes", "no"):
            claim = debate[side]["claim"]
            verdict = self.builder.overall.get(claim)
            if verdict is None:
                continue
            answer = (
                f"{SYMBOLS[verdict]} {self.teller.word('verdict', verdict)}: ",
                f"‹{debate[side][self.teller.language]}›",
            )
            made.append(
                (
                    self.word("event", f"{side}_asked"),
                    Line((answer,), link=self.builder.entries[claim]["notebook"].replace("_", "-")),
                )
            )
        return tuple(made)

    # ------------------------------------------------------------------ claims
    def chosen(self) -> list[str]:
        """Name the claims that get a card: those of the debate, or the first that could be tested."""
        debate = self.results.get("debate")
        overall = self.builder.overall
        if debate:
            return [claim for claim in debate["claims"] if claim in overall][:MOST_CARDS]
        tested = [claim for claim in overall if overall[claim] != NOT_TESTABLE and claim in self.builder.entries]
        return [
            claim for claim in tested if self.builder.entries[claim].get("kind") not in ("coverage", "replication")
        ][:MOST_CARDS]

    def tile(self, claim: str) -> VerdictCell:
        """Give a claim with its verdict as word and symbol."""
        verdict = self.builder.overall[claim]
        entry = self.builder.entries[claim]
        label = str(entry[f"short_{self.teller.language}"])
        anchor = (
            f"claim-{claim.lower()}" if claim in self.chosen() else f"data.html#{entry['notebook'].replace('_', '-')}"
        )
        return VerdictCell(claim, label, verdict, self.teller.word("verdict", verdict), SYMBOLS[verdict], anchor)

    def tiles(self) -> tuple[VerdictCell, ...]:
        """Give at most twelve claims that people argue about, those of the debate and what happened first."""
        debate = self.results.get("debate")
        first = ["C1", *([debate[side]["claim"] for side in ("yes", "no")] if debate else []), *self.chosen()]
        known = [claim for claim in dict.fromkeys([*first, *self.builder.overall]) if claim in self.builder.overall]
        told = [claim for claim in known if self.builder.entries[claim].get("role", "claim") == "claim"]
        return tuple(self.tile(claim) for claim in told[:MOST_TILES])

    def cards(self) -> PartView:
        """Make a card for each claim: what is said, the answer, its evidence, its limit, what would change it."""
        made = []
        for claim in self.chosen():
            entry = self.builder.entries[claim]
            kind = str(entry.get("kind", "any"))
            made.append(
                CardView(
                    tile=self.tile(claim), quote=str(entry[self.teller.language]),
                    who=self.teller.word("claim_source", str(entry["source"])),
                    lines=tuple(self.evidence(claim)),
                    limit=self.word("limit", kind if has("story", "limit", kind) else "any"),
                    change=str(entry[f"change_{self.teller.language}"]),
                )
            )  # fmt: skip
        return self.part("claims", (), (), cards=tuple(made))

    def evidence(self, claim: str) -> Iterable[Line]:
        """Tell what the verdict on a claim rests on: its first part that gave the verdict, or failing that the first."""
        verdict = self.builder.overall[claim]
        rows = [row for row in self.results["verdicts"] if row["claim"] == claim and row["counts"]]
        held = [(row, self.results["findings"].get(row["finding"] or "")) for row in rows]
        there = [
            (row, finding) for row, finding in held if finding is not None and finding["judgement"] != NOT_COMPUTABLE
        ]
        if not there:
            yield self.said(fill(self.word("evidence", "missing", "any"), {}))
            return
        same = [finding for row, finding in there if row["verdict"] == verdict or verdict == MIXED]
        chosen = (same or [finding for _, finding in there])[: 2 if verdict == MIXED else 1]
        for finding in chosen:
            yield self.line(finding, *self.paths(finding))

    def paths(self, finding: Finding) -> list[tuple[str, ...]]:
        """List the templates that tell a finding in a card."""
        kind, code = finding["kind"], told(finding)
        if finding["measure"] == "r_squared":
            kind = f"{kind}_r_squared"
        if kind.startswith("gap_change") or kind == "beyond_trend":
            return [("changed", code), ("chance", finding["judgement"])]
        first = code if has("story", "evidence", kind, code) else "any"
        return [("evidence", kind, first), ("evidence", kind, "more")]

    # ------------------------------------------------------------------ other places, what is not known, how sure
    def special(self) -> PartView:
        """Give the place among the municipalities it is compared with, with the range of its rank."""
        lines = []
        for finding in self.results["findings"].values():
            ranks = finding["details"].get("rank_low"), finding["details"].get("rank_high")
            if finding["kind"] != "place_among" or finding["measure"] != "dissimilarity" or None in ranks:
                continue
            values = {**self.values(finding), "of": self._detail(finding, "places")}
            values |= {"low": self._detail(finding, "rank_low"), "high": self._detail(finding, "rank_high")}
            one = ranks[0]["value"] == ranks[1]["value"]
            said = fill(self.word("special", "rank_one" if one else "rank"), values)
            lines.append(Line((said,), finding["id"], None, self.anchor(finding)))
        if lines:
            lines.append(self.said(fill(self.word("special", "chosen"), {})))
        return self.part("special", lines[:4], self.figures("country") or self.figures("standing") if lines else ())

    def unknown(self) -> PartView:
        """List what is missing by who could give it, with the table, and for which claims."""
        needed: dict[str, list[str]] = {}
        for row in self.results["verdicts"]:
            for name in row["missing"]:
                if row["claim"] not in needed.setdefault(name, []):
                    needed[name].append(row["claim"])
        asked = [name for name in [*needed, *ALWAYS_ASKED] if has("story", "asked", name)]
        lists = []
        for by in ASKED_BY:
            items: dict[str, Sentence] = {}
            for name in asked:
                entry = self.asked(name)
                if entry["by"] != by:
                    continue
                text = self.word("asked", name)
                table = f" (`{entry['table']}`)" if entry["table"] else ""
                items[text] = (f"{text}{table}",)
            if items:
                lists.append(ListView(self.word("unknown", by), tuple(items.values())))
        return self.part("unknown", (), (), lists=tuple(lists))

    @staticmethod
    def asked(name: str) -> Mapping[str, Any]:
        """Look up who could give a figure that is missing."""
        from kloof.words.sentences import templates

        entry: Mapping[str, Any] = templates()["story"]["asked"][name]
        return entry

    def sure(self) -> PartView:
        """Say how often the way of computing errs, and what was tried."""
        lines = [self.said(fill(self.word("sure", key), {})) for key in ("counted", "chance")]
        table = self.results["tables"].get("12.worlds")
        if table is not None and table["rows"]:
            keys = [column["key"] for column in table["columns"]]
            where = {row[keys.index("world")]: number for number, row in enumerate(table["rows"])}

            def cell(world: str, key: str, unit: str) -> Part:
                number = where[world]
                pointer = f"/tables/12.worlds/rows/{number}/{keys.index(key)}"
                return self.teller.number(pointer, table["rows"][number][keys.index(key)], unit, 0)

            if "nothing" in where:
                values = {"n": cell("nothing", "n", "number"), "estimate": cell("nothing", "chance_wrong", "percent")}
                lines.append(self.said(fill(self.word("sure", "wrong"), values), (self.word("sure", "imitated"),)))
        lines += [self.said(fill(self.word("sure", key), {})) for key in ("ways", "provenance")]
        return self.part("sure", lines, self.figures("curve_short"))

    def voices(self) -> tuple[VoiceView, ...]:
        """Give who said what, by date."""
        debate = self.results.get("debate")
        language = self.teller.language
        return tuple(
            VoiceView(voice["when"], voice[f"who_{language}"], voice["work"], voice[language])
            for voice in (debate["voices"] if debate else ())
        )


def sparkline(own: Sequence[float | None], rest: Sequence[float | None]) -> str | None:
    """Draw two lines over the years as a small SVG, from the lowest to the highest of both; None without two points."""
    numbers_there = [value for value in (*own, *rest) if value is not None]
    if sum(value is not None for value in own) < 2:
        return None
    low, high = min(0.0, *numbers_there), max(numbers_there)
    step = 150 / max(len(own) - 1, 1)

    def path(values: Sequence[float | None]) -> str:
        points = []
        for at, value in enumerate(values):
            if value is not None:
                height = 44 - 40 * (value - low) / ((high - low) or 1)
                points.append(f"{5 + at * step:.1f} {height:.1f}")
        return "M" + "L".join(points)

    thin = (
        f'<path d="{path(rest)}" fill="none" stroke="#0072B2" stroke-width="1.5"/>'
        if any(v is not None for v in rest)
        else ""
    )
    thick = f'<path d="{path(own)}" fill="none" stroke="#D55E00" stroke-width="3"/>'
    ground = '<path d="M5 44H155" stroke="#767676" stroke-width="1"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 50">{ground}{thin}{thick}</svg>'


def story(builder: Builder, explorer: Any) -> StoryView:
    """Tell one results document in the language of its builder."""
    made = Storyteller(builder)
    changes = made.changes()
    own = changes[0]["own"] if changes else None
    figure = (made.figures("answer", own["id"]) or made.figures("gap_lines", own["id"])) if own else ()
    parts = (
        made.about(), made.neighbourhoods(explorer), made.grew(changes), made.event(), made.cards(), made.special(),
        made.unknown(), made.sure(),
    )  # fmt: skip
    return StoryView(
        language=made.teller.language, title=made.named("title"), place=made.place, headline=made.headline(changes),
        lead=made.lead(changes), lead_figure=figure[0] if figure else None, sides=made.sides(), tiles=made.tiles(),
        voices=made.voices(), parts=parts, data_date=str(builder.results["data_date"]),
        other_language={"nl": "en", "en": "nl"}[made.teller.language],
    )  # fmt: skip
