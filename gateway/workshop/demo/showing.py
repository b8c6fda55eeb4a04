"""What became of the demo's events, asked of the operators' API, a row as each ends; and how a person goes on."""

import asyncio
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gateway.config.model import Config
from gateway.console.link import SignInLink
from gateway.events import OPEN, EventStatus
from gateway.workshop.demo.preparing import Prepared, shown
from gateway.workshop.demo.sending import Sent

Found = TypeVar("Found")

LOOK_SECONDS: Final = 0.1
QUIET_SECONDS: Final = 1.0
"""So long nothing is shown before a person is told what is waited for."""
WIDTH: Final = 80
_MARGIN: Final = 12
GOOD, REFUSED = 200, "refused"


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


class Standing(msgspec.Struct, frozen=True):
    """What was started: the gateway's URL, its log, whose door signs in by the link, and who of several lives.

    `strike` is what happens in the middle, `tell` what is said of it in the end.
    """

    url: str
    log: Path
    door: str
    strike: "Callable[[OperatorsApi], Awaitable[None]] | None" = None
    tell: "Callable[[OperatorsApi], Awaitable[None]] | None" = None


class Living(msgspec.Struct):
    """One of several replicas, and what it does alone."""

    name: str
    state: str
    duties: list[str]


class _Replicas(msgspec.Struct):
    replicas: list[Living]


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

    @property
    def is_as_it_should_be(self) -> bool:
        """Whether it was taken and has ended: a good one at Trackely, what is no order set aside."""
        is_dead = self.status == EventStatus.DEAD
        return self.sent.status == GOOD and not self.is_open and is_dead is self.sent.sample.is_no_order


def operators_url(config: Config, url: str) -> str:
    """Where the operators' doors of the gateway at `url` are."""
    admin = config.settings.server.admin
    return url if admin is None else f"http://{admin.host}:{admin.port}"


def api_root(config: Config, url: str) -> str:
    """Where the operators' API of the gateway at `url` is."""
    return f"{operators_url(config, url)}/api/v1/"


class OperatorsApi:
    """The operators' API as far as the demo needs it."""

    def __init__(self, client: httpx.AsyncClient, config: Config, url: str) -> None:
        settings = config.settings
        tokens = [str(settings.api.token)] if settings.api.token else [str(each.token) for each in settings.api.tokens]
        self._client = client
        self._root = api_root(config, url)
        self._headers = {b"Authorization": f"Bearer {tokens[0]}".encode()} if tokens else {}

    async def outcome(self, sent: Sent) -> Outcome:
        """What became of a sample by now."""
        if sent.event_id is None:
            return Outcome(sent, REFUSED, reason=sent.problem)
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

    async def replicas(self) -> list[Living]:
        """Those that serve the store, by their names."""
        found = await self._get("replicas", msgspec.json.Decoder(_Replicas))
        return sorted(found.replicas, key=lambda each: each.name)

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
) -> AsyncIterator[Outcome | Sent]:
    """What became of each, in their order, as soon as it has ended; one that is not yet, once, where it takes long.

    At the event loop's time `until` they come as they are.
    """
    clock = asyncio.get_running_loop().time
    for each in sent:
        begin, is_told = clock(), False
        while (outcome := await api.outcome(each)).is_open and clock() < until:
            if not is_told and clock() > begin + QUIET_SECONDS:
                is_told = True
                yield each
            await sleep(LOOK_SECONDS)
        yield outcome


def say(text: str = "") -> None:
    """A line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(outcome: Outcome) -> None:
    """What a sample was and what became of it, in lines that a narrow terminal holds and no id is broken by."""
    what = "set aside" if outcome.status == EventStatus.DEAD else outcome.status
    if outcome.sent.sample.is_repeat and outcome.sent.is_duplicate:
        what = "repeat"
    say(f"{what:<{_MARGIN}}{outcome.sent.sample.words}")
    for line in _lines(outcome):
        blank = " " * _MARGIN
        say(textwrap.fill(line, WIDTH - 1, initial_indent=blank, subsequent_indent=blank, break_long_words=False))


def _lines(outcome: Outcome) -> list[str]:
    lines = []
    if outcome.order is not None:
        at_trackely = f"is {outcome.order_id} at Trackely" if outcome.order_id else "is not yet at Trackely"
        lines.append(f"{outcome.order} {at_trackely}")
    if outcome.reason is not None:
        lines.append(outcome.reason)
    if outcome.is_open:
        lines.append("still on its way: see `gateway tenants list`")
    return lines


def show_the_way_on(prepared: Prepared, standing: Standing, *, goes_on: bool) -> None:
    """The commands with which a person looks further; each block can be pasted as it is."""
    if standing.tell is not None and not goes_on:
        say(f"\nThe replicas have stopped, and their database is gone; logs: {shown(standing.log)}.")
        return
    gateway = _command()
    at = "" if prepared.file == Path("config.yaml") else f" --config {_path(prepared.file)}"
    secrets = [f"set -a; . {_path(prepared.secrets_file)}; set +a"] if prepared.secrets_file is not None else []
    if goes_on:
        say(f"\nThe gateway listens on {standing.url} until Ctrl-C; its log is {shown(standing.log)}.")
        say("Look further, in another shell in this folder:")
    else:
        say(f"\nThe gateway has stopped; what it stored is kept, its log is {shown(standing.log)}.")
        _block([*secrets, f"{gateway} serve{at}"], "Start it again, in this folder:")
        say("Then look further, in another shell in this folder:")
    lists = ["orders list", "events list", "dead-letters list", "sources list"]
    lists += ["replicas"] if standing.tell is not None else []
    lines = [*secrets, *(f"{gateway} {command}{at}" for command in lists)]
    if prepared.has_token:
        header = '"Authorization: Bearer $GATEWAY_API_TOKEN"'
        lines.append(f"curl -H {header} \\\n    {shlex.quote(api_root(prepared.config, standing.url) + 'orders')}")
    _block(lines)


def show_the_console(prepared: Prepared, standing: Standing, link: SignInLink | None) -> None:
    """Where the pages are, and how to sign in: last, so that it is what is seen."""
    if link is None:
        return
    place = operators_url(prepared.config, standing.url)
    say("Or look at its pages. This link signs in once, on this machine, within five minutes:\n")
    say(f"  {standing.door}{link.issue()}\n")
    whence = "" if prepared.secrets_file is None else f" in {shown(prepared.secrets_file)}"
    say(f"Later: {place}/console, with the GATEWAY_API_TOKEN{whence}.")


def _block(lines: Sequence[str], words: str | None = None) -> None:
    if words is not None:
        say(words)
    say("\n" + "\n".join(f"  {line}" for line in lines) + "\n")


def _command() -> str:
    """How this very gateway is called from a shell in this folder."""
    beside = Path(sys.executable).parent / "gateway"
    if shutil.which("gateway") is not None and Path(str(shutil.which("gateway"))).resolve() == beside.resolve():
        return "gateway"
    return _path(beside) if os.access(beside, os.X_OK) else f"{shlex.quote(sys.executable)} -m gateway"


def _path(path: Path) -> str:
    """A path that `.` and a shell take for a file, not for a name to look up."""
    name = shown(path.parent.resolve() / path.name)
    return shlex.quote(name if "/" in name else f"./{name}")
