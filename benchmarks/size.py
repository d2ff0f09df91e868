"""How large the library and the tests are, and how long the last `make test` took."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MINUTES = PROJECT / ".bench" / "minutes"  # written by `make test`


def main() -> None:
    """Print lines and modules of the library, and lines and minutes of the tests."""
    for name in ("lib", "tests"):
        modules = [path for path in (PROJECT / name).rglob("*.py") if "__pycache__" not in path.parts]
        lines = sum(path.read_bytes().count(b"\n") for path in modules)
        print(f"{name:6}{lines:>8,} lines{len(modules):>6} modules")
    took = MINUTES.read_text(encoding="utf-8").strip() if MINUTES.is_file() else ""
    print(f"make test took {took} minutes here" if took else "make test was not timed here")


if __name__ == "__main__":
    main()
