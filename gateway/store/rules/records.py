"""The operators' questions, answered from a read-only transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.errors import UnknownRecord
from gateway.events import EventStatus, Micros, Reason
from gateway.records import (
    AttemptRecord,
    Belonging,
    Counts,
    DeadLetter,
    DeadLetterFilter,
    EventDetail,
    EventFilter,
    EventOrder,
    EventRecord,
    Found,
    OrderFilter,
    OrderRecord,
    OtherBody,
    Page,
    Recovered,
    Standbys,
    TenantFigures,
    TranslatedState,
)
from gateway.store.rules import amending, finding, reasons
from gateway.store.rules.selection import event_conditions, letter_conditions, order_conditions, parse_cursor
from gateway.store.rules.transactions import ALL, Room, Transaction, reads

# How many of each order's events and attempts a list shows; of a single order all.
STORY: Final = 100
# A page of orders ends before its stories have more events, attempts and mentions of orders together: a hook that tells
# of a thousand orders would stand, with all of them, under each of the thousand.
LONGEST: Final = 50_000

_decode_findings = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
_decode_references = msgspec.json.Decoder(tuple[str, ...]).decode


class Records(Room):
    """Lists and single records."""

    @reads
    def events(self, transaction: Transaction, which: EventFilter, *, limit: int, cursor: str | None) -> Page:
        """EventRecords, newest first."""
        conditions = event_conditions(which)
        if cursor is not None:
            conditions.append(("selection.event_before", parse_cursor(cursor, 1)))
        rows = transaction.select("records.events", conditions, (limit + 1,))
        records = _event_records(transaction, rows[:limit])
        return Page(tuple(records), str(rows[limit - 1][0]) if len(rows) > limit else None)

    @reads
    def event(self, transaction: Transaction, event: int) -> EventDetail:
        """An event with all that is kept of it."""
        rows, told, others, answers = transaction.together([
            ("records.event", (event,)),
            ("records.states_of_events", ([event],)),
            ("records.other_bodies", (event,)),
            ("translation.answers", (event,)),
        ])  # fmt: skip
        if not rows:
            raise UnknownRecord(f"there is no event {event}")
        *columns, _run, adapter_version, traceback, clock, body, context = rows[0]
        states = _states(told).get(event, [])
        return EventDetail(
            record=_event_record(columns, states),
            body=body,
            context=context or b"",
            adapter_version=adapter_version,
            traceback=traceback,
            translation=tuple(states),
            other_bodies=tuple(OtherBody(*row) for row in others),
            answers=dict(answers) if clock is not None else None,
        )

    @reads
    def orders(self, transaction: Transaction, which: OrderFilter, *, limit: int, cursor: str | None) -> Page:
        """OrderRecords, the last changed first, each with the last of its events and attempts."""
        conditions = order_conditions(which)
        if cursor is not None:
            conditions.append(("selection.order_before", parse_cursor(cursor, 2)))
        rows = transaction.select("records.orders", conditions, (limit + 1,))
        found = _order_records(transaction, rows[:limit], STORY)
        records = found[: _fitting(found)]
        last = records[-1] if len(rows) > len(records) else None
        return Page(tuple(records), f"{last.changed_at}.{last.id}" if last else None)

    @reads
    def order(self, transaction: Transaction, tenant: str, external_order_id: str) -> OrderRecord:
        """An order with its whole story, oldest first."""
        rows = transaction.execute("records.order", (tenant, external_order_id)).fetchall()
        if not rows:
            raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
        [record] = _order_records(transaction, rows, ALL)
        return record

    @reads
    def amendable(self, transaction: Transaction, tenant: str, external_order_id: str) -> bytes | None:
        """The canonical bytes that an amendment of an order begins with; None: a cancellation, or erased."""
        return amending.present_of(transaction, tenant, external_order_id).body or None

    @reads
    def dead_letters(
        self, transaction: Transaction, which: DeadLetterFilter, *, limit: int, cursor: str | None
    ) -> Page:
        """DeadLetters of events and of orders, the last set aside first."""
        conditions = letter_conditions(which)
        if cursor is not None:
            conditions.append(("selection.letter_before", parse_cursor(cursor, 3)))
        rows = transaction.select("records.dead_letters", conditions, (limit + 1,))
        letters = tuple(_dead_letter(row) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(letters, None)
        kind, id_, *_, at = rows[limit - 1]
        return Page(letters, f"{at}.{int(kind == 'order')}.{id_}")

    @reads
    def find(self, transaction: Transaction, text: str, *, limit: int) -> tuple[list[Found], bool]:
        """What bears the text, the best matches first; whether there is more."""
        return finding.find(transaction, text, limit)

    @reads
    def tenant_figures(self, transaction: Transaction, belonging: Belonging) -> dict[str, TenantFigures]:
        """Figures by tenant, for those that have an order pending, or a dead letter."""
        pending, dead, events = transaction.together(
            [
                ("records.pending_orders", ()),
                ("records.dead_orders", ()),
                ("records.dead_events", (list(belonging.routing),)),
            ]
        )
        letters: Counter[str | None] = Counter(dict(dead))
        for source, tenant, count in events:
            letters[tenant or belonging.tenants.get(source)] += count
        waits = {tenant: (count, oldest) for tenant, count, oldest in pending}
        named = [tenant for tenant in {*waits, *letters} if tenant is not None]
        return {tenant: TenantFigures(*waits.get(tenant, (0, None)), letters[tenant]) for tenant in named}

    @reads
    def standbys(self, transaction: Transaction) -> list[Standbys]:
        """Of a database the standbys by how they stand to its commits, those of which there are none too."""
        return [Standbys(*row) for row in transaction.execute("records.standbys").fetchall()]

    @reads
    def last_accepted(self, transaction: Transaction) -> dict[str, Micros]:
        """When each source last gave us an event, a repeated one too."""
        return dict(transaction.execute("records.last_accepted").fetchall())

    @reads
    def recovered(self, transaction: Transaction, source: str, since: Micros) -> list[Recovered]:
        """What reconciliation found of a source in the hours since that no webhook had told, the newest first."""
        return [Recovered(*row) for row in transaction.execute("records.recovered", (source, since)).fetchall()]

    @reads
    def waiting(self, transaction: Transaction) -> dict[str, int]:
        """Events that wait for a lookup, by source."""
        return dict(transaction.execute("records.waiting").fetchall())

    @reads
    def counts(self, transaction: Transaction) -> Counts:
        """How many events and orders are in which status."""
        counted = transaction.together([("records.count_events", ()), ("records.count_orders", ())])
        (events, sources), (orders, tenants) = map(_tally, counted)
        return Counts(events=events, orders=orders, sources=sources, tenants=tenants)


def _event_records(transaction: Transaction, rows: Sequence[Any]) -> list[EventRecord]:
    states = _states(transaction.execute("records.states_of_events", ([row[0] for row in rows],)).fetchall())
    return [_event_record(row, states.get(row[0], [])) for row in rows]


def _states(rows: Sequence[Any]) -> dict[int, list[TranslatedState]]:
    found: dict[int, list[TranslatedState]] = {}
    for event, *rest in rows:
        tenant, external_order_id, owner, clock, tie, arrival, body, status, order_status, *reason = rest
        state = TranslatedState(
            tenant=tenant, external_order_id=external_order_id, owner=owner, clock=clock, tie=tie, arrival=arrival,
            body=body, status=status, reason=reasons.of(*reason), order_status=order_status,
        )  # fmt: skip
        found.setdefault(event, []).append(state)
    return found


def _order_records(transaction: Transaction, rows: Sequence[Any], story: int) -> list[OrderRecord]:
    """Orders with the last `story` of each one's events and attempts."""
    wanted = ([row[0] for row in rows], story)
    told, tries = transaction.together([("records.events_of_orders", wanted), ("records.attempts_of_orders", wanted)])
    # Many orders of a page may share an event, or an attempt: each is made once.
    distinct = {columns[0]: columns for _, *columns in told}
    by_id = {event.id: event for event in _event_records(transaction, list(distinct.values()))}
    events: dict[int, list[EventRecord]] = {}
    for order, event, *_ in told:
        events.setdefault(order, []).append(by_id[event])
    tried: dict[int, AttemptRecord] = {}
    attempts: dict[int, list[AttemptRecord]] = {}
    for order, *columns in tries:
        attempt = tried.setdefault(columns[0], _attempt(columns))
        attempts.setdefault(order, []).append(attempt)
    return [_order_record(row, events.get(row[0], ()), attempts.get(row[0], ())) for row in rows]


