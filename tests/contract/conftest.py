import pytest

from tests.contract.engines import ENGINES, FILES, Floor


@pytest.fixture(params=sorted(ENGINES))
async def floor(request, tmp_path):
    """A store of each engine, empty."""
    floor = Floor(ENGINES[request.param], tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()


@pytest.fixture(params=sorted(FILES))
async def filed(request, tmp_path):
    """A store of each engine that keeps all in a folder, empty."""
    floor = Floor(FILES[request.param], tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()
