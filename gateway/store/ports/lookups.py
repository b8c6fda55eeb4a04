"""The lookup loop's port."""

from collections.abc import Mapping
from typing import Protocol

from gateway.events import Micros, Reason, Transition, WaitingSubject
from gateway.records import Act


class LookupQueue(Protocol):
    """What the lookup loop needs: events that wait for the vendor's API, by source and turn."""

    async def turns(self) -> list[tuple[str, str]]:
        """The (source, turn) pairs for which events wait."""
        ...

    async def next_subject(self, source: str, turn: str, now: Micros) -> str | Micros | None:
        """The subject that is due first; else when the next one is; None: nothing waits."""
        ...

    async def ask(self, source: str, turn: str, subject: str, now: Micros) -> WaitingSubject | None:
        """Draw a clock for a request that is about to be sent, and name the events that its answer will serve.

        The clock is greater than that of every state which an event of the source with one of their references told
        before. What becomes of the request touches only events that were not put back for translation meanwhile.
        """
        ...

    async def answer(self, asked: WaitingSubject, answers: Mapping[str, bytes | None]) -> None:
        """Store the answers with their events, which wait for translation again."""
        ...

    async def defer(self, source: str, turn: str, subject: str, due_at: Micros) -> None:
        """Not before `due_at`: it was asked for a moment ago."""
        ...

    async def hasten(self, source: str, now: Micros, act: Act | None = None) -> None:
        """Everything of the source that was put off is due."""
        ...

    async def postpone(
        self, asked: WaitingSubject, reason: Reason, *, due_at: Micros, failing_since: Micros | None
    ) -> None:
        """Try again later; counts a try. The events say why they wait."""
        ...

    async def bury(self, asked: WaitingSubject, reason: Reason, now: Micros) -> list[Transition]:
        """The lookup is given up: its events are dead letters."""
        ...
