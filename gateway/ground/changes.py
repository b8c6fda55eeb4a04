"""How two states of an order differ, member by member."""

from collections.abc import Iterator
from typing import Any

import msgspec

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Change(msgspec.Struct, frozen=True):
    """One member of an order, before and after; None: absent."""

    member: str
    before: Any
    after: Any


def changes(before: bytes | None, after: bytes | None) -> Iterator[Change]:
    """What is different between two canonical orders; None: none, such as a cancellation."""
    was, is_now = ({} if body is None else _decode(body) for body in (before, after))
    for member in dict.fromkeys([*was, *is_now]):
        if was.get(member) != is_now.get(member):
            yield Change(member, was.get(member), is_now.get(member))
