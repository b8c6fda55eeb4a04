"""Calls about a day: what the vendor had, what was received, what Trackely confirmed; and asking the vendor anew."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from starlette.responses import Response, StreamingResponse

from gateway.api import differences, shapes
from gateway.api.answers import SECURITY_HEADERS
from gateway.api.call import Ask, Call
from gateway.api.differences import MARGIN, Surroundings
from gateway.api.doors import Doors
from gateway.api.requests.bodies import LedgerDay
from gateway.api.requests.queries import MOST_ROWS, LedgerQuery
from gateway.api.requests.reading import text_or_none
from gateway.api.tallying import Sums
from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.ground.answers import encode
from gateway.ground.clock import micros_at, moment
from gateway.records import Asking, DayPage, DayRow, DaySpan

FIRST_YEAR, LAST_YEAR = 1970, 9998
_OPENING: Final = b'{"ledger":['


class _Day(msgspec.Struct, frozen=True):
    """A day that is asked for."""

    day: date
    zone: str
    span: DaySpan


async def show_ledger(doors: Doors, ask: Ask) -> shapes.Ledger | Response:
    """The day: streamed, unless so many rows are asked for."""
    query: LedgerQuery = ask.query
    asked = _asked(doors, query)
    around = await _surroundings(doors)
    sums = Sums(doors.lookups.turns, around.askings)
    if query.limit is msgspec.UNSET:
        return StreamingResponse(
            _streamed(doors, query, asked, around, sums), headers=SECURITY_HEADERS, media_type="application/json"
        )
    shown: list[shapes.LedgerRow] = []
    fitting = 0
    async with aclosing(_pages(doors, query, asked.span, around, sums)) as pages:
        async for page in pages:
            fitting += len(page)
            shown += page[: query.limit - len(shown)]
            if not query.sums and fitting > query.limit:
                break
    return _whole(asked, sums if query.sums else None, tuple(shown), is_truncated=fitting > len(shown))


async def rows(doors: Doors, ask: Ask) -> AsyncIterator[Sequence[shapes.LedgerRow]]:
    """The day's rows, a page at a time."""
    query: LedgerQuery = ask.query
    asked, around = _asked(doors, query), await _surroundings(doors)
    async for page in _pages(doors, query, asked.span, around, Sums(doors.lookups.turns, around.askings)):
        yield page


async def refresh_ledger(doors: Doors, ask: Ask) -> shapes.Refreshed:
    """Read the vendors' lists of what changed since the day began; nothing comes in by it."""
    body: LedgerDay = ask.body
    asked = _asked(doors, body)
    source = asked.span.source
    wanted = [source] if source is not None else [each for each in doors.config.sources if doors.lookups.turns(each)]
    if not wanted:
        raise ConflictingRequest("no source has anybody to ask: its adapter's option `reconcile` says whom")
    if source is not None and source not in doors.config.sources:
        raise UnknownRecord("no such source")
    act = ask.act(doors, "refresh", f"the ledger of {asked.day}" + (f", source {source}" if source else ""))
    await doors.trail.note(act)
    since = max(0, asked.span.since - MARGIN)
    looked = [shapes.Looked(source=each, listed=await doors.lookups.look(each, since)) for each in wanted]
    doors.audit(act.by, act.act, act.what)
    return shapes.Refreshed(refreshed=tuple(looked))


def _asked(doors: Doors, asked: LedgerQuery | LedgerDay) -> _Day:
    """Raises UnknownRecord for a zone, or a day, that there is not."""
    source, name = text_or_none(asked.source), text_or_none(asked.zone)
    if name is None:
        configured = doors.config.sources.get(source or "")
        zones = {each.settings.zone for each in doors.config.sources.values()}
        name = configured.settings.zone if configured else zones.pop() if len(zones) == 1 else "UTC"
    if name not in available_timezones():
        raise UnknownRecord("no such time zone: expected a name such as Europe/Oslo")
    zone = ZoneInfo(name)
    day = moment(doors.now()).astimezone(zone).date() if asked.day is msgspec.UNSET else asked.day
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UnknownRecord("no such day")
    since, until = (micros_at(datetime.combine(each, time(), zone)) for each in _days(day))
    return _Day(day, name, DaySpan(max(since, 0), max(until, 0), source))


