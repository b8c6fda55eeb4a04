"""The wall clock."""

import time

from gateway.events import Micros


def now() -> Micros:
    """The moment."""
    return time.time_ns() // 1000
