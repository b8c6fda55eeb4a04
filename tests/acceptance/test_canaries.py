"""Every secret and every person's data is a canary, every feature runs, and all that the gateway wrote is searched.

A secret shows nowhere. A person shows in the events' bodies and in what was made of them, which the operators' API
shows to those with a token; nowhere else.
"""

import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api import CALLS
from gateway.config.model import Retention
from gateway.config.proofs import Basic, Bearer, Header, Hmac, Query, StandardWebhooks
from gateway.events import SECOND
from gateway.store.sqlite import SqliteStore
from gateway.workshop.signing import Credentials, credentials_of
from tests import stores
from tests.intakes import Call, always, in_turn
from tests.intakes import status as answering
from tests.processes import ENDED, FAST, Gateway, Intakes, eventually, told
from tests.warehouses import Asked, VendorApi

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "ongoing" / "address_us"
KEY = base64.b64encode(b"canary-standard-webhooks-key-26").decode()

SECRETS = {
    **{name: f"canary-secret-{name}-7d1f" for name in ("bearer", "bearer-old", "basic", "header", "query", "hmac")},
    "standard": f"whsec_{KEY}",
    **{name: f"canary-secret-{name}-7d1f" for name in ("tenant", "embedded", "pull", "pull-old")},
    **{name: f"canary-secret-{name}-7d1f" for name in ("read", "operate", "admin", "vendor", "owner")},
    # What a JSON or an URL spells in another way.
    "odd": 'canary-secret/odd"7d1f&é',
}
PERSONS = {
    name: f"Canaria-{name}-of-Nest"
    for name in ("organization", "person", "street", "mobile", "remark", "defect", "shadow")
} | {"mail": "canaria-mail@nest.example", "phone": "+4799077001"}
CANARY = re.compile(rb"canary-secret|canary-standard|Canaria-|canaria-mail|4799077001")
PERSON = re.compile(rb"Canaria-|canaria-mail|4799077001")

# The run takes half a minute, and several where much else is going on.
pytestmark = pytest.mark.timeout(400)

PROOFS = {
    "bearer": Bearer(token=[SECRETS["bearer"], SECRETS["bearer-old"]]),
    "basic": Basic(username="wms", password=SECRETS["basic"]),
    "header": Header(name="X-Auth-Token", value=SECRETS["header"]),
    "query": Query(parameter="token", value=SECRETS["query"]),
    "odd": Query(parameter="token", value=SECRETS["odd"]),
    "hmac": Hmac(header="X-Signature", secret=SECRETS["hmac"]),
    "standard": StandardWebhooks(secret=SECRETS["standard"]),
}

DEFECTIVE = '''
"""An adapter that tells in its exceptions all that it saw."""

from adapters import Adapter, Identity, OptionsModel


def identify(hook):
    if b"in-identify" in hook.body:
        raise RuntimeError(hook.body.decode() + repr(hook))
    return Identity(str(hash(hook.body)), "order")


def translate(hook, options, answers):
    raise RuntimeError(hook.body.decode() + repr(hook))


ADAPTER = Adapter(name="defective", version="1", options=OptionsModel, identify=identify, translate=translate)
'''


LOOKING_ON = f'''
"""An adapter in shadow that tells of somebody else."""

import msgspec
from adapters import State
from adapters.logistics_plus import ADAPTER as WAS


def otherwise(order):
    return msgspec.structs.replace(order, customer_contact="{PERSONS["shadow"]}")


def translate(hook, options, answers):
    states = [state for state in WAS.translate(hook, options, answers) if isinstance(state, State)]
    return [msgspec.structs.replace(state, order=otherwise(state.order)) for state in states]


ADAPTER = msgspec.structs.replace(WAS, name="looking_on", version="2", translate=translate)
'''


