"""An operator's night, in the browser: from Trackely's wrong secret to the last dead letter that goes out."""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.intakes import Call, accepted, status
from tests.processes import Gateway, Intakes, eventually, source, tenant
from tests.system.people import Person
from tests.system.scene import TOKENS

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

RIGHT, WRONG = "the-right-secret-of-the-tenant", "a-wrong-secret-of-the-tenant"
BACKLOG, LETTERS, UNCHANGED, STILL_DEAD = 40, 400, 9, 3
PATIENT = 60_000
"""Milliseconds: a machine may have much else to do."""

PAUSING = """async () => {
  for (;;) {
    const page = await fetch("/console/acts/pause?id=1");
    if (page.status !== 200) { await new Promise((done) => setTimeout(done, 5)); continue; }
    const form = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("main form");
    const body = new URLSearchParams(new FormData(form));
    return (await fetch(form.getAttribute("action"), {method: "POST", body})).status;
  }
}"""
"""Confirms the pause of the first operation as soon as there is one, by its own page's form."""

ADAPTER = '''"""A small vendor: without an address an order goes to the customer of the option."""

from datetime import datetime

from adapters import Adapter, Answers, Hook, Identity, IncompletePayload, OptionsModel, State, Translation, VendorModel
from adapters import decoder
from schemas import Order


class Options(OptionsModel, frozen=True):
    customer: str | None = None


class Told(VendorModel, frozen=True):
    id: str
    order: str
    at: str
    address: str | None = None
    weight: float | None = None


read = decoder(Told)


def identify(hook: Hook) -> Identity:
    return Identity(event_id=read(hook.body).id)


def translate(hook: Hook, options: Options, _answers: Answers) -> Translation:
    told = read(hook.body)
    if told.address is None and options.customer is None:
        raise IncompletePayload("no address: nowhere to deliver; option customer can name one", path="$.address")
    customer = options.customer if told.address is None else None
    order = Order(
        external_order_id=told.order, delivery_address=told.address, customer_id=customer, total_weight=told.weight
    )
    return [State(order=order, clock=datetime.fromisoformat(told.at))]


ADAPTER = Adapter(name="small", version="1", options=Options, identify=identify, translate=translate)
'''


def _by_secret(call: Call):
    return accepted if call.headers["authorization"] == f"Bearer {RIGHT}" else status(401)


@pytest.fixture
def night(tmp_path):
    """A gateway whose secret for Trackely is wrong."""
    (tmp_path / "small.py").write_text(ADAPTER)
    with Intakes() as intakes:
        intake = intakes.open(_by_secret)
        small = source("demo", adapter="./small.py")
        made = Gateway(tmp_path, {"demo": tenant(intake.url, secret=WRONG, probe=2)}, {"small": small})
        tokens = [{"name": role, "token": token, "role": role} for role, token in TOKENS.items()]
        made.configure(api={"tokens": tokens})
        with made as running:
            running.intake = intake
            yield running


def tell(night, event, order, minute=0, **members):
    night.post({"id": event, "order": order, "at": f"2026-02-01T08:{minute:02}:00+00:00", **members}, to="small")


def reload(night, **settings):
    night.configure(**settings)
    os.kill(night.pid, signal.SIGHUP)


def test_a_night(chromium, night):
    """A wrong secret, a backlog that drains, 400 dead letters replayed with a pause, one amended; the audit."""
    for number in range(BACKLOG):
        tell(night, f"n-{number}", f"SO-{number}", address="1 High Street")
    person = Person(chromium, night.url, size=(1280, 900))
    person.sign_in(TOKENS["admin"])
    page = person.page
    _sees_why_it_is_halted(page)
    _sees_the_backlog_drain(page, night)
    _makes_dead_letters(night)
    _replays_them(page, night)
    _amends_one(page, night)
    _reads_the_audit(page)
    person.leave()

    assert person.faults == []


def _sees_why_it_is_halted(page):
    """The overview says so; the tenant's page says why, and until when."""
    trouble = page.get_by_role("link", name=re.compile("Tenant demo is halted: 40 orders wait"))
    expect(trouble).to_be_visible(timeout=PATIENT)
    trouble.click()
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("intake_unauthorized")
    expect(verdict).to_contain_text("mend the secret and reload")
    expect(verdict).to_contain_text("It is tried again")
    expect(page.get_by_role("status")).to_have_text("Live.", timeout=PATIENT)


