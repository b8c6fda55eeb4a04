"""The terminal in whose foreground a process was started: its hang-up is the end, as people expect."""

import os
import signal
from typing import Self


class Terminal:
    """A terminal, or none; use `Terminal.of_foreground()` at the start."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._shown_on = [] if descriptor is None else [shown for shown in (1, 2) if os.isatty(shown)]

    @classmethod
    def of_foreground(cls) -> Self:
        """That of this process; none for one in the background, or that was told to outlive it (`nohup`)."""
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            return cls(None)
        try:
            descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return cls(None)
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            return cls(descriptor)
        os.close(descriptor)
        return cls(None)

    @property
    def is_gone(self) -> bool:
        """Whether there was one, and it has hung up."""
        if self._descriptor is None:
            return False
        try:
            os.tcgetpgrp(self._descriptor)
        except OSError:
            return True
        return False

    def leave(self) -> None:
        """Say nothing more there: what is still to be written would fail, and with it the end (Python's exit 120)."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for shown in self._shown_on:
            os.dup2(nowhere, shown)
        os.close(nowhere)
