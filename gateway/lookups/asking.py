"""One question to a vendor's API, and what came of it."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt

from gateway.events import SECOND, Micros, Reason, StoredLookup
from gateway.records import LookupHalt

ASK_AGAIN: Final = SECOND
"""One question about a subject is asked at most once a second."""

LONGEST_REST: Final = 60 * SECOND
"""Between two questions about one subject: what a vendor's limits ask for beyond it is found out by asking."""

PROBE_EVERY: Final = 300 * SECOND
"""Where a turn is turned away."""

TRIES: Final = 3

LONGEST_PAUSE: Final = 10 * SECOND
"""Between two tries of a run: whoever asks for more ends it, and it is repeated then."""

OK: Final = 200
_FOR_A_WHILE: Final = frozenset({None, 408, 425, 429, *range(500, 600)})
_NOTHING_THERE: Final = frozenset({204, 403, 404})


class VendorAnswer(msgspec.Struct, frozen=True):
    """A vendor's answer, or (status None) why there is none.

    `lacks_rights`: this turn is turned away altogether. `pause`: how long the turn may ask nothing more, by the answer.
    """

    status: int | None
    body: bytes = b""
    detail: str = ""
    retry_after: Micros = 0
    lacks_rights: bool = False
    pause: Micros = 0

    @property
    def said(self) -> str:
        """The answer in words."""
        return self.detail or f"HTTP {self.status}"

    @property
    def found(self) -> bytes | None:
        """What a best-effort lookup is told."""
        return self.body if self.status == OK else None


class Fetch(Protocol):
    """Asks a vendor's API; never raises for what the network or the vendor does."""

    async def __call__(self, source: str, lookup: StoredLookup) -> VendorAnswer:
        """The answer to one lookup."""
        ...


def halt_of(turn: str, answer: VendorAnswer, *, since: Micros, now: Micros) -> LookupHalt:
    """How the operators are told that a vendor's API turns a turn away."""
    detail = answer.detail or f"the vendor's API answered {answer.status}: check its user's password and rights"
    return LookupHalt(turn, Reason("lookup_unauthorized", detail), since, now + PROBE_EVERY)


async def try_thrice(
    fetch: Fetch, source: str, lookup: StoredLookup, sleep: Callable[[float], Awaitable[None]]
) -> VendorAnswer:
    """A best-effort lookup's answer, good or the third bad one."""
    trying = AsyncRetrying(
        stop=stop_after_attempt(TRIES),
        wait=_wait,
        retry=retry_if_result(lambda answer: answer.status != OK and answer.status not in _NOTHING_THERE),
        retry_error_callback=lambda last: last.outcome.result() if last.outcome else None,
        sleep=sleep,
    )
    answer: VendorAnswer = await trying(fetch, source, lookup)
    return answer


async def try_patiently(
    fetch: Fetch, source: str, lookup: StoredLookup, sleep: Callable[[float], Awaitable[None]]
) -> VendorAnswer:
    """The answer to a question that a run cannot do without: a failing one after three tries, or at once."""
    for pause in range(1, TRIES):
        answer = await fetch(source, lookup)
        if answer.lacks_rights or answer.status not in _FOR_A_WHILE or answer.retry_after > LONGEST_PAUSE:
            return answer
        await sleep(max(pause, answer.retry_after / SECOND))
    return await fetch(source, lookup)


def _wait(state: RetryCallState) -> float:
    asked = state.outcome.result().retry_after if state.outcome else 0
    return max(ASK_AGAIN, min(asked, LONGEST_REST)) / SECOND
