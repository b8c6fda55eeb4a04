import pytest

from tests.contract.engines import ENGINES, Floor


@pytest.fixture
async def floor(tmp_path):
    """A store that is a file, empty."""
    floor = Floor(ENGINES["sqlite"], tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()
