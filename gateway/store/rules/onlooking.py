"""What of a transaction's translations looks on: which events, and how their orders compare with those that stand."""

from collections.abc import Collection, Mapping, Sequence

from gateway.events import EventStatus, Micros, OrderState, TranslatedEvent, Version
from gateway.store.rules import modes, verdicts
from gateway.store.rules.lifecycle import OrderRow
from gateway.store.rules.transactions import Transaction
from gateway.store.rules.verdicts import Side, Sighting


class Onlooking:
    """Of one transaction: begun with its events, told each state that is delivered to nobody, and ended with orders.

    Attributes:
        events: those that are delivered to nobody.
        sources: those that are in shadow.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._watching = modes.watching(transaction)
        self._states: list[tuple[TranslatedEvent, OrderState, int]] = []
        self.events: Collection[int] = ()
        self.sources: Collection[str] = self._watching.shadows

    def begin(self, events: Sequence[TranslatedEvent]) -> None:
        """Find out which of these events are delivered to nobody."""
        if self.sources:
            self.events = modes.looking_on(self._transaction, [event.id for event in events])

    def look(self, event: TranslatedEvent, state: OrderState, row: int) -> None:
        """A state that could have been delivered, with its row."""
        self._states.append((event, state, row))

    def compare(
        self,
        events: Sequence[TranslatedEvent],
        orders: Mapping[tuple[str, str], OrderRow],
        received_at: Mapping[int, Micros],
        now: Micros,
    ) -> None:
        """Judge the orders anew of which a shadow has told, or the source that it would replace."""
        if not self.sources:
            return
        seen: dict[tuple[str, str, str], Sighting] = {}

        def see(source: str, event: TranslatedEvent, state: OrderState, here: Side | None) -> None:
            key = state.tenant, state.external_order_id
            sighting = seen.setdefault((source, *key), Sighting(source, *key, is_past=True))
            sighting.is_past &= here is None and received_at[event.id] < self._watching.shadows[source]
            order = orders.get(key)
            if order is not None:
                sighting.there = Side(order.digest or verdicts.CANCELLED, order.state)
            sighting.here = verdicts.newest(side for side in (sighting.here, here) if side is not None)

        for event, state, row in self._states:
            version = Version(state.clock, state.tie, event.id)
            see(event.source, event, state, Side(verdicts.digest_of(state.body), row, state.body, version, event.id))
        for event in events:
            for watcher in self._watching.watchers.get(event.source, ()):
                for state in event.states:
                    see(watcher, event, state, None)
        verdicts.renew(self._transaction, list(seen.values()), self._watching.shadows, now)
        ended = [event for event in events if event.id in self.events and event.status != EventStatus.WAITING]
        verdicts.count_reasons(self._transaction, verdicts.reasons_of(ended))
