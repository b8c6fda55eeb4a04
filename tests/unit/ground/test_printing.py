"""What foreign code prints: lines of the log."""

import json
import os

from gateway.ground.printing import LINES_PER_MINUTE, LONGEST, Lines, Printed


def test_what_is_printed_is_told_line_by_line(capfd):
    """Each as an object, in parts as it may come, so long at most, with nothing that a terminal would obey."""
    stream = Printed(Lines("translation"))
    print("one", "line", file=stream)
    stream.write("and \x1b[31m")
    stream.write("another\n" + "x" * 9 * LONGEST + "\nnot ended")
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    assert [each["text"] for each in told] == ["one line", "and \x1b[31manother", "x" * LONGEST]
    assert {(each["room"], each["message"], each["level"]) for each in told} == {("translation", "printed", "warning")}


def test_who_prints_without_end_fills_no_disk(capfd):
    """So many lines a minute."""
    stream = Printed(Lines("translation"))
    for number in range(3 * LINES_PER_MINUTE):
        print(number, file=stream)

    assert capfd.readouterr().err.count("\n") == LINES_PER_MINUTE


def test_nobody_who_prints_is_told_that_nobody_reads(capfd):
    """Whoever had standard error may have gone."""
    kept, unwritable = os.dup(2), os.open(os.devnull, os.O_RDONLY)
    os.dup2(unwritable, 2)
    try:
        written = Printed(Lines("translation")).write("a line\n")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(unwritable)

    assert written == len("a line\n")
