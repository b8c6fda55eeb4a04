import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import adapters
from adapters import Adapter, Hook, Identity, Ignored, Lookup, Lookups, OptionsModel, Order, State, references_in
from gateway.config.model import ConfiguredSource, Source
from gateway.events import UntranslatedEvent
from gateway.golden import judging
from gateway.golden.cases import Case, load_cases, outcome_of, read_options
from gateway.ground.watchdog import Watchdog
from gateway.registry import named_adapters
from gateway.translation.translator import Translator
from gateway.workshop.kit import checks
from gateway.workshop.kit.hostile import CORPUS, WRONG, mutations
from gateway.workshop.kit.purity import problems_of_purity
from gateway.workshop.kit.scorecard import assess
from schemas import encode_order

TESTS = Path(__file__).parents[1]
HOSTILE = CORPUS | {file.name: file.read_bytes() for file in sorted((TESTS / "hostile").iterdir())}
MODULES = {
    name.removeprefix("adapters."): importlib.import_module(name)
    for _, name, _ in pkgutil.walk_packages(adapters.__path__, "adapters.")
}
ADAPTERS: dict[str, Adapter] = {
    module.ADAPTER.name: module.ADAPTER for module in MODULES.values() if hasattr(module, "ADAPTER")
}


@cache
def cases_of(name: str) -> dict[str, Case]:
    return {case.name: case for case in load_cases(TESTS / "golden" / name)}


every_adapter = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)


def test_the_tree_holds_the_built_in_adapters():
    """The adapters that the product names are found, each in the module of its name."""
    assert {"ongoing", "logistics_plus", "shopify", "bigcommerce", "shipbob", "mintsoft"} == ADAPTERS.keys()
    assert all(MODULES[name].ADAPTER.name == name for name in ADAPTERS)


@every_adapter
def test_every_adapter_has_golden_cases(adapter):
    """No adapter goes without golden cases, of orders and of dead letters alike."""
    outcomes = {case.expected["outcome"] for case in cases_of(adapter.name).values()}

    assert {"orders", "dead"} <= outcomes


@pytest.mark.parametrize(
    ("adapter", "case"),
    [pytest.param(ADAPTERS[name], case, id=f"{name}-{case}") for name in ADAPTERS for case in cases_of(name)],
)
def test_golden_case(adapter, case):
    """A golden case comes out as expected, twice."""
    assert judging.problems_of_case(adapter, cases_of(adapter.name)[case]) == []


@every_adapter
def test_hostile_bodies(adapter):
    """Whatever comes in, a TranslationError or a valid result comes out, within 50 ms of CPU time."""
    cases = list(cases_of(adapter.name).values())

    assert checks.problems_of_hostile_bodies(adapter, cases, HOSTILE) == []


@every_adapter
def test_a_golden_body_says_nothing_of_its_padding(adapter):
    """Whitespace around a body changes nothing of what is made of it."""
    for case in cases_of(adapter.name).values():
        padded = msgspec.structs.replace(case, hook=msgspec.structs.replace(case.hook, body=case.hook.body + b" \n"))

        assert judging.problems_of_case(adapter, padded) == []


@every_adapter
def test_a_dead_letter_is_found_by_its_references(adapter):
    """Wherever it broke: what its body names is among its references."""
    named = {case.name: references_in(case.hook.body, adapter.references) for case in cases_of(adapter.name).values()}
    dead = {name: case.expected for name, case in cases_of(adapter.name).items() if case.expected["outcome"] == "dead"}

    assert any(named[name] for name in dead)
    assert [name for name in dead if named[name] and not set(named[name]) <= set(dead[name]["references"])] == []


@every_adapter
def test_what_breaks_an_adapter_is_found_by_its_references(adapter):
    """An adapter's own defect is a dead letter like any other."""
    case = next(case for case in cases_of(adapter.name).values() if references_in(case.hook.body, adapter.references))
    broken = msgspec.structs.replace(adapter, translate=raising)
    source = ConfiguredSource("s", Source(adapter.name, "demo", "none"), broken, read_options(adapter, case.options))
    event = UntranslatedEvent(1, "s", "e-1", None, 0, case.hook.body, b"")
    translated = Translator({"s": source}, {}, Watchdog(1.0)).translate(event)

    assert translated.reason.code == "adapter_defect"
    assert translated.references == references_in(case.hook.body, adapter.references)


