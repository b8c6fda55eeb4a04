"""The adapter contract: bytes in, orders out.

An adapter is a record of pure functions over these values. It reads no clock, no disk and no network: what it needs
from the vendor's API it asks for by returning `Lookups`, and is called again with the answers.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

from adapters.asking import Answers, Api, Lookup, Lookups, Reconciliation
from adapters.errors import MalformedPayload
from adapters.reading import reader
from schemas import Order

CONTRACT = 2
"""The newest contract that this gateway keeps; every earlier one goes on working. 2: answers by `Lookup.key`, lookups
by POST and GraphQL, `RateLimit`, `Bearer`, `HeaderCredential`, `Fault`, `Parts`, a cancellation by its record alone,
several events in a body, `reach`."""


class VendorModel(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A vendor's shape: tolerant, camelCase, only the members that are read; unknown ones are skipped."""


class OptionsModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An adapter's options: strict, so that a typo stops the start. A `__post_init__` may raise ValueError."""


class Hook(msgspec.Struct, frozen=True, omit_defaults=True):
    """One inbound request as an adapter sees it, and as it is stored for a replay; never a credential.

    `headers` (names in lower case) and `parameters` hold only what the adapter lists as read; `path` is what follows
    `/hooks/{source}`, without its leading slash. `received_at` is when it came (aware), the same at every replay; None
    where nobody received it, as when a person translates a file.
    """

    body: bytes = b""
    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}
    path: str = ""
    received_at: datetime | None = None


class Identity(msgspec.Struct, frozen=True, gc=False):
    """What the rim needs before it acknowledges. An `event_id` of None: the vendor has none, the body's hash serves."""

    event_id: str | None
    topic: str | None = None


