"""Load from another process: wrk where it is installed, else the bundled sender, which is slower and says so."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Final, Literal

import msgspec

from gateway.errors import GatewayError
from gateway.workshop.bench.samples import MARK, ORDER_MARK, template

Ids = Literal["rising", "random", "scattered"]
"""Event IDs and orders' numbers that rise; event IDs in no order, as UUIDs are; the orders' numbers in none either."""

_runs: Final = itertools.count(os.getpid() << 12)
_GRACE_SECONDS: Final = 30.0


class LoadFailed(GatewayError):  # noqa: N818 - named by its consequence
    """The load could not be made, or was not answered; there is no figure."""


class Load(msgspec.Struct, frozen=True):
    """What came of one run of load; latencies in microseconds."""

    requests: int
    microseconds: int
    refused: int
    lost: int
    p50: int
    p90: int
    p99: int
    longest: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / max(1, self.microseconds) * 1e6


class Target(msgspec.Struct, frozen=True):
    """Where hooks go, and the headers that prove their sender."""

    url: str
    headers: dict[str, str] = {}


def tool() -> str:
    """What makes the load here."""
    return "wrk" if shutil.which("wrk") else "bundled"


def press(target: Target, *, connections: int, body: int, seconds: float, ids: Ids = "rising") -> Load:
    """Send hooks of some `body` bytes, each with a number never used before, as fast as they are answered.

    Raises:
        LoadFailed: nothing was answered, or not with 200.
    """
    run = f"{next(_runs) & 0x7FFFFFFF:08x}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        file.write_bytes(template(body))
        wrk = shutil.which("wrk")
        rest = [str(file), run, ids]
        with resources.as_file(resources.files(__package__).joinpath("load.lua")) as script:
            command = _sender(target, connections, seconds) if wrk is None else _wrk(wrk, target, connections, script)
            # wrk counts in whole seconds.
            command = [part.replace("{seconds}", str(max(1, round(seconds)))) for part in command]
            try:
                done = subprocess.run(  # noqa: S603 - our own command line
                    [*command, *rest], capture_output=True, text=True, timeout=seconds + _GRACE_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                raise LoadFailed(f"{target.url} was never done with {connections} connections") from None
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    if line is None:
        raise LoadFailed(f"{command[0]} told no figures: {(done.stderr or done.stdout).strip()[:300]}")
    load = msgspec.json.decode(line, type=Load)
    if not load.requests or load.refused:
        raise LoadFailed(f"{load.refused} of {load.requests} hooks were refused by {target.url}")
    return load


def _wrk(wrk: str, target: Target, connections: int, script: Path) -> list[str]:
    headers = {"Content-Type": "application/json", **target.headers}
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    # One thread makes more requests than any server here answers, and leaves it the other cores.
    sizes = ["-t1", f"-c{connections}", "-d{seconds}s", "--timeout", "30s"]
    marks = [MARK.decode(), ORDER_MARK.decode()]
    return [wrk, *sizes, "--latency", "-s", str(script), *given, target.url, "--", *marks]


def _sender(target: Target, connections: int, seconds: float) -> list[str]:
    given = msgspec.json.encode(target.headers).decode()
    return [sys.executable, "-m", "gateway.workshop.bench.sender", target.url, given, str(connections), str(seconds)]
