"""This gateway as one of the replicas that may serve its store."""

import hashlib
import os
import socket
from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.config.code import digest_of
from gateway.config.live import Live
from gateway.config.model import Config
from gateway.config.shown import shown
from gateway.duties.clock import StoreClock
from gateway.duties.keeper import Digests, Keeper
from gateway.ground.processes import this_process
from gateway.ground.version import version
from gateway.records import SHARDS, Joining
from gateway.store.ports import Duties

SLOTS: Final = 32
"""Questions to vendors are shared out by so many digests of their turns."""

ONES: Final = ("rescue", "operations", "retention", "notices", "gauges")
"""What one replica does for all."""

_TRANSLATION: Final = "translation:"

_OWN: Final = ("server", "store", "replica", "log", "tracing")
"""Sections that may well differ from replica to replica."""

_encode = msgspec.json.Encoder(order="deterministic").encode


async def join_replicas(port: Duties, live: Live, clock: StoreClock) -> Keeper:
    """Become a replica of the store."""
    replica = live.settings.replica
    found = digests(live.config)
    joining = Joining(
        name=replica.name or f"{socket.gethostname()}-{os.getpid()}",
        version=version(),
        process=this_process(),
        config_digest=found.config,
        adapters_digest=found.adapters,
    )
    keeper = Keeper(port, joining, clock, heartbeat=replica.heartbeat)
    await keeper.join()
    return keeper


def duties(live: Live) -> dict[str, list[str]]:
    """All duties that there are under a configuration, by what they are of."""
    return {
        "delivery": [f"delivery:{name}" for name, tenant in live.tenants.items() if tenant.delivery == "push"],
        "translation": [f"{_TRANSLATION}{shard:02}" for shard in range(SHARDS)],
        "vendors": [f"vendors:{slot:02}" for slot in range(SLOTS)],
        "ones": list(ONES),
    }


def shards(keeper: Keeper) -> list[int] | None:
    """Which events this gateway translates; None: all."""
    held = keeper.held("translation")
    return None if len(held) == SHARDS else [int(duty.removeprefix(_TRANSLATION)) for duty in held]


def vendors_duty(source: str, turn: str) -> str:
    """The duty of asking a vendor's API in this turn."""
    slot = int.from_bytes(hashlib.blake2b(f"{source}\n{turn}".encode(), digest_size=2).digest()) % SLOTS
    return f"vendors:{slot:02}"


def digests(config: Config) -> Digests:
    """Of the configuration, secrets apart, and of the adapters' code."""
    settings = [[each.key, each.value] for each in shown(config) if each.key.split(".")[0] not in _OWN]
    code = {source.adapter.name: digest_of(source.adapter) for source in config.sources.values()}
    return Digests(_digest([_encode(settings)]), _digest(f"{name} {code[name]}".encode() for name in sorted(code)))


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"\n".join(parts), digest_size=6).hexdigest()
