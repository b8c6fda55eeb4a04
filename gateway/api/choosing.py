"""What a request means by ids or a filter: events, and dead letters."""

from gateway.api import views
from gateway.api.doors import Doors
from gateway.api.requests.queries import DeadLetterWhich, EventWhich
from gateway.errors import UnknownRecord


async def chosen_events(doors: Doors, which: list[str] | EventWhich) -> tuple[list[int], tuple[str, ...]]:
    """The events that are meant, and those of the ids given to which there is nothing that could be replayed."""
    if not isinstance(which, list):
        return await doors.acts.fitting(views.Configured.of(doors.config).widened(which.filter())), ()
    numbers = {text: _number_or_none(text) for text in which}
    there = await doors.acts.have_bodies([number for number in numbers.values() if number is not None])
    missing = tuple(text for text, number in numbers.items() if number is None or not there.get(number))
    return list(there), missing


async def chosen_letters(doors: Doors, which: list[str] | DeadLetterWhich) -> tuple[list[str], tuple[str, ...]]:
    """The dead letters that are meant, and those of the ids given that are none."""
    if isinstance(which, list):
        letters = await doors.acts.letters(which)
        known = set(letters)
        return letters, tuple(dict.fromkeys(id_ for id_ in which if id_ not in known))
    return await doors.acts.letters(views.Configured.of(doors.config).widened(which.filter())), ()


def named(what: str, which: object) -> str:
    """How the audit calls what was meant."""
    return f"{what} by {'id' if isinstance(which, list) else 'filter'}"


def number_of(text: str, what: str) -> int:
    """An id as the store counts it. Raises UnknownRecord for a text that is none of ours."""
    number = _number_or_none(text)
    if number is None:
        raise UnknownRecord(f"no such {what}")
    return number


def _number_or_none(text: str) -> int | None:
    is_ours = text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004 - beyond 18 digits 64 bits end
    return int(text) if is_ours else None
