"""The rim over HTTP with a real store: every row and clause of the table of answers."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

from adapters import Acknowledgement, Hook, Identity, Reply, Secret
from adapters.lists import listed_events
from adapters.shopify import ADAPTER as SHOPIFY
from gateway.config.model import ConfiguredSource, Limits, Server, Source
from gateway.config.proofs import Basic, Bearer, Hmac, PublicKey, Query, StandardWebhooks
from gateway.events import SECOND, Reason
from gateway.ground.failures import BURST
from gateway.ingress.refusals import REASONS
from gateway.serving import taking
from tests.contract.engines import dense
from tests.integration.ingress.running import GOOD, Answer, Running, adapter, configuration, drained, envelope, source
from tests.stores import rows

SECRET = "s3cret"


VENDOR = Ed25519PrivateKey.generate()
PUBLIC = Secret(VENDOR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


STANDARD = "whsec_" + base64.b64encode(SECRET.encode()).decode()


class Time:
    """Both clocks of the rim, set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000

    def micros(self) -> int:
        return self.seconds * SECOND

    def monotonic(self) -> float:
        return float(self.seconds)


def looping(hook: Hook) -> Identity:
    if b"loop" in hook.body:
        while True:
            pass
    return Identity(hook.headers.get("x-id"))


def failing(_: Any) -> Reply:
    raise KeyError("a customer's name")


SOURCES = [
    source(aliases=["acme-old"]),
    source("strict", malformed="reject"),
    source("open", auth="none"),
    source("signed", auth=[Hmac(header="X-Signature", secret=SECRET)]),
    source("standard", auth=[StandardWebhooks(secret=STANDARD)]),
    source("keyed", auth=[PublicKey(algorithm="ed25519", header="X-Signature", key=PUBLIC, encoding="hex")]),
    source("either", auth=[Basic(username="u", password="p"), Hmac(header="X-Signature", secret=SECRET)]),
    source("query", auth=[Query(parameter="token", value=SECRET)]),
    source("here", allow_ips=["127.0.0.0/8"]),
    source("elsewhere", allow_ips=["192.0.2.0/24", "2001:db8::/32"]),
    source("bytes", adapter(identify=lambda _: Identity(None)), auth="none", hash_window=60.0),
    source("odd", adapter(identify=looping, reads_headers=("X-Id",), reads_parameters=("kind",)), auth="none"),
    source(
        "own",
        adapter(
            acknowledge=lambda done: Reply(202, {"event": done.event_id, "again": done.is_duplicate}),
            probe=lambda asked: Reply(200, {"method": asked.method, "challenge": asked.parameters.get("challenge")}),
            reads_parameters=("challenge",),
        ),
        auth="none",
    ),
    source("terse", adapter(acknowledge=lambda _: Reply(204, {"ok": True})), auth="none"),
    source("clumsy", adapter(acknowledge=failing, probe=failing), auth="none"),
    source("leaving", adapter(acknowledge=lambda _: sys.exit(3), probe=lambda _: sys.exit(3)), auth="none"),
    source("absurd", adapter(acknowledge=lambda _: Reply(99, {}), probe=lambda _: Reply(200, object())), auth="none"),
]


@pytest.fixture(scope="module")
def clock() -> Time:
    return Time()


@pytest.fixture(scope="module")
def rim(tmp_path_factory: pytest.TempPathFactory, clock: Time) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("rim")
    limits = Limits(max_body=10_000)
    with Running(path, SOURCES, limits=limits, clock=clock.micros, monotonic=clock.monotonic) as running:
        yield running


def sha256(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"X-Signature": base64.b64encode(digest).decode(), "Authorization": ""}


def last(rim: Running) -> tuple[int, str]:
    return rim.refused()[-1]


# -- stored


def test_a_new_event_is_stored_and_acknowledged(rim: Running) -> None:
    """200, not a duplicate, its ID; the stored bytes are those that were sent."""
    body = b'{"id" : "new-1",  "x": 1e999999999}'
    answer = rim.post(body)

    assert (answer.status, answer.json) == (200, {"accepted": True, "duplicate": False, "eventId": "new-1"})
    assert answer.headers["content-type"] == "application/json"
    assert rim.stored().body == body
    assert rim.events()[-1] == ("acme", "new-1", "received")


def test_a_repeat_is_a_duplicate(rim: Running) -> None:
    """200 again, and nothing more is stored."""
    rim.post({"id": "twice"})
    before = rim.events()
    answer = rim.post({"id": "twice"})

    assert (answer.status, answer.json) == (200, {"accepted": True, "duplicate": True, "eventId": "twice"})
    assert rim.events() == before


def test_another_body_under_a_known_key_is_kept_beside(rim: Running) -> None:
    """A conflict is answered as seen before, and the first body stands."""
    rim.post({"id": "conflict", "n": 1})
    answer = rim.post({"id": "conflict", "n": 2})
    stored = rim.stored()

    assert answer.json["duplicate"] is True
    assert (stored.body, [each.kind for each in stored.other_bodies]) == (b'{"id": "conflict", "n": 1}', ["conflict"])


def test_an_event_without_an_id_is_a_dead_letter(rim: Running) -> None:
    """200 with the problem; its ID is the body's hash, so that a retry is a duplicate."""
    body = b'{"id":17}'
    answers = [rim.post(body), rim.post(body)]

    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.json["duplicate"] for answer in answers] == [False, True]
    assert answers[0].json == {
        "accepted": True,
        "duplicate": False,
        "eventId": sha256(body),
        "problem": {"code": "malformed_payload", "detail": "expected `str | null`, got `int`", "path": "$.id"},
    }
    assert rim.events()[-1] == ("acme", sha256(body), "dead")


