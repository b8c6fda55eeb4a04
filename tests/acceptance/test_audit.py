"""Every door through which a person or a token changes something leaves a row in the audit of a running gateway."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from gateway.api import CALLS
from gateway.core_intake.settings import settings_routes
from tests.processes import Gateway, environment, eventually, source, tenant, told
from tests.translating import api_options

NIGHT = "the-token-of-the-night-shift"
BEARER = {"Authorization": f"Bearer {NIGHT}"}
SETTINGS = "/api/settings/integrations/spare"
RECONCILE = {"goods_owners": [74], "every": "1h"}
READS = frozenset({"try_payload"})
"""A POST for its body alone."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    running = Gateway(
        tmp_path_factory.mktemp("audit"),
        {"demo": tenant("http://127.0.0.1:9/x", hold=["po_box"])},
        api={"tokens": [{"name": "night", "token": NIGHT, "role": "admin"}]},
        intake={"embedded": True},
    )
    server = {"host": "127.0.0.1", "port": running.port, "trusted_proxies": 1}
    sources = {
        "demo": source("demo"),
        "old": source("demo"),
        "new": source("demo", mode="shadow", replaces="old"),
        "asked": source("demo", adapter="ongoing", options=api_options("http://127.0.0.1:9/", reconcile=RECONCILE)),
    }
    running.configure(server=server, sources=sources)
    with running:
        ask(running, "POST", "/api/v1/tenants/demo/halt", {"reason": "for the test"})
        for name in "ABC":
            running.post(told(f"order-{name}", name, 1))
        for number in range(4):
            running.post(told(f"dead-{number}", f"D-{number}", 1, shipToAddress=None))
        box = {"addressLine1": "PO Box 12", "city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}
        running.post(told("held", "H", 1, shipToAddress={"address": box}))
        assert eventually(lambda: ask(running, "GET", "/api/v1/stats").json()["events"].get("dead") == 5)
        yield running


def ask(gateway: Gateway, method: str, path: str, body: Any = None) -> httpx.Response:
    return gateway.http.request(method, path, json=body, headers=BEARER)


def rows(gateway: Gateway) -> list[dict[str, Any]]:
    found = ask(gateway, "GET", "/api/v1/audit?limit=1000").json()["audit"]
    return [*reversed(found)]


def since(gateway: Gateway, deed: Callable[[], Any]) -> list[tuple[str, str]]:
    """Who did what, by the rows that a deed left."""
    before = len(rows(gateway))
    deed()
    return [(row["by"], row["act"]) for row in rows(gateway)[before:]]


def the_event(gateway: Gateway, event_id: str) -> str:
    return ask(gateway, "GET", f"/api/v1/events?eventId={event_id}").json()["events"][0]["id"]


def an_operation(gateway: Gateway) -> dict[str, Any]:
    return {"kind": "replay", "of": "events", "ids": [the_event(gateway, "dead-3")]}


def paused(gateway: Gateway, turn: str, before: str | None = None) -> tuple[str, Any]:
    """A turn of an operation that goes on for long enough to be turned."""
    made = ask(gateway, "POST", "/api/v1/operations", {"kind": "preview", "of": "events", "filter": {"source": "demo"}})
    number = made.json()["operation"]["id"]
    if before is not None:
        ask(gateway, "POST", f"/api/v1/operations/{number}/{before}")
    return f"operations/{number}/{turn}", None


DEEDS: dict[str, Callable[[Gateway], tuple[str, Any]]] = {
    "replay_events": lambda g: ("events/replay", {"ids": [the_event(g, "dead-0")]}),
    "replay_event": lambda g: (f"events/{the_event(g, 'dead-1')}/replay", None),
    "amend_order": lambda _: ("orders/demo/A/amend", {"customerName": "Ann", "reason": "she rang"}),
    "discard_order": lambda _: ("orders/demo/B/discard", {"reason": "lost"}),
    "erase_order": lambda _: ("orders/demo/C/erase", None),
    "replay_dead_letters": lambda g: ("dead-letters/replay", {"ids": [f"event-{the_event(g, 'dead-3')}"]}),
    "discard_dead_letters": lambda g: ("dead-letters/discard", {"ids": [f"event-{the_event(g, 'dead-2')}"]}),
    "release_dead_letters": lambda _: ("dead-letters/release", {"filter": {"source": "demo"}}),
    "make_operation": lambda g: ("operations", an_operation(g)),
    "pause_operation": lambda g: paused(g, "pause"),
    "resume_operation": lambda g: paused(g, "resume", "pause"),
    "cancel_operation": lambda g: paused(g, "cancel", "pause"),
    "halt_tenant": lambda _: ("tenants/demo/halt", {"reason": "again"}),
    "resume_tenant": lambda _: ("tenants/demo/resume", None),
    "resume_source": lambda _: ("sources/demo/resume", None),
    "promote_source": lambda _: ("sources/new/promote", None),
    "refresh_ledger": lambda _: ("ledger/refresh", {"day": "2026-05-12", "source": "asked"}),
    "reconcile_source": lambda _: ("sources/demo/reconcile", None),
    "reload": lambda _: ("reload", None),
    "prune": lambda _: ("prune", None),
}


def test_each_call_that_changes_something_leaves_a_row(gateway):
    """No call is forgotten: those that there are, are those that are made here."""
    changing = {call.name for call in CALLS if call.method != "GET"} - READS
    found = {}
    for name, deed in DEEDS.items():
        path, body = deed(gateway)
        found[name] = since(gateway, lambda path=path, body=body: ask(gateway, "POST", f"/api/v1/{path}", body))

    assert changing == DEEDS.keys()
    assert [name for name, left in found.items() if len(left) != 1] == [], found
    assert ask(gateway, "GET", "/api/v1/orders/demo/H").json()["status"] in ("pending", "leased")
    assert {by for left in found.values() for by, _ in left} == {"night"}


def test_each_change_of_the_embedded_intakes_settings_leaves_a_row(gateway):
    """By whichever command of `gateway intake`, which asks these."""
    routes = settings_routes(*(None,) * 7)  # type: ignore[arg-type]
    changing = {route.name for route in routes if not route.methods & {"GET"}}
    tenants = since(gateway, lambda: ask(gateway, "POST", f"{SETTINGS}/connect"))
    for act in ("regenerate", "deactivate", "activate"):
        tenants += since(gateway, lambda act=act: ask(gateway, "POST", f"{SETTINGS}/{act}"))
    pulled = {"url": f"{gateway.url}/pull/none", "secret": "a-secret-that-is-long"}
    tenants += since(gateway, lambda: ask(gateway, "POST", f"{SETTINGS}/pull-endpoints", pulled))
    endpoint = f"{SETTINGS}/pull-endpoints/none"
    for method, path in (("POST", "/regenerate"), ("POST", "/sync"), ("DELETE", "")):
        tenants += since(gateway, lambda m=method, p=path: ask(gateway, m, f"{endpoint}{p}"))

    assert {act for _, act in tenants} == changing
    assert {by for by, _ in tenants} == {"night"}


def test_who_signs_in_and_out_is_on_record(gateway):
    """By the token's name."""
    same = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=gateway.url, trust_env=False, headers=same) as browser:
        signed_in = since(gateway, lambda: browser.post("/console/login", data={"token": NIGHT}))
        signed_out = since(gateway, lambda: browser.post("/console/logout"))

    assert (signed_in, signed_out) == ([("night", "login")], [("night", "logout")])


