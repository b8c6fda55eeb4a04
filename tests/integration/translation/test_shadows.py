"""An adapter in shadow that does not return rests, whether its events come in bundles or one by one."""

import pytest

from gateway.config.model import Tenant
from gateway.events import EventStatus
from gateway.translation.process import TranslationProcess
from gateway.translation.shadows import REST_SECONDS, Careful
from tests.integration.translation.test_process import ADAPTER, events, source


class Rest:
    """A clock, and an adapter in shadow that does what its events say."""

    def __init__(self, folder):
        (folder / "doing.py").write_text(ADAPTER)
        sources = {"doing": source(folder)}
        self.now = 0.0
        self.process = TranslationProcess(sources, {"demo": Tenant()}, answer_seconds=0.5)
        self.careful = Careful(self.process.translate, sources, lambda: self.now)

    async def told(self, *bodies):
        found = [each async for part in self.careful.translate(events(*bodies)) for each in part]
        assert [each.id for each in found] == [*range(1, len(bodies) + 1)]
        return [each.status for each in found]


@pytest.fixture
async def rest(tmp_path):
    rest = Rest(tmp_path)
    yield rest
    await rest.process.close()


async def test_one_that_crashes_now_and_then_rests_and_longer_each_time(rest):
    """Events one by one, others between them; once it rests no process is started for it."""
    for body in ("ends", "so", "ends"):
        await rest.told(body)
    last = await rest.told("ends", "so", "so")
    resting = await rest.told("so")
    rest.now += REST_SECONDS
    again = [await rest.told("so"), await rest.told("ends")]
    rest.now += REST_SECONDS
    longer = await rest.told("so")

    dead, ignored, shadowed = EventStatus.DEAD, EventStatus.IGNORED, EventStatus.SHADOWED
    assert last == [dead, shadowed, shadowed]
    assert resting == [shadowed]
    assert again == [[ignored], [dead]]
    assert longer == [shadowed]


async def test_one_that_hangs_leaves_nothing_running_when_it_rests(rest):
    """Of a bundle the rest is not compared; its process is gone."""
    told = await rest.told(*["hangs"] * 40)

    assert told == [EventStatus.DEAD] * 3 + [EventStatus.SHADOWED] * 37
    assert rest.process.pid is None
