"""Loops that must not stop: started by name, restarted when they die, red when they have not moved for a minute."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from gateway.events import SECOND, Clock, Micros

STALE_AFTER: Final = 60 * SECOND
RESTART_SECONDS: Final = 1.0

Tick = Callable[[], None]
Loop = Callable[[Tick], Coroutine[Any, Any, None]]

_log = structlog.get_logger("gateway.supervision")


class Supervisor:
    """Runs loops for ever. A loop calls its tick every time that it has moved."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.ticks: dict[str, Micros] = {}
        self._clock = clock
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, loop: Loop) -> None:
        """Run a loop until `stop`; one that raises or returns is restarted after a second, its traceback logged."""
        self._tick(name)
        self._tasks[name] = asyncio.create_task(self._keep(name, loop), name=name)

    async def stop(self) -> None:
        """Cancel all loops and wait for their ends."""
        for task in self._tasks.values():
            task.cancel()
        for task in self._tasks.values():
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def _tick(self, name: str) -> None:
        self.ticks[name] = self._clock()

    async def _keep(self, name: str, loop: Loop) -> None:
        while True:
            try:
                await loop(lambda: self._tick(name))
                _log.error("loop_ended", loop=name)
            except Exception:  # noqa: BLE001 - whatever it was, the loop must go on
                _log.exception("loop_died", loop=name)
            await self._sleep(RESTART_SECONDS)
