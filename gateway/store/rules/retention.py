"""Retention: what ended long enough ago goes, in small steps."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Final, NamedTuple

from gateway.events import Micros
from gateway.records import RetentionSpans
from gateway.store.rules.erasure import remove_bodies, remove_references
from gateway.store.rules.transactions import Engine, Transaction

# Rows looked at in one read: a long one would keep the writer's log from being reset.
WINDOW: Final = 2000
# A fifth of what the writer may be held for: the commit, and at times a checkpoint, come on top.
STEP_SECONDS: Final = 0.01
# What one step may remove of bodies, or a single one of any size: they are overwritten, in the log and in the file.
STEP_BYTES: Final = 1 << 20
# The same for an event's states: a hook may tell of twenty thousand orders.
STEP_STATES: Final = 2000

# Rows that go by one set of statements; between two such sets is looked at the time.
SET: Final = 50

Remove = Callable[[Transaction, Sequence[int]], bool]
"""Removes rows with what hangs on them; False: there is more of that, for another step."""


class _Rule(NamedTuple):
    """What goes: rows of a range of ids that ended before a limit; dead letters have one of their own.

    `due` finds ids with how many bytes of bodies each holds.
    """

    table: str
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
            _Rule("other_bodies", "old_other_bodies", (bodies, dead_letters, keys), _rows_of("other_bodies")),
            _Rule("events", "old_bodies", (bodies, dead_letters), _remove_bodies),
            _Rule("orders", "old_orders", (orders, dead_letters), _remove_orders),
            _Rule("events", "old_events", (keys,), _remove_events),
            _Rule("attempts", "old_attempts", (attempts,), _remove_attempts),
            _Rule("listed", "old_listed", (keys,), _rows_of("listed")),
            _Rule("operations", "old_operations", (now - retention.audit,), _remove_operations),
            _Rule("shadows", "old_shadows", (bodies,), _rows_of("shadows")),
            _Rule("audit", "old_acts", (now - retention.audit,), _rows_of("audit")),
            _Rule("learned", "old_learned", (orders,), _rows_of("learned")),
            _Rule("recovered", "old_recovered", (orders,), _rows_of("recovered")),
        ):
            pruned += await self._sweep(rule)
        return pruned

    async def _sweep(self, rule: _Rule) -> int:
        """Look through the table by rising id, a window at a time; remove what is due in steps."""
        after = pruned = 0
        while (end := await self._engine.read(partial(_window, rule.table, after))) is not None:
            found = sorted(await self._engine.read(partial(_due, rule, after + 1, end)))
            after = end
            while found:
                ids = [id_ for id_, _ in found[: portion([size for _, size in found])]]
                seen, removed = await self._engine.write(partial(self._step, rule, ids))
                pruned += removed
                found = found[seen:]
        return pruned

    def _step(self, rule: _Rule, ids: list[int], transaction: Transaction) -> tuple[int, int]:
        """Remove as many as fit into the step's time, at least one set; how many were seen, and how many removed."""
        started = self._monotonic()
        seen = removed = 0
        while seen < len(ids) and (not seen or self._monotonic() - started <= STEP_SECONDS):
            some = ids[seen : seen + SET]
            # Looked at again by the writer: they may have been replayed, or revived, since they were read.
            due = sorted({id_ for id_, _ in _due(rule, some[0], some[-1], transaction)}.intersection(some))
            if due and not rule.remove(transaction, due):
                break
            seen += len(some)
            removed += len(due)
        return seen, removed


def _window(table: str, after: int, transaction: Transaction) -> int | None:
    (end,) = transaction.execute(f"retention.window_of_{table}", (after, WINDOW)).fetchone()
    return None if end is None else int(end)


def _due(rule: _Rule, first: int, last: int, transaction: Transaction) -> list[tuple[int, int]]:
    return transaction.execute(f"retention.{rule.due}", (first, last, *rule.limits)).fetchall()


def portion(sizes: Sequence[int]) -> int:
    """How many of the bodies of these sizes go in one step: at least one."""
    within = bisect_right(list(accumulate(sizes)), STEP_BYTES)
    return max(within, 1)


def _rows_of(table: str) -> Remove:
    """Nothing hangs on them."""

    def remove(transaction: Transaction, ids: Sequence[int]) -> bool:
        transaction.execute(f"retention.delete_{table}", (ids,))
        return True

    return remove


def _remove_bodies(transaction: Transaction, events: Sequence[int]) -> bool:
    remove_bodies(transaction, events)
    return True


def _remove_events(transaction: Transaction, events: Sequence[int]) -> bool:
    transaction.execute("retention.remember_states", (events,))
    if transaction.changed("retention.delete_states", (events, STEP_STATES)) == STEP_STATES:
        return False
    transaction.execute("erasure.delete_other_bodies", (events,))
    remove_references(transaction, events)
    transaction.execute("retention.remember", ("events", events[-1]))
    transaction.execute("retention.delete_events", (events,))
    return True


def _remove_orders(transaction: Transaction, orders: Sequence[int]) -> bool:
    transaction.execute("retention.delete_links_of_orders", (orders,))
    transaction.execute("retention.delete_order_records", (orders,))
    transaction.execute("retention.remember", ("orders", orders[-1]))
    transaction.execute("retention.delete_orders", (orders,))
    return True


def _remove_operations(transaction: Transaction, operations: Sequence[int]) -> bool:
    if transaction.changed("retention.delete_items", (operations, STEP_STATES)) == STEP_STATES:
        return False
    transaction.execute("retention.delete_operations", (operations,))
    return True


def _remove_attempts(transaction: Transaction, attempts: Sequence[int]) -> bool:
    transaction.execute("retention.delete_links_of_attempts", (attempts,))
    transaction.execute("retention.delete_attempts", (attempts,))
    return True
