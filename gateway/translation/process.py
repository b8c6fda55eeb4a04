"""The adapters in a process of their own: what they compute, break or never end holds up nobody else.

The process knows nothing but the events that it is given. One that ends, or does not answer, is replaced; an event
that ended it alone is a dead letter.
"""

import asyncio
import pickle
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from gateway.channel import Child, packed, unpacker
from gateway.config.model import ConfiguredSource, Tenant
from gateway.errors import GatewayError
from gateway.events import TranslatedEvent, UntranslatedEvent
from gateway.translation.translator import defect

HOST: Final = "gateway.translation.host"

ANSWER_SECONDS: Final = 5.0
"""After so long it hangs: Python code is interrupted after a second, and what is done is told every second."""

START_SECONDS: Final = 30.0
"""For the imports, on a machine that has much else to do."""

ALONE_TRIES: Final = 2
"""Once may be somebody else's doing, such as of who was short of memory."""

_unpacked: Final = unpacker(list[TranslatedEvent])
_unpacked_one: Final = msgspec.msgpack.Decoder(TranslatedEvent).decode
_unpacked_singly: Final = unpacker(list[msgspec.Raw])

_log = structlog.get_logger("gateway.translation")


class AdaptersUnusable(GatewayError):  # noqa: N818 - named by its consequence
    """The adapters that were found at the start are no longer what can be loaded."""


class _Ended(Exception):  # noqa: N818 - named by its consequence
    """The process ended, or was ended, before it answered."""


class _Hung(_Ended):
    """It had to be ended."""


class TranslationProcess:
    """Translates through a process that is started when it is needed.

    The first frame to it tells sources and tenants, and is answered by nothing or by why they do not do; each further
    one holds events, and is answered by what becomes of them, in parts. An answer is of its question's kind, a number.
    """

    def __init__(
        self,
        sources: Mapping[str, ConfiguredSource],
        tenants: Mapping[str, Tenant],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._sources = sources
        self._setup = setup_of(sources, tenants)
        self._answer_seconds = answer_seconds
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._question = 0
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()

    @property
    def pid(self) -> int | None:
        """The process's id; None: none runs."""
        return None if self._child is None else self._child.process.pid

    async def translate(self, events: Sequence[UntranslatedEvent]) -> AsyncGenerator[list[TranslatedEvent], None]:
        """What becomes of the events, in their order, in parts as they are done.

        Raises:
            AdaptersUnusable: the process cannot load them.
        """
        async with self._turn:
            left = list(events)
            while left:
                try:
                    async for part in self._parts(left):
                        left = left[len(part) :]
                        yield part
                except _Ended as error:
                    _log.error("translation_process_ended", detail=str(error), events=len(left))
                    # One of them may have done it: alone, each shows.
                    yield [await self._alone(left.pop(0))]

    async def _alone(self, event: UntranslatedEvent) -> TranslatedEvent:
        source, tries = self._sources[event.source], ALONE_TRIES
        while True:
            try:
                (translated,) = [each async for part in self._parts([event]) for each in part]
            except _Ended as error:
                _log.error("translation_process_ended", detail=str(error), source=event.source, event_id=event.event_id)
                tries -= 1
                if not tries or isinstance(error, _Hung):
                    return defect(source, event, f"adapter {source.adapter.name} ended its process: {error}")
            else:
                return translated

    async def _parts(self, events: Sequence[UntranslatedEvent]) -> AsyncGenerator[list[TranslatedEvent], None]:
        if self._child is None or self._child.is_gone:
            await self._start()
        self._ask(packed(events))
        done = 0
        while done < len(events):
            answer = await self._answer(self._answer_seconds)
            try:
                part = _unpacked(answer)
            except msgspec.ValidationError:
                part = self._read_singly(answer, events[done:])
            done += len(part)
            yield part

    def _read_singly(self, answer: bytes, events: Sequence[UntranslatedEvent]) -> list[TranslatedEvent]:
        """A part in which an adapter's value is of no type that an event can have."""
        part = []
        for event, told in zip(events, _unpacked_singly(answer), strict=False):
            try:
                part.append(_unpacked_one(told))
            except msgspec.ValidationError as error:
                source = self._sources[event.source]
                part.append(defect(source, event, f"adapter {source.adapter.name} made what cannot be stored: {error}"))
        return part

    async def close(self) -> None:
        """End the process; it has nothing to lose."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            await child.stop()

    async def _start(self) -> None:
        await self.close()
        self._child = await Child.start(HOST, self._take, self._lost)
        self._ask(self._setup)
        try:
            fault = (await self._answer(START_SECONDS)).decode()
        except _Ended as error:
            raise AdaptersUnusable(f"the translation's process does not start: {error}") from None
        if fault:
            await self.close()
            raise AdaptersUnusable(fault)

    def _ask(self, payload: bytes) -> None:
        # Whoever asked last may not have waited for all of it.
        self._question, self._answers = self._question % 255 + 1, asyncio.Queue()
        if self._child is not None:
            self._child.channel.send(self._question, payload)

    async def _answer(self, seconds: float) -> bytes:
        """The next answer. Without one the process is ended, since it might still come."""
        child = self._child
        try:
            async with asyncio.timeout(seconds):
                answer = await self._answers.get()
        except TimeoutError:
            await self.close()
            raise _Hung(f"no answer within {seconds:g} s") from None
        except asyncio.CancelledError:
            await self.close()
            raise
        if answer is None:
            await self.close()
            raise _Ended(f"exit code {None if child is None else child.process.returncode}")
        return answer

    def _take(self, question: int, payload: memoryview) -> None:
        if question == self._question:
            self._answers.put_nowait(bytes(payload))

    def _lost(self) -> None:
        self._answers.put_nowait(None)


def setup_of(sources: Mapping[str, ConfiguredSource], tenants: Mapping[str, Tenant]) -> bytes:
    """What the process needs to know. Options are packed by themselves: their types come with the adapters."""
    told = [(each.name, each.settings, each.directory, pickle.dumps(each.options)) for each in sources.values()]
    return pickle.dumps((told, dict(tenants)))
