"""What the wiring lets stand around the rooms' doors: nothing, or, where `tracing` is configured, what tells spans."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from starlette.types import Receive, Scope, Send

from adapters import Api
from gateway.config.live import Live
from gateway.delivery.standing import Around, unwatched
from gateway.ground.exchange import Respond, Start
from gateway.lookups.asking import Fetch
from gateway.store.ports import Inbox, LookupQueue
from gateway.translation.loop import Translate

if TYPE_CHECKING:
    from gateway.service.tracing import Tracing


class Doorway(Protocol):
    """The application in front: both ways in."""

    def take(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        """As `Taker`."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""
        ...


class Untraced:
    """Nothing stands around them."""

    attempt: Around = staticmethod(unwatched)

    @staticmethod
    def front(front: Doorway) -> Doorway:
        """As it is."""
        return front

    @staticmethod
    def inbox(inbox: Inbox) -> Inbox:
        """As it is."""
        return inbox

    @staticmethod
    def translate(translate: Translate) -> Translate:
        """As it is."""
        return translate

    @staticmethod
    def lookups(queue: LookupQueue) -> LookupQueue:
        """As it is."""
        return queue

    @staticmethod
    def fetch(fetch: Fetch) -> Fetch:
        """As it is."""
        return fetch

    async def close(self) -> None:
        """There is nothing to tell."""


Spans: TypeAlias = "Untraced | Tracing"


def spans_of(live: Live, apis: Mapping[str, Api]) -> Spans:
    """By the configuration in force. What `tracing` needs is loaded only where it is on."""
    settings = live.settings.tracing
    if settings is None:
        return Untraced()
    from gateway.service.tracing import Tracing  # noqa: PLC0415 - an extra, and a second's worth of imports

    return Tracing(settings, live.tenants, apis)
