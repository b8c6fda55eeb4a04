"""A day with every difference in it, against a whole gateway, the stand-in for a warehouse and the embedded intake."""

import asyncio
import csv
import io
import json
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime

from gateway.workshop.standin import User, Warehouse, listening
from tests.acceptance.test_findings import shown
from tests.processes import Gateway, Intakes, eventually, source, tenant, told
from tests.translating import PASSWORD, an_order, api_options, webhook

EXPECTED = {
    "SO-1": "",
    "SO-4": "delivered_older_state",
    "SO-5": "only_here",
    "SO-6": "never_received",
    "SO-7": "pending: the tenant is halted, halted_by_hand",
    "PO-1": "not_confirmed",
    None: "dead: incomplete_payload",
}
IGNORED = "ignored: "


@contextmanager
def a_warehouse(warehouse: Warehouse):
    """On a socket, in a loop of its own; its API's address."""
    with Intakes() as intakes:

        def run(coroutine):
            return asyncio.run_coroutine_threadsafe(coroutine, intakes.loop).result(20)

        stack = AsyncExitStack()
        yield run(stack.enter_async_context(listening(warehouse)))
        run(stack.aclose())


def a_gateway(folder, api: str) -> Gateway:
    gateway = Gateway(folder, {})
    pulled = {"delivery": "pull", "pull_secret": "a-pull-secret"}
    options = api_options(api, reconcile={"goods_owners": [74], "every": "1h", "look_back": "3d"})
    gateway.configure(
        intake={"embedded": True},
        tenants={"demo": tenant(f"{gateway.url}/api/integrations/wms/demo"), "pulled": pulled},
        sources={"wms": source("demo", adapter="ongoing", options=options), "lp": source("pulled")},
    )
    return gateway


def make_the_day(gateway: Gateway, warehouse: Warehouse) -> None:
    """Seven orders of the warehouse's, one of another's that is pulled."""
    warehouse.put(an_order(1))
    warehouse.put(an_order(2, orderStatus={"number": 150}))
    warehouse.put({**an_order(3), "consignee": None})
    for number in (4, 5):
        warehouse.put(an_order(number))
    for number in range(1, 6):
        assert gateway.post(webhook(number, number), "wms").status_code == 200
    gateway.post(told("p-1", "PO-1", 1), "lp")
    for name in ("SO-1", "SO-4", "SO-5"):
        gateway.becomes(name, "delivered")
    gateway.becomes("PO-1", "pending", "pulled")
    gateway.http.get("/pull/pulled", headers={"Authorization": "Bearer a-pull-secret"})
    gateway.becomes("PO-1", "delivered", "pulled")
    gateway.api("tenants/demo/halt", {})
    warehouse.put(an_order(7))
    gateway.post(webhook(7, 7), "wms")
    gateway.becomes("SO-7", "pending")
    eventually(lambda: gateway.api("stats")["events"], lambda seen: seen.get("dead") == seen.get("ignored") == 1)
    warehouse.put(an_order(4, deliveryDate="2025-07-09"))
    del warehouse.orders[5]
    warehouse.put(an_order(6))


def differences(rows) -> dict[str | None, str]:
    """By order; what was ignored apart, since the vendor's words are."""
    return {row["externalOrderId"] or None: row["difference"] for row in rows if IGNORED not in row["difference"]}


def recovered(gateway: Gateway, day: str):
    """The day, and what was lost of it as far as reconciliation knows."""
    return gateway.api("ledger", day=day), gateway.api("sources/wms/losses")["losses"]


def test_every_difference_of_a_day_is_named_and_none_else(tmp_path):
    """By the API, the command and the table; the sums are the API's counts; a restart changes nothing.

    What was lost comes in then, counted as such by topic and hour.
    """
    warehouse, day = Warehouse({"trackely": User(PASSWORD)}), datetime.now(UTC).date().isoformat()
    with a_warehouse(warehouse) as api, a_gateway(tmp_path, api) as gateway:
        eventually(lambda: gateway.api("ledger", day=day, source="wms")["vendorList"]["askedAt"])
        make_the_day(gateway, warehouse)
        refreshed = gateway.command("ledger", day, "--refresh")
        first, stats = gateway.api("ledger", day=day), gateway.api("stats")
        table = gateway.command("ledger", day, "--csv").stdout
        printed = gateway.command("ledger", day, "--source", "wms", "--json").stdout
        gateway.api("sources/wms/reconcile", {})
        gateway.becomes("SO-6", "pending")
        second, metrics = recovered(gateway, day), gateway.http.get("/metrics").text
        page = shown(gateway, "/console/sources/wms")
        gateway.stop()
        gateway.start()
        again = recovered(gateway, day)

    assert differences(first["ledger"]) == EXPECTED
    assert len(first["ledger"]) == len(EXPECTED) + 1
    assert first["sums"]["statuses"] == stats["orders"]
    assert first["sums"]["differences"] == {
        name.partition(":")[0]: 1 for name in ("ignored", *EXPECTED.values()) if name
    }
    assert {each["source"]: each["vendorList"] and each["vendorList"]["orders"] for each in first["sources"]} == {
        "wms": 6, "lp": None,
    }  # fmt: skip
    assert refreshed.returncode == 0
    assert "the vendor named 6 orders" in refreshed.stderr
    assert "SO-6" in refreshed.stdout
    assert differences(csv.DictReader(io.StringIO(table))) == EXPECTED
    assert differences(json.loads(printed)["ledger"]) == {k: v for k, v in EXPECTED.items() if k != "PO-1"}
    assert differences(second[0]["ledger"]) == {**EXPECTED, "SO-6": EXPECTED["SO-7"]}
    assert [row["externalOrderId"] for row in second[0]["ledger"] if row["recovered"]] == ["SO-6"]
    assert {(each["topic"], each["count"]) for each in second[1]} == {("created", 1), ("changed", 1)}
    assert {each["hour"][:10] for each in second[1]} == {day}
    for topic in ("created", "changed"):
        assert f'trackely_gateway_recovered_total{{source="wms",topic="{topic}"}} 1.0' in metrics
    assert "created" in page
    assert (again[0]["ledger"], again[0]["sums"], again[1]) == (second[0]["ledger"], second[0]["sums"], second[1])
