"""`gateway translate`, `schemas` and `adapter list` need neither gateway nor configuration."""

import tomllib
from pathlib import Path

import pytest

from gateway.cli.failure import Failure
from gateway.cli.offline import Workbench, source_of

ADAPTER = """
from adapters import *
from adapters import Acknowledgement


class Options(OptionsModel, frozen=True):
    tenants: dict[str, str] = {}


class Event(VendorModel):
    id: str
    kind: str = "order"
    ask: bool = False


decode = decoder(Event)


def identify(hook):
    return Identity(decode(hook.body).id, hook.headers.get("x-topic"))


def translate(hook, options, answers):
    event = decode(hook.body)
    if event.kind == "boom":
        raise RuntimeError("never mind")
    if event.kind == "ignored":
        return Ignored("not for us")
    if event.kind == "asks" and not answers:
        return Lookups((Lookup(path="orders/1", turn="74"),), "orders/1")
    if event.kind == "cancelled":
        return [Cancellation(external_order_id="A-1")]
    if event.kind == "incomplete":
        return [State(order=Order(external_order_id="A-1"))]
    name = hook.parameters.get("name", "A-1") + hook.path + (answers or {}).get("orders/1", b"").decode()
    return [State(order=Order(external_order_id=name, delivery_address="x"), tenant=options.tenants.get("all"))]


ADAPTER = Adapter(
    name="acme", version="3", options=Options, identify=identify, translate=translate,
    reads_headers=("X-Topic",), reads_parameters=("name",), tenants=lambda options: options.tenants.values(),
    api=lambda options: Api(base_url="https://vendor.example/"),
)
"""


@pytest.fixture
def translate(cli, tmp_path, monkeypatch):
    """Translate a payload with the adapter beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.py").write_text(ADAPTER)

    def call(body: str, *arguments: str):
        (tmp_path / "body.json").write_text(body)
        return cli("translate", "./acme.py", "body.json", *arguments)

    return call


def test_orders_are_shown(translate):
    """A payload that becomes orders is code 0, with event ID, topic and the canonical order."""
    ended = translate('{"id": "e"}', "--header", "x-topic: orders/create", "--parameter", "name=N-1", "--json")

    assert ended.code == 0
    assert {name: ended.value[name] for name in ("eventId", "topic", "outcome", "reason")} == {
        "eventId": "e",
        "topic": "orders/create",
        "outcome": "orders",
        "reason": None,
    }
    assert ended.value["orders"][0]["order"] == {"externalOrderId": "N-1", "deliveryAddress": "x"}
    shown = translate('{"id": "e"}').out.splitlines()
    assert "externalOrderId  A-1" in shown


def test_an_answer_that_nobody_asks_for_is_told(translate, tmp_path):
    """A key may be misspelt; the others are read all the same."""
    (tmp_path / "one.json").write_text("!")
    answers = [part for key in ("orders/1", "orders/2") for part in ("--answer", f"{key}=one.json")]
    asking, plain = translate('{"id": "e", "kind": "asks"}', *answers), translate('{"id": "e"}', *answers)

    assert asking.err == "gateway: no lookup asks for orders/2: its answer is not read\n"
    assert "A-1!" in asking.out
    assert [line.split(" asks for ")[1].split(":")[0] for line in plain.err.splitlines()] == ["orders/1", "orders/2"]
    assert plain.code == 0


def test_only_what_the_adapter_reads_is_given_to_it(translate):
    """As in the gateway, a header that the adapter did not list does not reach it."""
    assert translate('{"id": "e"}', "--header", "X-Other: 1", "--json").value["topic"] is None


def test_options_come_from_a_file(translate, tmp_path):
    """Options are read strictly from a file: the order goes to their tenant, a typo is 78 with its path."""
    options = tmp_path / "options.yaml"
    options.write_text("tenants: {all: eu}")
    routed = translate('{"id": "e"}', "--options", str(options), "--json")
    options.write_text("tenantz: {all: eu}")
    wrong = translate('{"id": "e"}', "--options", str(options))

    assert routed.value["orders"][0]["tenant"] == "eu"
    assert (wrong.code, "tenantz" in wrong.err) == (78, True)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("{}", 1, "at $"),
        ('{"id": "e", "kind": "incomplete"}', 1, "invalid_order"),
        ('{"id": "e", "kind": "boom"}', 1, "adapter_defect: adapter acme raised RuntimeError"),
        ('{"id": "e", "kind": "ignored"}', 0, "not for us"),
        ('{"id": "e", "kind": "cancelled"}', 0, "cancelled  A-1"),
    ],
)
def test_every_outcome_has_its_words_and_code(translate, body, code, words):
    """What cannot become an order is code 1 with reason and path; ignored and cancelled are outcomes like others."""
    ended = translate(body)

    assert (ended.code, words in ended.out) == (code, True)


@pytest.mark.parametrize(
    ("body", "fault"),
    [("{", "truncated"), ("", "empty"), ("[" * 2000, "nested deeper than 512 levels")],
)
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_what_is_no_json_is_no_event(translate, body, fault, as_json):
    """The hook's URL would refuse it: there is no dead letter to show, and no ID."""
    ended = translate(body, *as_json)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"gateway: body.json is refused: {fault}; a source answers 400 and stores nothing\n"


