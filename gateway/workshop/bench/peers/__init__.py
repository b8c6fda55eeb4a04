"""Other programs that take webhooks, by name: a module each, with its configuration in benchmarks/peers/."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from gateway.workshop.bench.load import Target
from gateway.workshop.bench.peers.hookspool import hookspool
from gateway.workshop.bench.peers.node_red import node_red
from gateway.workshop.bench.peers.webhook import webhook

Peer = Callable[[Path], AbstractContextManager[Target]]
"""Runs the program, its files in the folder. Raises LoadFailed."""

PEERS: Final[dict[str, Peer]] = {"webhook": webhook, "hookspool": hookspool, "node-red": node_red}