def _tally(rows: Sequence[tuple[str, str, int]]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    overall: dict[str, int] = {}
    by_name: dict[str, dict[str, int]] = {}
    for name, status, count in rows:
        overall[status] = overall.get(status, 0) + count
        by_name.setdefault(name, {})[status] = count
    return overall, by_name


def _event_record(row: Sequence[Any], states: Sequence[TranslatedState]) -> EventRecord:
    id_, source, event_id, topic, status, code, detail, path, received_at, occurred_at, *rest = row
    dups, conflicts, refs, kind = rest
    reason = reasons.of(code, detail, path) or next((state.reason for state in states if state.reason), None)
    return EventRecord(
        id=id_, kind=kind, source=source, event_id=event_id, topic=topic, status=status, reason=reason,
        received_at=received_at, occurred_at=occurred_at, duplicates=dups, conflicts=conflicts,
        references=_decode_references(refs) if refs else (),
        orders=tuple(EventOrder(s.tenant, s.external_order_id, _order_status(s), s.reason) for s in states),
    )  # fmt: skip


def _order_status(state: TranslatedState) -> str:
    return state.status if state.status == EventStatus.DEAD else state.order_status or state.status


def _fitting(records: Sequence[OrderRecord]) -> int:
    """How many of these make a page; at least the first."""
    length = 0
    for count, record in enumerate(records):
        length += len(record.attempts) + sum(1 + len(event.orders) for event in record.events)
        if length > LONGEST and count > 0:
            return count
    return len(records)


def _order_record(row: Sequence[Any], events: Sequence[EventRecord], attempts: Sequence[AttemptRecord]) -> OrderRecord:
    id_, tenant, external_order_id, owner, status, code, detail, path, order_id, created, body, *moments = row
    changed_at, delivered_at, next_attempt_at, findings = moments
    return OrderRecord(
        id=id_, tenant=tenant, external_order_id=external_order_id, owner=owner, status=status,
        reason=reasons.of(code, detail, path), order_id=order_id, is_created=None if created is None else bool(created),
        body=body, changed_at=changed_at, delivered_at=delivered_at, next_attempt_at=next_attempt_at,
        events=tuple(events), attempts=tuple(attempts), findings=_decode_findings(findings) if findings else (),
    )  # fmt: skip


def _attempt(row: Sequence[Any]) -> AttemptRecord:
    id_, at, kind, http_status, outcome, detail, batch_size, milliseconds, times, last_at = row
    return AttemptRecord(
        id=id_, at=at, kind=kind, http_status=http_status, outcome=outcome, detail=detail, batch_size=batch_size,
        milliseconds=milliseconds, times=times, last_at=last_at,
    )  # fmt: skip


def _dead_letter(row: Sequence[Any]) -> DeadLetter:
    kind, id_, source, event_id, tenant, external_order_id, code, detail, path, at = row
    return DeadLetter(
        id=f"{kind}-{id_}", kind=kind, source=source or "", event_id=event_id or "", tenant=tenant,
        external_order_id=external_order_id, reason=Reason(code or "unknown", detail or "", path), at=at or 0,
    )  # fmt: skip
