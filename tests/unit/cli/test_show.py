"""What people see."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime

import pytest
import typer

from gateway.cli.bulk import Selection
from gateway.cli.moments import moment
from gateway.cli.show import many, printable, show_line, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (0, "0"),
        (1.25, "1.25"),
        (0.03, "0.03"),
        (["a", "b"], "a, b"),
        ({"code": "refused", "detail": "422", "path": None}, "refused: 422"),
        ({"code": "malformed_payload", "detail": "no id", "path": "$.id"}, "malformed_payload: no id at $.id"),
    ],
)
def test_values_are_shown_in_words(value, text):
    """Nothing for null, words for truth, a number as it is, a reason with its path."""
    assert shown(value) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 events"), (1, "1 event"), (2, "2 events")])
def test_one_is_no_many(count, text):
    """A plural for every count but one."""
    assert many(count, "event") == text


def test_a_vendors_text_is_no_line_of_ours():
    """Its line breaks are shown, wherever it stands: behind a name, in a cell, in a reason."""
    forged = "e-1\nstatus  delivered\t"
    reason = {"code": "refused", "detail": forged}

    assert [shown(forged), shown([forged])] == ["e-1\\nstatus  delivered\\t"] * 2
    assert shown(reason) == "refused: e-1\\nstatus  delivered\\t"


def test_no_line_steers_the_terminal(capsys):
    """Whatever a command makes a line of, a body with its line breaks included."""
    show_line("{\n\x1b]0;owned\x07\n}")

    assert capsys.readouterr().out == "{\n\\x1b]0;owned\\x07\n}\n"


def test_a_vendors_text_cannot_steer_the_terminal():
    """Control characters are shown as their escapes; letters of any script stay."""
    assert printable("\x1b[2Jåäö\x07 \u202e") == "\\x1b[2Jåäö\\x07 \\u202e"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, None),
        ("2026-02-01T08:00:00Z", "2026-02-01T08:00:00Z"),
        ("2026-02-01T09:00:00+01:00", "2026-02-01T08:00:00Z"),
    ],
)
def test_a_moment_is_said_in_utc(text, said):
    """The API is asked in UTC, whatever the offset given."""
    assert moment(text, "--since") == said


@pytest.mark.parametrize("text", ["2h", "2h ago"])
def test_a_span_is_that_long_ago(text):
    """A span counts back from now."""
    said = datetime.fromisoformat(moment(text, "--since"))

    assert 7195 < (datetime.now(UTC) - said).total_seconds() < 7210


def test_what_is_no_moment_is_wrong_usage():
    """A text that is neither moment nor span names the option."""
    with pytest.raises(typer.BadParameter):
        moment("yesterday", "--since")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "99999999d"])
def test_what_is_in_no_year_is_wrong_usage(text):
    """In UTC it would be before the first one, or after the last."""
    with pytest.raises(typer.BadParameter, match="expected a moment"):
        moment(text, "--since")


@pytest.mark.parametrize(("ids", "which"), [([], {}), ([], {"source": None}), (["1"], {"source": "acme"})])
def test_a_selection_is_by_ids_or_by_filter(ids, which):
    """Neither and both are wrong usage: nothing must be done to everything by accident."""
    with pytest.raises(typer.BadParameter):
        Selection(ids, {"since": None, "until": None, **which})


SHOW = """
from gateway.cli.show import show_table
show_table(("id", "event ID", "reason"), [("1", "083d0000-56b8-0050-8494-08db3a2e6e9f", None), ("2", "b", "why")],
           nothing="none")
"""


def seen_on_a_terminal(columns: int) -> list[str]:
    """The lines that a terminal of this width gets."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        subprocess.run(
            [sys.executable, "-c", SHOW], stdin=theirs, stdout=theirs, check=True, env={**plain, "TERM": "xterm"}
        )
        return os.read(ours, 65536).decode().replace("\r\n", "\n").splitlines()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_narrow_terminal_gets_whole_cells():
    """Where the table does not fit, a line a cell: nothing is cut short, and empty cells are left out."""
    assert seen_on_a_terminal(50) == [
        "id        1",
        "event ID  083d0000-56b8-0050-8494-08db3a2e6e9f",
        "",
        "id        2",
        "event ID  b",
        "reason    why",
    ]


def test_a_terminal_that_is_wide_enough_gets_a_table():
    """A line a row."""
    lines = seen_on_a_terminal(60)

    assert [line.split() for line in lines if "083d" in line] == [["1", "083d0000-56b8-0050-8494-08db3a2e6e9f"]]
    assert ["2", "b", "why"] in [line.split() for line in lines]
