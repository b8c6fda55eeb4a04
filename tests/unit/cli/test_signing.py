"""The credentials that `gateway send` makes are those that a vendor would send."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from adapters import Secret
from gateway.config.proofs import Basic, Bearer, Header, Hmac, PublicKey, Query, StandardWebhooks
from gateway.workshop.signing import can_be_proven, credentials_of, proof_of

BODY = '{"id": "é"}'.encode()


def now() -> float:
    return 1_700_000_000.9


@pytest.mark.parametrize(
    ("proof", "headers", "parameters"),
    [
        (Bearer(token=Secret("t")), {"Authorization": "Bearer t"}, {}),
        (Bearer(token=[Secret("new"), Secret("old")]), {"Authorization": "Bearer new"}, {}),
        (Basic(username="u", password=Secret("p:w")), {"Authorization": "Basic dTpwOnc="}, {}),
        (Header(name="X-Auth-Token", value=Secret("v")), {"X-Auth-Token": "v"}, {}),
        (Query(parameter="token", value=Secret("v")), {}, {"token": "v"}),
    ],
)
def test_static_credentials_are_sent_as_they_are(proof, headers, parameters):
    """The first of several secrets is sent, in the place where the source looks for it."""
    made = credentials_of(proof, BODY, now)

    assert (made.headers, made.parameters) == (headers, parameters)


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_an_hmac_signs_the_raw_body(digest):
    """The signature is the HMAC of the bytes, encoded and prefixed as configured."""
    expected = hmac.new(b"key", BODY, getattr(hashlib, digest))
    in_hex = Hmac(header="X-Sig", secret=Secret("key"), digest=digest, encoding="hex", prefix="v=")
    in_base64 = Hmac(header="X-Sig", secret=Secret("key"), digest=digest)

    assert credentials_of(in_hex, BODY, now).headers == {"X-Sig": "v=" + expected.hexdigest()}
    assert credentials_of(in_base64, BODY, now).headers == {"X-Sig": base64.b64encode(expected.digest()).decode()}


def test_standard_webhooks_are_signed_as_the_oracle_does():
    """The reference implementation makes the same signature of the same id, time and body."""
    secret = "whsec_" + base64.b64encode(b"a secret of some length").decode()

    headers = credentials_of(StandardWebhooks(secret=Secret(secret)), BODY, now).headers
    oracle = Webhook(secret).sign(headers["webhook-id"], datetime.fromtimestamp(1_700_000_000, UTC), BODY.decode())

    assert (headers["webhook-timestamp"], headers["webhook-signature"]) == ("1700000000", oracle)


def test_a_key_that_is_no_base64_is_said_so():
    """A Standard Webhooks secret that cannot be read is a ValueError with words."""
    with pytest.raises(ValueError, match="not base64"):
        credentials_of(StandardWebhooks(secret=Secret("whsec_!!")), BODY, now)


def test_a_vendor_s_private_key_is_not_here():
    """Of a signature that only the vendor can make it is said so."""
    keyed = PublicKey(algorithm="ed25519", header="X-Sig", key=Secret("any"))

    with pytest.raises(ValueError, match="the vendor's private key, which is not here"):
        proof_of([keyed], BODY, now)
    assert not can_be_proven([keyed])


def test_the_first_proof_that_can_be_made_is_made():
    """Of several kinds the one that needs nobody else's key; where nothing is asked for, nothing."""
    keyed = PublicKey(algorithm="ed25519", header="X-Sig", key=Secret("any"))

    assert proof_of([keyed, Bearer(token=Secret("t"))], BODY, now).headers == {"Authorization": "Bearer t"}
    assert proof_of("none", BODY, now).headers == {}
    assert can_be_proven([keyed, Bearer(token=Secret("t"))])
