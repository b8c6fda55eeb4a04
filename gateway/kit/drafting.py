"""An adapter's module, drafted from samples: a page in the house style, with a mark where it is a guess."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.drift.shapes import ITEM, written
from gateway.kit.proposal import Amount, Proposal, propose
from gateway.kit.samples import Node, Sample, Steps, learn
from gateway.kit.spelling import attribute
from gateway.kit.structs import Structs

GUESS: Final = "  # guess"
AMOUNT: Final = "int | float | str"
WIDEST: Final = 110

# The templates make Python and Markdown, where HTML's escapes would only do harm.
_environment = Environment(  # noqa: S701 - see above
    loader=PackageLoader("gateway.kit"), undefined=StrictUndefined, keep_trailing_newline=True
)


class Draft(msgspec.Struct, frozen=True):
    """A drafted adapter: its module's source, its proposal, and what a person must look at."""

    name: str
    source: str
    proposal: Proposal
    body: Node
    answer: Node | None
    guesses: tuple[str, ...]
    options: tuple[dict[str, str], ...]
    example_options: dict[str, Any]


def draft(name: str, samples: Sequence[Sample], answers: Sequence[Any]) -> Draft:
    """The adapter for these samples; `answers` are the decoded answers of the vendor's API to their lookups."""
    body = learn(sample.value for sample in samples)
    answer = learn(answers) if answers else None
    return _Drafting(name, samples, body, answer, propose(samples, body, answer)).draft()


def render(template: str, **values: Any) -> str:
    """A template of the kit, filled."""
    return _environment.get_template(template).render(**values)


