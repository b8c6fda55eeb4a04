"""What the gateway and its store's process say to each other.

What is pickled or packed is so by ourselves on both ends; nobody else can reach the sockets.
"""

import copyreg
import pickle
import traceback
from collections.abc import Callable, Collection, Sequence
from struct import Struct
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gateway.errors import GatewayError
from gateway.events import Arrival, Micros, Receipt, Transition, TranslatedEvent, UntranslatedEvent
from gateway.ground.parcel import Parcel, relayed
from gateway.orders import Claim, Lease, Settled, Settling, Wait
from gateway.records import Change, DayPage

PUT: Final = 1
"""To the store: a number and arrivals. Back: the number and what became of each. Packed, never pickled."""

CALL: Final = 2
"""To the store: a number, the name of a port's method and its arguments. Back: the number and what came of it."""

OPENED: Final = 3
"""From the store, first of all: that it is open, or why it could not be opened."""

FAILURE: Final = 4
"""From the store, before what it explains: why nothing can be written, or None."""

COMMITTED: Final = 5
"""From the store: a group's number of arrivals and its seconds."""

STORED: Final = 6
"""From the store: something waits for translation that no receipt tells of."""

CLOSE: Final = 7
"""To the store: finish what waits, and end."""

PING: Final = 8
"""To the store, and back at once: whether it lives, however long what it was asked for may take."""

DAMAGED: Final = 9
"""From the store, last of all: its file is damaged, in a sentence. Whoever hears it ends the store's process."""

CHANGED: Final = 10
"""From the store, while it listens: how many changes, how many others before them, and what they are, as JSON."""

OPEN: Final = 10
"""To the store, first of all, where it is no file: the `Database`, pickled."""

Encode = Callable[[Any], bytes]
Decode = Callable[[Any], Any]


def pickled(value: object) -> bytes:
    """Any value of ours as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpickled(payload: memoryview) -> Any:
    """The value back."""
    return pickle.loads(payload)  # noqa: S301 - from our own process, over our own pair of sockets


def _listed(view: Collection[Any]) -> tuple[Any, ...]:
    return list, (list(view),)


# A view of a mapping is a collection as good as any.
copyreg.pickle(type({}.keys()), _listed)
copyreg.pickle(type({}.values()), _listed)

encode: Final = msgspec.msgpack.Encoder(enc_hook=relayed).encode
decode_arrivals: Final = msgspec.msgpack.Decoder(list[Arrival]).decode
decode_arrival: Final = msgspec.msgpack.Decoder(Arrival).decode
decode_singly: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
decode_stored: Final = msgspec.msgpack.Decoder(list[Receipt | str]).decode
"""Each arrival's receipt, or why it could not be stored."""
_COUNTS: Final = Struct("<II")
_decode_changes: Final = msgspec.json.Decoder(list[Change]).decode

_PICKLES_FIRST: Final = 0x80
"""A byte; in MessagePack an empty map's, which none of our values is."""


def encode_changes(changes: Sequence[Change], missed: int) -> tuple[bytes, bytes | memoryview]:
    """A frame of changes: what is JSON already goes as it is."""
    counts = _COUNTS.pack(len(changes), missed)
    return counts, changes.raw if isinstance(changes, Parcel) else msgspec.json.encode(changes)


def decode_changes(payload: memoryview) -> tuple[Sequence[Change], int]:
    """The changes, read where somebody looks into them, and how many went before them."""
    count, missed = _COUNTS.unpack_from(payload)
    return Parcel(bytes(payload[_COUNTS.size :]), _decode_changes, count), missed


def packed(value: object) -> bytes:
    """A value as bytes: fast, unless something in it is such as no JSON could hold either."""
    try:
        return encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError):
        return pickled(value)


def unpacker(type_: Any) -> Decode:
    """What turns such bytes back into a value of this type. Raises msgspec.ValidationError."""
    decode = msgspec.msgpack.Decoder(type_).decode
    return lambda payload: unpickled(payload) if payload[0] == _PICKLES_FIRST else decode(payload)


