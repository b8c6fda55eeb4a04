"""What the rooms report of each group of transitions, as metrics and as log lines: one line a transition."""

from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic

import structlog

from gateway.delivery.standing import DeliveryReport
from gateway.events import SECOND, Clock, EventStatus, Reason, Transition
from gateway.findings import Habits
from gateway.ground.failures import FailureLimit, limited
from gateway.ground.metrics import Metrics
from gateway.ingress.refusals import RefusalLog
from gateway.orders import Attempt, Settled, TenantState, TenantStatus
from gateway.records import RefusalRecord


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
        counts: Counter[tuple[str, EventStatus, str]] = Counter()
        found: Counter[tuple[str, str]] = Counter()
        by_source: dict[str, list[Transition]] = {}
        for each in transitions:
            by_source.setdefault(each.source, []).append(each)
            counts[each.source, each.status, each.reason.code if each.reason else ""] += 1
            for code in each.findings:
                found[each.source, code] += 1
            for on_receipt in each.on_receipt:
                self.habits.note(each.source, on_receipt=on_receipt)
        for (source, code), count in found.items():
            self._metrics.finding(source, code, count)
        self._count_events(counts)
        for source, of_it in by_source.items():
            self._translation.info("event", source=source, rows=of_it, row=_told_of_event)

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

    def _count_events(self, counts: Mapping[tuple[str, EventStatus, str], int]) -> None:
        for (source, status, code), count in counts.items():
            if status == EventStatus.IGNORED:
                self._metrics.ignored(source, count)
            elif status == EventStatus.DEAD:
                self._metrics.dead_event(source, code or "unknown", count)
            elif status == EventStatus.SHADOWED:
                self._metrics.shadowed(source, code or "none", count)
            elif status != EventStatus.WAITING:
                self._metrics.translated(source, count)

    def _count(self, tenant: str, attempt: Attempt, settled: Sequence[Settled]) -> None:
        now = self._clock()
        seconds = attempt.milliseconds / 1000
        self._metrics.attempted(tenant, attempt.outcome, orders=attempt.batch_size, seconds=seconds)
        spans, by_source = [], dict[str, list[Settled]]()
        for each in settled:
            by_source.setdefault(each.source, []).append(each)
            if each.result == "delivered":
                spans.append(max(0, now - each.received_at) / SECOND)
            elif each.result == "dead" and each.reason is not None:
                self._metrics.dead_order(tenant, each.reason.code, 1)
        if spans:
            self._metrics.delivered(tenant, spans)
        self._delivery.info(
            "attempt",
            tenant=tenant,
            outcome=attempt.outcome,
            status=attempt.http_status,
            orders=attempt.batch_size,
            milliseconds=attempt.milliseconds,
        )
        for source, of_it in by_source.items():
            self._delivery.info("order", tenant=tenant, source=source, rows=of_it, row=_told_of_order)

    def _tell_state(self, tenant: str, before: TenantState, after: TenantState) -> None:
        if before.status == after.status:
            return
        tell = self._delivery.error if after.status is TenantStatus.HALTED else self._delivery.warning
        tell("tenant", tenant=tenant, was=str(before.status), now=str(after.status), **_why(after.reason))


def _told_of_event(each: Transition) -> dict[str, str]:
    return {"event_id": each.event_id, "outcome": str(each.status), **_why(each.reason)}


def _told_of_order(each: Settled) -> dict[str, str]:
    order = {"order": each.external_order_id, "event_id": each.event_id}
    return {**order, "outcome": each.result, **_why(each.reason)}


def _why(reason: Reason | None) -> dict[str, str]:
    # The code alone: a detail may hold the intake's words, and so a person's.
    return {} if reason is None else {"reason": reason.code}
