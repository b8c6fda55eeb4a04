"""The webhook's door, beyond the clauses that the contract suite checks."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.core_intake import IntakeLimits
from gateway.ground.failures import BURST, FailureLimit, limited

GOOD = {"externalOrderId": "A", "deliveryAddress": "1 Elm Street, Leeds"}

CURL_EXAMPLE = r"""
curl -X POST "https://trackely.co.uk/api/integrations/wms/YOUR_TENANT_ID" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_SECRET" \
  -d '{"externalOrderId":"ORD-1","deliveryAddress":"10 High St, London SW1A 1AA","customerName":"Acme","plannedDate":"2025-02-22"}'
"""  # noqa: E501 - as printed


async def test_who_proves_nothing_is_told_of_and_writes_no_lines(run):
    """Anybody may send thousands: the wiring bounds their lines, and a made-up tenant's name stands in none."""
    told = []
    running = await run(turned_away=limited(FailureLimit(lambda: 0.0), lambda *refusal: told.append(refusal)))
    wrong = {"Authorization": "Bearer wrong-secret"}
    with capture_logs() as lines:
        hook = await running.client.post(f"{running.origin}/api/integrations/wms/nobody", headers=wrong, json=[])
        settings = await running.client.get(f"{running.origin}/api/settings/integrations", headers=wrong)

    assert (hook.status_code, settings.status_code) == (401, 401)
    assert told == [(401, "intake_credentials", "127.0.0.1"), (401, "operators_credentials", "127.0.0.1")]
    assert lines == []


async def test_guessing_is_slow_and_a_proof_is_never_refused(run):
    """At either door; each counts for itself."""
    running = await run(turned_away=limited(FailureLimit(lambda: 0.0), lambda *_: None))
    wrong = {"Authorization": "Bearer wrong-secret"}
    hook, settings = f"{running.origin}/api/integrations/wms/demo", f"{running.origin}/api/settings/integrations"
    hooks = [await running.client.post(hook, headers=wrong, json=[]) for _ in range(BURST + 1)]
    asked = [await running.client.get(settings, headers=wrong) for _ in range(BURST + 1)]
    good = await running.client.post(hook, headers={"Authorization": f"Bearer {running.secret}"}, json=[])

    for answers in (hooks, asked):
        assert [each.status_code for each in answers] == [401] * BURST + [429]
        assert answers[-1].headers["Retry-After"] == "1"
    assert good.status_code == 200


