"""Broken: it needs a header that it did not list."""

from adapters import Adapter, Answers, Hook, Identity, OptionsModel, Order, State, Translation, VendorModel, decoder
from adapters.texts import identifier


class Event(VendorModel, frozen=True):
    id: str


read_event = decoder(Event)


def identify(hook: Hook) -> Identity:
    return Identity(event_id=identifier(read_event(hook.body).id, "$.id"))


def translate(hook: Hook, _options: OptionsModel, _answers: Answers) -> Translation:
    address = hook.headers["x-deliver-to"]
    return [State(order=Order(external_order_id=read_event(hook.body).id, delivery_address=address))]


ADAPTER = Adapter(name="unlisted_header", version="1", options=OptionsModel, identify=identify, translate=translate)
