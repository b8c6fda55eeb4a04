"""What of each group of transitions becomes a line of the log, and at which level."""

from structlog.testing import capture_logs

from gateway.events import EventStatus, OrderStatus, Reason, Transition
from gateway.ground.metrics import Metrics
from gateway.ingress.refusals import RefusalLog
from gateway.orders import Attempt, Settled
from gateway.service.reports import Reports

BAD = Reason("invalid_order", "no address")


def lines(report):
    """The level of each row, by what names it."""
    with capture_logs() as logged:
        report(Reports(Metrics(["acme"], ["demo"]), RefusalLog(), lambda: 0))
    rows = [(line["log_level"], line["row"](row)) for line in logged if "rows" in line for row in line["rows"]]
    return {row.get("order", row["event_id"]): level for level, row in rows}


def test_an_event_that_is_dead_is_a_warning():
    """Beside its neighbours, which are none."""
    good = Transition(1, "acme", "e-1", EventStatus.TRANSLATED)
    dead = Transition(2, "acme", "e-2", EventStatus.DEAD, BAD)

    assert lines(lambda reports: reports.translated([good, dead])) == {"e-1": "info", "e-2": "warning"}
    assert lines(lambda reports: reports.translated([good])) == {"e-1": "info"}
    assert lines(lambda reports: reports.translated([dead])) == {"e-2": "warning"}


def test_an_order_that_is_dead_is_a_warning():
    """As refused by the intake; one that was delivered is none."""
    settled = [
        Settled("A", "delivered", OrderStatus.DELIVERED, source="acme", event_id="e-1"),
        Settled("B", "dead", OrderStatus.DEAD, BAD, source="acme", event_id="e-2"),
    ]
    attempt = Attempt(at=0, kind="push", http_status=200, outcome="accepted", detail=None, batch_size=2, milliseconds=1)

    assert lines(lambda reports: reports.pulled("demo", attempt, settled)) == {"A": "info", "B": "warning"}
