"""Every row of the HTTP table, and the order of refusals, against a running process."""

import hashlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from itertools import count

import httpx
import pytest

from tests import pooling
from tests.processes import API_TOKEN, Gateway, Intakes, eventually, source, tenant, told
from tests.stores import POSTGRESQL, SQLITE, database, settings

BASIC = [{"type": "basic", "username": "wms", "password": "pass-word-1"}]
SIGNED = [{"type": "hmac", "header": "X-Signature", "secret": "sign-key-1"}]

POOLED = "postgresql behind PgBouncer"


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL, pytest.param(POOLED, marks=pytest.mark.system)])
def gateway(request, tmp_path_factory) -> Iterator[Gateway]:
    with Intakes() as opened:
        intake = opened.open()
        sources = {
            "demo": source("demo", malformed="accept"),
            "strict": source("demo", malformed="reject"),
            "basic": source("demo", auth=BASIC),
            "signed": source("demo", auth=SIGNED),
            "elsewhere": source("demo", allow_ips=["192.0.2.0/24"]),
            "rotated": source("demo", auth=[{"type": "header", "name": "X-Key", "value": ["old-key-1", "new-key-1"]}]),
            "query": source("demo", auth=[{"type": "query", "parameter": "token", "value": "query-token-1"}]),
            "full": source("full"),
        }
        tenants = {
            "demo": tenant(intake.url),
            "full": tenant(opened.open().url, max_backlog=1),
            "pulled": {"delivery": "pull", "pull_secret": "a-pull-secret"},
        }
        limits = {"min_free_disk": 0, "max_body": 20_000}
        folder = tmp_path_factory.mktemp("http")
        if request.param == POOLED:
            store = {"store": pooling.address(database(folder)), "allow_unsafe": True}
        else:
            store = settings(folder, request.param)
        with Gateway(folder, tenants, sources, limits=limits, **store) as running:
            yield running


def stored(gateway: Gateway) -> int:
    return sum(gateway.api("stats")["events"].values())


def test_new_and_seen(gateway):
    """A new event is stored, a seen one a duplicate, and the bytes are kept as they came, a BOM included."""
    body = b"\xef\xbb\xbf" + json.dumps(told("n-1", "N1", 1), indent=3).encode()
    first, again = gateway.post(body), gateway.post(body)
    [event] = gateway.all("events", eventId="n-1")

    assert (first.status_code, first.json()) == (200, {"accepted": True, "duplicate": False, "eventId": "n-1"})
    assert (again.status_code, again.json()) == (200, {"accepted": True, "duplicate": True, "eventId": "n-1"})
    assert event["duplicates"] == 1
    assert gateway.api(f"events/{event['id']}")["body"].encode() in (body, body.removeprefix(b"\xef\xbb\xbf"))
    assert gateway.becomes("N1", "delivered")["orderId"] == "T-N1"


def test_no_event_id(gateway):
    """JSON without an event ID is a dead letter under a hash of its body: 200 with the problem; a repeat is known."""
    first, again = gateway.post({"entityType": "Order"}), gateway.post({"entityType": "Order"})
    digest = hashlib.sha256(b'{"entityType": "Order"}').hexdigest()

    assert first.status_code == again.status_code == 200
    assert (first.json()["accepted"], first.json()["duplicate"]) == (True, False)
    assert set(first.json()["problem"]) == {"code", "detail", "path"}
    assert first.json()["problem"]["code"] == "malformed_payload"
    assert digest in first.json()["eventId"]
    assert again.json()["duplicate"] is True
    [event] = gateway.all("events", eventId=first.json()["eventId"])
    assert event["status"] == "dead"


def test_no_event_id_rejected(gateway):
    """With `malformed: reject` it is 422 each time, and stored all the same."""
    first, again = gateway.post({"a": 1}, to="strict"), gateway.post({"a": 1}, to="strict")

    assert first.status_code == again.status_code == 422
    assert (first.json()["accepted"], first.json()["duplicate"], again.json()["duplicate"]) == (False, False, True)
    assert first.json()["problem"]["code"] == "malformed_payload"
    assert [event["status"] for event in gateway.all("events", source="strict")] == ["dead"]


