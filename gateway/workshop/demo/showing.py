"""What became of the demo's events, asked of the operators' API, and how a person goes on from there."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.config import Config
from gateway.events import EventStatus
from gateway.workshop.demo.preparing import Prepared, shown
from gateway.workshop.demo.sending import Sent

Found = TypeVar("Found")

LOOK_SECONDS: Final = 0.1
WIDE: Final = 150
"""Columns of a terminal in which every id has a line of its own."""
_PLACES: Final = ("Trackely order", "orderId")
OPEN: Final = frozenset({EventStatus.RECEIVED, EventStatus.WAITING, EventStatus.TRANSLATED})


class _Reason(msgspec.Struct):
    detail: str


class _EventOrder(msgspec.Struct, rename="camel"):
    tenant: str
    external_order_id: str


class _Event(msgspec.Struct):
    status: str
    reason: _Reason | None = None
    orders: list[_EventOrder] = []


class _Events(msgspec.Struct):
    events: list[_Event]


class _Order(msgspec.Struct, rename="camel"):
    order_id: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a sample: the event's status, or that it was refused; the order it made at Trackely, if any."""

    sent: Sent
    status: str
    order: str | None = None
    order_id: str | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still on its way."""
        return self.status in OPEN


def api_root(config: Config, url: str) -> str:
    """Where the operators' API of the gateway at `url` is."""
    admin = config.settings.server.admin
    return (url if admin is None else f"http://{admin.host}:{admin.port}") + "/api/v1/"


class OperatorsApi:
    """The operators' API as far as the demo needs it."""

    def __init__(self, client: httpx.AsyncClient, config: Config, url: str) -> None:
        settings = config.settings
        tokens = [str(settings.api.token)] if settings.api.token else [str(each.token) for each in settings.api.tokens]
        self._client = client
        self._root = api_root(config, url)
        self._headers = {"Authorization": f"Bearer {tokens[0]}"} if tokens else {}

    async def outcome(self, sent: Sent) -> Outcome:
        """What became of a sample by now."""
        if sent.event_id is None:
            return Outcome(sent, "refused", reason=sent.problem)
        found = await self._get("events", msgspec.json.Decoder(_Events), source=sent.source, eventId=sent.event_id)
        if not found.events:
            return Outcome(sent, EventStatus.RECEIVED)
        event = found.events[0]
        reason = event.reason.detail if event.reason else None
        if not event.orders:
            return Outcome(sent, event.status, reason=reason)
        order = event.orders[0]
        place = f"orders/{quote(order.tenant, safe='')}/{quote(order.external_order_id, safe='')}"
        known = await self._get(place, msgspec.json.Decoder(_Order))
        return Outcome(sent, event.status, order.external_order_id, known.order_id, reason)

    async def _get(self, path: str, decoder: "msgspec.json.Decoder[Found]", **query: str) -> Found:
        answer = await self._client.get(self._root + path, params=query, headers=self._headers)
        answer.raise_for_status()
        return decoder.decode(answer.content)


async def outcomes(
    api: OperatorsApi,
    sent: Sequence[Sent],
    *,
    until: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Outcome]:
    """What became of each sample once all have ended, or at the event loop's time `until`."""
    while True:
        found = [await api.outcome(each) for each in sent]
        if not any(each.is_open for each in found) or asyncio.get_running_loop().time() > until:
            return found
        await sleep(LOOK_SECONDS)


def show(console: Console, found: Sequence[Outcome]) -> None:
    """The table of what became of each sample."""
    narrow = console.width < WIDE
    table = Table(show_lines=True)
    names = ("event", "what became of it") if narrow else ("event", "answered", "outcome", *_PLACES, "reason")
    for name in names:
        # An id that is cut short finds nothing.
        table.add_column(name, overflow="fold")
    for each in found:
        sent = each.sent
        answered = f"{sent.status}{' duplicate' if sent.is_duplicate else ''}"
        event = f"{sent.sample.words}\n[dim]{sent.event_id or ''}[/dim]"
        cells = (answered, each.status, each.order, each.order_id, each.reason)
        table.add_row(event, *(("\n".join(cell for cell in cells if cell),) if narrow else cells))
    console.print(table)


def show_the_way_on(console: Console, prepared: Prepared, path: Path, url: str, *, goes_on: bool) -> None:
    """The commands with which a person looks further."""
    gateway = _command()
    at = "" if path == Path("config.yaml") else f" --config {path}"
    lines = []
    if prepared.secrets_file is not None:
        lines.append(f"set -a; . {_path(prepared.secrets_file)}; set +a")
    words = f"The gateway listens on {url} until Ctrl-C. Look further, in another shell in this folder:"
    if not goes_on:
        words = "The gateway has stopped; what it stored is kept. Start it again and look further with:"
        lines.append(f"{gateway} serve{at} &")
    console.print(f"\n{words}", highlight=False, soft_wrap=True)
    lines += [
        f"{gateway} {command}{at}" for command in ("orders list", "events list", "dead-letters list", "sources list")
    ]
    lines.append(f'curl -H "Authorization: Bearer $GATEWAY_API_TOKEN" {api_root(prepared.config, url)}orders')
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _command() -> str:
    """How this very gateway is called from a shell in this folder."""
    beside = Path(sys.executable).parent / "gateway"
    if shutil.which("gateway") is not None and Path(str(shutil.which("gateway"))).resolve() == beside.resolve():
        return "gateway"
    return _path(beside) if os.access(beside, os.X_OK) else f"{sys.executable} -m gateway"


def _path(path: Path) -> str:
    """A path that `.` and a shell take for a file, not for a name to look up."""
    name = shown(path.parent.resolve() / path.name)
    return name if "/" in name else f"./{name}"
