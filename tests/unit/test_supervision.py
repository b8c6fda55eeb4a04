"""A loop that dies again and again is not healthy, however quickly it is started again."""

import asyncio

from gateway.ground.supervision import MOST_DEATHS, Supervisor


async def _let_die(loop, times):
    """The problems after so many deaths."""
    slept: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == times:
            enough.set()
            await asyncio.Event().wait()

    supervisor = Supervisor(sleep=sleep)
    supervisor.start("reader", loop)
    try:
        await enough.wait()
        return supervisor.problems()
    finally:
        await supervisor.stop()


async def _dies(_tick):
    raise OSError("disk I/O error")


async def _works_and_dies(tick):
    tick()
    raise OSError("disk I/O error")


async def test_deaths_without_work():
    """Three deaths with nothing done between are said."""
    assert await _let_die(_dies, MOST_DEATHS - 1) == []
    assert await _let_die(_dies, MOST_DEATHS) == ["the loop reader has died 3 times without doing any work"]


async def test_deaths_with_work_between():
    """A loop that moves between its deaths is alive."""
    assert await _let_die(_works_and_dies, 2 * MOST_DEATHS) == []
