"""A filter: the options that lists and bulk commands share, in the API's words."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gateway.cli.moments import moment
from gateway.cli.options import (
    ActOf,
    ByOf,
    CodeOf,
    EventIdOf,
    KindOf,
    OrderOf,
    OrderStatusOf,
    PartOf,
    ReferenceOf,
    SinceOption,
    Source,
    StatusOf,
    TenantOf,
    UntilOption,
)

Which: TypeAlias = Mapping[str, str | None]

NAMES: Final = {"event_id": "eventId", "order": "externalOrderId", "order_status": "status"}
OPTIONS: Final[dict[str, Any]] = {
    "by": ByOf,
    "act": ActOf,
    "kind": KindOf,
    "source": Source,
    "status": StatusOf,
    "order_status": OrderStatusOf,
    "q": PartOf,
    "event_id": EventIdOf,
    "reference": ReferenceOf,
    "order": OrderOf,
    "tenant": TenantOf,
    "code": CodeOf,
    "since": SinceOption,
    "until": UntilOption,
}
EVENTS: Final = ("source", "status", "event_id", "reference", "order", "tenant", "code", "since", "until")
DEAD_LETTERS: Final = ("kind", "source", "tenant", "code", "event_id", "order", "since", "until")


def filtered(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with these options beside its own; it is given what they say as `which`, in the API's words."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            said = {name: given.pop(name) for name in names}
            command(which=which(**said), **given)

        own = [each for each in inspect.signature(command).parameters.values() if each.name != "which"]
        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=OPTIONS[name])
            for name in names
        ]
        signature = inspect.Signature([*own, *options])
        # Typer reads both.
        with_options.__signature__ = signature  # type: ignore[attr-defined]
        with_options.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
        return with_options

    return decorate


def which(*, since: str | None = None, until: str | None = None, **given: str | None) -> Which:
    """The API's filter: names in its spelling, moments as it reads them."""
    named = {NAMES.get(name, name): value for name, value in given.items()}
    return {**named, "since": moment(since, "--since"), "until": moment(until, "--until")}
