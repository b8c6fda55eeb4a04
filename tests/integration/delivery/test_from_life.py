"""Answers that real intakes and the boxes in front of them gave, against a real worker and store."""

import asyncio
import gzip
import json
import zlib

import pytest

from adapters import Secret
from gateway.delivery.client import IntakeClient
from tests import intakes
from tests.intakes import Intake, always

BOM = b"\xef\xbb\xbf"


def listing(call, **members):
    """By the contract, with these members of each order changed."""
    orders = [each | members for each in call.apply()]
    return json.dumps({"accepted": True, "processed": len(orders), "orders": orders}).encode()


def saying(make, **headers):
    async def react(call):
        await call.send(200, make(listing(call)), {name.replace("_", "-"): value for name, value in headers.items()})

    return react


def deflated_barely(body):
    squeezer = zlib.compressobj(wbits=-15)
    return squeezer.compress(body) + squeezer.flush()


@pytest.mark.parametrize(
    "reaction",
    [
        saying(lambda body: BOM + body, Content_Type="application/json"),
        saying(gzip.compress, Content_Encoding="gzip"),
        saying(gzip.compress, Content_Encoding="GZip"),
        saying(lambda body: gzip.compress(BOM + body), Content_Encoding="x-gzip"),
        saying(zlib.compress, Content_Encoding="deflate"),
        saying(deflated_barely, Content_Encoding="deflate"),
    ],
)
async def test_the_contract_in_another_dress(desk, reaction):
    """A BOM, or a coding that was not asked for, is read: one request."""
    async with Intake(always(reaction)) as intake:
        worker = await desk.worker(intake)
        await desk.put("B11")
        await desk.drain(worker)
        detail = await desk.store.records.order("acme", "B11")

    assert intake.sent == [["B11"]]
    assert (str(detail.status), detail.order_id) == ("delivered", "T-B11")


@pytest.mark.parametrize("left_over", [b"\r\n", b"HTTP/1.1 500 Stale\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("pause", [0, 0.05])
async def test_bytes_behind_an_answer(left_over, pause):
    """They are never read as the next answer: the connection is not used again, and a clean one is."""

    async def react(call):
        await intakes.accepted(call)
        if len(intake.calls) == 1:
            await asyncio.sleep(pause)
            call.writer.write(left_over)

    async with Intake(always(react)) as intake:
        client = IntakeClient(intake.url)
        answers = []
        for _ in range(3):
            answers.append(await client.post([b'{"externalOrderId":"B25"}'], Secret("s3cret"), 5))
            await asyncio.sleep(2 * pause)
        writers = [call.writer for call in intake.calls]
        await client.close()

    assert [getattr(answer, "status", answer) for answer in answers] == [200] * 3
    assert writers[0] is not writers[1]
    assert writers[1] is writers[2]


async def test_bytes_behind_an_answer_cost_no_order_a_try(desk):
    """The stray line end comes with the answer, in one write."""

    async def react(call):
        body = listing(call)
        call.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n")

    async with Intake(always(react)) as intake:
        worker = await desk.worker(intake)
        for name in ("B25", "B25-2"):
            await desk.put(name)
            await desk.drain(worker)

    assert intake.sent == [["B25"], ["B25-2"]]
    assert [report.attempt.outcome for report in desk.reports] == ["delivered"] * 2


@pytest.mark.parametrize("order_id", [None, "", 0, {}, True])
async def test_listed_without_an_order_id(desk, order_id):
    """It was accepted: settled, its orderId null, and counted."""

    async def react(call):
        await call.send(200, listing(call, orderId=order_id))

    async with Intake(always(react)) as intake:
        worker = await desk.worker(intake)
        await desk.put("B17")
        await desk.drain(worker)
        detail = await desk.store.records.order("acme", "B17")

    assert intake.sent == [["B17"]]
    assert (str(detail.status), detail.order_id) == ("delivered", None)
    assert desk.reports[0].oddities == {"foreign_id": 0, "no_order_id": 1, "wrong_count": 0}


async def test_a_secret_that_stands_in_an_order(desk):
    """What is judged is what came: a short secret in an order's id does not hide the order."""
    async with Intake() as intake:
        worker = await desk.worker(intake, secret=Secret("WMS"))
        await desk.put("WMS-1")
        await desk.drain(worker)
        detail = await desk.store.records.order("acme", "WMS-1")

    assert intake.sent == [["WMS-1"]]
    assert (str(detail.status), detail.order_id) == ("delivered", "T-WMS-1")


async def test_what_is_kept_of_an_answer_holds_no_secret(desk):
    """A refusal that names orders by their ids and echoes the request: found by the raw words, kept without them."""

    def words(guilty, ids):
        return {"error": "Bearer canary-4711 refused", "details": [{"externalOrderId": ids[each]} for each in guilty]}

    async with Intake(always(intakes.refusing("canary-4711-x", body=words))) as intake:
        worker = await desk.worker(intake, secret=Secret("canary-4711"))
        await desk.put("A", "B", "C", "D", "canary-4711-x")
        await desk.drain(worker)
        dead = await desk.dead()
        attempts = [report.attempt.detail for report in desk.reports]

    assert intake.sent[1] == ["canary-4711-x"]
    assert list(dead) == ["canary-4711-x"]
    assert "Bearer *** refused" in dead["canary-4711-x"].detail
    assert not any("canary" in (detail or "") for detail in attempts)
