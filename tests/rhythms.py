"""A source that was learned for weeks and then fell silent, as a store has it when a gateway begins."""

import random
import time
from zoneinfo import ZoneInfo

import msgspec

from gateway.events import SECOND, Arrival, Micros
from gateway.records import LearnedRow
from gateway.silence.rhythm import Learned, Rhythm
from gateway.silence.week import HOUR
from gateway.store.ports import Store

WEEKS = 3
USUAL = 120.0
"""Seconds between two hooks, on the whole."""


async def plant(store: Store, source: str, *, silent_for: Micros = 2 * HOUR) -> None:
    """Hooks by chance until then, and none since; nobody was away."""
    now = time.time_ns() // 1000
    at = began = now - WEEKS * 7 * 24 * HOUR
    draw, learned = random.Random(7), Learned(began, began)
    rhythm = Rhythm(learned, ZoneInfo("UTC"))
    while at < now - silent_for:
        rhythm.note(at)
        last, at = at, at + int(draw.expovariate(1 / USUAL) * SECOND)
    await store.inbox.put(Arrival(source, "the-last", "topic", last, b"{}"))
    rows = [
        LearnedRow(source, "rhythm", last, msgspec.msgpack.encode(learned)),
        LearnedRow(source, "listened", last, str(began).encode()),
    ]
    await store.learned.save_learned(rows)
    await store.trust(now)
