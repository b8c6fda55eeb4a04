"""The drafted functions that read an event: who it is, and which orders it holds."""

from gateway.drift.shapes import ITEM, written
from gateway.workshop.kit.lines import call, function
from gateway.workshop.kit.page import Page
from gateway.workshop.kit.samples import Node, Steps
from gateway.workshop.kit.spelling import attribute, class_name
from gateway.workshop.kit.structs import Structs

ARGUMENTS = "hook: Hook, options: Options, answers: Answers"


def read_headers(page: Page) -> list[str]:
    """The headers that the adapter reads."""
    topic = None if page.found.topic is None else page.found.topic.header
    return [header for header in (page.found.event_id.header, topic) if header is not None]


def identify_doc(page: Page) -> str:
    """What names an event, in words."""
    found = page.found.event_id
    if found.header is not None:
        return f"The header `{found.header}` names the event; without it the body's hash does."
    if found.steps is not None:
        return f"`{'.'.join(found.steps)}` names the event, which a retry repeats."
    return "Nothing names the event: the body's hash does."


def draft_identify(page: Page) -> tuple[list[str], list[str]]:
    """The envelope's structs, if the rim reads any of the body, and the lines of `identify`."""
    event_id, lines = _event_id(page)
    topic = page.found.topic
    said = None
    if topic is not None:
        page.use("adapters.texts", "topic_of")
        page.drafts("topic")
        member = "hook.path" if topic.is_path else f'hook.headers.get("{topic.header}")'
        said = f"topic_of({_envelope_member(topic.steps)})" if topic.steps else f"topic_of({member})"
    members = _envelope_kinds(page)
    if members:
        lines.insert(0, "envelope = read_envelope(hook.body)")
    lines.append(f"return Identity(event_id={event_id}, topic={said})")
    return _envelope(page, members), lines


def _event_id(page: Page) -> tuple[str, list[str]]:
    found = page.found.event_id
    mark = ""
    page.drafts("eventId")
    if not found.is_proven:
        said = f"header {found.header}" if found.header else f"`{written(found.steps)}`" if found.steps else None
        mark = page.guess(
            "eventId",
            "no member or header names an event: the body's hash does, so a repeat is known by its bytes"
            if said is None
            else f"{said} names one event: only samples of several events would prove that it changes with each",
        )
    if found.header is None and found.steps is None:
        if page.is_notice:
            page.guess(
                "eventId",
                "two notices of one order are the same bytes: keep the source's `hash_window` so short that the "
                "second is no repeat",
            )
        return "None", []
    page.use("adapters.texts", "identifier")
    if found.header is not None:
        line = call(
            "event_id = identifier",
            [f'hook.headers.get("{found.header}")', f'"header {found.header}"'],
            indent=4,
            mark=mark,
        )
        return "event_id", line
    steps = found.steps or ()
    path = written(steps)
    is_number = "number" in page.body.at(steps).kinds
    member = _envelope_member(steps)
    page.use("adapters", "MalformedPayload")
    return "event_id", [
        *call("event_id = identifier", [f"str({member})" if is_number else member, f'"{path}"'], indent=4, mark=mark),
        "if event_id is None:",
        f'    raise MalformedPayload("{steps[-1]} is empty", path="{path}")',
    ]


def _envelope_member(steps: Steps | None) -> str:
    return ".".join(["envelope", *(attribute(step) for step in steps or ())])


def _envelope_kinds(page: Page) -> dict[Steps, str]:
    found: dict[Steps, str] = {}
    if page.found.event_id.header is None and page.found.event_id.steps is not None:
        steps = page.found.event_id.steps
        found[steps] = "str | int" if "number" in page.body.at(steps).kinds else "str"
    if page.found.topic is not None and page.found.topic.steps is not None:
        found[page.found.topic.steps] = "Any"
    return found


def _envelope(page: Page, kinds: dict[Steps, str]) -> list[str]:
    if not kinds:
        return []
    node = Node()
    for steps in kinds:
        value: object = "?"
        for step in reversed(steps):
            value = {step: value}
        node.add(value)
    # What only one of two members has must not make the other optional.
    required = [steps for steps, kind in kinds.items() if kind != "Any"]
    required += [steps[:length] for steps in kinds for length in range(1, len(steps))]
    names: dict[Steps, str] = {(): "Envelope"}
    names |= {steps[:1]: f"Envelope{class_name(steps[0], page.vendor)}" for steps in kinds if len(steps) > 1}
    made = Structs(node, page.vendor, kinds, required, names)
    made.write()
    return [
        struct.text.replace("Any | None", "Any").replace(
            "What the rim and the translation read.", "What the rim reads."
        )
        for struct in made.made
    ]