class _Drafting:
    """One adapter on its way: expressions are made in order, and remember what they use."""

    def __init__(self, name: str, samples: Sequence[Sample], body: Node, answer: Node | None, found: Proposal) -> None:
        self.name = name
        self.vendor = "".join(word.capitalize() for word in name.split("_"))
        self.samples = samples
        self.body = body
        self.answer = answer
        self.found = found
        self.root = answer if answer is not None else body
        self.is_notice = found.lookup_id is not None
        self.order = self.root.at(found.order) if not self.is_notice or answer is not None else Node()
        self.kinds: dict[Steps, str] = {}
        self.locals: dict[Steps, str] = {}
        self.imports: dict[str, set[str]] = {"adapters": set()}
        self.guesses: list[str] = []
        self.constants: list[str] = []
        self.needs_zone = False
        self.needs_text = False

    def draft(self) -> Draft:
        state = self._state()
        envelope, identify = self._identify()
        names: dict[Steps, str] = {(): f"{self.vendor}Event", self.found.order: f"{self.vendor}Order"}
        structs = [*([envelope] if envelope else []), *self._notice(), *self._structs(names)]
        translate = self._translate()
        functions = [translate, state, *self._closing()]
        self._use("adapters", "Adapter", "Answers", "Hook", "Identity", "Order", "OptionsModel", "State", "Translation")
        if structs:
            self._use("adapters", "VendorModel", "decoder")
        readers, empties, options = self._readers(names), self._empties(names), self._options()
        text = "\n".join([*structs, *functions])
        source = render(
            "adapter.py.j2",
            title=self.title,
            name=self.name,
            quirks=self._quirks(),
            stdlib=[*(["import re"] if self.is_notice else []), *(["from typing import Any"] if "Any" in text else [])],
            needs_msgspec="msgspec." in text,
            hook="hook" if any("hook" in line for line in identify) else "_hook",
            imports={module: sorted(used, key=_import_order) for module, used in sorted(self.imports.items()) if used},
            import_line=_import_line,
            constants=self.constants,
            options=options,
            structs=structs,
            readers=[*empties, *readers],
            identify_doc=self._identify_doc(),
            identify=identify,
            functions=functions,
            reads_headers=", ".join(f'"{header}"' for header in self._headers()),
            has_api=self.is_notice,
        )
        source = re.sub(r"\n{4,}", "\n\n\n", source)
        return Draft(
            self.name, source, self.found, self.body, self.answer, tuple(self.guesses),
            tuple(self._option_rows()), {"base_url": "https://api.example.com/"} if self.is_notice else {},
        )  # fmt: skip

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").title()

    # -- expressions

    def _use(self, module: str, *names: str) -> None:
        self.imports.setdefault(module, set()).update(names)

    def _guess(self, words: str) -> str:
        self.guesses.append(words)
        return GUESS

    def _read(self, steps: Steps, kind: str | None = None) -> str:
        """An expression for a member of an order, which is then read as `kind` (None: as a text)."""
        node = self.order.at(steps)
        holds_number = "number" in node.kinds or not node.kinds
        self.kinds[(*self.found.order, *steps)] = kind or ("str | int | float" if "number" in node.kinds else "str")
        above = "order"
        for length in range(1, len(steps)):
            above = self.locals.setdefault(steps[:length], self._local(steps[:length]))
        expression = f"{above}.{attribute(steps[-1])}"
        if kind is None and holds_number and node.kinds:
            self.needs_text = True
            return f"_text({expression})"
        return expression

    def _local(self, steps: Steps) -> str:
        name = attribute(steps[-1])
        taken = {*self.locals.values(), "order", "options", "state", "address", "clock", "references"}
        while name in taken:
            name += "_part"
        return name

    def _path(self, steps: Steps) -> str:
        return written((*self.found.order, *steps))

    # -- the state

    def _state(self) -> str:
        lines = self._reference()
        self._use("adapters.texts", "references_of")
        references = [self._read(steps) for steps in self.found.references]
        lines.append(_call("references = references_of", references or ["external_order_id"]))
        lines.append(self._clock())
        lines += self._cancelled()
        lines += self._address()
        lines += ["return State(", "    clock=clock,", "    references=references,", "    order=Order("]
        lines += [f"        {line}" for line in self._order_lines()]
        lines += ["    ),", ")"]
        bindings = [self._binding(steps) for steps in self.locals]
        options = "options" if any("options." in line for line in lines) else "_options"
        returns = "State | Cancellation" if any("Cancellation(" in line for line in lines) else "State"
        header = f"def _state(order: {self.vendor}Order, {options}: Options) -> {returns}:"
        body = ['"""An order as the event tells it."""', *bindings, *lines]
        return "\n".join([header, *(f"    {line}" if line else "" for line in body)])

    def _binding(self, steps: Steps) -> str:
        above = self.locals[steps[:-1]] if len(steps) > 1 else "order"
        return f"{self.locals[steps]} = {above}.{attribute(steps[-1])} or NO_{self.locals[steps].upper()}"

    def _reference(self) -> list[str]:
        found = self.found.reference
        if found is None:
            # Nothing is known of the answer: the id that was asked for names the order until somebody knows better.
            found = ("id",)
            self.order.add({"id": "?"})
            self.found = msgspec.structs.replace(self.found, reference=found, references=(found,))
            self._guess("the answer's members: give an answer with --answer, or write its struct")
        self._use("adapters.texts", "identifier")
        self._use("adapters", "IncompletePayload")
        mark = (
            ""
            if found[-1].lower() not in ("id", "number", "no", "ref")
            else self._guess(f"`{self._path(found)}` is the order's id at Trackely")
        )
        path = self._path(found)
        return [
            f'external_order_id = identifier({self._read(found)}, "{path}"){mark}',
            "if external_order_id is None:",
            f'    raise IncompletePayload("no {found[-1]}: an order without an id", path="{path}")',
        ]

    def _clock(self) -> str:
        found = self.found.changed
        if found is None:
            return "clock = None" + self._guess("no member tells when an order changed: the time of receipt counts")
        self._use("adapters.moments", "moment")
        mark = self._guess(f"`{self._path(found)}` is the time of change") if "creat" in found[-1].lower() else ""
        return f"clock = moment({self._read(found)}{self._zone(found)}){mark}"

    def _zone(self, steps: Steps) -> str:
        if not self.order.at(steps).is_naive_time:
            return ""
        self.needs_zone = True
        return ", options.time_zone"

    def _cancelled(self) -> list[str]:
        found = self.found
        if found.cancelled_at is not None:
            test = f"if {self._read(found.cancelled_at)}:"
        elif found.status is not None:
            seen = ", ".join(sorted(set(self.order.at(found.status).texts)))
            mark = self._guess(f"the words of `{self._path(found.status)}` that cancel an order; seen: {seen}")
            self.constants.append(f'CANCELLED = frozenset({{"cancelled", "canceled", "deleted", "void"}}){mark}')
            test = f'if ({self._read(found.status)} or "").strip().lower() in CANCELLED:'
        else:
            return []
        self._use("adapters", "Cancellation")
        return [
            test,
            "    return Cancellation(external_order_id=external_order_id, clock=clock, references=references)",
        ]

    def _address(self) -> list[str]:
        found = self.found
        if not found.lines and found.city is None:
            self._guess("no member is an address: map deliveryAddress or customerId")
            return []
        place = (found.lines or (found.city or ("",),))[0]
        where = place[:-1] or place
        path = self._path(where)
        lines = [self._read(steps) for steps in found.lines]
        parts = {"city": found.city, "post_code": found.post_code, "state": found.state, "country": found.country}
        if len(lines) == 1 and not any(parts.values()):
            self._use("adapters.texts", "plain")
            made = [f'address = plain({lines[0]}, "{path}")']
        else:
            self._use("adapters.addresses", "one_line")
            made = ["address = one_line(", f"    ({', '.join(lines)}{',' if len(lines) == 1 else ''}),"]
            made += [f"    {name}={self._read(steps)}," for name, steps in parts.items() if steps is not None]
            made += [f'    path="{path}",', ")"]
        return [
            *made,
            "if address is None:",
            f'    raise IncompletePayload("no {where[-1]}: nowhere to deliver", path="{path}")',
        ]

    def _order_lines(self) -> list[str]:
        found = self.found
        lines = ["external_order_id=external_order_id,"]
        has_address = bool(found.lines or found.city)
        lines.append("delivery_address=address," if has_address else f"delivery_address=None,{GUESS}")
        names = [self._read(steps) for steps in found.names]
        if found.full_name:
            first, last = (self._read(steps) for steps in found.full_name)
            names.append(f'f"{{{first} or ""}} {{{last} or ""}}"'.replace('or ""', "or ''"))
        if names:
            lines += _field("customer_name", self._first(names))
        if found.contacts:
            lines += _field("customer_contact", self._first([self._read(steps) for steps in found.contacts]))
        lines += self._amount("total_weight", "kilograms", found.weight, "kilograms")
        lines += self._amount("volume", "cubic_metres", found.volume, "cubic metres")
        if found.pallets is not None:
            self._use("adapters.units", "whole")
            lines.append(f'pallet_count=whole({self._read(found.pallets, AMOUNT)}, "{self._path(found.pallets)}"),')
        if found.planned is not None:
            self._use("adapters.moments", "day")
            zone = self._day_zone(found.planned)
            lines.append(f'planned_date=day({self._read(found.planned)}, {zone}path="{self._path(found.planned)}"),')
        return lines

    def _first(self, expressions: Sequence[str]) -> str:
        self._use("adapters.texts", "first_of")
        inside = ", ".join(expressions)
        return f"first_of(({inside}{',' if len(expressions) == 1 else ''}))"

    def _day_zone(self, steps: Steps) -> str:
        # A date stands as it is; a date-time is a day only somewhere.
        if all(len(text) <= len("2026-01-01") for text in self.order.at(steps).texts):
            return ""
        self.needs_zone = True
        self._guess(f"`{self._path(steps)}` is a date-time: its day is that of option time_zone")
        return "options.time_zone, "

    def _amount(self, target: str, function: str, amount: Amount | None, unit: str) -> list[str]:
        if amount is None:
            return []
        self._use("adapters.units", function)
        shown = unit if amount.unit == function else amount.unit.replace("_", " ")
        mark = "" if amount.is_sure else self._guess(f"`{self._path(amount.steps)}` is in {shown}")
        expression = self._read(amount.steps, AMOUNT)
        return [f'{target}={function}({amount.unit}={expression}, path="{self._path(amount.steps)}"),{mark}']

    # -- the event

    def _headers(self) -> list[str]:
        return [header for header in (self.found.event_header, self.found.topic_header) if header is not None]

    def _identify_doc(self) -> str:
        if self.found.event_header is not None:
            return f"The header `{self.found.event_header}` names the event; without it the body's hash does."
        if self.found.event_id is not None:
            return f"`{self.found.event_id[-1]}` names the event, which a retry repeats."
        return "Nothing names the event: the body's hash does."

    def _identify(self) -> tuple[str | None, list[str]]:
        """The envelope's struct, if the rim reads any of the body, and the lines of `identify`."""
        found, fields, lines = self.found, [], []
        topic = "None"
        if found.topic_header is not None:
            self._use("adapters.texts", "topic_of")
            topic = f'topic_of(hook.headers.get("{found.topic_header}"))'
        elif found.topic is not None:
            self._use("adapters.texts", "topic_of")
            topic = f"topic_of(envelope.{attribute(found.topic[-1])})"
            fields.append((found.topic[-1], "Any", " = None"))
        event_id = "None"
        if found.event_header is not None:
            self._use("adapters.texts", "identifier")
            event_id = f'identifier(hook.headers.get("{found.event_header}"), "header {found.event_header}")'
        elif found.event_id is not None:
            key = found.event_id[-1]
            self._use("adapters.texts", "identifier")
            self._use("adapters", "MalformedPayload")
            is_number = "number" in self.body.at(found.event_id).kinds
            fields.insert(0, (key, "str | int" if is_number else "str", ""))
            member = f"envelope.{attribute(key)}"
            lines += [
                f'event_id = identifier({f"str({member})" if is_number else member}, "$.{key}")',
                "if event_id is None:",
                f'    raise MalformedPayload("{key} is empty", path="$.{key}")',
            ]
            event_id = "event_id"
        else:
            self._guess("no member or header names an event: the body's hash does, so a repeat is known by its bytes")
        if fields:
            lines.insert(0, "envelope = read_envelope(hook.body)")
        lines.append(f"return Identity(event_id={event_id}, topic={topic})")
        return self._envelope(fields), lines

    def _envelope(self, fields: Sequence[tuple[str, str, str]]) -> str | None:
        if not fields:
            return None
        node = Node()
        node.add({key: "?" for key, _, _ in fields})
        kinds: dict[Steps, str] = {(key,): kind for key, kind, _ in fields}
        required = [(key,) for key, _, default in fields if not default]
        made = Structs(node, self.vendor, kinds, required, {(): "Envelope"})
        made.write()
        text = (
            made.made[-1]
            .text.replace("Any | None = None", "Any = None")
            .replace("What the rim and the translation read.", "What the rim reads.")
        )
        return text.replace("Any | None", "Any")

    def _notice(self) -> list[str]:
        """The struct of a notice, which tells no more than what to look up."""
        if self.found.lookup_id is None:
            return []
        steps = self.found.lookup_id
        kind = "str | int" if "number" in self.body.at(steps).kinds else "str"
        kinds: dict[Steps, str] = {steps: kind}
        made = Structs(self.body, self.vendor, kinds, [steps], {(): f"{self.vendor}Notice"})
        made.write()
        return [
            made.made[-1].text.replace("What the rim and the translation read.", "What tells which order to ask for.")
        ]

    def _structs(self, names: dict[Steps, str]) -> list[str]:
        order = self.found.order
        root = self.root
        if self.is_notice and self.answer is None:
            root, order = self.order, ()
        containers = [order[:length] for length in range(1, len(order) + 1)]
        made = Structs(root, self.vendor, self.kinds, containers, names)
        if order[:1] == (ITEM,):
            made.write(_object_below(order))
        else:
            made.write()
        return [struct.text for struct in made.made]

    def _readers(self, names: Mapping[Steps, str]) -> list[str]:
        order = self.found.order
        lines = []
        if self.found.event_id is not None or (self.found.topic is not None and self.found.topic_header is None):
            lines.append("read_envelope = decoder(Envelope)")
        if self.is_notice:
            lines.append(f"read_notice = decoder({self.vendor}Notice)")
        shape = names[()]
        if order[:1] == (ITEM,):
            shape = f"list[{names[_object_below(order)]}]"
        lines.append(f"read_{'answer' if self.is_notice else 'event'} = decoder({shape})")
        return lines

    def _empties(self, names: Mapping[Steps, str]) -> list[str]:
        order = self.found.order
        return [f"NO_{name.upper()} = {names[(*order, *steps)]}()" for steps, name in self.locals.items()]

    def _translate(self) -> str:
        what, loops = ("answer" if self.is_notice else "event"), []
        expression = what
        for place, step in enumerate(self.found.order):
            if step == ITEM:
                one = "order" if ITEM not in self.found.order[place + 1 :] else "entry"
                loops.append(f"for {one} in {expression}")
                expression = one
            else:
                expression += f".{attribute(step)}"
        states = f"_state({expression}, options)"
        result = f"return [{' '.join([states, *loops])}]"
        if not self.is_notice:
            lines = ['"""A state for each order of the event."""', "event = read_event(hook.body)", result]
            return _function("translate(hook: Hook, options: Options, _answers: Answers) -> Translation", lines)
        return self._asking(result)

    def _asking(self, result: str) -> str:
        key = (self.found.lookup_id or ("id",))[-1]
        self._use("adapters", "Lookup", "Lookups", "MalformedPayload")
        self.constants.append('ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")')
        mark = self._guess("the path of an order in the vendor's API: `orders/{id}`, relative to option base_url")
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
        return _function("translate(hook: Hook, options: Options, answers: Answers) -> Translation", lines)

    def _closing(self) -> list[str]:
        functions = []
        if self.needs_text:
            functions.append(
                _function(
                    "_text(member: str | float | None) -> str | None",
                    [
                        '"""A member that is now a text, now a number."""',
                        "return None if member is None else str(member)",
                    ],
                )
            )
        if self.is_notice:
            self._use("adapters", "Api", "Credentials", "Secret")
            lines = [
                '"""Where orders are looked up."""',
                "credentials = None",
                "if options.username is not None and options.password is not None:",
                "    credentials = Credentials(options.username, options.password)",
                "return Api(base_url=options.base_url, credentials=credentials, allow_http=options.allow_http)",
            ]
            functions.append(_function("api_of(options: Options) -> Api", lines))
        return functions

    # -- options, and words

    def _options(self) -> list[str]:
        lines = []
        if self.is_notice:
            lines += ["    base_url: str", "    username: str | None = None", "    password: Secret | None = None"]
            lines += ["    allow_http: bool = False"]
        if self.needs_zone:
            self._use("adapters.moments", "fault_of_zone")
            lines += ['    time_zone: str = "UTC"', "", "    def __post_init__(self) -> None:"]
            lines += ["        fault = fault_of_zone(self.time_zone)", "        if fault is not None:"]
            lines += ['            raise ValueError(f"time_zone: {fault}")']
        return ["", *lines] if lines else []

    def _option_rows(self) -> list[dict[str, str]]:
        rows = []
        if self.is_notice:
            rows += [
                _row("base_url", "—", "where the vendor's API is", "https://api.example.com/"),
                _row("username", "`null`", "of HTTP Basic", "trackely"),
                _row("password", "`null`", "of HTTP Basic", f'"${{{self.name.upper()}_API_PASSWORD}}"'),
                _row("allow_http", "`false`", "lets lookups travel unencrypted", "false"),
            ]
        if self.needs_zone:
            rows.append(_row("time_zone", '`"UTC"`', "of times that name none", "UTC"))
        return rows

    def _quirks(self) -> list[str]:
        quirks = [
            self._identify_doc()
            .rstrip(".")
            .replace("Nothing names", "nothing names")
            .replace("The header", "the header")
        ]
        if self.is_notice:
            quirks.append("the webhook is a notice: the order is looked up")
        if ITEM in self.found.order:
            quirks.append(f"one event holds many orders, in `{self._path(())}`")
        if self.found.weight is not None and self.found.weight.unit != "kilograms":
            quirks.append(f"weights are {self.found.weight.unit}")
        if self.needs_zone:
            quirks.append("some times name no zone: they are local to option `time_zone`")
        return [f"{quirk}." for quirk in quirks]


