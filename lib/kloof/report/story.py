"""results.json → the report that is read: the answer, the neighbourhoods, what happened, what is said and not known.

Nothing is computed here: numbers come from results.json with the place where they stand, words from `story.toml`, and a
direction is chosen by the code of a finding. A part without figures is one line, and a place without a debate has none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from babel.dates import format_date

from kloof.catalogue import MONEY
from kloof.findings import (
    GREW,
    HIGHER,
    LOWER,
    MIXED,
    NO_FIGURES,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SHRANK,
    WITHIN_ROUNDING,
    scale_of,
    told,
)
from kloof.report.build import SYMBOLS, Builder
from kloof.report.portraits import BY_YEAR, MOST_PORTRAITS, Portraits
from kloof.report.telling import Finding, Telling, turned
from kloof.report.views import CardView, Line, ListView, PartView, StoryView, VerdictCell, VoiceView
from kloof.study import claims
from kloof.words.sentences import Part, Sentence, fill, has, templates, text_of

MOST_CARDS, MOST_TILES, MOST_INDICATORS = 7, 12, 5
LONG_ENOUGH = 0.6  # part of the years of the longest series that the first of a study needs to lead a report
SCALES = ("real", "absolute", "relative")
WHEN = {"gap_change_before": "before", "gap_change_since": "since"}  # kinds that are told as before and since the event
ALWAYS_ASKED = ("focus_list", "movers", "cause")  # what no figure by neighbourhood can answer
OF_DEBATE = ("areas_of_the_manifest",)  # is asked only where somebody spoke of it
ASKED_BY = ("cbs", "municipality", "microdata", "others", "nobody")
TOPICS = (  # what people ask about first
    "low_education_persons", "social_assistance_share", "social_assistance_recipients",
    "households_around_social_minimum_share", "mean_income_per_inhabitant",
)  # fmt: skip
MODELLED = ("modelled", "modelled_liveability")


@dataclass(frozen=True)
class Storyteller(Telling):
    """Writes the parts of one report; `builder` knows results, claims and pictures."""

    # ------------------------------------------------------------------ what happened
    def changes(self) -> list[dict[str, Finding]]:
        """Give the gaps that could be followed: per indicator its scales, as the study orders them.

        The scale `own` is the one that counts: constant prices of amounts, else as printed. A first one that is much
        shorter than the longest gives way to that: a report does not open with what was seen for a few years only.
        """
        found: dict[str, dict[str, Finding]] = {}
        for finding in self.results["findings"].values():
            if finding["kind"] != "gap_change" or finding["estimate"] is None or finding["happened"] == NO_FIGURES:
                continue
            scale = scale_of(finding)
            if scale in SCALES:
                found.setdefault(finding["indicator"], {})[scale] = finding
        order = [name for name in self.results["parameters"]["indicators"] if name in found]
        made = []
        for name in order:
            own = found[name].get("real") or found[name].get("absolute")
            if own is not None:
                made.append({**found[name], "own": own})
        longest = max((span(one) for one in made), default=0)
        long_enough = [one for one in made if span(one) >= LONG_ENOUGH * longest]
        return [*long_enough[:1], *(one for one in made if one is not long_enough[0])]

    def scale(self, finding: Finding) -> str:
        """Say on which scale a gap is."""
        scale = scale_of(finding)
        if scale == "absolute":
            unit = str(finding["unit"]).replace("percent", "points")
            scale = "euro" if unit in MONEY else unit if has("story", "scale", unit) else scale
        return self.word("scale", scale)

    def headline(self, changes: Sequence[Mapping[str, Finding]]) -> Line:
        """Answer the question of the title: a clause for each answer to the first gap, then what else moved."""
        if not changes:
            return self.plain("headline", "none")
        answers: dict[str, list[Finding]] = {}
        for scale in ("absolute", "real", "relative"):
            if (finding := changes[0].get(scale)) is not None:
                answers.setdefault(finding["happened"], []).append(finding)
        decided = [code for code in answers if code != WITHIN_ROUNDING]
        clauses = [self._clause(code, answers[code], first=at == 0) for at, code in enumerate(decided)]
        made = [*zip(decided, (answers[code][0] for code in decided), _joined(clauses), strict=True)]
        if WITHIN_ROUNDING in answers:
            clause = self._clause(WITHIN_ROUNDING, answers[WITHIN_ROUNDING], first=not decided)
            made.append((WITHIN_ROUNDING, answers[WITHIN_ROUNDING][0], clause))
        others = [one["own"] for one in changes[1:] if one["own"]["happened"] in (GREW, SHRANK)][:2]
        told_of = [
            fill(self.word("headline", "other", own["happened"]), {"name": self.name(own["indicator"])})
            for own in others if not turned(own)
        ]  # fmt: skip
        made += [*zip((own["happened"] for own in others), others, _joined(told_of), strict=False)]
        return Line(tuple(said for *_, said in made), clauses=tuple((one["id"], code) for code, one, _ in made))

    def _clause(self, code: str, findings: Sequence[Finding], *, first: bool) -> Sentence:
        """Write what happened to the first gap on the scales that have one answer."""
        scales = self.listing([self.scale(finding) for finding in findings])
        values = {"scales": scales, "name": self.name(findings[0]["indicator"])}
        return fill(self.word("headline", code, "first" if first else "next"), values)

    def lead(self, changes: Sequence[Mapping[str, Finding]]) -> tuple[Line, ...]:
        """Tell the first gap: where the list stood, and what became of it beside what is usual elsewhere."""
        lines = [self._who()]
        if not changes:
            lines += self.levels_now()
        else:
            first = changes[0]
            lines.append(self.levels(first["own"]))
            nominal = first.get("absolute") if first["own"] is not first.get("absolute") else None
            if nominal is not None and nominal["happened"] != first["own"]["happened"] and not turned(nominal):
                lines.append(self.line(nominal, ("nominal", nominal["happened"])))
                first = {**first, "own": nominal}  # what comes next is set beside this
            if (relative := first.get("relative")) is not None and not turned(relative):
                lines.append(self.line(relative, self.proportion(first)))
        if names := self.not_followed():
            lines.append(self.plain("limits", "lead" if names[1:] else "lead_one", names=self.listing(names)))
        return tuple(lines)

    def _who(self) -> Line:
        """Say which neighbourhoods it is about."""
        ruled = ":" in str(self.results["parameters"]["focus"])
        return self.plain("about", "ruled" if ruled else "list", count=self.count, focus=self.teller.focus())

    def not_followed(self) -> list[str]:
        """Name what people ask about that no series by neighbourhood could be made of."""
        missing = {name for row in self.results["verdicts"] for name in row["missing"]}
        missing -= {change["own"]["indicator"] for change in self.changes()}  # those were followed, if for a short time
        return list(dict.fromkeys(self.name(name) for name in TOPICS if name in missing))[:3]

    def levels(self, finding: Finding) -> Line:
        """Tell where the list stood beside the rest at the start and at the end."""
        if turned(finding):
            return self.line(finding, ("turned", finding["happened"]))
        share = finding["unit"] in ("percent", "points")
        own = has("story", "had", finding["indicator"])
        start = finding["indicator"] if own else "share" if share else "any"
        end = "until_plain" if share or not own else "until"
        return self.line(finding, ("had", start), ("had", end))

    def proportion(self, change: Mapping[str, Finding]) -> tuple[str, ...]:
        """Choose the template that tells a gap in proportion, after what was told of it on its own scale."""
        own, code = change["own"]["happened"], change["relative"]["happened"]
        return ("proportion", own if has("story", "proportion", own, code) else "any", code)

    def levels_now(self) -> Iterable[Line]:
        """Tell the levels of one year, where nothing can be followed."""
        found = [f for f in self.results["findings"].values() if f["kind"] == "gap" and f["estimate"] is not None]
        order = list(self.results["parameters"]["levels"])
        found.sort(key=lambda f: order.index(f["indicator"]) if f["indicator"] in order else len(order))
        for finding in found[:3]:
            code = finding["judgement"]
            yield self.line(finding, ("level", code if has("story", "level", code) else "any"))

    def grew(self, changes: Sequence[Mapping[str, Finding]]) -> PartView:
        """Tell of each gap what happened on each scale, and whether that is more than chance."""
        lines = [self.plain("grew", "intro")]
        for one in changes[:MOST_INDICATORS]:
            own, relative = one["own"], one.get("relative")
            explained = ("explain", own["indicator"])
            if turned(own):
                lines.append(self.line(own, ("turned", own["happened"]), explained, *chance(own)))
                continue
            if relative is None or relative is own or turned(relative):
                lines.append(self.line(own, ("changed", own["happened"]), explained, *chance(own)))
                continue
            both = chance(own) == chance(relative) != []
            alone = [] if both else chance(own)
            lines.append(self.line(own, ("changed", own["happened"]), explained, *alone))
            last = [("chance", "both", relative["judgement"])] if both else chance(relative)
            lines.append(self.line(relative, self.proportion(one), *last))
        index = next(
            (f for f in self.results["findings"].values() if f["kind"] == "index_change" and f["estimate"] is not None),
            None,
        )
        if index is not None:
            lines.append(self.line(index, *self.paths(index), *chance(index)))
        lines.append(self.plain("limits", "people"))
        told_of = bool(changes) or index is not None
        figures = self.figures("multiples") if changes else ()
        if not figures and changes[1:]:
            figures = self.figures("gap_lines", changes[1]["own"]["id"])  # that of the first one stands above
        return self.part("grew", lines if told_of else (), figures)

    # ------------------------------------------------------------------ what it is about, and where
    def about(self) -> PartView:
        """Say what is argued, which neighbourhoods are compared, who lives there, and what could be checked."""
        debate = self.results.get("debate")
        language = self.teller.language
        lines = [self.said((f"‹{told[language]}›",)) for told in (debate or {}).get("about", ())]
        lines.append(
            self.said(
                fill(self.word("about", "rest"), {"place": self.place, "list": self.listed}),
                (self.word("about", "gap"),),
            )
        )
        people = self.results["findings"].get("12.people")
        if people is not None and people["estimate"] is not None:
            number = self.teller.number(f"/findings/{people['id']}/estimate", people["estimate"], "number", 0)
            said = fill(self.word("about", "people"), {**self.values(people), "people": number})
            lines.append(Line((said,), people["id"], told(people), self.anchor(people)))
        lines += [self.plain("limits", flag) for flag in self._flags_of_list()]
        rows = self.results["findings"].get("02.replication.rows")
        if debate and rows is not None and rows["details"].get("rows", {}).get("value"):
            values = self.values(rows)
            asked = [("about", "checked" if rows["estimate"] else "checked_none")]
            asked += [("about", "no_source")] if rows["details"]["no_open_source"]["value"] else []
            said_of = tuple(fill(self.word(*path), values) for path in asked)
            lines.append(Line(said_of, rows["id"], told(rows), self.anchor(rows)))
        lines.append(self.plain("about", "figures"))
        return self.part("about", lines)

    def _flags_of_list(self) -> list[str]:
        """Name what a reader must know about when the list was made."""
        flags = {flag for finding in self.results["findings"].values() for flag in finding["flags"]}
        return [flag for flag in ("list_date_unknown", "list_made_later") if flag in flags][:1]

    def neighbourhoods(self, explorer: Any) -> PartView:
        """Draw a portrait of each neighbourhood on the list, and the map with all of them."""
        still = next(iter(self.figures("choropleth")), None)
        still = still and replace(still, title=(self.named("words", "map"),), note="")
        table = self.results["tables"].get(BY_YEAR)
        if table is None or not table["rows"]:
            return self.part("neighbourhoods", (), (), explorer=explorer, map=still)
        changes = self.changes()
        own = changes[0]["own"] if changes else None
        column = [entry["key"] for entry in table["columns"]].index("indicator")
        there = {row[column] for row in table["rows"]}
        first = next((name for name in self.results["parameters"]["levels"] if name in there), table["rows"][0][column])
        name = str(own["indicator"] if own and own["indicator"] in there else first)
        first, last = (own["a"]["year"], own["b"]["year"]) if own and own["indicator"] == name else (None, None)
        portraits = tuple(Portraits(self.teller, name, first, last, self.name).views())
        few = MOST_PORTRAITS == len(portraits) < len(self.results["focus"])
        largest = (fill(self.word("portrait", "largest"), {"count": self.count}),) if few else ()
        money = self.teller.catalogue.indicator(name).unit in MONEY
        intro = self.plain("portrait", "intro", name=self.name(name))
        amounts = ((self.word("portrait", "money"),),) if money else ()
        intro = replace(intro, sentences=(*largest, *intro.sentences, *amounts))
        if not portraits:
            intro = self.plain("portrait", "none")
        return self.part("neighbourhoods", (intro,), (), portraits=portraits, explorer=explorer, map=still)

    # ------------------------------------------------------------------ before and since
    def event(self) -> PartView:
        """Tell what happened before the event and since, for the first gaps that have both."""
        lines, drawn = [], None
        findings = self.results["findings"]
        for one in self.changes()[:MOST_INDICATORS]:
            for scale in ("real", "absolute", "relative"):
                before, since = (
                    findings.get(f"05.{one['own']['indicator']}.{scale}.{side}") for side in ("before", "since")
                )
                if before is None or since is None or NO_FIGURES in (before["happened"], since["happened"]):
                    continue
                if turned(before) or turned(since):
                    continue
                if drawn and {before["happened"], since["happened"]} == {WITHIN_ROUNDING}:
                    continue  # says nothing beside another that does
                drawn = drawn or before["id"]
                lines.append(self.line(before, ("event", "before", before["happened"])))
                lines.append(self.line(since, ("event", "since", since["happened"])))
                break
        lines = lines[:8]
        if lines:
            lines = [*self.readings(), *lines, self.plain("event", "limit")]
        figures = (self.figures("event_study", drawn) or self.figures("event_study")) if lines else ()
        return self.part("event", lines, figures)

    def readings(self) -> list[Line]:
        """Quote the two readings of a debate."""
        debate = self.results.get("debate") or {}
        said = [debate[side][self.teller.language] for side in ("yes", "no") if side in debate]
        return [self.said((f"‹{text}›",)) for text in said]

    def sides(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        """Give the two readings of a debate, each with its answer and the one number behind it."""
        debate = self.results.get("debate")
        made = []
        if not debate:
            return ()
        for side in ("yes", "no"):
            claim = debate[side]["claim"]
            verdict = self.builder.overall.get(claim)
            if verdict is None:
                continue
            word = self.teller.word("verdict", verdict)
            answer = Line(
                ((f"{SYMBOLS[verdict]} {word[:1].upper()}{word[1:]}.",), (self.word("side", side, verdict),)),
                link=self.builder.entries[claim]["notebook"].replace("_", "-"), claim=claim, verdict=verdict,
            )  # fmt: skip
            evidence = [self.line(finding, *self.paths(finding)) for finding in self.behind(claim)[:1]]
            made.append((self.word("event", f"{side}_asked"), (answer, *evidence)))
        return tuple(made)

    # ------------------------------------------------------------------ claims
    def chosen(self) -> list[str]:
        """Name the claims that get a card: those of the debate, or the first that could be tested."""
        debate = self.results.get("debate")
        overall = self.builder.overall
        if debate:
            return [claim for claim in debate["claims"] if claim in overall][:MOST_CARDS]
        return [claim for claim in self.told_of() if overall[claim] != NOT_TESTABLE][:MOST_CARDS]

    def told_of(self) -> list[str]:
        """Name the claims that may be told: without a debate, what somebody said elsewhere is put in plain words."""
        entries, overall = self.builder.entries, self.builder.overall
        told_of = [c for c in overall if c in entries and entries[c].get("role", "claim") == "claim"]
        return told_of if self.results.get("debate") else [c for c in told_of if has("story", "claim", c) or own(c)]

    def put(self, claim: str) -> tuple[str, str, str]:
        """Say a claim: in short, in full, and who says it."""
        entry, language = self.builder.entries[claim], self.teller.language
        if self.results.get("debate") or own(claim):
            source = self.teller.word("claim_source", str(entry["source"]))
            return str(entry[f"short_{language}"]), str(entry[language]), source
        put = templates()["story"]["claim"][claim]
        return str(put[f"short_{language}"]), str(put[language]), self.word("words", "heard")

    def tile(self, claim: str) -> VerdictCell:
        """Give a claim with its verdict as word and symbol."""
        verdict = self.builder.overall[claim]
        entry = self.builder.entries[claim]
        label = self.put(claim)[0]
        anchor = (
            f"claim-{claim.lower()}" if claim in self.chosen() else f"data.html#{entry['notebook'].replace('_', '-')}"
        )
        return VerdictCell(claim, label, verdict, self.teller.word("verdict", verdict), SYMBOLS[verdict], anchor)

    def tiles(self) -> tuple[VerdictCell, ...]:
        """Give at most twelve claims that people argue about, those of the debate and what happened first."""
        debate = self.results.get("debate")
        first = ["C1", *([debate[side]["claim"] for side in ("yes", "no")] if debate else []), *self.chosen()]
        told_of = self.told_of() if debate else self.chosen()  # elsewhere nobody asked what cannot be tested
        known = [claim for claim in dict.fromkeys([*first, *told_of]) if claim in told_of]
        return tuple(self.tile(claim) for claim in known[:MOST_TILES])

    def cards(self) -> PartView:
        """Make a card for each claim: what is said, the answer, its evidence, its limit, what would change it."""
        made = []
        for claim in self.chosen():
            kind = str(self.builder.entries[claim].get("kind", "any"))
            _, quote, who = self.put(claim)
            made.append(
                CardView(
                    tile=self.tile(claim), quote=quote, who=who,
                    lines=(self.answer(claim, kind), *self.evidence(claim)),
                    limit=self._by_kind("limit", kind), change=self._by_kind("change", kind),
                )
            )  # fmt: skip
        return self.part("claims", (), (), cards=tuple(made))

    def _by_kind(self, table: str, kind: str) -> str:
        return self.word(table, kind if has("story", table, kind) else "any")

    def answer(self, claim: str, kind: str) -> Line:
        """Answer a claim in words, by its kind and its verdict."""
        verdict = self.builder.overall[claim]
        flags = {flag for finding in self.behind(claim) for flag in finding["flags"]}
        if "leans_on_itself" in flags:
            kind = f"{kind}_itself"
        if "all_municipalities" in flags and has("story", "answer", f"{kind}_everywhere", verdict):
            kind = f"{kind}_everywhere"
        return self.plain("answer", kind if has("story", "answer", kind, verdict) else "any", verdict)

    def behind(self, claim: str) -> list[Finding]:
        """Give what the verdict on a claim rests on: its parts that gave the verdict, or failing that all there are."""
        verdict = self.builder.overall[claim]
        rows = [row for row in self.results["verdicts"] if row["claim"] == claim and row["counts"]]
        held = [(row, self.results["findings"].get(row["finding"] or "")) for row in rows]
        there = [(row, f) for row, f in held if f is not None and f["judgement"] != NOT_COMPUTABLE and not turned(f)]
        same = [finding for row, finding in there if row["verdict"] == verdict or verdict == MIXED]
        found = same or [finding for _, finding in there]
        shares = [finding for finding in found if finding["measure"] == "r_squared"]  # can be said in one sentence
        return [*shares, *(finding for finding in found if finding not in shares)]

    def evidence(self, claim: str) -> Iterable[Line]:
        """Tell what the verdict on a claim rests on: one part of it, or two where it holds in part."""
        found = self.behind(claim)
        if not found:
            yield self.plain("evidence", "missing", "any")
        for finding in found[: 2 if self.builder.overall[claim] == MIXED else 1]:
            yield self.line(finding, *self.paths(finding))

    def paths(self, finding: Finding) -> list[tuple[str, ...]]:
        """List the templates that tell a finding in a card."""
        kind, code = finding["kind"], told(finding)
        if finding["measure"] == "r_squared":
            kind = f"{kind}_r_squared"
        if kind in WHEN and finding["happened"] != NO_FIGURES:
            return [("event", WHEN[kind], code)]
        if kind.startswith("gap_change") and finding["happened"] != NO_FIGURES:
            relative = scale_of(finding) == "relative"
            return [("proportion", "any", code) if relative else ("changed", code)]
        first = ("evidence", kind, code if has("story", "evidence", kind, code) else "any")
        if not has("story", *first):
            return [("evidence", "plain", "any")] if finding["indicator"] else []
        return [*([("grew", "index")] if kind == "index_change" else []), first, ("evidence", kind, "more")]

    # ------------------------------------------------------------------ other places, what is not known, how sure
    def special(self) -> PartView:
        """Give the place among the municipalities it is compared with, with the range of its rank."""
        found = [
            finding for finding in self.results["findings"].values()
            if finding["kind"] == "place_among" and finding["measure"] == "dissimilarity"
            and {"rank_low", "rank_high", "places"} <= finding["details"].keys()
        ]  # fmt: skip
        # a rank among all of the country is not told beside one among the few that it is compared with
        ranked = ([one for one in found if not str(one["id"]).startswith("03.country.")] or found)[:4]
        lines: list[Line] = []
        ranked.sort(key=lambda finding: float(finding["details"]["places"]["value"]))
        least = ranked[0] if ranked else None
        same = len({finding["details"]["places"]["value"] for finding in ranked}) == 1
        for finding in ranked:
            low, high = (finding["details"][key]["value"] for key in ("rank_low", "rank_high"))
            values = {**self.values(finding), "of": self.detail(finding, "places")}
            values |= {"low": self.detail(finding, "rank_low"), "high": self.detail(finding, "rank_high")}
            said = [fill(self.word("special", "of" if same else "of_least"), values)] if finding is least else []
            said.append(fill(self.word("special", "rank_one" if low == high else "rank"), values))
            lines.append(Line(tuple(said), finding["id"], None, self.anchor(finding)))
        if lines:
            lows = [finding["details"]["rank_low"]["value"] for finding in ranked]
            wide = any(f["details"]["rank_low"]["value"] != f["details"]["rank_high"]["value"] for f in ranked)
            lines += [self.plain("special", "why")] if wide else []
            lines += [self.plain("special", "not_largest")] if min(lows) > 1 else []
            lines += [self.plain("special", "chosen")] if self.results["parameters"].get("comparisons") else []
        drawn = self.figures("country") or self.figures("standing") if lines else ()
        everywhere = self.everywhere()
        drawn += self.figures("municipalities") if everywhere else ()
        return self.part("special", [*lines, *everywhere], drawn)

    def everywhere(self) -> list[Line]:
        """Say how the gap changed in all municipalities together, and where this one stands among them."""
        findings, figures = self.results["findings"], self.results["figures"].values()
        drawn = next((figure["finding"] for figure in figures if figure["kind"] == "municipalities"), None)
        if drawn is None:
            return []
        first = findings[drawn]
        lines = [self.line(first, ("special", f"country_{first['judgement']}"))]
        beside = findings.get(f"13.country.{first['indicator']}.relative")
        if beside is not None and beside is not first:
            lines.append(self.line(beside, ("special", f"in_proportion_{beside['judgement']}")))
        place = findings.get(f"{first['id']}.place")
        return lines if place is None else [*lines, self.line(place, ("special", "country_place"))]

    def unknown(self) -> PartView:
        """List what is missing by who could give it, with the table."""
        needed = dict.fromkeys(name for row in self.results["verdicts"] for name in row["missing"])
        debated = bool(self.results.get("debate"))
        names = [name for name in [*needed, *ALWAYS_ASKED] if has("story", "asked", name)]
        asked = [name for name in names if debated or name not in OF_DEBATE]
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
        return self.part("unknown", (self.plain("unknown", "intro"),), (), lists=tuple(lists))

    @staticmethod
    def asked(name: str) -> Mapping[str, Any]:
        """Look up who could give a figure that is missing."""
        entry: Mapping[str, Any] = templates()["story"]["asked"][name]
        return entry

    def sure(self) -> PartView:
        """Say how often the way of computing errs, and what was tried."""
        held = [finding for finding in self.results["findings"].values() if finding["estimate"] is not None]
        flags = {flag for finding in held for flag in finding["flags"]}
        moved = [finding for finding in held if finding["happened"] != NO_FIGURES]
        followed = bool(moved)
        counted = [finding for finding in moved if not set(MODELLED) & set(finding["flags"])]
        lines = [self.plain("sure", "counted" if counted else "counted_now")] if counted or not followed else []
        lines += [self.plain("sure", flag) for flag in MODELLED if flag in flags]
        lines += [self.plain("sure", "chance")] if followed else []
        table = self.results["tables"].get("12.worlds") if followed else None
        rows = table["rows"] if table is not None else []
        keys = [column["key"] for column in table["columns"]] if table is not None else []
        where = {row[keys.index("world")]: number for number, row in enumerate(rows)}

        def cell(world: str, key: str, unit: str) -> Part:
            pointer = f"/tables/12.worlds/rows/{where[world]}/{keys.index(key)}"
            return self.teller.number(pointer, rows[where[world]][keys.index(key)], unit, 0)

        if "nothing" in where:
            values = {"n": cell("nothing", "n", "number"), "estimate": cell("nothing", "chance_wrong", "percent")}
            lines.append(self.plain("sure", "wrong", **values))
        if "grows_twice" in where:
            seen = fill(self.word("sure", "seen"), {"estimate": cell("grows_twice", "seen", "percent")})
            lines.append(self.said(seen, (self.word("sure", "silent"),)))
        ways = self.results["findings"].get("12.robust.C1")
        if ways is not None and {"ways", "supported", "contradicted"} <= ways["details"].keys():
            of, held_in, not_in = (ways["details"][key]["value"] for key in ("ways", "supported", "contradicted"))
            asked = ("ways", "votes", "votes_rest") if of > held_in + not_in else ("ways", "votes")
            said = tuple(fill(self.word("sure", key), self.values(ways)) for key in asked)
            lines.append(Line(said, ways["id"], told(ways), self.anchor(ways)))
        lines.append(self.plain("sure", "provenance"))
        return self.part("sure", lines, self.figures("curve_short") or self.figures("curve"))

    def voices(self) -> tuple[VoiceView, ...]:
        """Give who said what, by date."""
        debate = self.results.get("debate")
        language = self.teller.language
        return tuple(
            VoiceView(spoken_date(voice["when"], language), voice[f"who_{language}"], voice["work"], voice[language])
            for voice in (debate["voices"] if debate else ())
        )


def chance(finding: Finding) -> list[tuple[str, ...]]:
    """Choose what is said of chance: of what did not move, or not beyond rounding, nothing can go beyond chance."""
    beyond = finding["judgement"] in (HIGHER, LOWER)
    return [] if beyond and finding["happened"] not in (GREW, SHRANK) else [("chance", finding["judgement"])]


def spoken_date(day: str, language: str) -> str:
    """Write a date as it is said: 8 juni 2020."""
    return str(format_date(date.fromisoformat(day), "d MMMM yyyy", locale=language))


def own(claim: str) -> bool:
    """Tell whether a claim is a hypothesis of a researcher, which is put as its author wrote it."""
    return str(claims.registry().entries.get(claim, {}).get("source")) == "own"


def span(change: Mapping[str, Finding]) -> int:
    """Give the years over which a gap was followed."""
    return int(change["own"]["b"]["year"] - change["own"]["a"]["year"])


def _joined(clauses: Sequence[Sentence]) -> list[Sentence]:
    """Join clauses to one sentence: a capital for the first, a comma after each but the last, which ends it."""
    made: list[Sentence] = []
    for at, clause in enumerate(clauses):
        text = text_of(clause)
        text = text if at == 0 else text[:1].lower() + text[1:]
        made.append((text + ("." if at == len(clauses) - 1 else ","),))
    return made


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
