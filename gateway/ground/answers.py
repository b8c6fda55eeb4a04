"""An HTTP answer of ours, for whoever speaks through Starlette: JSON, kept by nobody on the way."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is this value as JSON."""
    return Response(
        msgspec.json.encode(content), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def error_answer(status: int, error: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says why not: a word for machines, a sentence for people."""
    return json_answer({"error": error, "detail": detail}, status, headers)
