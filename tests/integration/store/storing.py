"""A process that stores, translates and delivers for ever, and prints what was acknowledged; killed by its test."""

import asyncio
import os
import random
import sys
from pathlib import Path

from gateway.orders import Lease
from tests.contract.engines import ENGINES, Floor, says, state


def body_of(number: int) -> bytes:
    return says(state(f"order {number % 50}", clock=number, text=f"v{number}"))


async def run(folder: Path, first: int) -> None:
    floor = Floor(ENGINES["sqlite"], folder)
    await floor.open()
    await floor.store.outbox.rescue(now=floor.now, rests_until=0)
    os.write(1, b"ready\n")
    chance = random.Random(first)
    number = first
    while True:
        numbers = range(number, number + chance.randint(1, 40))
        number = numbers.stop
        await asyncio.gather(*(store(floor, each) for each in numbers))
        await floor.translate()
        lease = await floor.claim(max_orders=20)
        if isinstance(lease, Lease) and chance.random() < 0.8:
            await floor.settle(lease, chance.choice(["delivered", "unchanged", "uncertain"]), due_at=floor.now)


async def store(floor: Floor, number: int) -> None:
    await floor.receive(f"e{number}", body_of(number))
    os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
