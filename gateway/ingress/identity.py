"""The event ID: what the adapter finds in a hook, or the body's hash."""

import hashlib
from typing import NamedTuple

from adapters import Adapter, Hook, TranslationError
from gateway.events import Reason, storable, told_by
from gateway.ground.watchdog import Overrun, Watchdog

LONGEST_ID = 512
LONGEST_TOPIC = 512


class Identified(NamedTuple):
    """A hook's event ID and topic. `is_hash`: the ID is only a hash of the body; `dead`: because the adapter failed."""

    event_id: str
    topic: str | None
    is_hash: bool = False
    dead: Reason | None = None
    defect: BaseException | None = None


def identify(adapter: Adapter, hook: Hook, watchdog: Watchdog) -> Identified:
    """What the adapter says; whatever it raises or returns, there is an ID that can be stored."""
    try:
        identity = watchdog.call(adapter.identify, hook)
        event_id, topic = identity.event_id, _storable_topic(identity.topic)
    except TranslationError as error:
        return _dead(hook, told_by(error))
    except Overrun as error:
        return _dead(hook, Reason("adapter_defect", "the adapter did not find an end looking for the event ID"), error)
    except BaseException as error:  # noqa: BLE001 - an integrator's function may fail in any way
        detail = f"the adapter failed looking for the event ID: {type(error).__name__}"
        return _dead(hook, Reason("adapter_defect", detail), error)
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
