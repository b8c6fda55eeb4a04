import random
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.ground.watchdog import Overrun, Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog(0.02)
    yield watchdog
    watchdog.close()


def loop_for_ever() -> None:
    while True:
        pass


def test_a_call_that_does_not_come_back_is_interrupted(watchdog: Watchdog) -> None:
    """Each call that loops is interrupted, time after time."""
    for _ in range(3):
        with pytest.raises(Overrun):
            watchdog.call(loop_for_ever)

    assert watchdog.call(len, b"abc") == 3


@pytest.mark.parametrize("wait", [time.sleep, lambda seconds: threading.Event().wait(seconds)])
def test_a_call_that_sleeps_is_woken(watchdog: Watchdog, wait: Callable[[float], object]) -> None:
    """In the main thread, not when it comes back by itself."""
    began = time.monotonic()
    with pytest.raises(Overrun):
        watchdog.call(wait, 9)

    assert time.monotonic() - began < 2


def test_what_swallows_the_interruption_is_interrupted_again(watchdog: Watchdog) -> None:
    """A bare except buys one more span and no more."""
    caught = []

    def stubborn() -> None:
        while len(caught) < 3:
            try:
                loop_for_ever()
            except Overrun as overrun:
                caught.append(overrun)

    watchdog.call(stubborn)

    assert len(caught) == 3


def test_results_and_exceptions_pass_through(watchdog: Watchdog) -> None:
    """What comes back in time comes back as it is."""
    with pytest.raises(ZeroDivisionError):
        watchdog.call(lambda: 1 / 0)

    assert watchdog.call(divmod, 7, 2) == (3, 1)


def test_interruption_never_strikes_outside_the_call() -> None:
    """Calls that end just when they are aimed at: each is either interrupted or returns, and nothing leaks out."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    watchdog = Watchdog(0.002)
    chosen = random.Random(1)
    interrupted = returned = 0

    def spin(seconds: float) -> str:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        return "done"

    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            try:
                returned += watchdog.call(spin, chosen.uniform(0.0015, 0.004)) == "done"
            except Overrun:
                interrupted += 1
            time.sleep(0)
    finally:
        sys.setswitchinterval(interval)
        watchdog.close()

    assert returned
    assert interrupted