def draft_notice(page: Page) -> list[str]:
    """The structs of a notice, which tells no more than what to look up."""
    steps = page.found.link or page.found.lookup_id
    if steps is None:
        return []
    kind = "str | int" if "number" in page.body.at(steps).kinds else "str"
    required = [steps[:length] for length in range(1, len(steps) + 1)]
    names: dict[Steps, str] = {(): f"{page.vendor}Notice"}
    names |= {above: f"Notice{class_name(above[-1], page.vendor)}" for above in required[:-1]}
    made = Structs(page.body, page.vendor, {steps: kind}, required, names)
    made.write()
    return [
        struct.text.replace("What the rim and the translation read.", "What tells which order to ask for.")
        for struct in made.made
    ]


def draft_translate(page: Page) -> list[str]:
    """The function `translate`, and those of the topics before it."""
    made = [_looking_up(page) if page.is_notice else _reading(page, "_orders", "A state for each order of the event.")]
    if page.cancels:
        made.append(_reading(page, "_cancellations", "A cancellation of each order of the event.", is_cancelled=True))
    if not page.found.topics:
        return [*made[1:], made[0].replace("def _orders(", "def translate(", 1)]
    page.use("adapters.topics", "topics")
    page.use("adapters", "Hook", "Answers", "Translation")
    lines = ['"""By topic; one that the table does not list brings no order."""']
    lines.append("return by_topic(identify(hook).topic, hook, options, answers)")
    return [*made, _table(page), function(f"translate({ARGUMENTS}) -> Translation", lines)]


def _table(page: Page) -> str:
    rows = []
    for topic in page.found.topics:
        mark = ""
        if topic.brings != "orders":
            mark = page.guess("topics", f"topic {topic.name}: {topic.why or 'it cancels its orders'}")
        what = {"orders": "_orders", "cancellations": "_cancellations" if page.cancels else "_orders"}.get(topic.brings)
        rows.append(f'        "{_escaped(topic.name)}": {what or _quoted(topic.why)},{mark}')
    page.drafts("topics")
    return "\n".join(["by_topic = topics(", "    {", *rows, "    },", "    without=_orders,", ")"])


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode().replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _reading(page: Page, name: str, doc: str, *, is_cancelled: bool = False) -> str:
    lines = [f'"""{doc}"""', "event = read_event(hook.body)", *_states(page, "event", is_cancelled=is_cancelled)]
    return function(f"{name}({ARGUMENTS}) -> Translation", lines)


def _states(page: Page, what: str, *, is_cancelled: bool = False) -> list[str]:
    page.use("adapters.lists", "each")
    expression, loops = what, []
    for place, step in enumerate(page.found.order):
        if step == ITEM:
            one = "order" if ITEM not in page.found.order[place + 1 :] else "entry"
            loops.append(f"for {one} in {expression}")
            expression = one
        else:
            expression += f".{attribute(step)}"
    orders = f"({expression},)"
    if len(loops) == 1 and expression == "order":
        orders = loops[0].removeprefix("for order in ")
    elif loops:
        orders = f"({expression} {' '.join(loops)})"
    arguments = [orders, "_state", "options"]
    if page.found.clock.is_events and page.found.clock.steps is not None:
        page.event_kinds[page.found.clock.steps] = "str"
        above = [f"event.{attribute(step)}" for step in page.found.clock.steps[:1]]
        rest = page.found.clock.steps[1:]
        told = f"{above[0]}.{attribute(rest[0])} if {above[0]} else None" if rest else above[0]
        arguments.append(f"told_at={told}")
    if is_cancelled:
        arguments.append("is_cancelled=True")
    return call("return each", arguments, indent=4)


def _looking_up(page: Page) -> str:
    page.use("adapters", "Lookup", "Lookups")
    steps = page.found.link or page.found.lookup_id or ()
    member = ".".join(["read_notice(hook.body)", *(attribute(step) for step in steps)])
    path = written(steps)
    lines = ['"""The order of the notice, once the vendor\'s API was asked for it."""']
    if page.found.link is not None:
        page.use("adapters.links", "lookup_of")
        page.imports["adapters"].discard("Lookup")
        mark = page.guess("lookup", f"the path of `{path}` is the order's in the vendor's API, below option base_url")
        lines += [f'lookup = lookup_of({member}, "{path}"){mark}']
        reference = ""
    else:
        template, is_shown = page.lookup
        mark = "" if is_shown else page.guess(
            "lookup", "the path of an order in the vendor's API: `orders/{id}`, relative to option base_url"
        )  # fmt: skip
        page.use("adapters", "MalformedPayload")
        page.constants.append('ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")')
        lines += [
            f"order_id = str({member})",
            "if not ORDER_ID.fullmatch(order_id):",
            f'    raise MalformedPayload("no id of an order", path="{path}")',
            f'lookup = Lookup(path=f"{template.replace("{}", "{order_id}")}"){mark}',
        ]
        reference = ", references=(order_id,)"
    lines += [
        "body = answers.get(lookup.key)",
        "if body is None:",
        f"    return Lookups((lookup,), subject=lookup.key{reference})",
        "answer = read_answer(body)",
        *_states(page, "answer"),
    ]
    return function(f"_orders({ARGUMENTS}) -> Translation", lines)
