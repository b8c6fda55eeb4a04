"""Settings → Integrations, beyond the clauses that the contract suite checks."""

import pytest
from msgspec.structs import asdict
from structlog.testing import capture_logs

from gateway.config.model import IntakeCustomer
from gateway.core_intake import bearer_among

ORDER = {"externalOrderId": "A", "deliveryAddress": "1 Elm Street, Leeds"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/demo"),
        ("POST", "/new/connect"),
        ("POST", "/demo/regenerate"),
        ("POST", "/demo/deactivate"),
        ("POST", "/demo/activate"),
        ("GET", "/demo/pull-endpoints"),
        ("POST", "/demo/pull-endpoints"),
        ("GET", "/demo/pull-endpoints/x"),
        ("DELETE", "/demo/pull-endpoints/x"),
        ("POST", "/demo/pull-endpoints/x/regenerate"),
        ("POST", "/demo/pull-endpoints/x/sync"),
        ("GET", "/demo/customers"),
        ("GET", "/demo/customers/x"),
        ("GET", "/demo/orders"),
        ("GET", "/demo/orders/x"),
    ],
)
async def test_every_door_is_the_administrators(running, method, path):
    """Without the administrator's token, and with a tenant's secret, each call gets 401 and changes nothing."""
    before = await running.intake.integrations.list()
    replies = [await running.settings(method, path, token=token) for token in ("wrong", running.secret)]

    assert [(reply.status_code, reply.json()) for reply in replies] == [(401, {"error": "unauthorized"})] * 2
    assert await running.intake.integrations.list() == before


async def test_connect_makes_or_takes_a_secret(run):
    """Connecting answers the whole URL and a secret made up or given; a second time it is a conflict."""
    running = await run(origin="https://intake.example/")
    made = await running.settings("POST", "/new%20one/connect")
    given = await running.settings("POST", "/given/connect", {"secret": "a-secret-of-the-operator"})
    again = await running.settings("POST", "/given/connect")

    assert (made.status_code, given.status_code, again.status_code) == (201, 201, 409)
    assert made.json()["webhookUrl"] == "https://intake.example/api/integrations/wms/new%20one"
    assert made.headers["cache-control"] == "no-store"
    assert given.json()["secret"] == "a-secret-of-the-operator"
    assert (await running.push(ORDER, tenant="new%20one", secret=made.json()["secret"])).status_code == 200
    assert (await running.push(ORDER, tenant="given", secret="a-secret-of-the-operator")).status_code == 200


@pytest.mark.parametrize(
    "body", [{"secret": "short"}, {"secret": "with blanks in between"}, {"secret": 1}, {"Secret": "x"}, [], "\ud7ff"]
)
async def test_connect_refuses_what_is_no_secret(running, body):
    """A secret that could not stand in a header, or a body of another shape, gets 400 and connects nothing."""
    reply = await running.settings("POST", "/new/connect", body)

    assert (reply.status_code, bool(reply.json()["error"])) == (400, True)
    assert (await running.settings("GET", "/new")).status_code == 404


@pytest.mark.parametrize("call", ["regenerate", "deactivate", "activate"])
async def test_an_unknown_integration_is_not_found(running, call):
    """What was never connected can be neither regenerated nor switched."""
    reply = await running.settings("POST", f"/nobody/{call}")

    assert (reply.status_code, reply.json()) == (404, {"error": "no such integration"})


async def test_a_configured_secret_counts_once(running):
    """A later start changes an integration only if the configured secret has changed."""
    intake = running.intake
    regenerated = (await running.settings("POST", "/demo/regenerate")).json()["secret"]
    same = await intake.ensure_connected("demo", running.secret)
    works = [(await running.push([], secret=secret)).status_code for secret in (running.secret, regenerated)]
    changed = await intake.ensure_connected("demo", "another-configured-secret")
    works += [
        (await running.push([], secret=secret)).status_code for secret in (regenerated, "another-configured-secret")
    ]

    assert (same, changed) == (False, True)
    assert works == [401, 200, 401, 200]


async def test_a_start_never_activates_a_deactivated_integration(running):
    """A new configured secret is taken, and the integration stays as the administrator left it."""
    await running.settings("POST", "/demo/deactivate")
    await running.intake.ensure_connected("demo", "another-configured-secret")
    shut = await running.push([], secret="another-configured-secret")
    await running.settings("POST", "/demo/activate")
    opened = await running.push([], secret="another-configured-secret")

    assert (shut.status_code, opened.status_code) == (401, 200)


async def test_a_tenant_connected_by_hand_takes_its_first_configured_secret(running):
    """A tenant that the configuration names later gets the configured secret."""
    by_hand = (await running.settings("POST", "/new/connect")).json()["secret"]
    changed = await running.intake.ensure_connected("new", "the-configured-secret")
    replies = [await running.push([], tenant="new", secret=secret) for secret in (by_hand, "the-configured-secret")]

    assert changed is True
    assert [reply.status_code for reply in replies] == [401, 200]


