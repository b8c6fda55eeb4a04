"""The delivery loop's port: claim, extend, settle; the lease's token fences late holders."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import TypeVar

import aiosqlite
import msgspec

from gateway.events import Micros, Reason
from gateway.orders import (
    Attempt,
    Claim,
    Lease,
    LeasedOrder,
    Notes,
    Settled,
    Settlement,
    Settling,
    TenantState,
    Trial,
    Wait,
)
from gateway.records import Act
from gateway.store import lifecycle
from gateway.store.sqlite import auditing, ledger
from gateway.store.sqlite.bulk import many
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("outbox")

Result = TypeVar("Result")

_encode = msgspec.json.Encoder().encode
_decode_state = msgspec.json.Decoder(TenantState).decode

# The array's own bytes: brackets once, a comma an order.
_BRACKETS, _COMMA = 2, 1

_REVIVABLE = frozenset({"refused", "unconfirmed"})


class SqliteOutbox:
    """Leases orders and settles them, every call one transaction."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        # Shielded: a cancelled caller must not leave a half-known outcome behind.
        return await asyncio.shield(self._writer.submit(run))

    async def claim(self, tenant: str, claim: Claim) -> Lease | Wait:
        """Lease the tenant's due orders, oldest first; or when to come again."""
        return await self._write(lambda connection: _claim(connection, tenant, claim))

    async def claim_probe(self, tenant: str, *, now: Micros, until: Micros) -> Lease | None:
        """Lease one pending order for a probe, first those not yet refused."""

        def run(connection: sqlite3.Connection) -> Lease | None:
            row = connection.execute(SQL.probe, (tenant, now)).fetchone()
            row = row or connection.execute(SQL.probe_refused, (tenant, now)).fetchone()
            return None if row is None else lease_orders(connection, tenant, [leased_order(row)], until)

        return await self._write(run)

    async def extend(self, lease: Lease, orders: Collection[int], until: Micros) -> bool:
        """Prolong the lease of these orders; False: it was lost, do not send."""

        def run(connection: sqlite3.Connection) -> bool:
            wanted = _encode(list(orders)).decode()
            return connection.execute(SQL.extend, (until, lease.token, wanted)).rowcount == len(orders)

        return await self._write(run)

    async def settle(self, lease: Lease, settling: Settling) -> tuple[list[Settled], Lease | None]:
        """End the lease of these orders by what the attempt showed, and remember the tenant's state; the next lease."""

        def run(connection: sqlite3.Connection) -> tuple[list[Settled], Lease | None]:
            settled = _settle(connection, lease, settling.settlements, settling.now)
            if settling.attempt is not None:
                orders = {*(each.order for each in settling.settlements), *settling.tried}
                _record(connection, lease.tenant, settling.attempt, orders)
            _revive(connection, settling.revived, settling.state, settling.now)
            connection.execute(SQL.save_tenant, (lease.tenant, _encode(settling.state)))
            claimed = None if settling.claim is None else _claim(connection, lease.tenant, settling.claim)
            return settled, claimed if isinstance(claimed, Lease) else None

        return await self._write(run)

    async def release(self, tenant: str, *, now: Micros, trial_is_final: bool) -> None:
        """Orders marked REFUSED become FINAL (or are forgiven) and due now, each alone."""
        trial = Trial.FINAL if trial_is_final else Trial.NONE
        await self._write(lambda connection: connection.execute(SQL.release, (trial, now, tenant)).rowcount)

    async def tenant_state(self, tenant: str) -> TenantState:
        """What delivery remembered of the tenant; a new tenant's defaults."""
        found = list(await self._reader.execute_fetchall(SQL.tenant, (tenant,)))
        return _decode_state(found[0][0]) if found else TenantState()

    async def save_tenant_state(self, tenant: str, state: TenantState, act: Act | None = None) -> None:
        """Remember the tenant's state."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(SQL.save_tenant, (tenant, _encode(state)))
            auditing.note(connection, act)

        await self._write(run)

    async def reschedule(self, tenant: str, *, farthest: Micros, due_at: Micros) -> int:
        """The clock was set back: what it had put off beyond `farthest` is due at `due_at`; how many orders."""
        return await self._write(
            lambda connection: connection.execute(SQL.reschedule, (tenant, due_at, farthest)).rowcount
        )

    async def rescue(self, *, now: Micros, rests_until: Micros, everything: bool) -> int:
        """Put back orders whose lease ran out (`everything`: all leases, at a start), as uncertain."""

        def run(connection: sqlite3.Connection) -> int:
            expired = connection.execute(SQL.leased if everything else SQL.expired, () if everything else (now,))
            ids = [id_ for (id_,) in expired.fetchall()]
            orders = list(ledger.orders_by_id(connection, ids).values())
            settlements = [
                Settlement(
                    order=order.id, result="uncertain", due_at=now, rests_until=rests_until, notes=_notes_of(order)
                )
                for order in orders
            ]
            _apply(connection, orders, settlements, now)
            return len(orders)

        return await self._write(run)

    async def pending_at_most(self, tenant: str, limit: int) -> int:
        """How many orders of the tenant are pending, counted no further than `limit`."""
        found = list(await self._reader.execute_fetchall(SQL.pending_at_most, (tenant, limit)))
        return int(found[0][0])


def leased_order(row: Sequence[object]) -> LeasedOrder:
    """A row of a claim's query."""
    id_, external_order_id, body, is_alone, failures, lone_since, unconfirmed, trial, _, received_at, *event = row
    notes = Notes(
        is_alone=bool(is_alone),
        failures=failures,  # type: ignore[arg-type]
        lone_since=lone_since,  # type: ignore[arg-type]
        unconfirmed=unconfirmed,  # type: ignore[arg-type]
        trial=Trial(str(trial)),
    )
    source, event_id = (str(each or "") for each in event)
    return LeasedOrder(id_, external_order_id, body, notes, received_at or 0, source, event_id)  # type: ignore[arg-type]


