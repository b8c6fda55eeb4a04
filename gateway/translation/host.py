"""The translation's process, started by `TranslationProcess` and by nobody else: `-m gateway.translation.host FD`."""

import pickle
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gateway.channel import Blocking, end_of, packed, rest_collector, unpacker
from gateway.config.model import ConfiguredSource
from gateway.events import TranslatedEvent, UntranslatedEvent
from gateway.translation.registry import find_adapter
from gateway.translation.translator import Translator
from gateway.watchdog import Watchdog

TRANSLATION_SECONDS: Final = 1.0
PART_EVENTS: Final = 64
"""Of one answer, which is one transaction: acknowledgements wait for it."""

PART_SECONDS: Final = 1.0

_unpacked: Final = unpacker(list[UntranslatedEvent])


def translated(
    events: list[UntranslatedEvent], translate: Callable[[UntranslatedEvent], TranslatedEvent]
) -> Iterator[list[TranslatedEvent]]:
    """What becomes of the events, a part after the other: what is done does not wait for one that takes its time."""
    part: list[TranslatedEvent] = []
    until = time.monotonic() + PART_SECONDS
    for event in events:
        part.append(translate(event))
        if len(part) >= PART_EVENTS or time.monotonic() > until:
            yield part
            part, until = [], time.monotonic() + PART_SECONDS
    if part:
        yield part


def translator_of(setup: bytes) -> Translator:
    """The translator for what `setup_of` packed. Raises LookupError: an adapter does not load any more."""
    given, tenants = pickle.loads(setup)  # noqa: S301 - from our own process, over our own pair of sockets
    sources = {}
    for name, settings, directory, options in given:
        adapter = find_adapter(settings.adapter, Path(directory))
        sources[name] = ConfiguredSource(name, settings, adapter, pickle.loads(options))  # noqa: S301 - as above
    return Translator(sources, tenants, Watchdog(TRANSLATION_SECONDS))


def main(descriptor: str) -> None:
    """Translate what comes over the descriptor, until nothing can come any more."""
    channel = Blocking(end_of(int(descriptor)))
    frames = iter(channel)
    question, setup = next(frames)
    try:
        translator = translator_of(setup)
    except LookupError as error:
        channel.send(question, str(error.args[0]).encode())
        return
    channel.send(question, b"")
    rest_collector()
    for question, events in frames:
        for part in translated(_unpacked(events), translator.translate):
            channel.send(question, packed(part))


if __name__ == "__main__":
    main(*sys.argv[1:])
