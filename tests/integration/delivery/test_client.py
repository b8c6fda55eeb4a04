"""The intake's HTTP against a real socket: every fault ends as an answer or a failure, within the deadline."""

import asyncio
import json
import time
import tracemalloc

import pytest

from adapters import Secret
from gateway.delivery.client import IntakeClient
from gateway.delivery.verdict import Answer, Failure, NotAnIntake, judge
from tests import intakes
from tests.intakes import Intake, always, in_turn
from tests.processes import free_port

BODY = b'{"externalOrderId":"A","deliveryAddress":"x"}'
SECRET = Secret('s3cret"of-acme')


async def post(url, *, within=5.0, bodies=(BODY,), **rest):
    client = IntakeClient(url, **rest)
    try:
        return await client.post(bodies, SECRET, within)
    finally:
        await client.close()


async def test_request():
    """One array of the stored bytes as they are, the secret as a bearer token, nothing compressed."""
    async with Intake() as intake:
        answer = await post(intake.url, bodies=(BODY, BODY.replace(b"A", b"B")))
        [call] = intake.calls

    assert isinstance(answer, Answer)
    assert (answer.status, answer.is_whole) == (200, True)
    assert call.body == b"[" + BODY + b"," + BODY.replace(b"A", b"B") + b"]"
    assert call.headers["authorization"] == f"Bearer {SECRET}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("reaction", "kind", "status"),
    [
        (intakes.hanging, "timed_out", None),
        (intakes.hanging_in_the_middle, "timed_out", 200),
        (intakes.dripping_headers, "timed_out", None),
        (intakes.dripping_body, "timed_out", 200),
        (intakes.applied_then_hanging, "timed_out", None),
        (intakes.reset, "lost", None),
        (intakes.applied_then_lost, "lost", None),
        (intakes.half_closed, "lost", 200),
        (intakes.nonsense, "lost", None),
    ],
)
async def test_no_answer(reaction, kind, status):
    """Whatever breaks off after the request was written is a failure that may have been applied, in time."""
    async with Intake(always(reaction)) as intake:
        began = time.monotonic()
        answer = await post(intake.url, within=1.0)

    assert isinstance(answer, Failure)
    assert (answer.kind, answer.status, answer.was_written) == (kind, status, True)
    assert time.monotonic() - began < 4


async def test_never_written():
    """A refused connection, a name that is none and a failed TLS handshake surely changed nothing."""
    async with Intake() as intake:
        answers = [
            await post(f"http://127.0.0.1:{free_port()}/x"),
            await post("http://name.invalid/x"),
            await post(intake.url.replace("http:", "https:"), within=1.0),
        ]
        assert intake.calls == []

    assert [(answer.kind, answer.was_written) for answer in answers] == [("not_connected", False)] * 3


async def test_hiccup_is_tried_once_more():
    """A connection refused once is tried again at once, after a short pause."""
    port = free_port()
    intake = Intake()

    async def open_meanwhile(_seconds):
        intake._server = await asyncio.start_server(intake._serve, "127.0.0.1", port)

    answer = await post(f"http://127.0.0.1:{port}/x", sleep=open_meanwhile)
    await intake.__aexit__()

    assert isinstance(answer, Answer)
    assert answer.status == 200


@pytest.mark.parametrize("reaction", [intakes.enormous, intakes.gzip_bomb])
async def test_answer_is_read_up_to_the_cap(reaction):
    """A hundred megabytes, or a bomb, cost no more than the cap and are no contract."""
    async with Intake(always(reaction)) as intake:
        tracemalloc.start()
        answer = await post(intake.url, within=20)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert isinstance(judge(answer, ["A"], 0), NotAnIntake)
    assert len(answer.body) <= 1_100_000
    assert peak < 20_000_000


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(status):
    """A redirect is an answer; nobody is sent the secret."""
    async with Intake() as other, Intake(always(intakes.status(status, location="placeholder"))) as intake:
        intake.behave = always(intakes.status(status, location=other.url))
        answer = await post(intake.url)

        assert other.calls == []
    assert answer.status == status


async def test_status_counts_even_if_its_body_breaks_off():
    """A 400 whose body never ends was a 400, with the words that came."""

    async def unfinished(call):
        call.writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\nno such customer")
        await asyncio.sleep(3600)

    async with Intake(always(unfinished)) as intake:
        answer = await post(intake.url, within=1.0)

    assert (answer.status, answer.body) == (400, b"no such customer")


@pytest.mark.parametrize("spelled", [str.encode, lambda text: json.dumps({"headers": text}).encode()])
async def test_echoed_secret_is_struck_out(spelled):
    """An error page that echoes the request's headers does not make the secret a dead letter's reason."""

    async def echo(call):
        await call.send(500, spelled(call.headers["authorization"]))

    async with Intake(always(echo)) as intake:
        answer = await post(intake.url)

    verdict = judge(answer, ["A"], 0)
    assert "Bearer ***" in verdict.words
    assert "s3cret" not in verdict.words
    assert b"s3cret" in answer.body


async def test_slots_come_back():
    """After many requests cut at the deadline, at every stage, the client still delivers."""
    cut = [intakes.hanging, intakes.hanging_in_the_middle, intakes.dripping_headers, intakes.dripping_body] * 3
    async with Intake(in_turn(*cut, then=intakes.accepted)) as intake:
        client = IntakeClient(intake.url)
        failures = [await client.post([BODY], SECRET, 0.1) for _ in cut]
        answer = await client.post([BODY], SECRET, 5)
        await client.close()

    assert all(isinstance(failure, Failure) for failure in failures)
    assert answer.status == 200


async def test_connection_is_used_again():
    """Batches in a row go over one connection."""
    async with Intake() as intake:
        client = IntakeClient(intake.url)
        for _ in range(5):
            await client.post([BODY], SECRET, 5)
        connections = len(intake._connections)
        await client.close()

    assert connections == 1
