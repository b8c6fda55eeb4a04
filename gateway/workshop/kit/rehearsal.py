"""A rehearsal: stored events through a changed adapter or changed options, compared with what became of them.

Nothing is stored, nothing is sent, no vendor is asked: lookups are answered by what was stored with the event.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Self, TypeAlias

import msgspec

from gateway.config.model import ConfiguredSource, Tenant
from gateway.events import EventStatus, Micros, OrderState, TranslatedEvent, UntranslatedEvent, hook_of
from gateway.ground.changes import Change, changes
from gateway.ground.watchdog import Watchdog
from gateway.ingress.identity import identify
from gateway.records import ArchivedEvent, ArchivedState
from gateway.translation.translator import FUTURE, Translator

SECONDS: Final = 1.0
MADE_BY_US: Final = "reconcile:"

Kind: TypeAlias = Literal["changed", "new", "gone", "newly_fails", "newly_passes", "other_outcome", "event_id", "asks"]


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would be different of one event: of one of its orders, or of its outcome."""

    event: str
    event_id: str
    kind: Kind
    tenant: str | None = None
    external_order_id: str | None = None
    changes: tuple[Change, ...] = ()
    before: str | None = None
    after: str | None = None


class Summary(msgspec.Struct, rename="camel"):
    """What a rehearsal came to. Orders are counted once, however many of their events would change."""

    events: int = 0
    orders_changed: int = 0
    orders_new: int = 0
    orders_gone: int = 0
    events_newly_failing: int = 0
    events_newly_passing: int = 0
    events_otherwise_different: int = 0
    not_yet_translated: int = 0
    without_answers: int = 0

    @property
    def is_the_same(self) -> bool:
        """Whether nothing would be different."""
        found = (self.orders_changed, self.orders_new, self.orders_gone, self.events_otherwise_different)
        return not any((*found, self.events_newly_failing, self.events_newly_passing))


class Rehearsal:
    """Compares events one by one. Use as `with Rehearsal(source, tenants) as rehearsal`.

    Args:
        source: the source with the adapter and the options that are to be tried.
        tenants: the configured tenants.
    """

    def __init__(self, source: ConfiguredSource, tenants: Mapping[str, Tenant]) -> None:
        self._source = source
        self._watchdog = Watchdog(SECONDS)
        self._identity_watchdog = Watchdog(SECONDS)
        self._translator = Translator({source.name: source}, tenants, self._watchdog)
        self._orders: dict[str, set[tuple[str | None, str | None]]] = {"changed": set(), "new": set(), "gone": set()}
        self.summary = Summary()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.close()
        self._identity_watchdog.close()

    def compare(self, event: ArchivedEvent) -> list[Difference]:
        """What would be different of an event; counted in the summary."""
        self.summary.events += 1
        stored = _outcome(event)
        if stored is None:
            self.summary.not_yet_translated += 1
            return []
        new = self._translated(event)
        if new.status == EventStatus.WAITING and not event.answers and not event.states:
            # Its lookup was given up, or was never asked: nobody knows what the answer would have been.
            self.summary.without_answers += 1
            return []
        found = [*self._identity(event), *_differences(event, stored, new)]
        self._count(found)
        return found

    def _translated(self, event: ArchivedEvent) -> TranslatedEvent:
        return self._translator.translate(
            UntranslatedEvent(
                id=event.id,
                source=self._source.name,
                event_id=event.event_id,
                topic=event.topic,
                received_at=event.received_at,
                body=event.body,
                context=event.context,
                answers=event.answers or None,
                clock=event.clock,
            )
        )

    def _identity(self, event: ArchivedEvent) -> Iterator[Difference]:
        if event.event_id.startswith(MADE_BY_US):
            return
        found = identify(self._source.adapter, hook_of(event.body, event.context), self._identity_watchdog)
        # Where the adapter fails on the ID, a retry would be a dead letter; the stored event keeps the ID that it has.
        if found.event_id != event.event_id:
            yield Difference(
                event=str(event.id),
                event_id=event.event_id,
                kind="event_id",
                before=event.event_id,
                after=found.event_id if found.dead is None else f"none: {found.dead.detail}",
            )

    def _count(self, found: list[Difference]) -> None:
        for each in found:
            if each.kind in self._orders:
                self._orders[each.kind].add((each.tenant, each.external_order_id))
        kinds = {each.kind for each in found}
        summary = self.summary
        summary.orders_changed, summary.orders_new, summary.orders_gone = map(len, self._orders.values())
        summary.events_newly_failing += "newly_fails" in kinds
        summary.events_newly_passing += "newly_passes" in kinds
        summary.events_otherwise_different += bool(kinds & {"other_outcome", "event_id", "asks"})


