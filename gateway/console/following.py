"""What changes, for an open page, as long as its session lasts."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console import door
from gateway.console.frame import Frame
from gateway.ground.sse import Message, Messages, StreamAnswer

ENDED: Final = Message(None, "ended", b"{}")
"""A 401 would be asked again for ever."""


class Following:
    """Tells it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._inside = frame.inside

    def routes(self) -> list[Route]:
        """One path."""
        return [Route("/console/stream", self.stream)]

    async def stream(self, request: Request) -> Response:
        """All that changes from now on, or after the message that was seen last."""
        cookie = door.cookie_of(request)
        if cookie is not None:
            await self._inside.listen()
        return StreamAnswer(self._told(cookie, request.headers.get("last-event-id")), door.HEADERS)

    async def _told(self, cookie: str | None, last: str | None) -> Messages:
        sessions = self._inside.sessions
        if cookie is not None and not await sessions.is_over(cookie, self._inside.bearers()):
            async for messages in self._inside.follow(last, lambda _change: True):
                # At quiet moments what another replica has ended is looked for, too.
                if await sessions.is_over(cookie, self._inside.bearers(), is_sure=not messages):
                    break
                yield messages
            else:
                # The configuration is another: the browser comes again, and proves who it is.
                return
        yield [ENDED]
