"""Where a queue begins, while a snapshot that somebody holds open keeps all that went out of it.

What has left a queue stays in its index as long as anybody could see it, and each look goes over it. After a look that
took long the next ones begin a little before what it found first, and so do counts. What this process puts back stands
behind no front. What others put back, or commit long after they numbered it, is found by a look from the very
beginning: one every few seconds, and the seldomer the longer it takes.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from gateway.events import OrderStatus
from gateway.store.rules import ledger

LOOKS: Final = {"outbox.due": "orders", "translation.untranslated": "events"}
"""Statements whose last value is where they begin."""

COUNTS: Final = frozenset({"outbox.pending_at_most", "records.pending_orders", "records.count_orders"})
"""Statements whose last values are tenants, and where the queue of each begins."""

MARGINS: Final = {"orders": 2_000_000, "events": 1000}
"""Of what is sorted by, microseconds and ids: what came a little out of turn is found all the same."""

_ORDERS_BACK: Final = {
    "ledger.insert_orders": (ledger.FIRST.index("status"), ledger.FIRST.index("due_at")),
    "ledger.update_orders": (1 + ledger.CHANGING.index("status"), 1 + ledger.CHANGING.index("due_at")),
}
_EVENTS_BACK: Final = frozenset({"acts.replay", "inbox.reopen", "lookups.translate_again", "shadows.reopen"})
"""Statements that put back, these with the event's id as the last value of a row."""

_ANYWHERE_BACK: Final = {
    "amending.heard_first": "orders",
    "inbox.rename_source": "events",
    "outbox.release": "orders",
    "outbox.reschedule": "orders",
    "pulls.in_order_of_change": "orders",
}
"""Of these only the queue is known."""

SLOW_SECONDS: Final = 0.02
LONG_SECONDS: Final = 0.005
"""A look that began at a front and took longer moves it on."""

AGAIN_SECONDS: Final = 5.0
SHARE: Final = 50
"""Looks from the beginning take one part of the time in so many, at most."""

BEGINNING: Final = -1


class Look(NamedTuple):
    """A look at a queue: where it begins, and how often something had been put back by then."""

    queue: str
    whose: str
    front: int
    turn: int


class _Front(NamedTuple):
    place: int
    until: float


class Fronts:
    """What the connections to one database know of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Front] = {}
        self._turns = dict.fromkeys(MARGINS, 0)
        self._lock = threading.Lock()

    def look(self, name: str, given: Sequence[Any]) -> Look:
        """Where a look begins."""
        queue = LOOKS[name]
        whose = given[0] if queue == "orders" else repr((given[0], given[3]))
        with self._lock:
            front = self._known.get((queue, whose))
            place = BEGINNING if front is None or self._clock() >= front.until else front.place
            return Look(queue, whose, place, self._turns[queue])

    def is_worth_moving(self, look: Look, seconds: float) -> bool:
        """Whether a look took so long that it is worth knowing the place of what it found first."""
        return seconds > (SLOW_SECONDS if look.front == BEGINNING else LONG_SECONDS)

    def move(self, look: Look, place: int, seconds: float) -> None:
        """The next looks begin a little before this place, unless something was put back meanwhile."""
        key, begins = (look.queue, look.whose), place - MARGINS[look.queue]
        with self._lock:
            if look.turn != self._turns[look.queue]:
                return
            if look.front == BEGINNING:
                self._known[key] = _Front(begins, self._clock() + max(AGAIN_SECONDS, SHARE * seconds))
            elif key in self._known:
                self._known[key] = self._known[key]._replace(place=max(begins, look.front))

    def lower(self, queue: str, place: int) -> None:
        """Something was put back at this place: the next looks begin no later."""
        with self._lock:
            self._turns[queue] += 1
            for key, front in self._known.items():
                if key[0] == queue and front.place > place:
                    self._known[key] = front._replace(place=place)

    def of_tenants(self) -> tuple[list[str], list[int]]:
        """The tenants of which a front is known, and those."""
        now = self._clock()
        with self._lock:
            known = {
                key[1]: front.place for key, front in self._known.items() if key[0] == "orders" and front.until > now
            }
        return [*known], [*known.values()]


def put_back(name: str, rows: Iterable[Sequence[Any]]) -> tuple[str, int] | None:
    """The queue to which a statement brings something back, and the foremost place of it."""
    if name in _EVENTS_BACK:
        return "events", min(row[-1] for row in rows)
    if name in _ANYWHERE_BACK:
        return _ANYWHERE_BACK[name], BEGINNING
    if name not in _ORDERS_BACK:
        return None
    status, due_at = _ORDERS_BACK[name]
    places = [row[due_at] for row in rows if row[status] == OrderStatus.PENDING]
    return ("orders", min(places)) if places else None
