"""What ends a lease: an answer's settlements, its attempt and the tenant's state; or nobody's answer at all."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from gateway.events import Micros, OrderStatus, Reason
from gateway.orders import Lease, Notes, Settled, Settlement, Settling, TenantState, Trial
from gateway.store.rules import attempts, leases, ledger, lifecycle, reasons, tenants
from gateway.store.rules.leases import Open, Sent
from gateway.store.rules.lifecycle import OrderRow
from gateway.store.rules.transactions import Transaction

_REVIVABLE: Final = frozenset({"refused", "unconfirmed"})


def settle(transaction: Transaction, lease: Lease, settling: Settling) -> list[Settled]:
    """End the lease of these orders, record the attempt, and remember the tenant's state; what became of them."""
    # The number is the fence: what was put back, or leased again, is no longer this holder's.
    held = leases.held(transaction, lease.token)
    mine = [settlement for settlement in settling.settlements if settlement.order in held]
    late = [settlement for settlement in settling.settlements if settlement.order not in held]
    became = _settle(transaction, held, mine, settling.now)
    if mine:
        for settlement in mine:
            del held[settlement.order]
        leases.end(transaction, lease.token, held.values())
    if settling.attempt is not None:
        orders = {*(each.order for each in settling.settlements), *settling.tried}
        attempts.record(transaction, lease.tenant, settling.attempt, orders)
        _doubt(transaction, [each.order for each in late if lifecycle.may_have_changed(each)], settling)
    # Whoever holds the tenant by now knows better how deliveries go.
    if mine or not late:
        _remember(transaction, lease.tenant, settling)
    leased = {order.id: order for order in lease.orders}
    return [
        Settled(
            order.external_order_id,
            settlement.result,
            became[order.id][0],
            became[order.id][1] or settlement.reason,
            order.received_at,
            order.source,
            order.event_id,
        )
        for settlement in mine
        if (order := leased[settlement.order]).id in became
    ]


def _remember(transaction: Transaction, tenant: str, settling: Settling) -> None:
    _revive(transaction, settling.revived, settling.state, settling.now)
    tenants.save(transaction, tenant, settling.state)
    if settling.releases:
        transaction.execute("outbox.release", (Trial.FINAL, settling.now, tenant))


def _doubt(transaction: Transaction, late: Collection[int], settling: Settling) -> None:
    """What was sent under a lease that was over may have come after what was sent since."""
    orders = leases.noted(transaction, ledger.orders_by_id(transaction, late).values())
    changes = [each for order in orders for each in lifecycle.doubt(order, settling.now, settling.rests_until)]
    ledger.update_orders(transaction, orders)
    ledger.recompute_events(transaction, ledger.change_states(transaction, changes), settling.now)


def put_back(transaction: Transaction, lease: Open, now: Micros, rests_until: Micros) -> int:
    """End a lease of which nobody knows what became: its orders may have been applied; how many."""
    found = ledger.orders_by_id(transaction, lease.sent)
    settlements = [
        Settlement(
            order=order.id,
            result="uncertain",
            due_at=now,
            rests_until=rests_until,
            notes=noted(order.is_alone, order.failures, order.lone_since, order.unconfirmed, order.trial),
        )
        for order in found.values()
    ]
    _apply(transaction, found, lease.sent, settlements, now)
    leases.end(transaction, lease.number, ())
    return len(found)


def noted(is_alone: int, failures: int, lone_since: Micros | None, unconfirmed: int, trial: str) -> Notes:
    """An order's notes, of the row's columns."""
    if not (is_alone or failures or lone_since is not None or unconfirmed or trial != Trial.NONE):
        return lifecycle.NOTHING
    return Notes(
        is_alone=bool(is_alone),
        failures=failures,
        lone_since=lone_since,
        unconfirmed=unconfirmed,
        trial=Trial(trial),
    )


def _settle(
    transaction: Transaction, held: Mapping[int, Sent], settlements: Collection[Settlement], now: Micros
) -> dict[int, tuple[str, Reason | None]]:
    """What the orders are now, and why one is dead; those that have gone are left out."""
    plain = [each for each in settlements if lifecycle.is_plain(each)]
    delivered = _deliver(transaction, held, plain, now)
    others = [each for each in settlements if each.order not in delivered]
    found = ledger.orders_by_id(transaction, [each.order for each in others])
    _apply(transaction, found, held, others, now)
    return dict.fromkeys(delivered, (str(OrderStatus.DELIVERED), None)) | {
        id_: (order.status, _death_of(order)) for id_, order in found.items()
    }


def _death_of(order: OrderRow) -> Reason | None:
    if order.status != OrderStatus.DEAD:
        return None
    return reasons.of(order.reason_code, order.reason_detail, order.reason_path)


def _deliver(
    transaction: Transaction, held: Mapping[int, Sent], settlements: Iterable[Settlement], now: Micros
) -> set[int]:
    """Settle at once what is as it was leased and was delivered: which those were. `lifecycle.settle` says the same."""
    rows = [(each.order, held[each.order].state, now, each.order_id, each.is_created) for each in settlements]
    delivered = {order for (order,) in transaction.many("outbox.deliver", rows)}
    if delivered:
        states = [state for order, state, *_ in rows if order in delivered]
        transaction.execute("outbox.deliver_states", (states,))
        transaction.execute("outbox.end_delivered", (states, now))
    return delivered


def _apply(
    transaction: Transaction,
    orders: Mapping[int, OrderRow],
    sent: Mapping[int, Sent],
    settlements: Iterable[Settlement],
    now: Micros,
) -> None:
    changes = []
    for settlement in settlements:
        order = orders.get(settlement.order)
        if order is not None:
            leases.note(order, sent[order.id])
            changes += lifecycle.settle(order, settlement, now)
    ledger.update_orders(transaction, orders.values())
    ledger.recompute_events(transaction, ledger.change_states(transaction, changes), now)


def _revive(transaction: Transaction, ids: Collection[int], state: TenantState, now: Micros) -> None:
    """Deaths that were the intake's fault are undone: what refused everything is tried again, each alone."""
    code = state.reason.code if isinstance(state.reason, Reason) else ""
    trial = Trial.REFUSED if code == "refuses_everything" else Trial.NONE
    orders = [
        order
        for id_ in ids
        # A newer state, or a cancellation, may have come since: that stands.
        if (order := ledger.order_by_id(transaction, id_)) and order.reason_code in _REVIVABLE
    ]
    changes = [lifecycle.revive(order, trial, now) for order in orders]
    ledger.update_orders(transaction, orders)
    ledger.recompute_events(transaction, ledger.change_states(transaction, changes), now)
