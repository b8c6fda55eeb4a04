"""What the gateway and its store's process say to each other."""

import pickle
import traceback
from collections.abc import Callable
from typing import Any, Final

from gateway.channel import packed, unpacker
from gateway.errors import GatewayError
from gateway.events import Arrival, Micros, Receipt, Transition, TranslatedEvent, UntranslatedEvent
from gateway.orders import Claim, Lease, Settled, Settling, Wait

PUT: Final = 1
"""To the store: arrivals. Back, in the order in which they came: what became of each."""

CALL: Final = 2
"""To the store: a number, the name of a port's method and its arguments. Back: the number and what came of it."""

OPENED: Final = 3
"""From the store, first of all: None, or why it could not be opened."""

FAILURE: Final = 4
"""From the store, before what it explains: why nothing can be written, or None."""

COMMITTED: Final = 5
"""From the store: a group's number of arrivals and its seconds."""

STORED: Final = 6
"""From the store: there is something to translate."""

CLOSE: Final = 7
"""To the store: finish what waits, and end."""

Encode = Callable[[Any], bytes]
Decode = Callable[[Any], Any]


def pickled(value: object) -> bytes:
    """Any value of ours as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpickled(payload: memoryview) -> Any:
    """The value back."""
    return pickle.loads(payload)  # noqa: S301 - from our own process, over our own pair of sockets


decode_arrivals: Final = unpacker(list[Arrival])
decode_stored: Final = unpacker(list[Receipt | str])
"""Each arrival's receipt, or why it could not be stored."""


class Codec:
    """How a call's arguments and its outcome pass: pickled, but for what every event goes through."""

    def __init__(self, arguments: Any = None, outcome: Any = None) -> None:
        self.encode_arguments: Encode = pickled if arguments is None else _positional
        self.decode_arguments: Decode = unpickled if arguments is None else _named(unpacker(arguments))
        self.encode_outcome: Encode = pickled if outcome is None else packed
        self.decode_outcome: Decode = unpickled if outcome is None else unpacker(outcome)


def _positional(arguments: tuple[tuple[object, ...], dict[str, object]]) -> bytes:
    return packed(arguments[0])


def _named(decode: Decode) -> Decode:
    return lambda payload: (decode(payload), {})


_PICKLED: Final = Codec()
_CODECS: Final = {
    "translation.untranslated": Codec(outcome=list[UntranslatedEvent]),
    "translation.commit": Codec(tuple[list[TranslatedEvent], Micros], list[Transition]),
    "outbox.claim": Codec(tuple[str, Claim], Lease | Wait),
    "outbox.settle": Codec(tuple[Lease, Settling], tuple[list[Settled], Lease | None]),
    "pulls.claim_unserved": Codec(outcome=Lease | None),
}


def codec_of(call: str) -> Codec:
    """How this method's calls pass."""
    return _CODECS.get(call, _PICKLED)


_NUMBER: Final = 4


def encode_call(number: int, call: str, payload: bytes) -> bytes:
    """A call's frame."""
    return b"%b%c%b%b" % (number.to_bytes(_NUMBER, "little"), len(call), call.encode(), payload)


def decode_call(frame: memoryview) -> tuple[int, str, memoryview]:
    """The call's number, the method's name, and its arguments."""
    end = _NUMBER + 1 + frame[_NUMBER]
    return int.from_bytes(frame[:_NUMBER], "little"), str(frame[_NUMBER + 1 : end], "ascii"), frame[end:]


def encode_answer(number: int, payload: bytes, *, is_error: bool) -> bytes:
    """An answer's frame."""
    return b"%b%c%b" % (number.to_bytes(_NUMBER, "little"), is_error, payload)


def decode_answer(frame: memoryview) -> tuple[int, bool, memoryview]:
    """The call's number, whether it raised, and what it returned or raised."""
    return int.from_bytes(frame[:_NUMBER], "little"), bool(frame[_NUMBER]), frame[_NUMBER + 1 :]


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