def parcels(type_: Any) -> Decode:
    """What leaves a packed list as it is, to be unpacked where somebody looks into it."""
    decode = msgspec.msgpack.Decoder(type_).decode
    return lambda payload: unpickled(payload) if payload[0] == _PICKLES_FIRST else Parcel(payload, decode)


class Codec:
    """How a call's arguments and its outcome pass: pickled, but for what goes through often, or in masses."""

    def __init__(
        self,
        arguments: Any = None,
        outcome: Any = None,
        *,
        pack: Encode | None = None,
        unpack: Callable[[Any], Decode] = unpacker,
    ) -> None:
        self.encode_arguments: Encode = pickled if arguments is None else pack or _positional
        self.decode_arguments: Decode = unpickled if arguments is None else _named(unpacker(arguments))
        self.encode_outcome: Encode = pickled if outcome is None else packed
        self.decode_outcome: Decode = unpickled if outcome is None else unpack(outcome)


def _positional(arguments: tuple[tuple[object, ...], dict[str, object]]) -> bytes:
    return packed(arguments[0])


def _settling(arguments: tuple[tuple[Lease, Settling], dict[str, object]]) -> bytes:
    """The bodies stay behind: nobody looks at them again."""
    (lease, settling), _ = arguments
    orders = tuple([replace(order, body=b"") for order in lease.orders])
    return packed((replace(lease, orders=orders), settling))


def _named(decode: Decode) -> Decode:
    return lambda payload: (decode(payload), {})


_PICKLED: Final = Codec()
_CODECS: Final = {
    "translation.untranslated": Codec(outcome=list[UntranslatedEvent], unpack=parcels),
    "translation.commit": Codec(tuple[list[TranslatedEvent], Micros], list[Transition]),
    "outbox.claim": Codec(tuple[str, Claim], Lease | Wait),
    "outbox.settle": Codec(tuple[Lease, Settling], tuple[list[Settled], Lease | None], pack=_settling),
    "pulls.claim_unserved": Codec(outcome=Lease | None),
    "days.page": Codec(outcome=DayPage),
}


def codec_of(call: str) -> Codec:
    """How this method's calls pass."""
    return _CODECS.get(call, _PICKLED)


_NUMBER: Final = 4


def head_of(number: int) -> bytes:
    """What stands before arrivals, a call or an answer to either in its frame."""
    return number.to_bytes(_NUMBER, "little")


def numbered(frame: memoryview) -> tuple[int, memoryview]:
    """The number, and what stands behind it."""
    return int.from_bytes(frame[:_NUMBER], "little"), frame[_NUMBER:]


def head_of_call(number: int, call: str) -> bytes:
    """What stands before a call's arguments in its frame."""
    return b"%b%c%b" % (head_of(number), len(call), call.encode())


def decode_call(frame: memoryview) -> tuple[int, str, memoryview]:
    """The call's number, the method's name, and its arguments."""
    number, rest = numbered(frame)
    end = 1 + rest[0]
    return number, str(rest[1:end], "ascii"), rest[end:]


def head_of_answer(number: int, *, is_error: bool) -> bytes:
    """What stands before what a call returned or raised in its answer's frame."""
    return b"%b%c" % (head_of(number), is_error)


def decode_answer(frame: memoryview) -> tuple[int, bool, memoryview]:
    """The call's number, whether it raised, and what it returned or raised."""
    number, rest = numbered(frame)
    return number, bool(rest[0]), rest[1:]


def encode_error(error: Exception) -> bytes:
    """An exception; one that nobody expects brings along where it was raised."""
    if not isinstance(error, GatewayError | ValueError):
        error.add_note("in the store's process:\n" + "".join(traceback.format_tb(error.__traceback__)))
    try:
        payload = pickled(error)
        pickle.loads(payload)  # noqa: S301 - made a line above
    except Exception:  # noqa: BLE001 - an exception may be of anything
        return pickled(RuntimeError(repr(error)))
    return payload