def test_nonsense_deeper_down(gateway):
    """A body with an ID and nonsense deeper down gets 200 and is a dead letter a moment later."""
    answer = gateway.post({"id": "deep-1", "entityType": "Order", "data": {"primaryReference": [1]}})
    [event] = eventually(
        lambda: gateway.all("events", eventId="deep-1"), lambda rows: rows and rows[0]["status"] == "dead"
    )

    assert answer.json() == {"accepted": True, "duplicate": False, "eventId": "deep-1"}
    assert (event["status"], event["reason"]["code"]) == ("dead", "malformed_payload")
    assert event["reason"]["path"].startswith("$.data.primaryReference")


def test_a_wrong_proof_at_any_door_is_on_record(gateway):
    """Whoever tries secrets at the operators' door or at Trackely's is seen: counted, with the address."""
    doors = {"/api/v1/stats": "operators_credentials", "/pull/pulled": "pull_credentials"}
    wrong = {"Authorization": "Bearer not-the-token"}
    answers = [gateway.http.get(path, headers=wrong).status_code for path in doors]
    on_record = [refusal for refusal in gateway.all("refusals") if refusal["reason"]["code"] in doors.values()]
    metrics = gateway.http.get("/metrics").text

    assert answers == [401, 401]
    assert {refusal["reason"]["code"]: refusal["address"] for refusal in on_record} == dict.fromkeys(
        doors.values(), "127.0.0.1"
    )
    for reason in doors.values():
        assert f'trackely_gateway_refused_total{{reason="{reason}",source="unknown"}} 1.0' in metrics


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/metrics/"),
        ("POST", "/pull/pulled/"),
        ("GET", "//hooks/demo"),
        ("GET", "/hooks%2Fdemo"),
        ("GET", "/api%2Fv1/stats"),
        ("GET", "/healthz/../api/v1/stats"),
        ("OPTIONS", "*"),
        ("TRACE", "/healthz"),
        ("PROPFIND", "/hooks/demo"),
    ],
)
def test_a_path_leads_to_one_door(gateway, method, path):
    """However it is spelt: no other spelling of a door opens it, none redirects, and each answer is JSON."""
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = HTTPResponse(connection, method=method)
        answer.begin()
        body = json.loads(answer.read())

    assert answer.status in (404, 405)
    assert set(body) == {"error", "detail"}
    assert answer.headers["Location"] is None


REFUSED = {
    "empty": (b"", {}, "demo", 400),
    "not JSON": (b"{'a': 1}", {}, "demo", 400),
    "half": (b'{"a": ', {}, "demo", 400),
    "NaN": (b'{"a": NaN}', {}, "demo", 400),
    "not UTF-8": (b'{"a": "\xff"}', {}, "demo", 400),
    "wrong token": (b"{}", {"Authorization": "Bearer wrong"}, "demo", 401),
    "no token": (b"{}", {"Authorization": ""}, "demo", 401),
    "wrong user": (b"{}", {"Authorization": "Basic d3JvbmctOnBhc3M="}, "basic", 401),
    "wrong signature": (b"{}", {"X-Signature": "AAAA"}, "signed", 401),
    "wrong query": (b"{}", {}, "query?token=wrong", 401),
    "address": (b"{}", {}, "elsewhere", 401),
    "unknown source": (b"{}", {}, "nobody", 404),
    "content type": (b"{}", {"Content-Type": "text/plain"}, "demo", 415),
    "encoding": (b"{}", {"Content-Encoding": "gzip"}, "demo", 415),
    "too large": (b" " * 20_001, {}, "demo", 413),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(gateway, case):
    """The answer is JSON with `error` and `detail`; nothing is stored; it is counted and on record."""
    body, headers, to, status = REFUSED[case]
    before, refusals = stored(gateway), len(gateway.all("refusals"))
    answer = gateway.post(body, to=to, **headers)

    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "detail"}
    assert answer.headers["content-type"].startswith("application/json")
    assert stored(gateway) == before
    assert len(gateway.all("refusals")) == refusals + 1
    assert gateway.all("refusals")[0]["status"] == status


