"""Stored events whole, oldest first, from a read-only transaction."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from gateway.events import Micros, UntranslatedEvent
from gateway.records import ArchivedEvent, ArchivedState
from gateway.store.rules import leases, reasons
from gateway.store.rules.lifecycle import OrderRow, PresentOrder
from gateway.store.rules.transactions import Room, Transaction, reads

_BEGINNING: Final = 0
_END: Final = 2**63 - 1


class Archive(Room):
    """Reads what is kept of a source."""

    @reads
    def history(
        self,
        transaction: Transaction,
        source: str,
        *,
        since: Micros | None,
        until: Micros | None,
        after: int,
        limit: int,
    ) -> list[ArchivedEvent]:
        """The source's events, oldest first, those beyond the row `after`; fewer than `limit` are the last."""
        rows = transaction.execute("archive.history", (after, source, *_span(since, until), limit)).fetchall()
        ids = [row[0] for row in rows]
        states: dict[int, list[ArchivedState]] = {}
        for event, *members in transaction.execute("archive.states", (ids,)).fetchall():
            states.setdefault(event, []).append(ArchivedState(*members))
        answers: dict[int, dict[str, bytes | None]] = {}
        for event, path, body in transaction.execute("archive.answers", (ids,)).fetchall():
            answers.setdefault(event, {})[path] = body
        return [_event(row, states.get(row[0], ()), answers.get(row[0], {})) for row in rows]

    @reads
    def length(self, transaction: Transaction, source: str, *, since: Micros | None, until: Micros | None) -> int:
        """How many events the history has."""
        rows = transaction.execute("archive.length", (source, *_span(since, until))).fetchall()
        return int(rows[0][0])

    @reads
    def stored(self, transaction: Transaction, events: Collection[int]) -> list[UntranslatedEvent]:
        """These events as they would be translated again, oldest first, their answers too; those without a body not."""
        ids = list(events)
        answers: dict[int, dict[str, bytes | None]] = {}
        for event, path, body in transaction.execute("archive.answers", (ids,)).fetchall():
            answers.setdefault(event, {})[path] = body
        found = []
        for row in transaction.execute("archive.stored", (ids,)).fetchall():
            id_, source, event_id, topic, received_at, body, context, clock = row
            event = UntranslatedEvent(
                id=id_, source=source, event_id=event_id, topic=topic, received_at=received_at, body=body,
                context=context, answers=answers.get(id_, {}) if clock is not None else None, clock=clock,
                is_replayed=True,
            )  # fmt: skip
            found.append(event)
        return found

    @reads
    def present(self, transaction: Transaction, orders: Collection[tuple[str, str]]) -> list[PresentOrder]:
        """Those of these orders, by tenant and externalOrderId, that there are."""
        found = transaction.execute("archive.present", (list(orders),)).fetchall()
        bodies = [body for *_, body in found]
        rows = leases.noted(transaction, [OrderRow(*row[:-1]) for row in found])
        return [PresentOrder(row, body) for row, body in zip(rows, bodies, strict=True)]

    @reads
    def known_as(self, transaction: Transaction, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The externalOrderIds under which vendors' records, by source, are known."""
        found = transaction.execute("archive.known_as", (list(records),)).fetchall()
        return {(source, record): known for source, record, known in found}


def _span(since: Micros | None, until: Micros | None) -> tuple[Micros, Micros]:
    return (_BEGINNING if since is None else since, _END if until is None else until)


def _event(row: Sequence[Any], states: Sequence[ArchivedState], answers: dict[str, bytes | None]) -> ArchivedEvent:
    id_, event_id, topic, received_at, status, code, detail, path, clock, body, context = row
    return ArchivedEvent(
        id=id_, event_id=event_id, topic=topic, received_at=received_at, status=status,
        reason=reasons.of(code, detail, path), body=body, context=context,
        answers=answers, clock=clock, states=tuple(states),
    )  # fmt: skip
