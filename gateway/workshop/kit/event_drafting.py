"""The drafted functions that read an event: who it is, and which orders it holds."""

from collections.abc import Sequence

from gateway.drift.shapes import ITEM
from gateway.workshop.kit.lines import function
from gateway.workshop.kit.page import Page
from gateway.workshop.kit.samples import Node, Steps
from gateway.workshop.kit.spelling import attribute
from gateway.workshop.kit.structs import Structs


def read_headers(page: Page) -> list[str]:
    """The headers that the adapter reads."""
    return [header for header in (page.found.event_header, page.found.topic_header) if header is not None]


def identify_doc(page: Page) -> str:
    """What names an event, in words."""
    if page.found.event_header is not None:
        return f"The header `{page.found.event_header}` names the event; without it the body's hash does."
    if page.found.event_id is not None:
        return f"`{page.found.event_id[-1]}` names the event, which a retry repeats."
    return "Nothing names the event: the body's hash does."


def draft_identify(page: Page) -> tuple[str | None, list[str]]:
    """The envelope's struct, if the rim reads any of the body, and the lines of `identify`."""
    found, fields, lines = page.found, [], []
    topic = "None"
    if found.topic_header is not None:
        page.use("adapters.texts", "topic_of")
        topic = f'topic_of(hook.headers.get("{found.topic_header}"))'
    elif found.topic is not None:
        page.use("adapters.texts", "topic_of")
        topic = f"topic_of(envelope.{attribute(found.topic[-1])})"
        fields.append((found.topic[-1], "Any", " = None"))
    event_id = "None"
    if found.event_header is not None:
        page.use("adapters.texts", "identifier")
        event_id = f'identifier(hook.headers.get("{found.event_header}"), "header {found.event_header}")'
    elif found.event_id is not None:
        key = found.event_id[-1]
        page.use("adapters.texts", "identifier")
        page.use("adapters", "MalformedPayload")
        is_number = "number" in page.body.at(found.event_id).kinds
        fields.insert(0, (key, "str | int" if is_number else "str", ""))
        member = f"envelope.{attribute(key)}"
        lines += [
            f'event_id = identifier({f"str({member})" if is_number else member}, "$.{key}")',
            "if event_id is None:",
            f'    raise MalformedPayload("{key} is empty", path="$.{key}")',
        ]
        event_id = "event_id"
    else:
        page.guess("no member or header names an event: the body's hash does, so a repeat is known by its bytes")
        if page.is_notice:
            page.guess(
                "two notices of one order are the same bytes: keep the source's `hash_window` so short that the "
                "second is no repeat"
            )
    if fields:
        lines.insert(0, "envelope = read_envelope(hook.body)")
    lines.append(f"return Identity(event_id={event_id}, topic={topic})")
    return _envelope(page, fields), lines


def _envelope(page: Page, fields: Sequence[tuple[str, str, str]]) -> str | None:
    if not fields:
        return None
    node = Node()
    node.add({key: "?" for key, _, _ in fields})
    kinds: dict[Steps, str] = {(key,): kind for key, kind, _ in fields}
    required = [(key,) for key, _, default in fields if not default]
    made = Structs(node, page.vendor, kinds, required, {(): "Envelope"})
    made.write()
    text = (
        made.made[-1]
        .text.replace("Any | None = None", "Any = None")
        .replace("What the rim and the translation read.", "What the rim reads.")
    )
    return text.replace("Any | None", "Any")


def draft_notice(page: Page) -> list[str]:
    """The struct of a notice, which tells no more than what to look up."""
    if page.found.lookup_id is None:
        return []
    steps = page.found.lookup_id
    kind = "str | int" if "number" in page.body.at(steps).kinds else "str"
    kinds: dict[Steps, str] = {steps: kind}
    made = Structs(page.body, page.vendor, kinds, [steps], {(): f"{page.vendor}Notice"})
    made.write()
    return [made.made[-1].text.replace("What the rim and the translation read.", "What tells which order to ask for.")]


def draft_translate(page: Page) -> str:
    """The function `translate`."""
    what, loops = ("answer" if page.is_notice else "event"), []
    expression = what
    for place, step in enumerate(page.found.order):
        if step == ITEM:
            one = "order" if ITEM not in page.found.order[place + 1 :] else "entry"
            loops.append(f"for {one} in {expression}")
            expression = one
        else:
            expression += f".{attribute(step)}"
    states = f"_state({expression}, options)"
    result = f"return [{' '.join([states, *loops])}]"
    if not page.is_notice:
        lines = ['"""A state for each order of the event."""', "event = read_event(hook.body)", result]
        return function("translate(hook: Hook, options: Options, _answers: Answers) -> Translation", lines)
    return _asking(page, result)


def _asking(page: Page, result: str) -> str:
    key = (page.found.lookup_id or ("id",))[-1]
    page.use("adapters", "Lookup", "Lookups", "MalformedPayload")
    page.constants.append('ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")')
    mark = page.guess("the path of an order in the vendor's API: `orders/{id}`, relative to option base_url")
    lines = [
        '"""The order of the notice, once the vendor\'s API was asked for it."""',
        f"order_id = str(read_notice(hook.body).{attribute(key)})",
        "if not ORDER_ID.fullmatch(order_id):",
        f'    raise MalformedPayload("no id of an order", path="$.{key}")',
        f'path = f"orders/{{order_id}}"{mark}',
        "body = answers.get(path)",
        "if body is None:",
        "    return Lookups((Lookup(path=path),), subject=path, references=(order_id,))",
        "answer = read_answer(body)",
        result,
    ]
    return function("translate(hook: Hook, options: Options, answers: Answers) -> Translation", lines)
