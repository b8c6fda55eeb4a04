"""Vendors' texts, made fit for an order: no control characters, no lone surrogates, no absurd lengths."""

import re
from collections.abc import Iterable

from adapters.errors import MalformedPayload

LONGEST_TEXT = 10_000
"""Characters of a text; a longer one is no name, no address and no contact."""

LONGEST_IDENTIFIER = 500
"""Characters of an identifier; a longer one does not fit an index."""

LONGEST_TOPIC = 200
"""Characters of a topic; the rest is cut off."""

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


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


def identifier(text: str | None, path: str | None = None) -> str | None:
    """An identifier as the vendor wrote it, without the whitespace around it; None where it is absent or blank.

    One that holds a control character or a lone surrogate, or is longer than `LONGEST_IDENTIFIER`, is a
    MalformedPayload at `path`: an identifier that we change would name something else.
    """
    if not text:
        return None
    stripped = text.strip()
    if len(stripped) > LONGEST_IDENTIFIER:
        raise MalformedPayload(f"an identifier of more than {LONGEST_IDENTIFIER} characters", path=path)
    if not stripped.isprintable() and _UNFIT.search(stripped):
        raise MalformedPayload("an identifier with a control character", path=path)
    return stripped or None


def topic_of(member: object) -> str | None:
    """An event's topic for people and filters, by the member that says it; whatever does not serve is no topic."""
    return plain(member[:LONGEST_TOPIC]) if isinstance(member, str) else None


def references_of(*texts: str | None) -> tuple[str, ...]:
    """The references that are there, each once; one that is no fit identifier finds nothing and is left out."""
    found: dict[str, None] = {}
    for text in texts:
        if text and len(text) <= LONGEST_IDENTIFIER and (text.isprintable() or not _UNFIT.search(text)):
            found[text.strip()] = None
    found.pop("", None)
    return tuple(found)


def first_of(texts: Iterable[str | None], path: str | None = None) -> str | None:
    """The first text that is there, by `plain`."""
    for text in texts:
        if (fit := plain(text, path)) is not None:
            return fit
    return None
