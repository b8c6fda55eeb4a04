"""States that a person brings about: orders amended by hand, and released that were held."""

import uuid
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import EventStatus, Micros, OrderState, TranslatedEvent
from gateway.records import Amended, Amendment
from gateway.store.rules import ledger, lifecycle, set_aside
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.lifecycle import NewState
from gateway.store.rules.placing import place
from gateway.store.rules.transactions import Transaction

NOBODY: Final = "person"
"""The source of a state that was amended after the vendor's event was pruned."""


class Present(msgspec.Struct, frozen=True):
    """What an amendment begins with: whose it is, its canonical bytes (None: a cancellation), and who told it."""

    owner: str
    body: bytes | None
    source: str


def present_of(transaction: Transaction, tenant: str, external_order_id: str) -> Present:
    """An order's newest state, be it one that is held. Raises UnknownRecord."""
    order = ledger.order_by_key(transaction, tenant, external_order_id)
    state, owner = set_aside.newest_held(transaction, tenant, external_order_id, order) or (None, "")
    if state is None and order is not None:
        state, owner = order.state, order.owner
    if state is None:
        raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
    body, source = transaction.execute("amending.present", (state,)).fetchone() or (None, None)
    return Present(owner, body, source or NOBODY)


def amend(transaction: Transaction, amendment: Amendment, now: Micros) -> Amended:
    """Place a person's state of an order, as an event of a kind of its own."""
    present = present_of(transaction, amendment.tenant, amendment.external_order_id)
    # Not by its digest, which outlives what was erased.
    if present.body != amendment.was:
        raise ConflictingRequest("the order has changed meanwhile: look at it again")
    # A name of no form that a vendor's has: its own next event must not pass for a repeat of this one.
    (event,), name = transaction.new_ids("events", 1), f"person-{uuid.uuid4()}"
    transaction.execute("amending.insert_event", (event, present.source, name, now))
    transaction.execute("inbox.insert_body", (event, amendment.said, b""))
    state = OrderState(
        tenant=amendment.tenant, external_order_id=amendment.external_order_id, owner=present.owner, clock=now, tie=0,
        body=amendment.order, is_shared=True,
    )  # fmt: skip
    translated = TranslatedEvent(
        id=event, source=present.source, event_id=name, status=EventStatus.TRANSLATED, adapter_version=NOBODY,
        topic="amend", occurred_at=now, states=(state,),
    )  # fmt: skip
    [transition] = place(transaction, [translated], now)
    return Amended(event, transition.status)


def release(transaction: Transaction, events: Sequence[int], shared: Collection[str], now: Micros) -> int:
    """Let the held states of events go as if they had just arrived; of how many events."""
    return sum(_release(transaction, event, shared, now) for event in events)


def _release(transaction: Transaction, event: int, shared: Collection[str], now: Micros) -> bool:
    held = transaction.execute("amending.held_states", (event,)).fetchall()
    events = {event}
    for id_, tenant, external_order_id, owner, clock, tie, arrival, body, received_at in held:
        state = NewState(id_, tenant, external_order_id, owner, clock, tie, arrival, digest_of(body), received_at)
        order = ledger.order_by_key(transaction, tenant, external_order_id)
        if order is None:
            (row,) = transaction.new_ids("orders", 1)
            order, change = lifecycle.first(row, state, now)
            ledger.insert_orders(transaction, [order])
            transaction.execute("amending.heard_first", (tenant, external_order_id, now))
            changes = [change]
        else:
            is_shared, hint = tenant in shared, "`shared_orders: true` on the tenant takes them as one"
            changes = lifecycle.arrive(order, state, now, is_shared=is_shared, must_send=False, collision_hint=hint)
            ledger.update_orders(transaction, [order])
        events |= ledger.change_states(transaction, changes)
    if held:
        transaction.execute("amending.go_on", (event,))
        ledger.recompute_events(transaction, events, now)
    return bool(held)
