"""A vendor's handshake over real sockets: answered from its declared fields before any proof, stored nowhere."""

import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from adapters import Handshake, Ping, Reply
from gateway.config.proofs import Bearer, Hmac, Query
from gateway.ground.failures import BURST
from tests.integration.ingress.running import GOOD, TOKEN, Running, adapter, source

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
STRANGER = {"Authorization": ""}


class Time:
    """The clock of the failure limit, set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def challenged(ping: Ping) -> Reply | str | None:
    """What a vendor of each taste is answered; an order's `type` is none of them."""
    match ping.members["type"]:
        case "text":
            return ping.members["challenge"]
        case "json":
            return Reply(201, {"challenge": ping.members["challenge"]})
        case "slow":
            time.sleep(0.02)
            while True:
                pass
        case "broken":
            raise KeyError(ping.members["challenge"])
        case "odd":
            return Reply(99, object())
    return None


def shaking(answer: Any = challenged, **fields: Any) -> Any:
    return adapter(handshake=Handshake(answer=answer, **(fields or {"members": ("type", "challenge")})))


def seen(ping: Ping) -> Reply:
    return Reply(200, {"headers": ping.headers, "parameters": ping.parameters, "members": ping.members})


SOURCES = [
    source(of=shaking()),
    source("signed", shaking(), auth=[Hmac(header="X-Signature", secret="s3cret")]),
    source("elsewhere", shaking(), allow_ips=["192.0.2.0/24"]),
    source("graph", shaking(lambda ping: ping.parameters["validationToken"], parameters=("validationToken",))),
    source("headed", shaking(seen, headers=("X-Hello",), parameters=("mode",))),
    source("secretive", shaking(seen, headers=("Authorization",))),
    source(
        "token", shaking(seen, parameters=("token",)), auth=[Query(parameter="token", value=TOKEN), Bearer(token=TOKEN)]
    ),
    source("plain"),
]


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def rim(tmp_path: Any, clock: Time) -> Iterator[Running]:
    with Running(tmp_path, SOURCES, monotonic=clock) as running:
        yield running


def form(**fields: str) -> bytes:
    return urllib.parse.urlencode(fields).encode()


def handshakes(rim: Running, name: str = "acme") -> int:
    return rim.figures.counts.get(("handshakes", name), 0)


def test_a_form_ping_is_answered_with_its_challenge(rim: Running) -> None:
    """Nothing proven and no JSON: the challenge as inert text; nothing is stored, one is counted."""
    answer = rim.post(form(type="text", challenge="<b>é & +"), FORM)

    assert (answer.status, answer.body.decode()) == (200, "<b>é & +")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert (rim.events(), rim.refused(), handshakes(rim)) == ([], [], 1)


@pytest.mark.parametrize("name", ["acme", "signed"])
@pytest.mark.parametrize("headers", [STRANGER, {}], ids=["a stranger", "who proves more than is asked"])
def test_a_json_ping_is_answered_in_json(rim: Running, name: str, headers: dict[str, str]) -> None:
    """Whether a proof came along or not, and whether it takes the quick way or the ordinary one."""
    whole = rim.post({"type": "json", "challenge": "abc", "token": 7}, headers, f"/hooks/{name}/orders")

    assert (whole.status, whole.json) == (201, {"challenge": "abc"})
    assert whole.headers["content-type"] == "application/json"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert (rim.events(), handshakes(rim, name)) == ([], 1)


def test_a_ping_in_pieces_is_answered(rim: Running) -> None:
    """In chunks, one of them late, with no length given."""
    head = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\n"
    answer = rim.raw(head + kind + b"5\r\ntype=\r\n", b"12\r\ntext&challenge=abc\r\n0\r\n\r\n", pause=0.05)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\nabc")


def test_a_parameter_alone_may_be_the_ping(rim: Running) -> None:
    """With an empty body, of whatever type; with two of them nobody knows which one was meant."""
    text = {"Content-Type": "text/plain", **STRANGER}
    good = rim.post(b"", text, "/hooks/graph?validationToken=a%20b%2Bc")
    twice = rim.post(b"", text, "/hooks/graph?validationToken=a&validationToken=a")

    assert (good.status, good.body) == (200, b"a b+c")
    assert twice.status == 401


