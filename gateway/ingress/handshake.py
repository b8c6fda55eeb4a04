"""A vendor's handshake: a POST that proves nothing, seen by its declared fields alone, before proof and content type.

The adapter's `handshake` says what it looks like. A request that lacks one of the fields, or is larger, or that the
adapter does not take for one, is judged like any other.
"""

from collections import deque
from contextlib import closing

import msgspec
from starlette.types import Message, Receive

from adapters import Handshake, Ping
from adapters.reading import BOM
from gateway.ground.answers import Answer
from gateway.ground.watchdog import Watchdog
from gateway.ingress.answers import greeted
from gateway.ingress.media import is_form, is_identity, is_json_type
from gateway.ingress.verify import Headers, Proofs, parameter_text, parameter_values

MOST_BYTES = 4096
SECONDS = 0.01
"""What the adapter has for its answer: whoever asks has proven nothing."""

_object_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text_of = msgspec.json.Decoder(str).decode


class Pings:
    """A source's handshake, as the rim sees it; `reads` are the headers that it needs beside those of any request."""

    def __init__(self, handshake: Handshake, proofs: Proofs) -> None:
        self._handshake = handshake
        self._headers = {name.lower(): name.lower().encode() for name in handshake.headers}
        self._parameters = {name: name.encode() for name in handshake.parameters}
        self._members = {name: name.encode() for name in handshake.members}
        self.reads = frozenset(self._headers.values())
        # What holds a credential is never shown; a handshake that needs it never happens.
        self._is_hidden = bool(self.reads & proofs.hides or proofs.hidden_parameters & set(self._parameters))

    def may_come(self, headers: Headers, query: bytes) -> bool:
        """Whether a head may be a handshake's, so that its body is worth a look before any proof."""
        length = headers.get(b"content-length")
        return (
            not self._is_hidden
            and (length is None or int(length) <= MOST_BYTES)
            and is_identity(headers.get(b"content-encoding"))
            and all(headers.get(key) is not None for key in self.reads)
            and all(len(parameter_values(query, key)) == 1 for key in self._parameters.values())
        )

    def read(self, headers: Headers, query: bytes, body: bytes) -> Ping | None:
        """The declared fields, where the request has each of them once; else it is no handshake."""
        if len(body) > MOST_BYTES or not self.may_come(headers, query):
            return None
        members = self._members_of(headers.get(b"content-type"), body) if self._members else {}
        if members is None:
            return None
        given = {name: parameter_text(parameter_values(query, key)[0]) for name, key in self._parameters.items()}
        seen = {name: (headers[key] or b"").decode("latin-1") for name, key in self._headers.items()}
        return Ping(seen, given, members)

    def answer(self, ping: Ping) -> Answer | None:
        """The adapter's own, None where this is no handshake to it. Raises whatever the adapter does, and Overrun."""
        # One of its own, for the moment: a thread that looks so often shall not look for ever.
        with closing(Watchdog(SECONDS)) as watchdog:
            reply = watchdog.call(self._handshake.answer, ping)
        return None if reply is None else greeted(reply)

    def _members_of(self, content_type: bytes | None, body: bytes) -> dict[str, str] | None:
        if is_form(content_type):
            listed = {name: parameter_values(body, key) for name, key in self._members.items()}
            if any(len(values) != 1 for values in listed.values()):
                return None
            return {name: parameter_text(values[0]) for name, values in listed.items()}
        if not is_json_type(content_type):
            return None
        try:
            found = _object_of(body.removeprefix(BOM))
            return {name: _text_of(found[name]) for name in self._members}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
            return None


async def peeked(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body, None where it is longer than a handshake's or never ended; and how to receive it all from its start."""
    ahead: deque[Message] = deque()
    body = b""
    is_whole = False
    while len(body) <= MOST_BYTES and not is_whole:
        message = await receive()
        ahead.append(message)
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)

    async def again() -> Message:
        return ahead.popleft() if ahead else await receive()

    return body if is_whole and len(body) <= MOST_BYTES else None, again
