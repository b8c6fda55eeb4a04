"""The rooms in force: exchanged for others over the same store, while the listeners go on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.types import Receive, Scope, Send

from gateway.api.doors import Reloading
from gateway.config.live import Live
from gateway.config.model import Config
from gateway.events import Clock
from gateway.ground.exchange import Respond, Start
from gateway.service.app import applications
from gateway.service.foundation import Foundation, connect_tenants, open_foundation
from gateway.service.moving import STOP_SECONDS, start_loops
from gateway.service.rooms import Rooms, build_rooms
from gateway.service.tryouts import Tryouts
from gateway.translation.process import TranslationProcess

LONGEST_STOP_SECONDS: Final = 20.0


class House:
    """Holds one set of rooms at a time.

    Attributes:
        rooms: those in force.
    """

    def __init__(self, base: Foundation, rooms: Rooms, built: AsyncExitStack, on_lost: Callable[[str], None]) -> None:
        self.rooms = rooms
        self._base = base
        self._built = built
        self._loops = AsyncExitStack()
        self._on_lost = on_lost

    async def open(self, reloading: Reloading) -> None:
        """Let the rooms move; `reloading` is what the operators' door may ask for."""
        self._reloading = reloading
        self.applications = applications(self.rooms, reloading)
        await start_loops(self._loops, self.rooms)

    def problems(self) -> list[str]:
        """Loops that have not moved for a minute."""
        return self.rooms.problems()

    async def settle(self) -> None:
        """Send nothing more, and let what is in flight be answered; all else goes on, until another replica has it."""
        self._base.keeper.retire()
        await self.rooms.delivery.stop(STOP_SECONDS)

    async def close(self) -> None:
        """Settle what is in flight, and close the rooms."""
        try:
            await self._loops.aclose()
        finally:
            await self._built.aclose()

    async def take_secrets(self, config: Config) -> None:
        """Go on with another configuration, of which only the secrets may differ.

        Raises:
            ValueError: credentials that are none; nothing has changed.
            StoreUnavailable: the embedded intake could not be told.
        """
        self.rooms.live.replace(config)
        self._base.stream.end()
        await self._connect(config)

    async def exchange(self, config: Config, tryouts: Tryouts) -> None:
        """Go on with the rooms of another configuration.

        The new ones are built, and their adapters loaded and tried, before anything of the old ones ends; hooks are
        taken by the old rim until the new rooms move. Deliveries rest meanwhile, as long as requests in flight take.

        Raises:
            ValueError: credentials that are none.
            GatewayError: the adapters cannot be loaded, or fail their try-out, or the store cannot write. In each case
                nothing has changed.
        """
        base, live, built = self._base, Live(config), AsyncExitStack()
        try:
            process = TranslationProcess(live.sources, live.tenants)
            built.push_async_callback(process.close)
            await process.start()
            await tryouts.of_events(config, process, base.store.records, base.store.archive)
            rooms = await build_rooms(built, base, live, process)
            doors = applications(rooms, self._reloading)
            await base.store.probe()
        except BaseException:
            await built.aclose()
            raise
        base.metrics.admit(live.sources, live.tenants)
        await self._loops.aclose()
        try:
            self._loops = AsyncExitStack()
            await start_loops(self._loops, rooms)
        except BaseException:
            # Neither the old rooms move nor the new ones.
            self._on_lost("neither the rooms of the former configuration move nor the new ones: start it again")
            raise
        before, self._built = self._built, built
        self.rooms, self.applications, base.live = rooms, doors, live
        base.stream.end()
        await before.aclose()
        await self._connect(config)

    async def _connect(self, config: Config) -> None:
        if self._base.intake is not None:
            await connect_tenants(self._base.intake, config)


class PublicDoor:
    """The main listener's application, whichever it is at the moment."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the rooms in force."""
        await self._house.applications.public(scope, receive, send)

    def take(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        """Answer a request that has arrived whole by the rooms in force."""
        return self._house.applications.public.take(scope, body, respond, start)


class OperatorsDoor:
    """The operators' listener's application, whichever it is at the moment."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the rooms in force."""
        inside = self._house.applications.admin
        assert inside is not None  # noqa: S101 - whether there is one is no matter of a reload
        await inside(scope, receive, send)


@asynccontextmanager
async def open_house(live: Live, clock: Clock, on_lost: Callable[[str], None]) -> AsyncIterator[House]:
    """Open the store and build the rooms; `House.open` lets them move. At the end what is in flight is settled.

    `on_lost` is told why the store's process ended before its time; one that hangs is not waited for.
    """
    async with AsyncExitStack() as stack:
        built = AsyncExitStack()
        process = TranslationProcess(live.sources, live.tenants)
        built.push_async_callback(process.close)
        async with AsyncExitStack() as opening:
            opening.push_async_callback(built.aclose)
            base = await open_foundation(stack, live, clock, process, on_lost)
            house = House(base, await build_rooms(built, base, live, process), built, on_lost)
            opening.pop_all()
        stack.push_async_callback(house.close)
        try:
            yield house
        finally:
            abandoning = asyncio.get_running_loop().call_later(LONGEST_STOP_SECONDS, base.store.abandon)
            try:
                await stack.aclose()
            finally:
                abandoning.cancel()
