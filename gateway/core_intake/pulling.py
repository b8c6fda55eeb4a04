"""Pull from WMS: endpoints that are asked for orders, on demand or on a schedule."""

import asyncio
import sqlite3
import uuid
from collections import defaultdict
from typing import Any, Literal

import msgspec
import structlog

from gateway.core_intake.database import Database
from gateway.core_intake.errors import DatesRefused, IntakeRefusal, PayloadRefused, PullFailed
from gateway.core_intake.fetching import Fetcher, checked_url
from gateway.core_intake.keys import PullKey
from gateway.core_intake.moments import as_text
from gateway.core_intake.orders import Orders
from gateway.core_intake.payload import read_payload_aside
from gateway.errors import StoreUnavailable, UnknownRecord
from gateway.ground.clock import Clock
from schemas import IntakeReply

log = structlog.get_logger("core_intake")

_LONGEST_ERROR = 2000


class PullRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What it takes to add a pull endpoint; without `every_seconds` it is pulled on demand only."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    every_seconds: float | None = None
    allow_http: bool = False


class PullEndpoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What Settings shows of a pull endpoint; the last error stays after a later success, with its time."""

    id: str
    tenant: str
    url: str
    method: str
    every_seconds: float | None
    created_at: str
    last_attempt_at: str | None
    last_succeeded_at: str | None
    last_processed: int | None
    last_failed_at: str | None
    last_error: str | None


class NewPullSecret(msgspec.Struct, frozen=True, rename="camel"):
    """The answer that shows a pull endpoint's secret, once."""

    endpoint: PullEndpoint
    secret: str


