"""What operators do to records: replay, discard, erase. Bulk runs in steps: the writer is never held for long."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Micros, OrderStatus, Reason
from gateway.records import Act, Amended, Amendment, DeadLetterFilter, EventFilter, RetentionSpans
from gateway.store.rules import erasure, ledger
from gateway.store.rules.amending import amend, release
from gateway.store.rules.auditing import Steps, note
from gateway.store.rules.endings import by_hand, discard_event, discard_order
from gateway.store.rules.placing import FORCED, REPLAYED
from gateway.store.rules.selection import event_conditions, letter_conditions
from gateway.store.rules.transactions import Erasure, Room, Transaction, reads, writes

Item = TypeVar("Item")

STEP: Final = 500

_LETTER: Final = re.compile(r"(event|order)-([0-9]{1,18})", re.ASCII)


class Acts(Room):
    """Acts on events and orders; each step is one transaction."""

    async def replay(self, events: Collection[int], *, force: bool, act: Act | None = None) -> int:
        """Translate the stored bytes of these events again; those whose body was pruned are left out."""
        wanted = list(dict.fromkeys(events))
        return await self._in_steps(wanted, act, lambda transaction, step: replay(transaction, step, force=force))

    async def _in_steps(
        self, wanted: Sequence[Item], act: Act | None, do: Callable[[Transaction, Sequence[Item]], int]
    ) -> int:
        """Do something to many, a step a transaction; to how many it was done."""
        steps, done = Steps(act), 0
        for start in range(0, len(wanted), STEP):

            def run(transaction: Transaction, start: int = start) -> int:
                return steps.count(transaction, do(transaction, wanted[start : start + STEP]))

            done += await self._engine.write(run)
        return done

    @reads
    def fitting(self, transaction: Transaction, which: EventFilter) -> list[int]:
        """The events that fit, oldest first, those without a body too."""
        return [id_ for (id_,) in transaction.select("acts.fitting", event_conditions(which))]

    @reads
    def letters(self, transaction: Transaction, which: DeadLetterFilter | Collection[str]) -> list[str]:
        """The ids of the dead letters that fit, or are among these, the oldest first."""
        return [f"{kind}-{id_}" for kind, id_ in _dead_letters(transaction, which)]

    @reads
    def events_of(self, transaction: Transaction, letters: Collection[str]) -> list[int]:
        """The events behind dead letters, each once: an event's own, an order's by its state."""
        return [event for (event,) in transaction.execute("acts.events_of_letters", ids_of(letters)).fetchall()]

    @reads
    def have_bodies(self, transaction: Transaction, events: Collection[int]) -> dict[int, bool]:
        """Those of these events that there are, and whether each has a body still."""
        found = transaction.execute("acts.have_bodies", (list(events),)).fetchall()
        return {event: bool(has_body) for event, has_body in found}

    async def discard_dead_letters(
        self, which: DeadLetterFilter | Collection[str], *, reason: str | None, now: Micros, act: Act | None = None
    ) -> int:
        """Set dead letters aside for good."""
        found = await self._engine.read(lambda reading: _dead_letters(reading, which))
        why = by_hand(reason)
        return await self._in_steps(found, act, lambda transaction, step: discard(transaction, step, why, now))

    @writes
    def discard_order(
        self,
        transaction: Transaction,
        tenant: str,
        external_order_id: str,
        *,
        reason: str | None,
        now: Micros,
        act: Act | None = None,
    ) -> None:
        """Never send the order's present state."""
        order = ledger.order_by_key(transaction, tenant, external_order_id)
        if order is None:
            raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
        if order.is_in_flight:
            raise ConflictingRequest("the order is being sent at this moment; try again when it is settled")
        if order.status not in (OrderStatus.PENDING, OrderStatus.DEAD):
            raise ConflictingRequest(f"the order is {order.status}: there is nothing to discard")
        discard_order(transaction, order, by_hand(reason), now)
        note(transaction, act)

    @writes
    def amend(self, transaction: Transaction, amendment: Amendment, *, now: Micros, act: Act | None = None) -> Amended:
        """Place a person's state of an order, judged like any other."""
        amended = amend(transaction, amendment, now)
        note(transaction, act)
        return amended

    async def release(
        self, letters: Collection[str], *, shared: Collection[str], now: Micros, act: Act | None = None
    ) -> int:
        """Let held states go despite what they are held for."""
        events, _ = ids_of(letters)
        return await self._in_steps(events, act, lambda it, step: release(it, step, shared, now))

    async def erase(self, tenant: str, external_order_id: str, *, now: Micros, act: Act | None = None) -> int:
        """Empty the order and the events behind it; how many events."""
        wanted = Erasure(tenant, external_order_id, now)

        def run(transaction: Transaction) -> int:
            erased = erasure.erase(transaction, wanted, act)
            # Last, so that what is not there, or is being sent, is not on record; before it is committed all the same.
            self._engine.record_erasure(wanted)
            return erased

        erased = await self._engine.write(run)
        await self._engine.overwrite()
        return erased

    async def prune(self, retention: RetentionSpans, now: Micros, act: Act | None = None) -> int:
        """Remove what is older than its span since its end."""
        steps = Steps(act)
        if act is not None:
            await self._engine.write(lambda transaction: steps.count(transaction, 0))
        pruned = await self._engine.prune(retention, now)
        if act is not None:
            await self._engine.write(lambda transaction: steps.count(transaction, pruned))
        return pruned


def _dead_letters(transaction: Transaction, which: DeadLetterFilter | Collection[str]) -> list[tuple[str, int]]:
    if isinstance(which, DeadLetterFilter):
        return transaction.select("acts.fitting_letters", letter_conditions(which))
    return transaction.execute("acts.dead_letters", ids_of(which)).fetchall()


def ids_of(letters: Collection[str]) -> tuple[list[int], list[int]]:
    """Events' and orders' row ids among the ids of dead letters, as the statements take them."""
    named = [(found[1], int(found[2])) for id_ in letters if (found := _LETTER.fullmatch(id_))]
    events, orders = ([id_ for of, id_ in named if of == kind] for kind in ("event", "order"))
    return events, orders


def replay(transaction: Transaction, events: Sequence[int], *, force: bool) -> int:
    """Put events back for translation, inside the writer's transaction; how many had a body."""
    kind = FORCED if force else REPLAYED
    replayed = transaction.each("acts.replay", [(kind, event) for event in events])
    transaction.each("lookups.forget_answers", [(event,) for event in events])
    transaction.each("lookups.forget", [(event,) for event in events])
    return replayed


def discard(transaction: Transaction, letters: Sequence[tuple[str, int]], why: Reason, now: Micros) -> int:
    """Set dead letters aside for good, inside the writer's transaction; how many still were."""
    discarded = 0
    for kind, id_ in letters:
        if kind == "event":
            discarded += discard_event(transaction, id_, why, now)
        else:
            order = ledger.order_by_id(transaction, id_)
            if order is not None and order.status == OrderStatus.DEAD:
                discard_order(transaction, order, why, now)
                discarded += 1
    return discarded
