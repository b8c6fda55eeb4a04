"""The gateways that serve the store, what each does alone, and which go by something else than the others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.console.telling import Row

HELPS: Final = {
    "lost": "look at its machine, and start it again; others have taken over what it did",
    "behind": "reload it, or start it again: it goes by another configuration, other adapters or another version",
}
_MOST_NAMED: Final = 4


def told(replicas: Sequence[Row]) -> list[Row]:
    """Each with its duties by kind; `ails`: it is lost, or goes by something else than most of those that live."""
    common = Counter(_goes_by(each) for each in replicas if each["state"] == "alive").most_common(1)
    usual = common[0][0] if common else None
    return [
        {
            **each,
            "duties": list(_by_kind(each["duties"])),
            "ails": "lost" if each["state"] == "lost" else None if _goes_by(each) == usual else "behind",
        }
        for each in replicas
    ]


def _goes_by(replica: Row) -> tuple[str, ...]:
    return replica["version"], replica["configDigest"], replica["adaptersDigest"]


def _by_kind(duties: Sequence[str]) -> Iterator[str]:
    """`delivery: acme, north`; of many of a kind how many there are."""
    kinds: dict[str, list[str]] = {}
    for duty in sorted(duties):
        kind, _, name = duty.partition(":")
        kinds.setdefault(kind, []).extend([name] if name else [])
    for kind, names in kinds.items():
        many = f" ({len(names)})" if len(names) > _MOST_NAMED else f": {', '.join(names)}" if names else ""
        yield f"{kind}{many}"
