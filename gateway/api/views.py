"""From what is on record to what the operators are shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast, get_args

import msgspec

from gateway.api import shapes
from gateway.api.remedies import REFUSALS
from gateway.api.shapes import moment_or_none
from gateway.config.model import Config
from gateway.events import hook_of
from gateway.ground.clock import moment
from gateway.records import (
    AttemptRecord,
    DeadLetter,
    DeadLetterFilter,
    Effect,
    Effects,
    EventDetail,
    EventFilter,
    EventRecord,
    OrderRecord,
    RefusalRecord,
)

Filter = TypeVar("Filter", EventFilter, DeadLetterFilter)


class Configured(msgspec.Struct, frozen=True):
    """The names that the configuration knows: what belongs to none of them is orphaned."""

    sources: Mapping[str, str]
    """Each source's own tenant; former names of sources too."""

    tenants: frozenset[str]

    @classmethod
    def of(cls, config: Config) -> "Configured":
        """The sources and tenants of a configuration."""
        settings = config.settings
        names = ((known_as, each) for name, each in settings.sources.items() for known_as in (name, *each.aliases))
        return cls({name: source.tenant for name, source in names}, frozenset(settings.tenants))

    def widened(self, which: Filter) -> Filter:
        """A filter that knows whose the events are that have no order."""
        owned = tuple(source for source, tenant in self.sources.items() if tenant == which.tenant)
        return msgspec.structs.replace(which, tenant_sources=owned)


def event_of(record: EventRecord, known: Configured) -> shapes.Event:
    """An event as a list shows it."""
    return shapes.Event(**_event_members(record, known))


def event_detail_of(detail: EventDetail, known: Configured) -> shapes.EventDetail:
    """An event with all that is kept of it."""
    hook = hook_of(b"", detail.context)
    return shapes.EventDetail(
        **_event_members(detail.record, known),
        body=_text(detail.body),
        headers=hook.headers,
        parameters=hook.parameters,
        path=hook.path,
        adapter_version=detail.adapter_version,
        translation=tuple(
            shapes.TranslatedState(
                tenant=state.tenant,
                external_order_id=state.external_order_id,
                owner=state.owner,
                version=shapes.Version(clock=moment(state.clock), tie=state.tie, arrival=state.arrival),
                order=_raw(state.body),
                status=state.status,
                reason=shapes.reason_or_none(state.reason),
            )
            for state in detail.translation
        ),
        traceback=detail.traceback,
        other_bodies=tuple(
            shapes.OtherBody(kind=other.kind, received_at=moment(other.received_at), body=_text(other.body) or "")
            for other in detail.other_bodies
        ),
        answers=None if detail.answers is None else {path: _text(body) for path, body in detail.answers.items()},
    )


def orders_of(records: Sequence[OrderRecord], known: Configured) -> tuple[shapes.Order, ...]:
    """Orders with their stories."""
    # Many may share an event, or an attempt: each is made once.
    events = {event.id: event for record in records for event in record.events}
    attempts = {attempt.id: attempt for record in records for attempt in record.attempts}
    shown = {id_: event_of(event, known) for id_, event in events.items()}
    tried = {id_: _attempt_of(attempt) for id_, attempt in attempts.items()}
    return tuple(
        shapes.Order(
            tenant=record.tenant,
            external_order_id=record.external_order_id,
            owner=record.owner,
            status=record.status,
            reason=shapes.reason_or_none(record.reason),
            order_id=record.order_id,
            created=record.is_created,
            order=_raw(record.body),
            changed_at=moment(record.changed_at),
            delivered_at=moment_or_none(record.delivered_at),
            next_attempt_at=moment_or_none(record.next_attempt_at),
            findings=tuple(shapes.Finding(code=code, detail=detail) for code, detail in record.findings),
            events=tuple(shown[event.id] for event in record.events),
            attempts=tuple(tried[attempt.id] for attempt in record.attempts),
            orphaned=record.tenant not in known.tenants,
        )
        for record in records
    )


def dead_letter_of(letter: DeadLetter, known: Configured) -> shapes.DeadLetter:
    """Something set aside for a person."""
    return shapes.DeadLetter(
        id=letter.id,
        kind=letter.kind,
        source=letter.source,
        event_id=letter.event_id,
        tenant=letter.tenant or known.sources.get(letter.source),
        external_order_id=letter.external_order_id,
        reason=shapes.reason_of(letter.reason),
        at=moment(letter.at),
        orphaned=letter.source not in known.sources
        or (letter.tenant is not None and letter.tenant not in known.tenants),
    )


def effects_of(effects: Effects) -> dict[str, Any]:
    """What something would do, as members of an answer."""
    return {
        "effects": {effect: effects.counts.get(effect, 0) for effect in get_args(Effect)},
        "sends": effects.sends,
        "examples": tuple(
            shapes.EffectExample(
                event=example.event,
                tenant=example.tenant,
                external_order_id=example.external_order_id,
                effect=example.effect,
                difference=tuple(
                    shapes.Difference(member=each.member, from_=each.before, to=each.after)
                    for each in example.difference
                ),
            )
            for example in effects.examples
        ),
    }


def refusals_of(records: Iterable[RefusalRecord]) -> tuple[shapes.Refusal, ...]:
    """Requests that were turned away."""
    return tuple(
        shapes.Refusal(
            at=moment(record.at),
            source=record.source,
            status=record.status,
            reason=refusal_reason(record),
            address=record.address,
            size=record.size,
        )
        for record in records
    )


def refusal_reason(record: RefusalRecord) -> shapes.Reason:
    """Why a request was turned away."""
    words = f"{record.status}: {record.reason.replace('_', ' ')}"
    return shapes.Reason(code=record.reason, detail=words, path=None, remedy=REFUSALS[record.reason])


def _event_members(record: EventRecord, known: Configured) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "kind": record.kind,
        "source": record.source,
        "event_id": record.event_id,
        "topic": record.topic,
        "status": record.status,
        "reason": shapes.reason_or_none(record.reason),
        "received_at": moment(record.received_at),
        "occurred_at": moment_or_none(record.occurred_at),
        "duplicates": record.duplicates,
        "conflicts": record.conflicts,
        "references": record.references,
        "orders": tuple(
            shapes.OrderMention(
                tenant=order.tenant,
                external_order_id=order.external_order_id,
                status=order.status,
                reason=shapes.reason_or_none(order.reason),
            )
            for order in record.orders
        ),
        "orphaned": record.source not in known.sources,
    }


def _attempt_of(record: AttemptRecord) -> shapes.Attempt:
    return shapes.Attempt(
        id=str(record.id),
        at=moment(record.at),
        kind=cast("Literal['push', 'pull', 'probe']", record.kind),
        http_status=record.http_status,
        outcome=record.outcome,
        detail=record.detail,
        batch_size=record.batch_size,
        milliseconds=record.milliseconds,
    )


def _raw(body: bytes | None) -> msgspec.Raw | None:
    return None if body is None else msgspec.Raw(body)


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode(errors="replace")
