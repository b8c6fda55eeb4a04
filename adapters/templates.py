"""Templates of ids, such as `RCV-{primary_reference}`: members in braces and nothing else, no formats."""

import re
from collections.abc import Mapping
from functools import lru_cache

from adapters.errors import IncompletePayload
from adapters.texts import identifier

_MEMBER = re.compile(r"\{([^{}]*)\}")


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The literal that it begins with, then each member's name with the literal that follows it."""
    first, *rest = _MEMBER.split(template)
    return first, tuple(zip(rest[::2], rest[1::2], strict=True))


def fault_of_template(template: str, members: frozenset[str]) -> str | None:
    """What is wrong with a template that may use `members`, or None."""
    first, parts = _parts(template)
    choice = ", ".join(sorted(members))
    for name, _ in parts:
        if name not in members:
            return f"unknown member {{{name}}}; it may use {choice}"
    literals = first + "".join(literal for _, literal in parts)
    if "{" in literals or "}" in literals:
        return "a brace without its partner"
    if not parts:
        return f"names no member, so that all orders would be one; it may use {choice}"
    return None


def filled(template: str, members: Mapping[str, str | None], *, option: str, paths: Mapping[str, str]) -> str:
    """The template with its members in place, each by `texts.identifier`.

    Raises:
        IncompletePayload: a member that the template names is absent or empty; the detail names `option`, the path is
            the member's in `paths`.
        MalformedPayload: a member that the template names is no fit identifier.
    """
    text, parts = _parts(template)
    for name, literal in parts:
        member = identifier(members[name], paths[name])
        if member is None:
            raise IncompletePayload(f"the payload has no {name}, which option {option} is made of", path=paths[name])
        text += member + literal
    return text
