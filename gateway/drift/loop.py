"""Writes away what the radar has seen, now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from gateway.drift.radar import Radar
from gateway.errors import StoreUnavailable
from gateway.records import DriftRow

SAVE_SECONDS: Final = 5.0

Save: TypeAlias = Callable[[Sequence[DriftRow]], Awaitable[None]]


class DriftLoop:
    """Saves every few seconds; what could not be saved is tried again with the rest."""

    def __init__(self, radar: Radar, save: Save, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._radar = radar
        self._save = save
        self._sleep = sleep
        self._unsaved: dict[tuple[str, str, str, str], DriftRow] = {}

    async def run(self, tick: Callable[[], None]) -> None:
        """Save for ever."""
        while True:
            await self._sleep(SAVE_SECONDS)
            await self.flush()
            tick()

    async def flush(self) -> None:
        """Save now; while the store cannot write, what was seen waits."""
        for row in self._radar.take():
            self._unsaved[row.source, row.kind, row.path, row.value] = row
        if not self._unsaved:
            return
        try:
            await self._save(list(self._unsaved.values()))
        except StoreUnavailable:
            return
        self._unsaved.clear()