def test_a_source_may_reject_what_is_malformed(rim: Running) -> None:
    """422 and not accepted, stored all the same; repeats get 422 again."""
    answers = [rim.post(b"[1]", path="/hooks/strict") for _ in range(2)]

    assert [answer.status for answer in answers] == [422, 422]
    assert [answer.json["accepted"] for answer in answers] == [False, False]
    assert [answer.json["duplicate"] for answer in answers] == [False, True]
    assert answers[0].json["problem"]["code"] == "malformed_payload"
    assert rim.events()[-1] == ("strict", sha256(b"[1]"), "dead")


@pytest.mark.parametrize("body", [b"[" * 500 + b"]" * 500, b'"\\ud800"', b"1" * 5000, b"null"])
def test_json_of_any_shape_is_stored(rim: Running, body: bytes) -> None:
    """What is JSON by its grammar is never 400, however little an adapter can do with it."""
    answer = rim.post(body)

    assert (answer.status, answer.json["problem"]["code"]) == (200, "malformed_payload")


def test_a_leading_bom_is_skipped_and_kept(rim: Running) -> None:
    """It is no part of JSON, and part of what was sent."""
    answer = rim.post(b'\xef\xbb\xbf{"id":"bom"}')

    assert answer.json["eventId"] == "bom"
    assert rim.stored().body.startswith(b"\xef\xbb\xbf")


def test_a_replaced_dead_letter_is_not_a_duplicate(rim: Running) -> None:
    """The same key, another body, the stored event dead: the new body takes its place and is news."""
    rim.post({"id": "revived", "n": 1})
    rows(Path(rim.config.directory), "UPDATE events SET status = 'dead' WHERE event_id = 'revived'")
    answer = rim.post({"id": "revived", "n": 2})

    assert answer.json["duplicate"] is False
    assert rim.stored().body == b'{"id": "revived", "n": 2}'


def test_a_hash_dedupes_for_its_window(rim: Running, clock: Time) -> None:
    """Within it a repeat is a duplicate, after it a new event under the same ID."""
    answers = [rim.post({"n": 1}, path="/hooks/bytes")]
    for step in (59, 2):
        clock.seconds += step
        answers.append(rim.post({"n": 1}, path="/hooks/bytes"))

    assert [answer.json["duplicate"] for answer in answers] == [False, True, False]
    assert len({answer.json["eventId"] for answer in answers}) == 1


def test_former_names_and_longer_paths_are_the_same_source(rim: Running) -> None:
    """Aliases, and whatever follows the name; the rest of the path is stored with the hook."""
    first = rim.post({"id": "path"}, path="/hooks/acme-old/orders/created%20now?x=1")
    context = json.loads(rim.stored().context)
    second = rim.post({"id": "path"}, path="/hooks/acme/")

    assert (first.json["duplicate"], second.json["duplicate"]) == (False, True)
    assert context == {"path": "orders/created now"}
    assert rim.events()[-1][0] == "acme"


def test_only_what_the_adapter_reads_is_stored_beside_the_body(rim: Running) -> None:
    """Headers and parameters that it does not list are forgotten."""
    answer = rim.post({}, {"X-Id": "from-header", "X-Other": "no"}, path="/hooks/odd?kind=a&other=no")

    assert answer.json["eventId"] == "from-header"
    assert json.loads(rim.stored().context) == {"headers": {"x-id": "from-header"}, "parameters": {"kind": "a"}}


def test_an_adapter_that_loops_holds_nobody_for_long(rim: Running) -> None:
    """It is interrupted after a second, and its event is a dead letter."""
    started = time.monotonic()
    answer = rim.post({"loop": 1}, path="/hooks/odd")

    assert answer.json["problem"]["code"] == "adapter_defect"
    assert time.monotonic() - started < 5


def test_a_chunked_body_is_stored_whole(rim: Running) -> None:
    """Without a Content-Length, in any pieces."""
    pieces = iter([b'{"id":', b'"chunked"', b"}"])
    answer = rim.request("POST", "/hooks/acme", pieces, GOOD)

    assert answer.json["eventId"] == "chunked"
    assert rim.stored().body == b'{"id":"chunked"}'


