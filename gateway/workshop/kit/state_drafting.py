"""The drafted function that makes an order's state."""

from collections.abc import Sequence
from textwrap import indent
from typing import Final

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit import names
from gateway.workshop.kit.lines import WIDEST, call, several
from gateway.workshop.kit.measuring import Amount
from gateway.workshop.kit.page import GUESS, Page
from gateway.workshop.kit.proposal import SURE_REFERENCES
from gateway.workshop.kit.samples import Steps
from gateway.workshop.kit.spelling import attribute
from gateway.workshop.kit.timing import find_planned, is_written_otherwise

AMOUNT: Final = "int | float | str"
_CANCELLED: Final = ("cancelled", "canceled", "deleted", "voided", "void")
_WAITS: Final = ("on hold", "hold", "awaiting payment", "pending payment", "draft")
_INSIDE: Final = 16
"""Columns before an argument of the order."""


def draft_state(page: Page) -> str:
    """The function `_state`."""
    head = [*_reference(page), *_clock(page), *_cancelled(page), *_pickup(page)]
    inside = "\n".join(line for lines in _order_lines(page) for line in lines).split("\n")
    page.use("adapters.references", "carrying")
    lines = [
        *head,
        *("with carrying(references):", "    return State(", "        clock=clock,", "        references=references,"),
        "        order=Order(",
        *(f"            {line}" for line in inside),
        *("        ),", "    )"),
    ]
    bindings = [_binding(page, steps) for steps in page.locals]
    text = "\n".join(lines)
    kinds = ["State", *(kind for kind in ("Cancellation", "Ignored") if f"{kind}(" in text)]
    page.use("adapters", *kinds)
    options = "options" if "options." in text else "_options"
    told = page.found.clock.is_events and not page.is_notice
    named = [*(["told_at: str | None"] if told else []), *(["is_cancelled: bool = False"] if page.cancels else [])]
    arguments = [f"order: {page.vendor}Order", f"{options}: Options", *(["*", *named] if named else [])]
    header = call("def _state", arguments, indent=0, end=f" -> {' | '.join(kinds)}:")
    body = ['"""An order as the event tells it."""', *bindings, *lines]
    return "\n".join([*header, indent("\n".join(body), "    ")])


def _binding(page: Page, steps: Steps) -> str:
    name = page.locals[steps]
    if steps[-1] == ITEM:
        above = page.above(steps[:-1])
        arguments = f"iter({above}.{attribute(steps[-2])} or ()), NO_{name.upper()}"
        line = f"{name} = next({arguments})"
        return line if len(line) + 4 <= WIDEST else f"{name} = next(\n    {arguments}\n)"
    above = page.above(steps)
    return f"{name} = {above}.{attribute(steps[-1])} or NO_{name.upper()}"


def _reference(page: Page) -> list[str]:
    found = page.found.reference
    page.drafts("externalOrderId")
    if found is None:
        # Nothing is known of the answer: the id that was asked for names the order until somebody knows better.
        found = ("id",)
        page.order.add({"id": "?"})
        page.found = msgspec.structs.replace(page.found, reference=found, references=(found,))
        page.guess("externalOrderId", "the answer's members: give an answer with --answer, or write its struct")
    page.use("adapters.texts", "identifier", "references_of")
    page.use("adapters", "IncompletePayload")
    is_sure = names.plain(found[-1]) in SURE_REFERENCES and not (page.found.is_named_otherwise or page.found.has_rivals)
    path = page.path(found)
    mark = "" if is_sure else page.guess("externalOrderId", f"`{path}` is the order's id at Trackely")
    return [
        *call("references = references_of", [page.read(steps) for steps in page.found.references], indent=4),
        *call("external_order_id = identifier", [page.read(found), f'"{path}"'], indent=4, mark=mark),
        "if external_order_id is None:",
        *(f"    {line}" for line in call(
            "raise IncompletePayload",
            [f'"no {found[-1]}: an order without an id"', f'path="{path}"', "references=references"], indent=8,
        )),
    ]  # fmt: skip


def _clock(page: Page) -> list[str]:
    found = page.found.clock
    page.drafts("clock")
    if found.steps is None:
        return [
            "clock = None" + page.guess("clock", "no member tells when an order changed: the time of receipt counts")
        ]
    page.use("adapters.moments", "moment")
    node = page.body.at(found.steps) if found.is_events else page.order.at(found.steps)
    where = f"`{'$.' + '.'.join(found.steps) if found.is_events else page.path(found.steps)}`"
    zone = ""
    if node.is_naive_time and not found.is_utc:
        page.needs_zone = True
        zone = ", options.time_zone"
    mark = "" if found.is_sure else page.guess("clock", f"{where} is the time of change")
    return [f"clock = moment({'told_at' if found.is_events else page.read(found.steps)}{zone}){mark}"]


