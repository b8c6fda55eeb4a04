"""Calls about sources: list, resume and reconcile their lookups, refusals."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.bodies import Since
from gateway.api.requests.queries import LossQuery, RefusalQuery
from gateway.api.requests.reading import micros_or_none, text_or_none
from gateway.api.shapes import moment_or_none
from gateway.config.model import ConfiguredSource
from gateway.errors import UnknownRecord
from gateway.events import SECOND, Micros
from gateway.ground.clock import moment
from gateway.records import RefusalRecord, Silence, SourceMode

LOSSES_SHOWN: Final[Micros] = 30 * 86400 * SECOND


class _Seen(msgspec.Struct, frozen=True):
    """What was seen of all sources, by the names that events carry."""

    accepted: dict[str, Micros]
    waiting: dict[str, int]
    silences: Mapping[str, Silence]


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


async def show_losses(doors: Doors, ask: Ask) -> shapes.Losses:
    """What reconciliation found of a source that no webhook had told, by topic and hour."""
    source = configured(doors, ask)
    query: LossQuery = ask.query
    since = micros_or_none(query.since)
    since = doors.now() - LOSSES_SHOWN if since is None else since
    found = await doors.records.recovered(source.name, since)
    return shapes.Losses(
        losses=tuple(shapes.Loss(topic=each.topic, hour=moment(each.hour), count=each.count) for each in found)
    )


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
    records = doors.records
    return _Seen(await records.last_accepted(), await records.waiting(), await doors.silences())


def _source_of(doors: Doors, source: ConfiguredSource, seen: _Seen) -> shapes.Source:
    names = (source.name, *source.settings.aliases)
    accepted = max((seen.accepted[name] for name in names if name in seen.accepted), default=None)
    refusal = max((record for name in names if (record := doors.refusals.last(name))), key=_when, default=None)
    silence = seen.silences.get(source.name)
    return shapes.Source(
        name=source.name,
        aliases=tuple(source.settings.aliases),
        adapter=source.settings.adapter,
        adapter_version=source.adapter.version,
        tenant=source.settings.tenant,
        last_accepted_at=moment_or_none(accepted),
        last_refused_at=None if refusal is None else moment(refusal.at),
        last_refusal=None if refusal is None else views.refusal_reason(refusal),
        mode=doors.mode_of(source.name).mode,
        has_shadow=has_shadow(doors.mode_of(source.name)),
        waiting=sum(seen.waiting.get(name, 0) for name in names),
        silent=silence is not None and silence.state == "silent",
        silence=None if silence is None else _silence_of(silence),
        findings=doors.habits(source.name),
        lookup_halts=tuple(shapes.shown(shapes.LookupHalt, halt) for halt in doors.lookups.halts(source.name)),
    )


def has_shadow(mode: SourceMode) -> bool:
    """Whether something of a source looks on."""
    return mode.mode == "shadow" or mode.second is not None


def _silence_of(silence: Silence) -> shapes.Silence:
    return shapes.Silence(
        state=silence.state,
        since=moment(silence.since),
        silent_at=moment_or_none(silence.silent_at),
        learning_until=moment_or_none(silence.learning_until),
        usual_gap_seconds=None if silence.usual_gap is None else silence.usual_gap / SECOND,
        why=silence.why,
    )


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
        path="sources/{name}/losses",
        summary="What reconciliation found that no webhook had told, by topic and hour; of the last 30 days, or since.",
        does=show_losses,
        answer=shapes.Losses,
        query=LossQuery,
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