def test_one_event_from_many_clients_at_once_is_stored_once(rim: Running) -> None:
    """Everyone gets 200, one of them as news."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(rim.post({"id": "at-once"}))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [200] * 16
    assert [answer.json["duplicate"] for answer in answers].count(False) == 1


# -- refused


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "truncated"),
        (b"NaN", "invalid character (byte 0)"),
        (b'{"id":"\xff"}', "not UTF-8 (byte 7)"),
    ],
)
def test_what_is_no_json_is_refused(rim: Running, body: bytes, detail: str) -> None:
    """400 with the place; nothing is stored, and it is on record."""
    before = rim.events()
    answer = rim.post(body)

    assert (answer.status, answer.json) == (400, {"error": "not_json", "detail": detail})
    assert rim.events() == before
    assert last(rim) == (400, "not_json")


@pytest.mark.parametrize("depth", [512, 513])
def test_depth_ends_at_512(rim: Running, depth: int) -> None:
    """What is deeper is 400 `too_deep`, JSON or not."""
    before = rim.events()
    answer = rim.post(b"[" * depth + b"]" * depth)

    assert answer.status == (200 if depth == 512 else 400)
    if depth > 512:
        assert answer.json == {"error": "too_deep", "detail": "nested deeper than 512 levels"}
        assert last(rim) == (400, "too_deep")
        assert rim.events() == before


def twice(path: bytes, *headers: bytes, body: bytes = b"{}") -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n"
    return head % (path, lines, len(body)) + body


def test_a_header_that_comes_twice_with_one_value_counts_once(rim: Running) -> None:
    """The adapter sees it as if it had come once; so does a proof, but for Authorization."""
    received = rim.raw(twice(b"/hooks/odd", b"X-Id: same", b"x-id: same"))
    body = b'{"id":"signed twice"}'
    line = b"X-Signature: " + signature(body)["X-Signature"].encode()
    signed = rim.raw(twice(b"/hooks/signed", line, line, body=body))

    assert b'"eventId":"same"' in received
    assert b" 200 OK" in signed


def test_a_header_with_two_values_is_refused_where_it_is_read(rim: Running) -> None:
    """400 `header`, in the place of 400: after 401, 415 and 503; nobody else's business where nobody reads it."""
    before = rim.events()
    refused = rim.raw(twice(b"/hooks/odd", b"X-Id: one", b"X-Id: two"))
    other = rim.raw(twice(b"/hooks/odd", b"X-Id: unread", b"X-Other: one", b"X-Other: two"))

    assert b" 400 " in refused
    assert b'{"error":"header","detail":"x-id came twice, with different values"}' in refused
    assert (400, "header") in rim.refused()
    assert b'"eventId":"unread"' in other
    assert len(rim.events()) == len(before) + 1


def test_a_topic_that_comes_twice_is_that_topic(tmp_path: Path) -> None:
    """Some proxies repeat a vendor's headers: it is an order all the same, not a topic nobody knows."""
    body = json.dumps({"id": 1, "name": "#B08", "updated_at": "2025-06-01T10:00:00Z"}).encode()
    headers = (b"X-Shopify-Webhook-Id: b08", b"X-Shopify-Topic: orders/create", b"X-Shopify-Topic: orders/create")
    shop = ConfiguredSource("shop", Source(adapter="shopify", tenant="demo", auth="none"), SHOPIFY, SHOPIFY.options())
    with Running(tmp_path, [shop]) as rim:
        received = rim.raw(twice(b"/hooks/shop", *headers, body=body))
        stored = rim.stored()

    assert b"200 OK" in received
    assert b'"eventId":"b08"' in received
    assert json.loads(stored.context)["headers"]["x-shopify-topic"] == "orders/create"


def test_two_signatures_with_a_good_second_one_are_wrong(rim: Running) -> None:
    """Whoever stands in front may have looked at the other one (documented)."""
    body = b'{"id":"second"}'
    good = b"X-Signature: " + signature(body)["X-Signature"].encode()

    assert b" 401 " in rim.raw(twice(b"/hooks/signed", b"X-Signature: AAAA", good, body=body))


def test_two_lines_of_webhook_signatures_are_wrong(rim: Running, clock: Time) -> None:
    """Several signatures belong into one line (documented); the good one alone lets in."""
    body = b'{"id":"two lines"}'
    signed = Webhook(STANDARD).sign("msg_1", datetime.fromtimestamp(clock.seconds, UTC), body.decode()).encode()
    named = (b"Webhook-Id: msg_1", b"Webhook-Timestamp: %d" % clock.seconds)
    lines = (b"Webhook-Signature: v1,QUFB", b"Webhook-Signature: " + signed)

    assert b" 401 " in rim.raw(twice(b"/hooks/standard", *named, *lines, body=body))
    assert b" 200 OK" in rim.raw(twice(b"/hooks/standard", *named, lines[1], body=body))


@pytest.mark.parametrize(
    ("coding", "status"), [("", 200), ("identity", 200), ("UTF-8", 415), ("none", 415), ("gzip", 415)]
)
def test_a_coding_that_names_none_will_do(rim: Running, coding: str, status: int) -> None:
    """Empty names no coding; what no registry knows is refused with the word that would do."""
    answer = rim.post({"id": f"coding {coding}"}, {"Content-Encoding": coding})

    assert answer.status == status
    if status == 415:
        assert answer.json["detail"] == "expected no Content-Encoding, or identity"


def test_another_charset_is_named(rim: Running) -> None:
    """Where the body is what its charset says: 415 with its name. Where it is UTF-8 all the same, it is taken."""
    latin = {"Content-Type": "application/json; charset=iso-8859-1"}
    refused = rim.post('{"id":"\xc5sgatan"}'.encode("latin-1"), latin)
    utf16 = rim.post('{"id":"wide"}'.encode("utf-16-le"), {"Content-Type": 'application/json; charset="UTF-16LE"'})
    taken = rim.post('{"id":"\xc5sgatan"}'.encode(), latin)
    undeclared = rim.post('{"id":"\xc5sgatan"}'.encode("latin-1"))

    assert (refused.status, utf16.status, taken.status, undeclared.status) == (415, 415, 200, 400)
    assert refused.json["detail"] == "the body is no UTF-8, and JSON in iso-8859-1 is not taken: send it as UTF-8"
    assert "utf-16le" in utf16.json["detail"]