async def test_the_printed_curl_example_works(running):
    """The contract's example, with origin, tenant and secret replaced and nothing else, creates its order."""
    example = CURL_EXAMPLE.replace("https://trackely.co.uk", running.origin)
    example = example.replace("YOUR_TENANT_ID", "demo").replace("YOUR_SECRET", running.secret)
    [(method, url)] = re.findall(r'curl -X (\w+) "(\S+)"', example)
    headers = dict(re.findall(r'-H "([^:]+): ([^"]+)"', example))
    [body] = re.findall(r"-d '([^']+)'", example)
    reply = await running.client.request(method, url, headers=headers, content=body.encode())

    assert reply.status_code == 200
    [result] = reply.json()["orders"]
    assert reply.json() == {"accepted": True, "processed": 1, "orders": [result]}
    assert (result["externalOrderId"], result["created"]) == ("ORD-1", True)
    stored = await running.order("ORD-1")
    assert stored["orderId"] == result["orderId"]
    assert stored["customer"]["name"] == "Acme"
    assert (stored["deliveryAddress"], stored["plannedDate"]) == ("10 High St, London SW1A 1AA", "2025-02-22")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "bearer   the-tenants-secret"},
        {"Content-Encoding": "identity"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_harmless_headers_change_nothing(running, headers):
    """The scheme in lower case, blanks around the secret, another content type: accepted."""
    assert (await running.push(GOOD, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "error"),
    [
        ("GET", "demo", {}, 405, "method not allowed"),
        ("PUT", "demo", {}, 405, "method not allowed"),
        ("POST", "demo/", {}, 404, "not found"),
        ("POST", "", {}, 404, "not found"),
        ("POST", "demo", {}, 401, "unauthorized"),
        ("POST", "demo", {"Authorization": "Bearer \xff"}, 401, "unauthorized"),
        ("POST", "nobody", {"Authorization": "Bearer the-tenants-secret"}, 401, "unauthorized"),
        ("POST", "demo", {"Content-Encoding": "gzip"}, 401, "unauthorized"),
    ],
)
async def test_what_is_turned_away_is_answered_in_json(running, method, path, headers, status, error):
    """Every refusal is a JSON object with `error`, and nothing else."""
    headers = {name: value.encode("latin-1") for name, value in headers.items()}
    url = f"{running.origin}/api/integrations/wms/{path}"
    reply = await running.client.request(method, url, headers=headers, content=b"{}")

    assert (reply.status_code, reply.json()) == (status, {"error": error})
    assert reply.headers["content-type"] == "application/json"


async def test_two_authorizations_are_none(running):
    """A request with two `Authorization` headers is refused, whichever is right."""
    right = ("Authorization", f"Bearer {running.secret}")
    reply = await running.client.post(running.url, headers=[right, right], content=b"[]")

    assert reply.status_code == 401


async def test_a_compressed_body_is_refused(running):
    """A content encoding other than identity gets 415 once the secret is proven."""
    assert (await running.push(GOOD, headers={"Content-Encoding": "gzip"})).status_code == 415


async def test_a_body_over_the_cap_is_refused_whether_it_says_so_or_not(run):
    """A body over `max_body` gets 413 by its declared length, or while it arrives in chunks."""
    running = await run(limits=IntakeLimits(max_body=1000))

    async def chunks():
        for _ in range(100):
            yield b" " * 100

    declared = await running.push(b" " * 1001)
    chunked = await running.client.post(
        running.url, headers={"Authorization": f"Bearer {running.secret}"}, content=chunks()
    )
    assert [declared.status_code, chunked.status_code] == [413, 413]
    assert "larger than 1000 bytes" in declared.json()["error"]
    assert (await running.push(b"[]".rjust(1000))).status_code == 200


async def test_a_deactivated_tenant_cannot_finish_a_push_that_it_began(running):
    """A secret that stops working while the body is on its way opens nothing."""
    began = asyncio.Event()

    async def slowly():
        yield b"["
        began.set()
        await asyncio.sleep(0.2)
        yield b'{"externalOrderId":"LATE","deliveryAddress":"1 Elm Street"}]'

    headers = {"Authorization": f"Bearer {running.secret}"}
    push = asyncio.create_task(running.client.post(running.url, headers=headers, content=slowly()))
    await began.wait()
    await asyncio.sleep(0.05)
    await running.settings("POST", "/demo/regenerate")

    assert (await push).status_code == 401
    assert (await running.settings("GET", "/demo/orders/LATE")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"externalOrderId":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"externalOrderId":"A","deliveryAddress":"x","totalWeight":' + b"9" * 400 + b"}",
        b'{"externalOrderId":"A","deliveryAddress":"x","palletCount":99999999999999999999}',
        b'{"externalOrderId":"A\\u0000B","deliveryAddress":"x"}',
        b'{"externalOrderId":"\\ud800","deliveryAddress":"x"}',
        b'{"externalOrderId":"\\udc00\\ud800","deliveryAddress":"x"}',
        b'{"externalOrderId":"\xed\xa0\x80","deliveryAddress":"x"}',
        b'{"externalOrderId":"A","deliveryAddress":"x","specialHandling":{}}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"\x00",
    ],
)
async def test_a_hostile_body_is_a_bad_request(running, body):
    """Depth, boundless numbers, NUL, surrogates, bad UTF-8: 400 in JSON, and the intake goes on."""
    reply = await running.push(body)

    assert (reply.status_code, bool(reply.json()["error"])) == (400, True)
    assert (await running.push(GOOD)).status_code == 200


