"""What the tests of shadow do to a store: who looks on, how it compares, and who takes over."""

from gateway.events import SECOND
from gateway.records import Act, SourceMode
from tests.contract.engines import SOURCE, told

SHADOW = "other"


def in_shadow(source=SHADOW, replaces=SOURCE):
    return SourceMode(source, "shadow", replaces)


async def enter(floor, *wanted):
    return {each.source: each for each in await floor.store.shadows.enter(wanted, floor.now)}


async def verdicts(floor, source=SHADOW, *, minutes=0):
    return await floor.store.shadows.verdicts(source, floor.now + minutes * 60 * SECOND)


def counts(record):
    return record.equal, record.differ, record.only_here, record.only_there


async def switch(floor, source=SHADOW):
    return await floor.store.shadows.promote(source, Act(at=floor.now, by="night", act="promote", what=source))


async def promote(floor, source=SHADOW):
    operation = await switch(floor, source)
    while await floor.store.bulk.step(operation, 50, floor.now):
        pass
    await floor.translate()
    return await floor.store.bulk.operation(operation.id)


async def second(floor, *events, **outcome):
    """Let a second adapter look on at what was translated."""
    stored = await floor.store.archive.stored(events)
    await floor.store.shadows.compare([told(event, **outcome) for event in stored], floor.now)