@pytest.mark.file
def test_what_leaves_the_gateway_is_on_record(gateway):
    """A list whole, a source's history, and the store by `gateway backup`, which knows of itself."""
    exported = since(gateway, lambda: ask(gateway, "GET", "/api/v1/events?format=csv"))
    exported += since(gateway, lambda: ask(gateway, "GET", "/api/v1/sources/demo/history"))
    backed_up = since(gateway, lambda: command(gateway, "backup", "a.backup"))
    with sqlite3.connect(gateway.folder / "a.backup") as copy:
        known = copy.execute("SELECT by, act, what FROM audit ORDER BY id DESC LIMIT 1").fetchone()

    assert exported == [("night", "export")] * 2
    assert backed_up == [("gateway backup", "backup")]
    assert known == ("gateway backup", "backup", "a.backup")


def command(gateway: Gateway, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "gateway", *arguments, "--config", str(gateway.file)],
        cwd=gateway.folder, env=environment(), check=True, capture_output=True,
    )  # fmt: skip


def test_a_reload_by_signal_is_on_record(gateway):
    """As the signal's; one that changes nothing too."""
    before = len(rows(gateway))
    gateway.configure(limits={"min_free_disk": 0, "max_body": 1_000_000})
    os.kill(gateway.pid, signal.SIGHUP)
    found = eventually(lambda: rows(gateway)[before:])

    assert [(row["by"], row["act"], row["what"]) for row in found] == [("SIGHUP", "reload", "limits.max_body")]


def test_failures_are_counted_by_the_address_before_the_proxy(gateway):
    """At every door: the API, the console's, the intake's; and refusals show it."""
    wrong = {"Authorization": "Bearer wrong"}
    doors = [
        ("GET", "/api/v1/stats", {}, wrong),
        ("POST", "/console/login", {"token": "wrong"}, {"Sec-Fetch-Site": "same-origin"}),
        ("GET", "/api/settings/integrations", {}, wrong),
    ]

    def status(door: tuple[str, str, dict[str, str], dict[str, str]], address: str) -> int:
        method, path, data, headers = door
        return gateway.http.request(
            method, path, data=data, headers={**headers, "X-Forwarded-For": address}
        ).status_code

    # A second gives one failure back: as many as it takes.
    limited = [eventually(lambda door=door: status(door, "198.51.100.1"), lambda seen: seen == 429) for door in doors]
    others = [status(door, "198.51.100.2") for door in doors]
    shown = {row["address"] for row in ask(gateway, "GET", "/api/v1/refusals?limit=1000").json()["refusals"]}

    assert (limited, others) == ([429] * 3, [401] * 3)
    assert {"198.51.100.1", "198.51.100.2"} <= shown
