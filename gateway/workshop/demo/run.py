"""The demo as a whole: prepare, start, send, show, and go on until Ctrl-C."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec
from rich.console import Console

from adapters import Api
from gateway.config import Config, is_loopback, warnings_of
from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.service.running import STORE_ENDED, running
from gateway.workshop.demo.preparing import Prepared, prepare, sample
from gateway.workshop.demo.sending import recipients, send
from gateway.workshop.demo.showing import OperatorsApi, outcomes, show, show_the_way_on
from gateway.workshop.standin import User, Warehouse, listening

DONE, FAILED, SIGNALLED = 0, 1, 128
OK: Final = 200
PATIENCE_SECONDS: Final = 60.0
WIDTH: Final = 180
"""Columns of a table that goes into a pipe or a file."""


def run(config: Path, *, once: bool) -> int:
    """Run the demo; its exit code.

    0, 1 where something did not arrive; 128 and the number of the signal that came before `once` had all delivered.

    Raises:
        ConfigError: the configuration does not do, a port is taken, or a file or the store cannot be used.
        StoreUnavailable: the store's process has ended.
    """
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    prepared = prepare(config, os.environ)
    for note in prepared.notes:
        console.print(note, highlight=False, soft_wrap=True)
    for warning in warnings_of(prepared.config):
        sys.stderr.write(f"warning: {warning}\n")
    return asyncio.run(_demonstrate(prepared, config, once=once, console=console))


async def _demonstrate(prepared: Prepared, path: Path, *, once: bool, console: Console) -> int:
    # By the number of a signal, by None where the store's process has ended.
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def end(number: int | None) -> None:
        if not ended.done():
            ended.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    config = prepared.config
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(_standin(config))
        for name in sorted(elsewhere):
            console.print(f"{name} asks an API that is not the stand-in: no samples are sent to it.", highlight=False)
        # The table tells what the log would: only trouble stands between.
        url = await stack.enter_async_context(running(config, on_lost=partial(end, None), log_level="warning"))
        showing = asyncio.create_task(_show(config, url, elsewhere, console))
        either: set[asyncio.Future[Any]] = {showing, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        was_cut_short = ended.done()
        if not was_cut_short and not once:
            showing.result()
            show_the_way_on(console, prepared, path, url, goes_on=True)
            await ended
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    if once and not was_cut_short:
        show_the_way_on(console, prepared, path, url, goes_on=False)
        return DONE if showing.result() else FAILED
    ended_by = ended.result()
    if ended_by is None:
        raise StoreUnavailable(STORE_ENDED)
    return SIGNALLED + ended_by if once else DONE


async def _show(config: Config, url: str, elsewhere: set[str], console: Console) -> bool:
    """Send the samples and show what becomes of them; whether each was taken and has ended."""
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        sent = [await send(client, url, what, source) for what, source in recipients(config, without=elsewhere)]
        console.print(f"{len(sent)} samples were sent over HTTP; waiting for what becomes of them …", highlight=False)
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        found = await outcomes(OperatorsApi(client, config, url), sent, until=until)
    show(console, found)
    return all(each.sent.status == OK and not each.is_open for each in found)


@asynccontextmanager
async def _standin(config: Config) -> AsyncIterator[set[str]]:
    """The stand-in where the first Ongoing source asks for its API; the sources that ask elsewhere.

    Raises ConfigError where its port is taken.
    """
    elsewhere: set[str] = set()
    served: tuple[str, SplitResult, Api] | None = None
    for source in config.sources.values():
        api = source.adapter.api(source.options) if source.adapter.api is not None else None
        if api is None:
            continue
        place = urlsplit(api.base_url)
        is_ours = source.adapter.name == "ongoing" and place.scheme == "http" and is_loopback(place.hostname or "")
        if is_ours and served is None:
            served = (source.name, place, api)
        elif not is_ours or served is None or served[1] != place:
            elsewhere.add(source.name)
    if served is None:
        yield elsewhere
        return
    name, place, api = served
    host, port = place.hostname or "", place.port or 80
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(
                listening(_warehouse(api), host=host, port=port, root=place.path.rstrip("/"))
            )
        except OSError as error:
            words = f"the stand-in for Ongoing's API cannot listen on {host}:{port}: {error.strerror or error}"
            raise ConfigError([Fault("", f"sources.{name}.options.api.base_url", words)]) from error
        yield elsewhere


class _StandInOrder(msgspec.Struct):
    order: dict[str, object]
    rows: list[dict[str, object]]


def _warehouse(api: Api) -> Warehouse:
    """The stand-in's orders, for the users that the configuration has."""
    users = {each.username: User(each.password) for each in (api.credentials, *api.turns.values()) if each is not None}
    warehouse = Warehouse(users)
    for stored in msgspec.json.decode(sample("standin_orders.json"), type=list[_StandInOrder]):
        warehouse.put(stored.order, stored.rows)
    return warehouse