def unfinished(rim: Running, size: int, address: str) -> socket.socket:
    """A signed hook from behind the proxy that says so much and no more."""
    connection = rim.connect()
    head = b"POST /hooks/signed HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %b\r\nContent-Length: 5000000\r\n\r\n"
    connection.sendall(head % address.encode() + b" " * size)
    return connection


def test_no_public_address_holds_more_than_its_share(tmp_path: Path) -> None:
    """Beyond an eighth its own slowest gives way, nobody else; small hooks and proven ones are none of it."""
    sources = [source(), source("signed", auth=[Hmac(header="X-Signature", secret=SECRET)])]
    limits = Limits(unproven=8_000_000)
    with Running(tmp_path, sources, limits=limits, server=Server(trusted_proxies=1)) as rim:
        other = unfinished(rim, 900_000, "192.88.98.1")
        slow = unfinished(rim, 500_000, "8.8.8.8")
        time.sleep(0.3)
        fast = unfinished(rim, 900_000, "8.8.8.8")
        slow.settimeout(5)
        given_up = drained(slow)
        body = b'{"id":"through"}'.ljust(3_000_000)
        proven = rim.post(body, {"X-Forwarded-For": "8.8.8.8"})
        small = rim.post(body[:60_000], {**signature(body[:60_000]), "X-Forwarded-For": "8.8.8.8"}, "/hooks/signed")
        reasons = rim.refused()
        for connection in (slow, fast, other):
            connection.close()

    assert given_up.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 10" in given_up
    assert (proven.status, small.status) == (200, 200)
    assert reasons == [(503, "crowded")]


def test_many_who_hold_what_there_is_shut_nobody_out(tmp_path: Path) -> None:
    """Stalled bodies, more than the limit together: a hook that goes on is taken, and stalled ones give way."""
    sources = [source("signed", auth=[Hmac(header="X-Signature", secret=SECRET)])]
    with Running(tmp_path, sources, limits=Limits(unproven=4_000_000)) as rim:
        stalled = [unfinished(rim, 600_000, "10.0.0.1") for _ in range(12)]
        time.sleep(1.2)
        body = b'{"id":"beside"}'.ljust(2_000_000)
        good = rim.post(body, signature(body), "/hooks/signed")
        held = rim.rim._unproven.total
        refused = rim.refused()
        for connection in stalled:
            connection.close()
        wait_for(lambda: rim.rim._unproven.total == 0)

    assert good.status == 200
    assert 0 < held <= 4_000_000
    assert len(refused) >= 6
    assert set(refused) == {(503, "crowded")}


def test_large_bodies_hold_up_nobody(tmp_path: Path) -> None:
    """Eight of the largest at once, each of the costly kind: a small hook beside them is answered soon."""
    body = (b"[" * 508 + b"[]," * 2_790_000 + b"0" + b"]" * 508)[: 8 * 1024 * 1024]
    spans = []

    def send() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            rim.post(body)

    with Running(tmp_path) as rim:
        senders = [threading.Thread(target=send) for _ in range(8)]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            started = time.monotonic()
            rim.post({"id": f"beside-{len(spans)}"})
            spans.append(time.monotonic() - started)

    # The senders share this interpreter and the machine with others: what it was, was half a second for each of them.
    assert statistics.median(spans) < 0.5


def test_wrong_and_missing_credentials_get_the_same_answer(rim: Running) -> None:
    """401, to the byte but for the date; what was sent for a credential is nowhere on record."""
    asked = [{"Authorization": "Bearer canary"}, {"Authorization": ""}, {"Authorization": "Basic canary"}]
    answers = [rim.post({"id": "denied"}, headers) for headers in asked]
    answers.append(rim.request("POST", "/hooks/acme", b"{}", {}))
    for answer in answers:
        del answer.headers["date"]

    assert {(each.status, each.body, str(sorted(each.headers.items()))) for each in answers} == {
        (answers[0].status, answers[0].body, str(sorted(answers[0].headers.items())))
    }
    assert answers[0].status == 401
    assert answers[0].headers["www-authenticate"].startswith("Bearer")
    assert "canary" not in str(rim.refusals.recent())


def test_a_duplicate_authorization_is_wrong(rim: Running) -> None:
    """Even if both are good: whoever stands in front may have looked at another one."""
    good = b"Authorization: Bearer a-token\r\n"
    request = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"

    assert b" 401 " in rim.raw(request + good + good + b'\r\n{"id":"x"}')
    assert b" 200 " in rim.raw(request + good + b'Connection: close\r\n\r\n{"id":"x"}')


def test_a_query_token_lets_in_and_is_not_kept(rim: Running) -> None:
    """Twice the parameter is wrong; the token is not stored."""
    good = rim.post({"id": "query"}, path=f"/hooks/query?token={SECRET}")
    bad = rim.post({"id": "query"}, path=f"/hooks/query?token={SECRET}&token={SECRET}")

    assert (good.status, bad.status) == (200, 401)
    assert SECRET.encode() not in rim.stored().context


def test_a_signature_is_proved_over_the_raw_bytes(rim: Running) -> None:
    """A body that differs by a blank is denied, after it was read."""
    body = b'{"id" : "signed"}'
    good = rim.post(body, signature(body), "/hooks/signed")
    bad = rim.post(body + b" ", signature(body), "/hooks/signed")

    assert (good.status, bad.status) == (200, 401)
    assert "connection" not in bad.headers


