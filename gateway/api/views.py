"""From what is on record to what the operators are shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

import msgspec

from gateway.api import shapes
from gateway.api.remedies import REFUSALS
from gateway.api.shapes import shown
from gateway.config.model import Config
from gateway.events import hook_of
from gateway.records import (
    DeadLetter,
    DeadLetterFilter,
    Effect,
    Effects,
    EventDetail,
    EventFilter,
    EventRecord,
    MemberChange,
    OrderRecord,
    RefusalRecord,
    siblings_of,
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
        return cls(config.belonging.tenants, frozenset(config.settings.tenants))

    def widened(self, which: Filter) -> Filter:
        """A filter that knows whose the events are that have no order."""
        owned = tuple(source for source, tenant in self.sources.items() if tenant == which.tenant)
        return msgspec.structs.replace(which, tenant_sources=owned)


def event_of(record: EventRecord, known: Configured) -> shapes.Event:
    """An event as a list shows it."""
    return shown(shapes.Event, record, **_event_members(record, known))


def event_detail_of(detail: EventDetail, known: Configured) -> shapes.EventDetail:
    """An event with all that is kept of it."""
    hook = hook_of(b"", detail.context)
    return shown(
        shapes.EventDetail,
        detail.record,
        **_event_members(detail.record, known),
        body=_text(detail.body),
        headers=hook.headers,
        parameters=hook.parameters,
        path=hook.path,
        adapter_version=detail.adapter_version,
        translation=tuple(
            shown(shapes.TranslatedState, state, version=shown(shapes.Version, state), order=_raw(state.body))
            for state in detail.translation
        ),
        traceback=detail.traceback,
        other_bodies=tuple(
            shown(shapes.OtherBody, other, body=_text(other.body) or "") for other in detail.other_bodies
        ),
        answers=None if detail.answers is None else {path: _text(body) for path, body in detail.answers.items()},
    )


def orders_of(records: Sequence[OrderRecord], known: Configured) -> tuple[shapes.Order, ...]:
    """Orders with their stories."""
    # Many may share an event, or an attempt: each is made once.
    events = {event.id: event for record in records for event in record.events}
    attempts = {attempt.id: attempt for record in records for attempt in record.attempts}
    told = {id_: event_of(event, known) for id_, event in events.items()}
    tried = {id_: shown(shapes.Attempt, attempt) for id_, attempt in attempts.items()}
    return tuple(
        shown(
            shapes.Order,
            record,
            created=record.is_created,
            order=_raw(record.body),
            findings=tuple(shapes.Finding(code=code, detail=detail) for code, detail in record.findings),
            siblings=tuple(shown(shapes.Sibling, each) for each in siblings_of(record)),
            events=tuple(told[event.id] for event in record.events),
            attempts=tuple(tried[attempt.id] for attempt in record.attempts),
            orphaned=record.tenant not in known.tenants,
        )
        for record in records
    )


def dead_letter_of(letter: DeadLetter, known: Configured) -> shapes.DeadLetter:
    """Something set aside for a person."""
    return shown(
        shapes.DeadLetter,
        letter,
        tenant=letter.tenant or known.sources.get(letter.source),
        orphaned=letter.source not in known.sources
        or (letter.tenant is not None and letter.tenant not in known.tenants),
    )


def effects_of(effects: Effects) -> dict[str, Any]:
    """What something would do, as members of an answer."""
    return {
        "effects": {effect: effects.counts.get(effect, 0) for effect in get_args(Effect)},
        "sends": effects.sends,
        "examples": tuple(
            shown(
                shapes.EffectExample,
                example,
                difference=differences_of(example.difference),
            )
            for example in effects.examples
        ),
    }


def differences_of(changes: Iterable[MemberChange]) -> tuple[shapes.Difference, ...]:
    """Members that differ, as members of an answer."""
    return tuple(shapes.Difference(member=each.member, from_=each.before, to=each.after) for each in changes)


def refusals_of(records: Iterable[RefusalRecord]) -> tuple[shapes.Refusal, ...]:
    """Requests that were turned away."""
    return tuple(shown(shapes.Refusal, record, reason=refusal_reason(record)) for record in records)


def refusal_reason(record: RefusalRecord) -> shapes.Reason:
    """Why a request was turned away."""
    words = f"{record.status}: {record.reason.replace('_', ' ')}"
    return shapes.Reason(code=record.reason, detail=words, path=None, remedy=REFUSALS[record.reason])


def _event_members(record: EventRecord, known: Configured) -> dict[str, Any]:
    """What an event's record does not say as it is shown."""
    orders = tuple(shown(shapes.OrderMention, order) for order in record.orders)
    return {"orders": orders, "orphaned": record.source not in known.sources}


def _raw(body: bytes | None) -> msgspec.Raw | None:
    return None if body is None else msgspec.Raw(body)


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode(errors="replace")
