"""Parses a TOML text once in a process: registries are read again and again, and are long."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

KEPT = 64


@lru_cache(maxsize=KEPT)
def parsed(text: str) -> Mapping[str, Any]:
    """Parse a text; who asks for the same text gets the same content and must not change it.

    Raises tomllib.TOMLDecodeError.
    """
    return tomllib.loads(text)