def _outcome(event: ArchivedEvent) -> str | None:
    """What became of an event at its last translation, in words; None: it was never translated."""
    if event.states:
        dead = [state.code for state in event.states if state.code in _OF_TRANSLATION]
        return f"dead: {dead[0]}" if dead else "orders"
    if event.status in (EventStatus.RECEIVED, EventStatus.WAITING):
        return None
    if event.status in (EventStatus.DEAD, EventStatus.DISCARDED):
        return f"dead: {_said(event.reason)}"
    return "no orders" if event.reason is None else f"{event.reason.code}: {event.reason.detail}"


_OF_TRANSLATION = frozenset(
    {"invalid_order", "malformed_payload", "incomplete_payload", "lookup_malformed", "unknown_goods_owner"}
)
"""The reasons for which a state dies in translation; any other came later, from delivery or from other orders."""


def _outcome_of(new: TranslatedEvent) -> str:
    if new.status == EventStatus.DEAD:
        return f"dead: {_said(new.reason)}"
    if new.status == EventStatus.WAITING:
        return f"asks for {', '.join(lookup.answer_key for lookup in new.lookups)}, to which no answer is stored"
    if new.status == EventStatus.IGNORED and new.reason is not None:
        return f"{new.reason.code}: {new.reason.detail}"
    dead = [state.dead.code for state in new.states if state.dead is not None]
    if dead:
        return f"dead: {dead[0]}"
    return "orders" if new.states else "no_orders: the event holds no order"


def _said(reason: Any) -> str:
    if reason is None:
        return "unknown"
    where = f" at {reason.path}" if reason.path else ""
    return f"{reason.code}: {reason.detail}{where}"


def _differences(event: ArchivedEvent, stored: str, new: TranslatedEvent) -> Iterator[Difference]:
    after = _outcome_of(new)
    if stored == after and event.states and new.states:
        yield from _orders(event, new)
        return
    if stored == after or (event.status == EventStatus.DISCARDED and after.startswith("dead: ")):
        return
    kind: Kind = "other_outcome"
    if new.status == EventStatus.WAITING:
        kind = "asks"
    elif after.startswith("dead: ") and not stored.startswith("dead: "):
        kind = "newly_fails"
    elif stored.startswith("dead: ") and not after.startswith("dead: "):
        kind = "newly_passes"
    if kind == "newly_passes" and new.states:
        after = "; ".join(_becomes(state) for state in new.states)
    yield Difference(event=str(event.id), event_id=event.event_id, kind=kind, before=stored, after=after)


def _becomes(state: OrderState) -> str:
    """What one state says of its order, for a person."""
    name = f"{state.tenant}/{state.external_order_id}"
    if state.body is None:
        return f"{name} is cancelled"
    order = msgspec.json.decode(state.body)
    return f"{name} to {order.get('deliveryAddress') or order.get('customerId')}"


def _orders(event: ArchivedEvent, new: TranslatedEvent) -> Iterator[Difference]:
    before = {(state.tenant, state.external_order_id): state for state in event.states}
    after = {(state.tenant, state.external_order_id): state for state in new.states}
    for key in dict.fromkeys([*before, *after]):
        was, would = before.get(key), after.get(key)
        kind: Kind = "changed" if was and would else "new" if would else "gone"
        changes = tuple(_changes(event, was, would)) if was and would else ()
        if changes or kind != "changed":
            yield Difference(
                event=str(event.id),
                event_id=event.event_id,
                kind=kind,
                tenant=key[0],
                external_order_id=key[1],
                changes=changes,
            )


def _changes(event: ArchivedEvent, was: ArchivedState, would: OrderState) -> Iterator[Change]:
    if was.body != would.body:
        if was.body is None or would.body is None:
            yield Change("cancelled", was.body is None, would.body is None)
        else:
            yield from changes(was.body, would.body)
    if was.owner != would.owner:
        yield Change("owner", was.owner, would.owner)
    if (was.clock, was.tie) != (would.clock, would.tie) and not _was_forced(event, was.clock):
        yield Change("version", [was.clock, was.tie], [would.clock, would.tie])


def _was_forced(event: ArchivedEvent, clock: Micros) -> bool:
    """Whether a state's clock is later than any that a vendor can bring about: a replay made it the newest."""
    return event.clock is None and clock > event.received_at + FUTURE
