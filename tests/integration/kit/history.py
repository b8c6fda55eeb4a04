"""A store filled with a history, as the rim, the loops and a vendor's API would have filled it."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.config.load import load
from gateway.events import SECOND, Arrival
from gateway.ground.watchdog import Watchdog
from gateway.registry import find_adapter
from gateway.translation.translator import Translator
from tests.stores import open_store

NOW = 1_772_000_000 * SECOND
GROUP = 2000


def fill(
    config: Path, arrivals: Sequence[Arrival], answer: Callable[[str], dict[str, bytes | None]] | None = None
) -> None:
    """Store and translate events; `answer` tells what the vendor's API says of a subject."""
    asyncio.run(_fill(config, arrivals, answer))


async def _fill(config: Path, arrivals: Sequence[Arrival], answer) -> None:
    loaded = load(config, os.environ, find_adapter)
    store = await open_store(Path(config).parent)
    watchdog = Watchdog(5.0)
    translator = Translator(loaded.sources, loaded.settings.tenants, watchdog)

    async def translate() -> None:
        while events := await store.translation.untranslated(list(loaded.sources), 500):
            await store.translation.commit([translator.translate(event) for event in events], NOW)

    try:
        for start in range(0, len(arrivals), GROUP):
            await asyncio.gather(*(store.inbox.put(arrival) for arrival in arrivals[start : start + GROUP]))
        await translate()
        for source, turn in await store.lookups.turns() if answer else ():
            while isinstance(subject := await store.lookups.next_subject(source, turn, NOW + 60 * SECOND), str):
                asked = await store.lookups.ask(source, turn, subject, NOW + 60 * SECOND)
                assert asked is not None
                await store.lookups.answer(asked, answer(subject))
        await translate()
    finally:
        watchdog.close()
        await store.close()
