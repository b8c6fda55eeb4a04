"""When the ledger takes the journal in: in bulk, a moment later, or at once where somebody waits for it."""

import asyncio
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from gateway.errors import StoreUnavailable
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite.journaled import Piece

PACE_SECONDS: Final = 0.02
"""From the first entry to the transaction: a bulk of many costs little more than one of few."""

RETRY_SECONDS: Final = 0.2
MOST_BYTES: Final = 1 << 20
"""Of one transaction: others wait for the writer meanwhile."""


class Taking:
    """Call everything in the loop; `tell` is told up to which number all is taken in, or None: it could not be.

    Attributes:
        fault: why it could not be, the last time; None: it could.
    """

    def __init__(self, store: SqliteStore, tell: Callable[[int | None], None]) -> None:
        self._store = store
        self._tell = tell
        self._pieces: deque[Piece] = deque()
        self.fault: str | None = None
        self._is_hurried = False
        self._awake = asyncio.Event()
        self._is_over = False
        self._task = asyncio.create_task(self._run())

    def add(self, piece: Piece) -> None:
        """There is more to take in."""
        joined = self._pieces[-1].followed_by(piece) if self._pieces else None
        if joined is not None and joined.end - joined.start <= MOST_BYTES:
            self._pieces[-1] = joined
        else:
            self._pieces.append(piece)
        self._awake.set()

    def hurry(self) -> None:
        """Somebody waits."""
        self._is_hurried = True
        self._awake.set()

    async def finish(self) -> None:
        """Take in all that there is; what cannot be is left to the next start."""
        self._is_over = True
        self._awake.set()
        await self._task

    async def _run(self) -> None:
        while self._pieces or not self._is_over:
            self._awake.clear()
            if not self._pieces:
                await self._awake.wait()
                continue
            if not (self._is_hurried or self._is_over or len(self._pieces) > 1):
                await self._pause(PACE_SECONDS)
            self._is_hurried = False
            pieces = [self._pieces.popleft()]
            while self._pieces and sum(piece.end - piece.start for piece in pieces) < MOST_BYTES:
                pieces.append(self._pieces.popleft())
            try:
                taken = await self._store.writer.submit(partial(self._store.taking_in, pieces=pieces))
            except Exception as error:  # noqa: BLE001 - whatever it was, acknowledged entries are kept and tried again
                self._pieces.extendleft(reversed(pieces))
                if self.fault is None and not isinstance(error, StoreUnavailable):
                    traceback.print_exc()
                self.fault = f"the journal cannot be taken in: {error}"
                self._tell(None)
                if self._is_over:
                    return
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.fault = None
                self._tell(taken)

    async def _pause(self, seconds: float) -> None:
        """Wait for more, unless somebody waits for what there is."""
        try:
            async with asyncio.timeout(seconds):
                while not (self._is_hurried or self._is_over):
                    self._awake.clear()
                    await self._awake.wait()
        except TimeoutError:
            return
