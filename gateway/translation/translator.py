"""One stored event in, what becomes of it out; every defect of an adapter ends here, as a dead letter."""

import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, TypeAlias

import msgspec

from adapters import (
    Adapter,
    Cancellation,
    Fault,
    Ignored,
    Lookups,
    MalformedPayload,
    State,
    TranslationError,
    references_in,
    references_of,
    too_long,
)
from gateway.config.model import ConfiguredSource, Tenant
from gateway.events import (
    SECOND,
    EventStatus,
    Micros,
    OrderState,
    Reason,
    TranslatedEvent,
    UntranslatedEvent,
    hook_of,
    source_owner,
    storable,
    stored_lookup,
    told_by,
)
from gateway.ground.questions import MOST_QUESTIONS, fault_of_question
from gateway.ground.watchdog import FAILURES, Overrun, Watchdog
from gateway.translation.states import (
    DAY,
    AdapterDefect,
    day_of,
    doubts_about,
    held,
    is_on_receipt,
    said_of,
    vendors_time,
)

FUTURE: Final = 300 * SECOND
"""A vendor's clock counts for at most five minutes after the receipt: one that runs ahead must not win for ever."""

TRACEBACK_CHARACTERS: Final = 8000
_INT64: Final = 2**63 - 1
_SEQUENCES: Final = (list, tuple)
_STATES: Final = (State, Cancellation, Fault)

Ran: TypeAlias = tuple[Any, TranslatedEvent | None]
"""What an adapter said of an event; or what becomes of the event, where it failed at it."""