def test_wrong_and_missing_credentials_look_the_same(gateway):
    """Nobody learns from the answer whether a credential was wrong or missing."""
    wrong = gateway.post(b"{}", Authorization="Bearer wrong")
    missing = gateway.post(b"{}", Authorization="")

    assert (wrong.status_code, wrong.content) == (missing.status_code, missing.content)
    assert {k: v for k, v in wrong.headers.items() if k != "date"} == {
        k: v for k, v in missing.headers.items() if k != "date"
    }


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_methods(gateway, method):
    """Only POST, GET and HEAD."""
    answer = gateway.http.request(method, "/hooks/demo")

    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].replace(" ", "").split(","))
    assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes(gateway, method):
    """A vendor's probe needs no credentials, gets 200, and stores nothing."""
    before = stored(gateway)
    answer = gateway.http.request(method, "/hooks/demo")

    assert answer.status_code == 200
    assert stored(gateway) == before


NOT_JSON = {"Content-Type": "text/plain"}
ORDER = [
    ("404 before 405", "DELETE", "nobody", {}, b"", 404),
    ("405 before 401", "DELETE", "demo", {}, b"", 405),
    ("401 before 415", "POST", "demo", NOT_JSON, b"{}", 401),
    ("401 before 413", "POST", "demo", {}, b" " * 20_001, 401),
    ("415 before 413", "POST", "demo", {**NOT_JSON, "Authorization": "Bearer a-vendors-token"}, b" " * 20_001, 415),
    ("415 before 401 of a signature", "POST", "signed", NOT_JSON, b"{}", 415),
    ("413 before 401 of a signature", "POST", "signed", {}, b" " * 20_001, 413),
    ("401 of a signature before 400", "POST", "signed", {"X-Signature": "x"}, b"nonsense", 401),
]


@pytest.mark.parametrize(("order", "method", "to", "headers", "body", "status"), ORDER)
def test_order_of_refusals(gateway, order, method, to, headers, body, status):
    """404, 405, 401 (unless the proof needs the body), 415, 413, 401, 503, 400."""
    answer = httpx.request(method, f"{gateway.url}/hooks/{to}", headers=headers, content=body, trust_env=False)

    assert answer.status_code == status, order


def test_backlog_is_refused_and_a_duplicate_is_not(gateway):
    """At `max_backlog` a new event gets 503 with `Retry-After`, before 400; a known one its 200; others go on."""
    gateway.api("tenants/full/halt", {})
    assert gateway.post(told("b-1", "B1", 1), to="full").status_code == 200
    more = count()
    refused = eventually(
        lambda: gateway.post(told(f"c-{next(more)}", "C", 1), to="full"), lambda answer: answer.status_code == 503
    )
    known = gateway.post(told("b-1", "B1", 1), to="full")
    nonsense = gateway.post(b"nonsense", to="full")
    other = gateway.post(told("b-3", "B3", 1))
    ready = gateway.http.get("/readyz")
    gateway.api("tenants/full/resume", {})
    accepted = eventually(
        lambda: gateway.post(told("b-4", "B4", 1), to="full"), lambda answer: answer.status_code == 200
    )

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert (known.status_code, known.json()["duplicate"]) == (200, True)
    assert nonsense.status_code == 503
    assert (other.status_code, ready.status_code, accepted.status_code) == (200, 200, 200)


def test_backlog_takes_no_other_body_for_a_duplicate(gateway):
    """A known key whose body would have to be stored is refused like anything new: a 200 means that it is on disk."""
    dead = {"id": "again-1", "entityType": "Order", "data": {"primaryReference": "G1"}}
    # What the test before has left there may be on its way still.
    assert eventually(lambda: gateway.post(dead, to="full"), lambda answer: answer.status_code == 200).is_success
    assert eventually(lambda: gateway.all("events", eventId="again-1", status="dead"))
    gateway.api("tenants/full/halt", {})
    gateway.post(told("g-2", "G2", 1), to="full")
    more = count()
    eventually(lambda: gateway.post(told(f"g-3-{next(more)}", "G3", 1), to="full").status_code == 503)
    mended = gateway.post(told("again-1", "G1", 1), to="full")
    gateway.api("tenants/full/resume", {})

    assert mended.status_code == 503
    answer = eventually(
        lambda: gateway.post(told("again-1", "G1", 1), to="full"), lambda answer: answer.status_code == 200
    )
    assert answer.json()["duplicate"] is False
    gateway.becomes("G1", "delivered", "full")


def test_too_large_is_refused_before_it_is_read(gateway):
    """The answer comes while the body is still to come."""
    head = (
        "POST /hooks/demo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-vendors-token\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413")


