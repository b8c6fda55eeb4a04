"""What is found of a source: what its orders have in common that one order does not show."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final

from gateway.events import Micros
from gateway.records import LearnedRow

LAST: Final = 100
"""Orders of a source that are looked back on."""

ENOUGH: Final = 30
"""Orders with a planned day from which on a habit is one."""

ALMOST_ALL: Final = 0.95


KIND: Final = "habits"
_ON_RECEIPT, _ANOTHER = b"10"


class Habits:
    """Remembers, of each source's last orders with a planned day, whether it was the day on which they came."""

    def __init__(self) -> None:
        self._planned: defaultdict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=LAST))

    def note(self, source: str, on_receipt: Sequence[bool]) -> None:
        """Orders of this source are planned for the day of their receipt, or for another."""
        if on_receipt:
            self._planned[source].extend(on_receipt)

    def load(self, rows: Iterable[LearnedRow]) -> None:
        """Go on from what was remembered of sources that told nothing yet."""
        for row in rows:
            if row.kind == KIND and row.source not in self._planned:
                self._planned[row.source].extend(mark == _ON_RECEIPT for mark in row.body)

    def learned(self, now: Micros) -> list[LearnedRow]:
        """All of it, to be written away: a mark an order."""
        return [
            LearnedRow(source, KIND, now, bytes(_ON_RECEIPT if each else _ANOTHER for each in last))
            for source, last in self._planned.items()
        ]

    def of(self, source: str) -> tuple[str, ...]:
        """The codes of what is found of a source. One that plans for the day of receipt tells no day at all."""
        last = self._planned.get(source, ())
        is_habit = len(last) >= ENOUGH and sum(last) >= ALMOST_ALL * len(last)
        return ("planned_is_receipt_day",) if is_habit else ()
