"""What is found of a source: what its orders have in common that one order does not show."""

from collections import defaultdict, deque
from typing import Final

LAST: Final = 100
"""Orders of a source that are looked back on."""

ENOUGH: Final = 30
"""Orders with a planned day from which on a habit is one."""

ALMOST_ALL: Final = 0.95


class Habits:
    """Remembers, of each source's last orders with a planned day, whether it was the day on which they came."""

    def __init__(self) -> None:
        self._planned: defaultdict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=LAST))

    def note(self, source: str, *, on_receipt: bool) -> None:
        """An order of this source is planned for the day of its receipt, or for another."""
        self._planned[source].append(on_receipt)

    def of(self, source: str) -> tuple[str, ...]:
        """The codes of what is found of a source. One that plans for the day of receipt tells no day at all."""
        last = self._planned.get(source, ())
        is_habit = len(last) >= ENOUGH and sum(last) >= ALMOST_ALL * len(last)
        return ("planned_is_receipt_day",) if is_habit else ()
