"""A line of the log for people at a terminal, and nothing that the terminal would obey."""

import os
from typing import Any

import structlog

from gateway.ground.log_lines import escaped

_console = structlog.dev.ConsoleRenderer(
    colors=not os.environ.get("NO_COLOR"),
    exception_formatter=structlog.dev.plain_traceback,
    pad_event_to=28,
    sort_keys=False,
)


def pretty_line(line: dict[str, Any]) -> str:
    """For people at a terminal."""
    told = {key: _printable(value, key) for key, value in line.items() if key not in {"at", "message"}}
    return _console(None, "", {"timestamp": line["at"], "event": _printable(line["message"]), **told}) + "\n"


def _printable(value: Any, key: str = "") -> str:
    """The value's text without anything that a terminal would obey; a traceback keeps its lines."""
    text = str(value)
    return "\n".join(map(escaped, text.split("\n"))) if key == "exception" else escaped(text)
