"""What an adapter says when it is asked about its options, held to its contract: its functions may say anything."""

from collections.abc import Callable, Iterable
from typing import Any

from adapters import Api
from gateway.config.urls import fault_of_url


def texts(given: Iterable[str]) -> list[str]:
    """What an adapter lists. Raises TypeError for what is none of its contract's."""
    listed = [given] if isinstance(given, str) else list(given)
    if isinstance(given, str) or not all(isinstance(each, str) for each in listed):
        raise TypeError("its `tenants` are not a list of texts")
    return listed


def hold_to(kind: type, name: str, ask: Callable[[Any], object] | None, options: Any) -> None:
    """That a function of an adapter's says what its contract does, or nothing. Raises TypeError, and what it raises."""
    said = None if ask is None else ask(options)
    if said is not None and not isinstance(said, kind):
        raise TypeError(f"its `{name}` is no {kind.__name__}")


def fault_of_api(api: object) -> str | None:
    """Why lookups could not go where an adapter says, or None. Raises TypeError for what is none of its contract's."""
    if api is None:
        return None
    if not isinstance(api, Api) or not isinstance(api.base_url, str):
        raise TypeError("its `api` is none, or has no base URL")
    fault = fault_of_url(api.base_url, allow_http=api.allow_http)
    if fault is None and "?" in api.base_url:
        fault = "it may have no query"
    return f"the API's base URL: {fault}" if fault else None
