"""Finding anything by a text: orders and events by every name that they bear, exactly, ignoring case, by a beginning.

Each way has an index, and ends when enough was found; nothing is read whole, however much is stored.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, get_args

import msgspec

from gateway.events import Reason
from gateway.records import Found, FoundHow, FoundMatch
from gateway.store.sqlite.sql import named

SQL = named("finding")

Fetch = Callable[[str, Sequence[Any]], Awaitable[list[Any]]]
Key = tuple[str, int]
"""`order` or `event`, and the row."""

# ?1 is the text, ?2 what lies behind every text that begins with it.
_TESTS: Final[dict[FoundHow, str]] = {
    "exact": "{0} = ?1 COLLATE NOCASE AND {0} = ?1 COLLATE BINARY",
    "case": "{0} = ?1 COLLATE NOCASE AND {0} <> ?1 COLLATE BINARY",
    "beginning": "{0} > ?1 COLLATE NOCASE AND {0} < ?2 COLLATE NOCASE",
}
_LAST: Final = "\U0010ffff"
_NUMBER: Final = 18
"""Digits that surely fit into 64 bits."""

_encode = msgspec.json.Encoder().encode


async def find(fetch: Fetch, text: str, limit: int) -> tuple[list[Found], bool]:
    """What bears the text, the best matches first; whether there is more."""
    search = _Search(fetch, text, limit + 1)
    await search.by_id()
    for how in get_args(FoundHow):
        await search.by_names(how)
    keys = list(search.found)[:limit]
    return await _told(fetch, {key: search.found[key] for key in keys}), search.is_cut or len(search.found) > limit


class _Search:
    """One text's matches, in the order in which they were found."""

    def __init__(self, fetch: Fetch, text: str, most: int) -> None:
        self._fetch = fetch
        self._text = text
        self._most = most
        self.found: dict[Key, tuple[FoundMatch, FoundHow]] = {}
        self.is_cut = False

    async def by_id(self) -> None:
        """Rows by their ids: an event's number, or a dead letter's id."""
        kind, _, number = self._text.rpartition("-")
        if number.isascii() and number.isdigit() and len(number) <= _NUMBER and kind in ("", "event", "order"):
            wanted = kind or "event"
            statement = SQL.order_by_id if wanted == "order" else SQL.event_by_id
            self._take(wanted, "id", "exact", await self._fetch(statement, (int(number),)))

    async def by_names(self, how: FoundHow) -> None:
        """Orders and events by what the vendor and Trackely call them."""
        if len(self.found) >= self._most:
            return
        self._take("order", "externalOrderId", how, await self._rows(SQL.orders_by_name, how))
        self._take("event", "externalOrderId", how, await self._rows(SQL.events_set_aside, how))
        self._take("order", "orderId", how, await self._rows(SQL.orders_by_order_id, how))
        events = [event for (event,) in await self._rows(SQL.events_by_reference, how)]
        self.is_cut = self.is_cut or len(events) >= self._most
        for kind, row in await self._fetch(SQL.of_events, (_encode(events).decode(),)):
            self.found.setdefault((kind, row), ("reference", how))
        self._take("event", "eventId", how, await self._events(how))

    async def _rows(self, statement: str, how: FoundHow) -> list[Any]:
        """Rows of a statement whose `:name:` stands for the test of a column."""
        before, column, after = statement.split(":")
        values = (self._text, self._text + _LAST, self._most)
        return await self._fetch(before + _TESTS[how].format(column) + after, values)

    async def _events(self, how: FoundHow) -> list[Any]:
        """Events by their IDs: the key's index knows them as they are, another one those in mixed case."""
        text = self._text
        spellings = list(dict.fromkeys((text, text.lower(), text.upper())))
        rows: list[Any] = []
        if how == "beginning":
            for spelling in spellings:
                rows += await self._fetch(SQL.events_beginning, (spelling, spelling + _LAST, self._most))
        else:
            wanted = spellings[:1] if how == "exact" else spellings[1:]
            rows += await self._fetch(SQL.events_spelt, (_encode(wanted).decode(), self._most))
        return rows if how == "exact" else rows + await self._rows(SQL.events_in_mixed_case, how)

    def _take(self, kind: str, matched: FoundMatch, how: FoundHow, rows: list[Any]) -> None:
        self.is_cut = self.is_cut or len(rows) >= self._most
        for (row,) in rows:
            self.found.setdefault((kind, row), (matched, how))


async def _told(fetch: Fetch, found: dict[Key, tuple[FoundMatch, FoundHow]]) -> list[Found]:
    rows: dict[tuple[str, int], Any] = {}
    for kind, statement in (("order", SQL.orders), ("event", SQL.events)):
        ids = _encode([row for of, row in found if of == kind]).decode()
        rows |= {(kind, row[0]): row for row in await fetch(statement, (ids,))}
    # What retention removed meanwhile is not there any more.
    return [_found(kind, rows[kind, row], *how) for (kind, row), how in found.items() if (kind, row) in rows]


def _found(kind: Any, row: Sequence[Any], matched: FoundMatch, how: FoundHow) -> Found:
    id_, tenant, source, order, order_id, event_id, status, is_dead_letter, at, code, detail, path = row
    return Found(
        kind=kind, id=id_, tenant=tenant, source=source, external_order_id=order, order_id=order_id, event_id=event_id,
        status=status, reason=None if code is None else Reason(code, detail or "", path),
        is_dead_letter=bool(is_dead_letter), matched=matched, how=how, at=at,
    )  # fmt: skip
