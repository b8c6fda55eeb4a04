"""A translation room in a folder of the test's own, and one that asks the stand-in by the real clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.ongoing import ADAPTER
from gateway.lookups.vendor_api import VendorApi
from gateway.workshop.standin import User, Warehouse, listening
from tests.translating import PASSWORD, Room, api_options, read_options


def now() -> int:
    return time.time_ns() // 1000


@pytest.fixture
def room(tmp_path) -> Callable[..., Room]:
    def make(options: dict[str, Any] | None = None, **more: Any) -> Room:
        return Room(tmp_path, options or api_options(), **more)

    return make


@pytest.fixture
def warehouse() -> Warehouse:
    """The stand-in; one user serves every goods owner, another goods owner 75 alone."""
    return Warehouse({"trackely": User(PASSWORD), "only75": User("secret-of-75", 75)})


@pytest.fixture
async def base_url(warehouse) -> AsyncIterator[str]:
    async with listening(warehouse, root="/nordlager/api/v1") as url:
        yield url


@pytest.fixture
async def live(room, base_url) -> AsyncIterator[Callable[..., Room]]:
    """Makes a room that asks the stand-in."""
    asking = []

    def make(api: dict[str, Any] | None = None, timeout: float = 2.0, **options: Any) -> Room:
        raw = api_options(base_url, **options)
        raw["api"] |= api or {}
        fetch = VendorApi(
            {"ongoing-acme": ADAPTER.api(read_options(raw))}, clock=now, timeout=timeout, most_read=100_000
        )
        asking.append(fetch)
        return room(raw, fetch=fetch, clock=now, sleep=asyncio.sleep)

    yield make
    for fetch in asking:
        await fetch.close()
