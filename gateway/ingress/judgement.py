"""What the rim thinks of a request: of its head, then of its whole body. Nothing is awaited, counted or answered here.

Refusals are judged in the order 404, 405, 401 (unless the proof needs the body), 415, 413, 401, 503, 400. What the head
alone decides is in `judge_head`, the rest in `judge_whole`; the quick way and the ordinary one call both. A handshake
(`door.pings`) comes after the address and before everything else: the ordinary way alone answers it.
"""

import re
from collections.abc import Callable, Iterator

from gateway.events import Reason
from gateway.ground.addresses import is_allowed, parsed
from gateway.ground.answers import Answer, error_answer
from gateway.ingress import answers
from gateway.ingress.answers import retry_after
from gateway.ingress.door import Door
from gateway.ingress.grammar import Fault, faults_in
from gateway.ingress.media import is_identity, is_json_type
from gateway.ingress.verify import Headers

UNPROVEN = frozenset({"address", "credentials"})
"""The reasons of a 401."""

_charset = re.compile(rb';\s*charset\s*=\s*"?([A-Za-z0-9_.:+-]{1,40})', re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


class Refused(Exception):  # noqa: N818 - named by what happens to the request
    """The request is answered; nothing is stored. `reason` is one of `refusals.REASONS`."""

    def __init__(self, answer: Answer, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason
        self.size = size


def too_large(most: int, size: int) -> Refused:
    """413."""
    detail = f"the body is larger than {most} bytes"
    return Refused(error_answer(413, "too_large", detail, answers.CLOSE), "too_large", size)


def unavailable(why: Reason | None, size: int) -> Refused:
    """503: the vendor keeps it."""
    if why is None:
        return Refused(answers.UNAVAILABLE, "unavailable", size)
    header = retry_after(answers.RETRY_SECONDS)
    return Refused(error_answer(503, why.code, why.detail, header), "blocked", size)


def judge_address(door: Door, address: Callable[[], str | None]) -> None:
    """Refuse an address outside `allow_ips`.

    Raises:
        Refused: 401.
    """
    if door.networks and not is_allowed(parsed(address()), door.networks):
        raise Refused(door.denied, "address")


def judge_head(door: Door, headers: Headers, query: bytes, address: Callable[[], str | None], most: int) -> bool:
    """Whether the sender is proven before the body is read; False: its proof needs the body.

    Raises:
        Refused: 401, 415 or 413.
    """
    judge_address(door, address)
    is_proven = door.proofs.fit_head(headers, query)
    if not (is_proven or door.proofs.body):
        raise Refused(door.denied, "credentials")
    if not is_json_type(headers.get(b"content-type")):
        raise Refused(answers.CONTENT_TYPE, "content_type")
    if not is_identity(headers.get(b"content-encoding")):
        raise Refused(answers.CONTENT_ENCODING, "content_encoding")
    length = headers.get(b"content-length")
    if length is not None and int(length) > most:
        raise too_large(most, int(length))
    return is_proven


def judge_whole(
    door: Door, headers: Headers, body: bytes, blocked: Reason | None, *, is_proven: bool
) -> Iterator[None]:
    """Judge a request that has arrived, in steps of a few milliseconds, so that others may have a turn between them.

    Raises:
        Refused: 401, 400, or 503 in its place where new ones are `blocked`.
    """
    if not (is_proven or door.proofs.fit_body(headers, body)):
        raise Refused(door.denied_late, "credentials", len(body))
    refused = _of_headers(door, headers, len(body))
    for fault in () if refused else faults_in(body):
        if fault is not None:
            refused = _of_body(fault, headers, body)
        yield
    if refused is not None:
        raise refused if blocked is None else unavailable(blocked, len(body))


def _of_headers(door: Door, headers: Headers, size: int) -> Refused | None:
    """A header that the adapter reads and that came with two values: nobody knows which one was meant."""
    name = door.doubled(headers)
    if name is None:
        return None
    return Refused(error_answer(400, "header", f"{name} came twice, with different values"), "header", size)


def _of_body(fault: Fault, headers: Headers, body: bytes) -> Refused:
    """400; or 415 for what may be JSON in the charset that it declares, since what is sent here is UTF-8."""
    declared = _charset.search(headers.get(b"content-type") or b"")
    charset = declared[1].decode().lower() if declared else "utf-8"
    if charset not in _UTF_8 and (b"\0" in body or not _is_utf_8(body)):
        detail = f"the body is no UTF-8, and JSON in {charset} is not taken: send it as UTF-8"
        return Refused(error_answer(415, "unsupported_media_type", detail), "charset", len(body))
    return Refused(error_answer(400, fault.error, fault.detail), fault.error, len(body))


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
