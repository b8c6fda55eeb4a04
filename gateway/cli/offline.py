"""What an adapter makes of a request, by the same code that the gateway runs, with neither store nor network."""

from pathlib import Path
from typing import Any, Self

import msgspec

from adapters import Adapter, Hook
from gateway.cli.failure import Failure
from gateway.config.load import load_options
from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.events import EventStatus, TranslatedEvent, UntranslatedEvent, context_of
from gateway.ground.clock import now
from gateway.ground.watchdog import FAILURES, Watchdog
from gateway.ingress.grammar import fault_in
from gateway.ingress.identity import Identified, Taken, identify, take_apart
from gateway.registry import find_adapter
from gateway.translation.translator import Translator

WATCHDOG_SECONDS = 5.0
OWN_TENANT = ""


def source_of(reference: str, options: Path | None) -> ConfiguredSource:
    """A source of the adapter's that belongs to no configuration. Raises Failure, ConfigError."""
    try:
        adapter = find_adapter(reference, Path.cwd())
    except LookupError as error:
        raise Failure(str(error.args[0])) from None
    typed = _without_options(adapter) if options is None else load_options(adapter, options)
    settings = Source(adapter=reference, tenant=OWN_TENANT, auth="none")
    return ConfiguredSource(name="offline", settings=settings, adapter=adapter, options=typed)


def _without_options(adapter: Adapter) -> Any:
    try:
        return adapter.options()
    except FAILURES as error:
        raise Failure(f"adapter {adapter.name} needs options, in a file (--options): {error}") from None


def fault_of(body: bytes) -> str | None:
    """What keeps a body from being JSON, as the hooks' URLs judge it, or None."""
    fault = fault_in(body)
    return None if fault is None else fault.detail


class Workbench:
    """A source's adapter by itself, for as many requests as wanted. Use as `with Workbench(source) as bench`.

    The clock stands still, so that two outcomes differ only where their requests do.
    """

    def __init__(self, source: ConfiguredSource, seconds: float = WATCHDOG_SECONDS) -> None:
        self._source = source
        self._now = now()
        self._watchdog = Watchdog(seconds)
        try:
            tell = source.adapter.tenants
            named = [] if tell is None else self._watchdog.call(lambda: list(tell(source.options)))
        except FAILURES as error:
            raise Failure(f"adapter {source.adapter.name} cannot say its tenants: {error!r}") from None
        tenants = {name: Tenant() for name in (OWN_TENANT, source.settings.tenant, *named)}
        self._translator = Translator({source.name: source}, tenants, self._watchdog)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.close()

    def seen(self, hook: Hook) -> Hook:
        """The request as the adapter may see it: what it does not list is left out."""
        adapter = self._source.adapter
        reads = {name.lower() for name in adapter.reads_headers}
        headers = {name: value for name, value in hook.headers.items() if name in reads}
        parameters = {name: value for name, value in hook.parameters.items() if name in adapter.reads_parameters}
        return msgspec.structs.replace(hook, headers=headers, parameters=parameters)

    def take_apart(self, hook: Hook) -> Taken:
        """The events of a request."""
        return take_apart(self._source.adapter, self.seen(hook), self._watchdog)

    def translate(self, hook: Hook, answers: dict[str, bytes | None]) -> tuple[str, str | None, TranslatedEvent]:
        """One event's ID and topic, and what becomes of it."""
        hook = self.seen(hook)
        return self.told(hook, identify(self._source.adapter, hook, self._watchdog), answers)

    def unasked(self, hook: Hook, answers: dict[str, bytes | None]) -> set[str]:
        """The keys among these answers that no lookup asks, of all that come of the one before."""
        asked: set[str] = set()
        while True:
            known = {key: answer for key, answer in answers.items() if key in asked}
            wanted = {each.answer_key for each in self.translate(hook, known)[2].lookups}
            if wanted <= asked:
                return answers.keys() - asked
            asked |= wanted

    def told(
        self, hook: Hook, identity: Identified, answers: dict[str, bytes | None]
    ) -> tuple[str, str | None, TranslatedEvent]:
        """The same of one whose ID is known."""
        adapter = self._source.adapter
        if identity.dead is None:
            return identity.event_id, identity.topic, self._translated(hook, identity.event_id, answers)
        dead = TranslatedEvent(
            id=0,
            source=self._source.name,
            event_id=identity.event_id,
            status=EventStatus.DEAD,
            adapter_version=adapter.version,
            reason=identity.dead,
        )
        return identity.event_id, identity.topic, dead

    def _translated(self, hook: Hook, event_id: str, answers: dict[str, bytes | None]) -> TranslatedEvent:
        event = UntranslatedEvent(
            id=0,
            source=self._source.name,
            event_id=event_id,
            topic=None,
            received_at=self._now,
            body=hook.body,
            context=context_of(hook),
            answers=answers or None,
            clock=self._now if answers else None,
        )
        return self._translator.translate(event)
