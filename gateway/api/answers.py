"""Every answer of the operators' doors: JSON, never cached, never sniffed, no cross-origin access."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gateway.api.shapes import ErrorReply
from gateway.ground.answers import json_answer

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
ERRORS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_failures",
    500: "internal_error",
    503: "unavailable",
}


def reply(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return json_answer(content, status, {**SECURITY_HEADERS, **(headers or {})})


def refuse(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that says why not."""
    return reply(status, ErrorReply(error=ERRORS.get(status, "error"), detail=detail), headers)
