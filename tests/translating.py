"""The translation room over a real store: events in, lookups answered by a script or by the stand-in, states out."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import msgspec

from adapters import Adapter, Hook, OptionsModel, Secret
from adapters.ongoing import ADAPTER
from adapters.ongoing.options import Options
from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.events import SECOND, Arrival, EventStatus, StoredLookup, TranslatedEvent, UntranslatedEvent
from gateway.ground.watchdog import Watchdog
from gateway.lookups.asking import VendorAnswer
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Reconciler
from gateway.lookups.standing import Lookups
from gateway.records import EventFilter
from gateway.translation.loop import TranslationLoop
from gateway.translation.translator import Translator
from tests.stores import open_store

PASSWORD = "secret-of-the-api"
START = 1_751_270_400 * SECOND
ENDED = frozenset(EventStatus) - {EventStatus.RECEIVED, EventStatus.WAITING}


class Clockwork:
    """A clock that goes only while somebody sleeps by it, at least `stride` seconds each time."""

    def __init__(self, stride: float = 0.0) -> None:
        self.now = START
        self.stride = stride

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += round(max(seconds, self.stride) * SECOND)
        await asyncio.sleep(0)


class Vendor:
    """Answers lookups as the test says: `said[path]` holds answers in turn, the last one for ever."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.said: dict[str, list[VendorAnswer]] = {}
        self.asked: list[tuple[str, int]] = []
        self.before: Callable[[str], Awaitable[None]] | None = None

    async def __call__(self, _source: str, lookup: StoredLookup) -> VendorAnswer:
        self.asked.append((lookup.answer_key, self.clock()))
        if self.before is not None:
            await self.before(lookup.path)
        if lookup.path.endswith("wayBillRows") and lookup.path not in self.said:
            return VendorAnswer(204)
        answers = self.said.get(lookup.answer_key) or self.said.get(lookup.path, [VendorAnswer(404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)


def an_order(order_id: int, *, goods_owner: int = 74, **info: Any) -> dict[str, Any]:
    """An order as the vendor's API has it."""
    return {
        "goodsOwner": {"id": goods_owner, "name": "Fjord Outdoor"},
        "orderInfo": {
            "orderId": order_id,
            "orderNumber": f"SO-{order_id}",
            "deliveryDate": "2025-07-02",
            "orderStatus": {"number": 400, "text": "Plukket"},
            **info,
        },
        "consignee": {
            "name": "Kari Nordmann",
            "address1": "Storgata 1",
            "postCode": "0155",
            "city": "Oslo",
            "countryCode": "NO",
        },
    }


def good(order: dict[str, Any]) -> VendorAnswer:
    return VendorAnswer(200, b"\xef\xbb\xbf" + json.dumps(order).encode())


def webhook(event: int, order_id: int, *, goods_owner: int = 74, **members: Any) -> bytes:
    body = {
        "webhookOrdersId": 12,
        "webhookEventId": event,
        "system": "nordlager",
        "timestamp": "2025-06-30T08:00:00.1234567",
        "orderId": order_id,
        "orderNumber": f"SO-{order_id}",
        "goodsOwnerId": goods_owner,
        "webhookTemplate": "Order is picked",
    }
    return json.dumps({**body, **members}).encode()


def api_options(base_url: str = "https://wms.example/api/v1/", **more: Any) -> dict[str, Any]:
    return {"api": {"base_url": base_url, "username": "trackely", "password": PASSWORD}, **more}


def read_options(raw: dict[str, Any], kind: type[OptionsModel] = Options) -> Any:
    return msgspec.convert(raw, kind, dec_hook=lambda _, value: Secret(value))


class Room:
    """Use as `async with Room(path, options) as room`."""

    def __init__(
        self,
        path: Path,
        options: dict[str, Any],
        *,
        fetch: Any = None,
        clock: Callable[[], int] | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        adapter: Adapter = ADAPTER,
    ) -> None:
        self.adapter = adapter
        clockwork = Clockwork()
        self.clock = clock or clockwork
        self.sleep = sleep or clockwork.sleep
        self.path = path
        self.vendor = Vendor(self.clock)
        self.fetch = fetch or self.vendor
        settings = Source(adapter="ongoing", tenant="demo", auth="none")
        read = read_options(options, adapter.options)
        self.sources = {"ongoing-acme": ConfiguredSource("ongoing-acme", settings, adapter, read)}
        self.recovered: list[tuple[str, str]] = []
        self.stack = AsyncExitStack()
        self.tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        tenants = {name: Tenant(intake_url=f"http://127.0.0.1:9/{name}") for name in ("demo", "second")}
        self.store = await open_store(self.path)
        self.stack.push_async_callback(self.store.close)
        watchdog = Watchdog(5.0)
        self.translator = Translator(self.sources, tenants, watchdog)
        self.stack.callback(watchdog.close)
        apis = {name: api for name, source in self.sources.items() if (api := source.adapter.api(source.options))}
        self.loop = LookupLoop(
            self.store.lookups,
            apis,
            self.fetch,
            clock=self.clock,
            on_dead=lambda _: None,
            sleep=self.sleep,
            chance=lambda: 1.0,
        )
        self.translation = TranslationLoop(
            self.store.translation,
            self._translate,
            list(self.sources),
            clock=self.clock,
            observer=self,
            on_orders=lambda _: None,
            on_lookups=self.loop.wake,
        )
        self.stack.callback(self.translation.close)
        self.store.observe(on_stored=self.translation.wake, on_commit=lambda *_: self.translation.wake())
        self.reconciler = Reconciler(
            self.sources,
            self.store.reconciliation,
            self.fetch,
            self.translation.rehearse,
            clock=self.clock,
            on_recovered=lambda source, topic: self.recovered.append((source, topic)),
            sleep=self.sleep,
        )
        self.lookups = Lookups(self.loop, self.reconciler)
        self.start(self.loop.run)
        self.start(self.translation.run)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.stack.aclose()

    def start(self, loop: Callable[[Callable[[], None]], Any]) -> None:
        self.tasks.append(asyncio.create_task(loop(lambda: None)))

    async def _translate(self, events: Sequence[UntranslatedEvent]) -> AsyncGenerator[list[TranslatedEvent], None]:
        yield [self.translator.translate(event) for event in events]

    def translated(self, transitions: Sequence[Any]) -> None:
        """An observer of the loop."""

    async def take(self, body: bytes) -> int:
        """Store an event as the rim does; its number."""
        identity = self.adapter.identify(Hook(body))
        arrival = Arrival("ongoing-acme", identity.event_id, identity.topic, self.clock(), body)
        return (await self.store.inbox.put(arrival)).id

    async def events(self) -> list[Any]:
        """All events, oldest first."""
        page = await self.store.records.events(EventFilter(), limit=1000, cursor=None)
        return list(reversed(page.rows))

    async def until(self, holds: Callable[[list[Any]], bool], seconds: float = 20.0) -> None:
        """Wait until something holds of all events."""
        async with asyncio.timeout(seconds):
            while not holds(await self.events()):  # noqa: ASYNC110 - the room has no bell for it
                await asyncio.sleep(0.01)

    async def settled(self, seconds: float = 20.0) -> list[Any]:
        """All events once none waits any more."""
        async with asyncio.timeout(seconds):
            while True:
                events = await self.events()
                if all(event.status in ENDED for event in events):
                    return events
                await asyncio.sleep(0.01)

    async def order(self, external_order_id: str, tenant: str = "demo") -> Any:
        return await self.store.records.order(tenant, external_order_id)

    async def canonical(self, external_order_id: str, tenant: str = "demo") -> dict[str, Any]:
        """The order as the intake should have it."""
        return json.loads((await self.order(external_order_id, tenant)).body)
