"""Five hundred slow senders for a minute: the good ones do not notice, the slow ones are gone by their deadline."""

import time

import pytest

from tests.processes import PROOF, Gateway, told
from tests.senders import BODY_TIMEOUT, HEADER_TIMEOUT, ROUND, slow_senders

ROUNDS = 10
SLOW = 500
# Two shared cores jitter: below this a percentile says nothing.
FLOOR = 0.02


def good(gateway: Gateway, seconds: float, name: str) -> list[float]:
    """How long each of many good requests took, one after another."""
    spans = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        event = f"{name}-{len(spans)}"
        body = told(event, event, 1)
        began = time.monotonic()
        answer = gateway.http.post("/hooks/demo", json=body, headers=PROOF)
        spans.append(time.monotonic() - began)
        assert answer.status_code == 200
        time.sleep(0.01)
    return spans


def percentile(spans: list[float], part: float) -> float:
    return sorted(spans)[int(len(spans) * part)]


def figures(spans: list[float]) -> str:
    """Median, p99 and the longest."""
    return "/".join(f"{1000 * span:.1f}" for span in (percentile(spans, 0.5), percentile(spans, 0.99), max(spans)))


def beside_slow_ones(folder, spread, record_property):
    """Good requests' spans without and beside the slow ones, and which of those outlived their deadline."""
    limits = {"min_free_disk": 0, "header_timeout": HEADER_TIMEOUT, "body_timeout": BODY_TIMEOUT}
    with Gateway(folder, {"demo": {"delivery": "pull", "pull_secret": "a-secret"}}, limits=limits) as gateway:
        quiet = good(gateway, 10, "before")
        with slow_senders(gateway.port, SLOW, rounds=ROUNDS, spread=spread) as late:
            busy = good(gateway, ROUNDS * ROUND, "busy")
        quiet += good(gateway, 10, "after")
    record_property("quiet, p50/p99/longest in ms", figures(quiet))
    record_property("beside the slow ones", figures(busy))
    return quiet, busy, late.result()


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_five_hundred_slow_senders_for_a_minute(tmp_path, record_property):
    """The good ones' p99 stays under twice its quiet value; every slow one is closed by us, in time."""
    quiet, busy, late = beside_slow_ones(tmp_path, BODY_TIMEOUT, record_property)

    assert late == []
    assert percentile(busy, 0.99) < max(2 * percentile(quiet, 0.99), FLOOR), (figures(quiet), figures(busy))


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_five_hundred_slow_senders_in_the_same_instant(tmp_path, record_property):
    """All connect at once, again and again: good requests are answered, and every slow one is closed by us, in time."""
    _, busy, late = beside_slow_ones(tmp_path, 0.0, record_property)

    assert late == []
    assert len(busy) > ROUNDS
