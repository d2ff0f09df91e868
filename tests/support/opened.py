"""A page in a real browser, with all it asked for and complained about."""

from pathlib import Path
from typing import Any

AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Opened:
    """An open page: what it asked for, what it complained about, and what a script in it answers."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **context)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        self.page.goto(file.as_uri())

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def ask(self, script: str, given: Any = None) -> Any:
        """Evaluate a script in the page."""
        return self.page.evaluate(script, given)

    def violations(self) -> list[str]:
        """List what axe-core finds against WCAG 2.2 A and AA, everything unfolded."""
        from axe_playwright_python.sync_playwright import Axe

        self.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        options = {"runOnly": {"type": "tag", "values": AA}, "resultTypes": ["violations"]}
        found = Axe().run(self.page, options=options).response
        assert found["passes"], "axe-core looked at nothing"
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]