def _notes_of(order: lifecycle.OrderRow) -> Notes:
    return Notes(
        is_alone=bool(order.is_alone),
        failures=order.failures,
        lone_since=order.lone_since,
        unconfirmed=order.unconfirmed,
        trial=Trial(order.trial),
    )


def _claim(connection: sqlite3.Connection, tenant: str, claim: Claim) -> Lease | Wait:
    rows = connection.execute(SQL.due, (tenant, claim.now, claim.max_orders + 1)).fetchall()
    if not rows:
        (due_at,) = connection.execute(SQL.next_due, (tenant,)).fetchone()
        return Wait(due_at)
    orders = [leased_order(row) for row in rows]
    batch, is_full = _fill(orders, claim.max_orders, claim.max_bytes)
    oldest = min(row[8] for row in rows)
    # One from the future was stored before the clock was set back: it has waited for long enough.
    if not is_full and oldest <= claim.now < oldest + claim.linger:
        return Wait(oldest + claim.linger)
    return lease_orders(connection, tenant, batch, claim.until)


def _fill(orders: Sequence[LeasedOrder], max_orders: int, max_bytes: int) -> tuple[list[LeasedOrder], bool]:
    """The orders of the next batch, and whether it goes at once: it is full, or its first order goes alone."""
    if orders[0].notes.is_alone:
        return [orders[0]], True
    batch: list[LeasedOrder] = []
    size = _BRACKETS
    for order in orders:
        if order.notes.is_alone:
            continue
        size += len(order.body) + _COMMA
        if len(batch) == max_orders or (batch and size - _COMMA > max_bytes):
            return batch, True
        batch.append(order)
    return batch, len(batch) >= max_orders


def lease_orders(connection: sqlite3.Connection, tenant: str, orders: Sequence[LeasedOrder], until: Micros) -> Lease:
    """Mark orders as leased under a new token."""
    token = ledger.draw(connection, "lease")
    connection.execute(SQL.lease, (token, until, _encode([order.id for order in orders]).decode()))
    return Lease(token, tenant, tuple(orders))


def _settle(
    connection: sqlite3.Connection, lease: Lease, settlements: Sequence[Settlement], now: Micros
) -> list[Settled]:
    found, held = ledger.orders_by_id(connection, (settlement.order for settlement in settlements)), []
    for settlement in settlements:
        order = found.get(settlement.order)
        # The token is the fence: what was rescued, or leased again, is no longer this holder's.
        if order is not None and order.lease == lease.token:
            held.append((order, settlement))
    leased = {order.id: order for order in lease.orders}
    _apply(connection, [order for order, _ in held], [settlement for _, settlement in held], now)
    return [
        Settled(
            order.external_order_id,
            settlement.result,
            order.status,
            settlement.reason,
            leased[order.id].received_at,
            leased[order.id].source,
            leased[order.id].event_id,
        )
        for order, settlement in held
    ]


def _apply(
    connection: sqlite3.Connection,
    orders: Sequence[lifecycle.OrderRow],
    settlements: Sequence[Settlement],
    now: Micros,
) -> None:
    before, changes = [copy(order) for order in orders], []
    for order, settlement in zip(orders, settlements, strict=True):
        changes += lifecycle.settle(order, settlement, now)
    ledger.update_settled(connection, before, orders)
    ledger.recompute_events(connection, ledger.change_states(connection, changes), now)


def _record(connection: sqlite3.Connection, tenant: str, attempt: Attempt, orders: Collection[int]) -> None:
    row = (
        tenant, attempt.at, attempt.kind, attempt.http_status, attempt.outcome, attempt.detail, attempt.batch_size,
        attempt.milliseconds,
    )  # fmt: skip
    (id_,) = connection.execute(SQL.insert_attempt, row).fetchone()
    many(connection, SQL.insert_attempt_orders, [(order, id_) for order in orders])


def _revive(connection: sqlite3.Connection, ids: Collection[int], state: TenantState, now: Micros) -> None:
    """Deaths that were the intake's fault are undone: what refused everything is tried again, each alone."""
    code = state.reason.code if isinstance(state.reason, Reason) else ""
    trial = Trial.REFUSED if code == "refuses_everything" else Trial.NONE
    orders = [
        order
        for id_ in ids
        # A newer state, or a cancellation, may have come since: that stands.
        if (order := ledger.order_by_id(connection, id_)) and order.reason_code in _REVIVABLE
    ]
    changes = [lifecycle.revive(order, trial, now) for order in orders]
    ledger.update_orders(connection, orders)
    ledger.recompute_events(connection, ledger.change_states(connection, changes), now)
