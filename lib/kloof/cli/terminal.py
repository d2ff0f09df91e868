"""What reaches the terminal: a name from a file cannot steer it, whatever signs it holds."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

# controls (all but tab and new line), signs that turn the direction of text, and halves of letters that cannot be shown
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Write the signs that steer a terminal by their number, as JSON does, so that JSON stays what it says."""
    return STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


class Screen:
    """A stream on which whatever is printed is harmless; rich, which steers on purpose, goes around it."""

    def __init__(self, stream: TextIO):
        self._stream = self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Write text."""
        self._stream.write(harmless(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        if name == "writelines":
            return lambda lines: self.write("".join(lines))
        return getattr(self._stream, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Let everything that is printed inside be harmless."""
    with redirect_stdout(Screen(sys.stdout)), redirect_stderr(Screen(sys.stderr)):
        yield
