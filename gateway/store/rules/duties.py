"""Who does what. A duty is a row; its number rises with each holder, and goes with the life of the replica that has it.

No times are compared: a replica counts its signs of life, and whoever sees none for long enough, by its own monotonic
clock, gives it up. A replica that was given up writes nothing any more: every transaction of its engine is fenced.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.errors import ConfigError, Fault
from gateway.events import SECOND, Micros
from gateway.records import Joined, Joining, ReplicaRecord, Seen, Sight, Turning
from gateway.store.rules import ledger, moving
from gateway.store.rules.transactions import Room, Transaction, reads, settles, writes

REMEMBERED: Final = 24 * 3600 * SECOND
"""A lost replica is told of for so long, unless one of its name comes again."""


class Duties(Room):
    """Replicas and duties, a row each."""

    async def join(self, joining: Joining, now: Micros) -> Joined:
        """Begin a life under a number of its own. From now on all that is written is fenced by it.

        Raises:
            ConfigError: the store was moved elsewhere, or is only a part of one.
        """
        return await self._engine.enter(lambda transaction: _join(transaction, joining, now))

    @reads
    def look(self, transaction: Transaction, known: tuple[int, int] | None, after_state: int) -> Sight:
        """See the others; who has which duty where that is not as it was `known`, and whose orders are new."""
        replicas = tuple(
            Seen(number, process, wanted, beats, bool(is_lost))
            for number, process, wanted, beats, is_lost in transaction.execute("duties.replicas").fetchall()
        )
        mark = tuple(transaction.execute("duties.mark").fetchone())
        duties = None if mark == known else dict(transaction.execute("duties.held").fetchall())
        now, last_event, last_state = transaction.execute("duties.news").fetchone()
        tenants = ()
        if last_state > after_state:
            tenants = tuple(name for (name,) in transaction.execute("duties.tenants", (after_state,)).fetchall())
        return Sight(replicas, mark, duties, now, last_event, last_state, tenants)

    @settles
    def turn(self, transaction: Transaction, turning: Turning) -> tuple[str, ...]:
        """Give a sign of life and turn duties over; those of the wanted ones that are this replica's now."""
        me = turning.number
        digests = turning.config_digest, turning.adapters_digest
        transaction.execute("duties.beat", (turning.now, turning.wanted, *digests, me))
        for number, beats in turning.lost:
            # Whoever has beaten since lives; a lost one's duties go with it, so that no row outlives its holder.
            if transaction.changed("duties.lose", (number, beats)):
                _end(transaction, number)
        if turning.given_up:
            transaction.execute("duties.give_up", (me, list(turning.given_up)))
        if turning.lost:
            transaction.execute("duties.forget_lost", (turning.now - REMEMBERED,))
        if not turning.taken:
            return ()
        for name in turning.taken:
            transaction.execute("duties.take", (name, me, ledger.draw(transaction, "duty")))
        return tuple(name for (name,) in transaction.execute("duties.mine", (me, list(turning.taken))).fetchall())

    @writes
    def leave(self, transaction: Transaction, number: int) -> None:
        """End a life: its duties are free."""
        _end(transaction, number)
        transaction.execute("duties.leave", (number,))

    @settles
    def tell(self, transaction: Transaction, number: int, notes: Mapping[str, bytes]) -> None:
        """Let the others know something of a replica, by its kind, instead of what they knew."""
        transaction.each("duties.tell", [(number, kind, body) for kind, body in notes.items()])

    @reads
    def heard(self, transaction: Transaction, number: int) -> list[tuple[str, bytes]]:
        """What the others let a replica know, by kinds."""
        return [(kind, body) for kind, body in transaction.execute("duties.heard", (number,)).fetchall()]

    @reads
    def replicas(self, transaction: Transaction) -> list[ReplicaRecord]:
        """All that serve the store, and those lost lately, by their names."""
        duties: dict[int, list[str]] = {}
        for name, number in transaction.execute("duties.held").fetchall():
            duties.setdefault(number, []).append(name)
        found = transaction.execute("duties.told").fetchall()
        return [
            ReplicaRecord(
                name=name,
                version=version,
                config_digest=config,
                adapters_digest=adapters,
                started_at=started_at,
                last_seen_at=seen_at,
                duties=tuple(sorted(duties.get(number, ()))),
                state="lost" if is_lost else "alive",
            )
            for number, name, version, config, adapters, started_at, seen_at, is_lost in found
        ]


def _end(transaction: Transaction, number: int) -> None:
    transaction.execute("duties.free", (number,))
    transaction.execute("duties.unsay", (number,))


def _join(transaction: Transaction, joining: Joining, now: Micros) -> Joined:
    if (fault := moving.fault_of(transaction)) is not None:
        raise ConfigError([Fault("", "store", fault)])
    number = ledger.draw(transaction, "replica")
    for (gone,) in transaction.execute("duties.surely_gone").fetchall():
        _end(transaction, gone)
        transaction.execute("duties.leave", (gone,))
    transaction.execute("duties.forget_namesakes", (joining.name,))
    transaction.execute("duties.join", (number, *msgspec.structs.astuple(joining), now))
    is_shared, time = transaction.execute("duties.whose").fetchone()
    return Joined(number, bool(is_shared), time)
