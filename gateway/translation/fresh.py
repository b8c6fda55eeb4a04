"""Events that were stored a moment ago, kept in memory so that they need not be read back to be translated."""

from collections.abc import Collection, Iterable, KeysView
from typing import Final

from gateway.events import Arrival, UntranslatedEvent
from gateway.records import SHARDS

MOST_EVENTS: Final = 2048
MOST_BYTES: Final = 16 << 20
"""Of what is kept: a translation that falls behind reads from the store, which has them all."""


class Fresh:
    """Stored events in the order in which they came."""

    def __init__(self) -> None:
        self._kept: dict[int, Arrival] = {}
        self._bytes = 0

    @property
    def ids(self) -> KeysView[int]:
        """Of all that are kept."""
        return self._kept.keys()

    def keep(self, new: Iterable[tuple[int, Arrival]]) -> bool:
        """Keep these, by their ids; False: it is too much, and all are let go."""
        for id_, arrival in new:
            self._kept[id_] = arrival
            self._bytes += len(arrival.body)
        if len(self._kept) <= MOST_EVENTS and self._bytes <= MOST_BYTES:
            return True
        self._kept.clear()
        self._bytes = 0
        return False

    def drop(self, ids: Iterable[int]) -> None:
        """Let these go, where they are kept."""
        for id_ in ids:
            arrival = self._kept.pop(id_, None)
            if arrival is not None:
                self._bytes -= len(arrival.body)

    def take(
        self, sources: Collection[str], limit: int, shards: Collection[int] | None = None
    ) -> list[UntranslatedEvent]:
        """The oldest of these sources and shards (None: all); neither they nor others' before them are kept on."""
        taken: list[UntranslatedEvent] = []
        passed = []
        for id_, of in self._kept.items():
            if len(taken) == limit:
                break
            passed.append(id_)
            if of.source in sources and (shards is None or id_ % SHARDS in shards):
                event = UntranslatedEvent(id_, of.source, of.event_id, of.topic, of.received_at, of.body, of.context)
                taken.append(event)
        self.drop(passed)
        return taken
