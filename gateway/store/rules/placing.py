"""What a translation made of events, placed in their orders: many events in one transaction."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from gateway.events import (
    OPEN,
    SECOND,
    EventStatus,
    Micros,
    OrderState,
    OrderStatus,
    Reason,
    Transition,
    TranslatedEvent,
)
from gateway.store.rules import ledger, lifecycle, modes, naming, reasons, set_aside
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.lifecycle import NewState, OrderRow, StateChange
from gateway.store.rules.onlooking import Onlooking
from gateway.store.rules.transactions import Transaction

REPLAYED, FORCED = 1, 2

GATHER: Final = SECOND // 5
"""A lookup waits this long for more events of its subject."""

_encode = msgspec.json.Encoder().encode
_NO_ORDERS = Reason("no_orders", "the event holds no order")


def place(transaction: Transaction, translated: Sequence[TranslatedEvent], now: Micros) -> list[Transition]:
    """Place what was made of events in their orders, and end the events."""
    return _Commit(transaction, now).run(translated)


def _replay_of(event: TranslatedEvent) -> int:
    if event.is_forced:
        return FORCED
    return REPLAYED if event.is_replayed else 0


class _Placed(msgspec.Struct):
    """A state of an event's run, as it is to be written: its order's life says what becomes of it."""

    id: int
    event: int
    run: int
    state: OrderState
    clock: Micros
    status: str = ""
    reason: Reason | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is pending, of its event's first run, and without findings."""
        return self.run == 1 and self.status == OrderStatus.PENDING and not self.state.findings

    @property
    def place(self) -> tuple[object, ...]:
        """Of which order it is, whose, and its version."""
        state = self.state
        return state.tenant, state.external_order_id, state.owner, self.clock, state.tie

    @property
    def row(self) -> tuple[object, ...]:
        """All columns of one that is no first."""
        findings = self.state.findings
        return (
            self.id, self.event, self.run, *self.place, self.event, self.state.body, self.status,
            *reasons.columns(self.reason), _encode(findings).decode() if findings else None,
        )  # fmt: skip