def _cancelled(page: Page) -> list[str]:
    found, tests = page.found, ["is_cancelled"] if page.cancels else []
    waits: list[str] = []
    if found.cancelled_at is not None:
        tests.append(page.read(found.cancelled_at))
    if found.status is not None:
        seen = sorted(set(page.order.at(found.status).texts))
        folded = {" ".join(names.plain_words(word)) for word in seen}
        cancels = [word for word in _CANCELLED if word in folded]
        waits = [word for word in _WAITS if word in folded]
        words = f"the words of `{page.path(found.status)}` that cancel an order; seen: {', '.join(seen)}"
        # Where another member or a topic says it, the status adds nothing that is not certain.
        mark = "" if cancels or tests else page.guess("cancellation", words)
        page.constants.append(f"CANCELLED = {several([f'{chr(34)}{word}{chr(34)}' for word in _CANCELLED])}{mark}")
        page.use("adapters.statuses", "status")
        arguments = [page.read(found.status), "cancels=CANCELLED"]
        if waits:
            mark = page.guess("cancellation", f"an order waits while `{page.path(found.status)}` is {', '.join(waits)}")
            page.constants.append(f"WAITS = {several([f'{chr(34)}{word}{chr(34)}' for word in waits])}{mark}")
            arguments.append("waits=WAITS")
        tests.append('meaning == "cancelled"')
        said = call("meaning = status", arguments, indent=4)
    else:
        said = []
    if not tests:
        return []
    page.drafts("cancellation")
    lines = [*said, f"if {' or '.join(tests)}:"]
    arguments = ["external_order_id=external_order_id", "clock=clock", "references=references"]
    lines += [f"    {line}" for line in call("return Cancellation", arguments, indent=8)]
    if waits:
        lines += ['if meaning == "waits":', '    return Ignored("on hold: nothing to deliver yet", references)']
    return lines


def _pickup(page: Page) -> list[str]:
    found = page.found.pickup
    if found is None:
        return []
    page.use("adapters.statuses", "pickup")
    page.use("adapters", "Ignored")
    read = page.read(found, "bool" if page.order.at(found).kinds == {"boolean"} else "str | bool | int")
    mark = page.guess("pickup", f"`{page.path(found)}` says that the customer fetches the order: it is no delivery")
    return [f"if pickup({read}):{mark}", '    return Ignored("a pick-up: nothing to deliver", references)']


def _order_lines(page: Page) -> list[list[str]]:
    found = page.found
    made = [["external_order_id=external_order_id,"], _address(page)]
    named = [page.read(steps) for steps in found.receiver.names]
    if found.receiver.full_name:
        first, last = (page.read(steps) for steps in found.receiver.full_name)
        named.append(f"f\"{{{first} or ''}} {{{last} or ''}}\"")
    for target, texts in (
        ("customerName", named),
        ("customerContact", [page.read(s) for s in found.receiver.contacts]),
    ):
        if texts:
            page.drafts(target)
            name = {"customerName": "customer_name", "customerContact": "customer_contact"}[target]
            is_doubtful = found.receiver.is_of_several or (
                target == "customerContact" and found.receiver.has_other_mails
            )
            mark = page.guess(target, "it is the receiver's, of several") if is_doubtful else ""
            made.append(_first(page, name, texts, mark))
    made.append(_amount(page, "totalWeight", "total_weight", found.weight))
    made.append(_amount(page, "volume", "volume", found.volume))
    if found.pallets is not None:
        page.use("adapters.units", "whole")
        page.drafts("palletCount")
        arguments = [page.read(found.pallets, AMOUNT), f'"{page.path(found.pallets)}"']
        made.append(call("pallet_count=whole", arguments, indent=_INSIDE, end=","))
    if found.planned is not None:
        made.append(_planned(page, found.planned))
    elif (other := find_planned(page.order, is_written_otherwise)) is not None:
        words = f"`{page.path(other)}` is a planned day that is not written as 2026-12-31: read it by hand"
        made.append([f"planned_date=None,{page.guess('plannedDate', words)}"])
    return made


def _address(page: Page) -> list[str]:
    found = page.found.receiver
    if not found.lines and found.city is None and found.post_code is None:
        page.guess("deliveryAddress", "no member is an address: map deliveryAddress or customerId")
        return [f"delivery_address=None,{GUESS}"]
    place = next(steps for steps in (*found.lines, found.city, found.post_code) if steps is not None)
    path = page.path(place[:-1] or place)
    lines = [page.read(steps) for steps in found.lines]
    parts = {
        "house_number": found.house_number,
        "city": found.city,
        "post_code": found.post_code,
        "state": found.state,
        "country": found.country,
    }
    mark = ""
    page.drafts("deliveryAddress")
    if not found.is_sure:
        what = "" if found.city is not None else ", whose town no member names"
        mark = page.guess("deliveryAddress", f"`{path}` is where the order goes{what}")
    if len(lines) == 1 and not any(parts.values()):
        page.use("adapters.texts", "plain")
        return call("delivery_address=plain", [lines[0], f'"{path}"'], indent=_INSIDE, end=",", mark=mark)
    page.use("adapters.destinations", "destination")
    arguments = [several(lines) if lines else "()"]
    arguments += [f"{name}={page.read(steps)}" for name, steps in parts.items() if steps is not None]
    return call("delivery_address=destination", [*arguments, f'path="{path}"'], indent=_INSIDE, end=",", mark=mark)


