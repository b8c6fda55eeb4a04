"""Keeps a replica alive in the others' eyes, takes its share of the duties, and says what it may do."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog

from gateway.duties.clock import StoreClock
from gateway.duties.duty import Duty
from gateway.duties.sharing import Groups, shared
from gateway.duties.watching import Watched
from gateway.errors import StoreUnavailable
from gateway.ground.clock import SECOND, monotonic
from gateway.ground.holding import WindUp
from gateway.ground.supervision import Loop, Tick, comes
from gateway.records import Joining, Sight, Turning
from gateway.store.ports import Duties

LOOK_SECONDS: Final = 0.5
SPAN_BEATS: Final = 3
"""A replica that gave no sign of life for so many is lost; after one fewer it does nothing alone any more."""


_log = structlog.get_logger("gateway.duties")


class Digests(msgspec.Struct, frozen=True):
    """Of what this replica goes by."""

    config: str = ""
    adapters: str = ""


class Keeper:
    """One a process. `join`, then `want`, and `run` until `leave`.

    Attributes:
        number: this life's.
        on_look: told of what was seen, each time.
        on_change: told when what this replica may do is another.
    """

    def __init__(
        self,
        port: Duties,
        joining: Joining,
        clock: StoreClock,
        *,
        heartbeat: float,
    ) -> None:
        self.number = 0
        self.on_look: Callable[[Sight], None] = lambda _sight: None
        self.on_change: Callable[[], None] = lambda: None
        self._port = port
        self._joining = joining
        self._clock = clock
        self._heartbeat = heartbeat
        self._watched = Watched(SPAN_BEATS * heartbeat)
        self._groups: Groups = {}
        self._busy: Callable[[str], bool] = lambda _duty: False
        self._digests = Digests()
        self._wanted = ""
        self._duties: dict[str, Duty] = {}
        self._holders: dict[str, int] = {}
        self._mark: tuple[int, int] | None = None
        self._last_state = 0
        self._alone: set[str] = set()
        self._until = 0.0
        self._beat_at = 0.0
        self._others = 0
        self._is_shared = True
        self._awake = asyncio.Event()

    async def join(self) -> None:
        """Begin a life."""
        before = self._clock.wall()
        joined = await self._port.join(self._joining, self._clock())
        self._clock.agree(before, joined.now, self._clock.wall())
        self.number, self._is_shared = joined.number, joined.is_shared
        self._holders, self._mark, self._beat_at = {}, None, 0.0

    def want(self, groups: Groups, digests: Digests, busy: Callable[[str], bool] = lambda _duty: False) -> None:
        """From now on share in these duties. One of which `busy` is true is not given up yet."""
        self._groups, self._digests, self._busy = groups, digests, busy
        names = sorted(duty for duties in groups.values() for duty in duties)
        self._wanted = hashlib.blake2b("\n".join(names).encode(), digest_size=8).hexdigest() if names else ""
        for name in names:
            self._duties.setdefault(name, Duty())
        self.wake()

    def retire(self) -> None:
        """Share in nothing any more: the others may take what this one has, as it is done with it."""
        self.want({}, self._digests, self._busy)

    def wake(self) -> None:
        """Something may be given up, or taken."""
        self._beat_at = 0.0
        self._awake.set()

    @property
    def has_others(self) -> bool:
        """Whether other replicas live."""
        return self._others > 0

    def holds(self, duty: str) -> bool:
        """Whether the duty is this replica's, for now."""
        found = self._duties.get(duty)
        return found is not None and found.granted.is_set() and self._is_valid()

    def held(self, group: str) -> list[str]:
        """Those duties of a group that are this replica's."""
        if not self._is_valid():
            return []
        kept = self._duties
        return [duty for duty in self._groups.get(group, ()) if duty in kept and kept[duty].granted.is_set()]

    def _is_valid(self) -> bool:
        return not self._is_shared or monotonic() / SECOND < self._until

    def during(self, duty: str, loop: Loop, wind_up: WindUp | None = None) -> Loop:
        """The loop, as it is while the duty is this replica's: begun anew each time, ended when it is not any more."""
        kept = self._duties.setdefault(duty, Duty())

        async def run(tick: Tick) -> None:
            while True:
                await kept.wait(tick)
                try:
                    if await kept.act(loop, tick, wind_up):
                        return
                finally:
                    self.wake()

        return run

    async def tell(self, notes: Mapping[str, bytes]) -> None:
        """Let the others know something of this one, by its kind."""
        await self._port.tell(self.number, notes)

    async def heard(self) -> list[tuple[str, bytes]]:
        """What the others let this one know."""
        return await self._port.heard(self.number)

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[None]:
        """While this lasts no other replica is at the same; waits for one that is."""
        taking = (what,)
        self._alone.add(what)
        try:
            while what not in await self._port.turn(self._turning(taken=taking)):  # noqa: ASYNC110 - another replica gives it up
                await asyncio.sleep(LOOK_SECONDS)
            yield
        finally:
            self._alone.discard(what)
            with contextlib.suppress(StoreUnavailable):
                await asyncio.shield(self._port.turn(self._turning(given_up=taking)))

    async def run(self, tick: Tick) -> None:
        """Look for ever."""
        while True:
            self._awake.clear()
            with contextlib.suppress(StoreUnavailable):
                await self.step()
            tick()
            await comes(self._awake, LOOK_SECONDS)

    async def expire(self, tick: Tick) -> None:
        """Break off what this replica did alone, once the others may believe that it is lost."""
        while True:
            if not self._is_valid():
                self._revoke_all()
            tick()
            await asyncio.sleep(LOOK_SECONDS / 2)

    async def step(self) -> None:
        """Look, and give and take."""
        before = self._clock.wall()
        sight = await self._port.look(self._mark, self._last_state)
        self._clock.agree(before, sight.now, self._clock.wall())
        if all(each.number != self.number or each.is_lost for each in sight.replicas):
            await self._begin_anew()
            return
        self._mark, self._last_state = sight.mark, sight.last_state
        self._holders = self._holders if sight.duties is None else sight.duties
        await self._turn(sight)
        self.on_look(sight)

    async def leave(self) -> None:
        """End this life: what it had is free."""
        self._revoke_all()
        with contextlib.suppress(StoreUnavailable):
            await self._port.leave(self.number)

    async def _turn(self, sight: Sight) -> None:
        now = monotonic() / SECOND
        others = [each for each in sight.replicas if each.number != self.number and not each.is_lost]
        dead = self._watched.dead(others, now)
        gone = {each.number for each in dead}
        living = [each for each in others if each.number not in gone]
        self._others = len(living)
        sharing = 1 + sum(each.wanted == self._wanted for each in living)
        mine = {duty for duty, number in self._holders.items() if number == self.number and duty not in self._alone}
        free = self._free(gone)
        given_up, taken = shared(self._groups, mine, free, sharing, self.number)
        for duty in given_up:
            self._duties.setdefault(duty, Duty()).revoke(is_lost=False)
        done = tuple(duty for duty in given_up if not self._duties[duty].actors and not self._busy(duty))
        if dead or taken or done or now >= self._beat_at or not self._is_valid():
            lost = tuple((each.number, each.beats) for each in dead)
            if lost:
                _log.warning("replicas_lost", numbers=[number for number, _ in lost], taken=len(taken))
            mine |= {*await self._port.turn(self._turning(lost=lost, given_up=done, taken=tuple(taken)))}
            self._until = now + (SPAN_BEATS - 1) * self._heartbeat
            self._beat_at = now + self._heartbeat
        granted = [duty for duty in mine.difference(given_up) if not self.holds(duty)]
        for duty in granted:
            self._duties.setdefault(duty, Duty()).grant()
        if granted:
            self.on_change()
        # What another has meanwhile, however it came to it, is not this one's.
        for duty, kept in self._duties.items():
            if kept.granted.is_set() and duty not in mine:
                kept.revoke(is_lost=True)

    def _free(self, gone: Collection[int]) -> set[str]:
        wanted = {duty for duties in self._groups.values() for duty in duties}
        return {duty for duty in wanted if self._holders.get(duty, 0) in gone or duty not in self._holders}

    async def _begin_anew(self) -> None:
        """The others have given this one up, since it was stopped or cut off."""
        _log.warning("replica_was_given_up", number=self.number)
        self._revoke_all()
        await self.join()

    def _revoke_all(self) -> None:
        for duty in self._duties.values():
            if duty.granted.is_set():
                duty.revoke(is_lost=True)

    def _turning(
        self, lost: tuple[tuple[int, int], ...] = (), given_up: tuple[str, ...] = (), taken: tuple[str, ...] = ()
    ) -> Turning:
        return Turning(
            number=self.number,
            now=self._clock(),
            wanted=self._wanted,
            config_digest=self._digests.config,
            adapters_digest=self._digests.adapters,
            lost=lost,
            given_up=given_up,
            taken=taken,
        )
