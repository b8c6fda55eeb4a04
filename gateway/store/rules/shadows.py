"""The port of what looks on in shadow: modes, verdicts, promotion."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gateway.errors import ConflictingRequest
from gateway.events import EventStatus, Micros, OrderState, TranslatedEvent, Version
from gateway.records import (
    NOT_COMPARED,
    SETTLING,
    Act,
    MemberChange,
    NewOperation,
    OperationRecord,
    ShadowExample,
    ShadowRecord,
    SourceMode,
)
from gateway.store.rules import bulk, modes, verdicts
from gateway.store.rules.transactions import Room, Transaction, reads, settles, writes
from gateway.store.rules.verdicts import CANCELLED, MOST_EXAMPLES, Side, Sighting, digest_of

_decode_example = msgspec.json.Decoder(list[tuple[str, Any, Any]]).decode


class Shadows(Room):
    """Who delivers, and how what looks on compares with it."""

    @writes
    def enter(self, transaction: Transaction, wanted: Collection[SourceMode], now: Micros) -> list[SourceMode]:
        """Take over what the file says, but for what a promotion decided and it does not say yet."""
        modes.enter(transaction, wanted, now)
        return list(modes.all_of(transaction).values())

    @reads
    def modes(self, transaction: Transaction) -> list[SourceMode]:
        """All modes in force, plainly live sources left out."""
        return list(modes.all_of(transaction).values())

    @settles
    def compare(self, transaction: Transaction, translated: Collection[TranslatedEvent], now: Micros) -> None:
        """Compare what a second adapter made of live sources' events with what became of them."""
        known = modes.all_of(transaction)
        watched = [event for event in translated if event.source in known and known[event.source].second is not None]
        whole = {id_ for (id_,) in transaction.execute("shadows.whole", ([event.id for event in watched],)).fetchall()}
        # What was erased meanwhile leaves nothing of itself here.
        seen = [event for event in watched if event.id in whole]
        live: dict[int, dict[tuple[str, str], Side]] = {}
        for event, tenant, order, clock, tie, arrival, body in transaction.execute(
            "shadows.live_states", ([event.id for event in seen],)
        ).fetchall():
            side = Side(digest_of(body), body=body, version=Version(clock, tie, arrival))
            live.setdefault(event, {})[tenant, order] = side
        # What waits for the vendor's answer says nothing of its orders yet.
        judged = [event for event in seen if event.status != EventStatus.WAITING]
        pairs = [pair for event in judged for pair in _pairs(event, live.get(event.id, {}))]
        verdicts.renew(transaction, pairs, {source: mode.since for source, mode in known.items()}, now)
        verdicts.count_reasons(transaction, verdicts.reasons_of(seen))

    @settles
    def skip(self, transaction: Transaction, source: str, events: int) -> None:
        """A second adapter was not given so many events."""
        verdicts.count_reasons(transaction, {(source, NOT_COMPARED): events})

    @reads
    def verdicts(self, transaction: Transaction, source: str, now: Micros) -> ShadowRecord:
        """How the shadow of a source compares."""
        mode = modes.all_of(transaction).get(source)
        if mode is None or (mode.mode == "live" and mode.second is None):
            raise ConflictingRequest(f"source {source!r} is live, and nothing looks on")
        counts: dict[str, int] = dict(transaction.execute("shadows.counts", (source, mode.since)).fetchall())
        late = now - SETTLING
        settled: dict[str, int] = dict(transaction.execute("shadows.settled", (source, mode.since, late)).fetchall())
        reasons: dict[str, int] = dict(transaction.execute("shadows.reasons", (source,)).fetchall())
        (waiting,) = transaction.execute("shadows.waiting", (source,)).fetchone()
        only = [settled.get(each, 0) for each in ("onlyHere", "onlyThere")]
        asks = reasons.pop(verdicts.ASKS, 0) + int(waiting if mode.mode == "shadow" else 0)
        shown = transaction.execute("shadows.examples", (source, mode.since, late, MOST_EXAMPLES)).fetchall()
        return ShadowRecord(
            mode=mode, equal=counts.get("equal", 0), differ=counts.get("differ", 0), only_here=only[0],
            only_there=only[1], settling=counts.get("onlyHere", 0) + counts.get("onlyThere", 0) - sum(only), asks=asks,
            members=dict(transaction.execute("shadows.members", (source, mode.since)).fetchall()), reasons=reasons,
            examples=tuple(_example(row) for row in shown),
        )  # fmt: skip

    async def promote(self, source: str, act: Act) -> OperationRecord:
        """Let a source in shadow deliver from now on, and whom it replaces look on; the newest states are judged.

        What is to be judged is written down before, in parts; the switch, and what has come meanwhile, is one
        transaction. One that ends between the two has changed nothing.
        """
        items = await self._engine.read(lambda reading: _newest(reading, _in_shadow(reading, source), 0))
        wanted = NewOperation(kind="promote", of="events", items=tuple(items))
        operation = await bulk.prepare(self._engine, wanted, act)

        def switch(transaction: Transaction) -> OperationRecord:
            mode = _in_shadow(transaction, source)
            bulk.add(transaction, operation, len(items), _newest(transaction, mode, operation))
            modes.begin(transaction, SourceMode(source, "live", mode.replaces, None, act.at, is_decided=True))
            if mode.replaces is not None:
                modes.hand_over(transaction, of=mode.replaces, to=source)
                modes.begin(transaction, SourceMode(mode.replaces, "shadow", source, None, act.at, is_decided=True))
            return bulk.begin(transaction, operation, act)

        promoted = await self._engine.write(switch)
        self._engine.stored()
        return promoted


def _in_shadow(transaction: Transaction, source: str) -> SourceMode:
    mode = modes.all_of(transaction).get(source)
    if mode is None or mode.mode != "shadow":
        raise ConflictingRequest(f"source {source!r} is not in shadow")
    return mode


def _newest(transaction: Transaction, mode: SourceMode, but: int) -> list[str]:
    """The events of the orders' newest states, and those that the adapter was not given, but an operation's own."""
    values = (mode.source, mode.since, NOT_COMPARED, but)
    return [str(event) for (event,) in transaction.execute("shadows.newest", values).fetchall()]


def _pairs(event: TranslatedEvent, live: Mapping[tuple[str, str], Side]) -> list[Sighting]:
    """What two adapters made of one event, by order."""
    here = {(state.tenant, state.external_order_id): _side(event, state) for state in event.states if not state.dead}
    return [
        Sighting(event.source, *key, here.get(key), live.get(key), is_pair=True)
        for key in dict.fromkeys([*live, *here])
    ]


def _side(event: TranslatedEvent, state: OrderState) -> Side:
    version = Version(state.clock, state.tie, event.id)
    return Side(digest_of(state.body), body=state.body, version=version, event=event.id)


def _example(row: tuple[Any, ...]) -> ShadowExample:
    tenant, order, verdict, event, example, here, there = row
    difference = [MemberChange(*each) for each in _decode_example(example)] if example else []
    if verdict == "differ" and CANCELLED in (here, there):
        difference.insert(0, MemberChange("cancelled", there == CANCELLED, here == CANCELLED))
    return ShadowExample(tenant, order, verdict, event, tuple(difference))
