"""Answers of tests of numbers: each computed once, and why there is none."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from kloof.errors import NotComputableError

# of the reference tables; no notebook, command or report uses these corrections and splits, so kloof has none of them
LEFT_OUT = {
    "D_modified", "Gini_modified", "D_density_corrected", "decompose_D.c_s", "decompose_D.c_a",
    "change.mrc_mid.unit_entropy", "change.mrc_mid.group_marginal", "change.mrc_mid.invariant",
}  # fmt: skip


def reason_of(call: Callable[..., object], *given: Any, **named: Any) -> str:
    """Call something that cannot be computed; give the reason."""
    with pytest.raises(NotComputableError) as caught:
        call(*given, **named)
    return caught.value.reason


def once(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
    """Let a function of a module answer each question once: what a command prints and gives as JSON is one answer."""
    answer, kept = getattr(module, name), dict[str, Any]()

    def asked(*given: Any, **named: Any) -> Any:
        key = repr((given, named))
        if key not in kept:
            kept[key] = answer(*given, **named)
        return kept[key]

    monkeypatch.setattr(module, name, asked)
