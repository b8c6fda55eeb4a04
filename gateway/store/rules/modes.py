"""Who delivers and who looks on, and who has taken over whose orders."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gateway.events import Micros
from gateway.records import SourceMode
from gateway.store.rules.lifecycle import NewState, OrderRow, is_same_owner
from gateway.store.rules.transactions import Transaction


class Watching(msgspec.Struct, frozen=True):
    """Who is in shadow since when, and which shadows would take whose place."""

    shadows: Mapping[str, Micros]
    watchers: Mapping[str, Collection[str]]


def all_of(transaction: Transaction) -> dict[str, SourceMode]:
    """The modes of all sources but those that are plainly live, by source."""
    return {row[0]: mode_of(row) for row in transaction.execute("modes.all").fetchall()}


def watching(transaction: Transaction) -> Watching:
    """Who is in shadow at this moment."""
    shadows: dict[str, Micros] = {}
    watchers: dict[str, list[str]] = {}
    for shadow, replaced, since in transaction.execute("modes.shadows").fetchall():
        shadows[shadow] = since
        if replaced is not None:
            watchers.setdefault(replaced, []).append(shadow)
    return Watching(shadows, watchers)


def looking_on(transaction: Transaction, events: Collection[int]) -> set[int]:
    """Those of these events that are delivered to nobody, their source being in shadow.

    What a source had received before a promotion put it there was taken from its vendor to be delivered, and is.
    """
    return {event for (event,) in transaction.execute("modes.looking_on", (list(events),)).fetchall()}


def enter(transaction: Transaction, wanted: Collection[SourceMode], now: Micros) -> None:
    """Take over what the file says, but for what a promotion decided and it does not say yet."""
    known = all_of(transaction)
    for each in wanted:
        before = known.get(each.source, SourceMode(each.source))
        is_said = (each.mode, each.second) == (before.mode, before.second) and (
            each.mode == "live" or each.replaces == before.replaces
        )
        if is_said:
            # What was decided is the file's own word now, and counts as such.
            if before.is_decided:
                _set(transaction, msgspec.structs.replace(before, is_decided=False))
        elif not before.is_decided or each.mode == before.mode:
            is_shadows = each.mode == "shadow"
            begin(transaction, msgspec.structs.replace(each, since=now, is_decided=is_shadows and before.is_decided))
            if each.mode == "live" and before.mode == "shadow":
                transaction.execute("modes.forget_heirs_of", (each.source,))


def begin(transaction: Transaction, mode: SourceMode) -> None:
    """Let a mode begin: what was compared before is of the past, and leaves its room to other examples."""
    _set(transaction, mode)
    transaction.execute("modes.forget_reasons", (mode.source,))
    transaction.execute("modes.forget_examples", (mode.source,))


def hand_over(transaction: Transaction, of: str, to: str) -> None:
    """Let a source take over the orders of another, those too that this one had taken over."""
    transaction.execute("modes.forget_heirs_of", (to,))
    transaction.execute("modes.inherit_all", (to, of))
    transaction.execute("modes.inherit", (to, of))


def teller(transaction: Transaction, state: int) -> tuple[str, str]:
    """The source of a state, and whose it said the order is; empty where its event was pruned."""
    found = transaction.execute("modes.teller", (state,)).fetchone()
    return found or ("", "")


def owned(transaction: Transaction, order: OrderRow, placed: NewState, *, by: str, after: tuple[str, str]) -> NewState:
    """A state of another owner as the order's own, if of its source and that of the state before it one is heir.

    The heir's takes the order over with its place: not an older one, which takes neither. So is one whose owner told of
    the order before, and has handed it over since.
    """
    source, owner = after
    if source == by and is_same_owner(owner, placed.owner):
        return msgspec.structs.replace(placed, owner=order.owner)
    found = transaction.execute("modes.is_heir", (by, source)).fetchone()
    if found is None:
        return placed
    is_heir, is_newest = found[0], (placed.clock, placed.tie, placed.arrival) >= (order.clock, order.tie, order.arrival)
    if is_heir and is_newest:
        order.owner = placed.owner
    return msgspec.structs.replace(placed, owner=order.owner)


def _set(transaction: Transaction, mode: SourceMode) -> None:
    values = (mode.source, mode.mode, mode.replaces, mode.second, mode.since, int(mode.is_decided))
    transaction.execute("modes.set", values)


def mode_of(row: tuple[Any, ...]) -> SourceMode:
    """A row of `modes.all`."""
    source, mode, replaces, second, since, is_decided = row
    return SourceMode(source, mode, replaces, second, since, bool(is_decided))
