"""An adapter's page while it is drafted: what is known of the vendor, and what the page uses so far."""

from typing import Final

from gateway.drift.shapes import written
from gateway.workshop.kit.proposal import Proposal
from gateway.workshop.kit.samples import Node, Steps
from gateway.workshop.kit.spelling import attribute

GUESS: Final = "  # guess"


class Page:
    """Expressions are made in order, and the page remembers what they use.

    Attributes:
        order: what the samples show of one order.
        kinds: the members that are read, and the annotation of each.
        locals: the objects of an order that have a name of their own in the function.
        guesses: what a person must look at.
    """

    def __init__(self, name: str, body: Node, answer: Node | None, found: Proposal) -> None:
        self.name = name
        self.vendor = "".join(word.capitalize() for word in name.split("_"))
        self.body = body
        self.answer = answer
        self.found = found
        self.root = answer if answer is not None else body
        self.is_notice = found.lookup_id is not None
        self.order = self.root.at(found.order) if not self.is_notice or answer is not None else Node()
        self.kinds: dict[Steps, str] = {}
        self.locals: dict[Steps, str] = {}
        self.imports: dict[str, set[str]] = {"adapters": set()}
        self.guesses: list[str] = []
        self.constants: list[str] = []
        self.needs_zone = False
        self.needs_text = False

    @property
    def title(self) -> str:
        """The vendor's name for a person."""
        return self.name.replace("_", " ").title()

    def use(self, module: str, *names: str) -> None:
        """Import these names."""
        self.imports.setdefault(module, set()).update(names)

    def guess(self, words: str) -> str:
        """Remember a guess; the mark for its line."""
        self.guesses.append(words)
        return GUESS

    def read(self, steps: Steps, kind: str | None = None) -> str:
        """An expression for a member of an order, which is then read as `kind` (None: as a text)."""
        node = self.order.at(steps)
        holds_number = "number" in node.kinds or not node.kinds
        self.kinds[(*self.found.order, *steps)] = kind or ("str | int | float" if "number" in node.kinds else "str")
        above = "order"
        for length in range(1, len(steps)):
            above = self.locals.setdefault(steps[:length], self._local(steps[:length]))
        expression = f"{above}.{attribute(steps[-1])}"
        if kind is None and holds_number and node.kinds:
            self.needs_text = True
            return f"_text({expression})"
        return expression

    def _local(self, steps: Steps) -> str:
        name = attribute(steps[-1])
        taken = {*self.locals.values(), "order", "options", "state", "address", "clock", "references"}
        while name in taken:
            name += "_part"
        return name

    def path(self, steps: Steps) -> str:
        """Where a member of an order stands in the payload."""
        return written((*self.found.order, *steps))
