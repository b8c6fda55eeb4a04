"""Members by what they are called."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gateway.workshop.kit.names import AWAY, HERE, plain
from gateway.workshop.kit.samples import Node, Steps

RECEIVERS: Final = ("ship", "shipto", "shipping", "delivery", "recipient", "receiver", "consignee", "customer", "buyer")
"""What stands before a receiver's name or mail among an order's own members."""


def anything(_: Node) -> bool:
    """Any member will do."""
    return True


def holds_text(node: Node) -> bool:
    """Whether it holds texts or numbers that are no times."""
    return bool(node.texts) and not node.is_time


def holds_words(node: Node) -> bool:
    """Whether it holds texts and nothing else."""
    return node.kinds == {"text"}


def ranked(node: Node, names: Sequence[str], fits: Callable[[Node], bool] = anything) -> list[str]:
    """The members of these names, best name first."""
    found = [
        (names.index(plain(key)), key) for key, member in node.members.items() if plain(key) in names and fits(member)
    ]
    return [key for _, key in sorted(found)]


def leaf(node: Node, names: Sequence[str], fits: Callable[[Node], bool] = anything) -> Steps | None:
    """The best of these names that holds plain values."""
    found = ranked(node, names, lambda member: member.is_leaf and fits(member))
    return (found[0],) if found else None


def matching(node: Node, pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
    """The members that hold plain values and whose name is wholly of this pattern, as the vendor orders them."""
    found = ((key, pattern.fullmatch(plain(key))) for key, member in node.members.items() if member.is_leaf)
    return [(key, match) for key, match in found if match is not None]


def of_each(order: Node, places: Iterable[Steps], names: Sequence[str]) -> tuple[Steps, ...]:
    """The best member of these names of each place; of an order itself, no plain `name`: that is the order's."""
    found = []
    for place in places:
        own = [name for name in names if name != "name"]
        allowed = names if place else [*own, *(f"{who}{name}" for who in RECEIVERS for name in names)]
        member = leaf(order.at(place), allowed, lambda node: not node.is_time)
        if member is not None:
            found.append((*place, *member))
    return tuple(dict.fromkeys(found))


def within(order: Node) -> list[Steps]:
    """An order itself, then the objects in it that tell more of it: `generalInfo`, `readOnly`, `dates`."""
    away = re.compile(r".*(address|customer|contact|recipient|" + "|".join((*HERE, *AWAY)) + ").*")
    inside = [(key,) for key, node in order.members.items() if "object" in node.kinds]
    return [
        (),
        *(steps for steps in inside if not away.fullmatch(plain(steps[0])) or _DATES.fullmatch(plain(steps[0]))),
    ]


_DATES = re.compile(r"(delivery|shipping|fulfilment|fulfillment)(dates?|window|times?|info)?|requesteddelivery")
