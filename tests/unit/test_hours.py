"""What happened by the hour."""

from gateway.ground.hours import HOUR, KEPT, Hour, Hours


def test_hours_are_counted_and_empty_ones_told():
    """The present one last; what is older than thirty days is forgotten."""
    now = [10 * HOUR + 5]
    hours = Hours(lambda: now[0])
    hours.received(3)
    now[0] += 2 * HOUR
    hours.delivered(2)
    told = hours.last(3)
    for _ in range(KEPT):
        now[0] += HOUR
        hours.received(1)

    assert told == [Hour(10 * HOUR, 3, 0), Hour(11 * HOUR, 0, 0), Hour(12 * HOUR, 0, 2)]
    assert len(hours.last(720)) == 720
    assert sum(each.delivered for each in hours.last(2000)) == 0
