"""Reconciliation's port: how far it got, what is known of the listed records, and what differs into the inbox."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from gateway.events import Arrival, EventStatus, Micros, NewestState, PageMark
from gateway.ground.hours import HOUR
from gateway.records import Asking, ListedRecord, RecoveredTopic
from gateway.store.rules import ledger
from gateway.store.rules.inbox import store_one
from gateway.store.rules.transactions import Room, Transaction, reads, settles, writes

_STANDING: Final = frozenset({EventStatus.RECEIVED, EventStatus.WAITING, EventStatus.DEAD, EventStatus.DISCARDED})


class ReconciliationLedger(Room):
    """Cursors by source and turn, and the door into the inbox for what a vendor listed."""

    @reads
    def reached(self, transaction: Transaction, source: str, turn: str) -> Micros | None:
        """The moment up to which the vendor's changes are known; None: never asked."""
        found = transaction.execute("reconciliation.reached", (source, turn)).fetchone()
        return None if found is None else int(found[0])

    @writes
    def reach(self, transaction: Transaction, source: str, turn: str, moment: Micros) -> None:
        """Remember the moment, unless a later one is known."""
        transaction.execute("reconciliation.reach", (source, turn, moment))

    @writes
    def begin_page(self, transaction: Transaction, now: Micros) -> PageMark:
        """Draw a clock for a page that is about to be asked for."""
        (last_state,) = transaction.execute("reconciliation.last_state").fetchone()
        return PageMark(ledger.draw(transaction, "clock", now), last_state)

    @reads
    def newest(self, transaction: Transaction, tenant: str, external_order_id: str) -> NewestState | None:
        """An order's newest state."""
        found = transaction.execute("reconciliation.newest", (tenant, external_order_id)).fetchone()
        return None if found is None else NewestState(*found)

    @reads
    def is_fed(self, transaction: Transaction, source: str, subject: str, digest: bytes) -> bool:
        """Whether the event last fed for this record held the same, and still waits, or is dead or discarded."""
        found = transaction.execute("reconciliation.last_fed", (source, f"reconcile:{subject}")).fetchone()
        return found is not None and found[0] == digest and found[1] in _STANDING

    @reads
    def is_named(self, transaction: Transaction, source: str, subject: str) -> bool:
        """Whether an event of the source has this record among its references."""
        return transaction.execute("reconciliation.named", (source, subject)).fetchone() is not None

    async def feed(
        self,
        arrival: Arrival,
        answers: Mapping[str, bytes | None],
        clock: Micros,
        digest: bytes,
        recovered: RecoveredTopic | None,
    ) -> None:
        """Put a record into the inbox as an event, with the answers that are known and their clock, in one step."""

        def run(transaction: Transaction) -> None:
            # Not as a group: this is not the source giving a sign of life.
            receipt = store_one(transaction, arrival)
            if receipt.kind != "stored":
                return
            transaction.execute("reconciliation.annotate", (clock, digest, receipt.id))
            if recovered is not None:
                hour = arrival.received_at // HOUR * HOUR
                transaction.execute("reconciliation.count", (arrival.source, recovered, hour))
            transaction.each("lookups.store_answer", [(receipt.id, *answer) for answer in answers.items()])

        await self._engine.write(run)
        self._engine.stored()

    @settles
    def note_listed(
        self, transaction: Transaction, source: str, listed: Sequence[ListedRecord], asked_at: Micros
    ) -> None:
        """Remember what a page of a vendor's list named, in place of what was known of its subjects."""
        subjects = dict.fromkeys(each.subject for each in listed)
        transaction.each("reconciliation.forget_listed", [(source, subject) for subject in subjects])
        rows = [_row(source, each, asked_at) for each in listed]
        # One that is listed twice, under one name, is one.
        transaction.each("reconciliation.list", list({row[1:4]: row for row in rows}.values()))

    @settles
    def note_asked(self, transaction: Transaction, asking: Asking) -> None:
        """Remember that a list was read whole; spans of changes that touch are one."""
        transaction.execute("reconciliation.asked", msgspec.structs.astuple(asking))


def _row(source: str, listed: ListedRecord, asked_at: Micros) -> tuple[object, ...]:
    code, detail = (None, None) if listed.reason is None else (listed.reason.code, listed.reason.detail)
    return (
        source, listed.subject, listed.tenant, listed.external_order_id, listed.changed_at, asked_at, listed.clock,
        listed.digest, code, detail,
    )  # fmt: skip
