"""What the authentication of every source owes, for every kind of proof."""

import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from gateway.config.proofs import Basic, Bearer, Header, Hmac, Proof, PublicKey, Query, StandardWebhooks
from gateway.events import SECOND
from gateway.ingress.verify import MOST_SIGNATURES, Proofs, compile_proofs

NOW = 1_700_000_000
BODY = '{"id":"1","text":"é"}'.encode()

Request = tuple[dict[bytes, bytes | None], bytes]
"""Watched headers and query string."""


class Kind:
    """One kind of proof: how it is configured with secrets, and how a sender that knows a secret writes it."""

    def __init__(self, configure: Callable[[Any], Proof], write: Callable[[str, bytes], Request], where: bytes) -> None:
        self.configure = configure
        self.write = write
        self.where = where

    def proofs(self, secrets: Any) -> Proofs:
        return compile_proofs([self.configure(secrets)], lambda: NOW * SECOND)


def write_basic(secret: str, _body: bytes) -> Request:
    return {b"authorization": b"Basic " + base64.b64encode(f"user:{secret}".encode())}, b""


def hmac_kind(digest: Any, encoding: Any, prefix: str) -> Kind:
    def write(secret: str, body: bytes) -> Request:
        signature = hmac.new(secret.encode(), body, getattr(hashlib, digest)).digest()
        text = base64.b64encode(signature) if encoding == "base64" else signature.hex().encode()
        return {b"x-signature": prefix.encode() + text}, b""

    def configure(secrets: Any) -> Proof:
        return Hmac(header="X-Signature", secret=secrets, digest=digest, encoding=encoding, prefix=prefix)

    return Kind(configure, write, b"x-signature")


def standard_key(secret: str) -> str:
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def write_standard(secret: str, body: bytes, at: int = NOW, message_id: str = "msg_1") -> Request:
    """As the reference implementation signs."""
    signature = Webhook(standard_key(secret)).sign(message_id, datetime.fromtimestamp(at, UTC), body.decode())
    return {
        b"webhook-id": message_id.encode(),
        b"webhook-timestamp": str(at).encode(),
        b"webhook-signature": signature.encode(),
    }, b""


def configure_standard(secrets: Any) -> Proof:
    listed = [secrets] if isinstance(secrets, str) else secrets
    return StandardWebhooks(secret=[standard_key(each) if each else "" for each in listed])


