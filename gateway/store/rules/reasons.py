"""A reason as the three columns in which it is kept."""

from gateway.events import Reason


def columns(reason: Reason | None) -> tuple[str, str, str | None] | tuple[None, None, None]:
    """A reason's code, detail and path."""
    return (None, None, None) if reason is None else (reason.code, reason.detail, reason.path)


def of(code: str | None, detail: str | None, path: str | None) -> Reason | None:
    """The reason that stands in these."""
    return None if code is None else Reason(code, detail or "", path)
