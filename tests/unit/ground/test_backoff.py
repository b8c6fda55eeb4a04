"""The waits: by a schedule of ours, and as a `Retry-After` asks for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.backoff import LONGEST_RETRY_AFTER, delay, read_retry_after
from gateway.ground.clock import micros

NOW = 1_750_000_000_000_000
HOUR = 3600


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (10, 256.0), (11, 300.0), (9999, 300.0)]
)
def test_doubles_up_to_the_maximum(failures, seconds):
    """The wait lies between half of the doubled base and all of it, and never beyond the maximum."""
    assert delay(0.5, 300.0, failures, lambda: 0.0) == micros(seconds / 2)
    assert delay(0.5, 300.0, failures, lambda: 0.999999) == pytest.approx(micros(seconds), rel=1e-5)


def http_date(seconds):
    return format_datetime(datetime.fromtimestamp(NOW / 1e6, UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("7, 7", 7),
        ("2, 7,1", 7),
        ("7, soon", None),
        (f"{http_date(60)}, {http_date(90)}", 60),
        ("-5", 0),
        ("1e9", HOUR),
        ("1000000000", HOUR),
        ("9" * 400, HOUR),
        (http_date(60), 60),
        (http_date(-60), 0),
        (http_date(86400 * 300), HOUR),
        ("Sun Jun 15 15:07:40 2025", 60),
        ("", None),
        ("soon", None),
        ("١٢", None),
        ("1e99999999", None),
        ("nan", None),
        ("Mon, 99 Foo 2025 99:99:99 GMT", None),
        ("Mon, 20 Nov 9999999999 12:00:00 +0000", None),
        ("Mon, 20 Nov 2025 12:00:00 +9999999999", None),
    ],
)
def test_retry_after(text, seconds):
    """Seconds or a date, from nought to an hour; garbage is as if there were none."""
    found = read_retry_after(text, NOW)

    assert found == (None if seconds is None else seconds * 1_000_000)


@given(st.text(max_size=60))
def test_retry_after_survives_anything(text):
    """No header makes it fail."""
    found = read_retry_after(text, NOW)

    assert found is None or 0 <= found <= LONGEST_RETRY_AFTER
