"""When a record of a vendor's list changed, as any adapter may say it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters import Listed
from gateway.ground.clock import moment
from gateway.lookups.comparing import when_changed

ASKED_AT = 10**15
FAR_EAST = timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    "told",
    [
        None,
        datetime(1, 1, 1, tzinfo=FAR_EAST),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2026, 5, 1),  # noqa: DTZ001 - what an adapter may make
        "2026-05-01T00:00:00Z",
    ],
)
def test_what_is_no_time_of_change_is_that_of_the_asking(told):
    """A year that means none, a time of no zone, none at all."""
    assert when_changed(Listed("1", b"{}", changed_at=told), ASKED_AT) == ASKED_AT


def test_a_time_of_change_is_taken():
    """In whatever zone; it can be shown."""
    at = datetime(1970, 1, 1, tzinfo=FAR_EAST)

    assert moment(when_changed(Listed("1", b"{}", changed_at=at), ASKED_AT)) == at
