"""Every act in a real Chromium: with the mouse, by the keyboard alone, and without JavaScript."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.processes import Gateway, eventually, source, told
from tests.system.hands import Hands
from tests.system.people import Person
from tests.system.scene import TOKENS, WAITING, night
from tests.warehouses import Asked, VendorApi

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

HANDS = {"mouse": {"has_mouse": True}, "keyboard": {"has_mouse": False}, "no script": {"has_mouse": True}}
PICKED = {
    "webhookOrdersId": 12, "webhookEventId": 1, "system": "north", "timestamp": "2025-06-30T09:15:27",
    "orderId": 70421, "orderNumber": "OG-1", "goodsOwnerId": 74, "orderStatus": {"number": 400},
}  # fmt: skip
SLOW = '''"""A vendor whose events take a while to be found broken, so that an operation over them can be stopped."""

import time

from adapters import Adapter, Answers, Hook, Identity, IncompletePayload, OptionsModel, Translation


class Options(OptionsModel, frozen=True):
    pass


def identify(hook: Hook) -> Identity:
    return Identity(event_id=hook.body.decode().strip('"'))


def translate(_hook: Hook, _options: Options, _answers: Answers) -> Translation:
    time.sleep(0.3)
    raise IncompletePayload("never whole", path="$")


ADAPTER = Adapter(name="slow", version="1", options=Options, identify=identify, translate=translate)
'''
MANY = 12


def _vendor(asked: Asked, is_right: list[bool]) -> None:
    if not is_right:
        asked.say(401)
    elif "orders?" in asked.path:
        asked.say(200, b"[]")
    else:
        asked.say(404)


@pytest.fixture(scope="module", params=HANDS)
def way(request, tmp_path_factory) -> Iterator[tuple[str, Gateway, list[bool]]]:
    """How somebody goes about it, in a gateway of their own; the vendor takes our credentials once it is told."""
    folder, is_right = tmp_path_factory.mktemp("acts"), []
    (folder / "slow.py").write_text(SLOW)
    with VendorApi(lambda asked: _vendor(asked, is_right)) as vendor:
        api = {"base_url": vendor.url, "allow_http": True, "username": "u", "password": "a-password-of-the-api"}
        asking = source(
            "quiet", adapter="ongoing",
            options={"api": api, "reconcile": {"goods_owners": [74], "every": 86400, "system": "north"}},
        )  # fmt: skip
        more = {"og": asking, "slow": source("quiet", adapter="./slow.py")}
        with night(folder, **more) as running:
            running.post(PICKED, to="og")
            yield request.param, running, is_right


@pytest.fixture
def hands(chromium, way) -> Iterator[Hands]:
    """An administrator's."""
    kind, running, _ = way
    person = Person(chromium, running.url, script=kind != "no script")
    person.sign_in(TOKENS["admin"])
    yield Hands(person, **HANDS[kind])
    person.leave()
    assert person.faults == []


def _main(page):
    return page.locator("main")


def verdict(hands):
    return hands.page.get_by_role("region", name="Verdict")


def test_an_order_is_found_and_its_event_replayed(hands, way):
    """From the field above each page to the order's story; the page after it shows what became of it."""
    hands.write("Find an order, a reference, an event", "so-2")
    hands.page.keyboard.press("Enter")
    hands.page.wait_for_url("**/console/orders/demo/SO-2")
    hands.press("Replay")
    expect(hands.page.get_by_role("region", name="What will happen")).to_contain_text("1 event is translated again")
    hands.write("Why, for the audit (may be left empty)", "the customer asked")
    hands.press("Replay", "button")
    expect(_main(hands.page)).to_contain_text("Replayed: its stored bytes are translated again.")
    hands.press("Replay as newest")
    expect(_main(hands.page)).to_contain_text("Each is made the newest state of its order")
    hands.press("Replay", "button")
    expect(_main(hands.page)).to_contain_text("Replayed")

    assert {"replay"} <= {row["act"] for row in way[1].api("audit")["audit"]}


def test_dead_letters_are_marked_and_discarded(hands, way):
    """Two of them, the oldest, go as an operation."""
    hands.page.goto("/console/dead-letters?filter=kind:event")
    for each in hands.page.locator("tbody tr").all()[-2:]:
        hands.mark(each.get_by_role("checkbox").get_attribute("aria-label"))
    hands.press("Discard the marked …", "button")
    expect(_main(hands.page)).to_contain_text("2 dead letters set aside for good")
    hands.press("Discard", "button")
    hands.page.wait_for_url("**/console/operations/*")
    identity = hands.page.url.rpartition("/")[2]
    eventually(lambda: way[1].api(f"operations/{identity}")["operation"]["status"] == "done")
    hands.page.reload()

    expect(_main(hands.page)).to_contain_text("2 of 2 done")


