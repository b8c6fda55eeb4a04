"""Broken: it loops for ever."""

from adapters import Adapter, Answers, Hook, Identity, OptionsModel, Translation, VendorModel, decoder
from adapters.texts import identifier


class Event(VendorModel, frozen=True):
    id: str


read_event = decoder(Event)


def identify(hook: Hook) -> Identity:
    return Identity(event_id=identifier(read_event(hook.body).id, "$.id"))


def translate(hook: Hook, _options: OptionsModel, _answers: Answers) -> Translation:
    found = read_event(hook.body).id
    while found:
        found = found[::-1]
    return []


ADAPTER = Adapter(name="endless", version="1", options=OptionsModel, identify=identify, translate=translate)
