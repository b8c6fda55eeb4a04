"""The operators' API over a real store with a little history in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest

from adapters import Adapter, Hook, Identity, Ignored, OptionsModel, Secret
from gateway.api import Doors, LookupHalt, create_api
from gateway.api.access import bearers_of
from gateway.api.doors import Reloaded
from gateway.api.inside import Inside as InsideApi
from gateway.api.streaming import told
from gateway.config.live import Live
from gateway.config.model import ApiAccess, ApiToken, Config, ConfiguredSource, Settings, Source, Tenant
from gateway.config.proofs import Bearer
from gateway.console.app import create_console
from gateway.console.inside import Inside
from gateway.console.sessions import Sessions
from gateway.drift.radar import Radar
from gateway.errors import ConflictingRequest
from gateway.events import SECOND, Arrival, EventStatus, OrderState, Reason, TranslatedEvent
from gateway.ground.failures import FailureLimit, limited
from gateway.ground.hours import Hours
from gateway.ground.watchdog import Watchdog
from gateway.orders import Attempt, Claim, Lease, Settlement, Settling, TenantState, TenantStatus
from gateway.records import Act, RefusalRecord, SourceMode
from gateway.rehearsal.effects import Preview
from gateway.rehearsal.trials import Trials
from gateway.service.streaming import Stream
from gateway.silence.watch import SilenceWatch
from gateway.store.ports import Store
from gateway.translation.translator import Translator
from tests.stores import open_store

NOW = 1_769_940_000 * SECOND
TOKENS = {"read": "reading-token", "operate": "operating-token", "admin": "administering-token"}
TOMORROW = "tomorrows-token"


class Calls(msgspec.Struct):
    """What the API asked of the rooms behind it."""

    audit: list[tuple[str, str, str]] = []
    acts: list[object] = []
    asked: list[tuple[object, ...]] = []
    turned_away: list[tuple[int, str, str | None]] = []


class StandInDeliveries:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._states: dict[str, TenantState] = {}

    def states(self):
        return self._states

    async def halt(self, tenant, reason, act):
        self._calls.acts.append(act)
        self._states[tenant] = TenantState(status=TenantStatus.HALTED, reason=reason, is_halted_by_hand=True)

    def wake(self, tenant):
        self._calls.asked.append(("wake", tenant))

    async def forget_words(self, tenant):
        self._calls.asked.append(("forget words", tenant))

    async def resume(self, tenant, act):
        self._calls.acts.append(act)
        self._calls.asked.append(("resume tenant", tenant))
        self._states[tenant] = TenantState()


class StandInLookups:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def halts(self, source):
        reason = Reason("lookup_unauthorized", "401 from the vendor")
        return [LookupHalt("ACME/74", reason, NOW, NOW + 300 * SECOND)] if source == "acme" else []

    async def resume(self, source, act):
        self._calls.acts.append(act)
        self._calls.asked.append(("resume lookups", source))

    async def reconcile(self, source, since):
        if source != "acme":
            raise ConflictingRequest("the source has no `reconcile` option")
        self._calls.asked.append(("reconcile", source, since))
        return 3

    async def look(self, source, since):
        self._calls.asked.append(("look", source, since))
        return 2

    def turns(self, source):
        return ("74",) if source == "acme" else ()


def _config(path: Path) -> Config:
    adapter = Adapter(
        name="acme",
        version="7",
        options=OptionsModel,
        identify=lambda _hook: Identity(None),
        translate=lambda _hook, _options, _answers: Ignored("nothing"),
    )
    auth = [Bearer(token=Secret("hook-token"))]
    settings = Settings(
        tenants={
            "demo": Tenant(intake_url="http://127.0.0.1:1/in", secret=Secret("intake-secret")),
            "pulled": Tenant(delivery="pull", pull_secret=Secret("pull-secret")),
        },
        sources={
            "acme": Source(adapter="acme", tenant="demo", auth=auth, aliases=["acme-old"], expect_every=60.0),
            "quiet": Source(adapter="acme", tenant="pulled", auth=auth),
        },
        api=ApiAccess(
            tokens=[ApiToken(name=f"{role}er", token=Secret(text), role=role) for role, text in TOKENS.items()]
        ),
    )
    sources = {
        name: ConfiguredSource(name=name, settings=source, adapter=adapter, options=OptionsModel())
        for name, source in settings.sources.items()
    }
    return Config(settings=settings, sources=sources, store_path=str(path), directory=str(path.parent))


async def take_in(store, source, event_id, *orders, at=NOW, dead=None, references=()):
    """Store an event and its translation, as the rim and the loop do."""
    body = b'{"event": "' + event_id.encode() + b'"}'
    context = msgspec.json.encode(Hook(b"", {"x-topic": "order"}, {}, "more"), order="deterministic")
    receipt = await store.inbox.put(Arrival(source, event_id, "order", at, body, context))
    states = tuple(
        OrderState(tenant=tenant, external_order_id=order, owner=source, clock=at, tie=0, body=_order(order))
        for tenant, order in orders
    )
    status = EventStatus.DEAD if dead else EventStatus.TRANSLATED
    translated = TranslatedEvent(
        id=receipt.id, source=source, event_id=event_id, status=status, adapter_version="7", occurred_at=at,
        states=states, reason=dead, references=references,
    )  # fmt: skip
    await store.translation.commit([translated], at)
    return receipt.id


def _order(external_order_id: str) -> bytes:
    return msgspec.json.encode({"externalOrderId": external_order_id, "deliveryAddress": "1 High Street"})


async def deliver(store, tenant, external_order_id, result="delivered"):
    """Lease the tenant's orders and settle the one as sent."""
    claim = Claim(now=NOW + SECOND, until=NOW + 60 * SECOND, linger=0, max_orders=100, max_bytes=1 << 20)
    lease = await store.outbox.claim(tenant, claim)
    assert isinstance(lease, Lease)
    settlements = [
        Settlement(order=order.id, result=result, order_id="ord-1", is_created=True)
        if order.external_order_id == external_order_id and result == "delivered"
        else Settlement(order=order.id, result="dead", reason=Reason("refused", "422: no such street"))
        if order.external_order_id == external_order_id
        else Settlement(order=order.id, result="unchanged")
        for order in lease.orders
    ]
    status = 200 if result == "delivered" else 422
    attempt = Attempt(
        at=NOW + SECOND, kind="push", http_status=status, outcome=result, detail=None,
        batch_size=len(lease.orders), milliseconds=12,
    )  # fmt: skip
    settling = Settling(settlements=settlements, attempt=attempt, state=TenantState(), now=NOW + SECOND)
    await store.outbox.settle(lease, settling)


