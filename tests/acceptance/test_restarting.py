"""Restarts that nobody outside notices: sockets handed over, a stop that lets go gently, a manager that is told."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.processes import PROOF, Gateway, Intakes, environment, eventually, free_port, tenant, told

RESTARTS = 10
RATE = 200
KEPT = 8


def handing_over(command: list[str], *descriptors: int) -> list[str]:
    """The command, these descriptors being its first ones, as a service manager starts it."""
    script = (
        "import fcntl, os, sys\n"
        "copies = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in sys.argv[1].split(',')]\n"
        "for place, copy in enumerate(copies): os.dup2(copy, 3 + place)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    return [sys.executable, "-c", script, ",".join(map(str, descriptors)), *command]


class Managed(Gateway):
    """A gateway whose listening socket belongs to whoever starts it."""

    def __init__(self, folder: Path, tenants: dict[str, object], **settings: object) -> None:
        super().__init__(folder, tenants, **settings)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(2048)

    def begin(self, *, named: bool = False, **variables: str) -> subprocess.Popen[bytes]:
        """Start as a service manager does, without waiting."""
        number = self.listener.fileno()
        command = [sys.executable, *self.program, "--config", str(self.file)]
        env = {**environment(), **variables}
        if named:
            env |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "hooks"}
            command = handing_over(command, number)
        else:
            command += ["--fd", str(number)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[number]
            )
        return self._process

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.listener.close()

    def start(self) -> None:
        self.begin()
        assert eventually(self.is_ready) is True, self.log.read_text()

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TimeoutException):
            return super().is_ready()
        return False


class Senders:
    """Hooks at a steady rate, over kept-alive and over fresh connections; none is ever sent twice."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self._enough = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough = True
        self._thread.join()

    async def _run(self) -> None:
        kept = [asyncio.create_task(self._keep(number)) for number in range(KEPT)]
        fresh, count = set(), 0
        while not self._enough:
            task = asyncio.create_task(self._once(f"fresh-{count}"))
            fresh.add(task)
            task.add_done_callback(fresh.discard)
            count += 1
            await asyncio.sleep(2 / RATE)
        await asyncio.gather(*kept, *fresh)

    async def _keep(self, number: int) -> None:
        connection, count = None, 0
        while not self._enough:
            connection = await self._tell(f"kept-{number}-{count}", connection)
            count += 1
            await asyncio.sleep(2 * KEPT / RATE)
        if connection is not None:
            connection[1].close()

    async def _once(self, name: str) -> None:
        connection = await self._tell(name, None, "Connection: close\r\n")
        if connection is not None:
            connection[1].close()

    async def _tell(
        self, name: str, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None, header: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Send one hook; the connection, where it may be used again."""
        began = time.monotonic()
        try:
            if connection is not None and connection[0].at_eof():
                connection[1].close()
                connection = None
            connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = connection
            body = json.dumps(told(name, f"order-{name}", 1)).encode()
            lines = f"POST /hooks/demo HTTP/1.1\r\nHost: here\r\nAuthorization: {PROOF['Authorization']}\r\n{header}"
            writer.write(f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        except (OSError, EOFError) as error:
            self.failed[name] = repr(error)
            if connection is not None:
                connection[1].close()
            return None
        if not head.startswith(b"http/1.1 200"):
            self.failed[name] = head.decode()
        self.answered[name] = time.monotonic() - began
        if b"connection: close" in head:
            writer.close()
            return None
        return connection


def test_no_hook_is_refused_over_restarts(tmp_path, record_property):
    """Ten restarts through a handed-over socket, 200 hooks a second: all answered 200, and delivered."""
    with Intakes() as intakes:
        intake = intakes.open()
        with Managed(tmp_path, {"demo": tenant(intake.url)}) as gateway, Senders(gateway.port) as senders:
            eventually(lambda: len(senders.answered) > RATE)
            for _ in range(RESTARTS):
                assert gateway.stop() in (0, 143)
                # An installed program has been compiled, whatever this test's own interpreter is told of that.
                gateway.begin(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(tmp_path / "compiled"))
                count = len(senders.answered)
                eventually(lambda count=count: len(senders.answered) > count + RATE)
            senders.__exit__()
            expected = {f"order-{name}" for name in senders.answered}
            delivered = eventually(lambda: set(intake.orders), lambda seen: seen >= expected, 60)
            record_property("hooks", len(senders.answered))
            record_property("slowest (s)", round(max(senders.answered.values()), 2))

            assert senders.failed == {}
            assert delivered == expected


class Manager:
    """The end of `sd_notify` that a service manager holds."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(20)
        self.told: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def hears(self, state: str) -> bool:
        """Whether it is told this, sooner or later."""
        while True:
            try:
                self.told.append(self._socket.recv(4096).decode())
            except TimeoutError:
                return False
            if state in self.told[-1].splitlines():
                return True


def test_a_service_manager_is_told(tmp_path):
    """READY once hooks are taken, WATCHDOG while it lives, RELOADING and READY at a reload, STOPPING at a stop."""
    with Managed(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}) as gateway, Manager(tmp_path) as manager:
        gateway.stop()
        gateway.begin(named=True, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000")

        assert manager.hears("READY=1")
        assert gateway.post(told("e1", "A", 1)).status_code == 200
        assert manager.hears("WATCHDOG=1")
        os.kill(gateway.pid, signal.SIGHUP)
        assert manager.hears("RELOADING=1")
        assert "MONOTONIC_USEC=" in manager.told[-1]
        assert manager.hears("READY=1")
        assert gateway.stop() in (0, 143)
        assert manager.hears("STOPPING=1")


def test_no_sign_of_life_comes_from_a_gateway_that_hangs(tmp_path):
    """A process that is stopped gives none, so that its manager starts another."""
    with Managed(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")}) as gateway, Manager(tmp_path) as manager:
        gateway.stop()
        gateway.begin(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000")
        assert manager.hears("WATCHDOG=1")
        os.kill(gateway.pid, signal.SIGSTOP)
        manager._socket.settimeout(0.3)
        while manager.hears("WATCHDOG=1"):
            manager._socket.settimeout(0.3)
        os.kill(gateway.pid, signal.SIGCONT)
        manager._socket.settimeout(20)

        assert manager.hears("WATCHDOG=1")


@pytest.mark.parametrize(
    ("what", "saying"),
    [
        ("a file", "it is no socket"),
        ("nothing", "it is no socket"),
        ("not listening", "no TCP socket that listens"),
        ("too many", "there is no listener for it"),
        ("an admin's", "server.admin: a socket for it is handed over"),
    ],
)
def test_a_socket_that_does_not_do_stops_the_start(tmp_path, what, saying):
    """Exit code 78, and what is wrong with it."""
    gateway = Managed(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")})
    with gateway.file.open() as file, socket.socket() as deaf, gateway.listener as listener, listener.dup() as other:
        third = other.dup()
        numbers = {
            "a file": [file.fileno()],
            "nothing": [99],
            "not listening": [deaf.fileno()],
            "too many": [listener.fileno(), other.fileno(), third.fileno()],
            "an admin's": [listener.fileno(), other.fileno()],
        }[what]
        options = [part for number in numbers for part in ("--fd", str(number))]
        done = subprocess.run(
            [sys.executable, *gateway.program, "--config", str(gateway.file), *options],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=30,
            pass_fds=[each for each in numbers if each != 99],
        )  # fmt: skip
        third.close()

        assert done.returncode == 78, done.stderr
        assert saying in done.stderr


def test_the_operators_socket_is_handed_over_too(tmp_path):
    """By its name, whatever the order."""
    gateway = Managed(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")})
    with socket.create_server(("127.0.0.1", 0)) as inside, gateway:
        gateway.stop()
        gateway.configure(server={"host": "127.0.0.1", "port": gateway.port, "admin": {"port": free_port()}})
        hooks, admin = gateway.listener.fileno(), inside.fileno()
        command = handing_over([sys.executable, *gateway.program, "--config", str(gateway.file)], admin, hooks)
        env = {**environment(), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "admin:hooks"}
        with gateway.log.open("ab") as log:
            gateway._process = subprocess.Popen(command, env=env, stdout=log, stderr=log, pass_fds=[hooks, admin])
        assert eventually(gateway.is_ready) is True

        at = f"http://127.0.0.1:{inside.getsockname()[1]}"
        assert httpx.get(f"{at}/metrics", trust_env=False).status_code == 200
        assert gateway.http.get("/metrics").status_code == 404


def test_the_terminals_own_hang_up_ends_it(tmp_path):
    """A `serve` in the foreground ends when its terminal is closed; a signal from elsewhere is a reload."""
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/in")})
    command = [sys.executable, *gateway.program, "--config", str(gateway.file)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment())
    try:
        assert eventually(lambda: _answers(gateway)) is True
        os.kill(pid, signal.SIGHUP)
        assert eventually(lambda: os.read(terminal, 65536), lambda seen: b"reload" in seen)
        assert _answers(gateway)
    finally:
        os.close(terminal)
        gateway.http.close()
    ended = eventually(lambda: os.waitpid(pid, os.WNOHANG), lambda seen: seen[0] == pid, 10)
    if ended[0] != pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    assert ended == (pid, 0)


def _answers(gateway: Gateway) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return gateway.http.get("/readyz").status_code == 200
    return False
