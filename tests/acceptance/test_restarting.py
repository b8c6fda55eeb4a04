"""Restarts that nobody outside notices: sockets handed over, a stop that lets go gently, a manager that is told."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.managed import Managed, handing_over
from tests.processes import Gateway, environment, eventually, free_port, halt, tenant, told


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
        halt(gateway.pid)
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
