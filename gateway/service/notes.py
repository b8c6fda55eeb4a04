"""What replicas let each other know: the requests that each turned away, and the lookups that stand still."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from gateway.events import Micros
from gateway.ingress.refusals import RefusalLog
from gateway.lookups.standing import Lookups
from gateway.records import LookupHalt, RefusalRecord

MOST_REFUSALS: Final = 300
"""Of each replica the others know so many, the last ones: strangers do not write at will."""

_encode: Final = msgspec.json.Encoder().encode
_refusals: Final = msgspec.json.Decoder(list[RefusalRecord]).decode
_halts: Final = msgspec.json.Decoder(dict[str, list[LookupHalt]]).decode
_resumed: Final = msgspec.json.Decoder(dict[str, Micros]).decode


class Notes:
    """Of this replica, and of the others."""

    def __init__(self, refusals: RefusalLog, lookups: Lookups, sources: Collection[str]) -> None:
        self._refusals = refusals
        self._lookups = lookups
        self._sources = sources

    def notes(self) -> dict[str, bytes]:
        """What the others should know."""
        halts = {source: found for source in self._sources if (found := self._lookups.own_halts(source))}
        return {
            "refusals": _encode(self._refusals.own(MOST_REFUSALS)),
            "halts": _encode(halts),
            "resumed": _encode(self._lookups.resumed),
        }

    def hear(self, notes: Sequence[tuple[str, bytes]]) -> None:
        """Take up what the others said."""
        refusals: list[RefusalRecord] = []
        halts: dict[str, list[LookupHalt]] = {}
        resumed: dict[str, Micros] = {}
        for kind, body in notes:
            if kind == "refusals":
                refusals += _refusals(body)
            elif kind == "halts":
                for source, found in _halts(body).items():
                    halts.setdefault(source, []).extend(found)
            elif kind == "resumed":
                resumed |= {source: max(at, resumed.get(source, 0)) for source, at in _resumed(body).items()}
        self._refusals.hear(refusals)
        self._lookups.hear(halts, resumed)
