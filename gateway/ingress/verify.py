"""Credentials: each configured proof becomes a closure over bytes, compiled once.

Every live secret is tried whatever the earlier ones said, each in constant time, so that the time taken tells nothing.
A header or parameter that came twice counts as absent: what reads requests in front of us may have taken the other.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec

from gateway.config.proofs import Basic, Bearer, Header, Hmac, Proof, PublicKey, Query, StandardWebhooks
from gateway.events import SECOND, Clock, Micros

Headers: TypeAlias = Mapping[bytes, bytes | None]
"""The headers that a source watches, names in lower case; None: it came more than once."""

HeadProof: TypeAlias = Callable[[Headers, bytes], bool]
"""Whether headers and query string prove the sender."""

BodyProof: TypeAlias = Callable[[Headers, bytes], bool]
"""Whether headers and raw body prove the sender."""

TOLERANCE: Micros = 300 * SECOND
MOST_SIGNATURES = 16
"""More of them in a header are not compared: a rotation needs two, and a header has room for ten thousand."""

_AUTHORIZATION = b"authorization"
_SIGNED = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")


class Proofs(msgspec.Struct, frozen=True):
    """A source's credentials, compiled.

    Any one that fits lets the request in; `is_open` lets everyone in. `reads` are the headers that they look at,
    `hides` the headers and `hidden_parameters` the parameters that hold a credential. `challenge` is the
    `WWW-Authenticate` of the refusal, the same whatever was wrong.
    """

    head: tuple[HeadProof, ...] = ()
    body: tuple[BodyProof, ...] = ()
    reads: frozenset[bytes] = frozenset()
    hides: frozenset[bytes] = frozenset()
    hidden_parameters: frozenset[str] = frozenset()
    challenge: bytes | None = None
    is_open: bool = False

    def fit_head(self, headers: Headers, query: bytes) -> bool:
        """Whether a proof that needs no body fits, or none is asked for."""
        fits = self.is_open
        for proof in self.head:
            fits |= proof(headers, query)
        return fits

    def fit_body(self, headers: Headers, body: bytes) -> bool:
        """Whether a proof over the body fits."""
        fits = False
        for proof in self.body:
            fits |= proof(headers, body)
        return fits


def compile_proofs(auth: Iterable[Proof] | Literal["none"], clock: Clock) -> Proofs:
    """The verifiers of a source's `auth`.

    Raises:
        ValueError: there is no proof, an empty secret, or one that is not of its kind's form.
    """
    if auth == "none":
        return Proofs(is_open=True)
    parts = [_compiled(proof, clock) for proof in auth if not isinstance(proof, str)]
    if not parts:
        raise ValueError("no proof of the sender is asked for")
    hides = frozenset(name for part in parts for name in part.hides)
    return Proofs(
        head=tuple(part.head for part in parts if part.head is not None),
        body=tuple(part.body for part in parts if part.body is not None),
        reads=hides.union(*(part.reads for part in parts)),
        hides=hides | {_AUTHORIZATION},
        hidden_parameters=frozenset(part.parameter for part in parts if part.parameter is not None),
        challenge=b", ".join(dict.fromkeys(part.scheme for part in parts if part.scheme is not None)) or None,
    )


class _Part(msgspec.Struct, frozen=True):
    """One compiled proof."""

    head: HeadProof | None = None
    body: BodyProof | None = None
    reads: tuple[bytes, ...] = ()
    hides: tuple[bytes, ...] = ()
    parameter: str | None = None
    scheme: bytes | None = None


def _compiled(proof: Proof, clock: Clock) -> _Part:  # noqa: PLR0911 - a dispatch, one return a kind
    match proof:
        case Bearer():
            return _Part(head=_bearer(proof), hides=(_AUTHORIZATION,), scheme=b'Bearer realm="hooks"')
        case Basic():
            scheme = b'Basic realm="hooks", charset="UTF-8"'
            return _Part(head=_basic(proof), hides=(_AUTHORIZATION,), scheme=scheme)
        case Header():
            return _Part(head=_static_header(proof), hides=(_header_name(proof.name),))
        case Query():
            return _Part(head=_parameter(proof), parameter=proof.parameter)
        case Hmac():
            return _Part(body=_signature(proof), hides=(_header_name(proof.header),))
        case StandardWebhooks():
            return _Part(body=_standard_webhooks(proof, clock), reads=_SIGNED[:2], hides=_SIGNED[2:])
        case PublicKey():
            return _Part(body=_public_key(proof), hides=(_header_name(proof.header),))


def parameter_values(query: bytes, name: bytes) -> list[bytes]:
    """The raw values of a query parameter, percent-encoded as they came."""
    found = []
    for pair in query.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name or ((b"%" in key or b"+" in key) and unquote_to_bytes(key.replace(b"+", b" ")) == name):
            found.append(value)
    return found


def parameter_text(value: bytes) -> str:
    """A raw value as text, percent-encoding undone, a plus a blank."""
    return unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace")


def _bearer(proof: Bearer) -> HeadProof:
    secrets = _spellings(proof.token)

    def fits(headers: Headers, _query: bytes) -> bool:
        given = headers.get(_AUTHORIZATION)
        if given is None or given[:7].lower() != b"bearer ":
            return False
        return _is_one_of(secrets, given[7:].strip(b" \t"))

    return fits


def _basic(proof: Basic) -> HeadProof:
    # As they are sent, so that nothing has to be decoded. Some senders leave the padding out.
    secrets = [b64encode(each).rstrip(b"=") for each in _spellings(proof.password, prefix=proof.username + ":")]

    def fits(headers: Headers, _query: bytes) -> bool:
        given = headers.get(_AUTHORIZATION)
        if given is None or given[:6].lower() != b"basic ":
            return False
        return _is_one_of(secrets, given[6:].strip(b" \t").rstrip(b"="))

    return fits


def _static_header(proof: Header) -> HeadProof:
    secrets, name = _spellings(proof.value), _header_name(proof.name)

    def fits(headers: Headers, _query: bytes) -> bool:
        given = headers.get(name)
        return given is not None and _is_one_of(secrets, given.strip(b" \t"))

    return fits


def _parameter(proof: Query) -> HeadProof:
    secrets, name = _spellings(proof.value), proof.parameter.encode()

    def fits(_headers: Headers, query: bytes) -> bool:
        given = parameter_values(query, name)
        if len(given) != 1:
            return False
        # A plus is a space to a form and itself to a URL; senders do either.
        as_url = _is_one_of(secrets, unquote_to_bytes(given[0]))
        return as_url | _is_one_of(secrets, unquote_to_bytes(given[0].replace(b"+", b" ")))

    return fits


def _signature(proof: Hmac) -> BodyProof:
    secrets = [secret.encode() for secret in _live(proof.secret)]
    name, digest, prefix = _header_name(proof.header), proof.digest, proof.prefix.encode()
    decode = _DECODERS[proof.encoding]

    def fits(headers: Headers, body: bytes) -> bool:
        given = headers.get(name)
        if given is None or not given.startswith(prefix):
            return False
        signature = decode(given[len(prefix) :])
        if not signature:
            return False
        return _is_one_of([hmac.digest(secret, body, digest) for secret in secrets], signature)

    return fits


def _standard_webhooks(proof: StandardWebhooks, clock: Clock) -> BodyProof:
    """By https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""
    secrets = [_standard_key(secret) for secret in _live(proof.secret)]

    def fits(headers: Headers, body: bytes) -> bool:
        message_id, timestamp, signatures = (headers.get(name) for name in _SIGNED)
        if not message_id or not timestamp or not signatures or not timestamp.isdigit() or len(timestamp) > 15:  # noqa: PLR2004
            return False
        if abs(clock() - int(timestamp) * SECOND) > TOLERANCE:
            return False
        signed = b"%b.%b.%b" % (message_id, timestamp, body)
        expected = [hmac.digest(secret, signed, "sha256") for secret in secrets]
        is_signed = False
        for signature in signatures.split(maxsplit=MOST_SIGNATURES)[:MOST_SIGNATURES]:
            version, _, encoded = signature.partition(b",")
            given = _from_base64(encoded) if version == b"v1" else None
            is_signed |= given is not None and _is_one_of(expected, given)
        return is_signed

    return fits