def _object_below(order: Steps) -> Steps:
    """The first object on the way to an order in a body that is a list."""
    length = next((place for place, step in enumerate(order) if step != ITEM), len(order))
    return order[:length]


def _function(signature: str, lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    for name in ("hook", "options", "answers"):
        if not re.search(rf"\b{name}\b", text):
            signature = re.sub(rf"\b_?{name}: (\w)", rf"_{name}: \1", signature)
    return "\n".join([f"def {signature}:", *(f"    {line}" for line in lines)])


def _call(function: str, arguments: Sequence[str]) -> str:
    return f"{function}({', '.join(arguments)})"


def _field(name: str, expression: str) -> list[str]:
    """A keyword argument; a tuple that is too wide for a line has one member on each."""
    line = f"{name}={expression},"
    if len(line) <= WIDEST - len("            "):
        return [line]
    inside = expression.removeprefix("first_of((").removesuffix("))").rstrip(",").split(", ")
    return [f"{name}=first_of(", "    (", *(f"        {each}," for each in inside), "    )", "),"]


def _row(name: str, default: str, meaning: str, example: str) -> dict[str, str]:
    return {"name": name, "default": default, "meaning": meaning, "example": example}


def _import_order(name: str) -> tuple[int, str]:
    """As isort has it: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def _import_line(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 120:  # noqa: PLR2004 - the house's line
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])