class Translator:
    """Runs the sources' adapters over stored events. Synchronous and self-contained: it belongs in a thread."""

    def __init__(
        self, sources: Mapping[str, ConfiguredSource], tenants: Mapping[str, Tenant], watchdog: Watchdog
    ) -> None:
        self.sources = sources
        self._tenants = tenants
        self._watchdog = watchdog
        self._owners = {name: source_owner(source.name) for name, source in sources.items()}
        self._hints = {name: _hint(source.adapter) for name, source in sources.items()}

    def translate(self, event: UntranslatedEvent) -> TranslatedEvent:
        """What becomes of an event; never raises for what an adapter or a body does."""
        return self.judge(event, self.run(event))

    def run(self, event: UntranslatedEvent) -> Ran:
        """The adapter's part of it."""
        source = self.sources[event.source]
        try:
            hook = hook_of(event.body, event.context, event.received_at)
            return self._watchdog.call(source.adapter.translate, hook, source.options, event.answers or {}), None
        except FAILURES as error:
            return None, self._failed(source, event, error)

    def judge(self, event: UntranslatedEvent, ran: Ran) -> TranslatedEvent:
        """What becomes of an event by what its adapter said."""
        translation, failed = ran
        if failed is not None:
            return failed
        source = self.sources[event.source]
        try:
            return self._outcome(source, event, translation)
        except FAILURES as error:
            return self._failed(source, event, error)

    def _failed(self, source: ConfiguredSource, event: UntranslatedEvent, error: BaseException) -> TranslatedEvent:
        if isinstance(error, TranslationError):
            reason = told_by(error)
            if event.answers is not None and isinstance(error, MalformedPayload) and self._asks(event):
                # The hook is readable: what is not is the vendor's answer.
                reason = msgspec.structs.replace(reason, code="lookup_malformed")
            return _dead(source, event, reason, error.references)
        if isinstance(error, AdapterDefect):
            return defect(source, event, str(error))
        if isinstance(error, Overrun):
            detail = f"adapter {source.adapter.name} did not end within {self._watchdog.seconds:g} s"
            hung = defect(source, event, detail, _trace(error.__traceback__, detail))
            return msgspec.structs.replace(hung, has_returned=False)
        detail = f"adapter {source.adapter.name} raised {type(error).__name__}"
        return defect(source, event, detail, _trace(error.__traceback__, repr(error)))

    def _asks(self, event: UntranslatedEvent) -> bool:
        """Whether the adapter gets as far as asking, with nothing answered."""
        translation, _ = self.run(msgspec.structs.replace(event, answers=None))
        return isinstance(translation, Lookups)

    def _outcome(self, source: ConfiguredSource, event: UntranslatedEvent, translation: Any) -> TranslatedEvent:
        if isinstance(translation, _SEQUENCES):
            return self._translated(source, event, translation)
        if isinstance(translation, Ignored):
            reason = Reason("ignored", storable(translation.reason))
            return _told(source, event, EventStatus.IGNORED, translation.references, reason=reason)
        if isinstance(translation, Lookups):
            return _waiting(source, event, translation)
        raise AdapterDefect(f"adapter {source.adapter.name} returned {type(translation).__name__}, not a translation")

    def _translated(
        self, source: ConfiguredSource, event: UntranslatedEvent, translation: Sequence[Any]
    ) -> TranslatedEvent:
        states: list[OrderState] = []
        references: list[str] = []
        occurred_at = None
        for state in translation:
            if not isinstance(state, _STATES):
                raise AdapterDefect(f"adapter {source.adapter.name} returned a {type(state).__name__} among its states")
            vendors = vendors_time(state.clock)
            states.append(self._state(source, event, state, vendors))
            references += state.references
            occurred_at = occurred_at or vendors or None
        # As `_told` does, for most events and at less cost.
        return TranslatedEvent(
            id=event.id,
            source=event.source,
            event_id=event.event_id,
            status=EventStatus.TRANSLATED,
            adapter_version=source.adapter.version,
            occurred_at=occurred_at,
            references=references_of(*references),
            states=tuple(states),
            is_forced=event.is_forced,
            is_replayed=event.is_replayed,
        )

    def _state(
        self, source: ConfiguredSource, event: UntranslatedEvent, state: Any, vendors: Micros | None
    ) -> OrderState:
        adapter = source.adapter
        name = state.external_order_id
        if not name and (state.record is None or not isinstance(state, Cancellation)):
            raise AdapterDefect(f"adapter {adapter.name} made a {type(state).__name__} that names no order")
        if fault := too_long(name):
            raise MalformedPayload(f"externalOrderId has {fault}")
        if state.record is not None and (fault := too_long(state.record)):
            raise MalformedPayload(f"record has {fault}")
        body, dead = said_of(state, adapter.name)
        tenant = state.tenant or source.settings.tenant
        settings = self._tenants.get(tenant)
        if settings is None:
            raise AdapterDefect(f"adapter {adapter.name} sends to tenant {tenant!r}, which is not configured")
        received_on = day_of(event.received_at // DAY)
        findings = doubts_about(state, received_on) if isinstance(state, State) and dead is None else ()
        return OrderState(
            tenant=tenant,
            external_order_id=name,
            owner=self._owners[source.name] if state.owner is None else f"{adapter.name}:{state.owner}",
            clock=_clock(vendors, event),
            tie=state.tie if -_INT64 <= state.tie <= _INT64 else max(-_INT64, min(state.tie, _INT64)),
            body=body,
            is_shared=settings.shared_orders,
            collision_hint=self._hints[source.name],
            dead=held(findings, settings.hold) if findings else dead,
            record=state.record,
            findings=findings,
            on_receipt=is_on_receipt(state, received_on),
            release_at=event.received_at + round(settings.release_after * SECOND) if settings.release_after else 0,
        )


def _hint(adapter: Adapter) -> str:
    option = f"the option `{adapter.collision_option}` can part them; " if adapter.collision_option else ""
    return f"{option}`shared_orders: true` on the tenant takes them as one"


def _clock(vendors: Micros | None, event: UntranslatedEvent) -> Micros:
    if event.clock is not None:
        return event.clock
    return event.received_at if vendors is None else min(vendors, event.received_at + FUTURE)


def _told(
    source: ConfiguredSource,
    event: UntranslatedEvent,
    status: EventStatus,
    references: tuple[str, ...],
    **rest: Any,
) -> TranslatedEvent:
    return TranslatedEvent(
        id=event.id,
        source=event.source,
        event_id=event.event_id,
        status=status,
        adapter_version=source.adapter.version,
        references=references_of(*references),
        is_forced=event.is_forced,
        is_replayed=event.is_replayed,
        **rest,
    )


def _waiting(source: ConfiguredSource, event: UntranslatedEvent, asked: Lookups) -> TranslatedEvent:
    adapter, answered = source.adapter, event.answers or {}
    wanted = {key: lookup for lookup in asked.wanted if (key := adapter.key_of(lookup)) not in answered}
    if not wanted:
        raise AdapterDefect(f"adapter {adapter.name} asks again for what was answered")
    if len(answered) + len(wanted) > MOST_QUESTIONS:
        raise AdapterDefect(f"adapter {adapter.name} asks more than {MOST_QUESTIONS} questions about one event")
    if adapter.api is None or adapter.api(source.options) is None:
        raise AdapterDefect(f"adapter {adapter.name} asks for a lookup, but the source has no API configured")
    for what, said in (("a subject", asked.subject), *[("a lookup", key) for key in wanted]):
        if fault := too_long(said):
            raise AdapterDefect(f"adapter {adapter.name}: {what} has {fault}")
    for lookup in wanted.values():
        if (fault := fault_of_question(adapter, lookup)) is not None:
            raise AdapterDefect(f"adapter {adapter.name}: {fault}")
    lookups = tuple(stored_lookup(adapter, lookup) for lookup in wanted.values())
    return _told(source, event, EventStatus.WAITING, asked.references, lookups=lookups, subject=asked.subject)


def _dead(
    source: ConfiguredSource,
    event: UntranslatedEvent,
    reason: Reason,
    references: tuple[str, ...] = (),
    trace: str | None = None,
) -> TranslatedEvent:
    found = references or references_in(event.body, source.adapter.references)
    return _told(source, event, EventStatus.DEAD, found, reason=reason, traceback=trace)


def defect(
    source: ConfiguredSource, event: UntranslatedEvent, detail: str, trace: str | None = None
) -> TranslatedEvent:
    """A dead letter by the adapter's fault."""
    return _dead(source, event, Reason("adapter_defect", detail), trace=trace)


def _trace(where: TracebackType | None, what: str) -> str:
    return storable("".join(traceback.format_tb(where)) + what)[-TRACEBACK_CHARACTERS:]
