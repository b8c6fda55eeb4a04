"""Calls about what a source has sent: its history whole, for a rehearsal, and what has drifted in it."""

import hashlib
import secrets

import msgspec

from gateway.api import shapes
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import HistoryQuery
from gateway.api.requests.reading import micros_or_none, text_or_none
from gateway.errors import UnknownRecord
from gateway.events import hook_of
from gateway.records import ArchivedEvent

MOST_BYTES = 8 * 1024 * 1024
"""Bodies of one page; at least one event is on it, however large."""


_KEY = secrets.token_bytes(32)


def _next(ask: Ask, after: int) -> str:
    """A cursor that goes on with an export that is in the audit; with any other, or elsewhere, it is one of its own."""
    said = f"{after} {ask.operator.name} {ask.path['name']}".encode()
    return f"{after}.{hashlib.blake2b(said, key=_KEY, digest_size=16).hexdigest()}"


async def show_history(doors: Doors, ask: Ask) -> shapes.History:
    """The source's stored events whole, oldest first."""
    source, query = _source(doors, ask), ask.query
    asked: HistoryQuery = query
    since, until = micros_or_none(asked.since), micros_or_none(asked.until)
    cursor = text_or_none(asked.cursor) or ""
    after = int(cursor.partition(".")[0] or 0)
    if cursor != _next(ask, after):
        await ask.export(doors, f"the history of source {source}")
    length = None if cursor else await doors.archive.length(source, since=since, until=until)
    events = await doors.archive.history(source, since=since, until=until, after=after, limit=asked.limit)
    page = _within_bounds(events)
    has_more = len(page) < len(events) or len(events) == asked.limit
    return shapes.History(
        events=tuple(_shown(event) for event in page),
        length=length,
        next=_next(ask, page[-1].id) if page and has_more else None,
    )


async def show_drift(doors: Doors, ask: Ask) -> shapes.Drift:
    """What the source sends that its adapter does not know, or that has changed."""
    findings = doors.drift.findings(_source(doors, ask))
    return shapes.Drift(drift=tuple(shapes.shown(shapes.DriftFinding, finding) for finding in findings))


def _source(doors: Doors, ask: Ask) -> str:
    name = ask.path["name"]
    if name not in doors.config.sources:
        raise UnknownRecord("no such source")
    return name


def _within_bounds(events: list[ArchivedEvent]) -> list[ArchivedEvent]:
    size = 0
    for place, event in enumerate(events):
        size += len(event.body) + sum(len(answer or b"") for answer in event.answers.values())
        if place and size > MOST_BYTES:
            return events[:place]
    return events


def _shown(event: ArchivedEvent) -> shapes.HistoryEvent:
    hook = hook_of(b"", event.context)
    return shapes.shown(
        shapes.HistoryEvent,
        event,
        headers=hook.headers,
        parameters=hook.parameters,
        path=hook.path,
        states=tuple(
            shapes.shown(shapes.HistoryState, state, order=None if state.body is None else msgspec.Raw(state.body))
            for state in event.states
        ),
    )


CALLS = (
    Call(
        method="GET",
        path="sources/{name}/history",
        summary="The source's stored events whole, oldest first, with what they were last translated to.",
        does=show_history,
        answer=shapes.History,
        query=HistoryQuery,
    ),
    Call(
        method="GET",
        path="sources/{name}/drift",
        summary="What the source sends that its adapter does not know, or that has changed; the newest first.",
        does=show_drift,
        answer=shapes.Drift,
    ),
)
