"""What an adapter asks of its vendor's API, and how it is reached."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias
from urllib import parse

import msgspec


class Secret(str):
    """A secret in an adapter's options: text that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


_quote = partial(parse.quote, safe="")
_encode_body = msgspec.json.Encoder(order="deterministic").encode


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the vendor's API.

    `path` is relative to the source's configured base URL (`orders/123`), never a URL out of a payload. `turn` is
    whose turn it is, such as a goods owner: lookups of one turn run one after another and use that turn's
    credentials. A `best_effort` lookup that cannot be answered is None in the answers instead of holding the event.

    It is a GET, or a POST where it has a body: `json`, a value, or a GraphQL `query` with its `variables`. The query is
    one of those that the adapter lists (`Adapter.queries`), so that what a payload says stands in variables alone.
    """

    path: str
    turn: str = ""
    parameters: dict[str, str] = {}
    best_effort: bool = False
    json: Any = None
    query: str | None = None
    variables: dict[str, Any] = {}

    @property
    def body(self) -> bytes:
        """What is posted; empty: it is a GET."""
        if self.query is not None:
            return _encode_body({"query": self.query, "variables": self.variables})
        return b"" if self.json is None else _encode_body(self.json)

    @property
    def key(self) -> str:
        """What its answer is found by: the path, `?` and its parameters, `#` and a digest of what is posted."""
        parameters = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(self.parameters.items()))
        posted = self.body
        digest = "#" + hashlib.blake2b(posted, digest_size=8).hexdigest() if posted else ""
        return self.path + (f"?{parameters}" if parameters else "") + digest


class Lookups(msgspec.Struct, frozen=True):
    """Fetch these first, in order, then call `translate` again with the answers.

    Lookups with one `subject` (an order, say) are shared by the events that wait for it. Pages of a list are asked for
    one after another, the next once the one before is among the answers; an event may ask 100 questions.
    """

    wanted: tuple[Lookup, ...]
    subject: str
    references: tuple[str, ...] = ()


Answers: TypeAlias = Mapping[str, bytes | None]
"""A lookup's `key` -> the body of its 2xx answer (204: empty), or None for a best-effort one without an answer.

To an adapter of contract 1 the key is the path alone.
"""


class Credentials(msgspec.Struct, frozen=True):
    """HTTP Basic credentials of a vendor's API."""

    username: str
    password: Secret


class Bearer(msgspec.Struct, frozen=True):
    """A token for `Authorization: Bearer`."""

    token: Secret


class HeaderCredential(msgspec.Struct, frozen=True):
    """A secret in a header of the vendor's own, such as `X-Auth-Token`."""

    name: str
    value: Secret


ApiProof: TypeAlias = Credentials | Bearer | HeaderCredential


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Headers in which every answer of a vendor's API says how much may still be asked, and until when.

    Where `remaining` says 0, the turn rests for what `reset` says: a number of seconds or milliseconds from now, or
    the `epoch` second.
    """

    remaining: str
    reset: str
    unit: Literal["seconds", "milliseconds", "epoch"] = "seconds"


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """Where lookups go: the configured base URL and its credentials, per turn where given.

    A `Retry-After` is heeded in any case; `limits` are what else an answer may say of the vendor's limits.
    """

    base_url: str
    credentials: ApiProof | None = None
    turns: Mapping[str, ApiProof] = {}
    allow_http: bool = False
    limits: RateLimit | None = None


class Listed(msgspec.Struct, frozen=True):
    """A record in a page of a vendor's list, as the vendor wrote it.

    `subject` is the vendor's lasting id of it; `path`, if any, the key of the lookup whose answer the record is too.
    `changed_at`: when it changed at the vendor, as far as the record says (aware).
    """

    subject: str
    record: bytes
    path: str | None = None
    changed_at: datetime | None = None


class ListPage(msgspec.Struct, frozen=True):
    """A page of a vendor's list; `after` is where the next one begins, None at the end."""

    records: tuple[Listed, ...]
    after: str | None = None


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor's API is asked, now and then, for what no webhook told.

    `every` and `horizon` are seconds: how often, and how far back the first time. `page(turn, since, after)` is the
    lookup of one page of what changed since a moment (aware), `after` None for the first; `read(answer, turn, after)`
    takes it apart; it may raise MalformedPayload. `body(listed, turn, run)` is the body of the event that the gateway
    makes of a record that differs from what it knows, under the event ID `reconcile:{subject}:{run}`. `look_back`:
    seconds; once a day a run begins so far back.
    """

    every: float
    horizon: float
    turns: tuple[str, ...]
    page: Callable[[str, datetime, str | None], Lookup]
    read: Callable[[bytes, str, str | None], ListPage]
    body: Callable[[Listed, str, str], bytes]
    look_back: float = 0.0
