"""A record of the log as a line of JSON, in which nothing stands that whoever reads it would obey."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec


def line_of(at: float, record: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a record's line; `at` is Unix time."""
    line = {
        "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.get("level", "info"),
        "room": record.get("room", ""),
        "message": record.get("event", ""),
    }
    line.update((f"{key}_" if key in _OURS else key, value) for key, value in record.items() if key not in _TAKEN)
    return line


_TAKEN = {"level", "room", "event", "rows", "row"}
_OURS = {"at", "message"}

_encode = msgspec.json.Encoder(enc_hook=repr).encode


_unprintable = re.compile(r"[^\x20-\x7e]")


def escaped(text: str) -> str:
    """The text with every character that is not printed, by its Unicode category, as the escape that JSON has for it.

    Control and format characters, among them the marks that turn the direction of writing, line and paragraph
    separators, blanks other than a space, half surrogate pairs: whatever breaks, hides or reorders a line.
    """
    return text if text.isprintable() else _unprintable.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def json_line(line: dict[str, Any]) -> str:
    """As one JSON object; what JSON cannot hold is shown as Python does."""
    try:
        text = _encode(line).decode()
    except (TypeError, ValueError, UnicodeEncodeError):  # a lone surrogate, a key that is no text
        text = _encode({_ascii(key): _ascii(value) for key, value in line.items()}).decode()
    return escaped(text) + "\n"


def _ascii(value: Any) -> str:
    return ascii(value)[1:-1] if isinstance(value, str) else ascii(value)
