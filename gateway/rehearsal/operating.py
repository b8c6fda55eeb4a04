"""The loop that carries operations on many forward: a step of each in turn, previews as a task of their own."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.errors import ConflictingRequest
from gateway.events import Clock
from gateway.ground.supervision import comes
from gateway.records import OperationRecord
from gateway.rehearsal.effects import Preview
from gateway.store.ports import Bulk

STEP: Final = 50
PAUSE_SECONDS: Final = 0.02
"""Between two steps, so that hooks and deliveries come first."""

LOOK_SECONDS: Final = 1.0


class OperationsLoop:
    """Runs whatever operation is running, those of an earlier run of the gateway too."""

    def __init__(self, bulk: Bulk, preview: Preview, *, on_replayed: Callable[[], None], clock: Clock) -> None:
        self._bulk = bulk
        self._preview = preview
        self._on_replayed = on_replayed
        self._clock = clock
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._awake.set()

    async def run(self, tick: Callable[[], None]) -> None:
        """Carry on for ever."""
        previews: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                tick()
                self._awake.clear()
                await self._step(previews)
                if self._awake.is_set():
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                await comes(self._awake, LOOK_SECONDS)
        finally:
            for task in previews.values():
                task.cancel()
            await asyncio.gather(*previews.values(), return_exceptions=True)

    async def _step(self, previews: dict[int, asyncio.Task[None]]) -> None:
        """A step of each, but of previews, which nobody waits for: they translate for as long as it takes."""
        for number in [number for number, task in previews.items() if task.done()]:
            previews.pop(number).result()
        for operation in await self._bulk.running():
            if operation.kind == "preview":
                if operation.id not in previews:
                    previews[operation.id] = asyncio.create_task(self._previewing(operation))
            elif await self._bulk.step(operation, STEP, self._clock()):
                self._awake.set()
                self._on_replayed()

    async def _previewing(self, operation: OperationRecord) -> None:
        """One preview to its end, unless somebody stops it: then it begins anew when it goes on."""
        judged: list[int] = []
        events = [int(item) for item in await self._bulk.items(operation.id)]
        task = asyncio.ensure_future(self._preview.of_replay(events, is_forced=operation.is_forced, done=judged.append))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK_SECONDS / 4)
                if (await self._bulk.operation(operation.id)).status != "running":
                    return
                if not task.done():
                    await self._tell(operation, sum(judged))
            try:
                found = task.result()
            except ConflictingRequest:
                await self._bulk.previewed(operation.id, sum(judged), effects=None, status="failed", now=self._clock())
                return
            effects: dict[str, int] = {str(effect): count for effect, count in found.counts.items()}
            effects["sends"] = found.sends
            await self._bulk.previewed(operation.id, len(events), effects=effects, status="done", now=self._clock())
        finally:
            task.cancel()
            # Its process has ended before another preview begins.
            await asyncio.gather(task, return_exceptions=True)

    async def _tell(self, operation: OperationRecord, judged: int) -> None:
        await self._bulk.previewed(operation.id, judged, effects=None, status="running", now=self._clock())