async def test_the_list_shows_every_integration(running):
    """Integrations are listed by tenant, with whether they are active and when they last received."""
    await running.settings("POST", "/b/connect")
    await running.settings("POST", "/b/deactivate")
    await running.push(ORDER)
    shown = (await running.settings("GET", "")).json()["integrations"]

    assert [(one["tenant"], one["active"], one["lastReceivedAt"] is None) for one in shown] == [
        ("b", False, True),
        ("demo", True, False),
    ]
    assert set(shown[0]) == {"tenant", "webhookUrl", "active", "connectedAt", "lastReceivedAt"}


async def test_orders_are_listed_in_pages_and_by_planned_date(running):
    """Pages hold `limit` orders and a cursor to the next; a planned date lists its own orders."""
    days = ["2025-02-22", "2025-02-23"]
    batch = [ORDER | {"externalOrderId": f"{i}", "plannedDate": days[i % 2]} for i in range(7)]
    await running.push([*batch, ORDER | {"externalOrderId": "undated"}])

    async def walk(query):
        names, cursor = [], "0"
        while cursor is not None:
            page = (await running.settings("GET", f"/demo/orders?limit=3&cursor={cursor}{query}")).json()
            names.append([order["externalOrderId"] for order in page["orders"]])
            cursor = page["next"]
        return names

    assert await walk("") == [["0", "1", "2"], ["3", "4", "5"], ["6", "undated"]]
    assert await walk("&plannedDate=2025-02-22") == [["0", "2", "4"], ["6"]]
    assert await walk("&plannedDate=2025-02-24") == [[]]


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=1001", "limit=-1", "cursor=x", "cursor=9223372036854775808", "plannedDate=22/02/2025"]
)
async def test_a_query_that_will_not_do_is_refused(running, query):
    """A limit, cursor or day of another form gets 400 that names it."""
    reply = await running.settings("GET", f"/demo/orders?{query}")

    assert (reply.status_code, reply.json()["error"].partition(":")[0]) == (400, query.partition("=")[0])


async def test_an_order_is_found_by_any_id(running):
    """An ID with a slash is shown under its percent-encoded path; an unknown one is not found."""
    await running.push(ORDER | {"externalOrderId": "2025/7 ü"})

    assert (await running.order("2025%2F7%20%C3%BC"))["externalOrderId"] == "2025/7 ü"
    assert (await running.settings("GET", "/demo/orders/2025")).json() == {"error": "no such order"}
    assert (await running.settings("GET", "/demo/customers/x")).json() == {"error": "no such customer"}


async def test_the_configurations_customers_are_every_tenants(run, tmp_path):
    """A configured customer is known to each tenant by ID and by address, and shown with its members."""
    acme = IntakeCustomer(id="acme", name="Acme", contact="dock 4", address="4 Quay, Hull")
    bare = IntakeCustomer(id="bare", name="Bare")
    running = await run(customers=[acme, bare])
    await running.intake.integrations.connect("other", running.secret)
    await running.push([{"externalOrderId": "A", "customerId": "acme"}, {"externalOrderId": "B", "customerId": "bare"}])
    await running.push({"externalOrderId": "C", "deliveryAddress": "4 quay, hull"}, tenant="other")
    shown = (await running.settings("GET", "/other/customers/acme")).json()

    assert shown == {"customerId": "acme", "name": "Acme", "contact": "dock 4", "address": "4 Quay, Hull"}
    assert (await running.order("A"))["deliveryAddress"] == "4 Quay, Hull"
    assert (await running.order("C", "other"))["customer"]["customerId"] == "acme"
    assert "deliveryAddress" not in await running.order("B")


async def test_configured_customers_follow_the_configuration(running):
    """A later start brings a configured customer up to date; one that left the file stays known."""
    for name in ("Acme", "Acme Ltd"):
        await running.intake.customers.put_configured([IntakeCustomer(id="acme", name=name, address="4 Quay")])
    await running.intake.customers.put_configured([])
    page = await running.intake.customers.page("demo", after=0, limit=10)

    assert [(customer.customer_id, customer.name) for customer in page.customers] == [("acme", "Acme Ltd")]
    assert asdict(page.customers[0])["address"] == "4 Quay"


async def test_tokens_may_be_several(run):
    """Any of the administrators' tokens opens Settings."""
    running = await run(admin_of=bearer_among({"first": "first-token", "second": "second-token"}))
    replies = [await running.settings("GET", "", token=token) for token in ("first-token", "second-token", "third")]

    assert [reply.status_code for reply in replies] == [200, 200, 401]


async def test_a_change_says_who_made_it(run):
    """By the token's name, in the log; a look is no change."""
    running = await run(admin_of=bearer_among({"first": "first-token", "second": "second-token"}))
    with capture_logs() as lines:
        await running.settings("GET", "/demo", token="first-token")
        await running.settings("POST", "/demo/deactivate", token="second-token")

    assert [(line["operator"], line["change"], line["tenant"]) for line in lines] == [("second", "deactivate", "demo")]
