"""The store's engines, and a floor to walk on: a store, a clock that stands still, and a toy vendor.

The toy vendor's payload is what its event says: a list of states, or why it is ignored or dead.
"""

import asyncio
import base64
import gc
import json
import random
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from gateway.events import SECOND, Arrival, EventStatus, OrderState, Reason, Receipt, TranslatedEvent, UntranslatedEvent
from gateway.ground import child
from gateway.orders import Attempt, Claim, Lease, Notes, Settled, Settlement, Settling, TenantState
from gateway.records import DeadLetterFilter, EventFilter
from gateway.store.ports import Store
from gateway.store.postgresql import PostgresStore
from gateway.store.process import host
from gateway.store.process.client import ENDS, HOST, ProcessStore
from gateway.store.sqlite import SqliteStore
from tests.stores import database

START: Final = 1_750_000_000 * SECOND
DAY: Final = 86_400 * SECOND
SOURCE: Final = "acme"
TENANT: Final = "north"


Open = Callable[[Path], Awaitable[Store]]


async def _sqlite(folder: Path) -> Store:
    return await SqliteStore.open(folder / "gateway.db")


async def _process(folder: Path) -> Store:
    return await ProcessStore.open(folder / "gateway.db")


class Alongside:
    """The store's process as a thread of this one: every frame passes, and no interpreter has to start."""

    def __init__(self, file: Path, ends: Sequence[socket.socket]) -> None:
        self._thread = threading.Thread(target=self._serve, args=(file, *ends), daemon=True)
        self._thread.start()

    def _serve(self, file: Path, end: socket.socket, arrivals: socket.socket) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, end, arrivals:
            runner.run(host._serve(end, arrivals, file))
        # A process of its own spares the collector all that lives as long as it does.
        gc.unfreeze()

    def wait(self) -> None:
        self._thread.join()

    def kill(self) -> None:
        """It ends by itself, and so do its ends, one after the other."""


async def _frames(folder: Path) -> Store:
    file = folder / "gateway.db"
    ours, theirs = zip(*[socket.socketpair() for _ in range(ENDS)], strict=True)
    child._early[HOST, str(file)] = Alongside(file, theirs), list(ours)  # type: ignore[assignment]
    return await ProcessStore.open(file)


async def _postgresql(folder: Path) -> Store:
    return await PostgresStore.open(database(folder), is_unsafe=True)


FILES: Final[dict[str, Open]] = {"sqlite": _sqlite, "process": _process, "frames": _frames}
"""Those that keep all in a folder."""

ENGINES: Final[dict[str, Open]] = {**FILES, "postgresql": _postgresql}


def says(*states: dict[str, Any], **rest: Any) -> bytes:
    """The toy vendor's payload."""
    return json.dumps({"states": states, **rest}).encode()


def state(order: str = "A", clock: int = 1, text: str | None = "v", **rest: Any) -> dict[str, Any]:
    """One state in it; `text` None is a cancellation; `clock` is in seconds after the start."""
    return {"order": order, "clock": clock, "text": text, **rest}


def dense(size: int) -> str:
    """A text that no compression makes shorter, the same each time."""
    return base64.b64encode(random.Random(size).randbytes(size)).decode()[:size]


def canonical(order: str, text: str) -> bytes:
    """An order's canonical bytes, as far as the store can tell."""
    return json.dumps({"externalOrderId": order, "text": text}).encode()


