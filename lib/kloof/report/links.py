"""The report that is read and the data page, linked both ways: where a number is looked up, and where it is told.

Every line and picture of the report that holds a number leads to a section of the data page; every section of the data
page leads to the part of the report, or to the claim in it, that rests on that section most.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kloof.report.page import slug
from kloof.report.views import CardView, FigureView, Line, PartView, ReportView, SectionView, StoryView
from kloof.words.sentences import Number, Sentence

SETTINGS = "back-parameters"  # where the choices stand that a number outside tables and findings comes from
ELSE = {"01": "unknown", "02": "about", "ba": "sure"}  # the part for what no line rests on; of other notebooks `claims`


@dataclass(frozen=True)
class _Data:
    """Where the data page has what."""

    view: ReportView

    def section(self, name: str) -> str:
        """Give the anchor of the section whose notebook has a finding, table or figure, such as 04.mean_income."""
        return next((part.anchor for part in self.view.sections if part.id[:2] == name[:2]), SETTINGS)

    def number(self, sentences: tuple[Sentence, ...]) -> str | None:
        """Give where the first number of some sentences is looked up; None when they have none."""
        pointer = next((part.pointer for said in sentences for part in said if isinstance(part, Number)), None)
        if pointer is None:
            return None
        kind, name, *_ = [*pointer.strip("/").split("/"), ""]
        return self.section(name) if kind in ("findings", "tables") else SETTINGS

    def figure(self, name: str) -> str:
        """Give where a picture stands, or the section whose notebook drew it."""
        drawn = {one.id for part in (*self.view.sections, *self.view.back) for one in part.figures}
        return f"figuur-{slug(name)}" if name in drawn else self.section(name)


def linked(view: ReportView, told: StoryView) -> tuple[ReportView, StoryView]:
    """Give the data page and the report, each with the links to the other."""
    led = _to_data(told, _Data(view))
    ways = _ways_back(view, led)

    def back(part: SectionView) -> SectionView:
        return replace(part, told_in=ways.get(part.anchor))

    return replace(view, sections=tuple(map(back, view.sections)), back=tuple(map(back, view.back))), led


def _to_data(told: StoryView, data: _Data) -> StoryView:
    """Lead every line and every picture of the report to the data page."""

    def line(one: Line) -> Line:
        return one if one.link else replace(one, link=data.number(one.sentences))

    def lines(those: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(map(line, those))

    def figure(one: FigureView | None) -> FigureView | None:
        return one and replace(one, data=data.figure(one.id))

    def card(one: CardView) -> CardView:
        return replace(one, lines=lines(one.lines))

    def part(one: PartView) -> PartView:
        return replace(
            one, lines=lines(one.lines), cards=tuple(map(card, one.cards)), map=figure(one.map),
            figures=tuple(replace(drawn, data=data.figure(drawn.id)) for drawn in one.figures),
            portraits=tuple(replace(portrait, lines=lines(portrait.lines)) for portrait in one.portraits),
        )  # fmt: skip

    return replace(
        told, headline=line(told.headline), lead=lines(told.lead), lead_figure=figure(told.lead_figure),
        sides=tuple((asked, lines(answers)) for asked, answers in told.sides), parts=tuple(map(part, told.parts)),
    )  # fmt: skip


def _ways_back(view: ReportView, told: StoryView) -> Mapping[str, tuple[str, str]]:
    """Give for each section of the data page the anchor and the title of what tells it in the report.

    That is the part or claim with the most lines and pictures that lead to it, of equal ones the first.
    """
    titles = {part.id: part.title for part in told.parts}
    titles |= {_anchor(card): card.tile.label for part in told.parts for card in part.cards}
    drawn = {f"figuur-{slug(one.id)}": part.anchor for part in view.sections for one in part.figures}
    counted: dict[str, Counter[str]] = {}
    for place, link in _links(told):
        counted.setdefault(drawn.get(link, link), Counter())[place] += 1
    ways = {anchor: max(places, key=lambda place: places[place]) for anchor, places in counted.items()}
    found = {}
    for part in (*view.sections, *view.back):
        place = ways.get(part.anchor, ELSE.get(part.id[:2], "claims"))
        if place in titles:
            found[part.anchor] = place, titles[place]
    return found


def _links(told: StoryView) -> Iterator[tuple[str, str]]:
    """Go through the links to the data page: each with the part or claim it stands in."""
    for part in told.parts:
        lines = [(part.id, line) for line in part.lines]
        lines += [(_anchor(card), line) for card in part.cards for line in card.lines]
        lines += [(part.id, line) for portrait in part.portraits for line in portrait.lines]
        yield from ((place, line.link) for place, line in lines if line.link)
        yield from ((part.id, figure.data) for figure in part.figures if figure.data)


def _anchor(card: CardView) -> str:
    """Name the place of a claim in the report."""
    return f"claim-{card.tile.claim.lower()}"
