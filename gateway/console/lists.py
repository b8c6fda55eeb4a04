"""The pages that are lists, and the words that their filters know."""

from collections.abc import Mapping
from typing import Final

EVENT_WORDS: Final = {
    "status": "status", "source": "source", "tenant": "tenant", "code": "code", "id": "eventId",
    "reference": "reference", "order": "externalOrderId",
}  # fmt: skip
ORDER_WORDS: Final = {"status": "status", "tenant": "tenant"}
LETTER_WORDS: Final = {
    "kind": "kind", "source": "source", "tenant": "tenant", "code": "code", "id": "eventId", "order": "externalOrderId",
}  # fmt: skip
AUDIT_WORDS: Final = {"by": "by", "act": "act"}

LISTS: Final[dict[str, tuple[str, str, Mapping[str, str], str | None]]] = {
    "orders": ("list_orders", "orders", ORDER_WORDS, "q"),
    "events": ("list_events", "events", EVENT_WORDS, "eventId"),
    "dead-letters": ("list_dead_letters", "deadLetters", LETTER_WORDS, None),
    "refusals": ("list_refusals", "refusals", {"source": "source"}, None),
    "operations": ("list_operations", "operations", {}, None),
    "audit": ("list_acts", "audit", AUDIT_WORDS, None),
}
"""The pages that are lists: the call, its member, the words of its filter, and what a word without a name is."""
