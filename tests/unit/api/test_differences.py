"""Each row of the day ledger has one difference, or none."""

import pytest

from gateway.api.differences import MARGIN, Surroundings, confirmed_at, difference_of
from gateway.events import SECOND, Reason
from gateway.orders import TenantState, TenantStatus
from gateway.records import Asking, DayRow

NOON = 1_750_000_000 * SECOND
HALTED = TenantState(status=TenantStatus.HALTED, reason=Reason("intake_wrong_door", "404"))
FAILING = TenantState(status=TenantStatus.BACKING_OFF, reason=Reason("intake_unavailable", "503"))
DELIVERED = {"status": "delivered", "delivered_at": NOON, "order_id": "t-1"}
SERVED = {"status": "delivered", "delivered_at": NOON, "tenant": "pulled"}


def around(state: TenantState | None = None, asked=(NOON - 3 * MARGIN, NOON + SECOND), pulls=()) -> Surroundings:
    states = {"demo": state or TenantState(), "pulled": TenantState(pulls=pulls)}
    askings = {"acme": [Asking("acme", "74", *asked)]} if asked else {}
    return Surroundings(states, {"pulled"}, askings)


def row(kind="order", **members) -> DayRow:
    values = {
        "kind": kind, "id": 1, "source": "acme", "tenant": "demo", "external_order_id": "A", "owner": "ongoing:s/74",
        "event": 1, "received_at": NOON, "is_recovered": False, "status": "pending", "reason": None, "listed_at": NOON,
        "asked_at": NOON, "is_behind": False, "is_overtaken": False, "order_id": None, "delivered_at": None,
        "clock": NOON, "is_cancelled": False, "unconfirmed": 0,
    }  # fmt: skip
    return DayRow(**{**values, **members})


def why(code: str, detail: str = "because") -> dict[str, Reason]:
    return {"reason": Reason(code, detail)}


ROWS = {
    "listed alone": (row("listed", is_behind=True), "never_received"),
    "listed, and dead if it came": (row("listed", **why("incomplete_payload")), "never_received"),
    "listed, of no use": (row("listed", **why("ignored", "status 150")), "ignored: status 150"),
    "listed, cancelled": (row("listed", is_cancelled=True), "ignored: cancelled before anything of it was received"),
    "an ignored event": (row("event", status="ignored", **why("ignored", "a pickup")), "ignored: a pickup"),
    "a dead event": (row("event", status="dead", **why("malformed_payload")), "dead: malformed_payload"),
    "a discarded event": (row("event", status="discarded"), "dead: discarded"),
    "a waiting event": (row("event", status="waiting"), "pending: the vendor's API has not answered"),
    "a new event": (row("event", status="received"), "pending: not translated yet"),
    "withdrawn": (row(status="withdrawn", is_cancelled=True), ""),
    "withdrawn, and there again": (row(status="withdrawn", is_cancelled=True, is_behind=True), "never_received"),
    "pending": (row(), "pending: not sent yet"),
    "in flight": (row(status="leased"), "pending: being sent"),
    "not pulled": (row(tenant="pulled"), "pending: not pulled yet"),
    "not listed by the intake": (row(unconfirmed=2), "not_confirmed"),
    "refused": (row(status="dead", **why("refused")), "dead: refused"),
    "discarded": (row(status="discarded", **why("discarded_by_hand")), "dead: discarded_by_hand"),
    "cancelled too late": (
        row(**{**DELIVERED, "status": "dead"}, is_cancelled=True, **why("cancelled_after_delivery")),
        "dead: cancelled_after_delivery",
    ),
    "delivered": (row(**DELIVERED), ""),
    "its edit waits": (row(**{**DELIVERED, "status": "pending"}), "delivered_older_state"),
    "its edit is dead": (row(**{**DELIVERED, "status": "dead"}, **why("refused")), "delivered_older_state"),
    "its edit was no order": (row(**DELIVERED, is_overtaken=True), "delivered_older_state"),
    "its edit never came": (row(**DELIVERED, is_behind=True), "delivered_older_state"),
    "served": (row(**SERVED), "not_confirmed"),
    "not on the list": (row(**DELIVERED, asked_at=None), "only_here"),
    "of nobody whose list there is": (row(**DELIVERED, asked_at=None, owner="ongoing:s/75"), ""),
    "of a source's own": (row(**DELIVERED, asked_at=None, owner="source:acme"), "only_here"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_one_difference(name):
    """By its kind and status first, then by what else is known."""
    told, expected = ROWS[name]

    assert difference_of(told, around()) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (HALTED, "pending: the tenant is halted, intake_wrong_door"),
        (FAILING, "pending: the intake is failing, intake_unavailable"),
    ],
)
def test_a_pending_order_says_what_its_tenant_waits_for(state, expected):
    """With the reason's code."""
    assert difference_of(row(), around(state)) == expected


@pytest.mark.parametrize(
    "asked",
    [
        None,
        (NOON - MARGIN + 1, NOON + SECOND),
        (NOON - 3 * MARGIN, NOON - 1),
    ],
)
def test_only_what_the_list_must_have_named_is_only_here(asked):
    """Not before it was asked, nor of changes near the beginning of what it told, nor received since."""
    assert difference_of(row(**DELIVERED, asked_at=None), around(asked=asked)) == ""


def test_a_later_pull_confirms_what_was_served():
    """The first after it; a push is confirmed by its answer."""
    served = row(**SERVED)

    assert confirmed_at(served, around(pulls=(NOON - 5, NOON))) is None
    assert confirmed_at(served, around(pulls=(NOON - 5, NOON + 7, NOON + 9))) == NOON + 7
    assert confirmed_at(row(**DELIVERED), around()) == NOON
    assert difference_of(served, around(pulls=(NOON + 7,))) == ""