def test_only_declared_fields_are_shown(rim: Running) -> None:
    """No other header, parameter or member, and none that may hold a credential."""
    path = "/hooks/headed?mode=m&other=o"
    answer = rim.post({"id": "x"}, {"X-Hello": "hi", "X-Other": "o", **STRANGER}, path)

    assert answer.json == {"headers": {"x-hello": "hi"}, "parameters": {"mode": "m"}, "members": {}}
    assert rim.post({"id": "kept"}, GOOD, "/hooks/secretive").json["eventId"] == "kept"
    assert rim.post({"id": "too"}, GOOD, "/hooks/token?token=guess").json["eventId"] == "too"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"id": "1", "type": "order", "challenge": "abc"}, {}, 200),
        ({"id": "1", "type": "text"}, {}, 200),
        ({"id": "1", "type": "text", "challenge": None}, {}, 200),
        ({"id": "1", "type": "text", "challenge": "c", "order": "x" * 4096}, {}, 200),
        ({"id": "1", "type": "order", "challenge": "abc"}, STRANGER, 401),
        (form(type="text"), FORM, 401),
        (form(type="text", challenge="c") + b"&type=text", FORM, 401),
        (form(type="text", challenge="x" * 4096), FORM, 401),
        (form(type="text", challenge="c"), {**FORM, "Content-Encoding": "gzip"}, 401),
        (form(type="text", challenge="c"), {**FORM, "Content-Type": "multipart/form-data"}, 401),
        (form(type="text", challenge="c"), {"Content-Type": FORM["Content-Type"]}, 200),
        (form(type="order", challenge="c"), {"Content-Type": FORM["Content-Type"]}, 415),
        (b"[" * 4096, STRANGER, 401),
        (b"[" * 4096, {}, 400),
        (b'{"type": "text", "challenge": "\xff"}', {}, 400),
    ],
)
def test_what_is_no_handshake_is_judged_as_any_other(rim: Running, body: Any, headers: Any, status: int) -> None:
    """A real hook is stored, a stranger denied; a field that is missing, doubled or no text, or 4 KiB exceeded."""
    answer = rim.post(body, headers)

    assert answer.status == status
    is_hook = status == 200 and isinstance(body, dict)
    assert rim.events() == ([("acme", "1", "received")] if is_hook else [])
    assert handshakes(rim) == (1 if status == 200 and not is_hook else 0)


def test_more_than_4_kib_in_chunks_is_no_handshake(rim: Running) -> None:
    """Nothing of what was looked at ahead is lost to the hook that it is."""
    body = b'{"id": "chunked", "type": "text", "challenge": "c", "rest": "' + b"x" * 5000 + b'"}'
    head = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    proof = f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:100], body[100:4500], body[4500:])]
    answer = rim.raw(head + proof, *chunks, b"0\r\n\r\n", pause=0.02)

    assert b'"eventId":"chunked"' in answer
    assert rim.stored().body == body


@pytest.mark.parametrize("kind", ["slow", "broken", "odd"])
def test_a_handshake_that_fails_is_none(rim: Running, kind: str) -> None:
    """One that finds no end is interrupted; the request is judged as any other, and the next one is answered."""
    started = time.monotonic()
    stranger = rim.post(form(type=kind, challenge="c"), FORM)
    hook = rim.post({"id": kind, "type": kind, "challenge": "c"})

    assert (stranger.status, hook.status) == (401, 200)
    assert time.monotonic() - started < 1
    assert rim.events() == [("acme", kind, "received")]
    assert rim.post(form(type="text", challenge="c"), FORM).body == b"c"


def test_an_address_outside_and_an_unknown_source_come_first(rim: Running) -> None:
    """401 and 404, as for any other; another method is none."""
    ping = form(type="text", challenge="c")

    assert rim.post(ping, FORM, "/hooks/elsewhere").status == 401
    assert rim.post(ping, FORM, "/hooks/nobody").status == 404
    assert rim.request("PUT", "/hooks/acme", ping, FORM).status == 405
    assert rim.post(ping, FORM, "/hooks/plain").status == 401
    assert rim.refused()[0] == (401, "address")


def test_pings_pay_as_failed_proofs_do(rim: Running, clock: Time) -> None:
    """Beyond the burst they are 429, while who proves itself gets in; a real hook pays nothing."""
    for number in range(BURST):
        assert rim.post({"id": str(number), "type": "order", "challenge": "c"}).status == 200
    answers = [rim.post(form(type="text", challenge="c"), FORM) for _ in range(BURST + 1)]

    assert [answer.status for answer in answers] == [200] * BURST + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert (handshakes(rim), rim.refused()) == (BURST, [(429, "too_many_failures")])
    assert rim.post({"id": "hook"}).status == 200
    clock.seconds += 1
    assert rim.post(form(type="text", challenge="c"), FORM).status == 200


def test_while_nothing_can_be_stored_a_ping_is_answered(rim: Running) -> None:
    """It needs no store."""
    rim.ask(rim.store.close())

    assert rim.post(form(type="text", challenge="c"), FORM).body == b"c"


def test_a_handshake_without_a_field_is_refused() -> None:
    """Every request would be one."""
    with pytest.raises(ValueError, match="known by a header, a parameter or a member"):
        Handshake(answer=challenged)
