"""The rim's answers, JSON only; whatever can be built before a request comes is built then."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from adapters import Reply
from gateway.events import Reason
from gateway.ground.answers import Answer, Header, encode, error_answer

TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
INERT: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"cache-control", b"no-store"),
)
"""On what anybody can make us say: no browser makes more of it than text."""

CLOSE: Final[Mapping[str, str]] = MappingProxyType({"connection": "close"})
RETRY_SECONDS: Final = 10

_BODILESS: Final = frozenset({204, 205, 304})

_SEEN = b'{"accepted":true,"duplicate":true,"eventId":'
_NEW = b'{"accepted":true,"duplicate":false,"eventId":'


def retry_after(seconds: int) -> dict[str, str]:
    """When to come again."""
    return {"retry-after": str(seconds)}


def accepted(event_id: str, events: int | None = None, *, is_duplicate: bool) -> bytes:
    """The body of a 200: the event is on disk; so many of one request, where it holds several."""
    end = b"}" if events is None else b',"events":%d}' % events
    return (_SEEN if is_duplicate else _NEW) + encode(event_id) + end


def troubled(
    event_id: str, problem: Reason, events: int | None = None, *, is_duplicate: bool, is_rejected: bool
) -> Answer:
    """On disk, with a dead letter among it: 200, or 422 where the source rejects what is malformed."""
    content: dict[str, Any] = {
        "accepted": not is_rejected,
        "duplicate": is_duplicate,
        "eventId": event_id,
        **({} if events is None else {"events": events}),
        "problem": problem,
    }
    return Answer(422 if is_rejected else 200, encode(content))


def adapters_answer(status: int, content: Any, headers: Iterable[Header] = ()) -> Answer:
    """An adapter's own answer; without its content where the status has none.

    Raises:
        TypeError: the content is no JSON value.
        ValueError: the status is no final status, or the content cannot be encoded.
    """
    if not 200 <= status <= 599:  # noqa: PLR2004 - the range of final statuses
        raise ValueError(f"{status} is no final status")
    body = encode(content)
    if status not in _BODILESS:
        return Answer(status, body, headers)
    # What came behind its head would be taken for the next answer.
    bare = Answer(status, b"")
    bare.raw_headers = [*headers]
    return bare


def greeted(reply: Reply | str) -> Answer:
    """An adapter's answer to a handshake: JSON, or text. Raises as `adapters_answer` does."""
    if isinstance(reply, str):
        return Answer(200, reply.encode(), INERT, TEXT)
    return adapters_answer(reply.status, reply.content, INERT)


UNKNOWN_SOURCE = error_answer(404, "unknown_source", "no such source", CLOSE)
METHOD = error_answer(
    405, "method_not_allowed", "expected POST, or GET or HEAD for a probe", {"allow": "GET, HEAD, POST", **CLOSE}
)
CONTENT_TYPE = error_answer(415, "unsupported_media_type", "expected a JSON content type, or none", CLOSE)
CONTENT_ENCODING = error_answer(415, "unsupported_media_type", "expected no Content-Encoding, or identity", CLOSE)
UNAVAILABLE = error_answer(503, "unavailable", "cannot store now, send it again", retry_after(RETRY_SECONDS))
CROWDED = error_answer(
    503,
    "unavailable",
    "too much is on its way from senders yet unproven, send it again",
    {**retry_after(RETRY_SECONDS), **CLOSE},
)
STOPPING = error_answer(503, "unavailable", "stopping, send it again", {**retry_after(RETRY_SECONDS), **CLOSE})
INTERNAL = error_answer(500, "internal_error", "something of ours failed, send it again", CLOSE)