def _sees_the_backlog_drain(page, night):
    """The secret is mended by SIGHUP; nobody touches the page."""
    demo = {**night.settings["tenants"]["demo"], "secret": RIGHT}
    page.mouse.move(1, 1)
    reload(night, tenants={"demo": demo})
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("Orders go out as they come.", timeout=PATIENT)
    expect(page.locator(".figures dd").first).to_have_text("0", timeout=PATIENT)
    assert len(night.intake.orders) == BACKLOG


def _makes_dead_letters(night):
    """400 of one reason; the option that helps is set then. Twelve of the orders come once more: nine as they are."""
    for number in range(LETTERS):
        heavy = {"weight": -1.0} if number < STILL_DEAD else {}
        tell(night, f"b-{number}", f"BARE-{number}", minute=1, **heavy)
    count = eventually(lambda: night.tenant()["deadLetters"], lambda count: count == LETTERS, 120)
    assert count == LETTERS
    small = source("demo", adapter="./small.py", options={"customer": "cust-1"})
    reload(night, sources={"small": small})
    in_force = {"key": "sources.small.options.customer", "value": "cust-1", "default": None, "isDefault": False}
    assert eventually(lambda: in_force in night.api("configuration")["configuration"], within=60)
    for number in range(STILL_DEAD + UNCHANGED):
        tell(night, f"again-{number}", f"BARE-{number}", **({"weight": 1.0} if number < STILL_DEAD else {}))
    for number in range(STILL_DEAD + UNCHANGED):
        night.becomes(f"BARE-{number}", "delivered", within=60)


def _replays_them(page, night):
    """Previewed, as an operation, paused in the middle, resumed, done."""
    page.goto("/console/dead-letters")
    card = page.locator(".groups > li").first
    expect(card).to_contain_text("400")
    expect(card).to_contain_text("incomplete_payload")
    card.get_by_role("link", name="Replay these …").click(timeout=PATIENT)
    will = page.get_by_role("region", name="What will happen")
    expect(will).to_contain_text("388", timeout=PATIENT)
    told = [" ".join(each.split()) for each in will.locator(".figures div").all_inner_texts()]
    assert sorted(told) == ["die again 3", "orders that are not there yet 388", "would change nothing 9"]
    page.get_by_label("Why, for the audit").fill("the customer is named now")
    colleague = page.context.new_page()
    colleague.goto("/console/operations")
    # 400 are done within a second: the colleague's finger is on the button before they begin.
    colleague.evaluate(f"() => {{ window.pausing = ({PAUSING})(); }}")
    page.get_by_role("button", name="Replay").click(timeout=PATIENT)
    page.wait_for_url("**/console/operations/*", timeout=PATIENT)
    assert colleague.evaluate("window.pausing") == 200
    colleague.close()
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused", timeout=PATIENT)
    done = night.api("operations")["operations"][0]["done"]
    assert done < LETTERS
    page.get_by_role("link", name="Resume …").click()
    expect(page.locator("main")).to_contain_text(f"{done} of 400 are done")
    page.get_by_role("button", name="Resume it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("done", timeout=2 * PATIENT)
    expect(page.locator("main")).to_contain_text("400 of 400 done")


def _amends_one(page, night):
    """One of the three that died again, by hand; it goes out."""
    page.goto("/console/dead-letters?filter=code:invalid_order")
    expect(page.locator("tbody tr")).to_have_count(STILL_DEAD)
    page.goto("/console/orders/demo/BARE-0")
    page.get_by_role("link", name="Amend").click()
    page.get_by_label("totalWeight").fill("12.5")
    page.get_by_label("Why, for the audit").fill("asked the warehouse")
    page.get_by_role("button", name="Send it to Trackely").click()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("Trackely has it.", timeout=PATIENT)
    expect(page.locator(".timeline")).to_contain_text("A person amended it")
    assert night.intake.orders["BARE-0"]["totalWeight"] == 12.5


def _reads_the_audit(page):
    """Who did it all, and why."""
    page.get_by_role("link", name="Audit").click()
    acts = page.locator("tbody")
    for act in ("login", "reload", "replay", "pause", "resume", "amend"):
        expect(acts.get_by_role("cell", name=act, exact=True).first).to_be_visible()
    expect(acts).to_contain_text("the customer is named now")
    expect(acts).to_contain_text("asked the warehouse")