def spellings(secret: str) -> set[bytes]:
    """The ways in which a secret may have been written."""
    forms = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], urllib.parse.quote(secret, safe="")}
    forms |= {urllib.parse.quote_plus(secret), json.dumps(secret, ensure_ascii=False)[1:-1]}
    raw = secret.encode()
    forms |= {base64.b64encode(raw).decode(), base64.b64encode(b"wms:" + raw).decode(), raw.hex()}
    forms |= {base64.b64encode(b"gateway:" + raw).decode()}
    return {form.encode() for form in forms}


SPELT = {name: spellings(secret) for name, secret in SECRETS.items()} | {"standard-key": {KEY.encode()}}


def secrets_in(data: bytes) -> list[str]:
    """The names of the secrets that show."""
    return [name for name, forms in SPELT.items() if any(form in data for form in forms)]


def proof_of(source: str, body: bytes) -> Credentials:
    return credentials_of(PROOFS[source], body, time.time)


def order(event_id: str, reference: str, version: int = 1) -> bytes:
    """A Logistics Plus Order about somebody."""
    contact = {"personName": PERSONS["person"], "phoneNumber": PERSONS["phone"], "emailAddress": PERSONS["mail"]}
    place = {"organization": PERSONS["organization"], "addressLine1": f"{version} {PERSONS['street']}"}
    place |= {"city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}
    members = {"shipToAddress": {"address": place, "contact": {**contact, "mobileNumber": PERSONS["mobile"]}}}
    return json.dumps(told(event_id, reference, version, **members, notes=PERSONS["remark"])).encode()


class Run:
    """A gateway with every kind of secret, and the memory of all that it said."""

    def __init__(self, folder: Path, intakes: Intakes) -> None:
        self.said: list[bytes] = []
        """Answers of which nobody may learn a secret."""
        self.public: list[bytes] = []
        """Answers to those who proved nothing, and metrics: of which nobody may learn of a person either."""
        self.streamed: list[bytes] = []
        """What was told of all that changed: ids and codes."""
        self.cookies: list[str] = []
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        for name, secret in SECRETS.items():
            (self.secrets / name).write_text(f"{secret}\n")
        self.intake = intakes.open()
        self.vendor = VendorApi(self._respond)
        self.vendor_says: Iterator[str] = iter(())
        (folder / "defective.py").write_text(DEFECTIVE)
        (folder / "looking_on.py").write_text(LOOKING_ON)
        self.gateway = Gateway(folder, {}, {})
        self.gateway.http.headers["Host"] = "127.0.0.1"

    def file(self, name: str) -> str:
        return f"${{file:{self.secrets / name}}}"

    def configure(self) -> None:
        kinds = {
            "bearer": {"type": "bearer", "token": [self.file("bearer"), self.file("bearer-old")]},
            "basic": {"type": "basic", "username": "wms", "password": self.file("basic")},
            "header": {"type": "header", "name": "X-Auth-Token", "value": self.file("header")},
            "query": {"type": "query", "parameter": "token", "value": self.file("query")},
            "odd": {"type": "query", "parameter": "token", "value": self.file("odd")},
            "hmac": {"type": "hmac", "header": "X-Signature", "secret": self.file("hmac")},
            "standard": {"type": "standard_webhooks", "secret": self.file("standard")},
        }
        sources: dict[str, Any] = {
            name: {"adapter": "logistics_plus", "tenant": "demo", "auth": [kind]} for name, kind in kinds.items()
        }
        sources["hmac"]["tenant"], sources["standard"]["tenant"] = "embedded", "pulled"
        owners = {"75": {"username": "gateway", "password": self.file("owner")}}
        api = {"base_url": self.vendor.url, "username": "gateway", "password": self.file("vendor")}
        sources["ongoing"] = {
            **sources["bearer"], "adapter": "ongoing", "options": {"api": {**api, "goods_owners": owners}},
        }  # fmt: skip
        sources["defective"] = {**sources["bearer"], "adapter": "./defective.py"}
        looking_on = {"adapter": "./looking_on.py", "mode": "shadow", "replaces": "header"}
        sources["looking"] = {**sources["bearer"], **looking_on}
        for name in ("bearer", "basic"):
            sources[name] = {**sources[name], "shadow_adapter": "./looking_on.py"}
        self.gateway.configure(
            tenants={
                "demo": {"intake_url": self.intake.url, "secret": self.file("tenant"), **FAST},
                "embedded": {
                    "intake_url": f"{self.gateway.url}/api/integrations/wms/embedded",
                    "secret": self.file("embedded"),
                    **FAST,
                },
                "pulled": {"delivery": "pull", "pull_secret": [self.file("pull"), self.file("pull-old")]},
            },
            sources=sources,
            intake={"embedded": True},
            api={"tokens": [{"name": n, "token": self.file(n), "role": n} for n in ("read", "operate", "admin")]},
        )

    def _respond(self, asked: Asked) -> None:
        echo = json.dumps(asked.headers).encode()
        match next(self.vendor_says, "order"):
            case "turned away":
                asked.say(401, echo)
            case "failing":
                asked.say(500, echo)
            case "redirect":
                asked.say(302, echo, Location=f"http://169.254.169.254/?{SECRETS['vendor']}")
            case "nonsense":
                asked.say(200, b'{"orderInfo": [' + echo + b"]}")
            case _:
                found = (GOLDEN / "answers/orders/70421.json").read_text(encoding="utf-8-sig")
                found = found.replace("Kari Nordmann", PERSONS["person"]).replace("kari@example.no", PERSONS["mail"])
                asked.say(200 if "wayBill" not in asked.path else 404, found.encode())

    # ---- asking

    def hook(self, source: str, body: bytes, path: str = "", **headers: str) -> httpx.Response:
        proof = proof_of(source if source in PROOFS else "bearer", body)
        given = {"Content-Type": "application/json", **proof.headers, **headers}
        answer = self.gateway.http.post(
            f"/hooks/{source}{path}", content=body, headers=given, params=proof.parameters or None
        )
        self.public.append(answer.content + repr(answer.headers).encode())
        return answer

    def ask(self, method: str, path: str, body: Any = None, token: str = "admin") -> Any:
        answer = self.gateway.http.request(
            method, path, json=body, headers={"Authorization": f"Bearer {SECRETS[token]}"}
        )
        self.said.append(answer.content + repr(answer.headers).encode())
        return answer.json() if answer.content else None

    def examples(self, source: str) -> set[str]:
        """The orders that are shown as what something in shadow tells otherwise."""
        told = self.ask("GET", f"/api/v1/sources/{source}/shadow")["examples"]
        return {each["externalOrderId"] for each in told if each["verdict"] == "differ"}

    def turned_away(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> None:
        given = {name: value.encode() for name, value in (headers or {}).items()}
        answer = self.gateway.http.request(method, path, headers=given, **rest)
        assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
        self.public.append(answer.content + repr(answer.headers).encode())

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        ended = self.gateway.command(*arguments)
        self.said.append((ended.stdout + ended.stderr).encode())
        return ended

    def drained(self) -> dict[str, int]:
        def statuses() -> dict[str, int]:
            return self.ask("GET", "/api/v1/stats")["events"]

        # What was pulled for, and what waits for a vendor that does not answer, is not delivered by itself.
        return eventually(statuses, lambda seen: set(seen) <= {*ENDED, "translated", "waiting"})


async def _echo_refused(call: Call) -> None:
    """Refuses with everything that it was told, the proof too."""
    await call.send_json(422, {"error": "no such customer", "headers": call.headers, "you": call.body.decode()})


async def _echo_failed(call: Call) -> None:
    await call.send(500, b"<html>" + json.dumps(call.headers).encode() + call.body)


async def _echo_unauthorized(call: Call) -> None:
    await call.send(401, call.headers["authorization"].encode() + call.body)


async def _echo_lie(call: Call) -> None:
    await call.send(200, b"Dear " + call.headers["authorization"].encode() + call.body)


def _wait_for_more(calls: list[Any], than: int) -> None:
    assert eventually(lambda: len(calls), lambda count: count > than) > than


# ---- the features, one after another


def webhooks(run: Run) -> None:
    """Good ones of every kind, repeats, conflicts, cancellations, dead ones."""
    for number, source in enumerate(PROOFS):
        body = order(f"good-{source}", f"W{number}")
        assert run.hook(source, body).json()["duplicate"] is False
        assert run.hook(source, body).json()["duplicate"] is True
        run.hook(source, order(f"good-{source}", f"W{number}", version=9))
        nameless = json.loads(body)
        del nameless["id"]
        assert "problem" in run.hook(source, json.dumps(nameless).encode()).json()
        nowhere = json.loads(order(f"nowhere-{source}", f"N{number}"))
        nowhere["data"]["shipToAddress"]["address"] = {}
        run.hook(source, json.dumps(nowhere).encode())
    # Of the orders that "bearer", "basic" and "header" told of.
    run.hook("looking", order("good-looking", "W2"))
    for source, name in (("bearer", "W0"), ("basic", "W1"), ("looking", "W2")):
        assert eventually(lambda name=name, source=source: name in run.examples(source))
    for where in ("in-translate", "in-identify"):
        run.hook("defective", json.dumps({"where": where, "who": PERSONS["defect"]}).encode())


def refusals(run: Run) -> None:
    """Wrong proofs of every kind, right ones in the wrong place, and requests that are none."""
    body = order("refused", "R1")
    for source, secret in SECRETS.items():
        hook = f"/hooks/{source}" if source in PROOFS else "/hooks/bearer"
        run.turned_away("POST", hook, content=body)
        for headers in (
            {"Authorization": f"Bearer {secret}x"},
            {"X-Auth-Token": secret + "x"},
            {"X-Signature": secret},
        ):
            run.turned_away("POST", hook, content=body, headers=headers)
        run.turned_away("POST", hook, content=body, params={"token": f"{secret}x", "Token": secret})
        run.turned_away("POST", f"/hooks/{urllib.parse.quote(secret, safe='')}", content=body)
        run.turned_away("GET", f"/{urllib.parse.quote(secret, safe='')}?token={urllib.parse.quote(secret)}")
        run.turned_away("GET", "/api/v1/stats", headers={"Authorization": f"Bearer {secret}x"})
        run.turned_away("GET", "/pull/pulled", headers={"Authorization": f"Bearer {secret}x"})
        run.turned_away("POST", "/api/integrations/wms/embedded", headers={"Authorization": f"Bearer {secret}x"})
        run.turned_away("GET", "/api/settings/integrations", headers={"Authorization": f"Bearer {secret}x"})
    for source in PROOFS:
        for bad in (b"", b"{" + body, body[:-9], b"\xff" + body):
            assert run.hook(source, bad).status_code == 400
        assert run.hook(source, body, **{"Content-Encoding": "gzip"}).status_code == 415
        assert run.hook(source, body, **{"Content-Type": PERSONS["mail"]}).status_code == 415
        run.gateway.http.put(f"/hooks/{source}", content=body)
    for raw in (
        b"GET /hooks/query?token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /hooks/bearer HTTP/1.1\r\nAuthorization: Bearer %s\r\n broken\r\n\r\n",
        b"%s\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", run.gateway.port)) as connection:
            connection.sendall(raw.replace(b"%s", SECRETS["query"].encode()))
            connection.settimeout(5)
            run.public.append(connection.recv(65536))


def deliveries(run: Run) -> None:
    """An intake that echoes what it was told with every kind of answer, and then takes it."""
    for number, reaction in enumerate((_echo_failed, _echo_lie, _echo_unauthorized, _echo_refused)):
        run.intake.behave = in_turn(reaction, reaction, then=reaction)
        before = len(run.intake.calls)
        run.hook("bearer", order(f"delivery-{number}", f"D{number}"))
        _wait_for_more(run.intake.calls, than=before + 1)
        run.ask("GET", "/api/v1/tenants")
        run.ask("GET", f"/api/v1/orders/demo/D{number}")
        run.intake.behave = in_turn(then=answering(503))
        run.ask("POST", "/api/v1/tenants/demo/halt", {"reason": "a look"})
        run.ask("POST", "/api/v1/tenants/demo/resume")
    run.intake.behave = always(_echo_refused)
    run.ask("POST", "/api/v1/tenants/demo/resume")
    dead = "/api/v1/dead-letters?kind=order"
    eventually(lambda: run.ask("GET", dead)["deadLetters"], bool)


def lookups(run: Run) -> None:
    """A vendor's API that echoes the proof, redirects to the metadata address, and at last answers."""
    webhook = json.loads((GOLDEN / "body.json").read_text(encoding="utf-8-sig"))
    for number, owner in ((1, 75), (2, 75), (3, 75)):
        event = {
            **webhook,
            "webhookEventId": 1000 + number,
            "goodsOwnerId": owner,
            "byUser": {"who": PERSONS["remark"]},
        }
        run.vendor_says = itertools.chain(("failing", "redirect", "nonsense"), itertools.repeat("order"))
        before = len(run.vendor.asked)
        assert run.hook("ongoing", json.dumps(event).encode()).status_code == 200
        _wait_for_more(run.vendor.asked, than=before + number)
    run.vendor_says = itertools.repeat("turned away")
    event = {**webhook, "webhookEventId": 2000, "orderId": 70422, "goodsOwnerId": 75}
    run.hook("ongoing", json.dumps(event).encode())
    halted = eventually(
        lambda: [each["lookupHalts"] for each in run.ask("GET", "/api/v1/sources")["sources"] if each["lookupHalts"]]
    )
    assert halted
    run.vendor_says = itertools.repeat("order")
    run.ask("POST", "/api/v1/sources/ongoing/resume")


def pulls(run: Run) -> None:
    """Trackely comes for the canonical orders, which hold persons; the embedded intake shows its own."""
    served = run.ask("GET", "/pull/pulled", token="pull")
    assert PERSONS["organization"] in json.dumps(served)
    run.ask("POST", "/pull/pulled", token="pull-old")
    for path in ("", "/embedded", "/embedded/orders", "/embedded/customers", "/embedded/pull-endpoints"):
        run.ask("GET", f"/api/settings/integrations{path}")


def operators(run: Run) -> None:
    """Every list, every single record, every act; calls that are refused."""
    for what in ("events", "orders", "dead-letters"):
        run.ask("POST", f"/api/v1/{what}/nonsense", {"filter": {"secret": SECRETS["admin"]}})
    for event in run.ask("GET", "/api/v1/events?limit=1000")["events"]:
        run.ask("GET", f"/api/v1/events/{event['id']}")
    for each in run.ask("GET", "/api/v1/orders?limit=1000")["orders"]:
        run.ask("GET", f"/api/v1/orders/{each['tenant']}/{each['externalOrderId']}")
    for what in ("dead-letters", "tenants", "sources", "refusals", "stats"):
        run.ask("GET", f"/api/v1/{what}")
    run.ask("POST", "/api/v1/events/replay", {"filter": {"source": "bearer"}, "force": True})
    run.ask("POST", "/api/v1/dead-letters/replay", {"filter": {"kind": "event"}})
    run.ask("POST", "/api/v1/dead-letters/discard", {"filter": {"source": "basic"}, "reason": "enough"})
    run.ask("POST", "/api/v1/prune")
    for role in ("read", "operate"):
        run.ask("POST", "/api/v1/orders/demo/W1/erase", token=role)
    erasing = "/api/v1/orders/demo/W0/erase"
    assert eventually(lambda: run.ask("POST", erasing), lambda said: "erased" in said)["erased"] > 0
    assert "W0" not in run.examples("bearer")
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        run.public.append(run.gateway.http.get(path).content)


def commands(run: Run) -> None:
    """The command line, its errors too, and what is wrong with configurations full of secrets."""
    file = run.gateway.folder / "payload.json"
    file.write_bytes(order("sent", "S1"))
    for arguments in (
        ("check",), ("send", "query", str(file)), ("send", "odd", str(file)), ("send", "nobody", str(file)),
        ("translate", "logistics_plus", str(file)), ("events", "list"), ("orders", "show", "demo", "S1"),
        ("dead-letters", "list"), ("tenants", "list"), ("sources", "list"), ("refusals", "--json"), ("stats",),
        ("intake", "list"), ("erase", "demo", "nobody"),
    ):  # fmt: skip
        run.command(*arguments)
    secret, good = SECRETS["tenant"], run.gateway.file.read_text()
    settings = json.loads(good)
    demo, bearer = settings["tenants"]["demo"], settings["sources"]["bearer"]
    faulty = [
        {"api": {"token": {"nested": secret}}},
        {"api": {"tokens": [{"name": "x", "tokn": secret, "token": [secret, secret]}]}},
        {"tenants": {**settings["tenants"], "demo": {**demo, "intake_url": f"https://me:{secret}@intake.example/"}}},
        {"tenants": {**settings["tenants"], "demo": {**demo, "timeout": secret, "secret": f"{secret}\n{secret}"}}},
        {"sources": {"bearer": {**bearer, "auth": [{"type": secret, "token": secret}]}}},
        {"sources": {"bearer": {**bearer, "auth": [{"type": "standard_webhooks", "secret": f"whsec_{secret}!"}]}}},
        {"store": f"postgres://gateway:{secret}@db.example/x"},
    ]
    for changed in faulty:
        run.gateway.file.write_text(json.dumps({**settings, **changed}))
        ended = run.command("check")
        assert ended.returncode == 78, changed
        os.kill(run.gateway.pid, signal.SIGHUP)
    run.gateway.file.write_text(good + f"\n  token: '{secret}")
    assert run.command("check").returncode == 78
    run.gateway.file.write_text(good)


def reloading(run: Run) -> None:
    """Faulty files first, then a good one."""
    (run.secrets / "read").write_text("")
    os.kill(run.gateway.pid, signal.SIGHUP)
    eventually(lambda: "reload_refused" in run.gateway.log.read_text())
    (run.secrets / "read").write_text(SECRETS["read"])
    os.kill(run.gateway.pid, signal.SIGHUP)
    assert eventually(lambda: '"reloaded"' in run.gateway.log.read_text())


def following(run: Run) -> None:
    """All that changes from now on, until the gateway ends."""
    begun = threading.Event()

    def read() -> None:
        headers = {"Authorization": f"Bearer {SECRETS['read']}"}
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream(
                "GET", f"{run.gateway.url}/api/v1/stream", headers=headers, timeout=60, trust_env=False
            ) as said,
        ):
            for piece in said.iter_raw():
                begun.set()
                run.streamed.append(piece)

    threading.Thread(target=read, daemon=True).start()
    assert begun.wait(20)


