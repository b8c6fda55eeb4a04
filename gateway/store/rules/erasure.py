"""Erasing a person: what an order's whole story says of anybody goes, its skeleton stays."""

from collections.abc import Sequence

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import ERASED, Micros, OrderStatus
from gateway.records import Act, order_named
from gateway.store.rules import auditing, ledger, verdicts
from gateway.store.rules.endings import discard_event, discard_order
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.transactions import Erasure, Transaction


def erase(transaction: Transaction, wanted: Erasure, act: Act | None = None) -> int:
    """Empty the order and the events behind it, and remember that it was erased; how many events.

    Bodies, other bodies, lookups' answers, canonical states, references, the intake's words and tracebacks go; ids,
    statuses, times, versions and digests stay, so that a repeat is still known as one. What was still to be sent or
    translated, or was set aside, is discarded: there is nothing left to send.

    Raises:
        UnknownRecord: nobody ever told of the order.
        ConflictingRequest: it is being sent at this moment.
    """
    tenant, external_order_id, now = wanted.tenant, wanted.external_order_id, wanted.erased_at
    order = ledger.order_by_key(transaction, tenant, external_order_id)
    events = [event for (event,) in transaction.execute("erasure.story", (tenant, external_order_id)).fetchall()]
    if order is None and not events:
        raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
    if order is not None and order.is_in_flight:
        raise ConflictingRequest("the order is being sent at this moment; try again when it is settled")
    if order is not None and order.status in (OrderStatus.PENDING, OrderStatus.DEAD):
        discard_order(transaction, order, ERASED, now)
    events += [event for (event,) in transaction.execute("erasure.kin", (events,)).fetchall()]
    for event in events:
        _empty_event(transaction, event, now)
    transaction.execute("erasure.empty_states", (ERASED.detail, tenant, external_order_id))
    transaction.execute("erasure.empty_listed", (ERASED.detail, tenant, external_order_id))
    if order is not None:
        transaction.execute("erasure.empty_order", (ERASED.detail, order.id))
        transaction.execute("erasure.empty_attempts", (order.id,))
    verdicts.erase(transaction, tenant, external_order_id)
    transaction.execute("erasure.record", (tenant, external_order_id, now))
    transaction.execute("auditing.forget_reasons", (order_named(tenant, external_order_id),))
    auditing.note(transaction, act)
    return len(events)


def _empty_event(transaction: Transaction, event: int, now: Micros) -> None:
    discard_event(transaction, event, ERASED, now)
    transaction.execute("erasure.end_open", (ERASED.code, ERASED.detail, now, event))
    transaction.execute("lookups.forget", (event,))
    for refs, _ in transaction.execute("erasure.references", ([event],)).fetchall():
        transaction.execute("erasure.delete_listed", (refs, event))
    remove_references(transaction, [event])
    remove_bodies(transaction, [event])
    transaction.execute("erasure.empty_event", (ERASED.detail, event))


def recorded(transaction: Transaction) -> set[Erasure]:
    """All erasures that this store has seen."""
    return {Erasure(*row) for row in transaction.execute("erasure.recorded").fetchall()}


def remove_bodies(transaction: Transaction, events: Sequence[int]) -> None:
    """Remove what came in and what was answered; a digest stays."""
    found = transaction.execute("erasure.bodies", (events,)).fetchall()
    transaction.many("erasure.keep_digests", [(event, digest_of(body)) for event, body in found])
    for statement in ("erasure.delete_bodies", "erasure.delete_other_bodies", "erasure.delete_answers"):
        transaction.execute(statement, (events,))


def remove_references(transaction: Transaction, events: Sequence[int]) -> None:
    """Let the events no longer be found by the vendor's references."""
    named = transaction.execute("erasure.references", (events,)).fetchall()
    transaction.each("erasure.delete_references", named)
