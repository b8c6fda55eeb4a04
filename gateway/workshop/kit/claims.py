"""What is claimed of an adapter: by its cases, that events have IDs of their own; by its page, what it reads."""

import re
from collections.abc import Iterable

import msgspec

from adapters import Adapter
from gateway.golden.cases import Case


def problems_of_identities(cases: Iterable[Case]) -> list[str]:
    """Where two requests that a vendor sent, with different bodies, share an event ID: the second would be a repeat.

    Cases that somebody made up are variants of one body, and may.
    """
    found: dict[str, Case] = {}
    problems = []
    for case in cases:
        event_id = case.expected.get("eventId")
        if not case.origin or not isinstance(event_id, str):
            continue
        first = found.setdefault(event_id, case)
        if first.hook.body != case.hook.body:
            problems.append(f"{first.name} and {case.name} share the event ID {event_id!r}, but not their bodies")
    return problems


def problems_of_page(adapter: Adapter, text: str) -> list[str]:
    """Where the adapter's page says what is not so: an option that it does not name, a header that is not read."""
    options = [field.encode_name for field in msgspec.structs.fields(adapter.options)]
    problems = [f"the page does not name the option `{name}`" for name in options if f"`{name}" not in text]
    read = {name.lower() for name in adapter.reads_headers}
    for row, header in re.findall(r"^\| (event ID|topic) \| header `([^`]+)` \|", text, re.MULTILINE):
        if header.lower() not in read:
            problems.append(
                f"the page says that the header `{header}` gives the {row}, which the adapter does not read"
            )
    return problems
