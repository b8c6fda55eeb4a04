"""What foreign code prints, as lines of the log: a machine that reads them has nothing else to read."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from gateway.ground.log_lines import json_line, line_of
from gateway.ground.noise import NoiseLimit

LONGEST: Final = 500
"""Of a line; more of it is not written."""

LINES_PER_MINUTE: Final = 100
"""Of a process."""

_STDERR: Final = 2


class Printed(io.TextIOBase):
    """A stream of text whose lines are told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Tell what is a whole line by now."""
        *lines, begun = (self._begun + text).split("\n")
        self._begun = begun[:LONGEST]
        for line in lines:
            self._tell(line[:LONGEST])
        return len(text)


class Lines:
    """Writes lines of the log to standard error, in a process that has no log."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._noise = NoiseLimit(LINES_PER_MINUTE)

    def __call__(self, text: str) -> None:
        """Write that this was printed."""
        now, said = time.time(), {"level": "warning", "room": self._room, "event": "printed", "text": text}
        line = line_of(now, said)
        told = [*(line_of(now, each) for each in self._noise.ended(now)), *[line] * self._noise.admitted(now, line, 1)]
        # Nobody may be reading any more, which is no fault of who prints.
        with contextlib.suppress(OSError):
            os.write(_STDERR, "".join(map(json_line, told)).encode())


def tell_what_is_printed(room: str) -> None:
    """From now on what Python prints in this process is told, unless a person is there to read it as it is."""
    if not os.isatty(_STDERR):
        sys.stdout = sys.stderr = Printed(Lines(room))
