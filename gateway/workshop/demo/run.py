"""The demo as a whole: prepare, start, send, show, and go on until Ctrl-C."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from adapters import Api, Credentials
from gateway.config.load import warnings_of
from gateway.config.model import Config
from gateway.console.link import SignInLink
from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.ground.clock import now
from gateway.service.running import running
from gateway.workshop.demo.places import StandIn, elsewhere_of, standin_of
from gateway.workshop.demo.preparing import Prepared, prepare, shown
from gateway.workshop.demo.replicas import standing as several
from gateway.workshop.demo.sending import Sent, recipients, send
from gateway.workshop.demo.showing import (
    OperatorsApi,
    Outcome,
    Standing,
    operators_url,
    outcomes,
    row,
    say,
    show_the_console,
    show_the_way_on,
)
from gateway.workshop.samples import sample
from gateway.workshop.standin import User, Warehouse, listening

DONE, FAILED, SIGNALLED = 0, 1, 128
PATIENCE_SECONDS: Final = 60.0
LOG_FILE: Final = "demo.log"


def run(config: Path, *, once: bool, replicas: int = 0) -> int:
    """Run the demo, with so many replicas on a database of its own or with none of either; its exit code.

    0, 1 where something did not arrive; 128 and the number of the signal that came before `once` had all delivered.

    Raises:
        ConfigError: the configuration does not do, orders would leave this machine, a port cannot be had, or a file or
            the store cannot be used.
        PostgresFailed, ReplicaFailed: replicas were asked for, and cannot be had.
        StoreUnavailable: the store's process has ended.
    """
    prepared = prepare(config, os.environ)
    for note in prepared.notes:
        say(note)
    for warning in warnings_of(prepared.config):
        sys.stderr.write(f"warning: {warning}\n")
    return asyncio.run(_demonstrate(prepared, once=once, replicas=replicas))


async def _demonstrate(prepared: Prepared, *, once: bool, replicas: int) -> int:
    ended = _end()
    async with AsyncExitStack() as stack:
        link = _link_of(prepared.config)
        standing = await stack.enter_async_context(_started(prepared, ended, link, replicas))
        showing = asyncio.create_task(_show(prepared.config, standing))
        either: set[asyncio.Future[Any]] = {showing, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        was_cut_short = ended.done()
        if not was_cut_short and not once:
            showing.result()
            show_the_way_on(prepared, standing, goes_on=True)
            show_the_console(prepared, standing, link)
            await ended
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    if once and not was_cut_short:
        show_the_way_on(prepared, standing, goes_on=False)
        return DONE if showing.result() else FAILED
    ended_by = ended.result()
    if isinstance(ended_by, str):
        raise StoreUnavailable(ended_by)
    return SIGNALLED + ended_by if once else DONE


def _link_of(config: Config) -> SignInLink | None:
    """A link for whoever started the demo; None where there is no console, or nobody who may administer it."""
    api = config.settings.api
    tokens = [api.token] if api.token else [each.token for each in api.tokens if each.role == "admin"]
    return SignInLink(str(tokens[0]), now) if tokens and config.settings.console.enabled else None


def _end() -> asyncio.Future[int | str]:
    """Done by a signal, with its number, or with why the store's process has ended."""
    ended: asyncio.Future[int | str] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            continue
        asyncio.get_running_loop().add_signal_handler(number, _settle, ended, number)
    return ended


def _settle(ended: asyncio.Future[int | str], by: int | str) -> None:
    if not ended.done():
        ended.set_result(by)


@asynccontextmanager
async def _started(
    prepared: Prepared, ended: asyncio.Future[int | str], link: SignInLink | None, replicas: int
) -> AsyncIterator[Standing]:
    """The gateway, or so many, and the stand-in."""
    config, log = prepared.config, Path(prepared.config.store_path).parent / LOG_FILE
    try:
        writing = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise ConfigError([Fault(str(log), "", f"cannot be written: {error.strerror}")]) from error
    with writing:
        if replicas:
            async with _standing_in(config), several(prepared, replicas, ended, link, writing) as standing:
                yield standing
            return
        say("Starting the gateway, the embedded intake and a stand-in for Ongoing's API ...")
        async with (
            _standing_in(config),
            running(config, on_lost=partial(_settle, ended), log_to=writing, link=link) as url,
        ):
            yield Standing(url, log, operators_url(config, url))


