"""A step of a notebook fills a section; what it left in one language is taken over in the other, within one run.

Numbers have no language, so the second notebook need not compute what the first one did: see `memo`. A step is known by
its function, by which of its calls it is, by all it is given, and by what the section held: where any of these
differs between the languages, it is computed. Stock kernels remember nothing, so that both languages compute
everything there, and a run sees whether they agree.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from kloof.memo import remembered
from kloof.results import Section
from kloof.study.study import Study

P = ParamSpec("P")
T = TypeVar("T")
_calls: Counter[str] = Counter()


def step(function: Callable[Concatenate[Section, Study, P], T]) -> Callable[Concatenate[Section, Study, P], T]:
    """Mark a function that records in a section what it finds in a study, and may give something back to look at.

    It may rest on the study, the files of the run and its arguments, and not on the language.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def taken_over(section: Section, study: Study, /, *given: P.args, **named: P.kwargs) -> T:
        _calls[name] += 1

        def key() -> Any:
            settled = replace(study.p, language=""), study.focus, study.variants
            return name, _calls[name], vars(section), settled, given, named

        def compute() -> tuple[dict[str, Any], T]:
            found = function(section, study, *given, **named)
            return vars(section), found

        left, found = remembered("step", key, compute)
        vars(section).update(left)
        return found

    return taken_over
