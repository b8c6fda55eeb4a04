"""What a rule may ask of an engine: named statements inside a transaction, and transactions to run in.

A rule never holds a statement's text. It names it, `file.statement`, and each engine has its own text by that name.
A list among the values is given as a list; how it reaches the database is the engine's.
"""

from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeAlias, TypeVar

import msgspec

from gateway.events import Micros
from gateway.records import Joined, RetentionSpans

Result = TypeVar("Result")
Given = ParamSpec("Given")

Condition: TypeAlias = "tuple[str, tuple[Any, ...]]"
"""A fragment's name and its values, by which it is numbered from 1."""

Question: TypeAlias = "tuple[str, tuple[Any, ...]]"
"""A statement's name and its values."""

ALL: Final = -1
"""As a limit: none."""


class Erasure(msgspec.Struct, frozen=True):
    """An order that was erased, and when."""

    tenant: str
    external_order_id: str
    erased_at: Micros


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:
        """The next row; None: there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...


class Transaction(Protocol):
    """One transaction of an engine's."""

    def execute(self, name: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement."""
        ...

    def changed(self, name: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; how many rows it changed."""
        ...

    def together(self, asked: Sequence[Question]) -> list[list[Any]]:
        """The rows of statements of which none needs another's, in one journey where the engine has one."""
        ...

    def select(self, name: str, conditions: Iterable[Condition], values: Sequence[Any] = ()) -> list[Any]:
        """Rows of a statement whose `:where` stands for all of these conditions; `values` are those that follow it."""
        ...

    def many(self, name: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Run a statement over these rows, all of one width, at once; what it returns."""
        ...

    def each(self, name: str, rows: Collection[Sequence[Any]]) -> int:
        """Run a statement for each of these rows; how many rows of the store that changed."""
        ...

    def new_ids(self, of: str, count: int) -> Sequence[int]:
        """Ids for as many new rows of a table, greater than any ever given."""
        ...


class Engine(Protocol):
    """Connections, commits, retention, SQL and migrations: what decides nothing."""

    async def write(self, run: Callable[[Transaction], Result], *, is_synced: bool = True) -> Result:
        """Run a rule in a transaction of its own, durable when this returns; its exception undoes all.

        A cancelled caller leaves nothing half done. Not `is_synced`: a loss of power may undo it, unless something
        that is durable came after it; for what would be found undone and done again.
        """
        ...

    async def enter(self, run: Callable[[Transaction], Joined]) -> Joined:
        """Run the rule by which this gateway becomes a replica; all later writes are fenced by its number."""
        ...

    async def read(self, run: Callable[[Transaction], Result]) -> Result:
        """Run a rule that only reads; it waits for no writer, and none for it."""
        ...

    def stored(self) -> None:
        """Say that there is something to translate."""
        ...

    def record_erasure(self, erasure: Erasure) -> None:
        """Remember beside the store, within its transaction, that an order was erased: a backup knows nothing of it.

        Raises StoreUnavailable.
        """
        ...

    async def overwrite(self) -> None:
        """Let nothing be left on disk of what was removed."""
        ...

    async def prune(self, retention: RetentionSpans, now: Micros) -> int:
        """Remove what is older than its span since its end; how many rows."""
        ...


class Room:
    """A port over any engine: each of its methods is a rule in a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine


RoomType = TypeVar("RoomType", bound=Room)
Rule: TypeAlias = Callable[Concatenate[RoomType, Transaction, Given], Result]
Method: TypeAlias = Callable[Concatenate[RoomType, Given], Coroutine[Any, Any, Result]]


def writes(rule: Rule[RoomType, Given, Result]) -> Method[RoomType, Given, Result]:
    """A room's method that is one transaction."""

    @wraps(rule)
    async def method(room: RoomType, /, *given: Given.args, **named: Given.kwargs) -> Result:
        return await room._engine.write(lambda transaction: rule(room, transaction, *given, **named))  # noqa: SLF001 - its own

    return method


def settles(rule: Rule[RoomType, Given, Result]) -> Method[RoomType, Given, Result]:
    """A room's method that is one transaction, and would be found undone, and done again, after a loss of power."""

    @wraps(rule)
    async def method(room: RoomType, /, *given: Given.args, **named: Given.kwargs) -> Result:
        return await room._engine.write(lambda transaction: rule(room, transaction, *given, **named), is_synced=False)  # noqa: SLF001 - its own

    return method


def reads(rule: Rule[RoomType, Given, Result]) -> Method[RoomType, Given, Result]:
    """A room's method that only reads."""

    @wraps(rule)
    async def method(room: RoomType, /, *given: Given.args, **named: Given.kwargs) -> Result:
        return await room._engine.read(lambda transaction: rule(room, transaction, *given, **named))  # noqa: SLF001 - its own

    return method
