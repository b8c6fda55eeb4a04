"""Whether replicas serve the database, for whoever needs it alone."""

from collections.abc import Callable
from typing import Final

from gateway.errors import StoreUnavailable
from gateway.ground.processes import has_ended
from gateway.store.postgresql.connection import Connection

SPAN_SECONDS: Final = 15.0
"""A replica that gave no sign of life for so long, as seen by the monotonic clock, is lost."""

LOOK_SECONDS: Final = 0.5

IN_USE: Final = "gateways use its database"


def refuse_living(connection: Connection, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """See that no replica lives: at once where all have said good-bye or ended on this machine, else by watching.

    Raises:
        StoreUnavailable: one gave a sign of life.
    """
    began, seen = monotonic(), dict[int, int]()
    while True:
        rows = connection.execute("duties.replicas").fetchall()
        living = {
            number: beats for number, process, _, beats, is_lost in rows if not is_lost and not has_ended(process)
        }
        if any(seen.get(number, beats) != beats for number, beats in living.items()):
            raise StoreUnavailable(f"the store cannot be opened: {IN_USE}")
        if not living or monotonic() - began >= SPAN_SECONDS:
            return
        seen = living | seen
        sleep(LOOK_SECONDS)
