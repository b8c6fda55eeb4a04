"""Spans, as a collector gets them: OTLP over HTTP, from a gateway that is a process of its own."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.service.tracing.names import doubled, read_traceparent
from tests.processes import Gateway, Intakes, eventually, source, tenant, told
from tests.warehouses import Asked, VendorApi

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "tests/golden/ongoing/address_repeated_and_ragged"
WEBHOOK = (CASE / "body.json").read_bytes()
VENDORS = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{VENDORS[0]}-{VENDORS[1]}-01"
SERVER, CLIENT, CONSUMER = 2, 3, 5


class Span(NamedTuple):
    """A span as it came: its ids, those that it is linked to, and its attributes."""

    name: str
    kind: int
    ids: tuple[str, str]
    links: set[tuple[str, str]]
    attributes: dict[str, Any]
    parent: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.ids[0]}-{self.ids[1]}-01"


class Collector:
    """Takes OTLP over HTTP, as a real one does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.bytes = b""
        collector = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf":
                    collector.take(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, body: bytes) -> None:
        self.bytes += body
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += [_span(each) for each in scope.spans]

    def one(self, name: str, **attributes: Any) -> Span:
        """The span of this name with these attributes, as soon as it is there."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        found = eventually(
            lambda: [each for each in self.spans if each.name == name and wanted.items() <= each.attributes.items()]
        )
        assert len(found) == 1, (name, wanted, self.spans)
        return found[0]


def _span(given: Any) -> Span:
    def value(attribute: Any) -> Any:
        return getattr(attribute.value, attribute.value.WhichOneof("value"))

    return Span(
        given.name,
        given.kind,
        (given.trace_id.hex(), given.span_id.hex()),
        {(each.trace_id.hex(), each.span_id.hex()) for each in given.links},
        {each.key: value(each) for each in given.attributes},
        given.parent_span_id.hex(),
    )


def answered(asked: Asked) -> None:
    """As the golden case has it."""
    path = asked.path.removeprefix("/api/v1/").partition("?")[0]
    asked.say(200, (CASE / "answers" / f"{path}.json").read_bytes(), Content_Type="application/json")


def test_a_story_from_the_vendors_call_to_the_intakes_request(tmp_path):
    """Hook, translation, lookup, translation and attempt, linked; what we ask for bears our spans on."""
    with Collector() as collector, Intakes() as intakes, VendorApi(answered) as vendor:
        intake = intakes.open()
        api = {"base_url": vendor.url, "username": "gateway", "password": "a-password-of-the-vendors"}
        sources = {"ongoing": source("demo", adapter="ongoing", options={"api": api})}
        tracing = {"endpoint": collector.url, "sample": 1}
        with Gateway(tmp_path, {"demo": tenant(intake.url)}, sources, tracing=tracing) as gateway:
            assert gateway.post(WEBHOOK, "ongoing", traceparent=TRACEPARENT).status_code == 200
            assert gateway.post(WEBHOOK, "ongoing").json()["duplicate"] is True
            call = eventually(lambda: intake.calls)[0]
            hook = collector.one("POST /hooks/{source}", trackely__receipt="stored")
            repeat = collector.one("POST /hooks/{source}", trackely__receipt="duplicate")
            asking = collector.one("translate ongoing", trackely__outcome="waiting")
            lookup = collector.one("GET", url__full=f"{vendor.url}orders/70421")
            rows = collector.one("GET", url__full=f"{vendor.url}orders/70421/wayBillRows")
            done = collector.one("translate ongoing", trackely__outcome="translated")
            attempt = collector.one("POST")

    assert (hook.kind, hook.links, hook.attributes["http.response.status_code"]) == (SERVER, {VENDORS}, 200)
    assert repeat.links == {hook.ids}
    assert (asking.kind, asking.links) == (CONSUMER, {hook.ids})
    assert done.links == {hook.ids, lookup.ids, rows.ids}
    assert (attempt.kind, attempt.links) == (CLIENT, {hook.ids})
    assert attempt.attributes["messaging.batch.message_count"] == 1
    assert {each.parent for each in collector.spans} == {""}
    assert call.headers["traceparent"] == attempt.traceparent
    assert vendor.asked[0].headers["traceparent"] == lookup.traceparent
    assert not re.search(rb"a-password|a-tenants-secret|a-vendors-token", collector.bytes)


def test_of_an_event_all_is_told_or_nothing(tmp_path):
    """By its key: each hook of the share has its translation and its attempt, and the others have none."""
    with Collector() as collector, Intakes() as intakes:
        intake = intakes.open()
        tracing = {"endpoint": collector.url, "sample": 0.5}
        with Gateway(tmp_path, {"demo": tenant(intake.url)}, tracing=tracing) as gateway:
            for number in range(20):
                gateway.post(told(f"e{number}", f"A{number}", 1))
            eventually(lambda: len(intake.orders) == 20)
            assert gateway.stop() in (0, 143)

    hooks = {each.ids for each in collector.spans if each.kind == SERVER}
    for kind in (CONSUMER, CLIENT):
        assert {link for each in collector.spans if each.kind == kind for link in each.links} == hooks
    assert 0 < len(hooks) < 20


WITNESS = (
    "import atexit, pathlib, sys; "
    "atexit.register(lambda: pathlib.Path('loaded').write_text(' '.join(sys.modules))); "
    "from gateway.__main__ import main; main()"
)


def test_off_nothing_of_it_is_loaded(tmp_path):
    """A gateway without the section has served, and knows no module of OpenTelemetry's; nothing goes along."""
    with Intakes() as intakes:
        intake = intakes.open()
        with Gateway(tmp_path, {"demo": tenant(intake.url)}, program=("-c", WITNESS, "serve")) as gateway:
            gateway.post(told("e1", "A", 1), traceparent=TRACEPARENT)
            gateway.becomes("A", "delivered")
            assert gateway.stop() in (0, 143)
        loaded = (tmp_path / "loaded").read_text().split()

    assert "gateway.service.spans" in loaded
    assert [name for name in loaded if "opentelemetry" in name or "tracing" in name] == []
    assert "traceparent" not in intake.calls[0].headers


