"""One call of the operators' API as a value: its route, what it asks for, what it answers, and what it does."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from gateway.api.access import Operator, Role
from gateway.api.doors import Doors
from gateway.api.requests.bodies import ReplayFlags
from gateway.api.requests.reading import Asked, Nothing
from gateway.errors import RoleTooSmall
from gateway.records import Act


class Ask(msgspec.Struct, frozen=True):
    """A request that was proven and read: who asks, the path's parts, the parameters and the body.

    `last_event_id`: where a reader of a stream was. `is_head`: of the answer the head alone is wanted.
    """

    operator: Operator
    path: dict[str, str]
    query: Any
    body: Any
    last_event_id: str | None = None
    is_head: bool = False

    async def export(self, doors: Doors, what: str) -> None:
        """Write into the audit that this takes something away whole; a head takes nothing."""
        if not self.is_head:
            await doors.trail.note(self.act(doors, "export", what))

    def act(self, doors: Doors, act: str, what: str, reason: str | None = None) -> Act:
        """What is about to be done, for the audit."""
        return Act(at=doors.clock(), by=self.operator.name, act=act, what=what, reason=reason)

    @property
    def replay_flags(self) -> ReplayFlags:
        """The flags of a replay, which may stand among the parameters or in the body."""
        body: ReplayFlags = self.body or ReplayFlags()
        query: ReplayFlags = self.query
        return ReplayFlags(dry_run=body.dry_run or query.dry_run, force=body.force or query.force)


Deed: TypeAlias = Callable[[Doors, Ask], Awaitable[Any]]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call.

    `path` is relative to `/api/v1`; a part may hold encoded slashes, one written `{…:path}` bare ones too. What a
    stream `does` is to make the response; its `answer` is one message's. What
    takes longer than anybody waits `becomes` another answer, 202. `rows` are those of a list without cursors.
    """

    method: Literal["GET", "POST"]
    path: str
    summary: str
    does: Deed
    answer: type
    query: type[Asked] = Nothing
    body: type[Asked] | None = None
    needs_body: bool = False
    least_role: Role | None = None
    statuses: tuple[int, ...] = ()
    done: int = 200
    is_stream: bool = False
    becomes: type | None = None
    rows: Callable[[Doors, Ask], AsyncIterator[Sequence[Any]]] | None = None

    @property
    def name(self) -> str:
        """The call's name, for machines."""
        return self.does.__name__

    @property
    def role(self) -> Role:
        """The smallest role that may make the call."""
        return self.least_role or (Role.READ if self.method == "GET" else Role.OPERATE)

    def admit(self, operator: Operator) -> None:
        """Raise RoleTooSmall unless the operator may make the call."""
        if operator.role < self.role:
            raise RoleTooSmall(f"the token's role is too small: this needs {self.role.name.lower()}")
