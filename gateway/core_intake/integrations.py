"""A tenant's webhook: its secret, kept as a hash, and whether it is active."""

import hmac
import sqlite3
from urllib.parse import quote

import msgspec

from gateway.core_intake.database import Database, Transaction
from gateway.core_intake.errors import Unauthorized
from gateway.core_intake.keys import hash_secret, new_secret
from gateway.core_intake.moments import as_text
from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.ground.clock import Clock


class Integration(msgspec.Struct, frozen=True, rename="camel"):
    """What Settings shows of a tenant's webhook."""

    tenant: str
    webhook_url: str
    active: bool
    connected_at: str
    last_received_at: str | None


class NewSecret(msgspec.Struct, frozen=True, rename="camel"):
    """The answer that shows a webhook's secret, once."""

    tenant: str
    webhook_url: str
    secret: str


class Integrations:
    """Settings → Integrations: the webhooks.

    Args:
        database: the intake's file.
        clock: tells the time in microseconds.
        origin: scheme, host and port under which the intake is reached, for the webhook's URL.
    """

    def __init__(self, database: Database, clock: Clock, origin: str) -> None:
        self._database = database
        self._clock = clock
        self._origin = origin.rstrip("/")

    async def connect(self, tenant: str, secret: str | None = None) -> NewSecret:
        """Makes the tenant's webhook, with a new secret where none is given. Raises ConflictingRequest."""
        secret = secret or new_secret()

        async def work(transaction: Transaction) -> None:
            if not await self._insert(transaction, tenant, hash_secret(secret), None):
                raise ConflictingRequest("already connected: regenerate its secret instead")

        await self._database.write(work)
        return NewSecret(tenant, self.webhook_url(tenant), secret)

    async def ensure_connected(self, tenant: str, secret: str) -> bool:
        """Connects a tenant with its configured secret; whether that changed anything.

        A known tenant changes only if the configured secret is another than at the last call; an inactive one stays so.
        """
        configured = hash_secret(secret)

        async def work(transaction: Transaction) -> bool:
            if await self._insert(transaction, tenant, configured, configured):
                return True
            [row] = await transaction.rows("integration", tenant=tenant)
            if row["configured_hash"] == configured:
                return False
            await transaction.rows("replace_secret", tenant=tenant, secret_hash=configured, configured_hash=configured)
            return True

        return await self._database.write(work)

    async def regenerate(self, tenant: str) -> NewSecret:
        """A new secret; the old one stops working at once. Raises UnknownRecord."""
        secret = new_secret()
        await self._change("replace_secret", tenant, secret_hash=hash_secret(secret), configured_hash=None)
        return NewSecret(tenant, self.webhook_url(tenant), secret)

    async def deactivate(self, tenant: str) -> Integration:
        """Its requests get 401 from now on. Raises UnknownRecord."""
        await self._change("set_active", tenant, is_active=0)
        return await self.show(tenant)

    async def activate(self, tenant: str) -> Integration:
        """Its secret works again. Raises UnknownRecord."""
        await self._change("set_active", tenant, is_active=1)
        return await self.show(tenant)

    async def show(self, tenant: str) -> Integration:
        """One webhook. Raises UnknownRecord."""
        for row in await self._database.read("integration", tenant=tenant):
            return self._integration(row)
        raise UnknownRecord("no such integration")

    async def list(self) -> list[Integration]:
        """All webhooks by tenant."""
        return [self._integration(row) for row in await self._database.read("integrations")]

    async def admit(self, tenant: str, token: bytes | None) -> bytes:
        """The hash of a request's secret, which fits. Raises Unauthorized, after the same work whatever is wrong."""
        given = hash_secret(token or b"")
        rows = await self._database.read("integration", tenant=tenant)
        known = rows[0]["secret_hash"] if rows else bytes(len(given))
        if not hmac.compare_digest(given, known) or not token or not rows[0]["is_active"]:
            raise Unauthorized
        return given

    def webhook_url(self, tenant: str) -> str:
        """Where the tenant's orders are posted."""
        return f"{self._origin}/api/integrations/wms/{quote(tenant, safe='')}"

    async def _insert(self, transaction: Transaction, tenant: str, secret: bytes, configured: bytes | None) -> bool:
        rows = await transaction.rows(
            "connect", tenant=tenant, secret_hash=secret, configured_hash=configured, now=self._clock()
        )
        return bool(rows)

    async def _change(self, statement: str, tenant: str, **values: object) -> None:
        if not await self._database.write_one(statement, tenant=tenant, **values):
            raise UnknownRecord("no such integration")

    def _integration(self, row: sqlite3.Row) -> Integration:
        return Integration(
            tenant=row["tenant"],
            webhook_url=self.webhook_url(row["tenant"]),
            active=bool(row["is_active"]),
            connected_at=as_text(row["connected_at"]),
            last_received_at=as_text(row["last_received_at"]),
        )
