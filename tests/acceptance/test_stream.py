"""`GET /api/v1/stream` and `gateway follow`, against running processes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.processes import API_TOKEN, Gateway, environment, eventually, source, tenant, told

BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    running = Gateway(tmp_path_factory.mktemp("stream"), {"demo": tenant(None)}, limits={"max_connections": 20})
    url = f"{running.url}/api/integrations/wms/demo"
    running.configure(
        limits={"min_free_disk": 0, "max_connections": 20},
        intake={"embedded": True},
        tenants={"demo": tenant(url)},
        sources={"demo": source("demo"), "other": source("demo")},
    )
    with running:
        yield running


Message = tuple[str | None, dict[str, Any]]


def messages(answer: httpx.Response) -> Iterator[Message]:
    """Each one's id and data, as they come."""
    said: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        said[name] = value
        if not line:
            if "data" in said:
                assert said["event"] == json.loads(said["data"])["kind"]
                yield said.get("id"), json.loads(said["data"])
            said = {}


@contextlib.contextmanager
def stream(gateway: Gateway, last: str | None = None, **which: str) -> Iterator[Iterator[Message]]:
    """An open stream that has begun."""
    headers = BEARER | ({} if last is None else {"Last-Event-ID": last})
    with gateway.http.stream("GET", "/api/v1/stream", params=which, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        yield messages(answer)


def until(found: Iterator[Message], kind: str, status: str) -> list[Message]:
    """All messages up to this one."""
    seen = []
    for each in found:
        seen.append(each)
        if (each[1]["kind"], each[1].get("status")) == (kind, status):
            return seen
    raise AssertionError(seen)


def test_an_event_and_its_order_are_told_from_receipt_to_delivery(gateway):
    """With the ids by which they are asked for, and nothing of a body."""
    with stream(gateway) as found:
        gateway.post(told("s-1", "S/1", 1))
        seen = [data for _, data in until(found, "event", "delivered")]
    events = [each for each in seen if each["kind"] == "event"]
    orders = [each for each in seen if each["kind"] == "order"]

    assert [each["status"] for each in events] == ["received", "translated", "delivered"]
    assert {(each["source"], each["eventId"]) for each in events} == {("demo", "s-1")}
    assert gateway.api(f"events/{events[0]['id']}")["eventId"] == "s-1"
    assert [each["status"] for each in orders] == ["pending", "leased", "delivered"]
    assert {(each["tenant"], each["externalOrderId"]) for each in orders} == {("demo", "S/1")}
    assert "Leeds" not in str(seen)


def test_a_reader_that_comes_again_misses_nothing(gateway):
    """By the last id that it read, whichever way it says it."""
    with stream(gateway) as found:
        gateway.post(told("s-2", "S/2", 1))
        place = until(found, "event", "received")[-1][0]
    gateway.becomes("S%2F2", "delivered")
    with stream(gateway, place) as again, stream(gateway, after=place) as said:
        seen, others = until(again, "event", "delivered"), until(said, "event", "delivered")

    assert seen == others
    assert [data["status"] for _, data in seen if data["kind"] == "event"] == ["translated", "delivered"]


def test_a_filter_leaves_the_others_out(gateway):
    """By kind, source, tenant and status."""
    with stream(gateway, source="other", status="delivered") as found, stream(gateway, kind="tenant") as tenants:
        gateway.post(told("s-3", "S/3", 1))
        gateway.post(told("s-4", "S/4", 1), to="other")
        (_, event), *_ = until(found, "event", "delivered")
        gateway.api("tenants/demo/halt", {})
        gateway.api("tenants/demo/resume", {})
        halts = [data for _, data in until(tenants, "tenant", "active")]

    assert (event["source"], event["eventId"]) == ("other", "s-4")
    assert [(each["tenant"], each["status"]) for each in halts] == [("demo", "halted"), ("demo", "active")]


@pytest.mark.parametrize("parameters", [{"kind": "pencil"}, {"stauts": "dead"}])
def test_what_cannot_be_meant_is_refused(gateway, parameters):
    """In so many words."""
    assert gateway.http.get("/api/v1/stream", params=parameters, headers=BEARER).status_code == 400
    assert gateway.http.get("/api/v1/stream").status_code == 401


def test_an_operation_is_told_as_it_goes(gateway):
    """With its counts."""
    event = gateway.api("events")["events"][0]["id"]
    wanted = {"kind": "replay", "of": "events", "ids": [event]}
    with stream(gateway, kind="operation") as found:
        answer = gateway.http.post("/api/v1/operations", json=wanted, headers=BEARER)
        seen = until(found, "operation", "done")

    assert answer.status_code == 202
    assert {data["id"] for _, data in seen} == {answer.json()["operation"]["id"]}
    assert (seen[-1][1]["operation"], seen[-1][1]["total"], seen[-1][1]["done"]) == ("replay", 1, 1)


def test_a_hundred_streams_stand_beside_the_connections(gateway):
    """The next is told to come again; hooks are taken all the while; those that are gone make room."""
    many = httpx.Limits(max_connections=100)
    with contextlib.ExitStack() as opened, httpx.Client(base_url=gateway.url, limits=many, trust_env=False) as readers:
        for _ in range(100):
            begun = opened.enter_context(readers.stream("GET", "/api/v1/stream", headers=BEARER))
            assert begun.status_code == 200
        refused = gateway.http.get("/api/v1/stream", headers=BEARER)
        taken = [gateway.post(told(f"s-5-{number}", f"S/5-{number}", 1)).status_code for number in range(5)]

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert taken == [200] * 5
    head = gateway.http.head("/api/v1/stream", headers=BEARER)
    assert (head.status_code, head.content) == (200, b"")
    with stream(gateway):
        pass


def test_a_reload_lets_all_go_that_they_prove_themselves_again(gateway):
    """A reader comes again, and misses nothing."""
    with stream(gateway) as found:
        gateway.post(told("s-6", "S/6", 1))
        place = until(found, "event", "received")[-1][0]
        gateway.configure(limits={"min_free_disk": 0, "max_connections": 21})
        os.kill(gateway.pid, signal.SIGHUP)
        rest = list(found)
    with stream(gateway, place) as again:
        until(again, "event", "delivered")

    assert all(data["kind"] != "gap" for _, data in rest)


def test_streams_are_closed_first_at_a_stop_and_their_places_are_of_that_run(gateway):
    """A stop waits for no reader; after a restart there is one gap."""
    follow = subprocess.Popen(
        [sys.executable, "-m", "gateway", "follow", "--config", str(gateway.file), "--source", "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    try:
        with stream(gateway) as found:
            eventually(lambda: gateway.post(told(f"s-7-{time.monotonic()}", "S/7", 1)).status_code == 200)
            place = until(found, "event", "delivered")[-1][0]
            assert follow.stdout is not None
            assert follow.stderr is not None
            lines = [follow.stdout.readline()] if _has_begun(gateway, follow) else []
            began = time.monotonic()
            code = gateway.stop()
            seconds = time.monotonic() - began
            with contextlib.suppress(httpx.RemoteProtocolError):
                list(found)
        gateway.start()
        with stream(gateway, place) as again:
            gap = next(again)
        # Once it says so it is there again, and hears all that comes.
        missing = follow.stderr.readline()
        gateway.post(told("s-8", "S/8", 1))
        while "s-8" not in lines[-1]:
            lines.append(follow.stdout.readline())
            assert lines[-1], missing
    finally:
        follow.send_signal(signal.SIGINT)
        follow.communicate()

    assert code == 0
    assert seconds < 4
    assert (gap[1]["kind"], gap[1]["why"]) == ("gap", "unknown")
    assert "some changes are missing" in missing
    assert "event" in lines[0]
    assert follow.returncode == 130


def _has_begun(gateway: Gateway, follow: "subprocess.Popen[str]") -> bool:
    """Send until the follower says something."""
    import select  # noqa: PLC0415 - here alone

    for number in range(200):
        gateway.post(told(f"s-9-{number}", "S/9", number + 1))
        if select.select([follow.stdout], [], [], 0.1)[0]:
            return True
    return False


def test_who_never_was_there_is_not_waited_for(tmp_path):
    """A sentence and exit code 1."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "follow", "--url", "http://127.0.0.1:9"],
        capture_output=True, text=True, env={**environment(), "GATEWAY_API_TOKEN": "x"}, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "nothing answers" in ended.stderr
