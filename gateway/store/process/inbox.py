"""The rim's port as frames to the store's process: arrivals of one turn of the loop pass in one.

A frame's number comes back with its answer. An answer by order would be another's once one was refused out of turn, and
what nobody has stored would be acknowledged.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final, TypeAlias

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt
from gateway.ground.parcel import head_of
from gateway.store.ports import Inbox, Outcome, Tell
from gateway.store.process import protocol
from gateway.store.process.stubs import Call

BEHIND: Final = "the store does not keep up"

FRAME_ARRIVALS: Final = 16
FRAME_BYTES: Final = 1 << 20
"""So many arrivals, or bytes of them, do not wait for the end of the loop's turn: the store begins meanwhile."""

MOST_BYTES: Final = 64 << 20
"""Of arrivals that wait for the store's answer. What comes beyond is refused: a disk that hangs costs no more."""


OnNew: TypeAlias = Callable[[Sequence[tuple[int, Arrival]]], None]


class _Given:
    """An arrival on its way; `tell` is None once told that there will be no answer, though one may come yet."""

    __slots__ = ("arrival", "tell")

    def __init__(self, arrival: Arrival, tell: Tell) -> None:
        self.arrival = arrival
        self.tell: Tell | None = tell


class ProcessInbox(Inbox):
    """Passes arrivals on by `send`, and counts what the store owes. `refusal` says why none is taken; None: it is.

    Attributes:
        on_new: told of arrivals that are new events of their own, with their ids.
    """

    def __init__(self, send: Callable[..., None], call: Call, refusal: Callable[[], str | None]) -> None:
        self.on_new: OnNew = lambda _: None
        self._send = send
        self._call = call
        self._refusal = refusal
        self._loop = asyncio.get_running_loop()
        # Of the frame that is being filled; and of those that the store has, by their numbers.
        self._arrivals: list[bytes] = []
        self._given: list[_Given] = []
        self._sent: dict[int, list[_Given]] = {}
        self._bytes = self._unanswered = self._number = 0
        # When an arrival was last answered, or given after a rest.
        self._heard = 0.0

    @property
    def silent_seconds(self) -> float:
        """How long the store has answered none of the arrivals that it has."""
        return time.monotonic() - self._heard if self._given or self._sent else 0.0

    def give_up(self, why: str) -> None:
        """Tell whoever waits for an answer that there will be none."""
        for each in [*chain.from_iterable(self._sent.values()), *self._given]:
            self._tell(each, StoreUnavailable(why))
            each.tell = None

    def give(self, arrival: Arrival, tell: Tell) -> None:
        """Store an event with the next group."""
        size = arrival.size
        why = self._refusal() or (BEHIND if self._is_full(size) else None)
        if why is not None:
            self._loop.call_soon(tell, StoreUnavailable(why))
            return
        try:
            packed = protocol.encode(arrival)
        except Exception as error:  # noqa: BLE001 - whatever it holds, its neighbours must not suffer
            why = f"the store cannot hold this event: {type(error).__name__}"
            self._loop.call_soon(tell, StoreUnavailable(why))
            return
        if not self._arrivals:
            self._loop.call_soon(self.pass_on)
            if not self._sent:
                self._heard = time.monotonic()
        self._arrivals.append(packed)
        self._given.append(_Given(arrival, tell))
        self._bytes += size
        self._unanswered += size
        if len(self._arrivals) >= FRAME_ARRIVALS or self._bytes > FRAME_BYTES:
            self.pass_on()

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing."""
        size = len(arrival.body)
        if self._is_full(size):
            raise StoreUnavailable(BEHIND)
        self._unanswered += size
        try:
            return bool(await self._call("inbox.is_duplicate", arrival))
        finally:
            self._unanswered -= size

    def pass_on(self) -> None:
        """Send what was put since the last time."""
        if self._arrivals:
            self._number = number = (self._number + 1) & 0xFFFFFFFF
            self._sent[number], self._given = self._given, []
            self._send(protocol.PUT, protocol.head_of(number) + head_of(len(self._arrivals)), *self._arrivals)
            self._arrivals.clear()
            self._bytes = 0

    def take(self, number: int, stored: list[Receipt | str]) -> None:
        """The store has answered a frame."""
        self._heard = time.monotonic()
        new = []
        for given, outcome in zip(self._sent.pop(number), stored, strict=True):
            arrival = given.arrival
            self._unanswered -= arrival.size
            if isinstance(outcome, Receipt):
                if outcome.tells_all and outcome.kind == "stored" and arrival.dead is None:
                    new.append((outcome.id, arrival))
                self._tell(given, outcome)
            else:
                self._tell(given, StoreUnavailable(outcome))
        # After the answers, for which a vendor waits.
        if new:
            self.on_new(new)

    def _tell(self, given: _Given, outcome: Outcome) -> None:
        if given.tell is None:
            return
        try:
            given.tell(outcome)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the others must have their answers
            self._loop.call_exception_handler({"message": "an arrival's outcome was not heard", "exception": error})

    def _is_full(self, size: int) -> bool:
        return self._unanswered > 0 and self._unanswered + size > MOST_BYTES