def _public_key(proof: PublicKey) -> BodyProof:
    from gateway.config.keys import signs_with  # noqa: PLC0415 - slow to load, and few sources have one

    keys = [signs_with(proof.algorithm, key) for key in _live(proof.key)]
    name, decode = _header_name(proof.header), _DECODERS[proof.encoding]

    def fits(headers: Headers, body: bytes) -> bool:
        signature = decode(headers.get(name) or b"")
        if not signature:
            return False
        is_signed = False
        for signs in keys:
            is_signed |= signs(signature, body)
        return is_signed

    return fits


def _is_one_of(secrets: list[bytes], given: bytes) -> bool:
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(secret, given)
    return found


def _live(secrets: Any) -> list[str]:
    live = [secrets] if isinstance(secrets, str) else list(secrets)
    if not live or not all(live):
        raise ValueError("an empty secret proves nothing")
    return live


def _spellings(secrets: Any, prefix: str = "") -> list[bytes]:
    """The bytes of each secret: UTF-8, and Latin-1 where that differs, since HTTP never settled which."""
    spelt = []
    for secret in _live(secrets):
        text = prefix + secret
        spelt.append(text.encode())
        if not text.isascii():
            latin = text.encode("latin-1", "ignore")
            spelt += [latin] if latin.decode("latin-1") == text else []
    return spelt


def _standard_key(secret: str) -> bytes:
    key = _from_base64(secret.removeprefix("whsec_").encode())
    if not key:
        raise ValueError("expected a base64 secret, perhaps behind whsec_")
    return key


def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _from_base64(text: bytes) -> bytes | None:
    try:
        # Some senders leave the padding out.
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _from_hex(text: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        return None


_DECODERS: Final[Mapping[str, Callable[[bytes], bytes | None]]] = {"base64": _from_base64, "hex": _from_hex}
