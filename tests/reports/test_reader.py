"""A reader's test: ten questions have an answer where one looks for it, and a fault planted in the report is found."""

import re

import pytest
from told import Told, told

from kloof.report import pdfback
from kloof.report.readback import blocks, differences, parse

LANGUAGES = ("nl", "en")
FIRST = 2  # pages of paper on which the first questions are answered
QUESTIONS = {  # question: where its answer stands (the first pages, or a part), and the words of the answer
    "did the gap grow?": ("", r"groeide de kloof in inkomen", r"the gap in income per inhabitant grew"),
    "in what sense?": ("", r"In euro’s .* in verhouding kromp hij", r"In euros .* in proportion it shrank"),
    "before corona?": ("", r"Vóór corona, tussen 2016 en 2019", r"Before corona, between 2016 and 2019"),
    "which neighbourhoods?": ("", r"11 buurten van Breda", r"11 neighbourhoods of Breda"),
    "how many people?": ("about", r"in de 11 buurten \d\d\.\d{3} mensen", r"\d\d,\d{3} people lived in the 11"),
    "what is not known?": ("", r"Wat deze cijfers niet zeggen: opleiding", r"What these figures do not say: schooling"),
    "how sure?": ("sure", r"In \d+ % van de gevallen zag de toets", r"In \d+% of the cases the test saw"),
    "who could tell?": ("unknown", r"De gemeente zelf", r"The municipality itself"),
    "is this place special?": ("special", r"Breda tussen plaats \d en", r"Breda stands between place \d and"),
    "what would change it?": ("claims", r"Wat dit zou veranderen: \w+", r"What would change this: \w+"),
}  # fmt: skip


