"""Broken: it raises what is no TranslationError."""

from adapters import Adapter, Answers, Hook, Identity, OptionsModel, Translation, VendorModel, decoder
from adapters.texts import identifier


class Event(VendorModel, frozen=True):
    id: str


read_event = decoder(Event)


def identify(hook: Hook) -> Identity:
    return Identity(event_id=identifier(read_event(hook.body).id, "$.id"))


def translate(hook: Hook, _options: OptionsModel, _answers: Answers) -> Translation:
    known: dict[str, Translation] = {}
    return known[read_event(hook.body).id]


ADAPTER = Adapter(name="raises", version="1", options=OptionsModel, identify=identify, translate=translate)
