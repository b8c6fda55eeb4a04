"""What is claimed of an adapter: by its cases, that events have IDs of their own; by its page, what it reads."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from adapters import Adapter
from gateway.drift.shapes import shapes_of
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


def problems_of_page(adapter: Adapter, text: str, cases: Sequence[Case]) -> list[str]:
    """Where the adapter's page is unfinished, or says what is not so.

    It names every option, and says in a row each what names an event and what is the time of change; what these name is
    read, and they are none only where no golden case has one.
    """
    options = [field.encode_name for field in msgspec.structs.fields(adapter.options)]
    problems = [f"the page does not name the option `{name}`" for name in options if f"`{name}" not in text]
    shapes = shapes_of(adapter)
    read = {name.lower() for name in (*adapter.reads_headers, *adapter.reads_parameters, *options)}
    members = {step.lower() for steps in shapes.members() for step in steps}
    rows = dict(re.findall(r"^\| (event ID|topic|time of change) \| (.+) \|$", text, re.MULTILINE))
    for row, shown in (("event ID", _event_ids(cases)), ("time of change", _clocks(cases))):
        if row not in rows:
            problems.append(f"the page is unfinished: no row `| {row} | … |` says where it comes from")
        elif shown and _NONE.match(rows[row]):
            problems.append(f"the page says of the {row}: {rows[row]}; golden cases have one, such as {shown[0]}")
    for row, said in rows.items():
        headers = [f"the header `{name}`" for name in re.findall(r"header `([^`]+)`", said) if name.lower() not in read]
        named = re.findall(r"(?<!header )`([\w.$-]+)`", said) if shapes.are_known else []
        strange = [f"`{name}`" for name in named if name.split(".")[-1].lower() not in read | members]
        problems += [
            f"the page says that {what} gives the {row}, which the adapter does not read"
            for what in (*headers, *strange)
        ]
    return problems


_NONE = re.compile(r"none\b|nothing|the time of receipt|the body's hash|a hash of the body")


def _told(cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
    """What is expected of each event of the cases."""
    for case in cases:
        yield from case.expected.get("events", [case.expected])


def _event_ids(cases: Iterable[Case]) -> list[str]:
    return [told["eventId"] for told in _told(cases) if isinstance(told.get("eventId"), str)]


def _clocks(cases: Iterable[Case]) -> list[str]:
    return [state["clock"] for told in _told(cases) for state in told.get("states", ()) if state.get("clock")]
