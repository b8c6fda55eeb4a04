"""What the sentinel notes while an adapter runs."""

import datetime as dt
import random
import socket
import time
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.workshop.kit.purity import Sentinel

instant = dt.datetime.now


@pytest.mark.parametrize(
    ("reaching", "named"),
    [
        (lambda: instant(dt.UTC), "datetime.now"),
        (getattr(dt.date, "to" + "day"), "date.today"),
        (time.time, "time.time"),
        (lambda: time.sleep(0), "time.sleep"),
        (lambda: Path(__file__).read_bytes(), "open"),
        (lambda: socket.socket().close(), "_socket"),
        (random.random, "random"),
    ],
)
def test_reaching_out_is_noted(reaching, named):
    """A clock, a disk, a network and chance, under whatever name."""
    sentinel = Sentinel()
    sentinel.watch(reaching)

    assert any(named in call for call in sentinel.calls)


def test_pure_work_is_not_noted():
    """Texts, numbers and dates that were given; an exception is the adapter's own affair."""

    def work():
        dt.datetime.fromisoformat("2026-03-01T10:00:00Z").astimezone(dt.UTC).isoformat()
        (Decimal("1.5") * 2).quantize(Decimal(1))
        raise ValueError(", ".join(sorted(["b", "a"])))

    sentinel = Sentinel()
    sentinel.watch(work)

    assert sentinel.calls == {}
