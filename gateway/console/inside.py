"""What the console opens onto: the operators' API in this process, and who may ask it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from gateway.console.link import SignInLink
from gateway.console.sessions import Sessions
from gateway.events import Clock
from gateway.ground.sse import Messages
from gateway.records import Act, Change

Pairs: TypeAlias = Sequence[tuple[str, str]]

READ, OPERATE, ADMIN = 1, 2, 3
"""What a token may do; the greater includes the smaller."""

NOTHING: Final[Mapping[str, str]] = {}


class Bearer(Protocol):
    """A token's bearer."""

    @property
    def name(self) -> str:
        """The token's name."""
        ...

    @property
    def role(self) -> int:
        """1 reads, 2 operates, 3 administers."""
        ...


class Ask(Protocol):
    """Asks calls of the operators' API by their names. Raises what the API refuses with, as a `GatewayError`."""

    def __call__(
        self, call: str, bearer: Any, /, path: Mapping[str, str] = ..., query: Pairs = ..., body: Any = ...
    ) -> Awaitable[Any]:
        """The answer, as JSON says it. Raises ValueError for a question that cannot be meant."""
        ...

    def table(self, call: str, bearer: Any, /, query: Pairs, *, is_head: bool) -> AsyncGenerator[bytes, None]:
        """A list as CSV, all that the question holds; where the head alone is wanted, nobody takes it away."""
        ...


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What the console opens onto.

    `bearers` are those of this moment, by their tokens; `unproven` counts a wrong token, and says for how many seconds
    the address is turned away; `note` writes the audit; `follow` tells all that changes after a place, once `listen`
    has begun to; `problems` are what ails the gateway itself, in words; `is_public`: vendors' hooks come in at the same
    address.
    """

    ask: Ask
    bearers: Callable[[], Mapping[bytes, Bearer]]
    unproven: Callable[[str, str], int | None]
    note: Callable[[Act], Awaitable[None]]
    listen: Callable[[], Awaitable[None]]
    follow: Callable[[str | None, Callable[[Change], bool]], Messages]
    sessions: Sessions
    problems: Callable[[], Awaitable[Sequence[str]]]
    is_public: bool
    clock: Clock
    title: str
    zone: str
    link: SignInLink | None = None
