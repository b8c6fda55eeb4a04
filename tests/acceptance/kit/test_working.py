"""Working on an adapter: what the check says, and what it takes."""

import json

import pytest

from tests.acceptance.kit.test_from_a_sample import FULL, gateway

CAPTURED = (
    "POST /hooks/acme/orders?token=hush&shop=s1 HTTP/1.1\r\nX-Acme-Event-Id: {id}\r\nX-Acme-Signature: c2ln\r\n"
    "Authorization: Bearer hush\r\nX-Api-Key: hush\r\n\r\n{body}"
)


@pytest.fixture
def acme(tmp_path):
    """An adapter that was drafted from two captured requests."""
    for number in (1, 2):
        body = json.dumps(FULL | {"orderNumber": f"A-{number}"})
        (tmp_path / f"s{number}.http").write_text(CAPTURED.format(id=number, body=body))
    made = gateway(tmp_path, "adapter", "new", "acme", "--sample", "s1.http", "--sample", "s2.http")
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_a_case_keeps_what_was_captured_but_no_credential(acme):
    """Every header and parameter of a capture is in its case, a signature too; no credential."""
    kept = json.loads((acme / "golden" / "acme" / "s1" / "hook.json").read_text())

    assert kept["headers"] == {"x-acme-event-id": "1", "x-acme-signature": "c2ln"}
    assert kept["parameters"] == {"shop": "s1"}
    assert kept["path"] == "orders"


def test_what_comes_out_is_accepted_with_its_difference(acme):
    """A changed adapter fails with what helps; `--accept` shows the difference, takes it, and the check passes."""
    module = acme / "acme.py"
    module.write_text(module.read_text().replace("grams=order.weight_grams", "kilograms=order.weight_grams"))

    failed = gateway(acme, "adapter", "check", "./acme.py")
    accepted = gateway(acme, "adapter", "check", "./acme.py", "--accept")
    again = gateway(acme, "adapter", "check", "./acme.py", "--accept")

    assert failed.returncode == 1
    assert "-> mend the adapter, or, if this is right, take it: --accept" in failed.stdout
    assert accepted.returncode == 0, accepted.stdout
    assert '-        "totalWeight": 12.5' in accepted.stderr
    assert '+        "totalWeight": 12500.0' in accepted.stderr
    assert "accepted s1" in accepted.stderr
    assert "accepted" not in again.stderr


def test_an_exception_is_not_accepted(acme):
    """What raises has no outcome to take: the case stays, and the check names it."""
    module = acme / "acme.py"
    module.write_text(module.read_text().replace("    clock = moment(", "    clock = 1 / 0 and moment("))
    before = (acme / "golden" / "acme" / "s1" / "expected.json").read_bytes()

    checked = gateway(acme, "adapter", "check", "./acme.py", "--accept")

    assert checked.returncode == 1
    assert "ZeroDivisionError" in checked.stdout
    assert (acme / "golden" / "acme" / "s1" / "expected.json").read_bytes() == before


def test_requests_that_share_an_event_id_fail(acme):
    """Two captured bodies under one event ID would be an event and its repeat: an order lost."""
    module = acme / "acme.py"
    module.write_text(module.read_text().replace('hook.headers.get("x-acme-event-id")', '"same"'))

    checked = gateway(acme, "adapter", "check", "./acme.py", "--accept")

    assert checked.returncode == 1
    assert "s1 and s2 share the event ID 'same', but not their bodies" in checked.stdout


def test_an_untrue_page_fails(acme):
    """A page that names no option, or a header that is not read, or leaves out what it owes, is told."""
    module, page = acme / "acme.py", acme / "acme.md"
    module.write_text(
        module.read_text().replace('"""The operator\'s choices; acme.md explains each."""', "added: int = 1")
    )
    page.write_text(page.read_text().replace("header `x-acme-event-id`", "header `x-other`"))

    checked = gateway(acme, "adapter", "check", "./acme.py")

    lines = page.read_text().splitlines(keepends=True)
    page.write_text(
        "".join(line for line in lines if not line.startswith("| event ID |")).replace("`updatedAt` |", "none |")
    )
    unfinished = gateway(acme, "adapter", "check", "./acme.py")

    assert "the page is unfinished: no row `| event ID | … |`" in unfinished.stdout
    assert "the page says of the time of change: none; golden cases have one" in unfinished.stdout
    assert checked.returncode == 1
    assert "the page does not name the option `added`" in checked.stdout
    assert (
        "the page says that the header `x-other` gives the event ID, which the adapter does not read" in checked.stdout
    )


def test_an_adapter_whose_every_case_is_dead_is_not_captured(acme):
    """A captured request that becomes a dead letter shows nothing of the vendor's orders."""
    module = acme / "acme.py"
    module.write_text(
        module.read_text().replace("    clock = moment(", '    raise IncompletePayload("no")\n    clock = moment(')
    )

    checked = gateway(acme, "adapter", "check", "./acme.py", "--accept", "--json")

    assert json.loads(checked.stdout)["scale"] == "documented"
    assert json.loads(checked.stdout)["captured"] == 2