def test_a_signature_by_the_vendor_s_own_key_lets_in(rim: Running) -> None:
    """Over the raw bytes, by the private half of the configured key; the signature is not kept."""
    body = b'{"id" : "keyed"}'
    sign = {"X-Signature": VENDOR.sign(body).hex(), "Authorization": ""}
    good = rim.post(body, sign, "/hooks/keyed")
    bad = rim.post(body + b" ", sign, "/hooks/keyed")
    stranger = rim.post(body, {**sign, "X-Signature": Ed25519PrivateKey.generate().sign(body).hex()}, "/hooks/keyed")

    assert (good.status, bad.status, stranger.status) == (200, 401, 401)
    assert sign["X-Signature"].encode() not in rim.stored().context


def test_any_proof_of_the_list_lets_in(rim: Running) -> None:
    """A proof in the head, or one over the body."""
    body = b'{"id":"either"}'
    basic = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}

    assert rim.post(body, basic, "/hooks/either").status == 200
    assert rim.post(body, signature(body), "/hooks/either").status == 200
    assert rim.post(body, signature(body, "wrong"), "/hooks/either").status == 401


def test_addresses_outside_allow_ips_are_denied(rim: Running) -> None:
    """The same 401, whatever credential comes with it."""
    answers = [rim.post({"id": "ip"}, path=path) for path in ("/hooks/here", "/hooks/elsewhere")]

    assert [answer.status for answer in answers] == [200, 401]
    assert answers[1].json == {"error": "unauthorized", "detail": "no valid credentials"}
    assert last(rim) == (401, "address")


def test_behind_proxies_the_forwarded_address_counts(tmp_path: Path) -> None:
    """The n-th from the right; what is written further left is the sender's own and worth nothing."""
    sources = [source("acme", allow_ips=["192.0.2.0/24", "2001:db8::/32"], auth="none")]
    with Running(tmp_path, sources, server=Server(trusted_proxies=1)) as rim:
        statuses = {
            forwarded: rim.post({"id": "1"}, {"X-Forwarded-For": forwarded}).status
            for forwarded in (
                "192.0.2.7",
                "192.0.2.7, 198.51.100.1",
                "1.1.1.1, ::ffff:192.0.2.9",
                "[2001:db8::1]:5",
                "x",
            )
        }
        addresses = [record.address for record in rim.refusals.recent()]

    assert list(statuses.values()) == [200, 401, 200, 200, 401]
    assert addresses == ["198.51.100.1", None]


def test_too_many_failures_are_429_and_a_valid_credential_passes(tmp_path: Path) -> None:
    """Only failures pay: neither the good ones nor other sources are refused for them."""
    with Running(tmp_path, [source(), source("other")], monotonic=lambda: 1.0) as rim:
        bad = {"Authorization": "Bearer wrong"}
        statuses = [rim.post({"id": "1"}, bad).status for _ in range(BURST)]
        over = rim.post({"id": "1"}, bad)
        good = rim.post({"id": "1"})
        elsewhere = rim.post({"id": "1"}, bad, "/hooks/other")
        reason = rim.refused()[BURST]

    assert statuses == [401] * BURST
    assert (over.status, over.headers["retry-after"], over.json["error"]) == (429, "1", "too_many_failures")
    assert (good.status, elsewhere.status) == (200, 401)
    assert reason == (429, "too_many_failures")


def test_an_unknown_source_is_404(rim: Running) -> None:
    """Whatever the method, whatever else is wrong; its name is not on record."""
    for path in ("/hooks/nobody", "/hooks/", "/hooks//acme", "/hooks/acme%2Fx", "/hooks/ACME"):
        for method in ("POST", "GET", "DELETE"):
            assert rim.request(method, path, b"x").status == 404
    assert rim.refusals.recent()[-1].source is None


def test_other_methods_are_405_and_say_which_do(rim: Running) -> None:
    """PUT, DELETE, OPTIONS and the like."""
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        answer = rim.request(method, "/hooks/acme")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
        assert answer.json["error"] == "method_not_allowed"


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "identity, deflate"}],
)
def test_another_type_or_coding_is_415(rim: Running, headers: dict[str, str]) -> None:
    """JSON only, as it is."""
    answer = rim.post({"id": "415"}, headers)

    assert (answer.status, answer.json["error"]) == (415, "unsupported_media_type")


def test_no_type_and_identity_will_do(rim: Running) -> None:
    """Nobody is refused for what does no harm."""
    assert rim.request("POST", "/hooks/acme", b'{"id":"t"}', {**GOOD, "Content-Encoding": "identity"}).status == 200


def test_a_body_over_the_limit_is_413(rim: Running) -> None:
    """Announced or chunked; exactly the limit passes."""
    fits = b'{"id":"big"}'.ljust(10_000)
    announced = rim.post(fits + b" ")
    chunked = rim.request("POST", "/hooks/acme", iter([b" " * 6000, b" " * 6000]), GOOD)

    assert rim.post(fits).status == 200
    assert (announced.status, chunked.status) == (413, 413)
    assert announced.json == {"error": "too_large", "detail": "the body is larger than 10000 bytes"}
    assert (announced.headers["connection"], chunked.headers["connection"]) == ("close", "close")


