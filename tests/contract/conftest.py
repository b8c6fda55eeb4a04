import pytest

from tests.contract.engines import ENGINES, FILES, Floor


def _each(engines):
    # The same ledger stands behind these, and they add: nothing, a process of its own.
    soak = {"sqlite", "process"}
    return [pytest.param(name, marks=[pytest.mark.soak] if name in soak else ()) for name in sorted(engines)]


@pytest.fixture(params=_each(ENGINES))
async def floor(request, tmp_path):
    """A store of each engine, empty."""
    floor = Floor(ENGINES[request.param], tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()


@pytest.fixture(params=_each(FILES))
async def filed(request, tmp_path):
    """A store of each engine that keeps all in a folder, empty."""
    floor = Floor(FILES[request.param], tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()
