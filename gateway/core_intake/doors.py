"""What both of the intake's doors share: bodies read with a cap, JSON answers, errors by their consequence."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.core_intake.errors import IntakeRefusal, PayloadRefused, TooManyFailures, Unauthorized
from gateway.errors import ConflictingRequest, StoreUnavailable, UnknownRecord
from gateway.ground.answers import json_answer
from gateway.ground.failures import TurnedAway


def address_of(request: Request) -> str | None:
    """The address at the other end of the connection."""
    return request.client.host if request.client else None


def unproven(request: Request, reason: str, turned_away: TurnedAway) -> IntakeRefusal:
    """What to raise at a request that proves nobody."""
    seconds = turned_away(reason, address_of(request))
    return Unauthorized() if seconds is None else TooManyFailures(seconds)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body. Raises PayloadRefused where it does not arrive, HTTPException 413 and 415."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(415, "content encoding not supported")
    # The connection stays open, so that the server discards the rest and the sender gets to read the answer.
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise HTTPException(413, f"body larger than {max_bytes} bytes")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise HTTPException(413, f"body larger than {max_bytes} bytes")
    except ClientDisconnect as error:
        raise PayloadRefused("the body did not arrive whole") from error
    return bytes(body)


async def on_refusal(_: Request, error: Exception) -> Response:
    """Answers what the intake refuses with the status of its kind."""
    match error:
        case IntakeRefusal():
            return json_answer(error.body, error.status, error.headers)
        case UnknownRecord():
            return json_answer({"error": str(error)}, 404)
        case ConflictingRequest():
            return json_answer({"error": str(error)}, 409)
        case StoreUnavailable():
            return json_answer({"error": "cannot store at present"}, 503, {"Retry-After": "5"})
        case HTTPException():
            return json_answer({"error": error.detail.lower()}, error.status_code, dict(error.headers or {}))
        case _:
            return json_answer({"error": "internal error"}, 500)