def part(one: Told, name: str) -> str:
    """Give the text of a part of the page."""
    node = next(node for node in parse(one.html).walk() if node.tag == "section" and node.attrs.get("id") == name)
    return " ".join(node.text().split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_reader_finds_the_answer(question: str, language: str) -> None:
    """What one asks first stands on the first two pages of paper; the rest in the part with its name."""
    where, *answers = QUESTIONS[question]
    one = told(language)
    text = part(one, where) if where else " ".join(" ".join(one.pages[:FIRST]).split())
    assert re.search(answers[LANGUAGES.index(language)], text.replace("\u00a0", " ")), text[:3000]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_is_faithful_and_short(language: str) -> None:
    """Nothing on it is without a source, the PDF says the same, and it is read in one sitting."""
    one = told(language)
    assert one.faults(one.html) == []
    maps = [text for text in pdfback.audit_pdf(one.pages, one.html, language) if "HTML" not in text]
    assert maps == []
    said = [node for node in parse(one.html).walk() if node.tag in ("p", "li", "h1", "h2", "h3")]
    read = [node for node in said if not node.marks & {".explorer", ".files", "footer", "header"}]
    assert 1500 < sum(len(node.text().split()) for node in read) < 3600
    assert len(one.pages) <= 14


def test_amounts_are_in_the_prices_of_when_their_last_figure_was_true() -> None:
    """Dwelling values of 2024 are of a year before; what came before an event is in the prices of the whole series."""
    years = re.findall(r"in prijzen van (\d{4})", part(told("nl"), "grew") + part(told("nl"), "event"))
    assert len(years) >= 4
    assert set(years) == {"2023"}


def test_both_languages_say_the_same() -> None:
    """The same numbers and verdicts, block by block."""
    assert differences(*(blocks(parse(told(language).html)) for language in LANGUAGES)) == []


FAULTS = {  # what is planted: what is looked for in the Dutch page, and what stands there instead
    "a level": (r"(<data [^>]*>)€ 10\.100<", r"\1€ 10.200<"),
    "a share": (r"(<data [^>]*>)28,4 %<", r"\1 28,5 %<"),
    "the unit of a share": (r"(<data [^>]*>)21,0 procentpunt<", r"\1 21,0 %<"),
    "the sign of an amount": (r"(<data [^>]*>)€ 10\.100<", r"\1 10.100<"),
    "the place of a number": (r'data-ref="(/findings/04[^"]*)/a/estimate"', r'data-ref="\1/b/estimate"'),
    "a number without a place": (r'<data data-ref="[^"]*" value="10100">', r"<data>"),
    "what programs read": (r'value="10100"', r'value="11100"'),
    "a number that is typed": (r"Een buurt is geen mens", r"Een buurt telt 512 mensen en is geen mens"),
    "a number in letters": (r"Een buurt is geen mens", r"Zeven buurten zijn geen mens"),
    "how many people": (r"48\.680", r"46.680"),
    "the number of the list": (r"(<data [^>]*>)11</data> buurten van", r"\1 12</data> buurten van"),
    "an error rate": (r"(<data [^>]*>)4 %</data> van de gevallen", r"\1 1 %</data> van de gevallen"),
    "a rank": (r"(plaats <data [^>]*>)2<", r"\1 1<"),
    "a number with another comma": (r"(<data [^>]*>)28,4 %<", r"\1 28.4 %<"),
    "the first clause": (r"groeide de kloof in", r"kromp de kloof in"),
    "the second clause": (r"in verhouding kromp hij", r"in verhouding groeide hij"),
    "a clause that stays": (r"in verhouding kromp hij", r"in verhouding bleef hij gelijk"),
    "a clause that is open": (r"in verhouding kromp hij", r"in verhouding is het door afronding niet te zeggen"),
    "another indicator": (r"bij woningwaarde groeide hij", r"bij woningwaarde kromp hij"),
    "what a gap did": (r"Het verschil in woningwaarde groeide", r"Het verschil in woningwaarde kromp"),
    "what it did in proportion": (r"werd het verschil kleiner", r"werd het verschil groter"),
    "that it stayed": (r"bleef het vrijwel gelijk", r"steeg het"),
    "since the event": (r"(Sinds corona.{0,400}?) kromp", r"\1 groeide"),
    "before the event": (r"(Vóór corona.{0,400}?) groeide", r"\1 kromp"),
    "that it is open": (r"Door afronding is niet te zeggen of het veranderde", r"Het steeg"),
    "chance that was not ruled out": (r"Of dat meer is dan toeval, is niet te zeggen", r"Dat is meer dan toeval"),
    "chance that was": (r"Beide keren is dat meer dan toeval", r"Of dat meer is dan toeval, is niet te zeggen"),
    "the word of a tile": (r"</span>klopt niet</span>", r"</span>klopt</span>"),
    "the code of a tile": (r'data-claim="C2" data-verdict="CONTRADICTED"', r'data-claim="C2" data-verdict="SUPPORTED"'),
    "the word of a card": (r'class="word">geen verschil van betekenis</span></p>', 'class="word">klopt</span></p>'),
    "the word of a reading": (r"○ Klopt niet\.", r"○ Klopt."),
    "the code of a sentence": (r'data-judgement="SHRANK"', r'data-judgement="GREW"'),
    "a year": (r"Een buurt is geen mens", r"Een buurt is sinds 1987 geen mens"),
    "the year of a level": (r"(/b/year\" value=\")2023(\">)2023", r"\g<1>2022\g<2>2022"),
    "the name of a portrait": (r"<h3>Heuvel</h3>", r"<h3>Haagpoort</h3>"),
    "a figure of another neighbourhood": (r"(/03\.by_year/rows/)(\d+)(/14)", lambda m: f"{m[1]}{int(m[2]) + 3}{m[3]}"),
    "the pace of a portrait": (r"steeg het langzamer dan", r"steeg het sneller dan"),
    "the direction of a portrait": (r"steeg het naar verhouding meer dan in heel", r"daalde het in heel"),
    "the quote of a card": (r"<cite>Kwetsbaarheid stapelt zich op", r"<cite>Armoede stapelt zich op"),
    "the quote of a reading": (r"burgemeesters: de wijken waren op weg", "burgemeesters: de wijken waren er bijna"),
    "the quote of a voice": (r"<cite>Dicht de Kloof</cite>", r"<cite>Dicht de Kloven</cite>"),
    "a number in an alternative text": (r'(<svg[^>]*role="img"[^>]*aria-label=")', r"\g<1>Van 812 naar 913. "),
    "a caption": (r'(<figcaption>\s*<p class="title">)', r"\1Het groeide. "),
    "a number in a caption": (r'(<figcaption>\s*<p class="title">)', r"\1Met 7,77 %. "),
    "a long sentence": (r"Een buurt is geen mens:", "Een buurt is " + "en blijft " * 13 + "geen mens:"),
    "many numbers": (r">2025</data> woonden", ">2025</data>, bij 3 % en 4 % en 5 %, woonden"),
    "a name of code": (r"Een buurt is geen mens", r"De lijst union is geen mens"),
    "a refused word": (r"Een buurt is geen mens", r"Dat komt omdat een buurt geen mens is"),
    "the other language": (r"Een buurt is geen mens", r"Een neighbourhood is geen mens"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    """Each is planted once, where it first fits."""
    one = told("nl")
    pattern, instead = FAULTS[fault]
    planted = re.sub(pattern, instead, one.plain, count=1, flags=re.DOTALL)
    assert planted != one.plain, "there is no place to plant it"
    assert one.faultless
    assert one.faults(planted)


def test_a_wrong_value_of_the_map_is_found() -> None:
    """One value of the figures that the explorer holds."""
    one = told("nl")
    planted = re.sub(r'("values":\[.*?)(\d\d\d)', r"\g<1>9\2", one.html, count=1, flags=re.DOTALL)
    assert planted != one.html
    assert one.faults(planted)


def test_a_page_that_says_less_than_the_other_is_found() -> None:
    """A sentence that is left out in one language, and one that is left out of the PDF."""
    dutch, english = (told(language) for language in LANGUAGES)
    shorter = re.sub(r'<p class="nuance" data-finding="04[^"]*".*?</p>', "", dutch.html, count=1, flags=re.DOTALL)
    assert shorter != dutch.html
    assert differences(blocks(parse(shorter)), blocks(parse(english.html)))
    longer = dutch.html.replace("Een buurt is geen mens", "Een buurt is nooit een mens", 1)
    assert longer != dutch.html
    assert any("nooit een mens" in found for found in pdfback.audit_pdf(dutch.pages, longer, "nl"))
