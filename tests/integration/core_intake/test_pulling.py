"""Pull from WMS, beyond the clauses that the contract suite checks: faults, schedules, secrets."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from gateway.core_intake import IntakeLimits

ORDER = {"externalOrderId": "A", "deliveryAddress": "1 Elm Street, Leeds"}


class Warehouse:
    """A raw socket that answers every request with the same bytes, in pieces, and then what it is told to do."""

    def __init__(self):
        self.pieces = []
        self.pause_seconds = 0.0
        self.hangs = False
        self.requests = []
        self.asked = asyncio.Semaphore(0)
        self.open = self.most_open = 0
        self.url = ""

    async def asked_times(self, times):
        """Waits for so many requests more."""
        for _ in range(times):
            await self.asked.acquire()

    def says(self, payload, status="200 OK", headers=""):
        """Answers this from now on."""
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        self.pieces = [f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode(), body]

    async def answer(self, reader, writer):
        """One request."""
        self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        self.asked.release()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            for piece in self.pieces:
                await asyncio.sleep(self.pause_seconds)
                writer.write(piece)
                await writer.drain()
            if self.hangs:
                await reader.read()
        except ConnectionError:
            self.requests.append("hung up")
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def _warehouse():
    warehouse = Warehouse()
    server = await asyncio.start_server(warehouse.answer, "127.0.0.1", 0)
    warehouse.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/orders?site=7"
    yield warehouse
    server.close()
    await server.wait_closed()


@pytest.fixture
async def warehouse():
    async with _warehouse() as warehouse:
        yield warehouse


async def added(running, warehouse, **wish):
    """The ID and the secret of a new endpoint."""
    reply = await running.settings("POST", "/demo/pull-endpoints", {"url": warehouse.url} | wish)
    assert reply.status_code == 201, reply.text
    return reply.json()["endpoint"]["id"], reply.json()["secret"]


async def sync(running, endpoint_id):
    return await running.settings("POST", f"/demo/pull-endpoints/{endpoint_id}/sync")


async def shown(running, endpoint_id):
    return (await running.settings("GET", f"/demo/pull-endpoints/{endpoint_id}")).json()


async def test_the_request_is_plain_and_proves_itself(running, warehouse):
    """A pull asks the whole URL, with its secret, for JSON that is not compressed."""
    endpoint_id, secret = await added(running, warehouse, method="POST")
    warehouse.says(ORDER)
    await sync(running, endpoint_id)
    [request] = warehouse.requests

    assert request.startswith("POST /orders?site=7 HTTP/1.1\r\n")
    for line in (f"Authorization: Bearer {secret}", "Accept-Encoding: identity", "Accept: application/json"):
        assert f"\r\n{line}\r\n" in request


async def test_a_success_is_kept_with_the_endpoint(running, warehouse):
    """After a pull the endpoint shows when and how many, and the webhook's `lastReceivedAt` has not moved."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says([ORDER, ORDER | {"externalOrderId": "B"}])
    reply = await sync(running, endpoint_id)
    endpoint = await shown(running, endpoint_id)

    assert (reply.status_code, reply.json()["processed"]) == (200, 2)
    assert endpoint["lastProcessed"] == 2
    assert endpoint["lastAttemptAt"] < endpoint["lastSucceededAt"]
    assert (endpoint["lastFailedAt"], endpoint["lastError"]) == (None, None)
    assert (await running.intake.integrations.show("demo")).last_received_at is None


