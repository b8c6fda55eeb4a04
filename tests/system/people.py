"""Somebody in front of a browser: what they see, what they do, and what went wrong in their console meanwhile."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Person:
    """Use `page` as Playwright's; `faults` are broken scripts and reports of the content security policy."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        script: bool = True,
        scheme: str = "light",
        size: tuple[int, int] = (1024, 900),
        zoom: int = 1,
    ) -> None:
        self.url = url
        self.has_script = script
        self.faults: list[str] = []
        self._context = browser.new_context(
            base_url=url,
            java_script_enabled=script,
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": size[0] // zoom, "height": size[1] // zoom},
            device_scale_factor=zoom,
            timezone_id="Europe/Stockholm",
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(15_000)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))

    def _note(self, message: ConsoleMessage) -> None:
        # A status of 4xx is the page's own matter: a test that wants it looks at the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{self.page.url}: {message.text}")

    def sign_in(self, token: str) -> None:
        self.page.goto("/console/login")
        self.page.get_by_label("API token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/console")

    def leave(self) -> None:
        self._context.close()

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it is."""
        found: dict[str, Any] = self.page.evaluate(
            f"async (rules) => {{ {axe()}; return await axe.run(rules) }}", RULES
        )
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


def axe() -> str:
    """axe-core 4.14.1 as npm has it. By `evaluate` it needs no leave of the page's policy."""
    return AXE.read_text()
