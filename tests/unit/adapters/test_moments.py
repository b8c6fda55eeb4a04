from datetime import UTC, datetime

import pytest

from adapters import MalformedPayload
from adapters.moments import day, fault_of_zone, microseconds, moment

STOCKHOLM = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2023-01-01T12:00:00.0000000", "UTC", datetime(2023, 1, 1, 12, tzinfo=UTC)),
        ("2023-01-01T23:59:59.9999999", "UTC", datetime(2023, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2019-10-10T09:03:49.437Z", STOCKHOLM, datetime(2019, 10, 10, 9, 3, 49, 437000, tzinfo=UTC)),
        ("2019-10-10T09:05:41.2Z", STOCKHOLM, datetime(2019, 10, 10, 9, 5, 41, 200000, tzinfo=UTC)),
        ("2019-10-10t09:05:41z", STOCKHOLM, datetime(2019, 10, 10, 9, 5, 41, tzinfo=UTC)),
        ("2023-04-11T03:05:09+02:00", "UTC", datetime(2023, 4, 11, 1, 5, 9, tzinfo=UTC)),
        (" 2023-04-11 03:05 ", STOCKHOLM, datetime(2023, 4, 11, 1, 5, tzinfo=UTC)),
        ("2023-04-11", STOCKHOLM, datetime(2023, 4, 10, 22, tzinfo=UTC)),
        ("2025-03-30T02:30:00", STOCKHOLM, datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("2025-10-26T02:30:00", STOCKHOLM, datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
    ],
)
def test_moment(text, zone, instant):
    """An instant is read whatever its fraction and its zone; digits beyond the microsecond are cut off."""
    found = moment(text, zone)

    assert found == instant
    assert found.utcoffset() == instant.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "  ", "yesterday", "2023-02-30T00:00:00Z", "2023-W15-2", "20230411", "2023-04-11T25:00:00"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2023-04-11T00:00:00+25:00"),
        *(
            "\0" * 20,
            "\ud800" * 20,
            "9" * 20_000,
            "2023-04-11T00:00:00." + "9" * 20_000,
            "\uff12\uff10\uff12\uff13-04-11T00:00:00",
        ),
    ],
)
def test_moment_that_is_none(text):
    """A text that names no instant between the years 1 and 9999 gives none, and raises nothing."""
    assert moment(text, STOCKHOLM) is None


def test_naive_moment_at_the_edge_of_time():
    """A naive time whose instant lies before the year 1 gives none."""
    assert moment("0001-01-01T00:00:00", "Asia/Tokyo") is None


def test_microseconds():
    """Microseconds are exact far from 1970, negative before it, and 0 for no instant."""
    assert microseconds(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == 253402300799999999
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000
    assert microseconds(None) == 0


@pytest.mark.parametrize(
    ("text", "zone", "planned"),
    [
        ("2025-06-30T22:00:00Z", STOCKHOLM, "2025-07-01"),
        ("2025-01-14T23:00:00.0000000Z", STOCKHOLM, "2025-01-15"),
        ("2025-06-30T22:00:00Z", "UTC", "2025-06-30"),
        ("2025-06-30T22:00:00Z", None, "2025-06-30"),
        ("2023-05-15T23:30:00-07:00", None, "2023-05-15"),
        ("2023-05-15T23:30:00-07:00", "UTC", "2023-05-16"),
        ("2025-06-30T23:59:59.9999999", STOCKHOLM, "2025-06-30"),
        ("2019-10-10", STOCKHOLM, "2019-10-10"),
        ("2025-03-30T02:30:00", STOCKHOLM, "2025-03-30"),
        ("2023-02-30", None, "2023-02-30"),
        ("2023-02-30T10:00:00Z", STOCKHOLM, "2023-02-30"),
        ("", STOCKHOLM, None),
        (" ", None, None),
        (None, None, None),
        ("0001-01-01T00:00:00", STOCKHOLM, None),
        ("1900-01-01", None, None),
        ("9999-12-31T23:59:59-14:00", STOCKHOLM, None),
        ("1970-01-01", None, "1970-01-01"),
        ("2199-12-31", None, "2199-12-31"),
    ],
)
def test_day(text, zone, planned):
    """A date stands, a date-time is the day in its zone, and an impossible day is left to the order's check."""
    assert day(text, zone) == planned


@pytest.mark.parametrize(
    "text",
    [
        *("next week", "15/05/2023", "2023-05-15T25:00:00Z", "2023-05-15Tnoon", "20230515", "1684108800"),
        *("\0", "2023-05-15" + "0" * 20_000, "²023-05-15"),
    ],
)
def test_day_that_cannot_be_read(text):
    """What is no date at all is a malformed payload at its path, since a planned day must not vanish."""
    with pytest.raises(MalformedPayload) as caught:
        day(text, STOCKHOLM, "$.eta")

    assert caught.value.path == "$.eta"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/hostname", "/etc/hostname", "Europe", "a\0b", "é"])
def test_a_time_zone_that_is_none(name):
    """Whatever is no zone's name is a fault, and raises nothing."""
    assert fault_of_zone(name) is not None


def test_a_time_zone():
    """A zone's name is no fault."""
    assert fault_of_zone(STOCKHOLM) is None


@pytest.mark.parametrize(
    "text", ["0000-00-00", "0001-01-01T00:00:00", "1900-01-01T00:00:00Z", "1969-12-31", "2200-01-01", "9999-12-31"]
)
def test_a_moment_that_means_none(text):
    """A vendor's way of saying that nothing is set is no time of change: the receipt takes its place."""
    assert moment(text) is None
    assert day(text) is None


@pytest.mark.parametrize(
    ("text", "received", "read"),
    [
        ("02:50", "00:50:05", "00:50"),
        ("02:10", "01:10:05", "01:10"),
        ("02:10", "00:45:00", "00:10"),
        ("02:10", "01:07:00", "01:10"),
        ("02:10", "02:05:00", "01:10"),
        ("02:10", "09:00:00", "01:59:59.999999"),
        ("02:50", "09:00:00", "01:59:59.999999"),
        ("01:59", "09:00:00", "2025-10-25T23:59"),
        ("03:00", "09:00:00", "02:00"),
    ],
)
def test_the_hour_that_comes_twice(text, received, read):
    """The reading that the receipt makes likely; long after both, all of the hour is its last moment."""
    expected = datetime.fromisoformat(read if "T" in read else f"2025-10-26T{read}").replace(tzinfo=UTC)

    at = datetime.fromisoformat(f"2025-10-26T{received}").replace(tzinfo=UTC)
    assert moment(f"2025-10-26T{text}:00", STOCKHOLM, at) == expected


def test_without_a_receipt_the_hour_that_comes_twice_is_its_first():
    """As when a person translates a file."""
    assert moment("2025-10-26T02:10:00", STOCKHOLM) == datetime(2025, 10, 26, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-06-05T24:00:00Z", "2025-06-06T00:00:00+00:00"),
        ("2025-06-05T24:00", "2025-06-06T00:00:00+00:00"),
        ("2025-06-05t24:00:00.0000000+02:00", "2025-06-05T22:00:00+00:00"),
    ],
)
def test_the_end_of_a_day(text, at):
    """ISO 8601 writes it so; as a day it is the one that ends."""
    assert moment(text) == datetime.fromisoformat(at)
    assert day(text) == "2025-06-05"


@pytest.mark.parametrize("text", ["2025-06-05T24:01:00Z", "2025-06-05T24:00:00.1Z", "9999-12-31T24:00:00Z"])
def test_no_end_of_a_day(text):
    """Nothing comes after it, nor after the last year."""
    assert moment(text) is None
