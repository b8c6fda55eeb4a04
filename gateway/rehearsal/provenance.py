"""Where each member of a canonical order came from, found by changing the payload one member at a time.

An adapter is a pure function: a member whose change changes the outcome's member is where that one came from.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, Final, TypeAlias

import msgspec

from adapters import Hook
from adapters.reading import BOM
from gateway.events import TranslatedEvent

MOST_MEMBERS: Final = 400
"""Members that are changed; those of a larger payload beyond it are not looked at."""

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

Answers: TypeAlias = dict[str, bytes | None]
Outcome: TypeAlias = tuple[str, str | None, TranslatedEvent]
Run: TypeAlias = Callable[[Hook, Answers], Outcome]


class Provenance(msgspec.Struct, frozen=True, rename="camel"):
    """The paths that the event ID, the topic and each order's members came from; none: an option, or the gateway."""

    event_id: tuple[str, ...]
    topic: tuple[str, ...]
    orders: tuple[dict[str, tuple[str, ...]], ...]


def trace(original: Outcome, run: Run, hook: Hook, answers: Answers, is_time: Callable[[], bool]) -> Provenance:
    """Where the outcome of a request came from, as far as there is time; `run` gives the outcome of a changed one."""
    if is_hopeless(original[2]):
        return Provenance((), (), ())
    timely = takewhile(lambda _: is_time(), variants(hook, answers))
    return compared(original, ((path, run(other, told)) for path, other, told in timely))


def is_hopeless(translated: TranslatedEvent) -> bool:
    """What is broken, or loops for ever, is not asked a hundred times more."""
    return translated.reason is not None and translated.reason.code == "adapter_defect"


def compared(original: Outcome, changed: Iterable[tuple[str, Outcome]]) -> Provenance:
    """Where an outcome came from, by those of the request with one member changed, each with that member's path."""
    facts = _facts(original)
    found: dict[tuple[int, str], list[str]] = {key: [] for key in facts}
    of_orders = {key for key in facts if key[0] >= 0}
    for path, outcome in changed:
        others = _facts(outcome)
        # An outcome without orders says nothing of where the orders' members came from.
        if not of_orders or not of_orders.isdisjoint(others):
            for key, value in facts.items():
                if others.get(key) != value:
                    found[key].append(path)
        else:
            for key in ((-1, "eventId"), (-1, "topic")):
                if others.get(key) != facts.get(key):
                    found.setdefault(key, []).append(path)
    orders: list[dict[str, tuple[str, ...]]] = [{} for _ in original[2].states]
    for (place, name), paths in found.items():
        if place >= 0:
            orders[place][name] = tuple(paths)
    is_hash = original[0].startswith("sha256:")
    return Provenance(
        event_id=("a hash of the body",) if is_hash else tuple(found.get((-1, "eventId"), ())),
        topic=tuple(found.get((-1, "topic"), ())),
        orders=tuple(orders),
    )


def _facts(outcome: Outcome) -> dict[tuple[int, str], Any]:
    """Everything of an outcome that comes from somewhere, by order (-1: the event's own) and member."""
    event_id, topic, translated = outcome
    facts: dict[tuple[int, str], Any] = {(-1, "eventId"): event_id}
    if topic is not None:
        facts[-1, "topic"] = topic
    for place, state in enumerate(translated.states):
        members: dict[str, Any] = {"externalOrderId": state.external_order_id}
        members |= {} if state.body is None else json.loads(state.body)
        members |= {"clock": state.clock, "owner": state.owner}
        facts |= {(place, name): value for name, value in members.items()}
    return facts


def variants(hook: Hook, answers: Answers) -> Iterator[tuple[str, Hook, Answers]]:
    """The request with one member changed, each with the member's path."""
    for path, body in _changed_bodies(hook.body):
        yield path, msgspec.structs.replace(hook, body=body), answers
    for name, value in hook.headers.items():
        changed = {**hook.headers, name: _another(value)}
        yield f"header {name}", msgspec.structs.replace(hook, headers=changed), answers
    for name, value in hook.parameters.items():
        changed = {**hook.parameters, name: _another(value)}
        yield f"parameter {name}", msgspec.structs.replace(hook, parameters=changed), answers
    if hook.path:
        yield "path", msgspec.structs.replace(hook, path=_another(hook.path)), answers
    for asked, answer in answers.items():
        for path, body in _changed_bodies(answer or b""):
            yield f"{asked} {path}", hook, {**answers, asked: body}


def _changed_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The body with each leaf in turn changed to another value of its kind."""
    try:
        root = json.loads(body.removeprefix(BOM))
    except (ValueError, RecursionError):
        return
    for place, (path, parent, key) in enumerate(_leaves(root, "$")):
        if place >= MOST_MEMBERS:
            return
        kept = parent[key]
        parent[key] = _another(kept)
        yield path, json.dumps(root).encode()
        parent[key] = kept


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    entries: Mapping[Any, Any] = {}
    if isinstance(value, dict):
        entries = value
    elif isinstance(value, list):
        entries = dict(enumerate(value))
    for key, member in list(entries.items()):
        here = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}"
        if isinstance(member, dict | list):
            yield from _leaves(member, here)
        elif member is not None:
            yield here, value, key


def _another(value: Any) -> Any:
    """Another value of the same kind, which whatever reads the first can read too."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if found := _DAY.match(value):
        # A month back, and a day of it that every month has.
        year, month = (int(found[1]), int(found[2]))
        before = (year, month - 1) if month > 1 else (year - 1, 12)
        return f"{before[0]:04}-{before[1]:02}-{'11' if found[3] == '10' else '10'}{value[10:]}"
    if _NUMBER.fullmatch(value):
        return f"{value[:-1]}{'1' if value[-1] != '1' else '2'}"
    return f"{value}~"
