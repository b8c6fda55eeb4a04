"""Finds, starts and stops a peer's program."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from gateway.workshop.bench.load import LoadFailed
from gateway.workshop.bench.rig import START_SECONDS, STOP_SECONDS

CHECKOUT: Final = Path(__file__).parents[2]
"""The repository."""

_LOOK_SECONDS: Final = 0.02


def find(name: str, source: str, checkout: Path = CHECKOUT) -> str:
    """Where a program is: what `make peers` installed before what is on the path.

    Raises:
        LoadFailed: nowhere; `source` says how it comes here.
    """
    installed = (checkout / ".peers" / "bin", checkout / ".peers" / "node_modules" / ".bin")
    program = shutil.which(name, path=os.pathsep.join(map(str, installed))) or shutil.which(name)
    if program is None:
        raise LoadFailed(f"the peer {name} is not here: {source}")
    return program


def configuration(name: str) -> Path:
    """A file beside this one."""
    return Path(__file__).with_name(name)


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    *,
    probe: httpx.Request,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a program from the moment it has answered `probe` well.

    Raises:
        LoadFailed: it never did.
    """
    log = folder / "log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(  # noqa: S603 - our own command line
            command, env={**os.environ, **(environment or {})}, stdout=stream, stderr=stream
        ) as process,
    ):
        try:
            _wait(probe, process, log)
            yield
        finally:
            _stop(process)


def _wait(probe: httpx.Request, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.perf_counter() + START_SECONDS
    with httpx.Client(timeout=1.0, trust_env=False) as client:
        while time.perf_counter() < until and process.poll() is None:
            try:
                if client.send(probe).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_LOOK_SECONDS)
    raise LoadFailed(f"a peer did not start: {log.read_text(errors='replace')[-500:].strip()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