def test_a_case_that_lacks_an_option_is_no_traceback(acme):
    """A required option that a case does not give is told of the case, and the other checks go on."""
    module = acme / "acme.py"
    module.write_text(
        module.read_text().replace('"""The operator\'s choices; acme.md explains each."""', "needed: int")
    )

    checked = gateway(acme, "adapter", "check", "./acme.py")

    assert checked.returncode == 1
    assert "missing required field `needed`" in checked.stdout
    assert "Traceback" not in checked.stderr


def test_captures_are_tried_end_to_end(acme):
    """Through a gateway and an intake of their own: the orders arrive, and nothing stays."""
    (acme / "captures").mkdir()
    for name in ("s1.http", "s2.http"):
        (acme / name).rename(acme / "captures" / name)

    tried = gateway(acme, "adapter", "try", "./acme.py", "captures", "--json")
    told = json.loads(tried.stdout)

    assert tried.returncode == 0, tried.stderr
    assert [(each["httpStatus"], each["status"]) for each in told["captures"]] == [(200, "delivered")] * 2
    assert {each["externalOrderId"] for each in told["orders"]} == {"A-1", "A-2"}
    assert not list(acme.glob("data*"))


def test_captures_are_tried_with_the_proofs_they_came_with(acme):
    """With the source's `auth`, a right proof passes and a wrong one is refused and shown; no secret is."""
    (acme / "captures").mkdir()
    (acme / "s1.http").rename(acme / "captures" / "s1.http")
    right = (acme / "s2.http").read_text().replace("X-Api-Key: hush", "X-Key: a-key-that-fits")
    (acme / "captures" / "s2.http").write_text(right)
    (acme / "auth.yaml").write_text('- type: header\n  name: X-Key\n  value: "a-key-that-fits"\n')

    tried = gateway(acme, "adapter", "try", "./acme.py", "captures", "--auth", "auth.yaml")

    assert tried.returncode == 1
    assert "401" in tried.stdout
    assert "delivered" in tried.stdout
    assert "a-key-that-fits" not in tried.stdout + tried.stderr


def test_a_case_with_a_wrong_proof_must_be_refused(acme):
    """A capture or a golden case that says so; where it is taken, the trial fails. The check does not run it."""
    (acme / "captures").mkdir()
    right = (acme / "s1.http").read_text().replace("X-Api-Key: hush", "X-Key: a-key-that-fits")
    (acme / "captures" / "s1.http").write_text(right)
    forged = right.replace("a-key-that-fits", "a-key-that-does-not")
    (acme / "captures" / "s1_wrong_proof.http").write_text(forged)
    (acme / "auth.yaml").write_text('- type: header\n  name: X-Key\n  value: "a-key-that-fits"\n')
    case = acme / "golden" / "acme" / "wrong_proof"
    case.mkdir()
    (case / "body.json").write_text("{}")
    (case / "expected.json").write_text('{"outcome": "refused"}')

    refused = gateway(acme, "adapter", "try", "./acme.py", "captures", "--auth", "auth.yaml")
    taken = gateway(acme, "adapter", "try", "./acme.py", "captures")
    checked = gateway(acme, "adapter", "check", "./acme.py")

    assert (refused.returncode, taken.returncode, checked.returncode) == (0, 1, 0), checked.stdout


def test_golden_cases_are_tried_too(acme):
    """A folder of golden cases will do; one that is no order is a dead letter, and the exit code says so."""
    tried = gateway(acme, "adapter", "try", "./acme.py", "golden/acme", "--json")
    told = json.loads(tried.stdout)

    assert tried.returncode == 1
    assert {each["name"]: each["status"] for each in told["captures"]} == {
        "empty_object": "dead", "s1": "delivered", "s2": "delivered",
    }  # fmt: skip


def test_a_folder_without_captures_is_said(acme):
    """Nothing to try is no success."""
    (acme / "nothing").mkdir()

    tried = gateway(acme, "adapter", "try", "./acme.py", "nothing")

    assert tried.returncode == 1
    assert "holds no captures" in tried.stderr


def test_one_bad_order_of_a_list_costs_itself_alone(tmp_path):
    """Through a real gateway: its neighbours are delivered, the event is a dead letter with the bad one's reason."""
    batch = {"messageId": "m1", "orders": [FULL | {"orderNumber": f"A-{number}"} for number in (1, 2, 3)]}
    (tmp_path / "captures").mkdir()
    (tmp_path / "sample.json").write_text(json.dumps(batch))
    batch["orders"][1] = batch["orders"][1] | {"shipTo": None}
    (tmp_path / "captures" / "batch.json").write_text(json.dumps(batch | {"messageId": "m2"}))

    made = gateway(tmp_path, "adapter", "new", "acme", "--sample", "sample.json")
    checked = gateway(tmp_path, "adapter", "check", "./acme.py")
    tried = gateway(tmp_path, "adapter", "try", "./acme.py", "captures", "--json")
    told = json.loads(tried.stdout)

    assert made.returncode == 0, made.stderr
    assert checked.returncode == 0, checked.stdout
    assert {each["externalOrderId"] for each in told["orders"]} == {"A-1", "A-3"}
    assert told["captures"][0]["status"] == "dead"
    assert "incomplete_payload" in told["captures"][0]["reason"]