def test_json_is_judged_as_at_the_door(translate):
    """Deep nesting and a leading BOM are JSON: what the adapter makes of them is shown."""
    deep = translate("[" * 512 + "]" * 512)

    assert (deep.code, "malformed_payload" in deep.out) == (1, True)
    assert translate('\ufeff{"id": "e"}').code == 0


def test_lookups_are_said_and_can_be_answered(translate, tmp_path):
    """What the adapter asks the vendor is shown; with the answer from a file it goes on."""
    (tmp_path / "answer").write_text("!")
    asked = translate('{"id": "e", "kind": "asks"}')
    answered = translate('{"id": "e", "kind": "asks"}', "--answer", "orders/1=answer", "--json")

    assert (asked.code, "orders/1" in asked.out, "--answer" in asked.out) == (0, True, True)
    assert answered.value["orders"][0]["externalOrderId"] == "A-1!"


@pytest.mark.parametrize(
    ("of", "to", "words"),
    [
        ("options.tenants.values()", "1 / 0", "adapter acme cannot say its tenants: ZeroDivisionError"),
        ("tenants: dict[str, str] = {}", "tenants: dict[str, str]", "needs options, in a file (--options)"),
        (
            "dict[str, str] = {}",
            "dict[str, str] = {}\n\n    def __post_init__(self):\n        raise KeyError('x')",
            "needs options, in a file",
        ),
    ],
)
def test_what_the_adapter_says_of_its_options_is_a_sentence(translate, tmp_path, of, to, words):
    """An integrator's function that fails is told, whichever it is."""
    (tmp_path / "acme.py").write_text(ADAPTER.replace(of, to))
    ended = translate('{"id": "1"}')

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert words in ended.err


def test_a_request_that_cannot_be_taken_apart_is_told(translate, tmp_path):
    """It is a dead letter whatever would come of it as one event."""
    (tmp_path / "acme.py").write_text(ADAPTER.replace("    api=", "    events=lambda hook: 1 / 0,\n    api="))
    ended = translate('{"id": "1"}')

    assert (ended.code, "adapter_defect" in ended.out) == (1, True)


def test_the_shapes_are_printed(cli):
    """The JSON Schemas of the canonical shapes, alone on standard output."""
    ended = cli("schemas")

    assert ended.code == 0
    assert set(ended.value["$defs"]) == {"Order", "OrderResult", "IntakeReply"}
    assert ended.value["$defs"]["Order"]["required"] == ["externalOrderId"]


def test_the_version_is_the_packages(cli):
    """One line, with no command and no configuration; what else may be said stays."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())

    shown = cli("--version")

    assert (shown.code, shown.out, shown.err) == (0, f"{project['project']['version']}\n", "")
    assert "A warehouse sends its own webhook" in cli("--help").out


def test_adapters_are_listed(cli, tmp_path):
    """Built-in adapters and files beside the configuration are listed; one that does not load says why."""
    (tmp_path / "acme.py").write_text(ADAPTER)
    (tmp_path / "broken.py").write_text("ADAPTER = nothing")
    (tmp_path / "other.py").write_text("pass")

    ended = cli("adapter", "list", "--config", tmp_path / "config.yaml", "--json")

    found = {row["name"]: (row["version"], row["origin"], bool(row["fault"])) for row in ended.value["adapters"]}
    references = {row["name"]: row["reference"] for row in ended.value["adapters"]}
    assert found["acme"] == ("3", "file", False)
    assert found["broken"] == (None, "file", True)
    assert found["ongoing"][1:] == ("built-in", False)
    assert "other" not in found
    assert (references["acme"], references["ongoing"]) == ("./acme.py", "ongoing")
    assert cli("adapter", "list").code == 0


def test_an_adapter_that_never_says_its_tenants_is_not_waited_for(tmp_path, monkeypatch):
    """It is asked before anything is translated, by the same watchdog."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.py").write_text(
        ADAPTER.replace("options.tenants.values()", "[each for each in iter(int, 1) if each]")
    )

    with pytest.raises(Failure, match="cannot say its tenants: Overrun"):
        Workbench(source_of("./acme.py", None), seconds=0.05)
