"""What our server and its applications have beside ASGI."""

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from starlette.types import ASGIApp, Receive, Scope

BODY_TIMEOUT: Final = "trackely.body_timeout"
"""The extension in a request's scope that says why its sender is gone."""

APART: Final = "trackely.apart"
"""The extension in a GET's scope that takes its connection out of those that are counted: an answer without an end.

A function; False: there are as many such as may be, or the server is stopping.
"""

JUDGED: Final = "trackely.judged"
"""In a request's scope: what the application keeps of its head.

The next request on the connection brings the same scope, if its head is the same but for the length of its body.
"""

Respond: TypeAlias = Callable[[bytes, bytes], bool]
"""`respond(head, body)`: a whole response in one write; `head` is the status line and the headers with their line ends.

False: nothing was written, it has to be sent as usual.
"""

Start: TypeAlias = Callable[[ASGIApp], None]
"""Let this application answer the request, in a task."""


async def disconnected(receive: Receive) -> None:
    """Wait until whoever asked has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Taker(Protocol):
    """An application that can do without a task for a request that has arrived whole.

    What is spared is the task, and the messages that ASGI passes between it and the server.
    """

    def take(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        """Answer by one of the two, now or later; False: nothing has happened, a task has to be started as usual."""
        ...
