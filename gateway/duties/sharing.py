"""Which duties a replica gives up, and which it takes: as many of each group as there are replicas to share them."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

Groups: TypeAlias = Mapping[str, Sequence[str]]
"""The duties by what they are of; each group is shared out by itself."""


def shared(
    groups: Groups, mine: Collection[str], free: Collection[str], replicas: int, turn: int
) -> tuple[list[str], list[str]]:
    """What to give up and what to take. `turn` says where in what is free to begin, so that not all begin there."""
    given_up: list[str] = []
    taken: list[str] = []
    for duties in groups.values():
        most = -(-len(duties) // replicas)
        held = [duty for duty in duties if duty in mine]
        found = [duty for duty in duties if duty in free]
        first = turn % len(found) if found else 0
        given_up += held[most:]
        taken += [*found[first:], *found[:first]][: max(0, most - len(held))]
    wanted = {duty for duties in groups.values() for duty in duties}
    return given_up + [duty for duty in mine if duty not in wanted], taken
