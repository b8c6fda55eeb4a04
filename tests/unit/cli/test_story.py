"""How an order's story is told."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.cli.moments import when
from gateway.cli.story import show_attempts

NOW = datetime(2026, 2, 1, 8, 0, 0, 654321, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=0.4), "2026-02-01T08:00:00Z, 0 s ago"),
        (timedelta(seconds=119), "2026-02-01T07:58:01Z, 119 s ago"),
        (timedelta(minutes=2), "2026-02-01T07:58:00Z, 2 min ago"),
        (timedelta(hours=3), "2026-02-01T05:00:00Z, 3 h ago"),
        (timedelta(days=9), "2026-01-23T08:00:00Z, 9 d ago"),
        (timedelta(seconds=-30), "2026-02-01T08:00:30Z, in 30 s"),
    ],
)
def test_a_moment_has_seconds_and_an_age(before, words):
    """Microseconds tell nobody anything; how long ago it was does."""
    assert when((NOW - before).isoformat(), now=NOW) == words


def test_attempts_that_came_out_alike_are_one_row(capsys):
    """A night of the same answer is one line, with its first and last moment; what differs stands apart."""
    same = {"kind": "push", "httpStatus": 503, "outcome": "unavailable", "detail": "busy"}
    show_attempts(
        [
            *({**same, "at": f"2026-02-01T0{n}:00:00Z", "lastAt": f"2026-02-01T0{n}:30:00Z", "times": n,
               "batchSize": n, "milliseconds": 10.0} for n in range(1, 8)),
            {**same, "httpStatus": 200, "outcome": "delivered", "at": "2026-02-01T08:00:00Z",
             "lastAt": "2026-02-01T08:00:00Z", "times": 1, "batchSize": 1, "milliseconds": 3.0},
        ]
    )  # fmt: skip
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "push" in line]

    assert [(row[0], row[row.index("push") - 1]) for row in rows] == [
        ("2026-02-01T01:00:00Z,", "28"),
        ("2026-02-01T08:00:00Z,", "1"),
    ]
    assert "2026-02-01T07:30:00Z," in rows[0]
    assert "1-7" in rows[0]
