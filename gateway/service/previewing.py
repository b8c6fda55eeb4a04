"""A translation beside the live one, for previews: a process of its own, at the lowest priority, one at a time."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from gateway.config.live import Live
from gateway.errors import ConflictingRequest
from gateway.events import Clock
from gateway.rehearsal.effects import Preview, Translate
from gateway.store.ports import Archive
from gateway.translation.process import AdaptersUnusable, TranslationProcess

LOWEST: Final = 19
"""Niceness: the live translation is never kept waiting by a preview."""


def preview_of(live: Live, archive: Archive, clock: Clock) -> Preview:
    """The preview over the adapters and options of the configuration in force."""
    turn = asyncio.Lock()

    @asynccontextmanager
    async def translating() -> AsyncIterator[Translate]:
        async with turn:
            process = TranslationProcess(live.sources, live.tenants)
            try:
                await process.start()
                if process.pid is not None:
                    os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)
                yield process.translate
            except AdaptersUnusable as error:
                raise ConflictingRequest(f"the adapters cannot be loaded: {error}") from None
            finally:
                await process.close()

    return Preview(archive, lambda: live.sources, translating, clock)