@every_adapter
def test_options_are_strict(adapter):
    """An unknown option, and a known one of a wrong type, stop the start."""
    assert checks.problems_of_options(adapter) == []


@pytest.mark.parametrize("name", MODULES)
def test_modules_of_the_package_are_pure(name):
    """No module of the package reaches for a clock, a disk, a network or another adapter."""
    source = Path(MODULES[name].__file__).read_text(encoding="utf-8")

    assert problems_of_purity(source, frozenset(ADAPTERS) - {name.partition(".")[0]}) == []


class LaxOptions(msgspec.Struct):
    anything: Any = None


def fixed_identity(_hook):
    return Identity(event_id="1")


def fixed_order(_hook, _options, _answers):
    return [State(order=Order(external_order_id="A", delivery_address="B"))]


def adapter_of(identify=fixed_identity, translate=fixed_order, options=OptionsModel):
    return Adapter(name="broken", version="1", options=options, identify=identify, translate=translate)


def raising(*_):
    raise KeyError("reference")


def no_list(*_):
    return Order(external_order_id="A", delivery_address="B")


def nul_in_order(*_):
    return [State(order=Order(external_order_id="A", delivery_address="B\0"))]


def url_as_lookup(*_):
    return Lookups((Lookup(path="https://elsewhere.example/orders/1"),), subject="1")


def asking_for_ever(*_):
    return Lookups((Lookup(path="orders/1", best_effort=True),), subject="1")


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (adapter_of(translate=raising), "KeyError"),
        (adapter_of(identify=raising), "KeyError"),
        (adapter_of(identify=lambda _: Identity(event_id="a\0")), "event ID"),
        (adapter_of(translate=no_list), "a Order"),
        (adapter_of(translate=nul_in_order), "cannot be stored"),
        (adapter_of(translate=url_as_lookup), "path is relative and plain"),
        (adapter_of(translate=asking_for_ever), "asks again"),
        (adapter_of(translate=lambda *_: Ignored("")), "a reason"),
    ],
)
def test_the_checks_find_a_broken_adapter(broken, named):
    """An adapter that breaks a promise is found, and what it broke is named."""
    problems = checks.problems_of_body(broken, OptionsModel(), Hook(b"{}"), {}, clock=lambda: 0.0)

    assert len(problems) == 1
    assert named in problems[0]


def test_the_checks_find_a_slow_adapter():
    """An adapter that takes longer than 50 ms for a body, both times, is found; a large body may take longer."""
    large, few, many = Hook(b"{" + b" " * 1_000_000 + b"}"), *(iter([0.0, took, 1.0, 1 + took]) for took in (0.06, 0.3))

    def problems_of(hook, ticks):
        return checks.problems_of_body(adapter_of(), OptionsModel(), hook, {}, clock=lambda: next(ticks))

    assert problems_of(Hook(b"{}"), few) == ["took longer than a body of its size may for b'{}'"]
    assert len(problems_of(large, many)) == 1
    assert problems_of(large, iter([0.0, 0.2])) == []


def test_the_checks_find_an_adapter_of_changing_mind():
    """An adapter whose second answer differs from its first is found."""
    numbers = iter(range(9))

    def counting(*_):
        return [State(order=Order(external_order_id=str(next(numbers)), delivery_address="B"))]

    expected = outcome_of(adapter_of(), OptionsModel(), Hook(b"{}"), {})
    expected["states"][0]["order"]["externalOrderId"] = "0"
    case = Case("case", Hook(b"{}"), {}, {}, expected)

    assert judging.problems_of_case(adapter_of(translate=counting), case) == ["case: another outcome the second time"]


def orders_of(*weights):
    """What an adapter makes that gives an order for each weight."""
    return lambda *_: [
        State(order=Order(external_order_id=f"A-{place}", delivery_address="B", total_weight=weight))
        for place, weight in enumerate(weights)
    ]


