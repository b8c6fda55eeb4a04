"""A list of orders in one event, each judged by itself."""

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec, TypeVar

from adapters.contract import Cancellation, Fault, Ignored, State, Translation
from adapters.errors import TranslationError

Item = TypeVar("Item")
Arguments = ParamSpec("Arguments")


def each(
    orders: Iterable[Item],
    translate: Callable[Concatenate[Item, Arguments], State | Cancellation | Ignored],
    *arguments: Arguments.args,
    **named: Arguments.kwargs,
) -> Translation:
    """The states of the orders; where each of them is ignored, so is the event, for the first one's reason.

    One of several that raises a TranslationError is a `Fault` of the order that its first reference names; one that has
    none, or is alone, raises it.
    """
    items = list(orders)
    judged: list[State | Cancellation | Fault | Ignored] = []
    for order in items:
        try:
            judged.append(translate(order, *arguments, **named))
        except TranslationError as error:
            if len(items) == 1 or not error.references:
                raise
            judged.append(_fault(error))
    states = [one for one in judged if not isinstance(one, Ignored)]
    ignored = [one for one in judged if isinstance(one, Ignored)]
    return ignored[0] if ignored and not states else states


def _fault(error: TranslationError) -> Fault:
    return Fault(
        external_order_id=error.references[0],
        code=error.code,
        detail=error.detail,
        path=error.path,
        references=error.references,
    )
