"""Public keys of senders: PEM (SubjectPublicKeyInfo), each fit for the algorithm that its source names."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

Signs: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether a signature is the key's own over these bytes."""

LEAST_RSA_BITS = 2048
LEAST_CURVE_BITS = 256

_KIND_OF: Final[Mapping[str, str]] = {
    "rsa-sha256": "an RSA key",
    "ecdsa-sha256": "a key on an elliptic curve",
    "ed25519": "an Ed25519 key",
}


def signs_with(algorithm: str, pem: str) -> Signs:
    """The check of signatures by one key. Raises ValueError for a key that is none, too weak or of another kind."""
    key = _key(pem.strip())
    match algorithm, key:
        case "rsa-sha256", RSAPublicKey(key_size=bits):
            if bits < LEAST_RSA_BITS:
                raise ValueError(f"an RSA key of {bits} bits is too short: expected {LEAST_RSA_BITS} at least")
            return _verdict(lambda signature, data: key.verify(signature, data, PKCS1v15(), SHA256()))
        case "ecdsa-sha256", EllipticCurvePublicKey(key_size=bits):
            if bits < LEAST_CURVE_BITS:
                raise ValueError(f"a curve of {bits} bits is too short: expected {LEAST_CURVE_BITS} at least")
            return _verdict(lambda signature, data: key.verify(signature, data, ECDSA(SHA256())))
        case "ed25519", Ed25519PublicKey():
            return _verdict(key.verify)
    raise ValueError(f"a key of another kind: {algorithm} takes {_KIND_OF[algorithm]}")


def _key(pem: str) -> PublicKeyTypes:
    if "PRIVATE KEY" in pem:
        raise ValueError("a private key: expected the public one, and whoever holds this one can sign")
    if not pem.startswith("-----BEGIN PUBLIC KEY-----") or pem.count("-----BEGIN") != 1:
        raise ValueError("expected one public key in PEM: -----BEGIN PUBLIC KEY-----")
    try:
        return load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("between its PEM lines stands no public key that can be read") from None


def _verdict(verify: Callable[[bytes, bytes], None]) -> Signs:
    def signs(signature: bytes, data: bytes) -> bool:
        try:
            verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return signs