@pytest.mark.parametrize(
    ("payload", "status", "headers", "error"),
    [
        (b"<html>", "200 OK", "", "refused its answer: invalid JSON"),
        (b"", "200 OK", "", "refused its answer: invalid JSON"),
        ("text", "200 OK", "", "refused its answer: the payload is neither"),
        ([ORDER, {"externalOrderId": "B"}], "200 OK", "", "refused its answer: neither deliveryAddress nor customerId"),
        ([ORDER | {"plannedDate": "soon"}], "200 OK", "", "refused its answer: invalid plannedDate in item 0 (A)"),
        ([ORDER], "201 Created", "", "answered 201"),
        ([], "204 No Content", "", "answered 204"),
        ([], "302 Found", "Location: http://127.0.0.1:1/\r\n", "answered 302"),
        ([], "401 Unauthorized", "", "answered 401"),
        ([], "500 Oops", "", "answered 500"),
        (b"[]", "200 OK", "Content-Encoding: br\r\n", "answered in a content encoding"),
        (b"[" + b" " * 5000 + b"]", "200 OK", "", "answered more than 4096 bytes"),
    ],
)
async def test_an_answer_that_will_not_do_is_a_clear_error(run, warehouse, payload, status, headers, error):
    """The call gets 502 with the reason, the endpoint keeps it, nothing is stored."""
    running = await run(limits=IntakeLimits(pull_max_bytes=4096))
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says(payload, status, headers)
    reply = await sync(running, endpoint_id)
    endpoint = await shown(running, endpoint_id)

    assert reply.status_code == 502
    assert reply.json()["error"].startswith(error)
    assert endpoint["lastError"] == reply.json()["error"]
    assert endpoint["lastFailedAt"] > endpoint["lastAttemptAt"]
    assert endpoint["lastSucceededAt"] is None
    assert len(warehouse.requests) == 1
    assert (await running.settings("GET", "/demo/orders")).json()["orders"] == []


async def test_a_refused_item_is_named(running, warehouse):
    """The error of a refused pull names the item and the order, in words and in `details`."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says([ORDER, {"externalOrderId": "B", "customerId": "nobody"}])
    reply = (await sync(running, endpoint_id)).json()

    assert reply["error"] == "refused its answer: customer not found in item 1 (B)"
    assert reply["details"]["details"] == {"index": 1, "externalOrderId": "B", "path": "$.customerId"}


@pytest.mark.parametrize(
    ("pieces", "pause_seconds", "hangs"),
    [
        ([], 0, True),
        ([b"HTTP/1.1 200 OK\r\n"], 0, True),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["], 0, True),
        ([b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 100], 0.05, False),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b" "] * 100], 0.05, False),
    ],
)
async def test_a_slow_warehouse_is_given_up(run, warehouse, pieces, pause_seconds, hangs):
    """Silence, half a head, half a body, a byte now and then: given up when the whole answer is overdue."""
    running = await run(limits=IntakeLimits(pull_timeout_seconds=0.5))
    endpoint_id, _ = await added(running, warehouse)
    warehouse.pieces, warehouse.pause_seconds, warehouse.hangs = pieces, pause_seconds, hangs
    async with asyncio.timeout(5):
        reply = await sync(running, endpoint_id)

    assert (reply.status_code, reply.json()["error"]) == (502, "no whole answer within 0.5 s")


@pytest.mark.parametrize("pieces", [[], [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["], [b"garbage\r\n\r\n"]])
async def test_a_broken_connection_is_a_clear_error(running, warehouse, pieces):
    """A connection that ends early, or speaks no HTTP, is `no answer` with the kind of the fault."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.pieces = pieces
    reply = await sync(running, endpoint_id)

    assert (reply.status_code, reply.json()["error"].partition(":")[0]) == (502, "no answer")


