"""Writes away what the radar has seen, now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from gateway.drift.radar import Radar
from gateway.errors import StoreUnavailable
from gateway.records import DriftRow

SAVE_SECONDS: Final = 5.0

Key: TypeAlias = tuple[str, str, str, str]
Save: TypeAlias = Callable[[Sequence[DriftRow]], Awaitable[None]]


class DriftLoop:
    """Saves every few seconds; what could not be saved is tried again with the rest.

    `known` is what was remembered at the start: what is saved of a thing is how often it was seen since.
    """

    def __init__(
        self,
        radar: Radar,
        save: Save,
        *,
        known: Sequence[DriftRow] = (),
    ) -> None:
        self._radar = radar
        self._save = save
        self._unsaved: dict[Key, DriftRow] = {}
        self._saved: dict[Key, int] = {_key(row): row.count for row in known}

    async def run(self, tick: Callable[[], None]) -> None:
        """Save for ever."""
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await self.flush()
            tick()

    async def flush(self) -> None:
        """Save now; while the store cannot write, what was seen waits."""
        for row in self._radar.take():
            self._unsaved[_key(row)] = row
        if not self._unsaved:
            return
        since = [
            msgspec.structs.replace(row, count=row.count - self._saved.get(key, 0))
            for key, row in self._unsaved.items()
        ]
        try:
            await self._save(since)
        except StoreUnavailable:
            return
        self._saved |= {key: row.count for key, row in self._unsaved.items()}
        self._unsaved.clear()


def _key(row: DriftRow) -> Key:
    return row.source, row.kind, row.path, row.value
