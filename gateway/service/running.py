"""The gateway as a process: its listeners, its signals, its log."""

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, redirect_stderr
from functools import partial
from typing import Final, TextIO

import structlog
from starlette.types import ASGIApp

from gateway.config.file import ConfigurationFile
from gateway.config.live import Live
from gateway.config.load import secrets_of
from gateway.config.model import Config
from gateway.config.model import Server as ServerSettings
from gateway.console.link import SignInLink
from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.ground import collector, logs
from gateway.ground.clock import now
from gateway.ground.printing import Printed
from gateway.service.house import House, OperatorsDoor, PublicDoor, open_house
from gateway.service.reloading import Reloading
from gateway.service.systemd import Notifier, handed_over
from gateway.service.terminal import Terminal
from gateway.serving import Server, create_server, listen

STARTED_LOOK_SECONDS: Final = 0.005
OTHER_FILES: Final = 200
"""What is open besides vendors' connections: the store, the log, the intakes, the operators."""

NO_SOCKETS: Final[Mapping[str, socket.socket]] = {}
NOBODY: Final = Notifier({})

_log = structlog.get_logger("gateway.running")


async def serve(
    config: Config,
    *,
    file: ConfigurationFile | None = None,
    descriptors: Sequence[int] = (),
) -> None:
    """Run the gateway until SIGTERM or SIGINT.

    `file` is read anew at SIGHUP, and taken over. Listening sockets that a service manager
    hands over, or that are named by `descriptors`, are used instead of the configured addresses.

    Raises:
        ConfigError: a port is taken, or the store cannot be used.
        StoreUnavailable: the store's process has ended; nothing can be done without it.
    """
    stop, asked, lost = asyncio.Event(), asyncio.Event(), list[str]()
    _heed_signals(stop, asked if file is not None else None)

    def on_lost(why: str) -> None:
        lost.append(why)
        stop.set()

    notifier = Notifier(os.environ)
    given = handed_over(os.environ, descriptors)
    async with running(config, file=file, asked=asked, on_lost=on_lost, given=given, notifier=notifier):
        collector.rest()
        notifier.ready()
        await stop.wait()
        notifier.stopping()
    if lost:
        raise StoreUnavailable(lost[0])


def _heed_signals(stop: asyncio.Event, asked: asyncio.Event | None) -> None:
    """Set `stop` at SIGTERM and SIGINT, and `asked`, where anything can be read anew, at SIGHUP."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if asked is None:
        return
    terminal = Terminal.of_foreground()

    def on_hang_up() -> None:
        if not terminal.is_gone:
            asked.set()
            return
        terminal.leave()
        stop.set()

    loop.add_signal_handler(signal.SIGHUP, on_hang_up)


@asynccontextmanager
async def running(
    config: Config,
    *,
    file: ConfigurationFile | None = None,
    asked: asyncio.Event | None = None,
    on_lost: Callable[[str], None] = lambda _why: None,
    log_to: TextIO | None = None,
    given: Mapping[str, socket.socket] = NO_SOCKETS,
    notifier: Notifier = NOBODY,
    link: SignInLink | None = None,
) -> AsyncIterator[str]:
    """The gateway behind its listeners; the main one's URL.

    Whenever `asked` is set, `file` is read anew, and taken over. `on_lost` is told why the
    store's process ended before its time. Log lines go to `log_to`, standard error by default. A listener that is
    `given` is used, with whatever waits in it, and is left to whoever gave it. `notifier` is told how it goes.
    `link` signs in at the console.

    Raises:
        ConfigError: a port is taken, or the store cannot be used.
    """
    _allow_files(2 * config.settings.limits.max_connections + OTHER_FILES)
    with _logging(config, log_to) as log:
        async with AsyncExitStack() as stack:
            sockets = _listeners(stack, config.settings.server, given)
            house = await stack.enter_async_context(open_house(Live(config), now, on_lost))
            house.rooms.base.link = link
            servers: list[Server] = []
            refused = house.rooms.base.reports.turned_away
            reloading = Reloading(house, file, log, notifier, [partial(_limit, servers), partial(_limit_log, log)])
            await house.open(reloading)
            for app, listener in zip(_doors(house), sockets, strict=False):
                servers.append(await stack.enter_async_context(_listening(app, config, listener, refused)))
            # Whatever the intakes take their time for, hooks are still taken.
            stack.push_async_callback(house.settle)
            stack.callback(asyncio.create_task(notifier.live(house.problems)).cancel)
            if asked is not None:
                stack.push_async_callback(reloading.end, asyncio.create_task(reloading.run(asked)))
            yield _told_url(sockets[0])
            _log.info("stopping")


def _doors(house: House) -> tuple[ASGIApp, ASGIApp]:
    return PublicDoor(house), OperatorsDoor(house)


@contextmanager
def _logging(config: Config, log_to: TextIO | None) -> Iterator[logs.Log]:
    log = logs.configure(log_to, secrets=secrets_of(config))
    _limit_log(log, config)
    printed = nullcontext() if log_to is not None or sys.stderr.isatty() else redirect_stderr(Printed(_told_printed))
    try:
        with printed:
            yield log
    finally:
        log.close()


def _told_printed(line: str) -> None:
    """What an adapter prints where it identifies."""
    _log.warning("printed", text=line)


def _told_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    _log.info("listening", host=host, port=port)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _allow_files(wanted: int) -> None:
    """Raise the process's own limit as far as it may be: else the connections that are allowed use all files up.

    Twice the connections are open while as many are being turned away.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _limit_log(log: logs.Log, config: Config) -> None:
    log.limit(config.settings.log.level, config.settings.log.lines_per_minute)


def _limit(servers: Sequence[Server], config: Config) -> None:
    """Hold new connections to these limits."""
    _allow_files(2 * config.settings.limits.max_connections + OTHER_FILES)
    for server in servers:
        server.limit(config.settings.limits)


def _listeners(
    stack: AsyncExitStack, server: ServerSettings, given: Mapping[str, socket.socket]
) -> list[socket.socket]:
    addresses = {"hooks": ("server", server.host, server.port)}
    if server.admin is not None:
        addresses["admin"] = ("server.admin", server.admin.host, server.admin.port)
    if surplus := given.keys() - addresses.keys():
        raise ConfigError([Fault("", f"server.{name}", "a socket for it is handed over: set it") for name in surplus])
    for listener in given.values():
        stack.callback(listener.close)
    return [given.get(name) or _bind(stack, *address) for name, address in addresses.items()]


def _bind(stack: AsyncExitStack, key: str, host: str, port: int) -> socket.socket:
    try:
        listener = listen(host, port)
    except OSError as error:
        detail = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise ConfigError([Fault("", key, detail)]) from error
    stack.callback(listener.close)
    return listener


@asynccontextmanager
async def _listening(
    app: ASGIApp, config: Config, listener: socket.socket, refused: Callable[[int, str, str | None], None]
) -> AsyncIterator[Server]:
    """Answer on a listener; at the end, what has begun to arrive is answered before the rooms close."""
    server = create_server(app, config.settings.limits, refused=refused, lifespan="off")
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(STARTED_LOOK_SECONDS)
    try:
        yield server
    finally:
        server.should_exit = True
        await task