def newer_doors(run: Run) -> None:
    """Find, effects, operations, amendments, exports, the audit, the console, a backup."""
    for text in (*PERSONS.values(), *SECRETS.values(), "W1", "good-basic"):
        run.ask("GET", f"/api/v1/find?q={urllib.parse.quote(text)}")
    for call in (call for call in CALLS if call.method == "GET" and "{" not in call.path and not call.is_stream):
        run.ask("GET", f"/api/v1/{call.path}?q=W" if call.path == "find" else f"/api/v1/{call.path}")
        if "format" in call.query.__struct_fields__:
            answer = run.gateway.http.get(
                f"/api/v1/{call.path}?format=csv", headers={"Authorization": f"Bearer {SECRETS['admin']}"}
            )
            run.said.append(answer.content)
    run.ask("POST", "/api/v1/events/replay", {"filter": {"source": "header"}, "dryRun": True})
    run.ask("POST", "/api/v1/dead-letters/discard", {"filter": {"kind": "event"}, "dryRun": True})
    for kind in ("preview", "replay"):
        wanted = {"kind": kind, "of": "deadLetters", "filter": {"kind": "event"}, "reason": "mended"}
        number = run.ask("POST", "/api/v1/operations", wanted)["operation"]["id"]
        eventually(lambda number=number: run.ask("GET", f"/api/v1/operations/{number}")["operation"]["endedAt"])
    amendment = {"customerName": PERSONS["person"], "deliveryAddress": PERSONS["street"], "reason": "she rang"}
    assert "order" in run.ask("POST", "/api/v1/orders/demo/W1/amend", amendment)
    run.ask("POST", "/api/v1/orders/demo/W1/amend", {**amendment, "plannedDate": PERSONS["remark"]})
    run.ask("POST", "/api/v1/dead-letters/release", {"filter": {"source": "bearer"}})
    browser = {"Sec-Fetch-Site": "same-origin"}
    run.turned_away("POST", "/console/login", data={"token": f"{SECRETS['admin']}x"}, headers=browser)
    signed_in = run.gateway.http.post("/console/login", data={"token": SECRETS["admin"]}, headers=browser)
    run.cookies = list(signed_in.cookies.values())
    for page in (
        "",
        "/find?q=W1",
        "/orders",
        "/events",
        "/dead-letters",
        "/operations",
        "/tenants",
        "/sources",
        "/audit",
    ):
        run.said.append(run.gateway.http.get(f"/console{page}").content)
    # A database is backed up by its own tools, and the command says so.
    assert run.command("backup", "a.backup").returncode == (0 if stores.is_file() else 78)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[Run]:
    """A run through everything; what it left behind is looked at by the tests."""
    folder = tmp_path_factory.mktemp("canaries")
    with Intakes() as intakes:
        run = Run(folder, intakes)
        run.configure()
        with run.vendor, run.gateway:
            following(run)
            webhooks(run)
            refusals(run)
            deliveries(run)
            lookups(run)
            pulls(run)
            operators(run)
            newer_doors(run)
            commands(run)
            reloading(run)
            run.drained()
            run.processes = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
            run.gateway.kill()
            # As a crash leaves it: the write-ahead log is searched too.
            shutil.copytree(folder, folder / "as-killed", ignore=shutil.ignore_patterns("secrets", "config.yaml"))
            run.gateway.start()
            run.gateway.stop()
        yield run


