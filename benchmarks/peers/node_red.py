"""Node-RED: a flow of two nodes that takes a hook and answers it, and keeps nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.peers import programs
from gateway.workshop.bench.load import Target
from gateway.workshop.bench.rig import SOURCE, free_port


@contextmanager
def node_red(folder: Path, checkout: Path = programs.CHECKOUT) -> Iterator[Target]:
    """Run it, its user directory in the folder. Raises LoadFailed."""
    program = programs.find("node-red", "`make peers` installs it", checkout)
    settings, flows = programs.configuration("node-red.settings.js"), programs.configuration("node-red.flows.json")
    folder.mkdir(parents=True, exist_ok=True)
    # It writes beside its flows.
    mine = shutil.copy(flows, folder / "flows.json")
    port = free_port()
    target = Target(f"http://127.0.0.1:{port}/hooks/{SOURCE}")
    command = [program, "--userDir", str(folder), "--settings", str(settings), "--port", str(port), str(mine)]
    # It listens before its flows run.
    with programs.running(command, folder, probe=httpx.Request("POST", target.url, json={})):
        yield target
