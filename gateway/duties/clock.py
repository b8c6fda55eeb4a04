"""The time that all replicas go by: the store's own, where it has one; kept by this machine's clock between looks."""

from gateway.ground.clock import Clock, Micros


class StoreClock:
    """Call it for the present; `agree` after each look."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._apart: Micros = 0

    def __call__(self) -> Micros:
        """The store's time, in microseconds since 1970."""
        return self._wall() + self._apart

    def wall(self) -> Micros:
        """This machine's own time."""
        return self._wall()

    def agree(self, before: Micros, told: Micros | None, after: Micros) -> None:
        """The store told its time between two of this machine's; None: it goes by this machine's.

        What is known already stands as long as it fits.
        """
        if told is not None and before <= after:
            self._apart = min(max(self._apart, told - after), told - before)
