"""What a page shows, before it is HTML or PDF: paragraphs, tables, figures and sections in one language."""

from dataclasses import dataclass

from kloof.words.sentences import Part, Sentence


@dataclass(frozen=True)
class Paragraph:
    """Sentences of one finding, with the judgement that chose their words."""

    finding: str
    judgement: str
    sentences: tuple[Sentence, ...]
    sources: tuple[int, ...] = ()  # numbers of its sources in the list of the report, from 1


@dataclass(frozen=True)
class Cell:
    """One table cell: `content` is a number with its pointer or text; `title` explains a missing value."""

    content: Sentence
    numeric: bool = False
    title: str | None = None
    code: str | None = None  # verdict or judgement behind the cell, for its symbol and colour


@dataclass(frozen=True)
class TableView:
    """A table as it is printed; `csv` is its file beside the page, relative to the language folder."""

    id: str
    caption: Sentence
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None
    csv: str


@dataclass(frozen=True)
class FigureView:
    """A figure: title that states its finding, alt text, source note, and the SVG itself.

    `data` is where the data page has it, for a figure of the report.
    """

    id: str
    title: Sentence
    alt: str
    note: str
    svg: str
    file: str
    csv: str
    data: str | None = None


@dataclass(frozen=True)
class VerdictCell:
    """One cell of the verdict strip: word + symbol + colour."""

    claim: str
    label: str
    verdict: str
    word: str
    symbol: str
    anchor: str


@dataclass(frozen=True)
class SectionView:
    """One question: answer, figures, nuance, tables, how we know, what this does not say.

    `told_in` is the anchor and the title of what tells it in the report.
    """

    id: str
    anchor: str
    question: str
    answer: Paragraph | None
    figures: tuple[FigureView, ...]
    nuances: tuple[Paragraph, ...]
    tables: tuple[TableView, ...]
    how: tuple[Sentence, ...]
    limits: tuple[Sentence, ...]
    explorer: "ExplorerView | None" = None
    told_in: tuple[str, str] | None = None


@dataclass(frozen=True)
class ReportView:
    """A whole report in one language."""

    language: str
    title: str
    place: str
    lead: tuple[Paragraph, ...]
    lead_figure: FigureView | None
    strip: tuple[VerdictCell, ...]
    sections: tuple[SectionView, ...]
    back: tuple[SectionView, ...]
    sources: tuple[tuple[str, str, str, str, str], ...]  # publisher, title, table id, licence, retrieved
    attribution: str
    command: str
    data_date: str
    other_language: str
    files: tuple[str, ...] = ()  # of each source, the file it was looked up in


@dataclass(frozen=True)
class Spot:
    """One buurt as it stands there first: `fill` is the number of its class, none without a value."""

    code: str
    name: str
    listed: bool
    value: Part
    pointer: str
    fill: int | None
    path: str


@dataclass(frozen=True)
class ExplorerView:
    """Map and list of one report: the first indicator in its last year, and the rest as JSON."""

    spots: tuple[Spot, ...]  # from low to high, without a value last
    height: float
    indicators: tuple[tuple[str, str], ...]  # id and label
    label: str
    years: tuple[int, ...]
    year: int
    city: Part
    colours: tuple[str, ...]
    limits: tuple[tuple[float, str], ...]  # place and text of each limit of the legend
    data: str
    replaces: str | None

    @property
    def mapped(self) -> bool:
        """Tell whether there is a map."""
        return any(spot.path for spot in self.spots)


@dataclass(frozen=True)
class Line:
    """Sentences that belong together; those of a finding carry the judgement that chose their words.

    `link` is where the data page has its figures. In a headline each sentence is a clause of its own finding: `clauses`
    has finding and judgement of each. `claim` and `verdict` are those of the claim that the sentences answer.
    """

    sentences: tuple[Sentence, ...]
    finding: str | None = None
    judgement: str | None = None
    link: str | None = None
    clauses: tuple[tuple[str, str], ...] = ()
    claim: str | None = None
    verdict: str | None = None


@dataclass(frozen=True)
class CardView:
    """A claim that people argue about: what is said, the answer, what it rests on, its limit, what would change it."""

    tile: VerdictCell
    quote: str
    who: str
    lines: tuple[Line, ...]
    limit: str
    change: str


@dataclass(frozen=True)
class PortraitView:
    """A neighbourhood of the list in a few sentences, with a small picture of one figure over the years."""

    code: str
    name: str
    lines: tuple[Line, ...]
    picture: str | None
    alt: str


@dataclass(frozen=True)
class ListView:
    """A heading with short items."""

    head: str
    items: tuple[Sentence, ...]


@dataclass(frozen=True)
class PartView:
    """One part of the report; what it lacks it does not show, and without figures it is one line."""

    id: str
    title: str
    lines: tuple[Line, ...] = ()
    figures: tuple[FigureView, ...] = ()
    cards: tuple[CardView, ...] = ()
    portraits: tuple[PortraitView, ...] = ()
    lists: tuple[ListView, ...] = ()
    explorer: ExplorerView | None = None
    map: FigureView | None = None  # on paper, in the place of what moves


@dataclass(frozen=True)
class VoiceView:
    """Who said what, and when."""

    when: str
    who: str
    work: str
    what: str


@dataclass(frozen=True)
class StoryView:
    """The report that is read, in one language."""

    language: str
    title: str
    place: str
    headline: Line
    lead: tuple[Line, ...]
    lead_figure: FigureView | None
    sides: tuple[tuple[str, tuple[Line, ...]], ...]  # the two readings of a debate, each with its answer
    tiles: tuple[VerdictCell, ...]
    voices: tuple[VoiceView, ...]
    parts: tuple[PartView, ...]
    data_date: str
    other_language: str
