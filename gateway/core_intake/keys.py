"""Secrets: those that are only checked are kept as hashes, those that must be sent again are derived from a key."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gateway.errors import ConfigError, Fault

_KEY_BYTES = 32


def new_secret() -> str:
    """A secret to be shown once."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str | bytes) -> bytes:
    """The sha256 of a secret: what the database holds of it."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


def bearer_of(authorizations: Sequence[bytes]) -> bytes | None:
    """The token of a request's `Authorization` values; none where there is not exactly one or it is no bearer."""
    if len(authorizations) != 1:
        return None
    scheme, _, token = authorizations[0].partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else None


def bearer_among(tokens: Mapping[str, str]) -> Callable[[bytes], str | None]:
    """A function from a token to its name here, or None; each is compared, in constant time."""
    hashes = [(name, hash_secret(token)) for name, token in tokens.items() if token]

    def bearer(token: bytes) -> str | None:
        given = hash_secret(token)
        fitting = [name for name, known in hashes if hmac.compare_digest(given, known)]
        return fitting[0] if fitting else None

    return bearer


class PullKey:
    """The key from which the pull endpoints' secrets are derived."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def secret_of(self, endpoint_id: str, generation: int) -> str:
        """The secret of an endpoint: always the same for the same generation, and never stored."""
        digest = hmac.digest(self._key, f"{endpoint_id}:{generation}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @classmethod
    def kept_in(cls, path: Path) -> "PullKey":
        """The key in the file, made on the first call, mode 0600. Raises ConfigError where the file holds no key."""
        if not path.exists():
            _write_key(path)
        path.chmod(0o600)
        key = path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise ConfigError([Fault(str(path), "", f"holds no key of {_KEY_BYTES} bytes: restore it from a backup")])
        return cls(key)


def _write_key(path: Path) -> None:
    # Under another name first: a crash in the middle leaves no half a key.
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
