"""The answers of session 5: what the report says of a claim, counted from its parts."""

from collections.abc import Callable, Mapping

from kloof.findings import CONTRADICTED, JUDGEMENTS, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, VERDICTS
from kloof_workshop import lesson
from kloof_workshop.exercise import Answer


def supported() -> Answer:
    """5.1: how many parts of the claim are supported."""
    table = lesson.parts()
    right = int((table["verdict"] == SUPPORTED).sum())
    wrong = (
        ("all_for_listed", len(table)),
        ("wrong_side", len(table) - right),
        ("other_verdict", int((table["verdict"] == CONTRADICTED).sum())),
        ("other_verdict", int((table["verdict"] == NOT_TESTABLE).sum())),
        ("no_say", int(table["counts"].sum())),
        ("share_for_count", right / len(table)),
        ("share_for_count", 100 * right / len(table)),
    )
    return _count(right, wrong)


def supported_that_count() -> Answer:
    """5.2: how many of the parts that have a say are supported."""
    table = lesson.parts()
    said = table[table["counts"]]
    right = int((said["verdict"] == SUPPORTED).sum())
    wrong = (
        ("no_say", int((table["verdict"] == SUPPORTED).sum())),
        ("other_verdict", int((said["verdict"] == CONTRADICTED).sum())),
        ("all_for_listed", len(said)),
        ("all_for_listed", len(table)),
    )
    return _count(right, wrong)


def not_testable() -> Answer:
    """5.3: how much of the claim, in percent of its parts, no open figure can test."""
    table = lesson.parts()
    untested = int((table["verdict"] == NOT_TESTABLE).sum())
    right = 100 * untested / len(table)
    wrong = (
        ("count_for_share", untested),
        ("rest_of_part", 100 - right),
        ("other_verdict", 100 * float((table["verdict"] == CONTRADICTED).mean())),
        ("wrong_base", 100 * untested / int(table["counts"].sum())),
        ("wrong_base", 100 * untested / (len(table) - untested)),
    )
    return Answer(right, wrong, 0.05, "percent")


def lists_differ() -> Answer:
    """5.4: of how many parts the verdict depends on the list."""
    table = lesson.parts()
    right = int((table["agree"] < table["of"]).sum())
    wrong = (
        ("wrong_side", int((table["agree"] == table["of"]).sum())),
        ("wrong_side", int(((table["agree"] == table["of"]) & (table["of"] > 0)).sum())),
        ("all_for_listed", len(table)),
        ("all_for_listed", int((table["of"] > 0).sum())),
        ("share_for_count", right / len(table)),
        ("share_for_count", 100 * right / len(table)),
        ("cells_counted", right * table.shape[1]),
    )
    return _count(right, wrong)


def verdict_on_claim() -> Answer:
    """5.5: the verdict on a claim whose parts say different things."""
    right = lesson.verdict_on()
    wrong = (
        ("part_for_whole", SUPPORTED),
        ("part_for_whole", CONTRADICTED),
        ("part_for_whole", NEGLIGIBLE),
        ("part_for_whole", UNDECIDED),
        ("testable_it_was", NOT_TESTABLE),
        *(("judgement_for_verdict", name) for name in JUDGEMENTS),
    )
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), unit="code", choices=VERDICTS)


def headline() -> Answer:
    """5.6: the headline that the report allows."""
    wrong = (
        ("no_say", "A"),
        ("part_for_whole", "B"),
        ("no_proof_no_change", "D"),
    )
    return Answer("C", wrong, unit="choice", choices=("A", "B", "C", "D"))


def _count(right: int, wrong: tuple[tuple[str, float], ...]) -> Answer:
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), 0.001)


MAKERS_OF_READING: Mapping[str, Callable[[], Answer]] = {
    "5.1": supported,
    "5.2": supported_that_count,
    "5.3": not_testable,
    "5.4": lists_differ,
    "5.5": verdict_on_claim,
    "5.6": headline,
}
