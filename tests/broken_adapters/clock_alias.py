"""Broken: it reads the clock, under another name."""

from datetime import UTC, datetime

from adapters import Adapter, Answers, Hook, Identity, OptionsModel, Order, State, Translation, VendorModel, decoder
from adapters.texts import identifier


class Event(VendorModel, frozen=True):
    id: str


read_event = decoder(Event)
instant_of = min([datetime.now, datetime.fromisoformat], key=lambda method: method.__name__ != "now")


def identify(hook: Hook) -> Identity:
    return Identity(event_id=identifier(read_event(hook.body).id, "$.id"))


def translate(hook: Hook, _options: OptionsModel, _answers: Answers) -> Translation:
    event = read_event(hook.body)
    order = Order(external_order_id=event.id, delivery_address="12 Elm Street, Leeds")
    return [State(order=order, clock=instant_of(UTC))]


ADAPTER = Adapter(name="clock_alias", version="1", options=OptionsModel, identify=identify, translate=translate)
