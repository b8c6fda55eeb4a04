"""The rim's answers, JSON only; whatever can be built before a request comes is built then."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec
from starlette.types import Receive, Scope, Send

from adapters import Reply
from gateway.events import Reason

Header: TypeAlias = tuple[bytes, bytes]

OK_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
"""What a server that takes a whole response in one write is given in front of the body."""

JSON: Header = (b"content-type", b"application/json")
TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
INERT: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"cache-control", b"no-store"),
)
"""On what anybody can make us say: no browser makes more of it than text."""

CLOSE: Header = (b"connection", b"close")
ALLOW: Header = (b"allow", b"GET, HEAD, POST")
RETRY_SECONDS = 10

_encode = msgspec.json.Encoder().encode
_SEEN = b'{"accepted":true,"duplicate":true,"eventId":'
_NEW = b'{"accepted":true,"duplicate":false,"eventId":'


class Answer(msgspec.Struct, frozen=True):
    """A response; sent any number of times."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    kind: Header = JSON

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it: an answer is an application that gives it."""
        headers = [self.kind, (b"content-length", b"%d" % len(self.body)), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def json_answer(status: int, body: bytes, headers: Iterable[Header] = ()) -> Answer:
    """An answer of these JSON bytes."""
    return Answer(status, tuple(headers), body)


def error_answer(status: int, error: str, detail: str, *headers: Header) -> Answer:
    """An answer that says what is wrong."""
    return json_answer(status, _encode({"error": error, "detail": detail}), headers)


def retry_after(seconds: int) -> Header:
    """When to come again."""
    return (b"retry-after", b"%d" % seconds)


def accepted(event_id: str, *, is_duplicate: bool) -> Answer:
    """The event is on disk."""
    return json_answer(200, (_SEEN if is_duplicate else _NEW) + _encode(event_id) + b"}")


def troubled(event_id: str, problem: Reason, *, is_duplicate: bool, is_rejected: bool) -> Answer:
    """The event is on disk as a dead letter: 200, or 422 where the source rejects what is malformed."""
    content: dict[str, Any] = {
        "accepted": not is_rejected,
        "duplicate": is_duplicate,
        "eventId": event_id,
        "problem": problem,
    }
    return json_answer(422 if is_rejected else 200, _encode(content))


def adapters_answer(status: int, content: Any, headers: Iterable[Header] = ()) -> Answer:
    """An adapter's own answer.

    Raises:
        TypeError: the content is no JSON value.
        ValueError: the status is no final status, or the content cannot be encoded.
    """
    if not 200 <= status <= 599:  # noqa: PLR2004 - the range of final statuses
        raise ValueError(f"{status} is no final status")
    return json_answer(status, _encode(content), headers)


def greeted(reply: Reply | str) -> Answer:
    """An adapter's answer to a handshake: JSON, or text. Raises as `adapters_answer` does."""
    if isinstance(reply, str):
        return Answer(200, INERT, reply.encode(), TEXT)
    return adapters_answer(reply.status, reply.content, INERT)


UNKNOWN_SOURCE = error_answer(404, "unknown_source", "no such source", CLOSE)
METHOD = error_answer(405, "method_not_allowed", "expected POST, or GET or HEAD for a probe", ALLOW, CLOSE)
CONTENT_TYPE = error_answer(415, "unsupported_media_type", "expected a JSON content type, or none", CLOSE)
CONTENT_ENCODING = error_answer(415, "unsupported_media_type", "expected no Content-Encoding, or identity", CLOSE)
UNAVAILABLE = error_answer(503, "unavailable", "cannot store now, send it again", retry_after(RETRY_SECONDS))
CROWDED = error_answer(
    503,
    "unavailable",
    "too much is on its way from senders yet unproven, send it again",
    retry_after(RETRY_SECONDS),
    CLOSE,
)
STOPPING = error_answer(503, "unavailable", "stopping, send it again", retry_after(RETRY_SECONDS), CLOSE)
INTERNAL = error_answer(500, "internal_error", "something of ours failed, send it again", CLOSE)
