import itertools
import json

import pytest

from adapters import Secret
from gateway.config.model import Backoff, Batching, Tenant
from gateway.delivery import TenantWorker
from gateway.delivery.standing import Standing, unwatched
from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Arrival, EventStatus, OrderState, TranslatedEvent
from gateway.ground.connecting import tls_context
from gateway.records import DeadLetterFilter, OrderFilter
from tests.stores import open_store

START = 1_750_000_000 * SECOND


class Hands:
    """A clock that a test moves; each look is a microsecond later, as time is."""

    def __init__(self):
        self.now = START

    def __call__(self):
        self.now += 1
        return self.now

    def forward(self, seconds):
        self.now += int(seconds * SECOND)


class Flaky:
    """The real outbox, of which some calls find the store unavailable."""

    def __init__(self, outbox, **failures):
        self._outbox = outbox
        self.failures = failures

    def __getattr__(self, name):
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            return self._unavailable
        return getattr(self._outbox, name)

    async def _unavailable(self, *_args, **_rest):
        raise StoreUnavailable("no space left on device")


class Desk:
    """A store with what it takes to fill and read it, and workers over it that are stepped by hand."""

    def __init__(self, store, clock):
        self.store = store
        self.clock = clock
        self.reports = []
        self._numbers = itertools.count(1)
        self._workers = []

    async def put(self, *names, tenant="acme", clock=None, **members):
        """One event an order, in this order of arrival; a `clock` of its own makes an older or a newer state."""
        translated = []
        for name in names:
            number = next(self._numbers)
            now = self.clock()
            receipt = await self.store.inbox.put(Arrival("wms", f"e{number}", None, now, b"{}"))
            body = json.dumps({"externalOrderId": name, "deliveryAddress": "x"} | members).encode()
            state = OrderState(
                tenant=tenant,
                external_order_id=name,
                owner="wms",
                clock=now if clock is None else clock,
                tie=0,
                body=body,
            )
            translated.append(
                TranslatedEvent(
                    id=receipt.id, source="wms", event_id=f"e{number}", status=EventStatus.TRANSLATED,
                    adapter_version="1", states=(state,),
                )
            )  # fmt: skip
        await self.store.translation.commit(translated, self.clock())

    async def cancel(self, name, tenant="acme"):
        number = next(self._numbers)
        now = self.clock()
        receipt = await self.store.inbox.put(Arrival("wms", f"e{number}", None, now, b"{}"))
        state = OrderState(tenant=tenant, external_order_id=name, owner="wms", clock=now, tie=0, body=None)
        event = TranslatedEvent(
            id=receipt.id, source="wms", event_id=f"e{number}", status=EventStatus.TRANSLATED, adapter_version="1",
            states=(state,),
        )  # fmt: skip
        await self.store.translation.commit([event], self.clock())

    async def worker(self, intake, name="acme", outbox=None, **settings):
        standing = Standing(
            name,
            {name: tenant(intake.url, **settings)},
            outbox or self.store.outbox,
            clock=self.clock,
            random=lambda: 0.5,
            sleep=self.pass_time,
            on_attempt=self.reports.append,
            around=unwatched,
        )
        worker = TenantWorker(standing)
        await worker.load()
        self._workers.append(worker)
        return worker

    async def pass_time(self, seconds):
        self.clock.forward(seconds)

    async def turn(self, worker):
        """One step, and the clock moved on to the next; None: nothing to do until woken."""
        at = await worker.step()
        self.clock.now = max(self.clock.now, at or 0)
        return at

    async def drain(self, worker, steps=1000):
        """Step until nothing is pending."""
        for _ in range(steps):
            if await self.turn(worker) is None:
                return
        raise AssertionError(f"not done after {steps} steps: {worker.state}")

    async def statuses(self, tenant="acme"):
        page = await self.store.records.orders(OrderFilter(tenant=tenant), limit=1000, cursor=None)
        return {row.external_order_id: str(row.status) for row in page.rows}

    async def dead(self):
        page = await self.store.records.dead_letters(DeadLetterFilter(), limit=1000, cursor=None)
        return {row.external_order_id: row.reason for row in page.rows}

    async def attempts(self, name, tenant="acme"):
        detail = await self.store.records.order(tenant, name)
        return [attempt.outcome for attempt in detail.attempts]

    async def close(self):
        for worker in self._workers:
            await worker.close()


def tenant(url, **settings):
    defaults = {
        "secret": Secret("s3cret"),
        "timeout": 2.0,
        "backoff": Backoff(base=0.5, max=300.0),
        "batch": Batching(max_orders=100, linger=0.2),
    }
    return Tenant(intake_url=url, **(defaults | settings))


@pytest.fixture(scope="session", autouse=True)
def _authorities():
    """Read once before any short time-out runs: it takes a while."""
    tls_context()


@pytest.fixture
async def desk(tmp_path):
    store = await open_store(tmp_path)
    desk = Desk(store, Hands())
    yield desk
    await desk.close()
    await store.close()
