"""How the questions to vendors stand, those of the loop and those of reconciliation, here and at other replicas."""

from collections.abc import Mapping, Sequence

from gateway.events import Micros
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Reconciler
from gateway.records import Act, LookupHalt


class Lookups:
    """What the operators may ask of the lookups in vendors' APIs and of reconciliation.

    Attributes:
        resumed: when somebody resumed a source here, for the other replicas to hear.
    """

    def __init__(self, loop: LookupLoop, reconciler: Reconciler) -> None:
        self._loop = loop
        self._reconciler = reconciler
        self._others: Mapping[str, Sequence[LookupHalt]] = {}
        self.resumed: dict[str, Micros] = {}
        self.reconcile, self.look, self.turns = reconciler.reconcile, reconciler.look, reconciler.turns

    def hear(self, halts: Mapping[str, Sequence[LookupHalt]], resumed: Mapping[str, Micros]) -> None:
        """What other replicas say of their turns, by source, and when somebody resumed a source there."""
        self._others = halts
        for source, at in resumed.items():
            if any(halt.since < at for halt in self.own_halts(source)):
                self._reconciler.resume(source)
                self._loop.lift(source)

    def own_halts(self, source: str) -> list[LookupHalt]:
        """The source's turns here that the vendor turns away, each once."""
        by_owner = {halt.owner: halt for halt in (*self._reconciler.halts(source), *self._loop.halts(source))}
        return list(by_owner.values())

    def halts(self, source: str) -> list[LookupHalt]:
        """The same, at other replicas too."""
        others = [halt for halt in self._others.get(source, ()) if halt.since >= self.resumed.get(source, 0)]
        return list({halt.owner: halt for halt in (*others, *self.own_halts(source))}.values())

    async def resume(self, source: str, act: Act | None = None) -> None:
        """Lift the halts of the source's lookups and try at once, at other replicas as soon as they hear of it."""
        self.resumed[source] = self._loop.now()
        self._reconciler.resume(source)
        await self._loop.resume(source, act)