def test_all_that_match_are_replayed(hands):
    """Through a filter of words, and the preview."""
    hands.page.goto("/console/dead-letters")
    hands.write("Filter", "code:refused")
    hands.press("Show", "button")
    hands.press("Replay all that match …")
    expect(hands.page.get_by_role("region", name="What will happen")).to_contain_text("Trackely")
    hands.press("Leave it")
    hands.page.wait_for_url("**/console/dead-letters?filter=code%3Arefused")


def test_what_is_held_is_released(hands):
    """From among the dead letters, which say what it is held for."""
    hands.page.goto("/console/dead-letters?filter=code:held")
    expect(_main(hands.page)).to_contain_text("no_house_number")
    hands.press("Release these …")
    expect(_main(hands.page)).to_contain_text("go to Trackely as they are")
    hands.press("Release", "button")
    expect(_main(hands.page)).to_contain_text("Released: it goes to Trackely as it is.")


def test_an_order_is_amended(hands, way):
    """A number that is none is told; then it goes out, as a person's."""
    hands.page.goto("/console/orders/demo/SO-5")
    hands.press("Amend")
    hands.write("Why, for the audit", "asked the warehouse")
    hands.write("totalWeight", "heavy")
    hands.press("Send it to Trackely", "button")
    expect(hands.page.get_by_role("alert")).to_contain_text("totalWeight: expected a number")
    hands.write("totalWeight", "12.5")
    hands.press("Send it to Trackely", "button")
    expect(hands.page.locator(".timeline")).to_contain_text("A person amended it")

    assert way[1].becomes("SO-5", "delivered")["order"]["totalWeight"] == 12.5


def test_an_order_is_discarded(hands):
    """And its page says so."""
    hands.page.goto("/console/orders/demo/SO-3")
    hands.press("Discard")
    hands.press("Discard it", "button")
    expect(verdict(hands)).to_contain_text("A person set it aside.")


def test_an_order_is_erased_once_its_number_is_typed_again(hands):
    """Another number erases nothing."""
    hands.page.goto("/console/orders/demo/SO-6")
    hands.press("Erase")
    hands.write("Type the order's number again", "SO-7")
    hands.press("Erase it for good", "button")
    expect(hands.page.get_by_role("alert")).to_contain_text("nothing was done")
    hands.write("Type the order's number again", "SO-6")
    hands.press("Erase it for good", "button")
    expect(_main(hands.page)).to_contain_text("was erased")


def test_a_tenant_is_halted_and_resumed(hands):
    """Each in numbers."""
    hands.page.goto("/console/tenants")
    hands.press("demo", within=_main)
    hands.press("Halt …")
    expect(_main(hands.page)).to_contain_text("0 orders wait now.")
    hands.write("Why, for the audit (may be left empty)", "stocktaking")
    hands.press("Halt it", "button")
    expect(verdict(hands)).to_contain_text("stocktaking")
    hands.press("Resume …")
    hands.press("Resume it", "button")
    expect(verdict(hands)).to_contain_text("Orders go out as they come.")


def test_a_halted_tenant_says_why_and_what_waits(hands):
    """From the overview."""
    hands.page.goto("/console")
    hands.press(re.compile("Tenant north is halted"))
    expect(verdict(hands)).to_contain_text("mend the secret and reload")

    def listed() -> int:
        hands.page.reload()
        return hands.page.locator("tbody tr").count()

    # But for the one that it is being tried with.
    eventually(listed, lambda count: count == WAITING)


def test_lookups_are_resumed_and_the_vendor_is_asked(hands, way):
    """Once its API takes our credentials."""
    _, running, is_right = way
    assert eventually(lambda: [each for each in running.api("sources")["sources"] if each["lookupHalts"]])
    hands.page.goto("/console/sources")
    hands.press("og", within=_main)
    expect(verdict(hands)).to_contain_text("The vendor's API turns our questions away.")
    is_right.append(True)
    hands.press("Resume the lookups …")
    hands.press("Ask again", "button")
    expect(verdict(hands)).not_to_contain_text("turns our questions away")
    hands.press("Reconcile …")
    expect(_main(hands.page)).to_contain_text("What no webhook told becomes an event")
    hands.press("Ask the vendor", "button")
    hands.page.wait_for_url("**/console/sources/og")


