"""Retention: what ended long enough ago goes, in small steps."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple

from gateway.events import Micros
from gateway.records import RetentionSpans
from gateway.store.rules.erasure import remove_body, remove_references
from gateway.store.rules.transactions import Engine, Transaction

# Rows looked at in one read: a long one would keep the writer's log from being reset.
WINDOW: Final = 2000
# A fifth of what the writer may be held for: the commit, and at times a checkpoint, come on top.
STEP_SECONDS: Final = 0.01
# What one step may remove of bodies, or a single one of any size: they are overwritten, in the log and in the file.
STEP_BYTES: Final = 1 << 20
# The same for an event's states: a hook may tell of twenty thousand orders.
STEP_STATES: Final = 2000

Remove = Callable[[Transaction, int], bool]
"""Removes a row with what hangs on it; False: there is more of it, for another step."""


class _Rule(NamedTuple):
    """What goes: rows of a range of ids that ended before a limit; dead letters have one of their own.

    `due` finds ids with how many bytes of bodies each holds.
    """

    window: str
    due: str
    limits: tuple[Micros, ...]
    remove: Remove


class Pruner:
    """One pass over bodies, orders, events and attempts. Nothing received, waiting, pending or leased is touched."""

    def __init__(self, engine: Engine, monotonic: Callable[[], float]) -> None:
        self._engine = engine
        self._monotonic = monotonic

    async def run(self, retention: RetentionSpans, now: Micros) -> int:
        """Remove what is due; how many rows that were."""
        bodies, orders = now - retention.bodies, now - retention.orders
        dead_letters, keys, attempts = now - retention.dead_letters, now - retention.keys, now - retention.attempts
        pruned = 0
        for rule in (
            _Rule(
                "retention.window_of_other_bodies",
                "retention.old_other_bodies",
                (bodies, dead_letters, keys),
                _remove_other_body,
            ),
            _Rule("retention.window_of_events", "retention.old_bodies", (bodies, dead_letters), _remove_body),
            _Rule("retention.window_of_orders", "retention.old_orders", (orders, dead_letters), _remove_order),
            _Rule("retention.window_of_events", "retention.old_events", (keys,), _remove_event),
            _Rule("retention.window_of_attempts", "retention.old_attempts", (attempts,), _remove_attempt),
            _Rule("retention.window_of_listed", "retention.old_listed", (keys,), _remove_listed),
            _Rule(
                "retention.window_of_operations",
                "retention.old_operations",
                (now - retention.audit,),
                _remove_operation,
            ),
            _Rule("retention.window_of_shadows", "retention.old_shadows", (bodies,), _remove_shadow),
            _Rule("retention.window_of_audit", "retention.old_acts", (now - retention.audit,), _remove_act),
            _Rule("retention.window_of_learned", "retention.old_learned", (orders,), _remove_learned),
            _Rule("retention.window_of_recovered", "retention.old_recovered", (orders,), _remove_recovered),
        ):
            pruned += await self._sweep(rule)
        return pruned

    async def _sweep(self, rule: _Rule) -> int:
        """Look through the table by rising id, a window at a time; remove what is due in steps."""
        after = pruned = 0
        while (end := await self._first(rule.window, (after, WINDOW))) is not None:
            values = (after + 1, end, *rule.limits)
            found = await self._engine.read(lambda reading, values=values: reading.execute(rule.due, values).fetchall())  # type: ignore[misc]
            after = end
            while found:
                ids = [id_ for id_, _ in found[: portion([size for _, size in found])]]
                seen, removed = await self._engine.write(partial(self._step, rule, ids))
                pruned += removed
                found = found[seen:]
        return pruned

    async def _first(self, statement: str, values: tuple[int, ...] = ()) -> int | None:
        (value,) = await self._engine.read(lambda reading: reading.execute(statement, values).fetchone())
        return None if value is None else int(value)

    def _step(self, rule: _Rule, ids: list[int], transaction: Transaction) -> tuple[int, int]:
        """Remove as many as fit into the step's time, at least one; how many were looked at and how many removed."""
        started = self._monotonic()
        removed = 0
        for seen, id_ in enumerate(ids, start=1):
            # Looked at again by the writer: it may have been replayed, or revived, since it was read.
            if transaction.execute(rule.due, (id_, id_, *rule.limits)).fetchone() is not None:
                if not rule.remove(transaction, id_):
                    return seen - 1, removed
                removed += 1
            if self._monotonic() - started > STEP_SECONDS:
                return seen, removed
        return len(ids), removed


def portion(sizes: Sequence[int]) -> int:
    """How many of the bodies of these sizes go in one step: at least one."""
    within = bisect_right(list(accumulate(sizes)), STEP_BYTES)
    return max(within, 1)


def _remove_other_body(transaction: Transaction, row: int) -> bool:
    transaction.execute("retention.delete_other_body", (row,))
    return True


def _remove_body(transaction: Transaction, event: int) -> bool:
    remove_body(transaction, event)
    return True


def _remove_event(transaction: Transaction, event: int) -> bool:
    transaction.execute("retention.remember_states", (event,))
    if transaction.execute("retention.delete_states", (event, STEP_STATES)).rowcount == STEP_STATES:
        return False
    transaction.execute("erasure.delete_other_bodies", (event,))
    remove_references(transaction, event)
    transaction.execute("retention.remember", ("events", event))
    transaction.execute("retention.delete_event", (event,))
    return True


def _remove_order(transaction: Transaction, order: int) -> bool:
    transaction.execute("retention.delete_attempt_links", (order,))
    transaction.execute("retention.delete_order_record", (order,))
    transaction.execute("retention.remember", ("orders", order))
    transaction.execute("retention.delete_order", (order,))
    return True


def _remove_listed(transaction: Transaction, row: int) -> bool:
    transaction.execute("retention.delete_listed", (row,))
    return True


def _remove_operation(transaction: Transaction, operation: int) -> bool:
    if transaction.execute("retention.delete_items", (operation, STEP_STATES)).rowcount == STEP_STATES:
        return False
    transaction.execute("retention.delete_operation", (operation,))
    return True


def _remove_shadow(transaction: Transaction, row: int) -> bool:
    transaction.execute("retention.delete_shadow", (row,))
    return True


def _remove_act(transaction: Transaction, act: int) -> bool:
    transaction.execute("retention.delete_act", (act,))
    return True


def _remove_learned(transaction: Transaction, row: int) -> bool:
    transaction.execute("retention.delete_learned", (row,))
    return True


def _remove_recovered(transaction: Transaction, row: int) -> bool:
    transaction.execute("retention.delete_recovered", (row,))
    return True


def _remove_attempt(transaction: Transaction, attempt: int) -> bool:
    transaction.execute("retention.delete_links_of_attempt", (attempt,))
    transaction.execute("retention.delete_attempt", (attempt,))
    return True