BIG = b"x" * 20_000
WRONG = {"Authorization": "Bearer wrong"}
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("PUT", "/hooks/nobody", {**WRONG, **GZIP}, BIG, 404),
        ("PUT", "/hooks/acme", {**WRONG, **GZIP}, BIG, 405),
        ("POST", "/hooks/acme", {**WRONG, **GZIP}, BIG, 401),
        ("POST", "/hooks/acme", {**GOOD, **GZIP}, BIG, 415),
        ("POST", "/hooks/acme", GOOD, BIG, 413),
        ("POST", "/hooks/signed", {**signature(b"other"), **GZIP}, BIG, 415),
        ("POST", "/hooks/signed", signature(b"other"), BIG, 413),
        ("POST", "/hooks/signed", signature(b"other"), b"x", 401),
        ("POST", "/hooks/acme", GOOD, b"x", 503),
        ("POST", "/hooks/acme", GOOD, b'{"id":"fresh"}', 503),
    ],
)
def test_refusals_are_judged_in_order(
    rim: Running, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    """404, 405, 401 unless the proof needs the body, 415, 413, 401, 503, 400: the first that applies."""
    rim.blocked = Reason("disk_full", "less than min_free_disk is free")
    try:
        answer = rim.request(method, path, body, {"Content-Type": "application/json", **headers})
    finally:
        rim.blocked = None

    assert answer.status == status
    assert set(answer.json) == {"error", "detail"}


def test_while_nothing_may_be_stored_a_known_event_gets_its_200(rim: Running) -> None:
    """A new one gets 503 with Retry-After, so that the vendor keeps it."""
    rim.post({"id": "known"})
    rim.post(b"[5]", path="/hooks/strict")
    rim.blocked = Reason("max_backlog", "5 orders of demo are pending")
    try:
        known, dead = rim.post({"id": "known"}), rim.post(b"[5]", path="/hooks/strict")
        fresh = rim.post({"id": "unknown"})
    finally:
        rim.blocked = None

    assert (known.status, known.json["duplicate"]) == (200, True)
    assert (dead.status, dead.json["duplicate"]) == (422, True)
    assert (fresh.status, fresh.json["error"], fresh.headers["retry-after"]) == (503, "max_backlog", "10")
    assert last(rim) == (503, "blocked")


@pytest.mark.file
def test_while_the_store_is_down_a_known_event_gets_its_200(tmp_path: Path) -> None:
    """The engine cannot write: 503 for what is new, and all is well again afterwards by itself."""
    with Running(tmp_path) as rim:
        rim.post({"id": "known"})
        rim.ask(limit_pages(rim, is_full=True))
        known, fresh = rim.post({"id": "known"}), rim.post({"id": "fresh", "pad": dense(200_000)})
        rim.ask(limit_pages(rim, is_full=False))
        again = rim.post({"id": "fresh"})
        refused = rim.refused()

    assert (known.status, known.json["duplicate"]) == (200, True)
    assert (fresh.status, fresh.headers["retry-after"]) == (503, "10")
    assert refused == [(503, "unavailable")]
    assert (again.status, again.json["duplicate"]) == (200, False)


async def limit_pages(rim: Running, *, is_full: bool) -> None:
    """Fill the disk, as far as the engine can tell."""

    def limit(connection: apsw.Connection) -> None:
        connection.pragma("max_page_count", connection.pragma("page_count") if is_full else 1_000_000)

    await rim.store.writer.submit(limit)


# -- probes


def test_probes_need_no_credentials_and_store_nothing(rim: Running) -> None:
    """HEAD and GET get 200."""
    before = rim.events()
    got, head = rim.request("GET", "/hooks/acme/any"), rim.request("HEAD", "/hooks/acme")

    assert (got.status, got.json) == (200, {"source": "acme", "accepts": "POST"})
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(got.body)))
    assert rim.events() == before


def test_an_adapter_may_answer_for_itself(rim: Running) -> None:
    """Probes, new events and duplicates; dead letters are answered by us."""
    probe = rim.request("GET", "/hooks/own?challenge=abc")
    first, second, dead = (rim.post(body, path="/hooks/own") for body in (b'{"id":"o"}', b'{"id":"o"}', b"[]"))

    assert (probe.status, probe.json) == (200, {"method": "GET", "challenge": "abc"})
    assert (first.status, first.json) == (202, {"event": "o", "again": False})
    assert (second.status, second.json) == (202, {"event": "o", "again": True})
    assert (dead.status, dead.json["accepted"]) == (200, True)


def test_a_status_without_a_body_has_none(rim: Running) -> None:
    """The next answer on the connection begins where its head ends."""
    again = b"POST /hooks/terse HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
    answered = rim.raw(again + b'\r\n{"id":"t"}' + again + b'Connection: close\r\n\r\n{"id":"t"}')
    first, second, rest = answered.split(b"\r\n\r\n")

    assert first.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert second.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert rest == b""


@pytest.mark.parametrize("name", ["clumsy", "leaving", "absurd"])
def test_an_adapter_that_cannot_answer_is_answered_for(rim: Running, name: str) -> None:
    """An exception, the program's end, a status or a value that is none: the event is stored, so the answer is ours."""
    answer, probe = rim.post({"id": "1"}, path=f"/hooks/{name}"), rim.request("GET", f"/hooks/{name}")

    assert (answer.status, answer.json["eventId"]) == (200, "1")
    assert (probe.status, probe.json["accepts"]) == (200, "POST")


# -- senders that go away, and a stop


