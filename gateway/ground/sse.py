"""Server-sent events: an answer that goes on until its messages end or nobody reads them any more."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.ground.answers import error_answer
from gateway.ground.exchange import APART, disconnected

RETRY_SECONDS: Final = 2
"""So long a browser that lost us waits before it comes again."""


class Message(msgspec.Struct, frozen=True):
    """One message: its id (None: none), its event's name, and its data, JSON in one line."""

    id: str | None
    event: str
    data: bytes

    @property
    def encoded(self) -> bytes:
        """The message as it goes over the wire."""
        named = b"" if self.id is None else b"id: %b\n" % self.id.encode()
        return b"%bevent: %b\ndata: %b\n\n" % (named, self.event.encode(), self.data)


Messages: TypeAlias = AsyncIterator[Sequence[Message]]
"""Some at a time; none: there was nothing to say for a while, which is said in a comment."""


class StreamAnswer(Response):
    """Streams messages, beside the connections that are counted; 503 where there are as many streams as may be."""

    media_type = "text/event-stream"

    def __init__(self, messages: Messages, headers: Mapping[str, str]) -> None:
        super().__init__(headers={**headers, "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the messages end, or the reader is gone."""
        if scope["method"] == "HEAD":
            await self._start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        stand_apart = scope.get("extensions", {}).get(APART)
        if stand_apart is not None and not stand_apart():
            detail = "there are as many streams as may be, or the gateway is stopping; try again"
            await error_answer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, {"Retry-After": "5"})(
                scope, receive, send
            )
            return
        await self._start(send)
        pump, gone = asyncio.create_task(self._pump(send)), asyncio.create_task(disconnected(receive))
        try:
            await asyncio.wait((pump, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            pump.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _pump(self, send: Send) -> None:
        async def write(text: bytes, *, is_last: bool = False) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": not is_last})

        # At once, so that whoever asks knows that it is heard.
        await write(b"retry: %d\n\n" % (RETRY_SECONDS * 1000))
        async for messages in self._messages:
            await write(b"".join(message.encoded for message in messages) or b": still here\n\n")
        await write(b"", is_last=True)
