"""One verdict an order: the newest state in shadow beside the live one, renewed when either changes."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from gateway.events import EventStatus, Micros, TranslatedEvent, Version
from gateway.ground.changes import changes
from gateway.store.rules import inbox
from gateway.store.rules.transactions import Transaction

MOST_EXAMPLES: Final = 20

CANCELLED: Final = b""

ASKS: Final = "asks"
"""Beside the reasons' codes: a second adapter asks the vendor for what was not answered."""

_encode = msgspec.json.Encoder().encode
_COLUMNS: Final = (
    "id", "source", "tenant", "external_order_id", "here", "there", "clock", "tie", "arrival", "event", "state",
    "verdict", "members", "example", "first_at", "changed_at",
)  # fmt: skip


class Side(msgspec.Struct, frozen=True):
    """A state of an order on one side: its digest (empty: cancelled), and its bytes or the row where they are."""

    digest: bytes
    state: int | None = None
    body: bytes | None = None
    version: Version | None = None
    event: int | None = None


class Sighting(msgspec.Struct):
    """What was seen of an order. `here` None: nothing new in shadow; `there` None: there is no such live order.

    `is_pair`: both are of one event, and stand or fall together. `is_past`: it was told before the shadow began, and if
    that is all that there is of it, the shadow has not missed it.
    """

    source: str
    tenant: str
    external_order_id: str
    here: Side | None = None
    there: Side | None = None
    is_pair: bool = False
    is_past: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Which row it is of."""
        return self.source, self.tenant, self.external_order_id


class _Row(msgspec.Struct):
    """A row of `shadows`, in its order of columns."""

    id: int | None
    source: str
    tenant: str
    external_order_id: str
    here: bytes | None = None
    there: bytes | None = None
    clock: int | None = None
    tie: int | None = None
    arrival: int | None = None
    event: int | None = None
    state: int | None = None
    verdict: str = ""
    members: str | None = None
    example: str | None = None
    first_at: Micros = 0
    changed_at: Micros = 0


def digest_of(body: bytes | None) -> bytes:
    """By which two states are the same; of cancellations the kind alone."""
    return CANCELLED if body is None else inbox.digest_of(body)


def renew(transaction: Transaction, sightings: Collection[Sighting], since: Mapping[str, Micros], now: Micros) -> None:
    """Judge these orders anew; what was seen before its shadow began, `since`, counts no more."""
    if not sightings:
        return
    found = transaction.many("verdicts.rows", [sighting.key for sighting in sightings])
    rows = {row[1:4]: _Row(*row) for row in found}
    kept = dict.fromkeys(since, 0) | dict(transaction.execute("verdicts.examples", (list(since),)).fetchall())
    written: dict[tuple[str, str, str], _Row] = {}
    for sighting in sightings:
        row = rows.get(sighting.key)
        if row is None or row.first_at < since[sighting.source]:
            if sighting.is_past:
                continue
            row = _Row(None if row is None else row.id, *sighting.key, first_at=now)
            rows[sighting.key] = row
        if not _see(row, sighting):
            continue
        kept[sighting.source] -= row.example is not None
        _judge(transaction, row, sighting, has_room=kept[sighting.source] < MOST_EXAMPLES)
        kept[sighting.source] += row.example is not None
        row.changed_at = now
        written[sighting.key] = row
    values = [tuple(getattr(row, column) for column in _COLUMNS[1:]) for row in written.values()]
    transaction.many("verdicts.write", values)


def _see(row: _Row, sighting: Sighting) -> bool:
    """Take over what was seen; False: it is nothing new."""
    before = (row.here, row.there, row.event) if row.verdict else None
    here, there = sighting.here, sighting.there
    version = next((side.version for side in (here, there) if side is not None and side.version), None)
    is_older = row.clock is not None and version is not None and version < (row.clock, row.tie, row.arrival)
    if is_older and sighting.is_pair:
        return False
    if not is_older and version is not None and (here is not None or sighting.is_pair):
        row.clock, row.tie, row.arrival = version
        row.here = None if here is None else here.digest
        row.event, row.state = (None, None) if here is None else (here.event, here.state)
    row.there = None if there is None else there.digest
    return before != (row.here, row.there, row.event)


def _judge(transaction: Transaction, row: _Row, sighting: Sighting, *, has_room: bool) -> None:
    row.members = row.example = None
    if row.here is None or row.there is None:
        row.verdict = "onlyThere" if row.here is None else "onlyHere"
        return
    if row.here == row.there:
        row.verdict = "equal"
        return
    row.verdict = "differ"
    there = _body(transaction, sighting.there)
    here = _body(transaction, sighting.here or Side(row.here, row.state))
    told = [(each.member, each.before, each.after) for each in changes(there, here)]
    # A cancellation has no members: that one is off and the other is not is the difference.
    members = ["cancelled"] if CANCELLED in (row.here, row.there) else [member for member, _, _ in told]
    row.members = _encode(members).decode()
    row.example = _encode(told).decode() if has_room else None


def _body(transaction: Transaction, side: Side | None) -> bytes | None:
    if side is None or side.digest == CANCELLED:
        return None
    if side.body is not None or side.state is None:
        return side.body
    found = transaction.execute("verdicts.body", (side.state,)).fetchone()
    # Erased, or pruned: nothing can be said of its members.
    return found[0] or None if found else None


def newest(sides: Iterable[Side]) -> Side | None:
    """The one with the greatest version."""
    return max(sides, key=lambda side: side.version or Version(0, 0, 0), default=None)


def erase(transaction: Transaction, tenant: str, external_order_id: str) -> None:
    """Forget how an order compared."""
    transaction.execute("verdicts.erase", (tenant, external_order_id))


def count_reasons(transaction: Transaction, reasons: Mapping[tuple[str, str], int]) -> None:
    """Count events that became no order in shadow, by source and code."""
    transaction.each("verdicts.count_reason", [(*key, count) for key, count in reasons.items()])


def reasons_of(translated: Collection[TranslatedEvent]) -> Counter[tuple[str, str]]:
    """How many events became no order, by source and code."""
    told: Counter[tuple[str, str]] = Counter()
    for event in translated:
        dead = next((state.dead for state in event.states if state.dead), None)
        reason = event.reason or dead
        if event.status == EventStatus.WAITING:
            told[event.source, ASKS] += 1
        elif reason is not None:
            told[event.source, reason.code] += 1
    return told
