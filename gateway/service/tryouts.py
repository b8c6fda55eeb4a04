"""An adapter's changed code is tried before anybody runs it: by its golden cases, and by the last events it had."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from adapters import Adapter
from gateway.config.code import digest_of, source_of
from gateway.config.model import Config
from gateway.errors import GatewayError
from gateway.events import EventStatus, TranslatedEvent
from gateway.ground.child import ask_once
from gateway.records import EventFilter, EventRecord
from gateway.registry import code_at, find_adapter, is_file
from gateway.store.ports import Archive, Records
from gateway.translation.process import TranslationProcess

TRYOUT: Final = "gateway.service.tryout"
TRYOUT_SECONDS: Final = 10.0
"""For all adapters that were changed, golden cases and events together."""

LAST_EVENTS: Final = 100
MOST_TOLD: Final = 3

_decode: Final = msgspec.json.Decoder(list[str]).decode


class Failed(GatewayError):  # noqa: N818 - named by its consequence
    """Changed code made something else, or nothing, of what it used to translate."""


class Tryouts:
    """Finds the adapters of a configuration that is read again; what is another file than the one that runs is tried.

    A file's code is read once, here. Whatever it does to the process that tries it, the gateway goes on.
    """

    def __init__(self, running: Config, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._known = {
            ((Path(each.directory) / each.settings.adapter).resolve(), source): each.adapter
            for each in running.sources.values()
            if (source := source_of(each.adapter)) is not None
        }
        self._running = running
        self._monotonic = monotonic
        self._until = monotonic() + TRYOUT_SECONDS

    def find(self, reference: str, directory: Path) -> Adapter:
        """The adapter. Raises LookupError with what is wrong with it."""
        if not is_file(reference):
            return find_adapter(reference, directory)
        path = (directory / reference).resolve()
        code = code_at(path)
        if (path, code) not in self._known:
            self._try(reference, directory, code)
            self._known[path, code] = find_adapter(reference, directory, code)
        return self._known[path, code]

    def _try(self, reference: str, directory: Path, code: bytes) -> None:
        where = f"adapter file {directory / reference}"
        try:
            answer = ask_once(TRYOUT, code, self._left(), reference, str(directory))
        except TimeoutError:
            raise LookupError(f"{where}: it did not pass its golden cases within {TRYOUT_SECONDS:g} s") from None
        except EOFError as error:
            raise LookupError(f"{where}: it ended the process that tried it: {error}") from None
        if problems := _decode(answer):
            told = "; ".join(problems[:MOST_TOLD])
            raise LookupError(told if told.startswith("adapter file") else f"{where}: {told}")

    async def of_events(self, config: Config, process: TranslationProcess, records: Records, archive: Archive) -> None:
        """Let changed code translate the last events of its sources; `process` has it already.

        Raises:
            Failed: one is the adapter's defect now, or a dead letter that was none.
            StoreUnavailable: the events cannot be read.
        """
        try:
            async with asyncio.timeout(self._left()):
                for name in self.digests(config):
                    await self._of_source(name, process, records, archive)
        except TimeoutError:
            raise Failed(f"the last events were not translated within {TRYOUT_SECONDS:g} s") from None

    async def _of_source(self, name: str, process: TranslationProcess, records: Records, archive: Archive) -> None:
        page = await records.events(EventFilter(source=name), limit=LAST_EVENTS, cursor=None)
        was: dict[int, EventRecord] = {row.id: row for row in page.rows}
        stored = await archive.stored(was.keys())
        if not stored:
            return
        worse = [
            f"event {each.event_id}: {_words(each)}"
            async for part in process.translate(stored)
            for each in part
            if _is_worse(each, was[each.id])
        ]
        if worse:
            told = "; ".join(worse[:MOST_TOLD])
            raise Failed(f"sources.{name}.adapter: {len(worse)} of the last {len(stored)} events would die: {told}")

    def digests(self, config: Config) -> dict[str, str]:
        """Those sources that go on with another code, and its digest."""
        before = {name: digest_of(source.adapter) for name, source in self._running.sources.items()}
        now = {name: digest_of(source.adapter) for name, source in config.sources.items()}
        return {name: digest for name, digest in now.items() if before.get(name, digest) != digest}

    def _left(self) -> float:
        return max(0.1, self._until - self._monotonic())


def _words(event: TranslatedEvent) -> str:
    # The code and where: a detail may hold what a person wrote.
    assert event.reason is not None  # noqa: S101 - a dead letter has one
    return event.reason.code if event.reason.path is None else f"{event.reason.code} at {event.reason.path}"


def _is_worse(now: TranslatedEvent, was: EventRecord) -> bool:
    if now.status is not EventStatus.DEAD:
        return False
    was_dead = was.status in (EventStatus.DEAD, EventStatus.DISCARDED)
    return not was_dead or (now.reason is not None and now.reason.code == "adapter_defect" != _code(was))


def _code(was: EventRecord) -> str | None:
    return None if was.reason is None else was.reason.code
