"""What an adapter says must fit every store and every page: one event that does not would hold up all others."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters import Adapter, Api, Identity, Lookup, Lookups, OptionsModel, Order, State
from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.events import SECOND, EventStatus, UntranslatedEvent
from gateway.ground.watchdog import Watchdog
from gateway.translation.translator import Translator

RECEIVED = 1_750_000_000 * SECOND
LONG = ["x" * 501, "箱" * 334]


def translated(translation, **members):
    adapter = Adapter(
        name="acme",
        version="1",
        options=OptionsModel,
        identify=lambda _: Identity("1"),
        translate=lambda *_: translation,
        api=lambda _: Api(base_url="https://vendor.example/"),
    )
    settings = Source(adapter="acme", tenant="demo", auth="none")
    source = ConfiguredSource("acme", settings, adapter, OptionsModel())
    event = UntranslatedEvent(1, "acme", "e-1", None, RECEIVED, b"{}", b"", **members)
    return Translator({"acme": source}, {"demo": Tenant()}, Watchdog(1.0)).translate(event)


def named(name="A", **members):
    return [State(order=Order(external_order_id=name, delivery_address="1 Road, Leeds"), **members)]


@pytest.mark.parametrize("long", LONG, ids=["characters", "bytes"])
@pytest.mark.parametrize(
    ("translation", "code"),
    [
        (named, "malformed_payload"),
        (lambda long: named(record=long), "malformed_payload"),
        (lambda long: Lookups((Lookup(path="orders/1"),), subject=long), "adapter_defect"),
        (lambda _: Lookups((Lookup(path="x" * 501),), subject="1"), "adapter_defect"),
    ],
    ids=["order", "record", "subject", "path"],
)
def test_a_name_that_no_index_holds_is_a_dead_letter(translation, code, long):
    """The event's own, which says what is too long."""
    event = translated(translation(long))

    assert (event.status, event.reason.code) == (EventStatus.DEAD, code)
    assert "has more than" in event.reason.detail


def test_a_reference_that_no_index_holds_is_left_out():
    """Nobody can look for it; the order goes on, found by the others."""
    event = translated(named(references=(*LONG, "PO 1", " PO\u200b 1 ", 7, "")))

    assert (event.status, event.references) == (EventStatus.TRANSLATED, ("PO 1",))


@pytest.mark.parametrize(
    "clock",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=14))),
    ],
    ids=["before the first year", "before 1970", "after the last year"],
)
def test_a_clock_of_a_year_that_means_none_is_none(clock):
    """Whatever the adapter: the receipt counts, and nothing is shown that no calendar has."""
    event = translated(named(clock=clock))

    assert (event.states[0].clock, event.occurred_at) == (RECEIVED, None)


def test_a_clock_without_a_zone_is_a_defect_in_every_state():
    """Of an event that was looked up, too, whose states count by the clock that was drawn before."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    event = translated([*named("A", clock=at), *named("B", clock=at.replace(tzinfo=None))], clock=RECEIVED)

    assert (event.status, event.reason.code) == (EventStatus.DEAD, "adapter_defect")