def _first(page: Page, name: str, texts: Sequence[str], mark: str) -> list[str]:
    page.use("adapters.texts", "first_of")
    line = f"{name}=first_of({several(texts)}),{mark}"
    if _INSIDE + len(line) <= WIDEST:
        return [line]
    if len(texts) == 1:
        return [f"{name}=first_of({mark}", f"    ({texts[0]},)", "),"]
    return [f"{name}=first_of({mark}", "    (", *(f"        {text}," for text in texts), "    )", "),"]


def _planned(page: Page, steps: Steps) -> list[str]:
    page.use("adapters.moments", "day")
    page.drafts("plannedDate")
    zone, mark = [], ""
    # A date stands as it is; a date-time is a day only somewhere.
    if any(len(text) > len("2026-01-01") for text in page.order.at(steps).texts):
        page.needs_zone = True
        zone = ["options.time_zone"]
        mark = page.guess("plannedDate", f"`{page.path(steps)}` is a date-time: its day is that of option time_zone")
    elif "ship" in names.plain(steps[-1]):
        mark = page.guess("plannedDate", f"`{page.path(steps)}` is the day that is planned, and not one that has been")
    arguments = [page.read(steps), *zone, f'path="{page.path(steps)}"']
    return call("planned_date=day", arguments, indent=_INSIDE, end=",", mark=mark)


def _amount(page: Page, target: str, name: str, amount: Amount | None) -> list[str]:
    if amount is None:
        return []
    path = page.path(amount.steps)
    if not amount.unit and amount.unit_steps is None and target == "volume":
        page.guess(target, f"`{path}` names no unit and is not read: map it, if it is known")
        return []
    page.drafts(target)
    mark = "" if amount.is_sure else page.guess(target, _doubt(amount, path))
    unit = f'"{amount.unit}"' if amount.unit else "options.weight_unit"
    if ITEM in amount.steps:
        start, arguments = "weights", _parts(page, amount, unit)
    elif amount.unit and amount.unit_steps is None:
        start = "kilograms" if target == "totalWeight" else "cubic_metres"
        arguments = [f"{amount.unit}={page.read(amount.steps, AMOUNT)}", f'path="{path}"']
    else:
        start = "weight" if target == "totalWeight" else "volume"
        unit = page.read(amount.unit_steps) if amount.unit_steps is not None else unit
        arguments = [page.read(amount.steps, AMOUNT), unit]
    page.use("adapters.units" if start in ("kilograms", "cubic_metres") else "adapters.measures", start)
    if start not in ("kilograms", "cubic_metres"):
        arguments.append(f'"{path}"')
    page.needs_weight_unit = page.needs_weight_unit or (not amount.unit and amount.unit_steps is None)
    return call(f"{name}={start}", arguments, indent=_INSIDE, end=",", mark=mark)


def _doubt(amount: Amount, path: str) -> str:
    if not amount.unit and amount.unit_steps is None:
        return f"`{path}` names no unit: option weight_unit says it, and without it an order has no weight"
    return f"the order's weight is the sum of `{path}`"


def _parts(page: Page, amount: Amount, unit: str) -> list[str]:
    """The amounts of a list's items, each with its unit and how many there are, by the name `item`."""
    place = amount.steps.index(ITEM) + 1
    above = f"{page.above(amount.steps[: place - 1])}.{attribute(amount.steps[place - 2])}"

    def of_item(steps: Steps, kind: str) -> str:
        page.kinds[(*page.found.order, *steps)] = kind
        first, *rest = (attribute(step) for step in steps[place:])
        return ".".join(["item", first, *rest]) + (f" if item.{first} else None" if rest else "")

    said = of_item(amount.unit_steps, "str") if amount.unit_steps is not None else unit
    count = "None" if amount.count is None else of_item(amount.count, AMOUNT)
    parts, over = [of_item(amount.steps, AMOUNT), said, count], f"for item in {above} or ()"
    line = f"({several(parts)} {over})"
    if _INSIDE + 4 + len(line) < WIDEST:
        return [line]
    inside = ["(", *(f"    {part}," for part in parts), ")", over]
    return ["(\n" + "\n".join(f"        {each}" for each in inside) + "\n    )"]