REFUSALS = [
    RefusalRecord(NOW + number // 2 * SECOND, "acme" if number % 2 else None, 401, "credentials", "192.0.2.1", 10)
    for number in range(5)
]


class StandInRefusals:
    def recent(self):
        return REFUSALS

    def last(self, source):
        return next((record for record in reversed(REFUSALS) if record.source == source), None)


def _translating(config):
    """Translates as the service's process does, in this one."""

    @asynccontextmanager
    async def translating():
        with closing(Watchdog(1.0)) as watchdog:
            translator = Translator(config.sources, config.settings.tenants, watchdog)

            async def translate(events):
                yield [translator.translate(event) for event in events]

            yield translate

    return translating


class StandInReloading:
    """A file that names one more admin than is in force."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def reload(self, by: str) -> Reloaded:
        self._calls.acts.append(Act(at=NOW, by=by, act="reload", what="limits.max_body"))
        return Reloaded(("limits.max_body",), 7, ("server.port",))

    async def announced(self) -> ApiAccess:
        return ApiAccess(tokens=[ApiToken(name="tomorrow", token=Secret(TOMORROW), role="admin")])


def stream_of(store):
    """As the wiring has it."""
    stream = Stream(store.watch, lambda: NOW, quiet_seconds=0.2)
    store.observe(on_changes=stream.heard)
    return stream


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def doors(store, calls, tmp_path) -> Doors:
    await take_in(store, "acme", "e-1", ("demo", "A/1"), references=("PO-1",))
    await deliver(store, "demo", "A/1")
    await take_in(store, "acme", "e-2", ("demo", "A/2"), at=NOW + SECOND)
    await deliver(store, "demo", "A/2", "dead")
    await take_in(store, "acme-old", "e-3", dead=Reason("malformed_payload", "no id", "$.id"), at=NOW + 2 * SECOND)
    await take_in(store, "gone", "e-4", ("left", "B/discard"), at=NOW + 3 * SECOND)
    config = _config(tmp_path / "gateway.db")
    silence = SilenceWatch(config.sources, store.records.last_accepted, lambda: NOW + 10 * SECOND)
    silence.load([], NOW)

    return Doors(
        records=store.records,
        acts=store.acts,
        archive=store.archive,
        days=store.days,
        duties=store.duties,
        preview=Preview(store.archive, config.sources, _translating(config), lambda: NOW + 10 * SECOND),
        trials=Trials(store.archive, config.sources, _translating(config), lambda: NOW + 10 * SECOND),
        hours=Hours(lambda: NOW + 10 * SECOND),
        drift=Radar({}, lambda: NOW),
        deliveries=StandInDeliveries(calls),
        lookups=StandInLookups(calls),
        refusals=StandInRefusals(),
        silences=silence.look,
        habits=lambda _: (),
        bulk=store.bulk,
        trail=store.trail,
        stream=stream_of(store),
        live=Live(config),
        clock=lambda: NOW + 10 * SECOND,
        started_at=NOW,
        audit=lambda *act: calls.audit.append(act),
        turned_away=limited(FailureLimit(lambda: 0.0), lambda *refusal: calls.turned_away.append(refusal)),
        reloading=StandInReloading(calls),
        shadows=store.shadows,
        mode_of=SourceMode,
        look_at_modes=partial(asyncio.sleep, 0),
        wake_operations=lambda: calls.asked.append(("wake operations",)),
        wake_translation=lambda: calls.asked.append(("wake translation",)),
    )


@pytest.fixture
async def api(doors) -> AsyncIterator[httpx.AsyncClient]:
    """The API as an administrator asks it."""
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    transport = httpx.ASGITransport(create_api(doors))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


class Time:
    def __init__(self) -> None:
        self.now = 10**12

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def ails():
    """What ails the gateway itself."""
    return []


@pytest.fixture
def bearers(doors):
    """Whose tokens count at this moment."""
    return dict(bearers_of(doors.config.settings.api))


@pytest.fixture
def console(doors, store, time, ails, bearers):
    """The pages as the wiring makes them."""

    async def problems():
        return ails

    return create_console(
        Inside(
            ask=InsideApi(doors),
            bearers=lambda: bearers,
            unproven=doors.turned_away,
            note=doors.trail.note,
            listen=doors.stream.begin,
            follow=partial(told, doors, is_live=True),
            sessions=Sessions(store.sessions, time),
            problems=problems,
            is_public=True,
            clock=doors.clock,
            title="The north's gateway",
            zone="Europe/Oslo",
        )
    )


@pytest.fixture
async def browser(console):
    transport = httpx.ASGITransport(console)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
        yield client