def test_what_looks_on_is_looked_at_and_promoted(hands, way):
    """Its page shows how it compares, with examples; then it takes over, and what was judged is told."""
    hands.page.goto("/console/sources")
    hands.press("east-next", within=_main)
    expect(_main(hands.page)).to_contain_text("It delivers nothing, and is compared with east")
    expect(_main(hands.page).get_by_role("row", name="palletCount 2", exact=True)).to_be_visible()
    hands.press("EAST-35", within=_main)
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text("shadowed")
    expect(_main(hands.page)).to_contain_text("next-35")
    hands.page.go_back()
    hands.press("Promote …")
    expect(_main(hands.page)).to_contain_text("0 orders are equal, 3 differ")
    expect(_main(hands.page)).to_contain_text("Source east is in shadow from then on, and hands its orders over.")
    hands.press("Let it deliver", "button")
    hands.page.wait_for_url("**/console/operations/*")
    expect(hands.page.get_by_role("heading", level=1)).to_contain_text("Promotion of 3 events")
    changed = way[1].becomes("EAST-35", "delivered")
    eventually(lambda: way[1].order("EAST-35")["order"].get("palletCount"), lambda count: count == 35)
    hands.page.goto("/console/sources/east-next")
    expect(_main(hands.page)).not_to_contain_text("It delivers nothing")
    hands.page.goto("/console/sources/east")
    expect(_main(hands.page)).to_contain_text("It delivers nothing, and is compared with east-next")

    assert changed["orderId"]
    assert way[1].order("EAST-35")["order"]["palletCount"] == 35


def test_an_operation_is_paused_resumed_and_cancelled(hands, way):
    """In the middle: its page says how far it came."""
    running = way[1]
    for number in range(MANY):
        running.post(json.dumps(f"slow-{number}").encode(), to="slow")
    ids = eventually(lambda: [row["id"] for row in running.all("events", source="slow", status="dead")],
                     lambda found: len(found) == MANY, 60)  # fmt: skip
    made = running.api("operations", {"kind": "preview", "of": "events", "ids": ids})["operation"]["id"]
    hands.page.goto(f"/console/operations/{made}")
    for act, becomes in (("Pause", "paused"), ("Resume", "running"), ("Cancel", "cancelled")):
        hands.press(f"{act} …")
        expect(_main(hands.page)).to_contain_text(f"of {MANY} are done.")
        hands.press(f"{act} it", "button")
        expect(hands.page.get_by_role("heading", level=1)).to_contain_text(becomes)


def test_the_configuration_is_read_again(hands, way):
    """What changed is said; what is wrong is named, and nothing changes."""
    running = way[1]
    before = running.settings["tenants"]
    running.configure(tenants={**before, "demo": {**before["demo"], "max_backlog": 5000}})
    hands.page.goto("/console")
    hands.press("Configuration")
    hands.press("Read it again …")
    hands.press("Read it again", "button")
    expect(_main(hands.page)).to_contain_text("Changed: tenants.demo.max_backlog")
    running.configure(tenants={**before, "demo": {**before["demo"], "max_backlog": "many"}})
    hands.press("Read it again …")
    hands.press("Read it again", "button")
    expect(hands.page.get_by_role("alert")).to_contain_text("tenants.demo.max_backlog")
    running.configure(tenants=before)


def test_a_payload_is_tried(hands, way):
    """The order that would come of it, with its paths; what is wrong with it; nothing is stored."""
    count = len(way[1].all("events"))
    hands.page.goto("/console")
    hands.press("Try")
    hands.page.get_by_label("Source").select_option("lp")
    hands.write("Payload", json.dumps(told("tried", "SO-tried", 1)))
    hands.press("Try it", "button")
    expect(_main(hands.page)).to_contain_text("SO-tried")
    expect(hands.page.locator(".origins")).to_contain_text("$.data.primaryReference")
    hands.write(
        "Payload", '{"id": "tried", "entityType": "Order", "topic": "ORDER", "data": {"primaryReference": "X"}}'
    )
    hands.press("Try it", "button")
    expect(_main(hands.page)).to_contain_text("incomplete_payload")

    assert len(way[1].all("events")) == count


