"""What this replica hears of the others: what they stored wakes its rooms; how their tenants go is told here too."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Final

from gateway.delivery.delivery import Delivery
from gateway.duties.keeper import Keeper
from gateway.errors import StoreUnavailable
from gateway.ground.supervision import Tick
from gateway.orders import TenantState
from gateway.pull.ledger import PullTenant
from gateway.records import Sight
from gateway.service.notes import Notes
from gateway.store.ports import Outbox

HEAR_SECONDS: Final = 1.0


class Hearing:
    """Wakes by what is seen, and asks for the rest as long as there are others."""

    def __init__(
        self,
        keeper: Keeper,
        outbox: Outbox,
        delivery: Delivery,
        pulls: Mapping[str, PullTenant],
        wake_translation: Callable[[], None],
        known: Notes,
    ) -> None:
        self._keeper = keeper
        self._outbox = outbox
        self._delivery = delivery
        self._pulls = pulls
        self._wake_translation = wake_translation
        self._known = known
        self._last_event = 0
        self._told: dict[str, bytes] = {}
        self._number = 0

    def look(self, sight: Sight) -> None:
        """Wake whoever has something to do; one's own news is among it."""
        if sight.last_event != self._last_event:
            self._last_event = sight.last_event
            self._wake_translation()
        for tenant in sight.tenants:
            self._delivery.wake(tenant)

    async def run(self, tick: Tick) -> None:
        """Ask for ever."""
        while True:
            if self._keeper.has_others:
                with contextlib.suppress(StoreUnavailable):
                    await self._hear()
            tick()
            await asyncio.sleep(HEAR_SECONDS)

    async def _hear(self) -> None:
        if self._number != self._keeper.number:
            # What was told went with the life that told it.
            self._number, self._told = self._keeper.number, {}
        notes = self._known.notes()
        if new := {kind: body for kind, body in notes.items() if self._told.get(kind) != body}:
            await self._keeper.tell(new)
            self._told = notes
        self._known.hear(await self._keeper.heard())
        states = await self._outbox.tenant_states()
        self._delivery.hear(states)
        for name, pull in self._pulls.items():
            pull.hear(states.get(name, TenantState()))
