"""Debian's `webhook`: starts a command for each hook, and keeps nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.peers import programs
from gateway.workshop.bench.load import Target
from gateway.workshop.bench.rig import SOURCE, TOKEN, free_port


@contextmanager
def webhook(folder: Path, checkout: Path = programs.CHECKOUT) -> Iterator[Target]:
    """Run it. Raises LoadFailed."""
    program = programs.find("webhook", "it comes with Debian's package webhook", checkout)
    file = programs.configuration("webhook.json")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [program, "-hooks", str(file), "-ip", "127.0.0.1", "-port", str(port), "-urlprefix", "hooks"]
    with programs.running(command, folder, probe=httpx.Request("GET", f"{origin}/")):
        yield Target(f"{origin}/hooks/{SOURCE}", {"Authorization": f"Bearer {TOKEN}"})
