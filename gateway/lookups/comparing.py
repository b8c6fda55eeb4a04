"""A record of a vendor's list beside what is known of its order: is it news, and what would it be at Trackely."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from adapters import Listed, Reconciliation
from adapters.moments import FIRST_YEAR, LAST_YEAR
from gateway.events import (
    Arrival,
    Clock,
    EventStatus,
    Micros,
    OrderState,
    PageMark,
    StoredLookup,
    TranslatedEvent,
    UntranslatedEvent,
)
from gateway.ground.clock import micros_at
from gateway.lookups.asking import Fetch, try_thrice
from gateway.records import ListedRecord
from gateway.store.ports import ReconciliationLedger
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.lifecycle import is_same_owner

_encode: Final = msgspec.json.Encoder(order="deterministic").encode

Rehearse = Callable[[UntranslatedEvent], Awaitable[TranslatedEvent]]
"""What would become of an event; nothing is stored."""


class Run(msgspec.Struct):
    """One run of one turn: `fed` events made of `listed` records. One that does not feed only looks."""

    source: str
    turn: str
    plan: Reconciliation
    since: Micros
    name: str
    is_first: bool
    feeds: bool = True
    fed: int = 0
    listed: int = 0


class Compared(NamedTuple):
    """What a record is.

    `clock`: under which it is news, None where it is none; `is_fed`: the same came into the inbox before and still
    waits, or is dead. `named`: what is to be remembered of it.
    """

    arrival: Arrival
    answers: Mapping[str, bytes | None]
    digest: bytes
    is_fed: bool
    clock: Micros | None
    named: Sequence[ListedRecord]


def when_changed(listed: Listed, asked_at: Micros) -> Micros:
    """When a record changed at the vendor; where it does not say, or says so by a year that means none, the asking."""
    at = listed.changed_at
    # Structs do not check what they are made of.
    if isinstance(at, datetime) and at.tzinfo is not None and FIRST_YEAR <= at.year <= LAST_YEAR:
        return micros_at(at)
    return asked_at


class Comparison:
    """Compares records, by really translating them. `ask` gives an answer that was found, or raises."""

    def __init__(
        self,
        ledger: ReconciliationLedger,
        fetch: Fetch,
        ask: Callable[[str, StoredLookup], Awaitable[bytes]],
        rehearse: Rehearse,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._ledger = ledger
        self._fetch = fetch
        self._ask = ask
        self._rehearse = rehearse
        self._clock = clock
        self._sleep = sleep

    async def of(self, run: Run, listed: Listed, mark: PageMark) -> Compared:
        """A record of a page that was asked for after the mark."""
        event_id = f"reconcile:{listed.subject}:{run.name}"
        body = run.plan.body(listed, run.turn, run.name)
        answers: dict[str, bytes | None] = {} if listed.path is None else {listed.path: listed.record}
        event = UntranslatedEvent(
            0, run.source, event_id, "reconcile", self._clock(), body, b"", answers=answers, clock=mark.clock
        )
        translated = await self._translated(event, answers)
        digest = digest_of(_encode([listed.record, answers]))
        # First, since it may be translated at this moment: then its state shows below.
        is_fed = await self._ledger.is_fed(run.source, listed.subject, digest)
        changed_at = when_changed(listed, event.received_at)
        named = await self._named(translated, listed.subject, changed_at, mark)
        clock = max((each.clock for each in named if each.clock is not None), default=None)
        arrival = Arrival(run.source, event_id, "reconcile", event.received_at, body)
        return Compared(arrival, answers, digest, is_fed, clock, named)

    async def _translated(self, event: UntranslatedEvent, answers: dict[str, bytes | None]) -> TranslatedEvent:
        """What the record means; what the adapter asks for besides is added to the answers."""
        while True:
            # The translator lets no adapter ask for ever.
            translated = await self._rehearse(event)
            if translated.status != EventStatus.WAITING:
                return translated
            for lookup in translated.lookups:
                if lookup.best_effort:
                    answer = await try_thrice(self._fetch, event.source, lookup, self._sleep)
                    answers[lookup.answer_key] = answer.found
                else:
                    answers[lookup.answer_key] = await self._ask(event.source, lookup)

    async def _named(
        self, translated: TranslatedEvent, subject: str, changed_at: Micros, mark: PageMark
    ) -> list[ListedRecord]:
        """What it would be at Trackely: an order a state, or why none."""
        if translated.status in (EventStatus.IGNORED, EventStatus.DEAD):
            clock = mark.clock if translated.status == EventStatus.DEAD else None
            return [ListedRecord(subject=subject, changed_at=changed_at, clock=clock, reason=translated.reason)]
        return [
            ListedRecord(
                subject=subject, changed_at=changed_at, tenant=state.tenant, external_order_id=state.external_order_id,
                clock=await self._news(state, mark),
                digest=None if state.body is None else digest_of(state.body), reason=state.dead,
            )
            for state in translated.states
        ]  # fmt: skip

    async def _news(self, state: OrderState, mark: PageMark) -> Micros | None:
        newest = await self._ledger.newest(state.tenant, state.external_order_id)
        if newest is None:
            # Nothing to withdraw of an order that nobody knows.
            return mark.clock if state.body is not None else None
        if not state.is_shared and not is_same_owner(newest.owner, state.owner):
            return mark.clock
        if newest.body == state.body:
            return None
        if newest.id <= mark.last_state:
            # It was there before the page was asked for, whatever the vendor's clock said.
            return max(mark.clock, newest.clock + 1)
        return mark.clock if newest.clock < mark.clock else None
