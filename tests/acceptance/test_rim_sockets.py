"""Slow, greedy and odd senders on raw sockets against a running server: a uvicorn that changes is noticed here."""

import contextlib
import inspect
import json
import re
import socket
import statistics
import threading
import time
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.config.model import Limits
from gateway.serving.protocol import MOST_PIPELINED
from gateway.serving.rejections import CRUMB, LONGEST_HEAD, LONGEST_URL, MOST_CRUMBS, MOST_HEADERS
from tests.integration.ingress.running import Running, drained, source

HEAD = b"POST /hooks/open HTTP/1.1\r\nHost: x\r\n"
DEADLINE = 1.0
SLACK = 1.5


@pytest.fixture(scope="module")
def rim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = Limits(header_timeout=DEADLINE, body_timeout=DEADLINE)
    sources = [source(), source("open", auth="none")]
    with Running(tmp_path_factory.mktemp("sockets"), sources, limits=limits) as running:
        yield running


def post(body: bytes, *headers: bytes) -> bytes:
    """A whole, good request."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answers(received: bytes) -> list[bytes]:
    return re.split(rb"HTTP/1\.1 (?=\d)", received)[1:]


def statuses(received: bytes) -> list[int]:
    return [int(answer[:3]) for answer in answers(received)]


def bodies(received: bytes) -> list[Any]:
    return [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers(received)]


def is_still_good(rim: Running, event_id: str) -> bool:
    return rim.post({"id": event_id}).status == 200


def test_what_we_rest_on_is_there() -> None:
    """The inner names of uvicorn that `serving/` overrides or reads; its ceiling in pyproject.toml is for them."""
    bases = {name for base in HttpToolsProtocol.__mro__ for name in vars(base)}
    overridden = {
        "_start_asgi_task",
        "on_response_complete",
        "send_400_response",
        "shutdown",
        "pause_writing",
        "on_body",
    }
    parameters = inspect.signature(RequestResponseCycle).parameters
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

    assert overridden <= bases
    assert {"scope", "transport", "flow", "message_event", "keep_alive", "on_response"} <= parameters.keys()
    assert "uvicorn>=0.54,<0.55" in project["dependencies"]
    assert version("uvicorn").startswith("0.54.")


# -- slow


@pytest.mark.parametrize(
    ("start", "drip", "expected"),
    [
        (b"", b"", []),
        (b"\r\n", b"\r\n", []),
        (b"POST /hooks/o", b"o", [408]),
        (HEAD, b"X-Slow: 1\r\n", [408]),
        (HEAD + b"X-Slow: ", b"a", [408]),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" ", [408]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", [408]),
        (HEAD + b"Content-Length: 1000\r\n\r\n{", b"", [408]),
        (post(b'{"id":"first"}') + HEAD, b"X-Slow: 1\r\n", [200, 408]),
        (post(b'{"id":"first"}'), b"\r\n", [200]),
    ],
)
def test_a_slow_sender_is_gone_by_its_deadline(rim: Running, start: bytes, drip: bytes, expected: list[int]) -> None:
    """Silent or dripping, in the head, in the body, before or behind a good request."""
    started = time.monotonic()
    with rim.connect() as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(0.1)
        received = b""
        connection.sendall(start)
        while time.monotonic() - started < DEADLINE + SLACK + 3:
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                connection.sendall(drip)
                continue
            if not piece:
                break
            received += piece
    spent = time.monotonic() - started

    assert DEADLINE * 0.9 < spent < DEADLINE + SLACK
    assert statuses(received) == expected
    assert all(set(body) == {"error", "detail"} for body, status in zip(bodies(received), expected) if status != 200)  # noqa: B905 - checked above


def test_an_overdue_body_is_on_record_under_its_source(rim: Running) -> None:
    """408, by the source that it was for; nothing is stored."""
    before = rim.events()
    rim.raw(HEAD + b"Content-Length: 50\r\n\r\n{")

    assert rim.refused()[-1] == (408, "body_timeout")
    assert rim.refusals.recent()[-1].source == "open"
    assert rim.events() == before


def test_a_peer_that_does_not_read_its_answer_is_cut_off(tmp_path: Path) -> None:
    """It may not hold the answer's memory for ever."""

    async def endless(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with Running(tmp_path, limits=Limits(body_timeout=DEADLINE), app=endless) as rim, rim.connect() as connection:
        connection.sendall(b"GET /pull HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(DEADLINE + SLACK)
        received = drained(connection)

    assert 0 < len(received) < 100_000_000


def test_five_hundred_slow_senders_harm_nobody(rim: Running) -> None:
    """While they drip, good requests are answered as before; by their deadline all of them are gone."""

    def seconds_of(count: int, name: str) -> list[float]:
        spans = []
        for number in range(count):
            started = time.perf_counter()
            assert is_still_good(rim, f"{name}-{number}")
            spans.append(time.perf_counter() - started)
        return spans

    quiet = statistics.median(seconds_of(30, "quiet"))
    slow = [rim.connect() for _ in range(500)]
    for place, connection in enumerate(slow):
        connection.sendall(HEAD if place % 2 else HEAD + b"Content-Length: 100\r\n\r\n{")
    started = time.monotonic()
    busy = statistics.median(seconds_of(30, "busy"))
    for connection in slow:
        connection.settimeout(max(0.1, started + DEADLINE + SLACK + 1 - time.monotonic()))
        drained(connection)
        connection.close()
    spent = time.monotonic() - started

    assert spent < DEADLINE + SLACK + 1
    # Two shared cores jitter: the point is that nobody waits for a slow one.
    assert busy < max(10 * quiet, 0.25)


# -- greedy


def test_a_body_over_the_limit_is_refused_before_it_is_read(rim: Running) -> None:
    """The answer comes at once, and the sender can read it although it goes on sending."""
    with rim.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        started = time.monotonic()
        received = connection.recv(65536)
        spent = time.monotonic() - started
        for _ in range(64):
            connection.sendall(b"x" * 65536)
        rest = drained(connection)

    assert statuses(received + rest) == [413]
    assert spent < 0.5


def test_a_sender_that_never_ends_after_its_refusal_is_cut_off(rim: Running) -> None:
    """What it sends is thrown away, for two seconds and no longer."""
    started = time.monotonic()
    with rim.connect() as connection, contextlib.suppress(ConnectionError, TimeoutError):
        connection.sendall(HEAD + b"Content-Length: 1000000000000\r\n\r\n")
        while time.monotonic() - started < 10:
            connection.sendall(b"x" * 1024)
            time.sleep(0.01)

    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (b"GET /" + b"a" * (LONGEST_URL + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (HEAD + b"X-Big: " + b"a" * LONGEST_HEAD + b"\r\n\r\n", 431),
        (HEAD + b"X: 1\r\n" * 20_000 + b"\r\n", 431),
        (HEAD + b"X: 1\r\n" * (MOST_HEADERS + 1), 431),
        (HEAD + b"X: 1\r\n" * MOST_HEADERS + b"\r\n", 431),
    ],
)
def test_heads_over_the_caps_are_refused(rim: Running, request_head: bytes, expected: int) -> None:
    """A long URL, a large header, many small ones."""
    received = rim.raw(request_head)

    assert statuses(received) == [expected]
    assert set(bodies(received)[0]) == {"error", "detail"}
    assert rim.turned_away[-1][0] == expected


def test_a_header_of_a_hundred_megabytes_is_cut_off_early(rim: Running) -> None:
    """It is refused after some 64 kB, and is not kept."""
    sent = 0
    with rim.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD + b"X-Big: ")
        for _ in range(1600):
            connection.sendall(b"a" * 65536)
            sent += 65536
    memory = max_resident_megabytes()

    assert sent < 100 * 1024 * 1024
    assert rim.turned_away[-1] == (431, "headers_too_large")
    assert memory < 400


@pytest.mark.parametrize(
    ("path", "tail", "expected"),
    [
        (b"/hooks/open", b"0\r\nX-Big: ", 431),
        (b"/hooks/open", b"1;extension=", 431),
        (b"/hooks/open", b"000", 431),
        (b"/answered/early", b"0\r\nX-Big: ", 200),
    ],
)
def test_what_never_ends_behind_a_body_is_cut_off_early(
    tmp_path: Path, path: bytes, tail: bytes, expected: int
) -> None:
    """Trailers and chunk extensions have the cap of a head; a request is answered once."""
    with Running(tmp_path, [source(), source("open", auth="none")], app=early) as rim, rim.connect() as connection:
        connection.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%b" % (path, tail))
        time.sleep(0.1)
        received, sent = b"", 0
        with contextlib.suppress(ConnectionError):
            while sent < 1024 * 1024:
                connection.sendall(b"0" * 16384)
                sent += 16384
                time.sleep(0.001)
            connection.shutdown(socket.SHUT_WR)
            received = drained(connection)
        is_good = is_still_good(rim, "beside")

    assert statuses(received) == [expected]
    assert is_good


async def early(_scope: Any, _receive: Any, send: Any) -> None:
    """Answers without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def max_resident_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def test_heads_just_within_the_caps_pass(rim: Running) -> None:
    """The caps are caps, no more."""
    path = b"/hooks/open/".ljust(LONGEST_URL, b"a")
    rest = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 13\r\n"
    body = b'\r\n{"id":"caps"}'
    filler = b"X-Big: " + b"a" * (LONGEST_HEAD - 200) + b"\r\n"
    many = b"X: 1\r\n" * (MOST_HEADERS - 3)

    assert statuses(rim.raw(b"POST " + path + rest + body)) == [200]
    assert statuses(rim.raw(b"POST /hooks/open" + rest + filler + body)) == [200]
    assert statuses(rim.raw(b"POST /hooks/open" + rest + many + body)) == [200]


def test_connections_over_the_limit_are_turned_away(tmp_path: Path) -> None:
    """503 in JSON; as soon as one of the others goes there is room again."""
    with Running(tmp_path, limits=Limits(max_connections=5)) as rim:
        held = [rim.connect() for _ in range(5)]
        time.sleep(0.1)
        received = rim.raw(post(b"{}"))
        held.pop().close()
        time.sleep(0.1)
        is_good = is_still_good(rim, "room")
        turned_away = list(rim.turned_away)
        for connection in held:
            connection.close()

    assert statuses(received) == [503]
    assert b"retry-after: 10" in received
    assert bodies(received)[0]["error"] == "service_unavailable"
    assert turned_away == [(503, "too_many_connections")]
    assert is_good


def test_an_idle_connection_gives_way(tmp_path: Path) -> None:
    """Who was answered and keeps the connection open turns nobody away: the oldest such one is closed."""
    with Running(tmp_path, limits=Limits(max_connections=3)) as rim:
        held = [rim.connect() for _ in range(3)]
        for connection in held[1:]:
            connection.sendall(b"HEAD /hooks/acme HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        answers = [rim.post({"id": f"room-{number}"}).status for number in range(3)]
        given_way = drained(held[1])
        held[2].sendall(b"HEAD /hooks/acme HTTP/1.1\r\nHost: x\r\n\r\n")
        kept = held[2].recv(65536)
        for connection in held:
            connection.close()

    assert answers == [200, 200, 200]
    assert given_way == b""
    assert kept.startswith(b"HTTP/1.1 200 OK")
    assert rim.turned_away == []


# -- smuggling and other odd shapes

SMUGGLED = b'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{"id":"smuggled"}'


@pytest.mark.parametrize(
    "shape",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
        HEAD + b"Content-Length: +2\r\n\r\n{}",
        HEAD + b"Content-Length: -2\r\n\r\n{}",
        HEAD + b"Content-Length: 0x2\r\n\r\n{}",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
        HEAD + b"Content-Length : 2\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
        HEAD + b"X: a\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: a\rContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X y: a\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b" folded: a\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"no colon\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"POST /hooks/open HTTP/2.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/0.9\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/1.1 x\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"post /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/op\xe9n HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/nobody HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Host: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/1.0\r\nHost: x\r\nHost: y\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /hooks/open HTTP/1.1\r\nHost: x/y\r\nContent-Length: 2\r\n\r\n{}",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
    ],
    ids=lambda shape: repr(shape.removeprefix(HEAD)[:60]),
)
def test_odd_shapes_are_refused_and_nothing_behind_them_is_heard(rim: Running, shape: bytes) -> None:
    """One JSON refusal, then the connection ends: what follows on it is never taken for a request."""
    before = rim.events()
    received = rim.raw(shape + SMUGGLED)

    assert statuses(received) == [400]
    assert bodies(received)[0]["error"] == "bad_request"
    assert rim.events() == before


@pytest.mark.parametrize("head", [b"1.0\r\n", b"1.1\r\nHost:\r\n", b"1.1\r\nHost: [::1]:80\r\n"])
def test_hosts_that_are_in_order(rim: Running, head: bytes) -> None:
    """HTTP/1.0 knows none; an empty one, a port and an IPv6 address are by RFC 9112."""
    received = rim.raw(
        b"POST /hooks/open HTTP/" + head + b'Connection: close\r\nContent-Length: 13\r\n\r\n{"id":"host"}'
    )

    assert statuses(received) == [200]


def crumbs(count: int, size: int = 1) -> bytes:
    """A request whose body comes in so many chunks."""
    start = b'f\r\n{"id":"crumbs"}\r\n' + b"%x\r\n%b\r\n" % (size, b" " * size) * count
    return HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + start + b"0\r\n\r\n"


def test_a_body_in_crumbs_is_taken_within_reason(rim: Running) -> None:
    """Sixty-five thousand pieces of any size, and more of them where they are no crumbs."""
    assert statuses(rim.raw(crumbs(60_000))) == [200]
    assert statuses(rim.raw(crumbs(MOST_CRUMBS + 5_000, 2 * CRUMB))) == [200]


def test_four_senders_of_crumbs_cost_little(rim: Running) -> None:
    """Eight megabytes a byte at a time, four times: refused early, and cheaply."""
    request = crumbs(8 * 1024 * 1024)
    received: list[bytes] = []

    def send() -> None:
        with rim.connect() as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(request[: 16 * 1024 * 1024])
            received.append(drained(connection))

    started = time.process_time()
    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    spent = time.process_time() - started

    assert [bodies(each)[0]["detail"] for each in received] == ["the body comes in too many too small pieces"] * 4
    assert spent < 3


def test_trailers_are_no_headers(rim: Running) -> None:
    """A trailer may not bring a credential or an address that nobody in front of us has seen."""
    request = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = rim.raw(request + b"2\r\n{}\r\n0\r\nAuthorization: Bearer a-token\r\nContent-Type: text/plain\r\n\r\n")
    good = rim.raw(
        HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'10\r\n{"id":"trailer"}\r\n0\r\nContent-Encoding: gzip\r\n\r\n'
    )

    assert statuses(received) == [401]
    assert statuses(good) == [200]


def test_a_lying_content_length_hurts_only_itself(rim: Running) -> None:
    """Too small: the body is cut there and the rest is no request. Too large: it is waited for, then given up."""
    small = rim.raw(HEAD + b'Content-Length: 13\r\n\r\n{"id":"liar"} and the rest of it')
    before = rim.events()
    large = rim.raw(HEAD + b'Content-Length: 130\r\n\r\n{"id":"never"}')

    assert statuses(small) in ([200], [200, 400])
    assert statuses(large) == [408]
    assert rim.events() == before


def test_pipelined_requests_are_answered_in_turn(rim: Running) -> None:
    """Several in one packet, good and refused ones, each gets its own answer in its own place."""
    wrong = b"POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"
    received = rim.raw(b"".join(post(b'{"id":"pipe-%d"}' % number) for number in range(20)) + wrong + SMUGGLED)
    answered = bodies(received)

    assert statuses(received) == [200] * 20 + [415]
    assert [answer["eventId"] for answer in answered[:20]] == [f"pipe-{number}" for number in range(20)]
    assert ("open", "smuggled", "received") not in rim.events()


def test_more_pipelined_requests_than_anybody_sends_are_not_heard(rim: Running) -> None:
    """Those that fit are answered in turn, then the connection ends: nobody may queue thousands with one packet."""
    received = rim.raw(b"".join(post(b'{"id":"queue-%d"}' % number) for number in range(3 * MOST_PIPELINED)))

    assert statuses(received) == [200] * (1 + MOST_PIPELINED)
    assert is_still_good(rim, "behind-the-queue")


def test_garbage_behind_a_good_request_does_not_answer_for_it(rim: Running) -> None:
    """The good one gets its 200 first, whatever comes behind."""
    received = rim.raw(post(b'{"id":"before-garbage"}') + b"\x00garbage\r\n\r\n")

    assert statuses(received)[0] == 200
    assert bodies(received)[0]["eventId"] == "before-garbage"
    assert statuses(received)[1:] in ([], [400])


def test_a_body_is_asked_for_only_from_who_may_send_it(rim: Running) -> None:
    """`Expect: 100-continue`: a refusal comes instead of the invitation."""
    expect = b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 15\r\nConnection: close\r\n\r\n"
    refused = rim.raw(b"POST /hooks/acme HTTP/1.1\r\n" + expect)
    with rim.connect() as connection:
        connection.sendall(b"POST /hooks/open HTTP/1.1\r\n" + expect)
        invitation = connection.recv(100)
        connection.sendall(b'{"id":"expect"}')
        received = drained(connection)

    assert statuses(refused) == [401]
    assert invitation == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert statuses(received) == [200]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_an_upgrade_is_not_made(rim: Running, protocol: bytes) -> None:
    """A request that offers one, as Java's client does with each, is answered as what it is."""
    offer = (b"Connection: Upgrade, HTTP2-Settings, close", b"Upgrade: " + protocol, b"HTTP2-Settings: AAEAAEAA")
    received = rim.raw(post(b'{"id":"up-%b"}' % protocol, *offer))

    assert statuses(received) == [200]
    assert bodies(received)[0]["eventId"] == "up-" + protocol.decode()


def test_nothing_behind_an_upgrade_is_heard(rim: Running) -> None:
    """Where the parser believes in the other protocol, the connection ends with this request."""
    before = rim.events()
    received = rim.raw(post(b'{"id":"up"}', b"Connection: upgrade", b"UPGRADE: h2c") + SMUGGLED)

    assert statuses(received) == [400]
    assert rim.events() == before


def test_connections_are_kept_alive(rim: Running) -> None:
    """Good requests share one; a deadline of one message does not run into the next."""
    with rim.connect() as connection:
        for number in range(3):
            connection.sendall(post(b'{"id":"alive-%d"}' % number))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
            time.sleep(DEADLINE * 0.7)


def test_senders_that_reset_leave_no_trace(rim: Running) -> None:
    """Connections that are torn down at any point, by many at once; the server goes on."""

    def tear(place: int) -> None:
        request = post(b'{"id":"torn"}')
        with contextlib.suppress(OSError), rim.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall(request[: place % len(request)])

    threads = [threading.Thread(target=tear, args=(place,)) for place in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert is_still_good(rim, "after-the-storm")
