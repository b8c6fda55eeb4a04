"""How somebody gets a thing done on a page: with the mouse, or by the keyboard alone."""

from collections.abc import Callable
from re import Pattern

from playwright.sync_api import Locator, Page

from tests.system.people import Person

MOST_TABS = 200


class Hands:
    """`press` and `write` as this person does it; `page` is where they are."""

    def __init__(self, person: Person, *, has_mouse: bool) -> None:
        self.person = person
        self.has_mouse = has_mouse

    @property
    def page(self) -> Page:
        return self.person.page

    def press(
        self,
        name: str | Pattern[str],
        role: str = "link",
        *,
        within: Callable[[Page], Locator] = lambda page: page.locator("body"),
    ) -> None:
        """The link or the button of this name."""
        it = within(self.page).get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
        if self.has_mouse:
            it.click()
            return
        self.reach(it)
        self.page.keyboard.press("Enter")

    def mark(self, label: str) -> None:
        """A box."""
        box = self.page.get_by_label(label, exact=True)
        if self.has_mouse:
            box.check()
            return
        self.reach(box)
        self.page.keyboard.press("Space")

    def write(self, label: str, text: str) -> None:
        """Into a field, in the place of what is there."""
        field = self.page.get_by_label(label).and_(self.page.locator("input, textarea"))
        if self.has_mouse:
            field.fill(text)
            return
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)

    def reach(self, it: Locator) -> None:
        """By Tab, as everything can be reached, and so that it is seen."""
        it.wait_for()
        for _ in range(MOST_TABS):
            if it.evaluate("each => each === document.activeElement"):
                assert it.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{it} cannot be reached by Tab")
