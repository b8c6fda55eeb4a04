"""A list that comes in pages, by a clock that goes as fast as the test."""

import json

from adapters import Adapter, Api, Identity, Lookup, Lookups, OptionsModel, State
from gateway.events import SECOND, EventStatus
from gateway.lookups.asking import VendorAnswer
from schemas import Order
from tests.translating import Room

PAGES = 50


def listed(contract: int, pages: int) -> Adapter:
    """An adapter that asks for so many pages, and makes an order of each."""

    def translate(hook, _options, answers):
        orders = []
        for page in range(1, pages + 1):
            lookup = Lookup(path="lines", parameters={"page": str(page)})
            answer = answers.get(lookup.key)
            if answer is None:
                return Lookups((lookup,), subject="lines")
            orders.append(State(order=Order(external_order_id=json.loads(answer), customer_id="c")))
        return orders

    return Adapter(
        name="listed", version="1", options=OptionsModel, contract=contract, translate=translate,
        identify=lambda hook: Identity(hook.body.decode()), api=lambda _: Api(base_url="https://wms.example/"),
    )  # fmt: skip


async def test_fifty_pages_are_fifty_questions(tmp_path):
    """Each is asked once, without the rest that a question asked again would have, and each has its own answer."""
    async with Room(tmp_path, {}, adapter=listed(2, PAGES)) as here:
        for page in range(1, PAGES + 1):
            here.vendor.said[f"lines?page={page}"] = [VendorAnswer(200, json.dumps(f"SO-{page}").encode())]
        event = await here.take(b"1")
        (settled,) = await here.settled()
        detail = await here.store.records.event(event)

    assert settled.status == EventStatus.TRANSLATED
    assert [key for key, _ in here.vendor.asked] == [f"lines?page={page}" for page in range(1, PAGES + 1)]
    assert {state.external_order_id for state in detail.translation} == {f"SO-{n}" for n in range(1, PAGES + 1)}
    assert here.vendor.asked[-1][1] - here.vendor.asked[0][1] < PAGES * SECOND


async def test_an_adapter_that_asks_for_ever_is_stopped(tmp_path):
    """After a hundred questions it has a defect."""
    async with Room(tmp_path, {}, adapter=listed(2, 10_000)) as here:
        here.vendor.said = {f"lines?page={page}": [VendorAnswer(200, b'"SO"')] for page in range(200)}
        await here.take(b"1")
        (settled,) = await here.settled()

    assert (settled.status, settled.reason.code) == (EventStatus.DEAD, "adapter_defect")
    assert len(here.vendor.asked) == 100


async def test_a_turn_rests_as_its_answer_says(tmp_path):
    """Nothing is asked before the limit that the vendor named has passed."""
    async with Room(tmp_path, {}, adapter=listed(2, 2)) as here:
        here.vendor.said = {
            "lines?page=1": [VendorAnswer(200, b'"SO-1"', pause=30 * SECOND)],
            "lines?page=2": [VendorAnswer(200, b'"SO-2"')],
        }
        await here.take(b"1")
        await here.settled()

    (_, first), (_, second) = here.vendor.asked
    assert second - first >= 30 * SECOND
