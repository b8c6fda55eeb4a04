"""The adapters in a process of their own: what they compute, break or never end holds up nobody else.

The process knows nothing but the events that it is given. One that ends, or does not answer, is replaced; an event
that ended it alone is a dead letter.
"""

import asyncio
import pickle
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from gateway.config.code import digest_of, source_of
from gateway.config.model import ConfiguredSource, Tenant
from gateway.errors import GatewayError
from gateway.events import TranslatedEvent, UntranslatedEvent
from gateway.ground.child import Child
from gateway.ground.parcel import Parcel
from gateway.translation.told import Told
from gateway.translation.translator import defect

HOST: Final = "gateway.translation.host"

ANSWER_SECONDS: Final = 5.0
"""After so long it hangs: Python code is interrupted after a second, and what is done is told every second."""

REAP_SECONDS: Final = 1.0
START_SECONDS: Final = 30.0
"""For the imports, on a machine that has much else to do."""

ALONE_TRIES: Final = 2
"""Once may be somebody else's doing, such as of who was short of memory."""

PART_EVENTS: Final = 64
"""Of one answer, which is one transaction: acknowledgements wait for it."""

_encode: Final = msgspec.msgpack.Encoder().encode

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
    one holds events and how many of them make a part, and is answered by what becomes of them, in parts. An answer is
    of its question's kind, a number.

    Attributes:
        fault: why the adapters cannot be loaded, None while all is well.
    """

    def __init__(
        self,
        sources: Mapping[str, ConfiguredSource],
        tenants: Mapping[str, Tenant],
        answer_seconds: float = ANSWER_SECONDS,
        *,
        on_start: Callable[[int], None] = lambda _pid: None,
    ) -> None:
        self._sources = sources
        self._setup = setup_of(sources, tenants)
        self._answer_seconds = answer_seconds
        self._on_start = on_start
        self.fault: str | None = None
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._question = 0
        self._answers: asyncio.Queue[memoryview | None] = asyncio.Queue()

    @property
    def pid(self) -> int | None:
        """The process's id; None: none runs."""
        return None if self._child is None else self._child.process.pid

    async def translate(self, events: Sequence[UntranslatedEvent]) -> AsyncGenerator[Sequence[TranslatedEvent], None]:
        """What becomes of the events, in their order, in parts as they are done.

        Raises:
            AdaptersUnusable: the process cannot load them.
        """
        async with self._turn:
            left, most, has_returned = events, PART_EVENTS, True
            while left:
                done = 0
                try:
                    async for part in self._parts(left, most):
                        done, has_returned = done + len(part), part.has_returned
                        yield part
                    left = ()
                except GeneratorExit:
                    if not has_returned:
                        # It would hang on with what nobody waits for.
                        await self.close()
                    raise
                except _Ended as error:
                    rest = list(left[done:])
                    _log.error("translation_process_ended", detail=str(error), events=len(rest))
                    if most == 1 or len(rest) == 1:
                        yield [await self._alone(rest.pop(0), error)]
                    # From here on each is told when it is done: whose turn it is when the process ends has ended it.
                    left = rest
                    most = 1

    async def _alone(self, event: UntranslatedEvent, error: _Ended) -> TranslatedEvent:
        """What becomes of an event at whose turn the process ended: another try, unless it would only hang again."""
        for _ in range(ALONE_TRIES - 1):
            if isinstance(error, _Hung):
                break
            try:
                (translated,) = [each async for part in self._parts([event], 1) for each in part]
            except _Ended as again:
                error = again
            else:
                return translated
        source = self._sources[event.source]
        ended = defect(source, event, f"adapter {source.adapter.name} ended its process: {error}")
        return msgspec.structs.replace(ended, has_returned=False)

    async def _parts(self, events: Sequence[UntranslatedEvent], most: int) -> AsyncGenerator[Told, None]:
        if self._child is None or self._child.is_gone:
            await self._start()
        self._ask(bytes((most,)), events.raw if isinstance(events, Parcel) else _encode(events))
        done = 0
        while done < len(events):
            part = Told(await self._answer(self._answer_seconds))
            done += len(part)
            yield part

    async def start(self) -> None:
        """Start the process, and see that it can load the adapters.

        Raises:
            AdaptersUnusable: it cannot.
        """
        async with self._turn:
            await self._start()

    async def close(self) -> None:
        """End the process; it has nothing to lose."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            await child.stop()

    async def _start(self) -> None:
        await self.close()
        self._child = await Child.start(HOST, self._take, self._lost)
        self._on_start(self._child.process.pid)
        self._ask(self._setup)
        try:
            fault = str(await self._answer(START_SECONDS), "utf-8")
        except _Ended as error:
            fault = f"the translation's process does not start: {error}"
        self.fault = fault or None
        if fault:
            await self.close()
            raise AdaptersUnusable(fault)

    def _ask(self, *payload: bytes | memoryview) -> None:
        # Whoever asked last may not have waited for all of it.
        self._question, self._answers = self._question % 255 + 1, asyncio.Queue()
        if self._child is not None:
            self._child.channel.send(self._question, *payload)

    async def _answer(self, seconds: float) -> memoryview:
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
            code = None if child is None else await child.code()
            await self.close()
            raise _Ended(f"exit code {code}")
        return answer

    def _take(self, question: int, payload: memoryview) -> None:
        if question == self._question:
            self._answers.put_nowait(payload)

    def _lost(self) -> None:
        self._answers.put_nowait(None)
        if self._child is not None:
            # Nobody may ask for long: its remains need not lie about meanwhile.
            asyncio.get_running_loop().call_later(REAP_SECONDS, self._child.process.poll)


def setup_of(sources: Mapping[str, ConfiguredSource], tenants: Mapping[str, Tenant]) -> bytes:
    """What the process needs to know. Options as the configuration gives them: their types come with the adapters.

    An adapter's file is not read again: every process has the same code, whatever became of the file. That of an
    installed one is known by its digest.
    """
    told = [
        (
            each.name,
            each.settings.without_options(),
            each.directory,
            each.given,
            source_of(each.adapter),
            digest_of(each.adapter),
        )
        for each in sources.values()
    ]
    return pickle.dumps((told, dict(tenants)))
