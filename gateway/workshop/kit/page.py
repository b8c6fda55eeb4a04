"""An adapter's page while it is drafted: what is known of the vendor, and what the page uses so far."""

from typing import Final

from gateway.drift.shapes import ITEM, written
from gateway.workshop.kit.proposal import Proposal
from gateway.workshop.kit.samples import Node, Steps
from gateway.workshop.kit.spelling import attribute

GUESS: Final = "  # guess"
TAKEN: Final = (
    *("order", "options", "state", "address", "clock", "references", "told_at", "meaning", "item", "weight", "volume"),
    *("weights", "status", "pickup", "day", "moment", "each", "destination", "identifier", "plain", "whole"),
)
"""Names that the drafted function has already."""


class Page:
    """Expressions are made in order, and the page remembers what they use.

    Attributes:
        order: what the samples show of one order.
        kinds: the members that are read, and the annotation of each.
        event_kinds: the same of what is read of the event around the order.
        locals: the objects of an order that have a name of their own in the function.
        targets: what was drafted: event ID, topic, clock and members of the order.
        marked: those of them that are a guess.
        guesses: what a person must look at.
        lookup: how a notice's order is asked for: the path's template around the id, and whether an answer showed it.
    """

    def __init__(
        self,
        name: str,
        body: Node,
        answer: Node | None,
        found: Proposal,
        lookup: tuple[str, bool] = ("orders/{}", False),
    ) -> None:
        self.name = name
        self.vendor = "".join(word.capitalize() for word in name.split("_"))
        self.body = body
        self.answer = answer
        self.found = found
        self.lookup = lookup
        self.root = answer if answer is not None else body
        self.is_notice = found.is_notice
        self.order = self.root.at(found.order) if not self.is_notice or answer is not None else Node()
        self.kinds: dict[Steps, str] = {}
        self.event_kinds: dict[Steps, str] = {}
        self.locals: dict[Steps, str] = {}
        self.imports: dict[str, set[str]] = {"adapters": set()}
        self.targets: dict[str, None] = {}
        self.marked: dict[str, None] = {}
        self.guesses: list[str] = []
        self.constants: list[str] = []
        self.needs_zone = False
        self.needs_weight_unit = False
        self.needs_text = False

    @property
    def title(self) -> str:
        """The vendor's name for a person."""
        return self.name.replace("_", " ").title()

    @property
    def cancels(self) -> bool:
        """Whether a topic of the samples cancels the orders that the event holds."""
        return not self.is_notice and any(topic.brings == "cancellations" for topic in self.found.topics)

    def use(self, module: str, *names: str) -> None:
        """Import these names."""
        self.imports.setdefault(module, set()).update(names)

    def drafts(self, target: str) -> None:
        """Remember that a member of Trackely's was drafted."""
        self.targets[target] = None

    def guess(self, target: str, words: str) -> str:
        """Remember that what was drafted for `target` is a guess; the mark for its line."""
        self.targets[target] = self.marked[target] = None
        self.guesses.append(words)
        return GUESS

    def read(self, steps: Steps, kind: str | None = None) -> str:
        """An expression for a member of an order, which is then read as `kind` (None: as a text)."""
        node = self.order.at(steps)
        is_list = "list" in node.kinds
        holds_number = "number" in node.kinds or not node.kinds
        own = "list[str | None]" if is_list else "str | int | float" if "number" in node.kinds else "str"
        self.kinds[(*self.found.order, *steps)] = kind or own
        expression = f"{self.above(steps)}.{attribute(steps[-1])}"
        if is_list:
            return f"*({expression} or ())"
        if kind is None and holds_number and node.kinds:
            self.needs_text = True
            return f"_text({expression})"
        return expression

    def above(self, steps: Steps) -> str:
        """The name of the object that holds a member; of a list's items, that of the first."""
        above = "order"
        for length in range(1, len(steps)):
            if steps[length : length + 1] != (ITEM,):
                above = self.locals.setdefault(steps[:length], self._local(steps[:length]))
        return above

    def _local(self, steps: Steps) -> str:
        key = next(step for step in reversed(steps) if step != ITEM)
        name = attribute(key)
        if steps[-1] == ITEM:
            name = f"first_{name.removesuffix('es' if name.endswith('sses') else 's')}"
        taken = {*self.locals.values(), *TAKEN}
        while name in taken:
            name += "_part"
        return name

    def path(self, steps: Steps) -> str:
        """Where a member of an order stands in the payload."""
        return written((*self.found.order, *steps))
