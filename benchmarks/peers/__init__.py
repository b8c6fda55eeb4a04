"""Other programs that take webhooks, by name: a module each, with its configuration beside it."""

from typing import Final

from benchmarks.peers.hookspool import hookspool
from benchmarks.peers.node_red import node_red
from benchmarks.peers.webhook import webhook
from gateway.workshop.bench.ingest import Peer

PEERS: Final[dict[str, Peer]] = {"webhook": webhook, "hookspool": hookspool, "node-red": node_red}
