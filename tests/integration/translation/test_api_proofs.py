"""What proves us at a vendor's API."""

import base64

import pytest

from adapters import Api, Bearer, Credentials, HeaderCredential, Secret
from gateway.events import SECOND, StoredLookup
from gateway.lookups.vendor_api import VendorApi
from tests import warehouses

NOW = 1_750_000_000 * SECOND
SECRET = Secret("a-secret-of-some-length")
BASIC = "Basic " + base64.b64encode(f"trackely:{SECRET}".encode()).decode()


async def asked(turn="", **api):
    """What a vendor's API that tells every header was asked with, and its answer as it would be stored."""

    def tell(request):
        request.say(
            200, str(sorted(request.headers.items())).replace("'", '"').replace("(", "[").replace(")", "]").encode()
        )

    with warehouses.VendorApi(tell) as vendor:
        fetch = VendorApi({"acme": Api(base_url=vendor.url, **api)}, clock=lambda: NOW)
        try:
            answer = await fetch("acme", StoredLookup("orders/1", turn, {}, best_effort=False))
        finally:
            await fetch.close()
        return vendor.asked[0].headers, answer.body


@pytest.mark.parametrize(
    ("credentials", "header", "said"),
    [
        (Credentials("trackely", SECRET), "authorization", BASIC),
        (Bearer(SECRET), "authorization", f"Bearer {SECRET}"),
        (HeaderCredential("X-Auth-Token", SECRET), "x-auth-token", str(SECRET)),
    ],
)
async def test_each_kind_of_proof_is_sent_and_struck_out(credentials, header, said):
    """Basic, Bearer or a header of the vendor's own; an answer that tells it again is stored without it."""
    headers, body = await asked(credentials=credentials)

    assert headers[header] == said
    assert [name for name in ("authorization", "x-auth-token") if name in headers] == [header]
    assert str(SECRET).encode() not in body
    assert said.partition(" ")[2].encode() not in body or header == "x-auth-token"


async def test_each_turn_has_a_proof_of_its_own():
    """Whatever its kind."""
    turns = {"74": Bearer(SECRET), "75": HeaderCredential("X-Key", SECRET)}

    assert (await asked("74", turns=turns))[0]["authorization"] == f"Bearer {SECRET}"
    assert (await asked("75", turns=turns))[0]["x-key"] == str(SECRET)


async def test_without_credentials_nothing_is_proven():
    """No header of ours says who we are."""
    headers, _ = await asked()

    assert "authorization" not in headers
