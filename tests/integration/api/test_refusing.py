"""Whom and what the operators' API turns away."""

import httpx
import msgspec
import pytest

from gateway.api import create_api
from gateway.errors import StoreUnavailable
from gateway.ground.failures import BURST

V1 = "/api/v1"
TOMORROW = "tomorrows-token"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/events?status=lost", None),
        ("GET", "/events?colour=red", None),
        ("GET", "/events?limit=1001", None),
        ("GET", "/events?limit=0", None),
        ("GET", "/events?limit=many", None),
        ("GET", "/events?cursor=nonsense", None),
        ("GET", "/events?since=yesterday", None),
        ("GET", "/events?since=2026-02-01T10:00:00", None),
        ("GET", "/events?source=a&source=b", None),
        ("GET", "/orders?status=lost", None),
        ("GET", "/orders?cursor=1", None),
        ("GET", "/dead-letters?kind=tenant", None),
        ("GET", "/dead-letters?cursor=1.2", None),
        ("GET", "/refusals?cursor=x", None),
        ("GET", "/stats?limit=1", None),
        ("GET", "/stream?status=lost", None),
        ("GET", "/stream?kind=order&status=translated", None),
        ("GET", "/stream?source=acme&tenant=demo", None),
        ("GET", "/stream?kind=order&source=acme", None),
        ("POST", "/events/replay", b""),
        ("POST", "/events/replay", b"{}"),
        ("POST", "/events/replay", b"not json"),
        ("POST", "/events/replay", b"\xff"),
        ("POST", "/events/replay", b"[" * 5000),
        ("POST", "/events/replay", b'{"filter": {}}'),
        ("POST", "/events/replay", b'{"filter": {"source": null}}'),
        ("POST", "/events/replay", b'{"filter": {"colour": "red"}}'),
        ("POST", "/events/replay", b'{"ids": ["1"], "filter": {"source": "acme"}}'),
        ("POST", "/events/replay", b'{"ids": [1]}'),
        ("POST", "/events/replay", b'{"ids": [], "dryrun": true}'),
        ("POST", "/events/replay?dryRun=perhaps", b'{"ids": []}'),
        ("POST", "/dead-letters/discard", b'{"filter": {}}'),
        ("POST", "/tenants/demo/halt", b'{"because": "x"}'),
        ("POST", "/tenants/demo/resume", b'{"reason": "x"}'),
        ("POST", "/prune", b'{"dryRun": true}'),
        ("POST", "/operations", b'{"kind": "promote", "of": "events", "ids": ["1"]}'),
        ("POST", "/orders/demo/A%2F2/erase", b"not json"),
    ],
)
async def test_what_cannot_be_meant_is_refused(api, calls, method, path, body):
    """A bad filter, cursor, limit or body is 400 with what was expected; nothing was done."""
    answer = await api.request(method, V1 + path, content=body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "detail"}
    assert calls.audit == []


async def test_the_detail_says_what_was_expected(api):
    """A wrong value is answered with the values that would do, a wrong name with the names."""
    value = (await api.get(V1 + "/dead-letters?kind=tenant")).json()["detail"]
    name = (await api.get(V1 + "/refusals?colour=red")).json()["detail"]

    assert value == "$.kind: invalid enum value 'tenant'; expected one of event, order"
    assert name == "object contains unknown field `colour`; expected one of cursor, format, limit, source"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/events/none", 404),
        ("GET", "/events/99999999999999999999", 404),
        ("GET", "/events/%00", 404),
        ("POST", "/events/12345/replay", 404),
        ("GET", "/orders/demo/none", 404),
        ("GET", "/orders/demo/%FF", 404),
        ("GET", "/nothing", 404),
        ("GET", "/events/", 404),
        ("DELETE", "/events", 405),
        ("POST", "/stats", 405),
        ("POST", "/sources/none/resume", 404),
    ],
)
async def test_what_is_not_there_is_said_in_json(api, method, path, status):
    """An unknown record or page is 404, a wrong method 405, always as JSON."""
    answer = await api.request(method, V1 + path)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail"}


