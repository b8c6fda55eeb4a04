"""What an intake's answer, or its absence, means: pure, by the table "Towards Trackely".

A verdict names the consequence; `judge` is total: every status and every body has one.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from adapters import too_long
from adapters.reading import BOM, reader
from gateway.delivery.hints import hints_in
from gateway.events import Micros
from gateway.ground.backoff import read_retry_after

MOST_WORDS: Final = 2048
"""Bytes of the intake's own words that are kept."""

WRONG_DOOR: Final = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 428, 431, 451})
"""With every 3xx: the URL, the secret or the integration is wrong, not an order."""

_UNAUTHORIZED: Final = frozenset({401, 402, 403, 407})
_TOO_LARGE: Final = 413
_REQUEST_TIMEOUT: Final = 408
_THROTTLED: Final = frozenset({425, 429})
_OK: Final = 200

Outcome: TypeAlias = Literal[
    "delivered",
    "partly",
    "refused",
    "unavailable",
    "timed_out",
    "lost",
    "not_connected",
    "throttled",
    "wrong_door",
    "too_large",
    "not_an_intake",
]
"""How an attempt ended; a closed set, a label of the metrics."""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer. `body` is what was read of it; a 200 that was not `is_whole` within the cap is no contract.

    `shown` is the body for what is kept, where that is another.
    """

    status: int
    body: bytes = b""
    retry_after: str | None = None
    is_whole: bool = True
    shown: bytes | None = None


class Failure(msgspec.Struct, frozen=True):
    """No answer. `was_written`: at least a part of the request left; `status`: of a 200 that broke off."""

    kind: Literal["timed_out", "lost", "not_connected"]
    detail: str
    was_written: bool
    status: int | None = None


class Listing(msgspec.Struct, frozen=True):
    """What a 200 by the contract says of one order."""

    order_id: str | None
    is_created: bool | None


class Delivered(msgspec.Struct, frozen=True):
    """A 200 by the contract: which of the sent orders it lists; its oddities are counted."""

    listed: dict[str, Listing]
    foreign: int = 0
    nameless: int = 0
    is_count_wrong: bool = False
    status: int = _OK
    summary: str = "200 OK"
    words: str = ""

    @property
    def oddities(self) -> dict[str, int]:
        """How often what else than the contract it held."""
        return {"foreign_id": self.foreign, "no_order_id": self.nameless, "wrong_count": int(self.is_count_wrong)}


class NotAnIntake(msgspec.Struct, frozen=True):
    """A 2xx that is not the contract: nobody knows what happened to the orders."""

    status: int
    summary: str
    words: str


class Unavailable(msgspec.Struct, frozen=True):
    """No answer, or one that says later.

    `is_suspicious`: it may be one order's doing. `is_certain`: the request surely changed nothing. `has_answer`: the
    intake answered, so the orders need no rest.
    """

    outcome: Literal["unavailable", "timed_out", "lost", "not_connected", "throttled"]
    summary: str
    words: str
    status: int | None
    retry_after: Micros | None
    is_suspicious: bool
    is_certain: bool
    has_answer: bool


class WrongDoor(msgspec.Struct, frozen=True):
    """The URL, the secret or the integration is wrong."""

    status: int
    code: Literal["intake_unauthorized", "intake_wrong_door"]
    summary: str
    words: str


class TooLarge(msgspec.Struct, frozen=True):
    """The request was too large."""

    summary: str
    words: str
    status: int = _TOO_LARGE


class Refused(msgspec.Struct, frozen=True):
    """Something in the batch is refused. `hints` are positions in the batch that the answer names."""

    status: int
    summary: str
    words: str
    hints: tuple[int, ...] = ()


Verdict: TypeAlias = Delivered | NotAnIntake | Unavailable | WrongDoor | TooLarge | Refused


def judge(answer: Answer | Failure, sent: Sequence[str], now: Micros) -> Verdict:
    """The verdict on a request that held these externalOrderIds."""
    if isinstance(answer, Failure):
        return _failed(answer)
    status, words = answer.status, words_of(answer.body if answer.shown is None else answer.shown)
    summary = summary_of(status)
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of HTTP
        reply = _read_reply(answer, sent) if status == _OK and answer.is_whole else None
        return reply or NotAnIntake(status, summary, words)
    if 300 <= status < 400 or status in WRONG_DOOR:  # noqa: PLR2004
        code = "intake_unauthorized" if status in _UNAUTHORIZED else "intake_wrong_door"
        return WrongDoor(status, code, summary, words)  # type: ignore[arg-type] # one of two literals
    if status == _TOO_LARGE:
        return TooLarge(summary, words)
    if 400 <= status < 500 and status not in _THROTTLED and status != _REQUEST_TIMEOUT:  # noqa: PLR2004
        return Refused(status, summary, words, hints_in(answer.body, sent))
    retry_after = read_retry_after(answer.retry_after, now)
    is_throttled = status in _THROTTLED
    return Unavailable(
        outcome="throttled" if is_throttled else "unavailable",
        summary=summary,
        words=words,
        status=status,
        retry_after=retry_after,
        is_suspicious=not is_throttled and retry_after is None,
        is_certain=is_throttled,
        has_answer=True,
    )


def outcome_of(verdict: Verdict, sent: int) -> Outcome:
    """The attempt's outcome, given how many orders it held."""
    match verdict:
        case Delivered():
            return "delivered" if len(verdict.listed) == sent else "partly"
        case NotAnIntake():
            return "not_an_intake"
        case Unavailable():
            return verdict.outcome
        case WrongDoor():
            return "wrong_door"
        case TooLarge():
            return "too_large"
        case Refused():
            return "refused"