def test_from_the_body_to_the_order(hands):
    """Pointing at a member marks what it came from, and the other way; without a script its path leads there."""
    hands.page.goto("/console/events/1")
    if not hands.person.has_script:
        hands.press("Where each member came from")
    origin = hands.page.locator(".origins > div").filter(has_text="externalOrderId")
    value = hands.page.locator('[data-path="$.data.primaryReference"]')
    expect(value).to_have_text('"SO-1"')
    if not hands.person.has_script:
        hands.press("$.data.primaryReference")
        expect(hands.page.locator("li:target")).to_contain_text("SO-1")
        return
    if hands.has_mouse:
        origin.hover()
    else:
        hands.reach(origin)
    expect(value).to_have_class("used pointed")
    if hands.has_mouse:
        value.hover()
    else:
        hands.reach(value)
    expect(origin).to_have_class("pointed")


def test_a_list_is_filtered_and_kept_as_a_file(hands):
    """As it is filtered, the filter in the address."""
    hands.page.goto("/console/events")
    hands.write("Filter", "status:dead source:lp")
    hands.press("Show", "button")
    hands.page.wait_for_url("**/console/events?filter=status%3Adead+source%3Alp")
    with hands.page.expect_download() as coming:
        hands.press("CSV")

    assert coming.value.suggested_filename == "events.csv"
    assert "e-1," not in coming.value.path().read_text()


def test_what_was_turned_away_and_what_nobody_knew(hands):
    """Refusals with what helps; drift with an example."""
    hands.page.goto("/console")
    hands.press("Refusals")
    expect(hands.page.locator("tbody tr").first).to_contain_text("404")
    hands.press("Drift")
    expect(_main(hands.page)).to_contain_text("carrierNote")


def test_a_second_operator_was_faster(hands, way, chromium):
    """The first is told on their page, with how it stands now; nothing is done."""
    hands.page.goto("/console/orders/demo/SO-4")
    hands.press("Discard")
    other = Person(chromium, way[1].url)
    other.sign_in(TOKENS["operate"])
    other.page.goto("/console/orders/demo/SO-4")
    other.page.get_by_role("link", name="Amend").click()
    other.page.get_by_label("customerName").fill("Another")
    other.page.get_by_label("Why, for the audit").fill("asked by phone")
    other.page.get_by_role("button", name="Send it to Trackely").click()
    other.page.wait_for_url("**/console/orders/demo/SO-4")
    other.leave()
    hands.press("Discard it", "button")

    expect(hands.page.get_by_role("alert")).to_contain_text("Somebody was faster")
    assert way[1].order("SO-4")["status"] != "discarded"


def test_a_zone_is_chosen_and_somebody_leaves(hands):
    """Times are in it then; whoever signed out is shown the door."""
    hands.press("Another zone")
    hands.page.get_by_label("Zone").select_option("Asia/Kolkata")
    hands.press("Show times in this zone", "button")
    expect(hands.page.locator("footer")).to_contain_text("Asia/Kolkata")
    hands.press("Sign out", "button")
    hands.page.wait_for_url("**/console/login")
    hands.page.goto("/console/audit")

    assert hands.page.url.endswith("/console/login")


def test_a_day_is_looked_at_and_the_vendors_are_asked_anew(hands, way):
    """Its sums and what differs, one difference alone, the whole as a table, and what the vendors' lists have now."""
    way[2].append(True)
    hands.press("Ledger")
    sums = hands.page.get_by_role("region", name="Sums")
    expect(sums.get_by_role("row", name="og")).to_contain_text("asked")
    hands.page.get_by_label("Rows").select_option("dead")
    hands.press("Show", "button")
    differing = hands.page.get_by_role("region", name="What differs")
    expect(differing).to_contain_text("dead: refused")
    expect(differing).not_to_contain_text("pending")
    with hands.page.expect_download() as download:
        hands.press("CSV")
    table = download.value.path().read_text()
    hands.press("Ask the vendors anew", "button")
    expect(hands.page.get_by_role("status").first).to_contain_text("The vendors were asked")
    expect(sums.get_by_role("row", name="og")).not_to_contain_text("never asked")
    assert {"SO-1", "SO-3", "NO-1"} <= {line.split(",")[2] for line in table.splitlines()}
    assert "refresh" in {row["act"] for row in way[1].api("audit")["audit"]}


def test_a_silent_source_is_found_from_the_overview(hands):
    """And its page says since when, and what was expected."""
    hands.press(re.compile("idle"), within=_main)
    hands.page.wait_for_url("**/console/sources/idle")
    expect(_main(hands.page)).to_contain_text("something is expected every 1 s")
