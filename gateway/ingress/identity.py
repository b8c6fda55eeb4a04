"""The events of a request and their IDs: what the adapter finds in a hook, or the body's hash."""

import hashlib
from typing import TypeGuard

import msgspec

from adapters import Adapter, Hook, TranslationError
from gateway.events import Reason, storable, told_by
from gateway.ground.watchdog import Overrun, Watchdog

LONGEST_ID = 512
LONGEST_TOPIC = 512
MOST_EVENTS = 1000
"""Of one request."""


class Identified(msgspec.Struct, frozen=True):
    """A hook's event ID and topic. `is_hash`: the ID is only a hash of the body; `dead`: because the adapter failed."""

    event_id: str
    topic: str | None
    is_hash: bool = False
    dead: Reason | None = None
    defect: BaseException | None = None


class Taken(msgspec.Struct, frozen=True):
    """A request as the rim took it: each of its events, one at least, as a hook and with its ID.

    `dead`: why the first of its dead letters is one; None where there is none. `several`: how many, None where the
    adapter takes no body apart.
    """

    hook: Hook
    events: tuple[tuple[Hook, Identified], ...]
    dead: Reason | None
    several: int | None = None

    @property
    def defect(self) -> BaseException | None:
        """What an adapter raised that it may not."""
        return next((found.defect for _, found in self.events if found.defect is not None), None)


def take_apart(adapter: Adapter, hook: Hook, watchdog: Watchdog) -> Taken:
    """The events of a request; what cannot be taken apart is one, and a dead letter."""
    if adapter.events is None:
        found = identify(adapter, hook, watchdog)
        return Taken(hook, ((hook, found),), found.dead)
    try:
        bodies = watchdog.call(adapter.events, hook) or [hook.body]
        if not all(type(body) is bytes for body in bodies):
            raise TypeError("expected bytes")  # noqa: TRY301 - it is the adapter's, as any other
        if len(bodies) > MOST_EVENTS:
            detail = f"the body holds {len(bodies)} events, {MOST_EVENTS} at most are taken"
            return _undivided(hook, _dead(hook, Reason("malformed_payload", detail, "$")))
    except TranslationError as error:
        return _undivided(hook, _dead(hook, told_by(error)))
    except BaseException as error:  # noqa: BLE001 - an integrator's function may fail in any way
        detail = f"the adapter failed taking the body's events apart: {type(error).__name__}"
        return _undivided(hook, _dead(hook, Reason("adapter_defect", detail), error))
    parts = [Hook(body, hook.headers, hook.parameters, hook.path, hook.received_at) for body in bodies]
    events = tuple([(part, identify(adapter, part, watchdog)) for part in parts])
    dead = next((found.dead for _, found in events if found.dead is not None), None)
    return Taken(hook, events, dead, len(parts))


def _undivided(hook: Hook, found: Identified) -> Taken:
    return Taken(hook, ((hook, found),), found.dead, 1)


def identify(adapter: Adapter, hook: Hook, watchdog: Watchdog) -> Identified:
    """What the adapter says; whatever it raises or returns, there is an ID that can be stored."""
    try:
        identity = watchdog.call(adapter.identify, hook)
        event_id, topic = identity.event_id, identity.topic
        topic = topic if _is_fit(topic, LONGEST_TOPIC) else _storable_topic(topic)
    except TranslationError as error:
        return _dead(hook, told_by(error))
    except Overrun as error:
        return _dead(hook, Reason("adapter_defect", "the adapter did not find an end looking for the event ID"), error)
    except BaseException as error:  # noqa: BLE001 - an integrator's function may fail in any way
        detail = f"the adapter failed looking for the event ID: {type(error).__name__}"
        return _dead(hook, Reason("adapter_defect", detail), error)
    if _is_fit(event_id, LONGEST_ID):
        return Identified(event_id, topic)
    return _judged(hook, event_id, topic)


def _judged(hook: Hook, event_id: object, topic: str | None) -> Identified:
    """What an ID that is no plain text makes of the event."""
    if event_id is None:
        return Identified(_hash_of(hook.body), topic, is_hash=True)
    fault = _fault_of_id(event_id)
    if fault is None:
        return Identified(storable(event_id), topic)
    return _dead(hook, Reason("malformed_payload", f"the event ID {fault}"), topic=topic)


def _dead(hook: Hook, reason: Reason, defect: BaseException | None = None, topic: str | None = None) -> Identified:
    return Identified(_hash_of(hook.body), topic, is_hash=True, dead=reason, defect=defect)


def _hash_of(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _is_fit(text: object, longest: int) -> TypeGuard[str]:
    """Whether it is a text that is stored as it is, as nearly every one."""
    return type(text) is str and 0 < len(text) <= longest and text.isprintable()


def _fault_of_id(event_id: object) -> str | None:
    if not isinstance(event_id, str):
        return "is no text"
    if not event_id:
        return "is empty"
    if len(event_id) > LONGEST_ID:
        return f"is longer than {LONGEST_ID} characters"
    if not event_id.isprintable() and not _is_storable(event_id):
        return "holds a NUL or half a surrogate pair"
    return None


def _storable_topic(topic: object) -> str | None:
    return (storable(topic)[:LONGEST_TOPIC] or None) if isinstance(topic, str) else None


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
