"""What passes between the loop and the adapters, without being unpacked on its way through the gateway."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from gateway.events import TranslatedEvent, UntranslatedEvent
from gateway.ground.parcel import Parcel

_decode_events: Final = msgspec.msgpack.Decoder(list[TranslatedEvent]).decode


class Head(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """All that the loop needs to know of an event that waits: how an `UntranslatedEvent` begins."""

    id: int
    source: str


_decode_heads: Final = msgspec.msgpack.Decoder(list[Head]).decode


def heads_of(events: Sequence[UntranslatedEvent]) -> Sequence[Head | UntranslatedEvent]:
    """What tells of each event, in their order, without unpacking the others' rest."""
    return _decode_heads(events.raw) if isinstance(events, Parcel) else events


def size_of(events: Sequence[UntranslatedEvent]) -> int:
    """Bytes of their bodies, or a little more."""
    return len(events.raw) if isinstance(events, Parcel) else sum([len(event.body) for event in events])


class Part(msgspec.Struct, frozen=True, array_like=True):
    """An answer of the adapters' process: what became of some events, and what the gateway asks of it.

    `ids` are the events', `tenants` those of their orders; `has_returned`: whether the last event's adapter has.
    `events` are packed as a list.
    """

    ids: list[int]
    tenants: list[str]
    has_returned: bool
    events: msgspec.Raw


_decode_part: Final = msgspec.msgpack.Decoder(Part).decode


class Told(Parcel[TranslatedEvent]):
    """What became of some events, as their process packed it."""

    def __init__(self, answer: bytes | memoryview) -> None:
        part = _decode_part(answer)
        super().__init__(memoryview(part.events), _decode_events)
        self.ids: Final = part.ids
        self.tenants: Final = part.tenants
        self.has_returned: Final = part.has_returned


def ids_of(translated: Sequence[TranslatedEvent]) -> Sequence[int]:
    """Which events they are: whoever translates source by source tells of them in another order."""
    return translated.ids if isinstance(translated, Told) else [event.id for event in translated]


def tenants_of(translated: Sequence[TranslatedEvent]) -> Collection[str]:
    """Whose orders the events tell of."""
    if isinstance(translated, Told):
        return translated.tenants
    return {state.tenant for event in translated for state in event.states}
