"""One duty as this replica sees it: whether it is its own, and who acts on it."""

import asyncio
from typing import Final

from gateway.ground.holding import WindUp
from gateway.ground.supervision import Loop, Tick, comes

IDLE_TICK_SECONDS: Final = 10.0


class Duty:
    """Granted and revoked by the keeper; acted on by loops."""

    def __init__(self) -> None:
        self.granted = asyncio.Event()
        self._revoked = asyncio.Event()
        self._revoked.set()
        self._is_lost = False
        self.actors = 0

    def grant(self) -> None:
        """It is this replica's."""
        self._is_lost = False
        self.granted.set()
        self._revoked.clear()

    def revoke(self, *, is_lost: bool) -> None:
        """It is to be another's; `is_lost`: it is, or may be."""
        self._is_lost = is_lost
        self.granted.clear()
        self._revoked.set()

    async def wait(self, tick: Tick) -> None:
        """Until it is this replica's."""
        while not self.granted.is_set():
            tick()
            await comes(self.granted, IDLE_TICK_SECONDS)

    async def act(self, loop: Loop, tick: Tick, wind_up: WindUp | None) -> bool:
        """Run a loop until the duty is another's; whether it has ended by itself before. Raises what it raises."""
        self.actors += 1
        work = asyncio.ensure_future(loop(tick))
        revoked = asyncio.ensure_future(self._revoked.wait())
        try:
            await asyncio.wait({work, revoked}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                return True
            if wind_up is not None:
                await wind_up(is_lost=self._is_lost)
                await work
            return False
        finally:
            for task in (work, revoked):
                task.cancel()
            await asyncio.gather(work, revoked, return_exceptions=True)
            self.actors -= 1
