"""Moments as people say them."""

from datetime import UTC, datetime, timedelta

import typer

from gateway.ground.clock import spoken


def moment(text: str | None, option: str) -> str | None:
    """A moment for the API: RFC 3339 as it is, a span such as `2h` as that long ago."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _ago(text, option)
    try:
        at = (at if at.tzinfo else at.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError):
        # In UTC it would be before the first year, or after the last.
        raise _none_such(option) from None
    return at.isoformat().replace("+00:00", "Z")


def ahead(text: str | None) -> str | None:
    """A moment of the API's that is still to come; None: there is none, or it is past."""
    return text if text is not None and datetime.fromisoformat(text) > datetime.now(UTC) else None


def later(text: str | None, other: str | None) -> str | None:
    """A moment of the API's that is later than another, else None."""
    if text is None or other is None:
        return text
    return text if datetime.fromisoformat(text) > datetime.fromisoformat(other) else None


def when(text: str | None, *, now: datetime | None = None) -> str | None:
    """A moment of the API's to the second, and how long ago it is or how soon it comes."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    span = spoken(abs(seconds))
    age = f"{span} ago" if seconds >= 0 else f"in {span}"
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, {age}"


def _ago(text: str, option: str) -> str:
    from gateway.config.quantities import span  # noqa: PLC0415 - the configuration's room is slow to load

    try:
        at = datetime.now(UTC) - timedelta(seconds=span(text.removesuffix(" ago")))
    except (ValueError, OverflowError):
        raise _none_such(option) from None
    return at.isoformat().replace("+00:00", "Z")


def _none_such(option: str) -> typer.BadParameter:
    expected = "expected a moment such as 2026-02-01T08:00:00Z, or a span such as 2h"
    return typer.BadParameter(expected, param_hint=option)