def test_a_collector_that_is_down_holds_up_nobody(tmp_path):
    """Orders are delivered, and a stop is a good stop, within its seconds."""
    with Intakes() as intakes:
        tracing = {"endpoint": "http://127.0.0.1:9", "sample": 1}
        with Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, tracing=tracing) as gateway:
            gateway.post(told("e1", "A", 1))
            gateway.becomes("A", "delivered")

            assert gateway.stop() in (0, 143)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (TRACEPARENT, True),
        (TRACEPARENT.upper(), True),
        (TRACEPARENT + "-and-more", True),
        ("00-" + "0" * 32 + "-b7ad6b7169203331-01", False),
        ("ff" + TRACEPARENT[2:], False),
        (TRACEPARENT[:-1], False),
        ("00-xyz", False),
        ("", False),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0é", False),
    ],
)
def test_what_is_no_traceparent_is_left_out(value, is_one):
    """A header that anybody may send is read or left; it breaks nothing."""
    assert (read_traceparent(value) is not None) == is_one


@pytest.mark.parametrize(
    ("opt_in", "former"),
    [
        ("", set()),
        ("http", set()),
        ("http/dup", {"http.method", "http.status_code"}),
        ("messaging/dup", {"messaging.operation"}),
        ("database, http/dup,messaging/dup", {"http.method", "http.status_code", "messaging.operation"}),
    ],
)
def test_former_names_stand_beside_where_they_are_asked_for(opt_in, former):
    """OTEL_SEMCONV_STABILITY_OPT_IN, group by group; the names of today are always there."""
    today = {"http.request.method": "POST", "http.response.status_code": 200, "messaging.operation.type": "send"}

    assert doubled(today, opt_in).keys() - today.keys() == former
    assert today.items() <= doubled(today, opt_in).items()