def _days(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


async def _surroundings(doors: Doors) -> Surroundings:
    askings: dict[str, list[Asking]] = {}
    for asking in await doors.days.askings():
        if asking.turn in doors.lookups.turns(asking.source):
            askings.setdefault(asking.source, []).append(asking)
    tenants = doors.config.settings.tenants
    pulled = {name for name, tenant in tenants.items() if tenant.delivery == "pull"}
    return Surroundings(doors.deliveries.states(), pulled, askings)


async def _pages(
    doors: Doors, query: LedgerQuery, span: DaySpan, around: Surroundings, sums: Sums
) -> AsyncGenerator[list[shapes.LedgerRow], None]:
    """The rows that fit, a page at a time; all count."""
    wanted = text_or_none(query.difference)
    async for page in _read(doors, span):
        shown = []
        for row in page.rows:
            told = _row(row, around)
            sums.count(row, told)
            name = told.difference.partition(":")[0]
            if wanted is None or name == wanted or (wanted == "any" and name):
                shown.append(told)
        yield shown


async def _read(doors: Doors, span: DaySpan) -> AsyncGenerator[DayPage, None]:
    """The day's key pages; the store reads the next one while one is looked at."""
    coming = asyncio.ensure_future(doors.days.page(span, limit=MOST_ROWS, cursor=None))
    try:
        while True:
            page = await coming
            if page.next is not None:
                coming = asyncio.ensure_future(doors.days.page(span, limit=MOST_ROWS, cursor=page.next))
            yield page
            if page.next is None:
                return
    finally:
        coming.cancel()


async def _streamed(
    doors: Doors, query: LedgerQuery, asked: _Day, around: Surroundings, sums: Sums
) -> AsyncIterator[bytes]:
    before = _OPENING
    async for page in _pages(doors, query, asked.span, around, sums):
        if page:
            yield before + encode(page)[1:-1]
            before = b","
    if before == _OPENING:
        yield before
    yield b"]" + encode(_whole(asked, sums, ()))[len(_OPENING) + 1 :]


def _whole(
    asked: _Day, sums: Sums | None, shown: tuple[shapes.LedgerRow, ...], *, is_truncated: bool = False
) -> shapes.Ledger:
    return shapes.Ledger(
        ledger=shown,
        day=asked.day.isoformat(),
        zone=asked.zone,
        since=moment(asked.span.since),
        until=moment(asked.span.until),
        truncated=is_truncated,
        vendor_list=sums.vendor_list(asked.span.source) if sums else None,
        sources=sums.by_source() if sums else (),
        sums=sums.whole() if sums else None,
    )


def _row(row: DayRow, around: Surroundings) -> shapes.LedgerRow:
    return shapes.LedgerRow(
        source=row.source,
        tenant=row.tenant,
        external_order_id=row.external_order_id,
        difference=differences.difference_of(row, around),
        status=row.status,
        reason=shapes.reason_or_none(row.reason),
        received_at=shapes.moment_or_none(row.received_at),
        recovered=row.is_recovered,
        delivered_at=shapes.moment_or_none(row.delivered_at),
        order_id=row.order_id,
        confirmed_at=shapes.moment_or_none(differences.confirmed_at(row, around)),
        changed_at=shapes.moment_or_none(row.listed_at),
        listed_at=shapes.moment_or_none(row.asked_at),
        event=None if row.event is None else str(row.event),
    )


CALLS = (
    Call(
        method="GET",
        path="ledger",
        summary="A day: a row an order, with what is amiss, and sums.",
        does=show_ledger,
        answer=shapes.Ledger,
        query=LedgerQuery,
        statuses=(404,),
        rows=rows,
    ),
    Call(
        method="POST",
        path="ledger/refresh",
        summary="Ask the vendors for their lists of what changed since the day began; nothing comes in by it.",
        does=refresh_ledger,
        answer=shapes.Refreshed,
        body=LedgerDay,
        needs_body=True,
        statuses=(404, 409),
    ),
)