def test_a_sender_that_goes_away_leaves_nothing(rim: Running) -> None:
    """Half a body and an end: nothing stored, on record, counted."""
    before = rim.events()
    with rim.connect() as connection:
        connection.sendall(
            b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-token\r\nContent-Length: 99\r\n\r\n{"
        )
        time.sleep(0.1)
    wait_for(lambda: rim.refused()[-1:] == [(499, "disconnected")])

    assert rim.events() == before


def test_a_sender_that_has_said_all_may_close_its_half(rim: Running) -> None:
    """The answer still reaches who is only done sending."""
    with rim.connect() as connection:
        connection.sendall(b"POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" + b'{"id":"half"}')
        connection.shutdown(1)
        received = connection.recv(65536)

    assert received.startswith(b"HTTP/1.1 200 OK")


def test_a_cancelled_request_is_stored_all_the_same(rim: Running) -> None:
    """What was handed to the inbox goes in; the answer says: come again."""
    sent: list[Any] = []

    async def cancelled() -> None:
        body = b'{"id":"cancelled"}'
        scope = {
            "type": "http",
            "method": "POST",
            "raw_path": b"/hooks/open",
            "query_string": b"",
            "headers": [(b"content-length", b"%d" % len(body))],
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        task = asyncio.ensure_future(rim.rim(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    rim.ask(cancelled())
    wait_for(lambda: rim.events()[-1:] == [("open", "cancelled", "received")])

    assert sent[0]["status"] == 503
    assert rim.post({"id": "cancelled"}, path="/hooks/open").json["duplicate"] is True


def test_until_the_listener_closes_a_stopping_gateway_still_stores(tmp_path: Path) -> None:
    """Whoever gets a connection during a stop gets a 200 that is kept; nobody gets another answer."""
    answers: list[tuple[str, int]] = []
    stopping = threading.Event()
    with Running(tmp_path) as rim:

        def send(sender: int) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in range(10_000):
                    event_id = f"{sender}-{number}"
                    answers.append((event_id, rim.post({"id": event_id}).status))
                    if len(answers) > 40:
                        stopping.set()

        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(3)]
        for thread in threads:
            thread.start()
        assert stopping.wait(20)
        rim.stop()
        for thread in threads:
            thread.join()
    stored = {event_id for (event_id,) in rows(Path(rim.config.directory), "SELECT event_id FROM events")}

    assert {status for _, status in answers} == {200}
    assert {event_id for event_id, _ in answers} <= stored


# -- figures


def test_everything_is_counted(tmp_path: Path) -> None:
    """By source and outcome; every refusal's reason is of the closed set."""
    with Running(tmp_path) as rim:
        for body in ({"id": "1"}, {"id": "1"}, {"id": "1", "n": 2}, {"id": 5}, {"id": 5}):
            rim.post(body)
        rim.post(b"{")
        rim.post({}, WRONG)
        rim.post({}, path="/hooks/nobody")
        rim.rim.flush()
        counts, seconds = rim.figures.counts, rim.figures.seconds
        rim.rim.flush()

    assert counts == {
        ("received", "acme"): 2,
        ("duplicates", "acme"): 2,
        ("conflicts", "acme"): 1,
        ("dead", "acme", "malformed_payload"): 1,
        ("refused", "acme", "not_json"): 1,
        ("refused", "acme", "credentials"): 1,
        ("refused", None, "unknown_source"): 1,
    }
    assert len(seconds) == 5
    assert {reason for _, reason in rim.refused()} <= REASONS


def test_sources_are_exchanged_without_a_pause(tmp_path: Path) -> None:
    """A new configuration serves from the next request on: rotated secrets, new names."""
    with Running(tmp_path) as rim:
        rim.post({"id": "1"})
        sources = [source("acme", auth=[Bearer(token="next")]), source("new", auth="none")]
        rim.live.replace(configuration(tmp_path, sources))
        statuses = [
            rim.post({"id": "2"}).status,
            rim.post({"id": "2"}, {"Authorization": "Bearer next"}).status,
            rim.post({"id": "2"}, path="/hooks/new").status,
        ]

    assert statuses == [401, 200, 200]


def test_what_is_no_hook_goes_on(rim: Running) -> None:
    """The application behind answers all other paths."""
    answer = rim.request("POST", "/elsewhere", b"12345")

    assert (answer.status, answer.body) == (200, b"5")


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def _hook(event_id: str) -> bytes:
    body = b'{"id":"%b"}' % event_id.encode()
    return b"POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_a_hook_is_the_same_whole_and_in_pieces(rim: Running) -> None:
    """However its bytes arrive it is stored once, in their order, and answered alike."""
    with rim.connect() as connection:
        received = b""
        for pieces in (
            [_hook("whole")],
            [_hook("head")[:20], _hook("head")[20:]],
            [_hook("body")[:-3], _hook("body")[-3:]],
        ):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02)
            received += connection.recv(65536)

    answers = received.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers] == [
        b'{"accepted":true,"duplicate":false,"eventId":"%b"}' % event_id for event_id in (b"whole", b"head", b"body")
    ]
    assert [event_id for _, event_id, _ in rim.events()][-3:] == ["whole", "head", "body"]


def test_hooks_that_come_at_once_are_answered_in_their_order(rim: Running) -> None:
    """Pipelined: the first is taken, the others wait for its answer."""
    received = rim.raw(
        b"".join(_hook(f"pipelined {number}") for number in range(5)) + b"GET /hooks/open HTTP/1.0\r\n\r\n"
    )

    assert [received.find(b'"pipelined %d"' % number) for number in range(5)] == sorted(
        received.find(b'"pipelined %d"' % number) for number in range(5)
    )
    assert received.count(b"HTTP/1.1 200 OK") == 6


def test_an_idle_connection_is_closed_in_the_end(rim: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps its place for a while after an answer, and then is let go."""
    monkeypatch.setattr(taking, "KEEP_ALIVE_SECONDS", 0.6)
    with rim.connect() as connection:
        connection.sendall(_hook("idle 1"))
        first = connection.recv(65536)
        time.sleep(0.3)
        connection.sendall(_hook("idle 2"))
        second = connection.recv(65536)
        rest = connection.recv(65536)

    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")
    assert rest == b""


def test_what_a_defect_of_ours_stops_is_told_by_the_ordinary_way(rim: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the inbox it is a 500, not the sender's fault; after it, stored once and answered."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as before:
        before.setattr(rim.rim, "_blocked", broken)
        refused = rim.post({"id": "defect before"}, path="/hooks/open")
    counted = rim.rim._counted
    calls = iter([broken, counted])

    def once_broken(*given: Any) -> Any:
        return next(calls)(*given)

    monkeypatch.setattr(rim.rim, "_counted", once_broken)
    with rim.connect() as connection:
        connection.sendall(_hook("defect after"))
        answered = connection.recv(65536)

    assert (refused.status, refused.json["error"]) == (500, "internal_error")
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert b'"duplicate":true' in answered
    assert [event_id for _, event_id, _ in rim.events()].count("defect after") == 1


class TestSeveralEvents:
    """A body that holds several events."""

    @pytest.fixture
    def several(self, tmp_path: Path) -> Iterator[Running]:
        def reply(told: Acknowledgement) -> Reply:
            return Reply(202, {"id": told.event_id, "topic": told.topic, "bytes": len(told.hook.body)})

        def identified(hook: Hook) -> Identity:
            return Identity(envelope(hook.body).id, "a topic")

        sources = [
            source(of=adapter(events=listed_events)),
            source("strict", adapter(events=listed_events), malformed="reject"),
            source("own", adapter(events=listed_events, identify=identified, acknowledge=reply)),
            source("broken", adapter(events=lambda hook: [hook])),
        ]
        with Running(tmp_path, sources) as running:
            yield running

    def test_each_is_stored_by_itself(self, several: Running) -> None:
        """The first one's ID, how many, and a duplicate if all are; an ID that comes again counts once."""
        first = several.post(b'\xef\xbb\xbf [{"id": "a"}, {"id":"b", "n": 1.50} ,{"id": "a"}]')
        again = several.post(b'[{"id": "a"}, {"id": "c"}]')
        third = several.post(b'[{"id": "a"}, {"id": "c"}]')
        alone = several.post(b'{"id": "d"}')

        assert first.json == {"accepted": True, "duplicate": False, "eventId": "a", "events": 3}
        assert again.json == {"accepted": True, "duplicate": False, "eventId": "a", "events": 2}
        assert third.json == {"accepted": True, "duplicate": True, "eventId": "a", "events": 2}
        assert alone.json == {"accepted": True, "duplicate": False, "eventId": "d", "events": 1}
        assert [event_id for _, event_id, _ in several.events()] == ["a", "b", "c", "d"]
        assert several.stored(1).body == b'{"id":"b", "n": 1.50}'

    def test_one_without_an_id_is_a_dead_letter_beside_the_others(self, several: Running) -> None:
        """The answer tells the problem; where the source rejects, all the same, all are stored."""
        body = b'[{"id": "a"}, {"id": 5}, {"id": "b"}]'
        taken, rejected = several.post(body, path="/hooks/acme"), several.post(body, path="/hooks/strict")

        assert (taken.status, taken.json["problem"]["code"], taken.json["events"]) == (200, "malformed_payload", 3)
        assert (rejected.status, rejected.json["accepted"]) == (422, False)
        assert len(several.events()) == 6

    def test_more_than_a_thousand_are_one_dead_letter(self, several: Running) -> None:
        """So is what the adapter cannot take apart; an empty list is judged as any body."""
        most = json.dumps([{"id": f"e{n}"} for n in range(1000)]).encode()
        stored = len(several.events())
        fits = several.post(most)
        beyond = several.post(most[:-1] + b', {"id": "x"}]')
        broken = several.post(b"[]", path="/hooks/broken")
        empty = several.post(b"[]")

        assert fits.json["events"] == 1000
        assert beyond.json["problem"]["detail"] == "the body holds 1001 events, 1000 at most are taken"
        assert (broken.json["problem"]["code"], broken.json["events"]) == ("adapter_defect", 1)
        assert empty.json["problem"]["code"] == "malformed_payload"
        assert (stored, several.stored().record.event_id) == (0, "sha256:" + hashlib.sha256(b"[]").hexdigest())

    def test_an_answer_of_the_adapters_own_sees_topic_and_hook(self, several: Running) -> None:
        """Of several events the first one's topic, and the whole request."""
        body = b'[{"id": "a"}, {"id": "b"}]'
        answer = several.post(body, path="/hooks/own")

        assert (answer.status, answer.json) == (202, {"id": "a", "topic": "a topic", "bytes": len(body)})
