"""Nouns of the inbox: what arrives, what is stored, what an event becomes.

What passes between the processes in masses is packed without its members' names (`array_like`).
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec

from adapters import Adapter, Fault, Hook, Lookup, TranslationError
from gateway.ground.clock import SECOND as SECOND  # noqa: PLC0414 - nouns of time, said with the others
from gateway.ground.clock import Clock as Clock  # noqa: PLC0414 - as above
from gateway.ground.clock import Micros as Micros  # noqa: PLC0414 - as above
from gateway.ground.clock import moment


class EventStatus(StrEnum):
    """Where an event is; ARCHITECTURE.md draws the transitions."""

    RECEIVED = "received"
    WAITING = "waiting"
    TRANSLATED = "translated"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    IGNORED = "ignored"
    DEAD = "dead"
    DISCARDED = "discarded"
    SHADOWED = "shadowed"


OPEN: Final = frozenset({EventStatus.RECEIVED, EventStatus.WAITING, EventStatus.TRANSLATED})
"""Of an event that has not ended."""


class OrderStatus(StrEnum):
    """Where an order is; ARCHITECTURE.md draws the transitions."""

    PENDING = "pending"
    LEASED = "leased"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"
    DISCARDED = "discarded"


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why something is where it is: a documented code, words for a person, a JSON path or nothing."""

    code: str
    detail: str
    path: str | None = None


ERASED: Final = Reason("erased", "erased by an operator")
"""Where an operator erased what it says of anybody; the words stand beside other codes too, in place of their own."""

HELD: Final = "held"
"""The code of what waits for a person to look at it."""


_encode_hook = msgspec.json.Encoder().encode
_decode_hook = msgspec.json.Decoder(Hook).decode


def context_of(hook: Hook) -> bytes:
    """The stored form of a hook beside its body: JSON, empty where there is nothing."""
    if not (hook.headers or hook.parameters or hook.path):
        return b""
    return _encode_hook(Hook(b"", hook.headers, hook.parameters, hook.path))


def hook_of(body: bytes, context: bytes | None, received_at: Micros | None = None) -> Hook:
    """The hook that was stored so."""
    received = None if received_at is None else moment(received_at)
    if not context:
        return Hook(body, received_at=received)
    beside = _decode_hook(context)
    return Hook(body, beside.headers, beside.parameters, beside.path, received)


class Version(NamedTuple):
    """An order's state is newer when its version is greater: vendor's clock, the adapter's tie, order of arrival."""

    clock: Micros
    tie: int
    arrival: int


