"""A store that moves to another place: marks in both tell what may be started, and how far a copy has come."""

from typing import Any, Final

import msgspec

from gateway.store.rules.transactions import Transaction

TOKEN: Final = "token"  # noqa: S105 - of a copy, no secret
"""Of the source's: the copy that it was read for. A gateway that starts on it forgets it, and that copy begins anew."""

COPYING: Final = "copying"
"""Of the target's, while it is not whole: a `Copying`."""

MOVED: Final = "moved"
"""Of the source's, afterwards: a `Moved`."""


OWN: Final = frozenset(
    {"changes", "duties", "listeners", "moves", "notes", "replicas", "schema_version", "state_bodies"}
)
"""Tables of the place, whichever engine's, and of who serves it: not of what it holds."""


class Copying(msgspec.Struct):
    """A copy under way: of which source, for which of its tokens, and how many rows of each table are here."""

    source: str
    token: str
    reached: dict[str, int] = {}


class Moved(msgspec.Struct, frozen=True):
    """Where a store has gone, and when."""

    to: str
    at: str

    def __str__(self) -> str:
        return f"was moved to {self.to} on {self.at}: set store to that"


def read(mark: str | None, kind: type[Any]) -> Any:
    """What a mark says; None: there is none."""
    return None if mark is None else msgspec.json.decode(mark, type=kind)


def fault_of(transaction: Transaction) -> str | None:
    """Why no gateway may serve this store. None: one does from now on, and a copy of it that was begun is stale."""
    fault = standing(transaction)
    if fault is None:
        transaction.execute("moving.forget")
    return fault


def standing(transaction: Transaction) -> str | None:
    """Why no gateway may serve this store; None: one may."""
    marks = dict(transaction.execute("moving.marks").fetchall())
    if MOVED in marks:
        return str(read(marks[MOVED], Moved))
    if COPYING in marks:
        source = read(marks[COPYING], Copying).source
        return f"holds a part of a copy of {source}: run `gateway store copy` again, to its end"
    return None