async def test_odd_but_honest_texts_come_back_as_sent(running):
    """Emoji, quotes, slashes, control characters and very long texts survive the way there and back."""
    texts = ['a"b\\c', "ordre/№ 7 ?&#%", "😀\u2028\x7f\x01", "x" * 100_000]
    batch = [{"externalOrderId": text, "deliveryAddress": text, "specialHandling": [text]} for text in texts]
    first, second = [(await running.push(batch)).json()["orders"] for _ in range(2)]

    assert [order["created"] for order in first + second] == [True] * 4 + [False] * 4
    page = (await running.settings("GET", "/demo/orders")).json()["orders"]
    assert [
        {name: order[name] for name in ("externalOrderId", "deliveryAddress", "specialHandling")} for order in page
    ] == batch
    assert [order["orderId"] for order in page] == [order["orderId"] for order in first]


async def test_details_name_the_item_whose_customer_is_unknown(running):
    """The 400 for an unknown customer names index, order and member, before any bad date of the batch."""
    batch = [GOOD | {"plannedDate": "soon"}, {"externalOrderId": "B", "customerId": "nobody"}]
    reply = await running.push(batch)

    assert reply.status_code == 400
    assert reply.json() == {
        "error": "customer not found",
        "details": {"index": 1, "externalOrderId": "B", "path": "$.customerId"},
    }


async def test_addresses_that_differ_in_accidents_are_one_customer(running):
    """Spacing and case make no new customer; the first name stays; another tenant has its own."""
    await running.intake.integrations.connect("other", running.secret)
    await running.push([GOOD | {"customerName": "First"}, {"externalOrderId": "B", "deliveryAddress": "2 Oak Road"}])
    await running.push({"externalOrderId": "C", "deliveryAddress": " 1 elm  STREET, Leeds ", "customerName": "Second"})
    await running.push({"externalOrderId": "A", "deliveryAddress": "1 Elm Street, Leeds"}, tenant="other")
    a, b, c = [(await running.order(name))["customer"] for name in "ABC"]
    other = (await running.order("A", "other"))["customer"]

    assert a == c
    assert (a["name"], b["name"], other["name"]) == ("First", "WMS Customer", "WMS Customer")
    assert len({a["customerId"], b["customerId"], other["customerId"]}) == 3


async def test_an_update_that_names_another_customer_takes_its_address(running):
    """`deliveryAddress` and `customerId` both say where to: the old address does not outlive another customer."""
    await running.push([GOOD, {"externalOrderId": "B", "deliveryAddress": "2 Oak Road"}])
    a, b = [(await running.order(name))["customer"]["customerId"] for name in "AB"]
    await running.push({"externalOrderId": "A", "customerId": a})
    same = (await running.order("A"))["deliveryAddress"]
    await running.push({"externalOrderId": "A", "customerId": b})
    other = (await running.order("A"))["deliveryAddress"]
    await running.push(GOOD | {"customerId": b})
    both = await running.order("A")

    assert (same, other) == ("1 Elm Street, Leeds", "2 Oak Road")
    assert (both["deliveryAddress"], both["customer"]["address"]) == ("1 Elm Street, Leeds", "2 Oak Road")


async def test_pushes_at_once_create_an_order_once(running):
    """Forty clients push the same new order: one creates it, all get the same `orderId`."""
    replies = await asyncio.gather(*(running.push(GOOD) for _ in range(40)))
    results = [reply.json()["orders"][0] for reply in replies]

    assert sum(result["created"] for result in results) == 1
    assert len({result["orderId"] for result in results}) == 1


async def test_a_batch_of_a_hundred_is_one_transaction_and_quick(running, tmp_path: Path):
    """Batches of 100 go in at 2,000 orders a second or more, over HTTP and with every batch synced."""
    batches = [
        [
            {"externalOrderId": f"{k}-{i}", "deliveryAddress": f"{i} Elm Street", "plannedDate": "2025-02-22"}
            for i in range(100)
        ]
        for k in range(20)
    ]
    seconds = []
    for batch in batches:
        began = time.perf_counter()
        assert (await running.push(batch)).status_code == 200
        seconds.append(time.perf_counter() - began)

    # The median: what else the machine does meanwhile is not the intake's affair.
    assert 100 / sorted(seconds)[len(seconds) // 2] >= 2000
