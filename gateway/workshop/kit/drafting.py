"""An adapter's module, drafted from samples: a page in the house style, with a mark where it is a guess."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.drift.shapes import ITEM
from gateway.workshop.kit.event_drafting import (
    draft_identify,
    draft_notice,
    draft_translate,
    identify_doc,
    read_headers,
)
from gateway.workshop.kit.identifying import at
from gateway.workshop.kit.lines import function, import_line, import_order, several
from gateway.workshop.kit.page import Page
from gateway.workshop.kit.proposal import Proposal, learn_samples, propose
from gateway.workshop.kit.samples import Node, Sample, Steps, learn
from gateway.workshop.kit.state_drafting import draft_state
from gateway.workshop.kit.structs import Structs

# The templates make Python and Markdown, where HTML's escapes would only do harm.
_environment = Environment(  # noqa: S701 - see above
    loader=PackageLoader("gateway.workshop.kit"), undefined=StrictUndefined, keep_trailing_newline=True
)


class Draft(msgspec.Struct, frozen=True):
    """A drafted adapter: its module's source, its proposal, and what a person must look at.

    `targets` are the members of Trackely's that were drafted, `marked` those of them that are a guess.
    """

    name: str
    source: str
    proposal: Proposal
    body: Node
    answer: Node | None
    guesses: tuple[str, ...]
    options: tuple[dict[str, str], ...]
    example_options: dict[str, Any]
    targets: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()


def draft(name: str, samples: Sequence[Sample], answers: Mapping[str, Any]) -> Draft:
    """The adapter for these samples; `answers` are the vendor's API's to their lookups, decoded, by path."""
    answer = learn(answers.values()) if answers else None
    learned = learn_samples(samples, answer)
    found = propose(samples, learned, answer, tuple(answers))
    return _draft(Page(name, learned.body, answer, found, _lookup_shown(samples, found, answers)))


def _lookup_shown(samples: Sequence[Sample], found: Proposal, answers: Mapping[str, Any]) -> tuple[str, bool]:
    """The path of an order's lookup around its id, and whether an answer's path showed it."""
    ids = {str(at(sample.value, found.lookup_id or ())) for sample in samples}
    for path in answers:
        for one in ids:
            steps = path.split("/")
            if one in steps:
                return "/".join("{}" if step == one else step for step in steps), True
    return "orders/{}", False


def render(template: str, **values: Any) -> str:
    """A template of the kit, filled."""
    return _environment.get_template(template).render(**values)


def _draft(page: Page) -> Draft:
    state = draft_state(page)
    envelope, identify = draft_identify(page)
    names: dict[Steps, str] = {(): f"{page.vendor}Event", page.found.order: f"{page.vendor}Order"}
    translate = draft_translate(page)
    structs = [*envelope, *draft_notice(page), *_structs(page, names)]
    functions = [*translate, state, *_closing(page)]
    page.use("adapters", "Adapter", "Answers", "Hook", "Identity", "Order", "OptionsModel", "Translation")
    if structs:
        page.use("adapters", "VendorModel", "decoder")
    readers, empties, options = _readers(page, names), _empties(page, names), _options(page)
    text = "\n".join([*structs, *functions])
    headers = several([f'"{each}"' for each in read_headers(page)]) if read_headers(page) else ""
    source = render(
        "adapter.py.j2",
        title=page.title,
        name=page.name,
        quirks=_quirks(page),
        stdlib=_stdlib(page, text, options),
        needs_msgspec="msgspec." in text,
        hook="hook" if any("hook" in line for line in identify) else "_hook",
        imports={module: sorted(used, key=import_order) for module, used in sorted(page.imports.items()) if used},
        import_line=import_line,
        constants=page.constants,
        options=options,
        structs=structs,
        readers=[*empties, *readers],
        identify_doc=identify_doc(page),
        identify=identify,
        functions=functions,
        reads_headers=headers,
        has_api=page.is_notice,
    )
    return Draft(
        page.name, re.sub(r"\n{4,}", "\n\n\n", source), page.found, page.body, page.answer, tuple(page.guesses),
        tuple(_option_rows(page)), {"base_url": "https://api.example.com/"} if page.is_notice else {},
        tuple(page.targets), tuple(page.marked),
    )  # fmt: skip


def _stdlib(page: Page, text: str, options: Sequence[str]) -> list[str]:
    used = [*(["Any"] if re.search(r"\bAny\b", text) else []), *(["Literal"] if "Literal[" in str(options) else [])]
    return [
        *(["import re"] if any("re.compile" in line for line in page.constants) else []),
        *([f"from typing import {', '.join(used)}"] if used else []),
    ]


def _structs(page: Page, names: dict[Steps, str]) -> list[str]:
    order, root = page.found.order, page.root
    if page.is_notice and page.answer is None:
        root, order = page.order, ()
    containers = [order[:length] for length in range(1, len(order) + 1)]
    made = Structs(root, page.vendor, page.kinds | page.event_kinds, containers, names)
    if order[:1] == (ITEM,):
        made.write(_object_below(order))
    else:
        made.write()
    return [struct.text for struct in made.made]


def _readers(page: Page, names: Mapping[Steps, str]) -> list[str]:
    order = page.found.order
    lines = []
    topic = page.found.topic
    if (page.found.event_id.steps is not None and page.found.event_id.header is None) or (topic and topic.steps):
        lines.append("read_envelope = decoder(Envelope)")
    if page.is_notice:
        lines.append(f"read_notice = decoder({page.vendor}Notice)")
    shape = names[()]
    if order[:1] == (ITEM,):
        shape = f"list[{names[_object_below(order)]}]"
    lines.append(f"read_{'answer' if page.is_notice else 'event'} = decoder({shape})")
    return lines


def _empties(page: Page, names: Mapping[Steps, str]) -> list[str]:
    order = page.found.order
    return [f"NO_{name.upper()} = {names[(*order, *steps)]}()" for steps, name in page.locals.items()]


def _closing(page: Page) -> list[str]:
    functions = []
    if page.needs_text:
        functions.append(
            function(
                "_text(member: str | float | None) -> str | None",
                [
                    '"""A member that is now a text, now a number."""',
                    "return None if member is None else str(member)",
                ],
            )
        )
    if page.is_notice:
        page.use("adapters", "Api", "Credentials", "Secret")
        lines = [
            '"""Where orders are looked up."""',
            "credentials = None",
            "if options.username is not None and options.password is not None:",
            "    credentials = Credentials(options.username, options.password)",
            "return Api(base_url=options.base_url, credentials=credentials, allow_http=options.allow_http)",
        ]
        functions.append(function("api_of(options: Options) -> Api", lines))
    return functions


def _options(page: Page) -> list[str]:
    lines = []
    if page.is_notice:
        lines += ["    base_url: str", "    username: str | None = None", "    password: Secret | None = None"]
        lines += ["    allow_http: bool = False"]
    if page.needs_weight_unit:
        lines.append('    weight_unit: Literal["kg", "g", "lb", "oz"] | None = None')
    if page.needs_zone:
        page.use("adapters.moments", "fault_of_zone")
        lines += ['    time_zone: str = "UTC"', "", "    def __post_init__(self) -> None:"]
        lines += ["        fault = fault_of_zone(self.time_zone)", "        if fault is not None:"]
        lines += ['            raise ValueError(f"time_zone: {fault}")']
    return ["", *lines] if lines else []


def _option_rows(page: Page) -> list[dict[str, str]]:
    rows = []
    if page.is_notice:
        rows += [
            _row("base_url", "—", "where the vendor's API is", "https://api.example.com/"),
            _row("username", "`null`", "of HTTP Basic", "trackely"),
            _row("password", "`null`", "of HTTP Basic", f'"${{{page.name.upper()}_API_PASSWORD}}"'),
            _row("allow_http", "`false`", "lets lookups travel unencrypted", "false"),
        ]
    if page.needs_weight_unit:
        rows.append(
            _row("weight_unit", "`null`", "of weights that name none: kg, g, lb, oz; without it, no weight", "kg")
        )
    if page.needs_zone:
        rows.append(_row("time_zone", '`"UTC"`', "of times that name none", "UTC"))
    return rows


def _quirks(page: Page) -> list[str]:
    quirks = [
        identify_doc(page).rstrip(".").replace("Nothing names", "nothing names").replace("The header", "the header")
    ]
    if page.is_notice:
        quirks.append("the webhook is a notice: the order is looked up")
    if ITEM in page.found.order:
        quirks.append(f"one event holds many orders, in `{page.path(())}`")
    weight = page.found.weight
    if weight is not None and weight.unit_steps is not None:
        quirks.append(f"the payload says the unit of `{page.path(weight.steps)}`")
    elif weight is not None and weight.unit != "kilograms":
        quirks.append(f"weights are {weight.unit or 'in a unit that nothing says'}")
    if page.needs_zone:
        quirks.append("some times name no zone: they are local to option `time_zone`")
    return [f"{quirk}." for quirk in quirks]


def _object_below(order: Steps) -> Steps:
    """The first object on the way to an order in a body that is a list."""
    length = next((place for place, step in enumerate(order) if step != ITEM), len(order))
    return order[:length]


def _row(name: str, default: str, meaning: str, example: str) -> dict[str, str]:
    return {"name": name, "default": default, "meaning": meaning, "example": example}