def written(run: Run) -> dict[str, bytes]:
    """All files that the gateway wrote, by path, and what its store holds, its bodies as they came."""
    ours = {run.gateway.file, run.gateway.folder / "payload.json", *run.secrets.iterdir()}
    files = (path for path in run.gateway.folder.rglob("*") if path.is_file() and path not in ours)
    found = {
        str(path.relative_to(run.gateway.folder)): path.read_bytes() for path in files if path.name != "payload.json"
    }
    return {**found, "the store": stores.kept(run.gateway.folder).encode()}


@pytest.mark.file
def test_the_run_was_what_it_should_be(run):
    """Everything that could have leaked was there: deliveries, refusals, dead letters, lookups, tracebacks."""
    log = run.gateway.log.read_text()

    assert len(run.intake.calls) > 5
    assert len(run.vendor.asked) > 5
    assert '"outcome":"refused"' in log
    assert PERSON.search(written(run)["gateway.db"])
    assert any(PERSON.search(each) for each in run.said)
    assert any(b"RuntimeError" in each for each in run.said)


def test_no_secret_shows_in_an_answer(run):
    """Whoever asked, whatever was asked, and the commands' output."""
    assert [(secrets_in(each), each[:500]) for each in run.said + run.public if secrets_in(each)] == []


def test_what_is_told_as_it_changes_names_nobody(run):
    """Of no person and of no secret: ids, statuses and codes, which is all that is remembered of it."""
    told = b"".join(run.streamed)

    assert told.count(b"event: event") > 50
    assert all(f"event: {kind}".encode() in told for kind in ("order", "tenant", "operation"))
    assert CANARY.search(told) is None
    assert secrets_in(told) == []


