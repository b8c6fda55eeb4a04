"""The demo on a database: several `gateway serve`, one of which is killed in the middle."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import httpx
import msgspec

from gateway.config.load import secrets_of
from gateway.config.model import Config
from gateway.config.urls import INTAKE_PATH, embedded_tenant, origin_of
from gateway.console.link import SignInLink
from gateway.errors import ConfigError, Fault, GatewayError
from gateway.ground import logs
from gateway.serving import listen
from gateway.workshop.demo.balancing import Balancer
from gateway.workshop.demo.beside import beside
from gateway.workshop.demo.places import free_ports
from gateway.workshop.demo.preparing import Prepared
from gateway.workshop.demo.showing import OperatorsApi, Standing, operators_url, say
from gateway.workshop.postgres import Postgres

HEARTBEAT: Final = "1s"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05


class ReplicaFailed(GatewayError):  # noqa: N818 - named by its consequence
    """A replica ended at its start, or does not become ready."""


class Replica:
    """A `gateway serve` of its own; its log goes beside the demo's data, which it keeps none of."""

    def __init__(self, name: str, file: Path, log: Path, origin: str, environ: Mapping[str, str]) -> None:
        self.name = name
        self._origin = origin
        self._log = log
        with log.open("wb") as writing:
            # In a session of its own: a terminal's Ctrl-C is the demo's, which ends it in its turn.
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "gateway", "serve", "--config", str(file)],
                env=environ, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, start_new_session=True,
            )  # fmt: skip

    async def is_ready(self, client: httpx.AsyncClient) -> bool:
        """Whether it says so. Raises ReplicaFailed where it has ended."""
        if self._process.poll() is not None:
            raise ReplicaFailed(f"{self.name} has ended at its start: {self._log.read_text(errors='replace')[-500:]}")
        try:
            return (await client.get(f"{self._origin}/readyz")).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As a machine's death would."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ask it to stop."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Until it has, or kill it."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Replicas:
    """Those of the demo, by their names."""

    def __init__(self, config: Config) -> None:
        self._all: dict[str, Replica] = {}
        self._config = config

    def start(self, folder: Path, said: dict[str, Any], log: Path, environ: Mapping[str, str]) -> None:
        """Start one, by what its file says."""
        name = said["replica"]["name"]
        file = folder / name / "config.yaml"
        file.parent.mkdir(mode=0o700)
        file.write_bytes(msgspec.json.encode(said))
        origin = origin_of(self._config.settings.server.host, said["server"]["port"])
        self._all[name] = Replica(name, file, log, origin, environ)

    async def ready(self, ended: "asyncio.Future[Any]") -> None:
        """Wait for all, unless a person will wait no longer. Raises ReplicaFailed."""
        until = asyncio.get_running_loop().time() + START_SECONDS
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while not ended.done() and not all([await each.is_ready(client) for each in self._all.values()]):
                if asyncio.get_running_loop().time() > until:
                    raise ReplicaFailed("a replica does not become ready: see its log beside the demo's data")
                await asyncio.sleep(_LOOK_SECONDS)

    def end(self) -> None:
        """Let all stop."""
        for each in self._all.values():
            each.end()
        for each in self._all.values():
            each.wait()

    async def strike(self, api: OperatorsApi) -> None:
        """Kill the one that delivers, with what it has in hand."""
        duty = f"delivery:{min(self._config.settings.tenants)}"
        holder = next((each for each in await api.replicas() if duty in each.duties), None)
        name = holder.name if holder is not None else min(self._all)
        self._all[name].kill()
        say(f"In the middle of it {name}, which delivered, is killed (kill -9).")

    async def tell(self, api: OperatorsApi) -> None:
        """Who does what now."""
        say()
        for each in await api.replicas():
            say(f"  {each.name:<12}{each.state:<8}{len(each.duties)} duties")


@asynccontextmanager
async def standing(
    prepared: Prepared, count: int, ended: "asyncio.Future[Any]", link: SignInLink | None, log_to: TextIO
) -> AsyncIterator[Standing]:
    """The database, the replicas, the balancer before them, and the intake beside them, which logs to `log_to`.

    All are gone at the end, but for the logs.

    Raises:
        PostgresFailed: there is no PostgreSQL.
        ReplicaFailed: a replica did not start.
        ConfigError: a port is taken.
    """
    config, server = prepared.config, prepared.config.settings.server
    say(f"Starting PostgreSQL, {count} replicas of the gateway, and a balancer before them ...")
    async with AsyncExitStack() as stack:
        stack.enter_context(contextlib.closing(logs.configure(log_to, secrets=secrets_of(config))))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trackely-demo-")))
        doors = [(door.host, door.port) for door in (server, server.admin) if door is not None]
        listeners = [_bound(stack, *door) for door in doors]
        url, own = origin_of(*doors[0]), _bound(stack, server.host, 0)
        intake = origin_of(server.host, own.getsockname()[1])
        await stack.enter_async_context(beside(config, folder, own, link, f"{operators_url(config, url)}/console"))
        database = await asyncio.to_thread(Postgres)
        stack.push_async_callback(asyncio.to_thread, database.close)
        await asyncio.to_thread(database.start)
        replicas = Replicas(config)
        stack.push_async_callback(asyncio.to_thread, replicas.end)
        ports = [free_ports([host for host, _ in doors]) for _ in range(count)]
        log = Path(config.store_path).parent / "demo-replica-*.log"
        for number, its in enumerate(ports, 1):
            said = _said(prepared, its, intake)
            said |= {
                "store": database.url("postgres"),
                "replica": {"name": f"replica-{number}", "heartbeat": HEARTBEAT},
            }
            replicas.start(folder, said, log.with_name(log.name.replace("*", str(number))), prepared.environ)
        await replicas.ready(ended)
        for (host, _), listener, its in zip(doors, listeners, map(list, zip(*ports, strict=True)), strict=True):
            await stack.enter_async_context(Balancer(host, its).listening(listener))
        yield Standing(url, log, intake, replicas.strike, replicas.tell)


def _bound(stack: AsyncExitStack, host: str, port: int) -> socket.socket:
    try:
        listener = listen(host, port)
    except OSError as error:
        raise ConfigError([Fault("", "server.port", f"cannot listen on {host}:{port}: {error.strerror}")]) from error
    stack.callback(listener.close)
    return listener


def _said(prepared: Prepared, ports: list[int], intake: str) -> dict[str, Any]:
    """What each replica's file says besides its name and its store."""
    config, server = prepared.config, prepared.config.settings.server
    names = {
        tenant: embedded_tenant(each.intake_url, server.host, server.port)
        for tenant, each in config.settings.tenants.items()
    }
    return {
        "include": str(prepared.file.resolve()),
        "server": {"port": ports[0], **({"admin": {"port": ports[1]}} if len(ports) > 1 else {})},
        "intake": {"embedded": False},
        "tenants": {tenant: {"intake_url": f"{intake}{INTAKE_PATH}{of}"} for tenant, of in names.items()},
    }
