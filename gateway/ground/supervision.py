"""Loops that must not stop: restarted when they die; red when they do so again and again, or do not move."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from typing import Any, Final

import structlog

from gateway.ground.clock import SECOND, Micros, monotonic

STALE_AFTER: Final = 60 * SECOND
RESTART_SECONDS: Final = 1.0
MOST_DEATHS: Final = 3
"""So many deaths, with no work done between them, are an illness."""

Tick = Callable[[], None]
Loop = Callable[[Tick], Coroutine[Any, Any, None]]

_log = structlog.get_logger("gateway.supervision")


async def comes(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so many seconds at the most; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


class Supervisor:
    """Runs loops for ever. A loop calls its tick every time that it has done some work."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._moved: dict[str, Callable[[], Micros]] = {}
        self._ticks: dict[str, Micros] = {}
        self._deaths: dict[str, int] = {}
        self._sleep = sleep
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}

    @property
    def ticks(self) -> dict[str, Micros]:
        """When each loop last moved."""
        return {name: moved() for name, moved in self._moved.items()}

    def start(self, name: str, loop: Loop, moved: Callable[[], Micros] | None = None) -> None:
        """Run a loop until `stop`; one that raises or returns is restarted after a second, its traceback logged.

        `moved` says when it last moved, where that is not when it last ticked.
        """
        self._deaths[name], self._ticks[name] = 0, monotonic()
        self._moved[name] = moved or partial(self._ticks.__getitem__, name)
        self._tasks[name] = asyncio.create_task(self._keep(name, loop), name=name)

    def let_end(self, names: Collection[str]) -> None:
        """These may end by themselves now: one that does is not begun anew."""
        self._ending |= {name: self._tasks.pop(name) for name in names if name in self._tasks}

    async def stop(self, names: Collection[str] | None = None) -> None:
        """Cancel loops, and see them end: all, unless some are named."""
        self.let_end([*self._tasks] if names is None else names)
        ending = [self._ending.pop(name) for name in [*self._ending] if names is None or name in names]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def problems(self) -> list[str]:
        """Loops that die again and again."""
        return [
            f"the loop {name} has died {deaths} times without doing any work"
            for name, deaths in self._deaths.items()
            if deaths >= MOST_DEATHS
        ]

    def _tick(self, name: str) -> None:
        self._ticks[name] = monotonic()
        self._deaths[name] = 0

    async def _keep(self, name: str, loop: Loop) -> None:
        while name in self._tasks:
            try:
                await loop(lambda: self._tick(name))
                if name not in self._tasks:
                    return
                _log.error("loop_ended", loop=name)
            except Exception:  # noqa: BLE001 - whatever it was, the loop must go on
                self._deaths[name] += 1
                _log.exception("loop_died", loop=name)
            await self._sleep(RESTART_SECONDS)
