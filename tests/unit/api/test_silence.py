"""When a source is silent."""

import pytest

from gateway.api import is_silent
from gateway.events import SECOND


@pytest.mark.parametrize(
    ("expect_every", "last_accepted_at", "now", "silent"),
    [
        (None, None, 10_000, False),
        (60.0, 100, 160, False),
        (60.0, 100, 161, True),
        (60.0, None, 1_060, False),
        (60.0, None, 1_061, True),
    ],
)
def test_silence_is_measured_from_the_last_event_or_the_start(expect_every, last_accepted_at, now, silent):
    """A source is silent when longer than `expect_every` went by since its last event; none ever: since the start."""
    last = None if last_accepted_at is None else last_accepted_at * SECOND

    assert is_silent(expect_every, last, started_at=1_000 * SECOND, now=now * SECOND) is silent
