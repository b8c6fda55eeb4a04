"""What the rooms report of each group of transitions, as metrics and as log lines: one line a transition."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, TypeVar

import structlog

from gateway.delivery.standing import DeliveryReport
from gateway.events import SECOND, Clock, EventStatus, OrderStatus, Reason, Transition
from gateway.findings import Habits
from gateway.ground.failures import FailureLimit, limited
from gateway.ground.metrics import Metrics
from gateway.ingress.refusals import RefusalLog
from gateway.orders import Attempt, Settled, TenantState, TenantStatus
from gateway.records import RefusalRecord

Row = TypeVar("Row", Transition, Settled)


class Reports:
    """The wiring gives its methods to the rooms as their observers."""

    def __init__(self, metrics: Metrics, refusals: RefusalLog, clock: Clock) -> None:
        self._metrics = metrics
        self._refusals = refusals
        self.habits = Habits()
        self._clock = clock
        self.unproven = limited(FailureLimit(monotonic), self.turned_away)
        self._translation = structlog.get_logger("gateway.translation")
        self._delivery = structlog.get_logger("gateway.delivery")

    def translated(self, transitions: Sequence[Transition]) -> None:
        """Events were translated, ignored, or became dead letters."""
        for source, of_it in _by_source(transitions).items():
            self._count_events(
                source, Counter([(each.status, each.reason.code if each.reason else "") for each in of_it])
            )
            for tenant, code in [each for event in of_it for each in event.buried]:
                self._metrics.dead_order(tenant, code)
            for code, count in Counter([code for each in of_it for code in each.findings]).items():
                self._metrics.finding(source, code, count)
            self.habits.note(source, [on_receipt for each in of_it for on_receipt in each.on_receipt])
            _tell(self._translation, "event", of_it, _told_of_event, source=source)

    def attempted(self, report: DeliveryReport) -> None:
        """An intake was asked to take orders, and what became of them."""
        self._count(report.tenant, report.attempt, report.settled)
        for kind, count in report.oddities.items():
            if count:
                self._metrics.oddity(report.tenant, kind, count)
        self._tell_state(report.tenant, report.before, report.after)

    def pulled(self, tenant: str, attempt: Attempt, settled: Sequence[Settled]) -> None:
        """Trackely pulled."""
        self._count(tenant, attempt, settled)

    def audit(self, operator: str, act: str, what: str) -> None:
        """Somebody did something through the operators' API."""
        structlog.get_logger("gateway.audit").info(act, operator=operator, what=what)

    def turned_away(self, status: int, reason: str, address: str | None) -> None:
        """A request never reached an application, or proved nobody there."""
        self._refusals.add(RefusalRecord(self._clock(), None, status, reason, address, None))
        self._metrics.refused(None, reason, 1)

    def _count_events(self, source: str, counts: Mapping[tuple[EventStatus, str], int]) -> None:
        for (status, code), count in counts.items():
            if status == EventStatus.IGNORED:
                self._metrics.ignored(source, count)
            elif status == EventStatus.DEAD and code:
                self._metrics.dead_event(source, code, count)
            elif status == EventStatus.SHADOWED:
                self._metrics.shadowed(source, code or "none", count)
            elif status != EventStatus.WAITING:
                self._metrics.translated(source, count)

    def _count(self, tenant: str, attempt: Attempt, settled: Sequence[Settled]) -> None:
        now = self._clock()
        seconds = attempt.milliseconds / 1000
        self._metrics.attempted(tenant, attempt.outcome, orders=attempt.batch_size, seconds=seconds)
        spans = [max(0, now - each.received_at) / SECOND for each in settled if each.result == "delivered"]
        if spans:
            self._metrics.delivered(tenant, spans)
        for reason in [each.reason for each in settled if each.status == OrderStatus.DEAD]:
            if reason is not None:
                self._metrics.dead_order(tenant, reason.code)
        self._delivery.info(
            "attempt",
            tenant=tenant,
            outcome=attempt.outcome,
            status=attempt.http_status,
            orders=attempt.batch_size,
            milliseconds=attempt.milliseconds,
        )
        for source, of_it in _by_source(settled).items():
            _tell(self._delivery, "order", of_it, _told_of_order, tenant=tenant, source=source)

    def _tell_state(self, tenant: str, before: TenantState, after: TenantState) -> None:
        if before.status == after.status:
            return
        tell = self._delivery.error if after.status is TenantStatus.HALTED else self._delivery.warning
        tell("tenant", tenant=tenant, was=str(before.status), now=str(after.status), **_why(after.reason))


def _by_source(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for each in rows:
        found.setdefault(each.source, []).append(each)
    return found


def _tell(log: Any, what: str, rows: Sequence[Row], row: Callable[[Row], dict[str, str]], **names: str) -> None:
    """A line for each row; one that is dead is somebody's to look at."""
    if dead := [each for each in rows if each.status == EventStatus.DEAD]:
        log.warning(what, **names, rows=dead, row=row)
        rows = [each for each in rows if each.status != EventStatus.DEAD]
    if rows:
        log.info(what, **names, rows=rows, row=row)


def _told_of_event(each: Transition) -> dict[str, str]:
    why = {"reason": each.buried[0][1]} if each.reason is None and each.buried else _why(each.reason)
    return {"event_id": each.event_id, "outcome": str(each.status), **why}


def _told_of_order(each: Settled) -> dict[str, str]:
    order = {"order": each.external_order_id, "event_id": each.event_id}
    return {**order, "outcome": each.result, **_why(each.reason)}


def _why(reason: Reason | None) -> dict[str, str]:
    # The code alone: a detail may hold the intake's words, and so a person's.
    return {} if reason is None else {"reason": reason.code}