def said(verdict: Verdict) -> str:
    """The answer in one line: the status and the intake's own words."""
    return f"{verdict.summary}: {verdict.words}" if verdict.words else verdict.summary


def summary_of(status: int) -> str:
    """The status with its name, such as `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def words_of(body: bytes) -> str:
    """The intake's own words, cut; what is no UTF-8 is replaced."""
    return body.removeprefix(BOM)[:MOST_WORDS].decode("utf-8", "replace").replace("\x00", "�").strip()


def _failed(failure: Failure) -> Unavailable:
    return Unavailable(
        outcome=failure.kind,
        summary=failure.detail,
        words="",
        status=failure.status,
        retry_after=None,
        is_suspicious=failure.kind != "not_connected",
        is_certain=not failure.was_written,
        has_answer=False,
    )


class _Reply(msgspec.Struct, frozen=True):
    """Tolerant of everything but what makes it the contract's."""

    accepted: Any
    orders: list[Any]
    processed: Any = None


_Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
"""Too short to be `too_long`, whatever its characters."""


class _Listed(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An order as the contract lists it."""

    external_order_id: _Id
    order_id: _Id
    created: bool


class _Plain(_Reply, frozen=True):
    """A reply to the letter of the contract."""

    orders: list[_Listed]


_read_answer, _read_plain = reader(_Reply), reader(_Plain)


def _read_reply(answer: Answer, sent: Sequence[str]) -> Delivered | None:
    try:
        reply, listings = _read_listings(answer.body)
    except (ValueError, RecursionError):
        return None
    if reply.accepted is not True:
        return None
    ours, listed, foreign = frozenset(sent), {}, 0
    for name, listing in listings:
        if name in ours:
            listed[name] = listing
        else:
            foreign += 1
    nameless = sum([listing.order_id is None for listing in listed.values()])
    is_count_wrong = reply.processed != len(reply.orders) or isinstance(reply.processed, bool)
    left_out = len(ours) - len(listed)
    words = f"{left_out} of {len(ours)} orders not listed" if left_out else ""
    return Delivered(listed, foreign, nameless, is_count_wrong=is_count_wrong, words=words)


def _read_listings(body: bytes) -> tuple[_Reply, list[tuple[str | None, Listing]]]:
    """A reply, with what it lists. Raises as `reader` does."""
    try:
        plain = _read_plain(body)
    except (ValueError, RecursionError):
        reply = _read_answer(body)
        return reply, [_read_listing(item) for item in reply.orders]
    return plain, [(each.external_order_id, Listing(each.order_id, each.created)) for each in plain.orders]


def _read_listing(item: Any) -> tuple[str | None, Listing]:
    """The externalOrderId of a listed order and what is said of it; ids that came as numbers are read as text."""
    members = item if isinstance(item, dict) else {}
    created = members.get("created")
    is_created = created if isinstance(created, bool) else None
    return _read_id(members.get("externalOrderId")), Listing(_read_id(members.get("orderId")), is_created)


def _read_id(member: Any) -> str | None:
    """An id that can be kept and found; an absurd one is none."""
    said = str(member) if member and (isinstance(member, str) or type(member) is int) else ""
    return None if too_long(said) else said or None