class Parts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An address in parts, as far as the vendor tells them apart, in the vendor's words."""

    street: str | None = None
    house_number: str | None = None
    postcode: str | None = None
    town: str | None = None
    region: str | None = None
    country: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order's state as one event tells it.

    `clock` is the vendor's time of change (aware), None where the vendor gives none; `tie` decides between equal
    clocks. `owner` says whose the order is (None: the source's), as `place/who` where the vendor's ids are good for one
    place only; `/who` is whose place is not known, and the same as `who` of any. `tenant` says where it goes (None: the
    source's). `record` is the vendor's own id of the order where its number can change: the same record under another
    `external_order_id` is a dead letter `order_renamed` instead of a second order. `parts` is the delivery address in
    parts, for what doubts it; nothing of it is sent.
    """

    order: Order
    clock: datetime | None = None
    tie: int = 0
    owner: str | None = None
    tenant: str | None = None
    references: tuple[str, ...] = ()
    record: str | None = None
    parts: Parts | None = None

    @property
    def external_order_id(self) -> str:
        """The order's id at Trackely."""
        return self.order.external_order_id


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A state too, with a version like any other: the vendor says that the order is off. Fields as in `State`.

    Where the vendor names no order but its `record`, that alone will do: it is the order that the source has sent under
    that record before. Where none was, nothing is known to cancel, and the event says so.
    """

    external_order_id: str = ""
    clock: datetime | None = None
    tie: int = 0
    owner: str | None = None
    tenant: str | None = None
    references: tuple[str, ...] = ()
    record: str | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One order of several that cannot be read, beside its neighbours' states: a dead letter that costs itself alone.

    `code`, `detail` and `path` as of a TranslationError, the other fields as in `State`. What is known of its order
    stays as it is.
    """

    external_order_id: str
    code: str
    detail: str
    path: str | None = None
    clock: datetime | None = None
    tie: int = 0
    owner: str | None = None
    tenant: str | None = None
    references: tuple[str, ...] = ()
    record: str | None = None


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """Nothing to forward, because; the event is kept with this reason."""

    reason: str
    references: tuple[str, ...] = ()


Translation: TypeAlias = Sequence[State | Cancellation | Fault] | Ignored | Lookups
"""What an event means. An empty list is an event without orders."""


class Acknowledgement(msgspec.Struct, frozen=True):
    """What the gateway is about to acknowledge, for an adapter with an answer of its own.

    Of a request that holds several events: the first one's, the whole request as `hook`, a duplicate if all are.
    """

    event_id: str
    is_duplicate: bool
    topic: str | None = None
    hook: Hook = Hook()


class Probe(msgspec.Struct, frozen=True):
    """A vendor's HEAD or GET on the hook URL; only headers and parameters that the adapter lists as read."""

    method: str
    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}


class Reply(msgspec.Struct, frozen=True):
    """An answer of the adapter's own making: status and a JSON value."""

    status: int
    content: Any


class Ping(msgspec.Struct, frozen=True):
    """A POST that may be a vendor's handshake: the fields that the adapter's `Handshake` lists, and no others."""

    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}
    members: dict[str, str] = {}


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor tries the URL with a POST that proves nothing, and may be no JSON.

    A request may be one if it has each of the listed headers, query parameters and members (of a form, or texts of a
    JSON object) once, in 4 KiB at most. `answer(ping)` says a `Reply` (JSON), a text (200, text/plain), or None: this
    is no handshake, and is judged as any other request. Nothing of one that is answered is stored, so list what no
    hook has. It never sees a credential, and has 10 ms.
    """

    answer: Callable[[Ping], Reply | str | None]
    headers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what every request would be."""
        if not (self.headers or self.parameters or self.members):
            raise ValueError("a handshake is known by a header, a parameter or a member")


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's adapter: a record of pure functions.

    `contract` is the one that it needs: a gateway that is older than it does not load the adapter, and says so.
    `reads_headers` and `reads_parameters` list what `identify` and `translate` may see of the request besides the
    body. `references` are the JSON paths (`$.order.number`) at which a body names its references: whatever breaks, a
    dead letter is found by them. `collision_option` names the option that keeps two owners' equal order numbers apart.
    `events` takes a body that holds several events apart, into the bytes of each: every one is stored, identified and
    translated as a hook of its own, all are stored or none; it may raise a TranslationError. `handshake` answers a
    vendor's ping that proves nothing. `tenants` lists the tenants that the options route to, so that the start can
    check them; `api` says where lookups go, `queries` lists the GraphQL texts that they may hold (none that changes
    anything), `reach` is a question that is safe to ask at any time, `reconciliation` says how the vendor's API is
    asked for what no webhook told (None: it is not).
    """

    name: str
    version: str
    options: type[OptionsModel]
    identify: Callable[[Hook], Identity]
    translate: Callable[[Hook, Any, Answers], Translation]
    contract: int = 1
    reads_headers: tuple[str, ...] = ()
    reads_parameters: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    collision_option: str | None = None
    acknowledge: Callable[[Acknowledgement], Reply] | None = None
    probe: Callable[[Probe], Reply] | None = None
    handshake: Handshake | None = None
    events: Callable[[Hook], Sequence[bytes]] | None = None
    tenants: Callable[[Any], Iterable[str]] | None = None
    api: Callable[[Any], Api | None] | None = None
    queries: tuple[str, ...] = ()
    reach: Callable[[Any], Lookup | None] | None = None
    reconciliation: Callable[[Any], Reconciliation | None] | None = None

    def key_of(self, lookup: Lookup) -> str:
        """What the adapter finds a lookup's answer by."""
        return lookup.key if self.contract > 1 else lookup.path


Shape = TypeVar("Shape")


def decoder(shape: type[Shape]) -> Callable[[bytes], Shape]:
    """A function from a JSON body to `shape`, a leading BOM skipped, whose every failure is a `MalformedPayload`."""
    read = reader(shape)

    def decoded(body: bytes) -> Shape:
        try:
            return read(body)
        except msgspec.ValidationError as error:
            detail, _, path = str(error).partition(" - at `")
            raise MalformedPayload(detail[:1].lower() + detail[1:], path=path.removesuffix("`") or "$") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedPayload(f"not readable as JSON: {error}", path="$") from None
        except RecursionError:
            raise MalformedPayload("nested too deeply", path="$") from None

    # So that the kit and the drift radar can tell what an adapter reads.
    decoded.__annotations__["return"] = shape
    return decoded
