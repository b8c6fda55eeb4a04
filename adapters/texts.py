"""Vendors' texts, made fit for an order: no control characters, no lone surrogates, no absurd lengths."""

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from adapters.errors import MalformedPayload
from adapters.reading import reader

LONGEST_TEXT = 10_000
"""Characters of a text; a longer one is no name, no address and no contact."""

LONGEST_IDENTIFIER = 500
"""Characters of an identifier."""

WIDEST_IDENTIFIER = 1_000
"""Bytes of an identifier in UTF-8; twice as many still fit a row of PostgreSQL's index."""

LONGEST_TOPIC = 200
"""Characters of a topic; the rest is cut off."""

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Zero-width characters, the byte order mark, bidirectional marks: two ids that look alike are one.
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def plain(text: str | None, path: str | None = None) -> str | None:
    """A text on one line: control characters, lone surrogates and runs of whitespace become one space.

    None stays None and a blank text becomes None. Longer than `LONGEST_TEXT`: MalformedPayload at `path`.
    """
    if not text:
        return None
    if len(text) > LONGEST_TEXT:
        raise MalformedPayload(f"a text of more than {LONGEST_TEXT} characters", path=path)
    if text.isprintable() and "  " not in text:
        return text.strip() or None
    return " ".join(_UNFIT.sub(" ", text).split()) or None


_MASKED = re.compile(r"[\W_]*|[\W_]*(?:x{3,}|redacted|removed|masked|hidden|anonymi[sz]ed)[\W_]*", re.IGNORECASE)
_TELLING = frozenset(string.digits + string.ascii_letters).difference("XxRrMmHhAa")
"""What begins so is none of these: most texts need no look at more."""


def is_masked(text: str) -> bool:
    """Whether a text is redaction marks alone, such as asterisks or `[redacted]`: it tells nothing."""
    return text[:1] not in _TELLING and _MASKED.fullmatch(text) is not None


def identifier(text: str | None, path: str | None = None) -> str | None:
    """An identifier as people see it; None where it is absent or blank.

    That is without the whitespace around it and the characters that nobody sees, in Unicode's normal form C.

    One that holds a control character or a lone surrogate, or is `too_long`, is a MalformedPayload at `path`: an
    identifier that we change would name something else.
    """
    if not text:
        return None
    stripped = text.strip() if text.isascii() else as_seen(text)
    if fault := too_long(stripped):
        raise MalformedPayload(f"an identifier of {fault}", path=path)
    if not stripped.isprintable() and _UNFIT.search(stripped):
        raise MalformedPayload("an identifier with a control character", path=path)
    return stripped or None


def too_long(text: str) -> str | None:
    """How an identifier is too long for a store's index, or None."""
    if len(text) > LONGEST_IDENTIFIER:
        return f"more than {LONGEST_IDENTIFIER} characters"
    is_wide = not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > WIDEST_IDENTIFIER
    return f"more than {WIDEST_IDENTIFIER} bytes" if is_wide else None


def as_seen(text: str) -> str:
    """What people see of a text: without the characters that nobody sees, in Unicode's normal form C, trimmed."""
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text)).strip()


def word(text: str | None) -> str:
    """A word of a closed set, such as a status, as it is compared: trimmed, in capitals; empty where it is absent."""
    return (text or "").strip().upper()


def topic_of(member: object) -> str | None:
    """An event's topic for people and filters, by the member that says it; whatever does not serve is no topic."""
    return plain(member[:LONGEST_TOPIC]) if isinstance(member, str) else None


def references_of(*texts: object) -> tuple[str, ...]:
    """The references that are there, each once; one that is no fit identifier finds nothing and is left out."""
    found: dict[str, None] = {}
    for text in texts:
        if not isinstance(text, str):
            continue
        if text.isascii() and text.isprintable() and len(text) <= LONGEST_IDENTIFIER:
            # Most are, and all are looked at twice an event.
            found[text.strip()] = None
            continue
        seen = as_seen(text)
        if not too_long(seen) and (seen.isprintable() or not _UNFIT.search(seen)):
            found[seen.strip()] = None
    found.pop("", None)
    return tuple(found)


_read = reader(object)


def references_in(body: bytes, paths: Sequence[str]) -> tuple[str, ...]:
    """The texts and numbers that stand at these paths (`$.data.id`) of a JSON body, however else it is spoilt."""
    try:
        read = _read(body) if paths else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return references_of(*(_text_at(read, path.split(".")[1:]) for path in paths))


def _text_at(value: object, steps: list[str]) -> str | None:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        # The number of digits that a text of it may have is bounded, and no reference has so many.
        return str(value) if abs(value) < 10**LONGEST_TOPIC else None
    return value if isinstance(value, str) else None


def first_of(texts: Iterable[str | None], path: str | None = None) -> str | None:
    """The first text that is there and tells something, by `plain`."""
    for text in texts:
        if (fit := plain(text, path)) is not None and not is_masked(fit):
            return fit
    return None
