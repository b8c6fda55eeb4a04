"""A source's own credentials, as the vendor would send them."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from adapters import Secret
from gateway.config.proofs import Basic, Bearer, Header, Hmac, Proof, PublicKey, Query, StandardWebhooks


class Credentials(msgspec.Struct, frozen=True):
    """What proves one request: headers and query parameters."""

    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}


def can_be_proven(auth: Sequence[Proof] | Literal["none"]) -> bool:
    """Whether the secrets of this `auth` suffice to send as the vendor: public keys do not."""
    return auth == "none" or not all(isinstance(proof, PublicKey) for proof in auth)


def proof_of(auth: Sequence[Proof] | Literal["none"], body: bytes, now: Callable[[], float]) -> Credentials:
    """By the first of these proofs that can be made. Raises ValueError where none can."""
    if auth == "none":
        return Credentials()
    return credentials_of(next((proof for proof in auth if can_be_proven([proof])), auth[0]), body, now)


def credentials_of(proof: Proof, body: bytes, now: Callable[[], float]) -> Credentials:
    """What proves a request with this body; `now` gives seconds since 1970. Raises ValueError where nothing can."""
    match proof:
        case Bearer():
            return Credentials({"Authorization": f"Bearer {_first(proof.token)}"})
        case Basic():
            pair = f"{proof.username}:{_first(proof.password)}".encode()
            return Credentials({"Authorization": "Basic " + base64.b64encode(pair).decode()})
        case Header():
            return Credentials({proof.name: _first(proof.value)})
        case Query():
            return Credentials(parameters={proof.parameter: _first(proof.value)})
        case Hmac():
            digest = hmac.digest(_first(proof.secret).encode(), body, proof.digest)
            signature = digest.hex() if proof.encoding == "hex" else base64.b64encode(digest).decode()
            return Credentials({proof.header: proof.prefix + signature})
        case StandardWebhooks():
            return _standard_webhooks(_first(proof.secret), body, int(now()))
        case PublicKey():
            raise ValueError("the source asks for a signature by the vendor's private key, which is not here")


def _standard_webhooks(secret: str, body: bytes, timestamp: int) -> Credentials:
    """By https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise ValueError("the secret is not base64") from None
    identity = f"msg_{secrets.token_hex(12)}"
    signature = hmac.digest(key, f"{identity}.{timestamp}.".encode() + body, "sha256")
    return Credentials(
        {
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": "v1," + base64.b64encode(signature).decode(),
        }
    )


def _first(secret: Secret | list[Secret]) -> str:
    """The newest of a list of secrets: the first."""
    return secret if isinstance(secret, str) else secret[0]
