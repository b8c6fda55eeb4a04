"""A translation beside the live one, for previews and trials: a process of its own, at the lowest priority."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from gateway.config.live import Live
from gateway.errors import ConflictingRequest
from gateway.events import Clock
from gateway.rehearsal.effects import Preview, Translate, Translating
from gateway.rehearsal.trials import Trials
from gateway.store.ports import Archive
from gateway.translation.process import AdaptersUnusable, TranslationProcess

LOWEST: Final = 19
"""Niceness: the live translation is never kept waiting by a preview."""

MOST_MEMORY: Final = 1024 * 1024 * 1024
"""Of a trial, whose payload may be anybody's."""


def preview_of(live: Live, sources: Collection[str], archive: Archive, clock: Clock) -> Preview:
    """The preview over the adapters and options of the configuration in force, for sources that deliver."""
    return Preview(archive, sources, _beside(live), clock)


def trials_of(live: Live, archive: Archive, clock: Clock) -> Trials:
    """The trials over the same."""
    return Trials(archive, live.sources, _beside(live, MOST_MEMORY), clock)


def _beside(live: Live, most_memory: int | None = None) -> Translating:
    turn = asyncio.Lock()

    @asynccontextmanager
    async def translating() -> AsyncIterator[Translate]:
        async with turn:
            process = TranslationProcess(live.sources, live.tenants)
            try:
                await process.start()
                _bound(process.pid, most_memory)
                yield process.translate
            except AdaptersUnusable as error:
                raise ConflictingRequest(f"the adapters cannot be loaded: {error}") from None
            finally:
                await process.close()

    return translating


def give_way(pid: int) -> None:
    """Let a process come after all others."""
    os.setpriority(os.PRIO_PROCESS, pid, LOWEST)


def _bound(pid: int | None, most_memory: int | None) -> None:
    if pid is None:
        return
    give_way(pid)
    if most_memory is not None:
        resource.prlimit(pid, resource.RLIMIT_AS, (most_memory, most_memory))