@pytest.mark.file
def test_a_sessions_cookie_is_kept_nowhere(run):
    """Only its digest: not in the store, not in the log, not in a backup, which holds no session at all."""
    [cookie] = run.cookies
    with closing(sqlite3.connect(run.gateway.folder / "a.backup")) as backup:
        sessions = backup.execute("SELECT count(*) FROM sessions").fetchone()

    assert [name for name, data in written(run).items() if cookie.encode() in data] == []
    assert sessions == (0,)


def test_no_secret_is_in_a_file(run):
    """The log, the store with its write-ahead log, the embedded intake's files."""
    assert {name: found for name, data in written(run).items() if (found := secrets_in(data))} == {}


def test_no_secret_is_in_the_list_of_processes(run):
    """Nor a person."""
    assert [each for each in run.processes if secrets_in(each) or CANARY.search(each)] == []


def test_no_secret_is_in_a_url_of_ours(run):
    """What we ask the vendor's API for is a path."""
    assert [asked.path for asked in run.vendor.asked if CANARY.search(asked.path.encode())] == []


def test_no_person_shows_to_who_proved_nothing(run):
    """Acknowledgements, refusals, probes, metrics."""
    assert [each for each in run.public if PERSON.search(each)] == []


def test_no_person_is_in_the_log(run):
    """Whatever went wrong with whatever was sent."""
    lines = run.gateway.log.read_bytes().splitlines()

    assert [line for line in lines if CANARY.search(line)] == []


