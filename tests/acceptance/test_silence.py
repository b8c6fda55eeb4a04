"""A source that was learned falls silent: said in a sentence, told, shown, and over with its next hook."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from tests import stores
from tests.acceptance.test_findings import shown
from tests.acceptance.test_notices import Listener
from tests.processes import Gateway, eventually, source, tenant, told
from tests.rhythms import plant

WHY = r"nothing since \d\d:\d\d( on \d{4}-\d\d-\d\d)?; on [A-Z][a-z]+days between \d+ and \d+ the usual gap is \d+ min"


@pytest.fixture
def chat() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


async def _planted(folder):
    store = await stores.open_store(folder)
    await plant(store, "wms")
    await store.close()


async def _kept(folder):
    store = await stores.open_store(folder)
    rows = await store.learned.learned()
    await store.close()
    return {(row.source, row.kind) for row in rows}


def silence_of(gateway: Gateway) -> dict:
    [wms] = gateway.api("sources")["sources"]
    return {**wms["silence"], "silent": wms["silent"]}


def test_a_learned_source_that_falls_silent_is_told_and_clears_itself(tmp_path, chat):
    """By the API, the metric that alerts, a notice, the console's overview and its page; a restart forgets nothing."""
    sources = {"wms": source("demo", expect_every="auto")}
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}, sources, notify=[{"url": chat.url}])
    asyncio.run(_planted(tmp_path))
    with gateway:
        silent = eventually(lambda: silence_of(gateway), lambda seen: seen["silent"])
        began = eventually(lambda: chat.of("silence"))
        metric = eventually(
            lambda: gateway.http.get("/metrics").text, lambda seen: 'trackely_gateway_silent{source="wms"} 1.0' in seen
        )
        overview, page = shown(gateway, "/console"), shown(gateway, "/console/sources/wms")
        gateway.stop()
        gateway.start()
        again = eventually(lambda: silence_of(gateway), lambda seen: seen["silent"])
        gateway.post(told("back", "SO-1", 1), to="wms")
        heard = eventually(lambda: silence_of(gateway), lambda seen: not seen["silent"])
        ended = eventually(lambda: chat.of("silence"), lambda seen: len(seen) > 1)
        after = gateway.http.get("/metrics").text
        gateway.stop()
        kept = asyncio.run(_kept(tmp_path))

    assert re.fullmatch(WHY, silent["why"])
    assert silent["state"] == "silent"
    assert again == silent
    assert (began, ended) == ([("began", "wms")], [("began", "wms"), ("ended", "wms")])
    assert 'trackely_gateway_silent{source="wms"} 1.0' in metric
    assert silent["why"] in page
    assert "silent" in overview
    assert 'href="/console/sources/wms"' in overview
    assert (heard["state"], heard["why"]) == ("heard", None)
    assert 'trackely_gateway_silent{source="wms"} 0.0' in after
    assert kept >= {("wms", "rhythm"), ("wms", "listened")}
    assert heard["learningUntil"] is None
