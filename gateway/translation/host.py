"""The translation's process, started by `TranslationProcess` and by nobody else."""

import pickle
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from gateway.config.code import digest_of
from gateway.config.convert import convert
from gateway.config.model import ConfiguredSource
from gateway.config.nodes import Faults
from gateway.errors import ConfigError
from gateway.events import TranslatedEvent, UntranslatedEvent
from gateway.ground import collector
from gateway.ground.frames import Blocking
from gateway.ground.watchdog import Watchdog
from gateway.registry import find_adapter
from gateway.translation.told import Part
from gateway.translation.translator import Ran, Translator, defect

TRANSLATION_SECONDS: Final = 1.0
PART_SECONDS: Final = 1.0


def _plain(value: object) -> object:
    """A text or a number of an adapter's own class is a text or a number to everybody else."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    raise TypeError(f"a {type(value).__name__} is no value of an event")


_encode: Final = msgspec.msgpack.Encoder(enc_hook=_plain).encode
_decode: Final = msgspec.msgpack.Decoder(list[TranslatedEvent]).decode
_decode_events: Final = msgspec.msgpack.Decoder(list[UntranslatedEvent]).decode

_Run: TypeAlias = list[tuple[UntranslatedEvent, Ran]]


def packed(translator: Translator, part: _Run) -> tuple[bytes, list[TranslatedEvent]]:
    """What becomes of events, as bytes and as they read; what nobody else could read is its adapter's defect."""
    try:
        told = _encode([translator.judge(event, ran) for event, ran in part])
        # Structs do not check what they are made of.
        return told, _decode(told)
    except Exception as error:  # noqa: BLE001 - an adapter may have made anything
        if len(part) > 1:
            became = [each for one in part for each in packed(translator, [one])[1]]
        else:
            became = [_unreadable(translator, part[0][0], error)]
        return _encode(became), became


def _unreadable(translator: Translator, event: UntranslatedEvent, error: Exception) -> TranslatedEvent:
    source = translator.sources[event.source]
    what = f"adapter {source.adapter.name} made what cannot be stored: {type(error).__name__}: {error}"
    return defect(source, event, what)


def parts(translator: Translator, events: Iterable[UntranslatedEvent], most: int) -> Iterator[Part]:
    """A part after the other, of `most` events: what is done does not wait for one that takes its time.

    The adapters run for a whole part before any of it is judged: the processor then has one of the two codes at hand,
    not both in turn, which costs a fifth more.
    """
    waiting = iter(events)
    while part := _run(translator, waiting, most):
        told, became = packed(translator, part)
        tenants = {state.tenant for event in became for state in event.states}
        yield Part([event.id for event, _ in part], list(tenants), became[-1].has_returned, msgspec.Raw(told))


def _run(translator: Translator, waiting: Iterator[UntranslatedEvent], most: int) -> _Run:
    part, until = [], time.monotonic() + PART_SECONDS
    for event in waiting:
        part.append((event, translator.run(event)))
        if len(part) >= most or time.monotonic() > until:
            break
    return part


def translator_of(setup: bytes) -> Translator:
    """The translator for what `setup_of` packed.

    Raises:
        LookupError: an adapter does not load any more, or its code is another than the one that runs.
        ConfigError: its options are others now.
    """
    told, tenants = pickle.loads(setup)  # noqa: S301 - from our own process, over our own pair of sockets
    sources, faults = {}, Faults()
    for name, settings, directory, given, source, digest in told:
        adapter = find_adapter(settings.adapter, Path(directory), source)
        if digest_of(adapter) != digest:
            raise LookupError(f"adapter {adapter.name} was exchanged on disk: restart the gateway, so that all have it")
        options = convert(given, adapter.options, ("sources", name, "options"), faults)
        sources[name] = ConfiguredSource(name, settings, adapter, options)
    faults.settle()
    return Translator(sources, tenants, Watchdog(TRANSLATION_SECONDS))


def main(end: socket.socket) -> None:
    """Translate what comes over the channel, until nothing can come any more."""
    channel = Blocking(end)
    frames = iter(channel)
    first = next(frames, None)
    if first is None:
        # The gateway has ended before it had anything to say.
        return
    question, setup = first
    try:
        translator = translator_of(setup)
    except (LookupError, ConfigError) as error:
        channel.send(question, str(error.args[0] if isinstance(error, LookupError) else error).encode())
        return
    channel.send(question, b"")
    collector.rest()
    for question, asked in frames:
        for part in parts(translator, _decode_events(memoryview(asked)[1:]), asked[0]):
            channel.send(question, _encode(part))
