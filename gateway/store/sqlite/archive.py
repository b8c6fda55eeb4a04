"""Stored events whole, oldest first, from a read-only connection."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import aiosqlite
import msgspec

from gateway.events import Micros, Reason, UntranslatedEvent
from gateway.records import ArchivedEvent, ArchivedState
from gateway.store.lifecycle import OrderRow, PresentOrder
from gateway.store.sqlite.sql import named

SQL = named("archive")

_BEGINNING: Final = 0
_END: Final = 2**63 - 1

_encode = msgspec.json.Encoder().encode


class SqliteArchive:
    """Reads what is kept of a source."""

    def __init__(self, reader: aiosqlite.Connection) -> None:
        self._reader = reader

    async def history(
        self, source: str, *, since: Micros | None, until: Micros | None, after: int, limit: int
    ) -> list[ArchivedEvent]:
        """The source's events, oldest first, those beyond the row `after`; fewer than `limit` are the last."""
        rows = await self._all(SQL.history, (after, source, *_span(since, until), limit))
        ids = _encode([row[0] for row in rows]).decode()
        states: dict[int, list[ArchivedState]] = {}
        for event, *members in await self._all(SQL.states, (ids,)):
            states.setdefault(event, []).append(ArchivedState(*members))
        answers: dict[int, dict[str, bytes | None]] = {}
        for event, path, body in await self._all(SQL.answers, (ids,)):
            answers.setdefault(event, {})[path] = body
        return [_event(row, states.get(row[0], ()), answers.get(row[0], {})) for row in rows]

    async def length(self, source: str, *, since: Micros | None, until: Micros | None) -> int:
        """How many events the history has."""
        rows = await self._all(SQL.length, (source, *_span(since, until)))
        return int(rows[0][0])

    async def stored(self, events: Collection[int]) -> list[UntranslatedEvent]:
        """These events as they would be translated again, oldest first, their answers too; those without a body not."""
        ids = _encode(list(events)).decode()
        answers: dict[int, dict[str, bytes | None]] = {}
        for event, path, body in await self._all(SQL.answers, (ids,)):
            answers.setdefault(event, {})[path] = body
        return [
            UntranslatedEvent(
                id=id_, source=source, event_id=event_id, topic=topic, received_at=received_at, body=body,
                context=context, answers=answers.get(id_, {}) if clock is not None else None, clock=clock,
                is_replayed=True,
            )
            for id_, source, event_id, topic, received_at, body, context, clock in await self._all(SQL.stored, (ids,))
        ]  # fmt: skip

    async def present(self, orders: Collection[tuple[str, str]]) -> list[PresentOrder]:
        """Those of these orders, by tenant and externalOrderId, that there are."""
        found = await self._all(SQL.present, (_encode(list(orders)).decode(),))
        return [PresentOrder(OrderRow(*row), body) for *row, body in found]

    async def known_as(self, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The externalOrderIds under which vendors' records, by source, are known."""
        found = await self._all(SQL.known_as, (_encode(list(records)).decode(),))
        return {(source, record): known for source, record, known in found}

    async def _all(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        return list(await self._reader.execute_fetchall(statement, values))


def _span(since: Micros | None, until: Micros | None) -> tuple[Micros, Micros]:
    return (_BEGINNING if since is None else since, _END if until is None else until)


def _event(row: Sequence[Any], states: Sequence[ArchivedState], answers: dict[str, bytes | None]) -> ArchivedEvent:
    id_, event_id, topic, received_at, status, code, detail, path, clock, body, context = row
    return ArchivedEvent(
        id=id_, event_id=event_id, topic=topic, received_at=received_at, status=status,
        reason=None if code is None else Reason(code, detail or "", path), body=body, context=context,
        answers=answers, clock=clock, states=tuple(states),
    )  # fmt: skip
