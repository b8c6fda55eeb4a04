"""What the lanes of one tenant share: how deliveries go, what they stand on, and whom they tell."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeAlias

import msgspec

from gateway.config.model import Tenant
from gateway.events import Clock, Micros
from gateway.ground.backoff import Random
from gateway.ground.outgoing import Sleep
from gateway.orders import Attempt, LeasedOrder, Settled, TenantState
from gateway.store.ports import Outbox

STORE_PAUSE_SECONDS: Final = 1.0
"""Until a store that could not be written to is tried again."""


class DeliveryReport(msgspec.Struct, frozen=True):
    """One attempt and what it did, for the log and the metrics, and how often what else than the contract it held."""

    tenant: str
    attempt: Attempt
    settled: Sequence[Settled]
    before: TenantState
    after: TenantState
    oddities: Mapping[str, int] = msgspec.field(default_factory=dict)


OnAttempt = Callable[[DeliveryReport], None]


def no_report(_report: DeliveryReport) -> None:
    """Nobody listens."""


Told: TypeAlias = Callable[[int | None, str | None], None]
"""Told how a request ended: its status, and what kind of failure it was."""

Around: TypeAlias = Callable[[str, Sequence[LeasedOrder]], AbstractContextManager[Told]]
"""What stands around a tenant's request with these orders."""


def unwatched(_tenant: str, _orders: Sequence[LeasedOrder]) -> AbstractContextManager[Told]:
    """Nobody looks on."""
    return nullcontext(lambda _status, _failure: None)


class Standing:
    """The state of one pushed tenant's delivery, of which there is one for all its lanes.

    Attributes:
        may_send: whether the tenant's deliveries are this gateway's.
        begun: requests so far.
        troubled: how many had begun when the last trouble showed: answers to those up to it are late.
        latest: when the outbox was last looked at.
    """

    def __init__(
        self,
        name: str,
        tenants: Mapping[str, Tenant],
        outbox: Outbox,
        *,
        clock: Clock,
        random: Random,
        sleep: Sleep,
        on_attempt: OnAttempt,
        around: Around,
    ) -> None:
        self.name = name
        self.outbox = outbox
        self.clock = clock
        self.random = random
        self.sleep = sleep
        self.on_attempt = on_attempt
        self.around = around
        self.state = TenantState()
        self.is_stopping = False
        self.may_send: Callable[[], bool] = lambda: True
        self.begun = 0
        self.troubled = 0
        self.latest: Micros | None = None
        self.woken: list[asyncio.Event] = []
        self._tenants = tenants

    @property
    def settings(self) -> Tenant:
        """Those in force."""
        return self._tenants[self.name]

    def wake(self) -> None:
        """Something new is pending, or may go again."""
        for each in self.woken:
            each.set()
