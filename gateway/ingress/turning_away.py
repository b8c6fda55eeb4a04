"""What is done about a request that is not taken: counted, kept among the refusals, told in the figures and the log."""

import traceback
from collections.abc import Callable
from pathlib import PurePath

import structlog
from starlette.types import Scope

from gateway.events import Clock
from gateway.ground.addresses import neighbourhood, parsed, sender_of
from gateway.ground.answers import Answer, error_answer
from gateway.ground.exchange import BODY_TIMEOUT
from gateway.ground.failures import FailureLimit
from gateway.ingress.answers import CLOSE, retry_after
from gateway.ingress.door import Door
from gateway.ingress.figures import Figures
from gateway.ingress.judgement import UNPROVEN, Refused
from gateway.ingress.refusals import LineLimit, RefusalLog
from gateway.records import RefusalRecord


class TurningAway:
    """Turns requests away. `proxies` says how many are trusted at this moment; `monotonic` counts seconds for spans."""

    def __init__(
        self,
        refusals: RefusalLog,
        figures: Figures,
        clock: Clock,
        monotonic: Callable[[], float],
        proxies: Callable[[], int],
    ) -> None:
        self._refusals = refusals
        self._figures = figures
        self._clock = clock
        self._proxies = proxies
        self._failures = FailureLimit(monotonic)
        self._lines = LineLimit()
        self._log = structlog.get_logger("gateway.ingress")

    def refuse(self, door: Door | None, scope: Scope, refused: Refused) -> Answer:
        """The answer, which is another one for who proves nothing too often."""
        if door is not None and refused.reason in UNPROVEN:
            refused = self.too_many(door, scope, refused.size) or refused
        self._note(door, scope, refused.answer.status_code, refused.reason, refused.size)
        return refused.answer

    def too_many(self, door: Door, scope: Scope, size: int | None) -> Refused | None:
        """Count a request that proved nothing; the 429 for who sends too many. `size`: of a body that was read."""
        seconds = self._failures.retry_after(door.name, neighbourhood(self.address(scope)))
        if seconds is None:
            return None
        close = {} if size is not None else CLOSE
        detail = "too many failed proofs, try again later"
        return Refused(
            error_answer(429, "too_many_failures", detail, {**retry_after(seconds), **close}), "too_many_failures", size
        )

    def give_up(self, door: Door | None, scope: Scope) -> None:
        """Nobody is there to answer; nginx's number for it stands on record."""
        if BODY_TIMEOUT in (scope.get("extensions") or {}):
            self._note(door, scope, 408, "body_timeout", None)
        else:
            self._note(door, scope, 499, "disconnected", None)

    def _note(self, door: Door | None, scope: Scope, status: int, reason: str, size: int | None) -> None:
        source = door.name if door else None
        address = parsed(self.address(scope))
        # What a sender wrote into a header is shown only if it is an address.
        shown = None if address is None else str(address)
        self._refusals.add(RefusalRecord(self._clock(), source, status, reason, shown, size))
        self._figures.refused(source, reason, 1)

    def address(self, scope: Scope) -> str | None:
        """Whom the request comes from; worked out where it is needed, since a good request seldom needs it."""
        return sender_of(scope, self._proxies())

    def complain(self, what: str, source: str | None, error: BaseException) -> None:
        """A line about a failure: its kind and place, never its words, which may hold what was sent."""
        held_back = self._lines.allows(source, self._clock())
        if held_back is not None:
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
            self._log.error(what, source=source, error=type(error).__name__, at=place, held_back=held_back)
