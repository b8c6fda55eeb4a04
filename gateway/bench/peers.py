"""Other programs that take webhooks, by name; each with its configuration in benchmarks/peers/."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import httpx

from gateway.bench.load import LoadFailed, Target
from gateway.bench.rig import SOURCE, START_SECONDS, TOKEN, free_port

CONFIGURATIONS: Final = Path(__file__).parents[2] / "benchmarks" / "peers"
"""In the repository; an installed gateway has no peers."""

Peer = Callable[[Path], AbstractContextManager[Target]]

_LOOK_SECONDS: Final = 0.02


@contextmanager
def webhook(folder: Path) -> Iterator[Target]:
    """Debian's `webhook`: starts a command for each hook, and keeps nothing."""
    program, file = shutil.which("webhook"), CONFIGURATIONS / "webhook.json"
    if program is None or not file.is_file():
        raise LoadFailed("the peer webhook is not here: it needs Debian's package webhook, and this repository")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [program, "-hooks", str(file), "-ip", "127.0.0.1", "-port", str(port), "-urlprefix", "hooks"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603 - our own command line
        try:
            _wait(f"http://127.0.0.1:{port}/", process)
            yield Target(f"http://127.0.0.1:{port}/hooks/{SOURCE}", {"Authorization": f"Bearer {TOKEN}"})
        finally:
            process.terminate()


PEERS: Final[dict[str, Peer]] = {"webhook": webhook}


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.perf_counter() + START_SECONDS
    while time.perf_counter() < until and process.poll() is None:
        try:
            httpx.get(url, timeout=1.0, trust_env=False)
        except httpx.TransportError:
            time.sleep(_LOOK_SECONDS)
        else:
            return
    raise LoadFailed("a peer did not start")