async def _show(config: Config, standing: Standing) -> bool:
    """Send the samples and show what becomes of each; whether all is as it should be."""
    elsewhere = elsewhere_of(config)
    for name in sorted(elsewhere):
        say(f"{name} asks an API that is not the stand-in: no samples are sent to it.")
    # A connection a request: of several replicas each has its turn.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(trust_env=False, timeout=30.0, limits=limits) as client:
        api = OperatorsApi(client, config, standing.url)
        sent, wanted = [], recipients(config, without=set(elsewhere))
        for number, (what, source) in enumerate(wanted):
            if number == len(wanted) // 2 and standing.strike is not None:
                await standing.strike(api)
            sent.append(await send(client, standing.url, what, source))
        say(f"{len(sent)} samples were sent over HTTP to {standing.url}. What became of each:\n")
        if any(each.is_duplicate and not each.sample.is_repeat for each in sent):
            say("They came in an earlier run too: repeats, which are answered 200 and take no")
            say(f"effect again. Below is what became of them then. To begin anew: {_forgetting(config)}\n")
        is_good = _told([each async for each in _rows(api, sent)])
        if standing.tell is not None:
            await standing.tell(api)
        return is_good


async def _rows(api: OperatorsApi, sent: list[Sent]) -> AsyncIterator[Outcome]:
    """Each outcome, once its row is shown: first what arrives, then what is set aside."""
    is_aside = False
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    async for each in outcomes(api, sent, until=until):
        of = each.sent if isinstance(each, Outcome) else each
        if of.sample.is_no_order and not is_aside:
            is_aside = True
            say("\nNo orders, so set aside for a person to look at, as it should be:\n")
        if isinstance(each, Outcome):
            row(each)
            yield each
        else:
            say(f"({each.sample.lasts or f'{each.sample.words}: on its way'} ...)")


def _forgetting(config: Config) -> str:
    return f"rm -r {shlex.quote(shown(Path(config.store_path).parent))}"


def _told(found: list[Outcome]) -> bool:
    """Say how it ended; whether all is as it should be."""
    wrong = [each for each in found if not each.is_as_it_should_be]
    if wrong:
        say(f"\nNot as it should be: {'; '.join(each.sent.sample.words for each in wrong)}.")
    else:
        orders = {each.order_id for each in found if each.order_id}
        set_aside = sum(each.sent.sample.is_no_order for each in found)
        say(f"\nAll is as it should be: {len(orders)} orders at Trackely, {set_aside} samples set aside.")
    return not wrong


@asynccontextmanager
async def _standing_in(config: Config) -> AsyncIterator[None]:
    """The stand-in, where a source asks for it. Raises ConfigError where its port cannot be had."""
    standin = standin_of(config)
    async with AsyncExitStack() as stack:
        if standin is not None:
            await stack.enter_async_context(_listening(standin))
        yield


@asynccontextmanager
async def _listening(standin: StandIn) -> AsyncIterator[None]:
    place = f"{standin.host}:{standin.port}"
    async with AsyncExitStack() as stack:
        try:
            warehouse = _warehouse(standin.api)
            await stack.enter_async_context(
                listening(warehouse, host=standin.host, port=standin.port, root=standin.root)
            )
        except OSError as error:
            words = f"the stand-in for Ongoing's API cannot listen on {place}: {error.strerror or error}"
            raise ConfigError([Fault("", f"sources.{standin.sources[0]}.options.api.base_url", words)]) from error
        yield


class _StandInOrder(msgspec.Struct):
    order: dict[str, object]
    rows: list[dict[str, object]]


def _warehouse(api: Api) -> Warehouse:
    """The stand-in's orders, for the users that the configuration has."""
    users = {
        each.username: User(each.password)
        for each in (api.credentials, *api.turns.values())
        if isinstance(each, Credentials)
    }
    warehouse = Warehouse(users)
    for stored in msgspec.json.decode(sample("standin_orders.json"), type=list[_StandInOrder]):
        warehouse.put(stored.order, stored.rows)
    return warehouse
