"""Starts and stops the servers that are measured, on free ports, their store and log in a folder of their own."""

import base64
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.workshop.bench.load import LoadFailed, Target
from gateway.workshop.bench.usage import Usage, usage_at_end, usage_by_process, usage_of

STORE: Final = "gateway.db"
SOURCE: Final = "warehouse"
TENANT: Final = "bench"
NEIGHBOUR: Final = "neighbour"
PASSWORD: Final = "bench-password"  # noqa: S105 - of a gateway that lives for a measurement
TOKEN: Final = "bench-token"  # noqa: S105 - as above
_BASIC: Final = base64.b64encode(f"warehouse:{PASSWORD}".encode()).decode()

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.005
_SHARE: Final = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


class Running:
    """A server in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.origin = f"http://127.0.0.1:{port}"
        self.target = Target(f"{self.origin}/hooks/{SOURCE}", {"Authorization": f"Basic {_BASIC}"})
        self.ready_seconds = 0.0
        self._started_at = time.perf_counter()
        self._log = log

    def wait_until_ready(self) -> float:
        """Wait for `/readyz`, or for the port where there is no such page; the seconds since the process began."""
        while time.perf_counter() - self._started_at < START_SECONDS:
            if self.process.poll() is not None:
                last = self._log.read_text(errors="replace").strip().splitlines()[-5:]
                raise LoadFailed("\n".join(("a server ended at its start:", *last)))
            try:
                if self._asked("/readyz", 1.0)[0] in (200, 404):
                    self.ready_seconds = time.perf_counter() - self._started_at
                    return self.ready_seconds
            except (OSError, HTTPException):
                time.sleep(_LOOK_SECONDS)
        raise LoadFailed("a server did not become ready")

    def figures(self) -> dict[str, float]:
        """The sums of the gateway's counters and gauges, by name without prefix, labels added up."""
        text = self._asked("/metrics", 30.0)[1].decode()
        sums: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith("trackely_gateway_"):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0].removeprefix("trackely_gateway_").removesuffix("_total")
                sums[name] = sums.get(name, 0.0) + float(value)
        return sums

    def _asked(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Status and body. Cheap, since it is asked while others are measured."""
        with closing(HTTPConnection(self.origin.removeprefix("http://"), timeout=seconds)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def resident_mebibytes(self) -> float | None:
        """The gateway's resident memory, all its processes together, what they share counted once; Linux tells it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            pids = [self.process.pid, *map(int, children.read_text("ascii").split())]
            shares = [Path(f"/proc/{pid}/smaps_rollup").read_text("ascii") for pid in pids]
        except OSError:
            return None
        return sum(int(found[1]) for share in shares if (found := _SHARE.search(share))) / 2**10

    def usage(self) -> Usage:
        """What its processes have used so far."""
        return usage_of(self.process.pid)

    def usage_by_process(self) -> dict[str, Usage]:
        """The same of each of them."""
        return usage_by_process(self.process.pid)

    def end(self) -> Usage:
        """End it as an operator would; what it has used in its whole life, its last checkpoint included."""
        self.process.send_signal(signal.SIGTERM)
        used = usage_at_end(self.process.pid, STOP_SECONDS)
        self.process.wait()
        return used

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running(
    kind: str,
    folder: Path,
    tenant: Mapping[str, Any] | None = None,
    neighbour: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Running]:
    """`gateway serve`, or a server of `server.py`, its files in `folder`; `tenant` are the tenant's settings."""
    server = start(kind, folder, tenant, neighbour, **settings)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


def start(
    kind: str,
    folder: Path,
    tenant: Mapping[str, Any] | None = None,
    neighbour: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Running:
    """Start a server without waiting for it; `neighbour` are a second tenant's settings, with a source of its own.

    `settings` are other sections of its configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    file, log = folder / "config.yaml", folder / "log"
    # JSON is YAML.
    config = {**_config(folder, port, tenant or {"delivery": "pull", "pull_secret": TOKEN}), **settings}
    if neighbour is not None:
        config["tenants"][NEIGHBOUR] = dict(neighbour)
        config["sources"][NEIGHBOUR] = {**config["sources"][SOURCE], "tenant": NEIGHBOUR}
    file.write_bytes(msgspec.json.encode(config))
    program = ["gateway", "serve", "--config"] if kind == "gateway" else ["gateway.workshop.bench.server", kind]
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", *program, str(file)], stdout=stream, stderr=stream
        )
    return Running(process, port, log)


def pushed_to(intake: Running, **settings: Any) -> dict[str, Any]:
    """The settings of a tenant that is pushed to this intake."""
    return {"intake_url": f"{intake.origin}/intake", "secret": PASSWORD, **settings}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _config(folder: Path, port: int, tenant: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "server": {"host": "127.0.0.1", "port": port},
        "store": f"sqlite:///{folder / STORE}",
        "api": {"token": TOKEN},
        "tenants": {TENANT: dict(tenant)},
        "sources": {
            SOURCE: {
                "adapter": "logistics_plus",
                "tenant": TENANT,
                "auth": [{"type": "basic", "username": "warehouse", "password": PASSWORD}],
            }
        },
    }