@pytest.mark.parametrize(
    ("expected", "got", "problems"),
    [
        ((1.25,), (1250.0,), ["case: order.totalWeight: expected 1.25, got 1250.0"]),
        ((1.25, 2.0), (1.25, 2000.0), ["case: states[1].order.totalWeight: expected 2.0, got 2000.0"]),
        ((1.25,), (None,), ["case: order.totalWeight: expected 1.25, got nothing"]),
        ((1.25,), (1.25, 2.0), ["case: states: expected 1 of them, got 2 of them"]),
    ],
)
def test_the_checks_say_what_differs_by_its_path(expected, got, problems):
    """Not the whole outcome, of which most is as it should be."""
    outcome = outcome_of(adapter_of(translate=orders_of(*expected)), OptionsModel(), Hook(b"{}"), {})
    case = Case("case", Hook(b"{}"), {}, {}, outcome)

    assert judging.problems_of_case(adapter_of(translate=orders_of(*got)), case) == problems


def test_the_checks_say_what_many_share_once():
    """The same defect in several cases, or for several bodies, is one problem with a count."""
    cases = [Case(f"case_{number}", Hook(b"{}"), {}, {}, {}) for number in range(3)]
    broken = adapter_of(translate=raising)
    bodies = {"one": b"1", "two": b"2", "three": b"3"}

    [of_cases] = judging.problems_of_cases(broken, cases)
    [of_bodies] = checks.problems_of_hostile_bodies(broken, cases[:1], bodies)

    assert re.fullmatch(
        r"KeyError: 'reference' \(test_adapters\.py, line \d+\), in 3 cases, the first case_0", of_cases
    )
    assert re.fullmatch(r"KeyError: 'reference' \(.*\) for 3 bodies, the first b'1'", of_bodies)


def test_the_checks_find_lax_options():
    """Options that take unknown keys, or any value, are found."""
    problems = checks.problems_of_options(adapter_of(options=LaxOptions))

    assert problems == ["an unknown option is taken", "option anything takes anything"]


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from os import environ",
        "import asyncio",
        "import httpx",
        "import socket",
        "from urllib import request",
        "import urllib.request",
        "from . import ongoing",
        "from adapters.ongoing import ADAPTER",
        "from adapters import ongoing",
        "from datetime import datetime as clock\nstamp = clock.now",
        "import datetime\nstamp = datetime.date.today()",
        "body = open('/etc/hostname')",
        "clock = getattr(object, 'n' + 'ow')",
        "def later():\n    import random",
    ],
)
def test_the_checks_find_an_impure_module(source):
    """A module that reaches for a clock, a disk, a network or another adapter is found, by whatever name."""
    assert problems_of_purity(source, frozenset({"ongoing"})) != []


def test_mutations_reach_every_member():
    """The mutations of a body leave out, double and spoil each of its members, nested ones too."""
    body = b'{"a": 1, "b": [{"c": null}, {"c": 2}]}'

    made = list(mutations(body, lambda _: True))

    assert b'{"b": [{"c": null}, {"c": 2}]}' in made
    assert b'{"a": 1e999999999, "b": [{"c": null}, {"c": 2}]}' in made
    assert b'{"a": 1, "b": [{"c": "\\u0000"}, {"c": 2}]}' in made
    assert b'{"a": 1, "b": ["\xff", {"c": 2}]}' in made
    assert b'{"a": 1, "a": null, "b": [{"c": null}, {"c": 2}]}' in made
    assert len(made) == 4 * len(WRONG) + 2 * 3


@every_adapter
def test_canonical_bytes_name_no_absent_member(adapter):
    """What is sent to the intake holds no null: absent is absent."""
    for case in cases_of(adapter.name).values():
        for state in case.expected.get("states", []):
            assert None not in state.get("order", {}).values()
            if "order" in state:
                assert b"null" not in encode_order(msgspec.convert(state["order"], Order))


INSTALLED = [each for each in named_adapters() if each.origin == "installed"]


def test_third_party_adapters_keep_the_same_promises():
    """Every adapter that is installed beside the gateway loads, and passes the checks of `gateway adapter check`."""
    assert [each.fault for each in INSTALLED if each.fault is not None] == []
    assert [each.name for each in INSTALLED if each.adapter is not None and not assess(each.adapter).is_good] == []


@every_adapter
def test_adapters_of_the_tree_have_a_place_on_the_scale(adapter):
    """Every adapter in the tree is at least documented."""
    card = assess(adapter, is_thorough=False)

    assert card.is_good
    assert card.scale is not None