async def test_bodies_are_bounded_json(api):
    """A body over 1 MiB is 413, one of another type or encoding 415."""
    large = await api.post(V1 + "/events/replay", content=b" " * (1024 * 1024 + 1))
    form = await api.post(V1 + "/events/replay", content=b"{}", headers={"Content-Type": "text/plain"})
    zipped = await api.post(V1 + "/events/replay", content=b"{}", headers={"Content-Encoding": "gzip"})

    assert (large.status_code, form.status_code, zipped.status_code) == (413, 415, 415)


@pytest.mark.parametrize("path", ["/events", "/nothing", "", "/orders/demo/A%2F1"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer wrong")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Basic administering-token")],
        [("Authorization", b"Bearer \xe4\xf6\xfc")],
        [("Authorization", "Bearer administering-token"), ("Authorization", "Bearer administering-token")],
    ],
)
async def test_without_a_valid_token_nothing_shows(doors, path, headers):
    """A missing, wrong, doubled or non-ASCII proof is the same 401 everywhere under /api/v1, existing or not."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_api(doors)), base_url="http://g") as client:
        answer = await client.get(V1 + path, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {"error": "unauthorized", "detail": "expected `Authorization: Bearer <token>`"}


async def test_roles_bound_what_a_token_may_do(api, doors):
    """A reading token may GET and nothing else; an operating one acts."""
    reading = {"Authorization": "Bearer reading-token"}
    operating = {"Authorization": "Bearer operating-token"}

    assert (await api.get(V1 + "/stats", headers=reading)).status_code == 200
    refused = await api.post(V1 + "/tenants/demo/halt", headers=reading)
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert doors.deliveries.states() == {}
    assert (await api.post(V1 + "/tenants/demo/halt", headers=operating)).status_code == 200
    assert (await api.get(V1 + "/audit", headers=operating)).status_code == 403


async def test_failed_proofs_are_limited_and_valid_ones_never(api, calls):
    """After so many failures an address gets 429 with Retry-After; a valid token from it still works.

    Each failure is on record with its address.
    """
    statuses = [
        (await api.get(V1 + "/stats", headers={"Authorization": "Bearer x"})).status_code for _ in range(BURST + 2)
    ]

    limited = await api.get(V1 + "/stats", headers={"Authorization": "Bearer x"})

    assert statuses == [401] * BURST + [429] * 2
    assert calls.turned_away == [(status, "operators_credentials", "127.0.0.1") for status in (*statuses, 429)]
    assert limited.headers["Retry-After"] == "1"
    assert (await api.get(V1 + "/stats")).status_code == 200


async def test_a_token_that_the_file_announces_counts_for_a_reload_alone(doors, calls):
    """Whoever changed the file's tokens may let them be taken over by the new one; an unknown one may not."""
    statuses = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_api(doors)), base_url="http://g") as client:
        for method, path, token in (
            ("POST", "/reload", TOMORROW),
            ("GET", "/stats", TOMORROW),
            ("POST", "/prune", TOMORROW),
            ("POST", "/reload", "another"),
        ):
            answer = await client.request(method, V1 + path, headers={"Authorization": f"Bearer {token}"})
            statuses.append(answer.status_code)

    assert statuses == [200, 401, 401, 401]
    assert calls.acts[-1].by == "tomorrow"


async def test_answers_are_neither_kept_nor_sniffed_nor_shared(api):
    """Every answer, errors too, forbids caching and sniffing, and allows no other origin."""
    for answer in (await api.get(V1 + "/stats"), await api.get(V1 + "/nothing"), await api.get("/openapi.json")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["Content-Type"] == "application/json"


class FullDisk:
    async def prune(self, _retention, _now, _act):
        raise StoreUnavailable


async def test_a_store_that_is_down_is_said_so(doors):
    """An act that cannot be stored is 503 with Retry-After."""
    app = create_api(msgspec.structs.replace(doors, acts=FullDisk()))
    headers = {"Authorization": "Bearer administering-token"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g", headers=headers) as client:
        answer = await client.post(V1 + "/prune")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
