import gc
import socket

import pytest

from gateway.ground import collector
from gateway.serving import listen


def test_a_taken_port_is_said() -> None:
    """The second listener on a port raises, and leaves nothing open."""
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


def test_either_family_is_listened_on() -> None:
    """An IPv6 host gets an IPv6 socket."""
    with listen("::1", 0) as listener:
        family = listener.family

    assert family == socket.AF_INET6


def test_the_collector_rests() -> None:
    """What is alive is not walked again, and young objects are walked seldom."""
    before, frozen_before = gc.get_threshold(), gc.get_freeze_count()
    gc.set_threshold(700, 10, 10)
    try:
        collector.slow_down()
        collector.rest()
        thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    finally:
        gc.set_threshold(*before)

    assert thresholds == collector.THRESHOLDS
    assert frozen > frozen_before
