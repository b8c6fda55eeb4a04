"""Broken: it returns an order where a list of states belongs."""

from adapters import Adapter, Answers, Hook, Identity, OptionsModel, Order, Translation, VendorModel, decoder
from adapters.texts import identifier


class Event(VendorModel, frozen=True):
    id: str


read_event = decoder(Event)


def identify(hook: Hook) -> Identity:
    return Identity(event_id=identifier(read_event(hook.body).id, "$.id"))


def translate(hook: Hook, _options: OptionsModel, _answers: Answers) -> Translation:
    return Order(  # type: ignore[return-value]
        external_order_id=read_event(hook.body).id, delivery_address="12 Elm Street, Leeds"
    )


ADAPTER = Adapter(name="wrong_type", version="1", options=OptionsModel, identify=identify, translate=translate)
