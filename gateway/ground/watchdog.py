"""A call into an adapter that does not come back is interrupted, so that one vendor's code cannot hold the loop.

An asynchronous exception strikes wherever the thread happens to be. So the thread that aims says so first and looks
again before it fires, and a call that ends while it is aimed at waits for the shot: it never strikes outside `call`.
"""

import ctypes
import signal
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

Result = TypeVar("Result")

_TICKS = 4


class Overrun(BaseException):
    """The call was interrupted; no `Exception`, so that an adapter does not catch it in passing."""


FAILURES: Final = (Exception, Overrun, SystemExit)
"""Whatever somebody else's code ends in, but for Ctrl-C, which is meant for us."""


class Watchdog:
    """Watches the calls of one thread, one at a time; they are interrupted after `seconds` and at most a quarter more.

    Cheap to arm: a few attribute writes a call. Its own thread starts with the first call. The main thread is woken
    where it sleeps. A loop inside C code (a catastrophic regular expression) is interrupted only when it returns to
    Python.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._turn = 0
        self._is_running = False
        self._is_aiming = False
        self._watched = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """`function(*arguments)`.

        Raises:
            Overrun: it was interrupted.
        """
        if self._thread is None:
            self._start()
        self._watched = threading.get_ident()
        self._turn += 1
        self._is_running = True
        try:
            return function(*arguments)
        finally:
            self._is_running = False
            if self._is_aiming:
                self._wait_for_the_shot()

    def close(self) -> None:
        """End the watching thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGURG, _woken)
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def _wait_for_the_shot(self) -> None:
        # If it is fired, the exception is raised in here at the latest: a thread that sleeps looks for it on waking.
        while self._is_aiming:
            time.sleep(0)

    def _watch(self) -> None:
        turn, ticks = 0, 0
        while not self._stopping.wait(self.seconds / _TICKS):
            if not self._is_running or self._turn != turn:
                turn, ticks = self._turn, 0
                continue
            ticks += 1
            if ticks >= _TICKS:
                ticks = 0
                self._fire_at(turn)

    def _fire_at(self, turn: int) -> None:
        self._is_aiming = True
        if self._is_running and self._turn == turn:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), ctypes.py_object(Overrun))
            if self._watched == threading.main_thread().ident:
                signal.pthread_kill(self._watched, signal.SIGURG)
        self._is_aiming = False


def _woken(_signal: int, _frame: object) -> None:
    """The exception that was aimed at the main thread strikes in here, and goes on into what was interrupted."""
