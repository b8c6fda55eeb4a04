"""Which orders of a batch the intake's refusal seems to name: hints for what to try alone first, never proof.

The seed says `fieldErrors.plannedDate` with "per-item messages" and optional `details`; the exact forms are unknown,
so lists, objects keyed by index or by externalOrderId, paths and plain sentences are all read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.reading import reader

_read = reader(object)

_BRACKETED: Final = re.compile(r"\[(\d{1,6})\]")
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)

# Enough for any batch; a hostile answer must not hold the loop.
_MOST_MEMBERS: Final = 20_000
_MOST_TEXT: Final = 16_384
# Shorter ids stand in too many sentences that do not mean them.
_SHORTEST_NAMED: Final = 3


def hints_in(body: bytes, sent: Sequence[str]) -> tuple[int, ...]:
    """The positions in `sent` (externalOrderIds in the batch's order) that a refusal names, rising."""
    try:
        answer = _read(body)
    except (ValueError, RecursionError):  # DecodeError and UnicodeDecodeError are ValueErrors
        return ()
    if not isinstance(answer, dict):
        return ()
    found: set[int] = set()
    positions = {name: position for position, name in enumerate(sent)}
    texts: list[str] = []
    errors = answer.get("fieldErrors")
    dates = errors.get("plannedDate") if isinstance(errors, dict) else None
    for member in _members((dates, answer.get("details"))):
        if isinstance(member, dict):
            found.update(_positions_of(member, positions))
        elif isinstance(member, str):
            texts.append(member)
    found.update(_named("\n".join(texts)[:_MOST_TEXT], positions))
    return tuple(sorted(position for position in found if 0 <= position < len(sent)))


def _members(roots: Sequence[Any]) -> Iterator[Any]:
    """Every member at any depth, without recursion, as far as a sane answer goes."""
    waiting = list(roots)
    for _ in range(_MOST_MEMBERS):
        if not waiting:
            return
        member = waiting.pop()
        yield member
        if isinstance(member, dict):
            waiting.extend(member.values())
        elif isinstance(member, list):
            waiting.extend(member)


def _positions_of(member: Mapping[str, Any], positions: Mapping[str, int]) -> Iterator[int]:
    name, index, path = member.get("externalOrderId"), member.get("index"), member.get("path")
    if isinstance(name, str) and name in positions:
        yield positions[name]
    elif isinstance(index, int):
        yield index
    elif isinstance(path, list):
        yield from (step for step in path if isinstance(step, int))
    for key in member:
        if key in positions:
            yield positions[key]
        elif _NUMBER.fullmatch(key):
            yield int(key)


def _named(text: str, positions: Mapping[str, int]) -> Iterator[int]:
    for match in _BRACKETED.finditer(text):
        yield int(match[1])
    lines = set(text.split("\n"))
    for name, position in positions.items():
        if name in lines or (len(name) >= _SHORTEST_NAMED and name in text and _stands_alone(name, text)):
            yield position


def _stands_alone(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