class Arrival(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A proven request on its way to the inbox.

    `context` is the stored form of the hook's headers, parameters and path (JSON, empty where there are none).
    `hash_window` is the span for which an event ID that is only a hash of the body dedupes; 0 for a vendor's ID.
    `dead` says why the adapter found no event ID: the event is stored as a dead letter. `others` are the further events
    of the same request: all are stored in one transaction or none, each under its own key.
    """

    source: str
    event_id: str
    topic: str | None
    received_at: Micros
    body: bytes
    context: bytes = b""
    hash_window: Micros = 0
    dead: Reason | None = None
    others: tuple["Arrival", ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the bodies."""
        return len(self.body) + sum([len(other.body) for other in self.others] if self.others else ())


class Receipt(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What storing did.

    `stored`; `duplicate`; `conflict`: same key, another body, kept beside; `replaced`: same key, another body, the
    stored event was dead, so the new body takes its place. `others`: of the further events of the same request.
    """

    id: int
    kind: Literal["stored", "duplicate", "conflict", "replaced"]
    others: tuple["Receipt", ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether there is something to translate that was not there before."""
        return self.kind in ("stored", "replaced")

    @property
    def tells_all(self) -> bool:
        """Whether it and its arrival tell all that waits for translation since: they do of a new event, and of none."""
        return not self.others and self.kind != "replaced"


MOST_READ_BYTES: Final = 16 << 20
"""Of bodies that wait for translation and are read at once; the last one may go beyond."""


class UntranslatedEvent(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A stored event that waits for translation.

    `answers` are the stored answers of its lookups (key -> body or None), `clock` the one drawn before they were
    asked for; None where nothing was looked up. `is_forced`: a replay that makes it the newest. `is_replayed`: sent
    even if identical to what was delivered last.
    """

    id: int
    source: str
    event_id: str
    topic: str | None
    received_at: Micros
    body: bytes
    context: bytes
    answers: dict[str, bytes | None] | None = None
    clock: Micros | None = None
    is_forced: bool = False
    is_replayed: bool = False


class OrderState(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """One state of one order as an event told it, checked and encoded.

    `body` holds the canonical bytes, None for a cancellation. `dead`: the state can never leave the gateway. A state
    of an order with another owner is an `order_collision` unless `is_shared`; `collision_hint` names the option that
    would part them. `record` is the vendor's own id of the order, where its number can change; a cancellation without
    an `external_order_id` is of the order that is known under it. `findings` are doubts about it: code and words.
    `release_at`: before it a new order is not sent. `on_receipt`: whether it is planned for the day of its receipt;
    None: for none.
    """

    tenant: str
    external_order_id: str
    owner: str
    clock: Micros
    tie: int
    body: bytes | None
    is_shared: bool = False
    collision_hint: str = ""
    dead: Reason | None = None
    record: str | None = None
    findings: tuple[tuple[str, str], ...] = ()
    on_receipt: bool | None = None
    release_at: Micros = 0


class StoredLookup(msgspec.Struct, frozen=True):
    """A question to the vendor's API, as it is stored with the waiting event; `body` is what is posted, if anything."""

    path: str
    turn: str
    parameters: dict[str, str] = {}
    best_effort: bool = False
    body: bytes = b""
    is_query: bool = False
    key: str = ""

    @property
    def answer_key(self) -> str:
        """What its answer is found by; one that was stored before there were keys has its path."""
        return self.key or self.path


def stored_lookup(adapter: Adapter, lookup: Lookup) -> StoredLookup:
    """What an adapter asks, as it is stored."""
    return StoredLookup(
        path=lookup.path,
        turn=lookup.turn,
        parameters=lookup.parameters,
        best_effort=lookup.best_effort,
        body=lookup.body,
        is_query=lookup.query is not None,
        key=adapter.key_of(lookup),
    )


class WaitingSubject(msgspec.Struct, frozen=True):
    """A subject of the vendor's API (an order, say) that events wait for, about to be asked for.

    `clock` was drawn before the request; the answer serves `events` and none that came later. `tries` failed so far,
    `failing_since` is the first failure's time.
    """

    source: str
    turn: str
    subject: str
    clock: Micros
    events: tuple[int, ...]
    lookups: tuple[StoredLookup, ...]
    tries: int = 0
    failing_since: Micros | None = None


class PageMark(msgspec.Struct, frozen=True):
    """Drawn before a page of a vendor's list is asked for: its clock, and the number of the last state stored."""

    clock: Micros
    last_state: int


class NewestState(msgspec.Struct, frozen=True):
    """An order's newest state: its number, whose the order is, its version's clock and its bytes (None: cancelled)."""

    id: int
    owner: str
    clock: Micros
    body: bytes | None


class TranslatedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What translation made of an event.

    `status` is TRANSLATED (with `states`, perhaps none), IGNORED or DEAD (with `reason`), or WAITING (with `lookups`
    about `subject`). `has_returned` unless the adapter hung, or ended its process.
    """

    id: int
    source: str
    event_id: str
    status: EventStatus
    adapter_version: str
    topic: str | None = None
    occurred_at: Micros | None = None
    references: tuple[str, ...] = ()
    states: tuple[OrderState, ...] = ()
    reason: Reason | None = None
    traceback: str | None = None
    lookups: tuple[StoredLookup, ...] = ()
    subject: str | None = None
    is_forced: bool = False
    is_replayed: bool = False
    has_returned: bool = True


class Transition(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An event's new status after a commit, for log and metrics; `reason` is its own.

    With the codes of its orders' findings, and whether those with a planned day are planned for that of their receipt.
    `buried` are its orders that became dead letters by it: tenant and code.
    """

    id: int
    source: str
    event_id: str
    status: EventStatus
    reason: Reason | None = None
    findings: tuple[str, ...] = ()
    on_receipt: tuple[bool, ...] = ()
    buried: tuple[tuple[str, str], ...] = ()


def storable(text: object) -> str:
    """What an adapter gave as a text, as one that every process and disk takes: no half surrogate pair, no NUL."""
    if type(text) is str and text.isprintable():
        return text
    if not isinstance(text, str):
        return f"({type(text).__name__}, not a text)"
    # The text itself, whatever its class makes of it.
    return str.encode(text, "utf-8", "replace").decode().replace("\0", "")


def told_by(error: TranslationError | Fault) -> Reason:
    """What an adapter raised, or said of one order, in words that can be stored, whatever it gave as such."""
    detail, path = getattr(error, "detail", None), getattr(error, "path", None)
    return Reason(storable(error.code), storable(detail), None if path is None else storable(path))


def source_owner(source: str) -> str:
    """How an order names its owner where the adapter leaves it to the source."""
    return f"source:{source}"
