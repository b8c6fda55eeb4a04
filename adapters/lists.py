"""A list of orders in one event, each judged by itself; and a body that is a list of events."""

from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from adapters.contract import Cancellation, Fault, Hook, Ignored, State, Translation, decoder
from adapters.errors import TranslationError
from adapters.reading import BOM

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
            judged.append(_fault(error, error.references[0], references=error.references))
    states = [one for one in judged if not isinstance(one, Ignored)]
    ignored = [one for one in judged if isinstance(one, Ignored)]
    return ignored[0] if ignored and not states else states


def one_of(several: int, state: Callable[[], State], external_order_id: str, **members: Any) -> State | Fault:
    """The state of one of an event's `several` orders, whose id is known.

    Where it cannot be made it is a `Fault` with these members, beside its neighbours' states; one that is alone raises.
    """
    try:
        return state()
    except TranslationError as error:
        if several == 1:
            raise
        return _fault(error, external_order_id, **members)


def _fault(error: TranslationError, external_order_id: str, **members: Any) -> Fault:
    return Fault(external_order_id=external_order_id, code=error.code, detail=error.detail, path=error.path, **members)


def listed_events(hook: Hook) -> list[bytes]:
    """The events of a body that is a list of them, byte for byte; any other body is one. For `Adapter.events`."""
    if not hook.body.removeprefix(BOM).lstrip().startswith(b"["):
        return [hook.body]
    return [bytes(event) for event in _read_list(hook.body)]


_read_list = decoder(list[msgspec.Raw])
