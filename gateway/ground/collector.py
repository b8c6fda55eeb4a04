"""The garbage collector: what is walked over here makes no cycles that matter, and walking costs."""

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 20, 50)


def slow_down() -> None:
    """Walk over what is young seldom; call it before a process imports anything large.

    By default every few hundred objects set off a walk: a fifth of the time of a start, and of the loop's under load.
    """
    gc.set_threshold(*THRESHOLDS)


def rest() -> None:
    """Walk no more over what is there by now; call it once everything is set up, or at the end."""
    gc.freeze()