async def test_a_success_after_a_failure_keeps_the_last_error_with_its_time(running, warehouse):
    """The last error stays to be read; the later success is newer."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says([], "503 Busy")
    await sync(running, endpoint_id)
    warehouse.says([ORDER])
    await sync(running, endpoint_id)
    endpoint = await shown(running, endpoint_id)

    assert endpoint["lastError"] == "answered 503"
    assert endpoint["lastFailedAt"] < endpoint["lastSucceededAt"]


@pytest.mark.parametrize(
    "wish",
    [
        {"url": "ftp://wms.example/"},
        {"url": "http://wms.example/"},
        {"url": "https://wms.example/", "method": "PUT"},
        {"url": "https://wms.example/", "everySeconds": 0},
        {"url": "https://wms.example/", "everySeconds": "90"},
        {"url": "https://wms.example/", "secret": "mine"},
        {},
        [],
    ],
)
async def test_an_endpoint_that_cannot_be_is_refused(running, wish):
    """Another scheme, plain http elsewhere, another method, no span, a member too many: 400, nothing added."""
    reply = await running.settings("POST", "/demo/pull-endpoints", wish)

    assert (reply.status_code, bool(reply.json()["error"])) == (400, True)
    assert (await running.settings("GET", "/demo/pull-endpoints")).json() == {"pullEndpoints": []}


@pytest.mark.parametrize("call", ["", "/sync", "/regenerate"])
async def test_an_endpoint_of_another_tenant_is_not_found(running, warehouse, call):
    """An endpoint is its tenant's alone."""
    endpoint_id, _ = await added(running, warehouse)
    method = "POST" if call else "DELETE"
    reply = await running.settings(method, f"/other/pull-endpoints/{endpoint_id}{call}")

    assert (reply.status_code, reply.json()) == (404, {"error": "no such pull endpoint"})
    assert warehouse.requests == []


async def test_a_deleted_endpoint_is_gone_and_its_orders_stay(running, warehouse):
    """After deleting there is nothing to pull; what was pulled is still there."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says(ORDER)
    await sync(running, endpoint_id)
    deleted = await running.settings("DELETE", f"/demo/pull-endpoints/{endpoint_id}")

    assert (deleted.status_code, (await sync(running, endpoint_id)).status_code) == (200, 404)
    assert (await running.order("A"))["externalOrderId"] == "A"


async def test_a_regenerated_secret_replaces_the_old_one(running, warehouse):
    """The next pull carries the new secret, which is another."""
    endpoint_id, old = await added(running, warehouse)
    warehouse.says([])
    reply = await running.settings("POST", f"/demo/pull-endpoints/{endpoint_id}/regenerate")
    await sync(running, endpoint_id)

    assert reply.json()["secret"] != old
    assert f"Authorization: Bearer {reply.json()['secret']}\r\n" in warehouse.requests[0]


async def test_pulls_of_one_endpoint_follow_one_another(running, warehouse):
    """Two times Sync now at once are two pulls, the second after the first."""
    endpoint_id, _ = await added(running, warehouse)
    warehouse.says(ORDER)
    warehouse.pause_seconds = 0.05
    replies = await asyncio.gather(*(sync(running, endpoint_id) for _ in range(3)))
    created = [reply.json()["orders"][0]["created"] for reply in replies]

    assert sorted(created) == [False, False, True]
    assert (len(warehouse.requests), warehouse.most_open) == (3, 1)


async def test_a_scheduled_endpoint_is_pulled_once_each_span(run, warehouse):
    """An endpoint with a span is pulled at once and then once each span, by the intake's clock; others never."""
    moments = [1_740_000_000_000_000]

    async def sleep(_):
        await asyncio.Event().wait()

    running = await run(clock=lambda: moments[0], sleep=sleep)
    warehouse.says([])
    await added(running, warehouse)
    await added(running, warehouse, everySeconds=60)
    counts = []
    for seconds in (0, 59, 1, 30, -86400, 59, 1):
        moments[0] += seconds * 1_000_000
        await running.intake.pulling.start_due()
        await asyncio.gather(*running.intake.pulling._scheduled.values())
        counts.append(len(warehouse.requests))

    # Back a day, an attempt in the future holds nothing up.
    assert counts == [1, 1, 2, 2, 3, 3, 4]


async def test_a_failing_schedule_goes_on(run, warehouse):
    """A scheduled pull that fails keeps its error, and the next span tries again."""
    running = await run(limits=IntakeLimits(tick_seconds=0.01))
    warehouse.says([], "500 Oops")
    endpoint_id, _ = await added(running, warehouse, everySeconds=1)
    async with asyncio.timeout(10):
        await warehouse.asked_times(3)

    assert (await shown(running, endpoint_id))["lastError"] == "answered 500"
    assert running.intake.ticked_at > 0
