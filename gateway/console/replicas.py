"""The gateways that serve the store, what each does alone, and which go by something else than the others."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gateway.console.telling import Row
from gateway.records.replicas import duties_by_kind

HELPS: Final = {
    "lost": "look at its machine, and start it again; others have taken over what it did",
    "behind": "reload it, or start it again: it goes by another configuration, other adapters or another version",
}


def told(replicas: Sequence[Row]) -> list[Row]:
    """Each with its duties by kind; `ails`: it is lost, or goes by something else than most of those that live."""
    common = Counter(_goes_by(each) for each in replicas if each["state"] == "alive").most_common(1)
    usual = common[0][0] if common else None
    return [
        {
            **each,
            "duties": list(duties_by_kind(each["duties"])),
            "ails": "lost" if each["state"] == "lost" else None if _goes_by(each) == usual else "behind",
        }
        for each in replicas
    ]


def _goes_by(replica: Row) -> tuple[str, ...]:
    return replica["version"], replica["configDigest"], replica["adaptersDigest"]