class Pulling:
    """Settings → Integrations: the pull endpoints.

    Args:
        database: the intake's file.
        orders: where what was pulled goes.
        key: derives the endpoints' secrets.
        fetcher: asks the WMS.
        clock: tells the time in microseconds.
    """

    def __init__(self, database: Database, orders: Orders, key: PullKey, fetcher: Fetcher, clock: Clock) -> None:
        self._database = database
        self._orders = orders
        self._key = key
        self._fetcher = fetcher
        self._clock = clock
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._scheduled: dict[str, asyncio.Task[None]] = {}

    async def create(self, tenant: str, request: PullRequest) -> NewPullSecret:
        """Adds an endpoint. Raises PayloadRefused for a URL or a span that will not do."""
        if request.every_seconds is not None and not request.every_seconds >= 1:
            raise PayloadRefused("everySeconds: expected 1 or more")
        values = {
            "endpoint_id": f"pull_{uuid.uuid4().hex}",
            "tenant": tenant,
            "url": checked_url(request.url, allow_http=request.allow_http),
            "method": request.method,
            "every_seconds": request.every_seconds,
            "now": self._clock(),
        }
        [row] = await self._database.write_one("add_pull_endpoint", **values)
        return self._with_secret(row)

    async def list(self, tenant: str) -> list[PullEndpoint]:
        """The tenant's endpoints, oldest first."""
        return [_endpoint(row) for row in await self._database.read("pull_endpoints", tenant=tenant)]

    async def show(self, tenant: str, endpoint_id: str) -> PullEndpoint:
        """One endpoint. Raises UnknownRecord."""
        return _endpoint(await self._row(tenant, endpoint_id))

    async def delete(self, tenant: str, endpoint_id: str) -> None:
        """Removes an endpoint; its orders stay. Raises UnknownRecord."""
        if not await self._database.write_one("delete_pull_endpoint", tenant=tenant, endpoint_id=endpoint_id):
            raise UnknownRecord("no such pull endpoint")
        self._turns.pop(endpoint_id, None)

    async def regenerate(self, tenant: str, endpoint_id: str) -> NewPullSecret:
        """A new secret; the next pull sends it. Raises UnknownRecord."""
        rows = await self._database.write_one("next_generation", tenant=tenant, endpoint_id=endpoint_id)
        if not rows:
            raise UnknownRecord("no such pull endpoint")
        return self._with_secret(rows[0])

    async def sync(self, tenant: str, endpoint_id: str) -> IntakeReply:
        """Pulls now, after a pull of the same endpoint that is under way.

        The outcome is kept with the endpoint. Raises UnknownRecord, PullFailed.
        """
        await self._row(tenant, endpoint_id)
        async with self._turns[endpoint_id]:
            row = await self._row(tenant, endpoint_id)
            started_at = self._clock()
            try:
                reply = await self._pull(row)
            except PullFailed as failure:
                await self._keep("pull_failed", endpoint_id, started_at, error=str(failure)[:_LONGEST_ERROR])
                raise
            await self._keep("pull_succeeded", endpoint_id, started_at, processed=reply.processed)
            return reply

    async def start_due(self) -> None:
        """Starts a pull of every endpoint whose time has come and that is not being pulled by an earlier call."""
        for row in await self._database.read("due_pull_endpoints", now=self._clock()):
            tenant, endpoint_id = row["tenant"], row["endpoint_id"]
            if endpoint_id not in self._scheduled:
                self._scheduled[endpoint_id] = asyncio.create_task(self._sync_by_schedule(tenant, endpoint_id))

    async def stop(self) -> None:
        """Gives up the scheduled pulls that are under way; what they began to store is stored."""
        tasks = list(self._scheduled.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _sync_by_schedule(self, tenant: str, endpoint_id: str) -> None:
        try:
            await self.sync(tenant, endpoint_id)
        except (PullFailed, UnknownRecord, StoreUnavailable) as error:
            log.warning("scheduled_pull_failed", tenant=tenant, endpoint=endpoint_id, reason=type(error).__name__)
        finally:
            del self._scheduled[endpoint_id]

    async def _pull(self, row: sqlite3.Row) -> IntakeReply:
        secret = self._key.secret_of(row["endpoint_id"], row["generation"])
        body = await self._fetcher.fetch(row["url"], row["method"], secret)
        try:
            return await self._orders.accept(row["tenant"], await read_payload_aside(body))
        except (PayloadRefused, DatesRefused) as refusal:
            raise PullFailed(f"refused its answer: {_in_words(refusal)}", refusal.body) from refusal

    async def _keep(self, statement: str, endpoint_id: str, started_at: int, **values: Any) -> None:
        await self._database.write_one(
            statement, endpoint_id=endpoint_id, started_at=started_at, now=self._clock(), **values
        )

    async def _row(self, tenant: str, endpoint_id: str) -> sqlite3.Row:
        for row in await self._database.read("pull_endpoint", tenant=tenant, endpoint_id=endpoint_id):
            return row
        raise UnknownRecord("no such pull endpoint")

    def _with_secret(self, row: sqlite3.Row) -> NewPullSecret:
        return NewPullSecret(_endpoint(row), self._key.secret_of(row["endpoint_id"], row["generation"]))


def _in_words(refusal: IntakeRefusal) -> str:
    match refusal.body:
        case {"details": {"index": index, **others}}:
            who = others.get("externalOrderId")
            return f"{refusal} in item {index}" + (f" ({who})" if who else "")
        case {"fieldErrors": {"plannedDate": faults}}:
            return f"{refusal} in " + ", ".join(f"item {fault.index} ({fault.external_order_id})" for fault in faults)
        case _:
            return str(refusal)


def _endpoint(row: sqlite3.Row) -> PullEndpoint:
    return PullEndpoint(
        id=row["endpoint_id"],
        tenant=row["tenant"],
        url=row["url"],
        method=row["method"],
        every_seconds=row["every_seconds"],
        created_at=as_text(row["created_at"]),
        last_attempt_at=as_text(row["last_attempt_at"]),
        last_succeeded_at=as_text(row["last_succeeded_at"]),
        last_processed=row["last_processed"],
        last_failed_at=as_text(row["last_failed_at"]),
        last_error=row["last_error"],
    )