BELONGS = {
    "gateway.db": {
        *("bodies.body", "other_bodies.body", "answers.body", "states.body", "state_bodies.body", "shadows.example"),
        # The intake's own words, which may be an echo, and what an adapter says of its own death.
        *("states.reason_detail", "orders.reason_detail", "attempts.detail", "events.traceback", "tenants.state"),
    },
    "intake.db": {"orders.delivery_address", "customers.name", "customers.contact", "customers.address"},
}
"""Where a person belongs: what came in, what was made of it, and what the intake said."""


@pytest.mark.file
@pytest.mark.parametrize("database", BELONGS)
def test_a_person_is_in_the_store_only_where_it_belongs(run, database):
    """No column but the known ones holds a canary."""
    found = set()
    with closing(sqlite3.connect(run.gateway.folder / database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [each[0] for each in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    data = value if isinstance(value, bytes) else str(value).encode()
                    if CANARY.search(data):
                        found.add(f"{table}.{name}")

    assert found
    assert found - BELONGS[database] == set()


def test_erased_orders_are_gone(run):
    """The order that was erased in the middle of it all has left its skeleton."""
    folder = run.gateway.folder
    bodies = "SELECT b.id FROM states s JOIN bodies b ON b.id = s.event WHERE s.external_order_id = 'W0'"
    compared = stores.rows(folder, "SELECT external_order_id FROM shadows WHERE example IS NOT NULL")

    assert stores.rows(folder, bodies) == []
    assert {("W1",), ("W2",)} <= set(compared)
    assert ("W0",) not in compared


@pytest.mark.file
async def test_what_is_compared_in_shadow_is_pruned_with_the_bodies(run, tmp_path):
    """Nobody is named in what is left of it."""
    shutil.copy(run.gateway.folder / "gateway.db", tmp_path)
    store = await SqliteStore.open(tmp_path / "gateway.db")
    later = time.time_ns() // 1000 + 31 * 86_400 * SECOND
    await store.acts.prune(Retention().spans(), later)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection:
        rows = connection.execute("SELECT * FROM shadows").fetchall()

    assert rows == []