MAKE: dict[str, Callable[[], Any]] = {
    "rsa-sha256": lambda: rsa.generate_private_key(65537, 2048),
    "ecdsa-sha256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
HOW: dict[str, tuple[Any, ...]] = {
    "rsa-sha256": (padding.PKCS1v15(), hashes.SHA256()),
    "ecdsa-sha256": (ec.ECDSA(hashes.SHA256()),),
    "ed25519": (),
}


@functools.cache
def private_key(algorithm: str, name: str) -> Any:
    """A vendor's key, made once a run for each name."""
    return MAKE[algorithm]()


def pem(private: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(private.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def public_kind(algorithm: Any, encoding: Any) -> Kind:
    def write(secret: str, body: bytes) -> Request:
        signature = private_key(algorithm, secret).sign(body, *HOW[algorithm])
        return {b"x-signature": base64.b64encode(signature) if encoding == "base64" else signature.hex().encode()}, b""

    def configure(secrets: Any) -> Proof:
        listed = [secrets] if isinstance(secrets, str) else secrets
        keys = [pem(private_key(algorithm, each)) if each else "" for each in listed]
        return PublicKey(algorithm=algorithm, header="X-Signature", key=keys, encoding=encoding)

    return Kind(configure, write, b"x-signature")


KINDS = {
    "bearer": Kind(
        lambda secrets: Bearer(token=secrets),
        lambda secret, _: ({b"authorization": b"Bearer " + secret.encode()}, b""),
        b"authorization",
    ),
    "basic": Kind(lambda secrets: Basic(username="user", password=secrets), write_basic, b"authorization"),
    "header": Kind(
        lambda secrets: Header(name="X-Auth-Token", value=secrets),
        lambda secret, _: ({b"x-auth-token": secret.encode()}, b""),
        b"x-auth-token",
    ),
    "query": Kind(
        lambda secrets: Query(parameter="token", value=secrets),
        lambda secret, _: ({}, b"a=b&token=" + "".join(f"%{byte:02x}" for byte in secret.encode()).encode()),
        b"",
    ),
    "hmac-sha256-base64": hmac_kind("sha256", "base64", ""),
    "hmac-sha256-hex-prefix": hmac_kind("sha256", "hex", "sha256="),
    "hmac-sha1-hex": hmac_kind("sha1", "hex", ""),
    "hmac-sha512-base64": hmac_kind("sha512", "base64", "v1="),
    "standard_webhooks": Kind(configure_standard, write_standard, b"webhook-signature"),
    "public_key-rsa": public_kind("rsa-sha256", "base64"),
    "public_key-ecdsa-hex": public_kind("ecdsa-sha256", "hex"),
    "public_key-ed25519": public_kind("ed25519", "base64"),
}
SIGNED = [name for name in KINDS if name.startswith(("hmac", "standard", "public"))]


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def fits(proofs: Proofs, request: Request, body: bytes = BODY) -> bool:
    headers, query = request
    return proofs.fit_head(headers, query) or proofs.fit_body(headers, body)


def test_a_good_credential_fits(kind: Kind) -> None:
    """Who knows the secret gets in."""
    assert fits(kind.proofs("s3cret"), kind.write("s3cret", BODY))


@pytest.mark.parametrize("wrong", ["S3cret", "s3cre", "s3crett", " ", "", "é", "s3cret, s3cret"])
def test_a_bad_credential_does_not(kind: Kind, wrong: str) -> None:
    """Another secret, a part of it, more than it, an empty one: none gets in."""
    assert not fits(kind.proofs("s3cret"), kind.write(wrong, BODY) if wrong else empty(kind))


def test_a_missing_credential_does_not(kind: Kind) -> None:
    """Nothing at all gets nobody in."""
    assert not fits(kind.proofs("s3cret"), ({}, b""))


def test_rotated_secrets_fit_both(kind: Kind) -> None:
    """While a secret is rotated the old and the new one fit, and no third."""
    proofs = kind.proofs(["old-one", "new-one"])

    assert fits(proofs, kind.write("old-one", BODY))
    assert fits(proofs, kind.write("new-one", BODY))
    assert not fits(proofs, kind.write("third", BODY))


@pytest.mark.parametrize("secrets", ["", [], ["good", ""]])
def test_an_empty_secret_is_refused_at_the_start(kind: Kind, secrets: Any) -> None:
    """It would prove nothing."""
    with pytest.raises(ValueError, match=r"secret|base64"):
        kind.proofs(secrets)


def test_a_secret_beyond_ascii_fits(kind: Kind) -> None:
    """Secrets are compared as bytes; UTF-8 is understood everywhere."""
    proofs = kind.proofs("sécrèt-ø")

    assert fits(proofs, kind.write("sécrèt-ø", BODY))
    assert not fits(proofs, kind.write("secret-o", BODY))


def test_bytes_that_are_no_text_do_no_harm(kind: Kind) -> None:
    """Any bytes in the credential's place are a wrong credential and never an error."""
    for junk in (b"\xff\xfe", b"Bearer \xff", b"Basic \xff", b"Basic !!!!", b"Basic ", b"v1,\xff v2, ,", b"=" * 9):
        headers = {**kind.write("s3cret", BODY)[0], kind.where: junk}

        assert not fits(kind.proofs("s3cret"), (headers, b"token=%ff%zz&&=&token"))


def test_what_came_twice_is_wrong(kind: Kind) -> None:
    """The rim marks a watched header that came again as None; a parameter that came again is seen here."""
    headers, query = kind.write("s3cret", BODY)
    twice = ({**headers, kind.where: None}, query + b"&token=s3cret" if query else b"")

    assert not fits(kind.proofs("s3cret"), twice)


def test_secrets_are_hidden_from_the_hook(kind: Kind) -> None:
    """What holds a credential is named, so that it is never stored."""
    proofs = kind.proofs("s3cret")

    assert kind.where in proofs.hides or "token" in proofs.hidden_parameters
    assert b"authorization" in proofs.hides


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_over_other_bytes_does_not_fit(name: str) -> None:
    """Not one byte may differ, be it only re-serialised."""
    proofs, request = KINDS[name].proofs("s3cret"), KINDS[name].write("s3cret", BODY)

    assert not fits(proofs, request, BODY + b" ")
    assert not fits(proofs, request, json.dumps(json.loads(BODY)).encode())
    assert not fits(proofs, request, b"")


@pytest.mark.parametrize("name", SIGNED)
def test_the_secret_itself_is_no_signature(name: str) -> None:
    """Who sends the secret, or an empty or cut signature, where a signature stands does not get in."""
    kind = KINDS[name]
    headers = kind.write("s3cret", BODY)[0]
    signature = headers[kind.where] or b""
    for forged in (b"s3cret", b"", signature[:-8], b"sha256=", b"v1,", b"v1=", signature.swapcase() + b"0"):
        assert not fits(kind.proofs("s3cret"), ({**headers, kind.where: forged}, b""))


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_does_not_serve_where_a_secret_is_asked_for(name: str) -> None:
    """And the reverse: each kind looks at its own place."""
    request = KINDS[name].write("s3cret", BODY)
    for other in ("bearer", "basic", "header", "query"):
        assert not fits(KINDS[other].proofs("s3cret"), request)
        assert not fits(KINDS[name].proofs("s3cret"), KINDS[other].write("s3cret", BODY))


def test_any_one_of_several_proofs_lets_in() -> None:
    """A source may ask for one of several kinds."""
    proofs = compile_proofs([KINDS[name].configure("s3cret") for name in ("basic", "hmac-sha256-base64")], lambda: 0)

    assert fits(proofs, KINDS["basic"].write("s3cret", BODY))
    assert fits(proofs, KINDS["hmac-sha256-base64"].write("s3cret", BODY))
    assert not fits(proofs, KINDS["bearer"].write("s3cret", BODY))


def test_without_proofs_nobody_gets_in_unless_it_is_said() -> None:
    """`auth: none` lets everyone in; an empty list stops the start."""
    assert fits(compile_proofs("none", lambda: 0), ({}, b""))
    with pytest.raises(ValueError, match="no proof"):
        compile_proofs([], lambda: 0)


@pytest.mark.parametrize("scheme", [b"bearer", b"BEARER", b"Bearer "])
def test_schemes_are_read_in_any_case(scheme: bytes) -> None:
    """RFC 9110: the scheme is case-insensitive."""
    assert fits(KINDS["bearer"].proofs("s3cret"), ({b"authorization": scheme + b" s3cret"}, b""))


def test_basic_without_padding_and_in_latin_1_fits() -> None:
    """RFC 7617 left the charset open, and some senders leave the padding out."""
    credentials = base64.b64encode("user:sécret!".encode("latin-1")).rstrip(b"=")

    assert fits(KINDS["basic"].proofs("sécret!"), ({b"authorization": b"Basic " + credentials}, b""))


def test_basic_needs_the_user_too() -> None:
    """The right password of another user is wrong."""
    other = {b"authorization": b"Basic " + base64.b64encode(b"root:s3cret")}

    assert not fits(KINDS["basic"].proofs("s3cret"), (other, b""))


@pytest.mark.parametrize("query", [b"token=a+b/c%3D", b"token=a%2Bb%2Fc=", b"%74oken=a+b/c=", b"x&token=a+b/c=&y=1"])
def test_a_query_token_fits_however_it_is_encoded(query: bytes) -> None:
    """A plus may be itself; percent-encoding is undone, in the name too."""
    assert fits(KINDS["query"].proofs("a+b/c="), ({}, query))


def test_a_plus_may_be_a_space() -> None:
    """As forms write it."""
    assert fits(KINDS["query"].proofs("a b"), ({}, b"token=a+b"))


@pytest.mark.parametrize("skew", [-300, -299, 0, 299, 300])
def test_standard_webhooks_within_the_tolerance(skew: int) -> None:
    """300 seconds either way."""
    assert fits(KINDS["standard_webhooks"].proofs("s3cret"), write_standard("s3cret", BODY, NOW + skew))


@pytest.mark.parametrize("skew", [-301, 301, -86400])
def test_standard_webhooks_outside_the_tolerance(skew: int) -> None:
    """Older or newer is a replay, or a clock that is wrong."""
    assert not fits(KINDS["standard_webhooks"].proofs("s3cret"), write_standard("s3cret", BODY, NOW + skew))


@pytest.mark.parametrize("name", [b"webhook-id", b"webhook-timestamp", b"webhook-signature"])
@pytest.mark.parametrize("junk", [None, b"", b"x", b"-1", b"1e9", b"9" * 400, "\u0661".encode()])
def test_standard_webhooks_need_all_three_headers(name: bytes, junk: bytes | None) -> None:
    """One that is missing or junk lets nobody in."""
    headers, query = write_standard("s3cret", BODY)

    assert not fits(KINDS["standard_webhooks"].proofs("s3cret"), ({**headers, name: junk}, query))


def test_standard_webhooks_with_several_signatures() -> None:
    """Any one in the header fits, whatever other versions stand beside it."""
    headers, _ = write_standard("s3cret", BODY)
    good = headers[b"webhook-signature"] or b""
    other = write_standard("other", BODY)[0][b"webhook-signature"] or b""
    proofs = KINDS["standard_webhooks"].proofs("s3cret")

    assert fits(proofs, ({**headers, b"webhook-signature": b"v1a,abc " + other + b" " + good}, b""))
    assert not fits(proofs, ({**headers, b"webhook-signature": b"v2" + good[2:] + b" " + other}, b""))


@pytest.mark.parametrize(("others", "is_heard"), [(MOST_SIGNATURES - 1, True), (MOST_SIGNATURES, False)])
def test_standard_webhooks_with_more_signatures_than_a_rotation_has(others: int, *, is_heard: bool) -> None:
    """Anybody may fill a header with them: so many are compared, and no more."""
    headers, query = write_standard("s3cret", BODY)
    signatures = b"v1,QUFB " * others + (headers[b"webhook-signature"] or b"")

    request = ({**headers, b"webhook-signature": signatures}, query)
    assert fits(KINDS["standard_webhooks"].proofs("s3cret"), request) is is_heard


@pytest.mark.parametrize("tamper", ["nothing", "body", "id", "signature", "secret"])
def test_standard_webhooks_agree_with_the_reference(tamper: str) -> None:
    """Our verdict is the reference implementation's, on what it signed and on what was tampered with."""
    at = int(datetime.now(UTC).timestamp())
    headers, _ = write_standard("other" if tamper == "secret" else "s3cret", BODY, at)
    body = BODY + b" " if tamper == "body" else BODY
    if tamper == "id":
        headers[b"webhook-id"] = b"msg_2"
    if tamper == "signature":
        headers[b"webhook-signature"] = b"v1," + base64.b64encode(bytes(32))
    texts = {name.decode(): (value or b"").decode() for name, value in headers.items()}
    try:
        Webhook(standard_key("s3cret")).verify(body, texts)
        is_good = True
    except WebhookVerificationError:
        is_good = False
    ours = compile_proofs([StandardWebhooks(secret=standard_key("s3cret"))], lambda: at * SECOND)

    assert fits(ours, (headers, b""), body) is is_good
    assert is_good is (tamper == "nothing")


@pytest.mark.parametrize("secret", ["not base64!", "whsec_", "whsec_***"])
def test_a_standard_secret_of_another_form_is_refused_at_the_start(secret: str) -> None:
    """It could never fit."""
    with pytest.raises(ValueError, match="base64"):
        compile_proofs([StandardWebhooks(secret=secret)], lambda: 0)


def test_a_known_signature_fits() -> None:
    """RFC 8032, 7.1, TEST 2: a signature that no code of ours or of our tests made."""
    key = bytes.fromhex("302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    text = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(key).decode()}\n-----END PUBLIC KEY-----\n"
    signature = (
        b"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        b"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    proof = PublicKey(algorithm="ed25519", header="X-Signature", key=text, encoding="hex")

    assert fits(compile_proofs([proof], lambda: 0), ({b"x-signature": signature}, b""), b"\x72")
    assert not fits(compile_proofs([proof], lambda: 0), ({b"x-signature": signature}, b""), b"\x73")


@pytest.mark.parametrize("algorithm", list(MAKE))
@pytest.mark.parametrize("spelling", [str.strip, lambda text: f"\n{text}\n\n", lambda text: text.replace("\n", "\r\n")])
def test_a_public_key_fits_however_its_lines_end(algorithm: Any, spelling: Callable[[str], str]) -> None:
    """A file, a variable and a block of YAML end their lines differently."""
    key = private_key(algorithm, "s3cret")
    proof = PublicKey(algorithm=algorithm, header="X-Signature", key=spelling(pem(key)))
    signature = base64.b64encode(key.sign(BODY, *HOW[algorithm]))

    assert fits(compile_proofs([proof], lambda: 0), ({b"x-signature": signature}, b""))


def no_spki(private: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
    return str(private.public_key().public_bytes(encoding, form).decode())


def in_private(private: Any) -> str:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(private.private_bytes(serialization.Encoding.PEM, form, plain).decode())


@pytest.mark.parametrize(
    ("algorithm", "key", "told"),
    [
        ("ed25519", lambda: "nonsense", "expected one public key in PEM"),
        ("ed25519", lambda: pem(private_key("ed25519", "a")) + pem(private_key("ed25519", "b")), "expected one public"),
        ("ed25519", lambda: pem(private_key("ed25519", "a")).replace("M", "A"), "no public key that can be read"),
        ("ed25519", lambda: in_private(private_key("ed25519", "a")), "a private key"),
        ("rsa-sha256", lambda: no_spki(private_key("rsa-sha256", "s3cret")), "expected one public key in PEM"),
        ("rsa-sha256", lambda: pem(rsa.generate_private_key(65537, 1024)), "1024 bits is too short"),
        ("ecdsa-sha256", lambda: pem(ec.generate_private_key(ec.SECP224R1())), "224 bits is too short"),
        ("rsa-sha256", lambda: pem(private_key("ed25519", "a")), "takes an RSA key"),
        ("rsa-sha256", lambda: pem(dsa.generate_private_key(2048)), "takes an RSA key"),
        ("ecdsa-sha256", lambda: pem(private_key("rsa-sha256", "s3cret")), "takes a key on an elliptic curve"),
        ("ed25519", lambda: pem(private_key("ecdsa-sha256", "s3cret")), "takes an Ed25519 key"),
    ],
)
def test_a_public_key_that_cannot_serve_is_refused_at_the_start(
    algorithm: Any, key: Callable[[], str], told: str
) -> None:
    """It is said what is wrong, and never the key."""
    text = key()
    proof = PublicKey(algorithm=algorithm, header="X-Signature", key=[pem(MAKE[algorithm]()), text])

    with pytest.raises(ValueError, match=told) as caught:
        compile_proofs([proof], lambda: 0)
    assert not any(line in str(caught.value) for line in text.splitlines() if len(line) > 30)


def empty(kind: Kind) -> Request:
    headers, query = kind.write("s3cret", BODY)
    return {**headers, kind.where: b""}, b"token=" if query else b""
