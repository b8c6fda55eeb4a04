"""The drafted function that makes an order's state."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.workshop.kit.lines import call, field
from gateway.workshop.kit.page import GUESS, Page
from gateway.workshop.kit.proposal import Amount
from gateway.workshop.kit.samples import Steps
from gateway.workshop.kit.spelling import attribute

AMOUNT: Final = "int | float | str"


def draft_state(page: Page) -> str:
    """The function `_state`."""
    lines = _reference(page)
    page.use("adapters.texts", "references_of")
    references = [page.read(steps) for steps in page.found.references]
    lines.append(call("references = references_of", references or ["external_order_id"]))
    lines.append(_clock(page))
    lines += _cancelled(page)
    lines += _address(page)
    lines += ["return State(", "    clock=clock,", "    references=references,", "    order=Order("]
    lines += [f"        {line}" for line in _order_lines(page)]
    lines += ["    ),", ")"]
    bindings = [_binding(page, steps) for steps in page.locals]
    options = "options" if any("options." in line for line in lines) else "_options"
    returns = "State | Cancellation" if any("Cancellation(" in line for line in lines) else "State"
    header = f"def _state(order: {page.vendor}Order, {options}: Options) -> {returns}:"
    body = ['"""An order as the event tells it."""', *bindings, *lines]
    return "\n".join([header, *(f"    {line}" if line else "" for line in body)])


def _binding(page: Page, steps: Steps) -> str:
    above = page.locals[steps[:-1]] if len(steps) > 1 else "order"
    return f"{page.locals[steps]} = {above}.{attribute(steps[-1])} or NO_{page.locals[steps].upper()}"


def _reference(page: Page) -> list[str]:
    found = page.found.reference
    if found is None:
        # Nothing is known of the answer: the id that was asked for names the order until somebody knows better.
        found = ("id",)
        page.order.add({"id": "?"})
        page.found = msgspec.structs.replace(page.found, reference=found, references=(found,))
        page.guess("the answer's members: give an answer with --answer, or write its struct")
    page.use("adapters.texts", "identifier")
    page.use("adapters", "IncompletePayload")
    mark = (
        ""
        if found[-1].lower() not in ("id", "number", "no", "ref")
        else page.guess(f"`{page.path(found)}` is the order's id at Trackely")
    )
    path = page.path(found)
    return [
        f'external_order_id = identifier({page.read(found)}, "{path}"){mark}',
        "if external_order_id is None:",
        f'    raise IncompletePayload("no {found[-1]}: an order without an id", path="{path}")',
    ]


def _clock(page: Page) -> str:
    found = page.found.changed
    if found is None:
        return "clock = None" + page.guess("no member tells when an order changed: the time of receipt counts")
    page.use("adapters.moments", "moment")
    mark = page.guess(f"`{page.path(found)}` is the time of change") if "creat" in found[-1].lower() else ""
    return f"clock = moment({page.read(found)}{_zone(page, found)}){mark}"


def _zone(page: Page, steps: Steps) -> str:
    if not page.order.at(steps).is_naive_time:
        return ""
    page.needs_zone = True
    return ", options.time_zone"


def _cancelled(page: Page) -> list[str]:
    found = page.found
    if found.cancelled_at is not None:
        test = f"if {page.read(found.cancelled_at)}:"
    elif found.status is not None:
        seen = ", ".join(sorted(set(page.order.at(found.status).texts)))
        mark = page.guess(f"the words of `{page.path(found.status)}` that cancel an order; seen: {seen}")
        page.constants.append(f'CANCELLED = frozenset({{"cancelled", "canceled", "deleted", "void"}}){mark}')
        test = f'if ({page.read(found.status)} or "").strip().lower() in CANCELLED:'
    else:
        return []
    page.use("adapters", "Cancellation")
    return [
        test,
        "    return Cancellation(external_order_id=external_order_id, clock=clock, references=references)",
    ]


def _address(page: Page) -> list[str]:
    found = page.found
    if not found.lines and found.city is None:
        page.guess("no member is an address: map deliveryAddress or customerId")
        return []
    place = (found.lines or (found.city or ("",),))[0]
    where = place[:-1] or place
    path = page.path(where)
    lines = [page.read(steps) for steps in found.lines]
    parts = {"city": found.city, "post_code": found.post_code, "state": found.state, "country": found.country}
    if len(lines) == 1 and not any(parts.values()):
        page.use("adapters.texts", "plain")
        made = [f'address = plain({lines[0]}, "{path}")']
    else:
        page.use("adapters.addresses", "one_line")
        made = ["address = one_line(", f"    ({', '.join(lines)}{',' if len(lines) == 1 else ''}),"]
        made += [f"    {name}={page.read(steps)}," for name, steps in parts.items() if steps is not None]
        made += [f'    path="{path}",', ")"]
    return [
        *made,
        "if address is None:",
        f'    raise IncompletePayload("no {where[-1]}: nowhere to deliver", path="{path}")',
    ]


def _order_lines(page: Page) -> list[str]:
    found = page.found
    lines = ["external_order_id=external_order_id,"]
    has_address = bool(found.lines or found.city)
    lines.append("delivery_address=address," if has_address else f"delivery_address=None,{GUESS}")
    names = [page.read(steps) for steps in found.names]
    if found.full_name:
        first, last = (page.read(steps) for steps in found.full_name)
        names.append(f'f"{{{first} or ""}} {{{last} or ""}}"'.replace('or ""', "or ''"))
    if names:
        lines += field("customer_name", _first(page, names))
    if found.contacts:
        lines += field("customer_contact", _first(page, [page.read(steps) for steps in found.contacts]))
    lines += _amount(page, "total_weight", "kilograms", found.weight, "kilograms")
    lines += _amount(page, "volume", "cubic_metres", found.volume, "cubic metres")
    if found.pallets is not None:
        page.use("adapters.units", "whole")
        lines.append(f'pallet_count=whole({page.read(found.pallets, AMOUNT)}, "{page.path(found.pallets)}"),')
    if found.planned is not None:
        page.use("adapters.moments", "day")
        zone = _day_zone(page, found.planned)
        lines.append(f'planned_date=day({page.read(found.planned)}, {zone}path="{page.path(found.planned)}"),')
    return lines


def _first(page: Page, expressions: Sequence[str]) -> str:
    page.use("adapters.texts", "first_of")
    inside = ", ".join(expressions)
    return f"first_of(({inside}{',' if len(expressions) == 1 else ''}))"


def _day_zone(page: Page, steps: Steps) -> str:
    # A date stands as it is; a date-time is a day only somewhere.
    if all(len(text) <= len("2026-01-01") for text in page.order.at(steps).texts):
        return ""
    page.needs_zone = True
    page.guess(f"`{page.path(steps)}` is a date-time: its day is that of option time_zone")
    return "options.time_zone, "


def _amount(page: Page, target: str, function: str, amount: Amount | None, unit: str) -> list[str]:
    if amount is None:
        return []
    page.use("adapters.units", function)
    shown = unit if amount.unit == function else amount.unit.replace("_", " ")
    mark = "" if amount.is_sure else page.guess(f"`{page.path(amount.steps)}` is in {shown}")
    expression = page.read(amount.steps, AMOUNT)
    return [f'{target}={function}({amount.unit}={expression}, path="{page.path(amount.steps)}"),{mark}']
