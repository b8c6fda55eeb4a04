"""What is answered to a request that never reaches an application, and the bounds of a head."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from gateway.ground.answers import error_answer

LONGEST_HEAD: Final = 64 * 1024
LONGEST_URL: Final = 8 * 1024
MOST_HEADERS: Final = 200
MOST_CRUMBS: Final = 65_536
CRUMB: Final = 16
"""Bytes: a body may come in so many pieces, and in more where they are as large as this on the average."""

Refused = Callable[[int, str, str | None], None]
"""Told of a request that never reached an application: status, reason, address."""


class Rejection(msgspec.Struct, frozen=True):
    """What is answered to a request that never reaches an application: why, and the whole response."""

    status: int
    reason: str
    response: bytes


def _rejection(status: int, reason: str, detail: str) -> Rejection:
    word = HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    retry = {"retry-after": "10"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Rejection(status, reason, error_answer(status, word, detail, {"connection": "close", **retry}).whole)


BAD_REQUEST: Final = _rejection(400, "bad_request", "the request is no HTTP/1.1 that we take")
BODY_IN_CRUMBS: Final = _rejection(400, "bad_request", "the body comes in too many too small pieces")
URL_TOO_LONG: Final = _rejection(414, "url_too_long", f"the URL is longer than {LONGEST_URL} bytes")
HEAD_TOO_LARGE: Final = _rejection(
    431, "headers_too_large", f"the headers are more than {MOST_HEADERS} or larger than {LONGEST_HEAD} bytes"
)
HEAD_TIMEOUT: Final = _rejection(408, "header_timeout", "the headers took too long")
BODY_TIMED_OUT: Final = _rejection(408, "body_timeout", "the body took too long")
TOO_MANY: Final = _rejection(503, "too_many_connections", "too many connections, try again")
