"""Calls about sources: list, resume and reconcile their lookups, refusals."""

import msgspec

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.bodies import Since
from gateway.api.requests.queries import RefusalQuery
from gateway.api.requests.reading import micros_or_none, text_or_none
from gateway.api.shapes import moment_or_none
from gateway.config.model import ConfiguredSource
from gateway.errors import UnknownRecord
from gateway.events import SECOND, Micros
from gateway.ground.clock import moment
from gateway.records import RefusalRecord, SourceMode


class _Seen(msgspec.Struct, frozen=True):
    """What was seen of all sources, by the names that events carry."""

    accepted: dict[str, Micros]
    waiting: dict[str, int]


def is_silent(expect_every: float | None, last_accepted_at: Micros | None, *, started_at: Micros, now: Micros) -> bool:
    """Whether nothing came for longer than expected: since the last event, or since the start where none ever came."""
    if expect_every is None:
        return False
    return now - (started_at if last_accepted_at is None else last_accepted_at) > expect_every * SECOND


async def list_sources(doors: Doors, _ask: Ask) -> shapes.SourceList:
    """How each source is doing."""
    seen = await _seen(doors)
    return shapes.SourceList(sources=tuple(_source_of(doors, source, seen) for source in doors.config.sources.values()))


async def resume_source(doors: Doors, ask: Ask) -> shapes.Source:
    """Lift the halts of the source's lookups and try at once."""
    source = configured(doors, ask)
    act = ask.act(doors, "resume", f"the lookups of source {source.name}")
    await doors.lookups.resume(source.name, act)
    doors.audit(act.by, act.act, act.what)
    return _source_of(doors, source, await _seen(doors))


async def reconcile_source(doors: Doors, ask: Ask) -> shapes.Reconciled:
    """Ask the vendor for what no webhook told."""
    source = configured(doors, ask)
    body: Since = ask.body or Since()
    act = ask.act(doors, "reconcile", f"source {source.name}")
    await doors.trail.note(act)
    reconciled = await doors.lookups.reconcile(source.name, micros_or_none(body.since))
    doors.audit(act.by, act.act, act.what)
    return shapes.Reconciled(reconciled=reconciled)


async def list_refusals(doors: Doors, ask: Ask) -> shapes.RefusalList:
    """The requests last turned away, newest first."""
    query: RefusalQuery = ask.query
    wanted = text_or_none(query.source)
    newest_first = sorted(doors.refusals.recent(), key=_when, reverse=True)
    rows = [record for record in newest_first if wanted is None or record.source == wanted]
    before, passed = _refusal_cursor(text_or_none(query.cursor))
    if before is not None:
        at_cursor = [record for record in rows if record.at == before][passed:]
        rows = at_cursor + [record for record in rows if record.at < before]
    page = rows[: query.limit]
    following = None
    if len(rows) > len(page):
        last = page[-1].at
        same = sum(record.at == last for record in page) + (passed if last == before else 0)
        following = f"{last}.{same}"
    return shapes.RefusalList(refusals=views.refusals_of(page), next=following)


def _refusal_cursor(cursor: str | None) -> tuple[Micros | None, int]:
    """Where to go on: a moment, and how many refusals of that very moment were shown."""
    if cursor is None:
        return None, 0
    at, _, passed = cursor.partition(".")
    return int(at), int(passed)


def configured(doors: Doors, ask: Ask) -> ConfiguredSource:
    """The source that is named. Raises UnknownRecord."""
    source = doors.config.sources.get(ask.path["name"])
    if source is None:
        raise UnknownRecord("no such source")
    return source


async def _seen(doors: Doors) -> _Seen:
    return _Seen(await doors.records.last_accepted(), await doors.records.waiting())


def _source_of(doors: Doors, source: ConfiguredSource, seen: _Seen) -> shapes.Source:
    names = (source.name, *source.settings.aliases)
    accepted = max((seen.accepted[name] for name in names if name in seen.accepted), default=None)
    refusal = max((record for name in names if (record := doors.refusals.last(name))), key=_when, default=None)
    return shapes.Source(
        name=source.name,
        adapter=source.settings.adapter,
        adapter_version=source.adapter.version,
        tenant=source.settings.tenant,
        last_accepted_at=moment_or_none(accepted),
        last_refused_at=None if refusal is None else moment(refusal.at),
        last_refusal=None if refusal is None else views.refusal_reason(refusal),
        mode=doors.mode_of(source.name).mode,
        has_shadow=has_shadow(doors.mode_of(source.name)),
        waiting=sum(seen.waiting.get(name, 0) for name in names),
        silent=is_silent(source.settings.expect_every, accepted, started_at=doors.started_at, now=doors.clock()),
        findings=doors.habits(source.name),
        lookup_halts=tuple(shapes.shown(shapes.LookupHalt, halt) for halt in doors.lookups.halts(source.name)),
    )


def has_shadow(mode: SourceMode) -> bool:
    """Whether something of a source looks on."""
    return mode.mode == "shadow" or mode.second is not None


def _when(record: RefusalRecord) -> Micros:
    return record.at


CALLS = (
    Call(
        method="GET",
        path="sources",
        summary="How each source is doing.",
        does=list_sources,
        answer=shapes.SourceList,
    ),
    Call(
        method="POST",
        path="sources/{name}/resume",
        summary="Lift the halts of the source's lookups and try at once.",
        does=resume_source,
        answer=shapes.Source,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="sources/{name}/reconcile",
        summary="Ask the vendor for what no webhook told, changed since a moment or within the configured horizon.",
        does=reconcile_source,
        answer=shapes.Reconciled,
        body=Since,
        statuses=(409,),
    ),
    Call(
        method="GET",
        path="refusals",
        summary="The requests last turned away, newest first; never their credentials.",
        does=list_refusals,
        answer=shapes.RefusalList,
        query=RefusalQuery,
    ),
)
