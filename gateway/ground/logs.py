"""Structured logs: one line a transition, written off the hot path, never a body, a secret or a query string.

A call puts a small record into a bounded queue; one thread renders and writes. A terminal gets coloured lines,
everything else one JSON object a line with the members `at`, `level`, `room`, `message` and what the call names. When
the stream is slower than the gateway for so long that the queue is full, lines are dropped, counted, and the count
is logged as soon as there is room: an acknowledgement never waits for a log. Lines of one kind and source are written
up to so many a minute; then one says how many more there were. A kill loses the lines of its last instant; the store,
not the log, is what the gateway answers from.

A room logs with `structlog.get_logger("gateway.<room>")`. A call costs some ten microseconds; a hot path calls once for
a group: `rows=[{...}, ...]` becomes a line a row, made in the writing thread.

Lines of uvicorn and of every other user of the standard library's logging go the same way; uvicorn's access log does
not go anywhere, because it holds query strings.
"""

import atexit
import logging
import math
import queue
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.ground.log_colours import pretty_line
from gateway.ground.log_lines import escaped, json_line, line_of
from gateway.ground.noise import NoiseLimit

CAPACITY = 10_000
"""Records that may wait for the writer; a group of transitions is one record."""

LINES_PER_MINUTE = 1_000
"""Of one kind, see `NoiseLimit`: a noisy source fills no disk, whoever keeps the log."""

PAUSE_SECONDS = 0.05
"""What the writer waits between two bouts: a burst is rendered in one go, and each waking costs more than a record."""

SHORTEST_SECRET = 4
"""Shorter ones are not looked for: replacing every `a` or `12` would leave no log to read."""

REDACTED = "[redacted]"

_QUIET = ("httpx", "httpcore", "aiosqlite", "asyncio")
"""Libraries whose informational lines hold whole URLs or every SQL statement: only their warnings are wanted."""


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that blots out these secrets in a rendered line, however a renderer or a URL may have spelt them."""
    spelt: set[str] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            encoded = msgspec.json.encode(secret).decode()[1:-1]
            spelt |= {secret, encoded, repr(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), quote(secret)}
            spelt |= {escaped(secret), escaped(encoded)}
    if not spelt:
        return str
    pattern = re.compile("|".join(re.escape(form) for form in sorted(spelt, key=len, reverse=True)))
    return lambda text: pattern.sub(REDACTED, text)


class Log:
    """The queue, its thread and the stream. Made by `configure`; `close` writes what waits."""

    def __init__(self, stream: TextIO, *, pretty: bool, clock: Callable[[], float], capacity: int) -> None:
        self.dropped = 0
        self._stream = stream
        self._render = pretty_line if pretty else json_line
        self._noise = NoiseLimit(LINES_PER_MINUTE)
        self._clock = clock
        self._capacity = capacity
        self._redact: Callable[[str], str] = str
        self._waiting: queue.SimpleQueue[tuple[float, EventDict] | None] = queue.SimpleQueue()
        self._announced = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def put(self, record: EventDict) -> None:
        """Queue one record; drop and count it when the queue is full."""
        if self._waiting.qsize() >= self._capacity:
            self.dropped += 1
        else:
            self._waiting.put((self._clock(), record))

    def redact(self, secrets: Iterable[str]) -> None:
        """From now on these secrets are blotted out wherever they would show: the last net, not the first."""
        self._redact = redactor(secrets)

    def limit(self, level: str, lines_per_minute: int) -> None:
        """From now on only lines of this level and above, and so many of one kind a minute."""
        self._noise.most = lines_per_minute
        _let_through(self, level)

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Write what waits, then stop; a stream that does not take it is given up after the time-out."""
        atexit.unregister(self.close)
        root = logging.getLogger()
        for handler in [door for door in root.handlers if isinstance(door, _StandardLibrary) and door.log is self]:
            root.removeHandler(handler)
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(timeout_seconds)

    def _write_all(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < self._capacity and not self._waiting.empty():
                batch.append(self._waiting.get())
            self._write([record for record in batch if record is not None])
            if None in batch and self._waiting.empty():
                return
            self._closing.wait(PAUSE_SECONDS)

    def _write(self, records: list[tuple[float, EventDict]]) -> None:
        lost = self.dropped - self._announced
        self._announced += lost
        notice = {"level": "warning", "room": "logs", "event": "log lines dropped", "count": lost}
        now = self._clock()
        told = [*records, *((now, each) for each in ([notice] if lost else []) + self._noise.ended(now))]
        try:
            lines = [line for at, record in told for line in self._lines_of(at, record)]
            if self._closing.is_set():
                lines += [line_of(now, each) for each in self._noise.ended(math.inf)]
            text = "".join(map(self._render, lines))
            self._stream.write(self._redact(text))
            self._stream.flush()
        except Exception:  # noqa: BLE001 - a full disk, a gone reader, a value that cannot be shown: the next lines go on
            self.dropped += len(records)

    def _lines_of(self, at: float, record: EventDict) -> list[dict[str, Any]]:
        """The record's lines, as far as they are written: one, or with `rows` one for each row."""
        line, rows = line_of(at, record), record.get("rows")
        if rows is None:
            return [line] * self._noise.admitted(at, line, 1)
        row = record.get("row", dict)
        return [{**line, **row(each)} for each in rows[: self._noise.admitted(at, line, len(rows))]]


def configure(
    stream: TextIO | None = None,
    level: str = "info",
    *,
    secrets: Iterable[str] = (),
    clock: Callable[[], float] = time.time,
    capacity: int = CAPACITY,
) -> Log:
    """Send every log line of this process to `stream` (standard error); the latest call counts.

    The wiring calls `close` of what it returns at the end; a process that forgets does it at its exit.
    """
    target = sys.stderr if stream is None else stream
    log = Log(target, pretty=target.isatty(), clock=clock, capacity=capacity)
    log.redact(secrets)
    atexit.register(log.close)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _StandardLibrary)]:
        root.removeHandler(old)
    root.addHandler(_StandardLibrary(log))
    _let_through(log, level)
    return log


def _let_through(log: Log, level: str) -> None:
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _with_traceback,
            _to_one_argument,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: _Door(log, *names),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().setLevel(threshold)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


class _Door:
    """What structlog calls at the end of its processors; a logger's name, where it has one, is its room."""

    def __init__(self, log: Log, name: str = "") -> None:
        self._log = log
        self._room = name.removeprefix("gateway.")

    def msg(self, record: EventDict) -> None:
        record.setdefault("room", self._room)
        self._log.put(record)

    debug = info = warning = error = critical = exception = msg


class _StandardLibrary(logging.Handler):
    """The same way out for those who use the standard library's logging."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "uvicorn.access":
            return
        line: EventDict = {"level": record.levelname.lower(), "room": record.name, "event": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _traceback_of(record.exc_info[1])
        self.log.put(line)


def _traceback_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _with_traceback(_: WrappedLogger, __: str, record: EventDict) -> EventDict:
    """Turn `exc_info` into text at once: a queued traceback would keep its frames, and what they hold, alive."""
    error = record.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        record["exception"] = _traceback_of(error)
    return record


def _to_one_argument(_: WrappedLogger, __: str, record: EventDict) -> tuple[tuple[EventDict], dict[str, Any]]:
    return (record,), {}
