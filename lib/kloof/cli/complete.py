"""What the shell completes: the names that there are to choose from, out of the lists that `kloof list` prints."""

import re
from collections.abc import Callable

Completed = list[tuple[str, str]]  # what is typed, with what a shell may show beside it

SAFE = re.compile(r"[\w.-]+")  # a shell puts it in its line as it stands, so that it may hold nothing a shell acts on
ACTS = re.compile(r"[^\w .,;/-]")


def one_of(kind: str) -> Callable[[str], Completed]:
    """Give what completes a name of one kind, such as presets; a list that cannot be read completes nothing."""

    def completed(incomplete: str) -> Completed:
        from kloof.errors import KloofError
        from kloof.run.project import kinds

        try:
            rows = [(name.split()[0], f"{name.partition('  ')[2]} {text}") for name, text in kinds()[kind]()]
        except (KloofError, OSError):
            return []
        found = [(name, text) for name, text in rows if SAFE.fullmatch(name) and name.startswith(incomplete)]
        return [(name, ACTS.sub(" ", text).strip()) for name, text in found]

    return completed


def what_is_listed(incomplete: str) -> Completed:
    """Complete what `kloof list` lists."""
    from kloof.run.project import kinds

    return [(kind, "") for kind in kinds() if kind.startswith(incomplete)]


def downloaded_from(incomplete: str) -> Completed:
    """Complete a source of data/sources.toml."""
    from kloof.errors import KloofError
    from kloof.fetch.registry import read_registry
    from kloof.paths import data_folder

    try:
        names = [*read_registry(data_folder() / "sources.toml")]
    except (KloofError, OSError):
        return []
    return [(name, "") for name in names if SAFE.fullmatch(name) and name.startswith(incomplete)]
