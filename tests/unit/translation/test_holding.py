"""Findings at translation: they change nothing of an order, unless its tenant holds such orders."""

import json
from pathlib import Path

import msgspec
import pytest

from adapters.logistics_plus import ADAPTER
from adapters.logistics_plus.options import Options
from gateway.config.model import ConfiguredSource, FindingCode, Source, Tenant
from gateway.events import SECOND, EventStatus, UntranslatedEvent
from gateway.findings import CODES
from gateway.ground.watchdog import Watchdog
from gateway.translation.translator import Translator

GOLDEN = Path(__file__).parents[2] / "golden" / "logistics_plus" / "order" / "body.json"
RECEIVED = 1_780_000_000 * SECOND


def translated(hold: list[FindingCode], **address):
    body = json.loads(GOLDEN.read_text(encoding="utf-8"))
    body["data"]["shipToAddress"]["address"].update(address)
    source = ConfiguredSource("lp", Source("logistics_plus", "demo", "none"), ADAPTER, Options())
    event = UntranslatedEvent(1, "lp", "e-1", None, RECEIVED, json.dumps(body).encode(), b"")
    return Translator({"lp": source}, {"demo": Tenant(hold=hold)}, Watchdog(1.0)).translate(event)


def test_a_finding_changes_nothing_of_an_order():
    """The canonical bytes are those of the order without a doubt; the finding stands beside them."""
    found = translated([], addressLine1="Pier Road").states[0]
    doubted = {code for code, _ in found.findings}

    assert found.dead is None
    assert b"Pier Road" in found.body
    assert "no_house_number" in doubted


def test_an_order_with_a_finding_that_the_tenant_holds_is_set_aside():
    """With the finding as the reason; its other findings hold nothing, and its references find it."""
    event = translated(["no_house_number", "masked"], addressLine1="Pier Road")
    [state] = event.states

    assert event.status == EventStatus.TRANSLATED
    assert (state.dead.code, state.dead.detail) == ("held", "no_house_number: a street of US without a number")
    assert event.references


@pytest.mark.parametrize("hold", [[], ["masked"], ["no_town", "po_box"]])
def test_what_is_not_held_is_sent(hold):
    """Only the codes that the tenant names count."""
    assert translated(hold, addressLine1="Pier Road").states[0].dead is None


def test_what_may_be_held_is_what_may_be_found():
    """The configuration's words are the findings'."""
    assert msgspec.convert(list(CODES), list[FindingCode]) == list(CODES)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(["no_door"], list[FindingCode])
