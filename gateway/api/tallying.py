"""The sums of a day, by source and of all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gateway.api import shapes
from gateway.events import Micros
from gateway.records import Asking, DayRow


class Tally:
    """Rows, and how many of them are what."""

    def __init__(self) -> None:
        self.rows = self.listed = self.received = self.recovered = self.delivered = self.confirmed = 0
        self.differences: dict[str, int] = {}
        self.statuses: dict[str, int] = {}

    def count(self, row: DayRow, told: shapes.LedgerRow) -> None:
        """Count a row in."""
        self.rows += 1
        self.listed += row.asked_at is not None
        self.received += row.received_at is not None
        self.recovered += row.is_recovered
        self.delivered += row.delivered_at is not None
        self.confirmed += told.confirmed_at is not None
        name = told.difference.partition(":")[0]
        if name:
            self.differences[name] = self.differences.get(name, 0) + 1
        if row.kind == "order":
            self.statuses[row.status] = self.statuses.get(row.status, 0) + 1

    def add(self, other: "Tally") -> None:
        """Count in what another counted."""
        for name, count in vars(other).items():
            mine = getattr(self, name)
            if isinstance(count, int):
                setattr(self, name, mine + count)
            else:
                mine.update({each: mine.get(each, 0) + more for each, more in count.items()})

    def shown(self) -> shapes.LedgerSums:
        """As it is shown."""
        members: dict[str, Any] = vars(self)
        return shapes.LedgerSums(**members)


class Sums:
    """Each source's, and of all."""

    def __init__(self, turns: Callable[[str], Sequence[str]], askings: Mapping[str, Collection[Asking]]) -> None:
        self._turns = turns
        self._askings = askings
        self._sources: dict[str, Tally] = {}

    def count(self, row: DayRow, told: shapes.LedgerRow) -> None:
        """Count a row in."""
        self._sources.setdefault(row.source, Tally()).count(row, told)

    def whole(self) -> shapes.LedgerSums:
        """Of all sources."""
        whole = Tally()
        for each in self._sources.values():
            whole.add(each)
        return whole.shown()

    def by_source(self) -> tuple[shapes.LedgerSource, ...]:
        """The sources that have a row, by name."""
        return tuple(
            shapes.LedgerSource(source=name, vendor_list=self.vendor_list(name), sums=tally.shown())
            for name, tally in sorted(self._sources.items())
        )

    def vendor_list(self, source: str | None) -> shapes.VendorList | None:
        """What the list of a source had, or those of all had that were rows' sources; None: nobody can be asked."""
        names = [name for name in ([*self._sources] if source is None else [source]) if self._turns(name)]
        if not names:
            return None
        listed = sum(self._sources[name].listed for name in names if name in self._sources)
        asked = [self._asked_at(name) for name in names]
        whole = [at for at in asked if at is not None]
        oldest = min(whole) if len(whole) == len(asked) else None
        return shapes.VendorList(asked_at=shapes.moment_or_none(oldest), orders=listed)

    def _asked_at(self, source: str) -> Micros | None:
        """When its turns' lists were all read, at the latest."""
        known = {asking.turn: asking.asked_at for asking in self._askings.get(source, ())}
        times = [known.get(turn) for turn in self._turns(source)]
        return None if None in times else min(at for at in times if at is not None)
