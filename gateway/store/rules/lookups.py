"""The lookup loop's port: whose events wait for which question, and the answers that came."""

from collections.abc import Mapping

import msgspec

from gateway.events import EventStatus, Micros, Reason, StoredLookup, Transition, WaitingSubject
from gateway.records import Act
from gateway.store.rules import auditing, ledger, modes, verdicts
from gateway.store.rules.transactions import Room, Transaction, reads, writes

_decode_lookups = msgspec.json.Decoder(tuple[StoredLookup, ...]).decode


class LookupQueue(Room):
    """Events that wait, by source, turn and subject."""

    @reads
    def turns(self, transaction: Transaction) -> list[tuple[str, str]]:
        """The (source, turn) pairs for which events wait."""
        return [(source, turn) for source, turn in transaction.execute("lookups.turns").fetchall()]

    @reads
    def next_subject(self, transaction: Transaction, source: str, turn: str, now: Micros) -> str | Micros | None:
        """The subject that is due first; else when the next one is; None: nothing waits."""
        found = transaction.execute("lookups.next_subject", (source, turn)).fetchone()
        if found is None:
            return None
        subject, due_at = found
        return str(subject) if due_at <= now else int(due_at)

    async def ask(self, source: str, turn: str, subject: str, now: Micros) -> WaitingSubject | None:
        """Draw a clock for a request that is about to be sent, and name the events that its answer will serve."""
        # Outside the writer: none but answers of this very turn, asked for one after another, adds to it.
        former = await self._engine.read(lambda reading: _former_clock(reading, source, turn, subject))
        return await self._engine.write(lambda transaction: _ask(transaction, (source, turn, subject), former, now))

    async def answer(self, asked: WaitingSubject, answers: Mapping[str, bytes | None]) -> None:
        """Store the answers with their events, which wait for translation again."""

        def run(transaction: Transaction) -> None:
            events = _still_waiting(transaction, asked)
            rows = [(event, path, body) for event in events for path, body in answers.items()]
            transaction.each("lookups.store_answer", rows)
            transaction.each("lookups.translate_again", [(asked.clock, event) for event in events])
            transaction.each("lookups.forget", [(event,) for event in events])

        await self._engine.write(run)
        self._engine.stored()

    @writes
    def defer(self, transaction: Transaction, source: str, turn: str, subject: str, due_at: Micros) -> None:
        """Not before `due_at`: it was asked for a moment ago."""
        transaction.execute("lookups.defer", (due_at, source, turn, subject))

    @writes
    def hasten(self, transaction: Transaction, source: str, now: Micros, act: Act | None = None) -> None:
        """Everything of the source that was put off is due."""
        transaction.execute("lookups.hasten", (now, source))
        auditing.note(transaction, act)

    @writes
    def postpone(
        self,
        transaction: Transaction,
        asked: WaitingSubject,
        reason: Reason,
        *,
        due_at: Micros,
        failing_since: Micros | None,
    ) -> None:
        """Try again later; counts a try. The events say why they wait."""
        events = _still_waiting(transaction, asked)
        transaction.each("lookups.postpone", [(due_at, failing_since, event) for event in events])
        transaction.each("lookups.say_why", [(reason.code, reason.detail, event) for event in events])

    @writes
    def bury(self, transaction: Transaction, asked: WaitingSubject, reason: Reason, now: Micros) -> list[Transition]:
        """The lookup is given up: its events are dead letters, or end as those of a source in shadow do."""
        buried = []
        waiting = _still_waiting(transaction, asked)
        looking_on = modes.looking_on(transaction, waiting)
        for event in waiting:
            status = EventStatus.SHADOWED if event in looking_on else EventStatus.DEAD
            values = (reason.code, reason.detail, reason.path, now, event)
            statement = "shadows.bury" if event in looking_on else "lookups.bury"
            for id_, source, event_id in transaction.execute(statement, values).fetchall():
                buried.append(Transition(id_, source, event_id, status, reason))
            transaction.execute("lookups.forget", (event,))
        if looking_on:
            verdicts.count_reasons(transaction, {(asked.source, reason.code): len(looking_on)})
        return buried


def _former_clock(transaction: Transaction, source: str, turn: str, subject: str) -> int:
    (clock,) = transaction.execute("lookups.former_clock", (source, turn, subject)).fetchone()
    return clock or 0


def _ask(transaction: Transaction, key: tuple[str, str, str], former: int, now: Micros) -> WaitingSubject | None:
    source, turn, subject = key
    rows = transaction.execute("lookups.waiting_for", key).fetchall()
    if not rows:
        return None
    lookups = {lookup.answer_key: lookup for row in rows for lookup in _decode_lookups(row[1])}
    clock = max(ledger.draw(transaction, "clock", now), former + 1)
    transaction.each("lookups.mark_asked", [(clock, row[0]) for row in rows])
    return WaitingSubject(
        source=source,
        turn=turn,
        subject=subject,
        clock=clock,
        events=tuple(row[0] for row in rows),
        lookups=tuple(lookups.values()),
        tries=max(row[2] for row in rows),
        failing_since=min((row[3] for row in rows if row[3] is not None), default=None),
    )


def _still_waiting(transaction: Transaction, asked: WaitingSubject) -> list[int]:
    """The events that wait for this very request: not those that were put back for translation since."""
    return [
        event for event in asked.events if transaction.execute("lookups.still_asked", (event, asked.clock)).fetchone()
    ]
