"""A list of orders in one event, each judged by itself."""

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec, TypeVar

from adapters.contract import Cancellation, Ignored, State, Translation

Item = TypeVar("Item")
Arguments = ParamSpec("Arguments")


def each(
    orders: Iterable[Item],
    translate: Callable[Concatenate[Item, Arguments], State | Cancellation | Ignored],
    *arguments: Arguments.args,
    **named: Arguments.kwargs,
) -> Translation:
    """The states of the orders; where each of them is ignored, so is the event, for the first one's reason."""
    judged = [translate(order, *arguments, **named) for order in orders]
    states = [one for one in judged if not isinstance(one, Ignored)]
    ignored = [one for one in judged if isinstance(one, Ignored)]
    return ignored[0] if ignored and not states else states
