"""How a source proves itself: each kind's keys, and what of them could never match a request."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from adapters import Secret
from gateway.config.nodes import KeyPath
from gateway.config.section import Section

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Bearer(Section, frozen=True, tag="bearer"):
    """`Authorization: Bearer <token>`."""

    token: Secret | list[Secret]


class Basic(Section, frozen=True, tag="basic"):
    """HTTP Basic."""

    username: str
    password: Secret | list[Secret]


class Header(Section, frozen=True, tag="header"):
    """A static header."""

    name: str
    value: Secret | list[Secret]


class Query(Section, frozen=True, tag="query"):
    """A static query parameter."""

    parameter: str
    value: Secret | list[Secret]


class Hmac(Section, frozen=True, tag="hmac"):
    """A signature over the raw body in a header."""

    header: str
    secret: Secret | list[Secret]
    digest: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["base64", "hex"] = "base64"
    prefix: str = ""


class StandardWebhooks(Section, frozen=True, tag="standard_webhooks"):
    """Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`, 300 s of tolerance."""

    secret: Secret | list[Secret]


class PublicKey(Section, frozen=True, tag="public_key"):
    """A signature over the raw body by a vendor that shows its public key, in PEM; it rotates as a secret does."""

    algorithm: Literal["rsa-sha256", "ecdsa-sha256", "ed25519"]
    header: str
    key: Secret | list[Secret]
    encoding: Literal["base64", "hex"] = "base64"


Proof: TypeAlias = Bearer | Basic | Header | Query | Hmac | StandardWebhooks | PublicKey


def faults_of_proof(proof: object) -> Iterable[tuple[KeyPath, str]]:
    """The key and the fault of what could never match a request."""
    header = "expected the name of a header"
    if isinstance(proof, Header) and not _HEADER_NAME.fullmatch(proof.name):
        yield ("name",), header
    if isinstance(proof, Hmac | PublicKey) and not _HEADER_NAME.fullmatch(proof.header):
        yield ("header",), header
    if isinstance(proof, Query) and not proof.parameter:
        yield ("parameter",), "expected the name of a query parameter"
    if isinstance(proof, Basic) and ":" in proof.username:
        yield ("username",), "a user name may not hold a colon: HTTP Basic cannot carry it"
    if isinstance(proof, StandardWebhooks):
        secrets = proof.secret if isinstance(proof.secret, list) else [proof.secret]
        if not all(_is_base64(secret.removeprefix("whsec_")) for secret in secrets):
            yield ("secret",), "expected base64, perhaps behind whsec_"
    if isinstance(proof, Bearer):
        yield from faults_of_secrets(("token",), proof.token, fault_of_carried)
    if isinstance(proof, Header):
        yield from faults_of_secrets(("value",), proof.value, fault_of_carried)
    if isinstance(proof, PublicKey):
        yield from faults_of_secrets(("key",), proof.key, lambda key: _fault_of_key(proof.algorithm, key))


def faults_of_secrets(
    key: KeyPath, secrets: Secret | list[Secret], fault_of: Callable[[str], str | None]
) -> Iterable[tuple[KeyPath, str]]:
    """The key and the fault of each of these secrets, be it one or a list of them, that has one."""
    for place, secret in enumerate([secrets] if isinstance(secrets, str) else secrets):
        fault = fault_of(str(secret))
        if fault is not None:
            yield key if isinstance(secrets, str) else (*key, place), fault


def fault_of_carried(secret: str) -> str | None:
    """Why no header can bring a secret as it stands, or None."""
    if secret == secret.strip(" \t") and not _CONTROL.search(secret):
        return None
    return "no header carries a blank at either end, nor a control character: as it stands nobody can show it"


def _fault_of_key(algorithm: str, key: str) -> str | None:
    from gateway.config.keys import signs_with  # noqa: PLC0415 - slow to load, and few sources have one

    try:
        signs_with(algorithm, key)
    except ValueError as error:
        return str(error)
    return None


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True))
    except ValueError:
        return False
