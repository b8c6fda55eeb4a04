"""Loops that must not stop: restarted when they die; red when they do so again and again, or do not move."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from gateway.ground.clock import SECOND, Clock, Micros, monotonic

STALE_AFTER: Final = 60 * SECOND
RESTART_SECONDS: Final = 1.0
MOST_DEATHS: Final = 3
"""So many deaths, with no work done between them, are an illness."""

Tick = Callable[[], None]
Loop = Callable[[Tick], Coroutine[Any, Any, None]]

_log = structlog.get_logger("gateway.supervision")


class Supervisor:
    """Runs loops for ever. A loop calls its tick every time that it has done some work.

    `clock` is one that nobody sets.
    """

    def __init__(self, clock: Clock = monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.ticks: dict[str, Micros] = {}
        self._deaths: dict[str, int] = {}
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

    def problems(self) -> list[str]:
        """Loops that die again and again."""
        return [
            f"the loop {name} has died {deaths} times without doing any work"
            for name, deaths in self._deaths.items()
            if deaths >= MOST_DEATHS
        ]

    def _tick(self, name: str) -> None:
        self.ticks[name] = self._clock()
        self._deaths[name] = 0

    async def _keep(self, name: str, loop: Loop) -> None:
        while True:
            try:
                await loop(lambda: self._tick(name))
                _log.error("loop_ended", loop=name)
            except Exception:  # noqa: BLE001 - whatever it was, the loop must go on
                self._deaths[name] += 1
                _log.exception("loop_died", loop=name)
            await self._sleep(RESTART_SECONDS)
