"""How the rooms begin to move: what the store remembers is taken up, and each loop is started."""

from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from gateway.drift.loop import DriftLoop
from gateway.service.hearing import Hearing
from gateway.service.notes import Notes
from gateway.service.notices import NoticeLoop, Surroundings
from gateway.service.replica import digests, duties, shards, vendors_duty
from gateway.service.rooms import Rooms
from gateway.service.streaming import SourcesLoop, Standings
from gateway.service.upkeep import RetentionLoop, TimeLoop
from gateway.silence.watch import SilenceLoop

STOP_SECONDS: Final = 10.0


async def start_loops(stack: AsyncExitStack, rooms: Rooms) -> None:
    """Take up what the store remembers, and let all rooms move; at the stack's end what is in flight is settled."""
    store = rooms.base.store
    hearing = _share(rooms)
    await store.adopt(rooms.live.config.former_names)
    drift, silence = await _learning(stack, rooms)
    for pull in rooms.pulls.values():
        await pull.load()
    stack.push_async_callback(rooms.looking.second.stop)
    stack.push_async_callback(rooms.supervisor.stop)
    await rooms.delivery.start()
    stack.push_async_callback(rooms.delivery.stop, STOP_SECONDS)
    looking = rooms.looking
    looking.modes.on_change = rooms.wake_translation
    await looking.modes.enter(rooms.base.clock)
    store.observe(on_stored=rooms.wake_translation, on_new=rooms.translate_new)
    retention = rooms.live.settings.retention
    during = rooms.base.keeper.during
    for name, loop in {
        "hearing": hearing.run,
        "translation": rooms.translation.run,
        "modes": looking.modes.run,
        "shadows": looking.translation.run,
        "second adapters": looking.second.run,
        "lookups": rooms.asking.run,
        "reconciliation": rooms.reconciler.run,
        "conditions": rooms.conditions.run,
        "drift": drift.run,
        "silence": silence.run,
        "operations": during("operations", rooms.operating.run),
        "time": TimeLoop(rooms.base.trusted, store.trust).run,
        "sources": SourcesLoop(rooms.base.stream, partial(_standings, rooms)).run,
        "retention": during("retention", RetentionLoop(retention, store.acts.prune, rooms.base.trusted).run),
        **({"notices": during("notices", _notices(rooms).run)} if rooms.live.settings.notify else {}),
    }.items():
        rooms.supervisor.start(name, loop)


async def _learning(stack: AsyncExitStack, rooms: Rooms) -> tuple[DriftLoop, SilenceLoop]:
    """What learns from what comes, with what it has learned; at the stack's end that is saved."""
    store = rooms.base.store
    known = await store.drift.drift()
    rooms.radar.load(known)
    drift = DriftLoop(rooms.radar, store.drift.save_drift, known=known)
    stack.push_async_callback(drift.flush)
    learned = await store.learned.learned()
    rooms.silence.load(learned, await store.trust(0))
    habits = rooms.base.reports.habits
    habits.load(learned)
    silence = SilenceLoop(rooms.silence, store.learned.save_learned, rooms.base.trusted, habits.learned)
    stack.push_async_callback(silence.flush)
    return drift, silence


def _share(rooms: Rooms) -> Hearing:
    """Let the rooms go by what is this replica's; what hears of the others."""
    keeper = rooms.base.keeper

    def serves(source: str, turn: str) -> bool:
        return keeper.holds(vendors_duty(source, turn))

    def is_busy(duty: str) -> bool:
        return rooms.asking.is_asking(lambda source, turn: vendors_duty(source, turn) == duty)

    rooms.delivery.holding = rooms.reconciler.holding = keeper
    for pull in rooms.pulls.values():
        pull.holding = keeper
    rooms.asking.serves = rooms.reconciler.serves = serves
    rooms.translation.shards = rooms.looking.translation.shards = partial(shards, keeper)
    known = Notes(rooms.base.refusals, rooms.lookups, rooms.live.sources)
    hearing = Hearing(keeper, rooms.base.store.outbox, rooms.delivery, rooms.pulls, rooms.wake_translation, known)
    keeper.on_look, keeper.on_change = hearing.look, rooms.wake_translation
    keeper.want(duties(rooms.live), digests(rooms.live.config), is_busy)
    return hearing


async def _standings(rooms: Rooms) -> Standings:
    silences = await rooms.silence.look()
    found: dict[str, tuple[str, str | None]] = {}
    for name in rooms.live.sources:
        halts = rooms.lookups.halts(name)
        is_silent = name in silences and silences[name].state == "silent"
        found[name] = ("halted", halts[0].reason.code) if halts else ("silent" if is_silent else "active", None)
    return found


def _notices(rooms: Rooms) -> NoticeLoop:
    base, conditions = rooms.base, rooms.conditions
    surroundings = Surroundings(
        rooms.live, base.store.records, rooms.silence.look, rooms.states, conditions.problems, conditions.full
    )
    return NoticeLoop(rooms.live, base.store, surroundings, base.clock)
