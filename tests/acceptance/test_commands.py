"""The command line from end to end: another process asks, and acts on, a running gateway."""

import json
from collections.abc import Iterator

import pytest

from tests.intakes import Intake, accepted, always, refusing
from tests.processes import Gateway, Intakes, eventually, tenant, told, version_of


@pytest.fixture(scope="module")
def intake() -> Iterator[Intake]:
    with Intakes() as opened:
        yield opened.open(always(refusing("BAD")))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, intake) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("commands"), {"demo": tenant(intake.url)}) as running:
        yield running


def asked(gateway: Gateway, *arguments: str) -> dict:
    """What a command prints with --json: the API's answer as it is, alone on standard output."""
    done = gateway.command(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_round_trip(gateway, intake):
    """Sent, found by event and by order, set aside, replayed when mended, halted, resumed: all from a shell."""
    for name in ("GOOD", "BAD"):
        (gateway.folder / f"{name}.json").write_text(json.dumps(told(f"{name}-1", name, 1)))
    sent = gateway.command("send", "demo", "GOOD.json", "BAD.json")
    gateway.becomes("GOOD", "delivered")
    gateway.becomes("BAD", "dead")
    events = asked(gateway, "events", "list", "--source", "demo")
    event = asked(gateway, "events", "show", next(x["id"] for x in events["events"] if x["eventId"] == "GOOD-1"))
    order = asked(gateway, "orders", "show", "demo", "GOOD")
    orders = asked(gateway, "orders", "list", "--status", "dead")
    letters = asked(gateway, "dead-letters", "list")
    table = gateway.command("dead-letters", "list")
    intake.behave = always(accepted)
    replayed = asked(gateway, "dead-letters", "replay", letters["deadLetters"][0]["id"])
    gateway.becomes("BAD", "delivered")
    halted = asked(gateway, "tenants", "halt", "demo")
    tenants = asked(gateway, "tenants", "list")
    asked(gateway, "tenants", "resume", "demo")
    again = asked(gateway, "events", "replay", event["id"])
    eventually(lambda: len(intake.history) == 3)

    assert sent.returncode == 0, sent.stderr
    assert {each["eventId"] for each in events["events"]} == {"GOOD-1", "BAD-1"}
    assert json.loads(event["body"]) == told("GOOD-1", "GOOD", 1)
    assert (order["status"], order["orderId"]) == ("delivered", "T-GOOD")
    assert [each["externalOrderId"] for each in orders["orders"]] == ["BAD"]
    assert [letter["reason"]["code"] for letter in letters["deadLetters"]] == ["refused"]
    assert "BAD" in table.stdout
    assert replayed == again == {"replayed": 1}
    assert halted["status"] == "halted"
    assert tenants["tenants"][0]["status"] == "halted"
    assert gateway.tenant()["status"] == "active"
    assert version_of(intake.orders["GOOD"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("orders", "show", "demo", "NOBODY"), 1),
        (("tenants", "halt", "nobody"), 1),
        (("events", "list", "--status", "nonsense"), 2),
        (("nonsense",), 2),
    ],
)
def test_exit_codes(gateway, arguments, code):
    """1 where it failed, 2 for wrong usage; words on standard error, nothing on standard output, no traceback."""
    done = gateway.command(*arguments)

    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("list",), ("connect", "demo"), ("orders", "demo")])
def test_gateway_without_the_embedded_intake(gateway, arguments):
    """Its settings are nowhere, and the command says why."""
    done = gateway.command("intake", *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gateway: the gateway at {gateway.url} has no embedded intake (intake.embedded)\n"


def test_gateway_that_does_not_run(tmp_path):
    """A command for a gateway that is not there says so, and ends with 1."""
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/x")})
    done = gateway.command("events", "list")
    gateway.http.close()

    assert (done.returncode, done.stdout) == (1, "")
    assert gateway.url in done.stderr
