"""The lookup loop: asks vendors' APIs what adapters want to know, one request at a time and turn.

A turn (a goods owner, say) is a worker of its own, so that one that is slow, failing or without rights holds up
nobody else. An answer serves only the events that waited before its request was sent; its clock was drawn before.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
import structlog

from adapters import Api
from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock, Micros, Reason, Transition, WaitingSubject
from gateway.ground.backoff import Random, delay
from gateway.ground.supervision import Tick, comes
from gateway.lookups.asking import ASK_AGAIN, LONGEST_REST, OK, PROBE_EVERY, Fetch, VendorAnswer, halt_of, try_thrice
from gateway.records import Act, LookupHalt
from gateway.store.ports import LookupQueue

MISSING_TRIES: Final = (3 * SECOND, 5 * SECOND)
"""A 404 may be a replica that lags: asked twice more, within ten seconds."""

BACKOFF_BASE, BACKOFF_MAX = 0.25, 300.0
"""Seconds."""

GIVE_UP_AFTER: Final = 24 * 3600 * SECOND
FARTHEST: Final = 2 * 3600 * SECOND
"""Longer than any wait of ours: a moment farther off was set by a clock that was set back since."""

IDLE_SECONDS: Final = 1.0

_NOT_FOUND: Final = 404

_log = structlog.get_logger("gateway.lookups")


class _Turn(msgspec.Struct):
    """What the loop remembers of one turn."""

    failures: int = 0
    not_before: Micros = 0
    last_success_at: Micros = 0
    halt: LookupHalt | None = None
    asked_at: dict[tuple[str, str], Micros] = msgspec.field(default_factory=dict)
    missing: dict[str, int] = msgspec.field(default_factory=dict)


Serves: TypeAlias = Callable[[str, str], bool]
"""Whether a source's turn is this gateway's to ask for."""


def everybodys(_source: str, _turn: str) -> bool:
    """There is no other gateway."""
    return True


class LookupLoop:
    """One worker a turn, started when something waits for it and gone when nothing does.

    Attributes:
        serves: which turns are this gateway's.
    """

    def __init__(
        self,
        queue: LookupQueue,
        apis: Mapping[str, Api],
        fetch: Fetch,
        *,
        clock: Clock,
        on_dead: Callable[[Sequence[Transition]], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Random = random.random,
    ) -> None:
        self.serves: Serves = everybodys
        self._queue = queue
        self._apis = apis
        self._fetch = fetch
        self._clock = clock
        self._on_dead = on_dead
        self._sleep = sleep
        self._chance = chance
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._workers: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._awake = asyncio.Event()

    def is_asking(self, serves: Serves) -> bool:
        """Whether something is asked in one of these turns."""
        return any(serves(*key) and not worker.done() for key, worker in self._workers.items())

    def wake(self) -> None:
        """Something waits."""
        self._awake.set()

    def halts(self, source: str) -> list[LookupHalt]:
        """The turns of a source whose lookups stand still."""
        return [turn.halt for (name, _), turn in self._turns.items() if name == source and turn.halt is not None]

    async def resume(self, source: str, act: Act | None = None) -> None:
        """Ask at once again, by hand."""
        await self._queue.hasten(source, self._clock(), act)
        self.lift(source)

    def lift(self, source: str) -> None:
        """What is due of the source is asked for at once."""
        for (name, _), turn in self._turns.items():
            if name == source:
                turn.halt, turn.not_before, turn.failures = None, 0, 0
        self.wake()

    def now(self) -> Micros:
        """The time that halts go by."""
        return self._clock()

    async def run(self, tick: Tick) -> None:
        """Keep a worker for every turn that something waits for, for ever."""
        try:
            while True:
                self._awake.clear()
                turns = await self._queue.turns()
                tick()
                for key in turns:
                    worker = self._workers.get(key)
                    if key[0] in self._apis and self.serves(*key) and (worker is None or worker.done()):
                        self._workers[key] = asyncio.create_task(self._serve(*key), name=f"lookups {key}")
                        # Something may have come while it was leaving.
                        self._workers[key].add_done_callback(lambda _: self.wake())
                for key, worker in self._workers.items():
                    if not self.serves(*key):
                        worker.cancel()
                await comes(self._awake, IDLE_SECONDS)
        finally:
            for worker in self._workers.values():
                worker.cancel()
            await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def _serve(self, source: str, name: str) -> None:
        turn = self._turns.setdefault((source, name), _Turn())
        while True:
            try:
                pause = await self._step(source, name, turn)
            except StoreUnavailable as error:
                _log.warning("lookups_wait_for_the_store", source=source, detail=str(error))
                pause = SECOND
            except Exception:  # noqa: BLE001 - the turn must go on whatever one subject did
                _log.exception("lookup_defect", source=source, owner=name)
                pause = 5 * SECOND
            if pause is None:
                return
            # In small sleeps, so that a resume by hand is heeded.
            await self._sleep(min(pause, SECOND) / SECOND)

    async def _step(self, source: str, name: str, turn: _Turn) -> Micros | None:
        """Serve one subject; how long to wait before the next, None when nothing waits."""
        now = self._clock()
        if now < turn.not_before <= now + FARTHEST:
            return turn.not_before - now
        found = await self._queue.next_subject(source, name, now)
        if found is None:
            return None
        if isinstance(found, int):
            if found <= now + FARTHEST:
                return found - now
            await self._queue.hasten(source, now)
            return 0
        asked = await self._queue.ask(source, name, found, now)
        if asked is not None:
            await self._ask(asked, turn, now)
        return 0

    async def _ask(self, asked: WaitingSubject, turn: _Turn, now: Micros) -> None:
        """Look up, unless one of the questions was asked a moment ago."""
        turn.asked_at = {question: at for question, at in turn.asked_at.items() if at + ASK_AGAIN > now}
        questions = [(asked.subject, lookup.answer_key) for lookup in asked.lookups]
        last = max(turn.asked_at.get(question, 0) for question in questions)
        if last:
            await self._queue.defer(asked.source, asked.turn, asked.subject, last + ASK_AGAIN)
            return
        turn.asked_at |= dict.fromkeys(questions, now)
        await self._try(asked, turn)

    async def _try(self, asked: WaitingSubject, turn: _Turn) -> None:
        """Look up; whatever breaks meanwhile is this subject's own trouble, and waits like any other."""
        try:
            await self._look_up(asked, turn)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the turn goes on whatever one subject does
            _log.exception("lookup_defect", source=asked.source, owner=asked.turn, subject=asked.subject)
            now = self._clock()
            reason = Reason("lookup_retrying", f"{asked.subject}: the lookup broke: {type(error).__name__}")
            due_at = now + self._delay(asked.tries + 1)
            await self._queue.postpone(asked, reason, due_at=due_at, failing_since=asked.failing_since or now)

    async def _look_up(self, asked: WaitingSubject, turn: _Turn) -> None:
        answers: dict[str, bytes | None] = {}
        for lookup in asked.lookups:
            if (rest := turn.not_before - self._clock()) > 0:
                await self._sleep(min(rest, LONGEST_REST) / SECOND)
            if lookup.best_effort:
                answer = await try_thrice(self._fetch, asked.source, lookup, self._sleep)
            else:
                answer = await self._fetch(asked.source, lookup)
            if answer.pause:
                turn.not_before = self._clock() + answer.pause
            if answer.status != OK and not lookup.best_effort:
                await self._fail(asked, turn, answer)
                return
            answers[lookup.answer_key] = answer.found
        turn.failures, turn.halt, turn.last_success_at = 0, None, self._clock()
        turn.missing.pop(asked.subject, None)
        await self._queue.answer(asked, answers)

    async def _fail(self, asked: WaitingSubject, turn: _Turn, answer: VendorAnswer) -> None:
        now = self._clock()
        if answer.lacks_rights:
            turn.halt = halt_of(asked.turn, answer, since=turn.halt.since if turn.halt else now, now=now)
            turn.not_before = now + PROBE_EVERY
            _log.error("lookups_halted", source=asked.source, owner=asked.turn, said=turn.halt.reason.detail)
        elif answer.status == _NOT_FOUND:
            turn.halt = None
            await self._miss(asked, turn, now)
        else:
            await self._back_off(asked, turn, answer, now)

    async def _miss(self, asked: WaitingSubject, turn: _Turn, now: Micros) -> None:
        misses = turn.missing.get(asked.subject, 0)
        if misses < len(MISSING_TRIES):
            turn.missing[asked.subject] = misses + 1
            due_at = now + MISSING_TRIES[misses]
            reason = Reason("lookup_retrying", f"the vendor's API has no {asked.subject} yet (404)")
            await self._queue.postpone(asked, reason, due_at=due_at, failing_since=asked.failing_since)
            return
        turn.missing.pop(asked.subject, None)
        detail = f"the vendor's API has no {asked.subject} (404, three times)"
        await self._bury(asked, Reason("lookup_not_found", detail))

    async def _back_off(self, asked: WaitingSubject, turn: _Turn, answer: VendorAnswer, now: Micros) -> None:
        failing_since = asked.failing_since or now
        # Others succeed while this one fails: it is this one's own fault.
        if now - failing_since >= GIVE_UP_AFTER and turn.last_success_at > failing_since:
            detail = f"failing for 24 h while others succeed, last: {answer.said}"
            await self._bury(asked, Reason("lookup_failed", detail))
            return
        turn.failures += 1
        turn.not_before = now + max(self._delay(turn.failures), answer.retry_after)
        if turn.halt is not None:
            # A probe that got no answer shows nothing.
            turn.not_before = now + PROBE_EVERY
            turn.halt = msgspec.structs.replace(turn.halt, next_probe_at=turn.not_before)
        due_at = now + max(self._delay(asked.tries + 1), answer.retry_after)
        reason = Reason("lookup_retrying", f"{asked.subject}: {answer.said}")
        await self._queue.postpone(asked, reason, due_at=due_at, failing_since=failing_since)
        _log.warning("lookup_failed", source=asked.source, owner=asked.turn, subject=asked.subject, said=answer.said)

    async def _bury(self, asked: WaitingSubject, reason: Reason) -> None:
        self._on_dead(await self._queue.bury(asked, reason, self._clock()))

    def _delay(self, failures: int) -> Micros:
        return delay(BACKOFF_BASE, BACKOFF_MAX, failures, self._chance)