def test_what_will_do(gateway):
    """A missing content type, any subtype with `json`, `identity`, a path behind the source, each live secret."""
    plain = {**told("w-1", "W1", 1)}
    missing = httpx.post(
        f"{gateway.url}/hooks/demo",
        content=json.dumps(plain).encode(),
        headers={"Authorization": "Bearer a-vendors-token"},
        trust_env=False,
    )
    answers = [
        missing,
        gateway.post(told("w-2", "W2", 1), Content_Type="application/vnd.acme+json; charset=utf-8"),
        gateway.post(told("w-3", "W3", 1), Content_Encoding="identity"),
        gateway.post(told("w-4", "W4", 1), to="demo/orders/created"),
        gateway.post(told("w-5", "W5", 1), to="rotated", X_Key="old-key-1"),
        gateway.post(told("w-6", "W6", 1), to="rotated", X_Key="new-key-1"),
        gateway.post(told("w-7", "W7", 1), to="query?token=query-token-1"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 7
    assert [answer.json()["duplicate"] for answer in answers] == [False] * 7


def test_two_authorizations_are_wrong(gateway):
    """A duplicate `Authorization` is wrong, whichever would fit."""
    headers = [("Authorization", "Bearer a-vendors-token"), ("Authorization", "Bearer other")]
    answer = httpx.post(f"{gateway.url}/hooks/demo", content=b"{}", headers=headers, trust_env=False)

    assert answer.status_code == 401


def test_another_body_under_the_same_key(gateway):
    """Of a live event the first body stays, the other is kept beside it; a dead event takes the new one."""
    gateway.post(told("k-1", "K1", 1))
    gateway.becomes("K1", "delivered")
    other = gateway.post(told("k-1", "K1", 2))
    broken = {"id": "k-2", "entityType": "Order", "data": {"primaryReference": "K2"}}
    gateway.post(broken)
    eventually(lambda: gateway.all("events", eventId="k-2", status="dead"))
    mended = gateway.post(told("k-2", "K2", 1))
    gateway.becomes("K2", "delivered")
    [live], [once_dead] = gateway.all("events", eventId="k-1"), gateway.all("events", eventId="k-2")

    assert other.json() == {"accepted": True, "duplicate": True, "eventId": "k-1"}
    assert live["conflicts"] == 1
    assert json.loads(gateway.api(f"events/{live['id']}")["body"]) == told("k-1", "K1", 1)
    assert mended.json()["duplicate"] is False
    assert json.loads(gateway.api(f"events/{once_dead['id']}")["body"]) == told("k-2", "K2", 1)


def test_sixty_four_clients_at_once(gateway):
    """The same event from 64 clients at once: one stored, 64 answers of 200, one delivery."""
    body = json.dumps(told("crowd-1", "CROWD", 1)).encode()

    def send(_number: int) -> httpx.Response:
        headers = {"Authorization": "Bearer a-vendors-token"}
        return httpx.post(f"{gateway.url}/hooks/demo", content=body, headers=headers, trust_env=False, timeout=20)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(send, range(64)))
    order = gateway.becomes("CROWD", "delivered")
    [event] = gateway.all("events", eventId="crowd-1")

    assert [answer.status_code for answer in answers] == [200] * 64
    assert [answer.json()["duplicate"] for answer in answers].count(False) == 1
    assert event["duplicates"] == 63
    # On a busy machine the intake may have been too late for the first one.
    assert [attempt["outcome"] for attempt in order["attempts"]].count("delivered") == 1


def test_public_pages(gateway):
    """Alive, ready and the metrics are public; the operators' calls are not; the rest is 404 or 405 in JSON."""
    pages = {path: gateway.http.get(path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json")}
    closed = gateway.http.get("/api/v1/events")
    nothing = gateway.http.get("/nothing/here")
    posted = {path: gateway.http.post(path) for path in ("/healthz", "/readyz", "/metrics")}

    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(pages, 200)
    assert pages["/openapi.json"].json()["openapi"].startswith("3.1")
    assert API_TOKEN not in pages["/metrics"].text
    assert 'loop="delivery:demo"' in pages["/metrics"].text
    assert (closed.status_code, set(closed.json())) == (401, {"error", "detail"})
    assert (nothing.status_code, set(nothing.json())) == (404, {"error", "detail"})
    for refused in posted.values():
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        assert refused.json() == {"error": "method_not_allowed", "detail": "expected GET or HEAD"}