class Floor:
    """A store with everything that its rooms do to it, at a time that the test sets."""

    def __init__(self, opening: Open, folder: Path) -> None:
        self._opening = opening
        self.folder = folder
        self.store: Store
        self.now = START

    async def open(self) -> None:
        self.store = await self._opening(self.folder)

    async def reopen(self) -> None:
        await self.store.close()
        await self.open()

    def pass_by(self, *, seconds: float = 0, days: float = 0) -> None:
        self.now += int(seconds * SECOND + days * DAY)

    # ---- events

    async def receive(self, event_id: str, body: bytes = b"{}", *, source: str = SOURCE, **rest: Any) -> Receipt:
        return await self.store.inbox.put(
            Arrival(source=source, event_id=event_id, topic=None, received_at=self.now, body=body, **rest)
        )

    async def translate(self, **outcome: Any) -> dict[int, str]:
        """Translate all that waits; `outcome` overrides what the bodies say. Statuses by event."""
        found = await self.store.translation.untranslated([SOURCE, "other"], 1000)
        transitions = await self.store.translation.commit([told(event, **outcome) for event in found], self.now)
        return {transition.id: str(transition.status) for transition in transitions}

    async def tell(self, event_id: str, *states: dict[str, Any], source: str = SOURCE, **rest: Any) -> int:
        """Receive an event and translate it; its row id."""
        receipt = await self.receive(event_id, says(*states, **rest), source=source)
        await self.translate()
        return receipt.id

    async def event_status(self, event: int) -> str:
        return str((await self.store.records.event(event)).record.status)

    async def event_reason(self, event: int) -> str | None:
        reason = (await self.store.records.event(event)).record.reason
        return reason and reason.code

    async def order_status(self, order: str = "A", tenant: str = TENANT) -> str:
        return str((await self.store.records.order(tenant, order)).status)

    async def order_reason(self, order: str = "A", tenant: str = TENANT) -> str | None:
        reason = (await self.store.records.order(tenant, order)).reason
        return reason and reason.code

    async def replay_matching(self, which: EventFilter, *, dry_run: bool = False) -> int:
        """Replay what fits; only count it where `dry_run`."""
        return await self._replay(await self.store.acts.fitting(which), dry_run=dry_run)

    async def replay_letters(self, which: DeadLetterFilter | Collection[str], *, dry_run: bool = False) -> int:
        """The same by dead letters."""
        operations = self.store.acts
        return await self._replay(await operations.events_of(await operations.letters(which)), dry_run=dry_run)

    async def _replay(self, events: list[int], *, dry_run: bool) -> int:
        operations = self.store.acts
        return (
            sum((await operations.have_bodies(events)).values())
            if dry_run
            else await operations.replay(events, force=False)
        )

    # ---- delivery

    async def claim(self, tenant: str = TENANT, **limits: Any) -> Any:
        values = {"until": self.now + 60 * SECOND, "linger": 0, "max_orders": 100, "max_bytes": 1 << 20, **limits}
        return await self.store.outbox.claim(tenant, Claim(now=self.now, **values))

    async def lease(self, tenant: str = TENANT, **limits: Any) -> Lease:
        lease = await self.claim(tenant, **limits)
        assert isinstance(lease, Lease), lease
        return lease

    async def settle(
        self,
        lease: Lease,
        result: str,
        *,
        only: Collection[str] | None = None,
        code: str | None = None,
        tenant_state: TenantState | None = None,
        revived: Collection[int] = (),
        notes: Notes | None = None,
        attempt: Attempt | None = None,
        releases: bool = False,
        resend_at: int = 0,
        **rest: Any,
    ) -> list[Settled]:
        if code is not None:
            rest["reason"] = Reason(code, "because")
        settlements = [
            Settlement(order=order.id, result=result, notes=notes or Notes(), **_at_trackely(result, order.id), **rest)
            for order in lease.orders
            if only is None or order.external_order_id in only
        ]
        state = tenant_state or TenantState()
        settling = Settling(
            settlements=settlements,
            attempt=attempt,
            state=state,
            revived=[*revived],
            releases=releases,
            now=self.now,
            rests_until=resend_at,
        )
        settled, _ = await self.store.outbox.settle(lease, settling)
        return settled

    async def deliver(self, tenant: str = TENANT) -> list[str]:
        """Deliver all that is due; the bodies' texts that went out."""
        sent: list[str] = []
        while isinstance(lease := await self.claim(tenant), Lease):
            sent += texts(lease)
            await self.settle(lease, "delivered")
        return sent

    async def kill(self, order: str, code: str = "refused", tenant: str = TENANT) -> None:
        """Let an order that is due become a dead letter."""
        lease = await self.lease(tenant)
        await self.settle(lease, "dead", only=[order], code=code)
        others = {each.external_order_id for each in lease.orders} - {order}
        await self.settle(lease, "unchanged", only=others, due_at=self.now)


def _at_trackely(result: str, order: int) -> dict[str, Any]:
    return {"order_id": f"trackely-{order}", "is_created": True} if result == "delivered" else {}


def texts(lease: Lease) -> list[str]:
    """What a lease would send, in its order."""
    return [json.loads(order.body)["text"] for order in lease.orders]


def names(lease: Lease) -> list[str]:
    """Which orders a lease holds, in its order."""
    return [order.external_order_id for order in lease.orders]


def told(event: UntranslatedEvent, **outcome: Any) -> TranslatedEvent:
    """The toy adapter: what the event's body says, unless the test says otherwise."""
    told = {**json.loads(event.body), **outcome}
    status = EventStatus.TRANSLATED
    reason = None
    if "ignored" in told:
        status, reason = EventStatus.IGNORED, Reason("ignored", told["ignored"])
    elif "dead" in told:
        status, reason = EventStatus.DEAD, Reason(told["dead"], "the toy adapter refuses")
    return TranslatedEvent(
        id=event.id,
        source=event.source,
        event_id=event.event_id,
        status=status,
        adapter_version="1",
        references=tuple(told.get("references", ())),
        states=tuple(_state(event, each) for each in told.get("states", ())),
        reason=reason,
        lookups=outcome.get("lookups", ()),
        subject=outcome.get("subject"),
        is_forced=event.is_forced,
        is_replayed=event.is_replayed,
    )


def _state(event: UntranslatedEvent, said: dict[str, Any]) -> OrderState:
    text = said["text"]
    return OrderState(
        tenant=said.get("tenant", TENANT),
        external_order_id=said["order"],
        owner=said.get("owner", f"source:{event.source}"),
        clock=START + said["clock"] * SECOND if event.clock is None else event.clock,
        tie=said.get("tie", 0),
        record=said.get("record"),
        body=None if text is None else canonical(said["order"], text),
        is_shared=said.get("shared", False),
        collision_hint="the option parts them",
        dead=Reason(said["invalid"], "never valid") if "invalid" in said else None,
        release_at=START + said["release"] * SECOND if "release" in said else 0,
    )


def ids(rows: Sequence[Any]) -> list[int]:
    """The row ids of a page."""
    return [row.id for row in rows]
