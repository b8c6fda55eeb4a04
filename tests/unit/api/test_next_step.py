"""What a find says to do next can be pasted into a shell."""

import shlex

import pytest

from gateway.api.finding import next_step
from gateway.api.remedies import REMEDIES
from gateway.events import EventStatus, OrderStatus, Reason
from gateway.records import Found


def found(kind="order", status="delivered", **rest):
    members = {
        "id": 7,
        "tenant": "demo",
        "source": "acme",
        "external_order_id": "A",
        "order_id": None,
        "event_id": "e",
        "reason": None,
        "is_dead_letter": False,
        **rest,
    }
    return Found(kind=kind, status=status, matched="id", how="exact", at=0, **members)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("A 1", ["demo", "A 1"]),
        ("a'; rm -rf /", ["demo", "a'; rm -rf /"]),
        ("-x", ["--", "demo", "-x"]),
        ("A\nB", ["order-7"]),
        ("A\u202eB", ["order-7"]),
        ("Ω/1", ["demo", "Ω/1"]),
    ],
)
def test_a_name_reaches_the_command_whole(name, words):
    """A shell splits it into the same words; what nobody could see or type goes by the row's id."""
    command = next_step(found(external_order_id=name)).command

    assert shlex.split(command) == ["gateway", "orders", "show", *words]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("order", status) for status in OrderStatus if status != OrderStatus.DEAD]
    + [("event", status) for status in EventStatus],
)
def test_every_status_has_a_next_step(kind, status):
    """Whatever became of it."""
    step = next_step(found(kind, status))

    assert step.what
    assert step.command.startswith("gateway ")


@pytest.mark.parametrize("code", REMEDIES)
def test_a_dead_letter_says_its_reasons_remedy(code):
    """In the words of the one table, and with the act that ends it."""
    step = next_step(found("event", "dead", is_dead_letter=True, reason=Reason(code, "why")))

    assert step.what == REMEDIES[code].words
    assert step.command.split()[-1] == "event-7"
    assert "dead-letters" in step.command