class _Commit:
    """One transaction: rows are loaded once, changed by the lifecycle's functions, and written in bulk."""

    def __init__(self, transaction: Transaction, now: Micros) -> None:
        self.transaction = transaction
        self.now = now
        self.order_ids: Iterator[int]
        self.state_ids: Iterator[int]
        self.orders: dict[tuple[str, str], OrderRow] = {}
        self.new: list[OrderRow] = []
        self.touched: dict[int, OrderRow] = {}
        self.states: dict[int, _Placed] = {}
        self.older_changes: list[StateChange] = []
        self.onlooking = Onlooking(transaction)
        self.tellers: dict[int, str] = {}
        self.finished: list[tuple[object, ...]] = []
        self.finished_clean: list[tuple[object, ...]] = []

    def run(self, translated: Sequence[TranslatedEvent]) -> list[Transition]:
        """Place every event's states, then write all."""
        shadows = self.onlooking.sources
        # What was kept from its adapter while in shadow is translated after all, once its source is live.
        translated = [event for event in translated if event.status != EventStatus.SHADOWED or event.source in shadows]
        self.tellers = {event.id: event.source for event in translated}
        self.onlooking.begin(translated)
        translated = naming.named(self.transaction, translated, self.onlooking.events)
        pending: list[tuple[TranslatedEvent, int, list[int]]] = []
        received = {
            row[0]: row[1:]
            for row in self.transaction.many("translation.received", [(each.id,) for each in translated])
        }
        keys = {(state.tenant, state.external_order_id) for event in translated for state in event.states}
        found_orders = ledger.orders_by_key(self.transaction, keys)
        self.orders = {(order.tenant, order.external_order_id): order for order in found_orders}
        self.order_ids = iter(self.transaction.new_ids("orders", len(keys) - len(found_orders)))
        self.state_ids = iter(self.transaction.new_ids("states", sum(len(event.states) for event in translated)))
        for event in translated:
            found = received.get(event.id)
            # A replay that was asked for since is a translation of its own.
            if found is not None and found[1] == _replay_of(event):
                run = found[0] + 1
                states = [self._place(event, run, state, found[3]) for state in event.states]
                pending.append((event, run, states))
                if found[2] is not None and event.references:
                    self.transaction.execute("translation.forget_references", (event.id, found[2]))
        self._write_orders()
        transitions = [self._finish(event, run, states) for event, run, states in pending]
        references = [(reference, event.id) for event, _, _ in pending for reference in event.references]
        self.transaction.many("translation.insert_references", references)
        self.transaction.many("translation.finish_events", self.finished)
        self.transaction.many("translation.finish_clean", self.finished_clean)
        others = ledger.change_states(self.transaction, self.older_changes)
        ledger.recompute_events(self.transaction, others - {event.id for event, _, _ in pending}, self.now)
        set_aside.overtake(self.transaction, keys, self.now)
        received_at = {id_: found[3] for id_, found in received.items()}
        self.onlooking.compare([event for event, _, _ in pending], self.orders, received_at, self.now)
        return transitions

    def _place(self, event: TranslatedEvent, run: int, state: OrderState, received_at: Micros) -> int:
        row = next(self.state_ids)
        digest = None if state.body is None else digest_of(state.body)
        order = self.orders.get((state.tenant, state.external_order_id))
        clock = state.clock
        if event.is_forced:
            clock = max(ledger.draw(self.transaction, "clock", self.now), order.clock + 1 if order else 0)
        placed = NewState(
            row, state.tenant, state.external_order_id, state.owner, clock, state.tie, event.id, digest, received_at
        )
        self.states[row] = _Placed(row, event.id, run, state, clock)
        if event.id in self.onlooking.events:
            changes = self._look_on(event, state, placed)
        else:
            changes = self._changes(event, state, order, placed)
        for change in changes:
            ours = self.states.get(change.state)
            if ours is None:
                self.older_changes.append(change)
            else:
                ours.status, ours.reason = change.status, change.reason
        return row

    def _changes(
        self, event: TranslatedEvent, state: OrderState, order: OrderRow | None, placed: NewState
    ) -> list[StateChange]:
        dead = state.dead or self._renamed(event, state)
        if dead is not None:
            return [StateChange(placed.id, EventStatus.DEAD, dead)]
        if order is None:
            order, change = lifecycle.first(next(self.order_ids), placed, self.now, state.release_at)
            self.orders[order.tenant, order.external_order_id] = order
            self.new.append(order)
            if order.rests_until:
                self.touched[order.id] = order
            return [change]
        self.touched[order.id] = order
        return lifecycle.arrive(
            order,
            self._owned(event, state, order, placed),
            self.now,
            is_shared=state.is_shared,
            must_send=event.is_replayed,
            collision_hint=state.collision_hint,
        )

    def _owned(self, event: TranslatedEvent, state: OrderState, order: OrderRow, placed: NewState) -> NewState:
        """The state as its order's owner's, where of two sources one has taken over the other's orders."""
        if state.is_shared or lifecycle.is_same_owner(order.owner, state.owner):
            return placed
        before = self.states.get(order.state)
        if before is None:
            after = modes.teller(self.transaction, order.state)
        else:
            after = self.tellers[before.event], before.state.owner
        return modes.owned(self.transaction, order, placed, by=event.source, after=after)

    def _look_on(self, event: TranslatedEvent, state: OrderState, placed: NewState) -> list[StateChange]:
        """A state that is delivered to nobody, and compared if it could have been."""
        dead = state.dead or self._renamed(event, state)
        if dead is None:
            self.onlooking.look(event, state, placed.id)
        return [StateChange(placed.id, EventStatus.SHADOWED, dead)]

    def _renamed(self, event: TranslatedEvent, state: OrderState) -> Reason | None:
        """Why a state would double its order at Trackely: the vendor has given the record another number."""
        if state.record is None:
            return None
        found = self.transaction.execute("translation.known_as", (event.source, state.record)).fetchone()
        if found is None or event.is_forced:
            values = (event.source, state.record, state.tenant, state.external_order_id)
            self.transaction.execute("translation.know_as", values)
        elif found[0] != state.external_order_id:
            return Reason(
                "order_renamed",
                f"the vendor's order {state.record} is {found[0]!r} at Trackely and now {state.external_order_id!r}: "
                "discard it, or replay it with force as an order of its own",
            )
        return None

    def _write_orders(self) -> None:
        ledger.insert_orders(self.transaction, self.new)
        ledger.update_orders(self.transaction, self.touched.values())
        # What goes without saying is not passed: seven values cost as much as the row.
        states = self.states.values()
        begun = {order.state for order in self.new}
        first = [
            (each.id, each.event, *each.place, each.id in begun, each.state.body) for each in states if each.is_first
        ]
        self.transaction.many("translation.insert_first_states", first)
        self.transaction.many("translation.insert_states", [each.row for each in states if not each.is_first])

    def _finish(self, event: TranslatedEvent, run: int, states: list[int]) -> Transition:
        status, reason, is_dead_letter = event.status, event.reason, event.status == EventStatus.DEAD
        buried: tuple[tuple[str, str], ...] = ()
        if status == EventStatus.TRANSLATED:
            rows = [self.states[state] for state in states]
            status = lifecycle.event_status([row.status for row in rows]) if rows else EventStatus.IGNORED
            dead = [(row, row.reason) for row in rows if row.reason is not None]
            own = [why for row, why in dead if not self._is_orders_death(row)]
            buried = tuple([(row.state.tenant, why.code) for row, why in dead if self._is_orders_death(row)])
            if own:
                is_dead_letter, reason = True, own[0]
            elif not rows:
                reason = _NO_ORDERS
        elif status == EventStatus.WAITING:
            self._wait(event)
        if event.id in self.onlooking.events and status != EventStatus.WAITING:
            status, is_dead_letter = EventStatus.SHADOWED, False
        references = _encode(event.references).decode() if event.references else None
        ended_at = None if status in OPEN else self.now
        # A replay may clear away what its first run said.
        if run == 1 and reason is None and event.topic is None and not event.is_replayed and not event.lookups:
            self.finished_clean.append(
                (event.id, status, event.adapter_version, event.occurred_at, references, ended_at)
            )
        else:
            self.finished.append(
                (
                    event.id, status, *reasons.columns(reason), is_dead_letter, event.adapter_version, event.topic,
                    event.occurred_at, references, event.traceback, run, status == EventStatus.WAITING, ended_at,
                )
            )  # fmt: skip
        codes = tuple([code for state in event.states for code, _ in state.findings])
        on_receipt = tuple([state.on_receipt for state in event.states if state.on_receipt is not None])
        return Transition(event.id, event.source, event.event_id, status, reason, codes, on_receipt, buried)

    def _is_orders_death(self, row: _Placed) -> bool:
        """Whether the dead letter is the order's (a cancellation that came too late), not the event's."""
        order = self.orders.get((row.state.tenant, row.state.external_order_id))
        return order is not None and order.state == row.id

    def _wait(self, event: TranslatedEvent) -> None:
        turn = event.lookups[0].turn if event.lookups else ""
        self.transaction.execute(
            "translation.insert_waiting",
            (event.id, event.source, turn, event.subject or "", _encode(event.lookups), self.now, self.now + GATHER),
        )
