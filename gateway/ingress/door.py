"""A source as the rim sees it: everything about it that can be worked out before a request comes."""

from collections.abc import Mapping

import msgspec

from adapters import Hook, Probe
from gateway.config.model import ConfiguredSource
from gateway.events import SECOND, Clock
from gateway.ground.addresses import parse_networks
from gateway.ground.answers import Answer, encode, error_answer
from gateway.ingress.answers import CLOSE
from gateway.ingress.handshake import Pings
from gateway.ingress.verify import Headers, compile_proofs, parameter_text, parameter_values

_ALWAYS_READ = frozenset({b"content-type", b"content-encoding", b"content-length"})


class Door:
    """One source. Raises ValueError for credentials or networks that are none.

    `denied` answers wrong and missing credentials alike; `denied_late` is the same after the body was read.
    """

    def __init__(self, source: ConfiguredSource, clock: Clock) -> None:
        settings = source.settings
        self.name = source.name
        self.adapter = source.adapter
        self.rejects_malformed = settings.malformed == "reject"
        self.hash_window = round(settings.hash_window * SECOND)
        self.proofs = compile_proofs(settings.auth, clock)
        self.networks = parse_networks(settings.allow_ips)
        wanted = {name.lower().encode(): name.lower() for name in source.adapter.reads_headers}
        # The hook is stored whole: it never holds a credential, whatever an adapter asks for.
        self._headers = {key: name for key, name in wanted.items() if key not in self.proofs.hides}
        parameters = set(source.adapter.reads_parameters) - self.proofs.hidden_parameters
        self._parameters = {name: name.encode() for name in sorted(parameters)}
        handshake = source.adapter.handshake
        self.pings = Pings(handshake, self.proofs) if handshake is not None else None
        pinged = self.pings.reads if self.pings is not None else frozenset()
        self.reads_length = b"content-length" in self.proofs.reads | frozenset(self._headers)
        self.watched = _ALWAYS_READ | self.proofs.reads | frozenset(self._headers) | pinged
        challenge = {"www-authenticate": self.proofs.challenge.decode()} if self.proofs.challenge is not None else {}
        self.denied = _denied({**challenge, **CLOSE})
        self.denied_late = _denied(challenge)
        self.probed = Answer(200, encode({"source": self.name, "accepts": "POST"}))

    def read(self, headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes | None]:
        """The watched headers, in one pass; one that came twice counts once where it says the same, else it is None.

        `Authorization` is None whenever it comes again, `Content-Type` and the like are joined.
        """
        watched = self.watched
        found: dict[bytes, bytes | None] = {}
        for name, value in headers:
            if name in watched:
                found[name] = value if name not in found else self._joined(name, found[name], value)
        return found

    def hook(self, body: bytes, headers: Headers, query: bytes, path: str) -> Hook:
        """What the adapter sees of a request, and what is stored of it."""
        return Hook(body, self._seen(headers), self._given(query), path)

    def probe(self, method: str, headers: Headers, query: bytes) -> Probe:
        """What an adapter's own answer to a probe may rest on."""
        return Probe(method, self._seen(headers), self._given(query))

    def doubled(self, headers: Headers) -> str | None:
        """The name of a header that the adapter reads and that came with two values, or None."""
        return next((name for key, name in self._headers.items() if headers.get(key, b"") is None), None)

    def _joined(self, name: bytes, first: bytes | None, second: bytes) -> bytes | None:
        if name == b"authorization" or first is None:
            return None
        if first == second:
            return first
        return first + b", " + second if name in _ALWAYS_READ and name not in self._headers else None

    def _seen(self, headers: Headers) -> dict[str, str]:
        seen = {}
        for key, name in self._headers.items():
            value = headers.get(key)
            if value is not None:
                seen[name] = value.decode("latin-1")
        return seen

    def _given(self, query: bytes) -> dict[str, str]:
        given = {}
        for name, key in self._parameters.items() if query else ():
            values = parameter_values(query, key)
            if values:
                given[name] = parameter_text(values[-1])
        return given


class Head(msgspec.Struct, frozen=True):
    """What the head of a POST has told a door. `sight` is what it was judged by.

    `hook` has no body yet, `context` is the stored form of what it has.
    """

    sight: object
    door: Door
    headers: Headers
    is_proven: bool
    query: bytes
    hook: Hook
    context: bytes

    @property
    def is_lasting(self) -> bool:
        """Whether the same head tells the same, whatever its `Content-Length` says."""
        door = self.door
        return door.pings is None and not door.reads_length

    def with_body(self, body: bytes) -> Hook:
        """The hook. What an adapter does to it is no matter of the next one."""
        beside = self.hook
        return Hook(body, dict(beside.headers), dict(beside.parameters), beside.path)


def _denied(headers: Mapping[str, str]) -> Answer:
    return error_answer(401, "unauthorized", "no valid credentials", headers)
