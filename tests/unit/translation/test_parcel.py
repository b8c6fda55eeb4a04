"""What passes through the gateway as it came."""

import msgspec
import pytest

from gateway.events import EventStatus, TranslatedEvent, UntranslatedEvent
from gateway.ground.parcel import Parcel, head_of, relayed
from gateway.translation.told import Head, Part, Told, heads_of, ids_of, tenants_of

EVENT = UntranslatedEvent(7, "acme", "e-7", "order", 1, b"\xff" * 300, b"", {"orders/1": b"{}"}, 2)


def unpack_nothing(_raw: bytes) -> list[object]:
    raise AssertionError("somebody looked into it")


@pytest.mark.parametrize("count", [0, 1, 15, 16, 255, 256, 65_535, 65_536])
def test_its_length_is_told_unopened(count):
    """However many there are, and whatever it is packed in."""
    assert len(Parcel(msgspec.msgpack.encode([None] * count), unpack_nothing)) == count
    assert len(Parcel(msgspec.json.encode([None] * count), unpack_nothing, count)) == count


def test_a_list_of_what_is_packed_needs_no_packing():
    """Its head, and then the items as they are."""
    packed = [msgspec.msgpack.encode(EVENT)] * 3

    assert msgspec.msgpack.decode(b"".join((head_of(3), *packed)), type=list[UntranslatedEvent]) == [EVENT] * 3


def test_it_is_packed_again_as_it_came():
    """Whole, within what else is packed, and unopened."""
    raw = msgspec.msgpack.encode([EVENT, EVENT])

    packed = msgspec.msgpack.Encoder(enc_hook=relayed).encode((Parcel(raw, unpack_nothing), 5))

    assert msgspec.msgpack.Decoder(tuple[list[UntranslatedEvent], int]).decode(packed) == ([EVENT, EVENT], 5)


def test_it_opens_once_for_who_looks():
    """A view of the bytes does as well as the bytes."""
    parcel = Parcel(
        memoryview(msgspec.msgpack.encode([EVENT])), msgspec.msgpack.Decoder(list[UntranslatedEvent]).decode
    )

    assert parcel[0] is next(iter(parcel))
    assert (list(parcel), parcel[1:]) == ([EVENT], [])


def test_heads_are_read_without_opening():
    """An event's number and source, whatever else it holds."""
    heads = [Head(7, "acme")]

    assert [Head(each.id, each.source) for each in heads_of([EVENT])] == heads
    assert heads_of(Parcel(msgspec.msgpack.encode([EVENT]), unpack_nothing)) == heads


def test_what_is_told_says_which_events_they_are():
    """In whatever order they were translated, packed or not."""
    event = TranslatedEvent(id=9, source="acme", event_id="e-9", status=EventStatus.IGNORED, adapter_version="1")
    raw = msgspec.Raw(msgspec.msgpack.encode([event]))
    told = Told(msgspec.msgpack.encode(Part(ids=[9], tenants=["demo"], has_returned=True, events=raw)))

    assert (ids_of(told), list(tenants_of(told)), told.has_returned, list(told)) == ([9], ["demo"], True, [event])
    assert ids_of([event]) == [9]
