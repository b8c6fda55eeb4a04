"""Where a lookup may go."""

import pytest

from adapters import Adapter, Api, Identity, Lookup, Lookups, OptionsModel
from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.events import SECOND, EventStatus, UntranslatedEvent
from gateway.ground.connecting import address_fault
from gateway.ground.questions import fault_of_path
from gateway.ground.watchdog import Watchdog
from gateway.store.rules.lifecycle import is_same_owner
from gateway.translation.translator import Translator

NOW = 1_750_000_000 * SECOND


@pytest.mark.parametrize("path", ["orders", "orders/12", "orders/12/wayBillRows", "a-b_c.d~e/f%20g", "items/a,b;c=d"])
def test_a_plain_relative_path_is_fit(path):
    """Steps of a URL's ordinary characters."""
    assert fault_of_path(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "", "/orders", "//host/orders", "https://host/orders", "host:80/orders", "..", "../admin", "orders/../admin",
        "orders/./1", "orders//1", "orders/", "orders?x=1", "orders#x", "orders\\..\\x", "%2e%2e/admin", ".%2E/admin",
        "orders/%2Fadmin", "orders/%5cadmin", "orders/1%0d%0aHost", "orders/a b", "orders/\u00e9", "orders/%zz",
        "a@b:c",
    ],
)  # fmt: skip
def test_any_other_path_is_refused(path):
    """No scheme, host, query or fragment; no way up, spelled out or encoded."""
    assert fault_of_path(path) is not None


@pytest.mark.parametrize("path", ["https://elsewhere.example/orders/1", "../admin"])
def test_an_adapter_that_asks_elsewhere_has_a_defect(path):
    """Its event is a dead letter before anything is asked."""
    adapter = Adapter(
        name="acme",
        version="1",
        options=OptionsModel,
        identify=lambda _: Identity("1"),
        translate=lambda *_: Lookups((Lookup(path=path),), subject="1"),
        api=lambda _: Api(base_url="https://vendor.example/"),
    )
    settings = Source(adapter="acme", tenant="demo", auth="none")
    watchdog = Watchdog(5.0)
    translator = Translator(
        {"acme": ConfiguredSource("acme", settings, adapter, OptionsModel())}, {"demo": Tenant()}, watchdog
    )
    translated = translator.translate(UntranslatedEvent(1, "acme", "1", None, NOW, b"{}", b""))
    watchdog.close()

    assert translated.status == EventStatus.DEAD
    assert translated.reason.code == "adapter_defect"
    assert "path" in translated.reason.detail


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "fd00:ec2::254", "::ffff:169.254.169.254"])
def test_metadata_addresses_are_refused(address):
    """Whatever name resolved to them, over http or https."""
    assert "link-local or metadata" in (address_fault((address, 443), needs_loopback=False) or "")


def test_plain_http_stays_on_this_machine():
    """Unless it was allowed to leave it."""
    assert "allow_http" in (address_fault(("192.0.2.1", 80), needs_loopback=True) or "")
    assert address_fault(("192.0.2.1", 80), needs_loopback=False) is None
    assert address_fault(("127.0.0.1", 80), needs_loopback=True) is None
    assert address_fault(None, needs_loopback=False) is not None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ongoing:nordlager/74", "ongoing:nordlager/74", True),
        ("ongoing:nordlager/74", "ongoing:/74", True),
        ("ongoing:/74", "ongoing:nordlager/74", True),
        ("ongoing:nordlager/74", "ongoing:sydlager/74", False),
        ("ongoing:nordlager/74", "ongoing:/75", False),
        ("ongoing:/74", "ongoing:/75", False),
        ("ongoing:/74", "acme:/74", False),
        ("source:a", "source:b", False),
    ],
)
def test_owners(one, other, is_same):
    """Who is at a place that nobody told is who that is at any place, of one adapter."""
    assert is_same_owner(one, other) is is_same
