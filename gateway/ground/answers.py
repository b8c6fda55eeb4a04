"""An HTTP answer of ours: status, headers and bytes, made once and sent any number of times."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from starlette.responses import Response, StreamingResponse

Header: TypeAlias = tuple[bytes, bytes]

OK_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
"""What a server that takes a whole response in one write is given in front of the body."""

JSON: Header = (b"content-type", b"application/json")

encode = msgspec.json.Encoder().encode


class Answer(Response):
    """A response that stands from the beginning; an application that gives it, too."""

    body: bytes

    def __init__(self, status: int, body: bytes, headers: Iterable[Header] = (), kind: Header = JSON) -> None:
        # Starlette's own would encode and look through the headers: too much for the rim, at each acknowledgement.
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [kind, (b"content-length", b"%d" % len(body)), *headers]

    @property
    def is_plain(self) -> bool:
        """Whether `OK_HEAD` and the body say all of it."""
        # Not by `HTTPStatus.OK`: to find that takes Python 3.11 more than half a microsecond.
        return self.status_code == 200 and len(self.raw_headers) == 2  # noqa: PLR2004 - kind and length beside 200

    @property
    def whole(self) -> bytes:
        """All of it as it goes over the wire, for a server that has no application to ask."""
        lines = b"".join(b"%s: %s\r\n" % header for header in self.raw_headers)
        phrase = HTTPStatus(self.status_code).phrase.encode()
        return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (self.status_code, phrase, lines, self.body)


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer whose body is this value as JSON, kept by nobody on the way."""
    given = {"cache-control": "no-store"} | {name.lower(): value for name, value in (headers or {}).items()}
    return Answer(status, encode(content), [(name.encode("latin-1"), given[name].encode("latin-1")) for name in given])


def error_answer(status: int, error: str, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that says why not: a word for machines, a sentence for people."""
    return json_answer({"error": error, "detail": detail}, status, headers)


async def table_answer(
    pages: AsyncGenerator[bytes, None], name: str, headers: Mapping[str, str], *, is_head: bool
) -> Response:
    """A table as CSV, streamed, to be kept by that name. What cannot be answered raises before the status is said."""
    first = await anext(pages)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(pages):
            if is_head:
                return
            yield first
            async for page in pages:
                yield page

    kept = {**headers, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(whole(), headers=kept, media_type="text/csv")
