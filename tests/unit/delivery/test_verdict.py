"""What answers mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.verdict import (
    MOST_WORDS,
    Answer,
    Delivered,
    Failure,
    NotAnIntake,
    Refused,
    TooLarge,
    Unavailable,
    WrongDoor,
    judge,
    outcome_of,
    words_of,
)

NOW = 1_750_000_000_000_000
SENT = ["A", "B"]


def reply(**members):
    orders = [{"externalOrderId": name, "orderId": f"T-{name}", "created": True} for name in SENT]
    return json.dumps({"accepted": True, "processed": 2, "orders": orders} | members).encode()


def test_contract():
    """A 200 by the contract lists each order with its orderId and whether it was created."""
    verdict = judge(Answer(200, reply()), SENT, NOW)

    assert isinstance(verdict, Delivered)
    assert {name: (it.order_id, it.is_created) for name, it in verdict.listed.items()} == {
        "A": ("T-A", True),
        "B": ("T-B", True),
    }
    assert (verdict.foreign, verdict.is_count_wrong) == (0, False)
    assert outcome_of(verdict, 2) == "delivered"


@pytest.mark.parametrize(
    ("orders", "listed", "foreign"),
    [
        ([], [], 0),
        ([{"externalOrderId": "A", "orderId": "1", "created": False}], ["A"], 0),
        ([{"externalOrderId": "A", "orderId": 17}], ["A"], 0),
        ([{"externalOrderId": "X", "orderId": "1", "created": True}], [], 1),
        ([{"externalOrderId": "A"}, {"externalOrderId": "X", "orderId": None}], ["A"], 1),
        ([None, 7, "A", [], {"externalOrderId": ["A"], "orderId": "1"}], [], 5),
    ],
)
def test_listings(orders, listed, foreign):
    """What names an order of ours is listed, with or without its orderId; everything else is counted as foreign."""
    verdict = judge(Answer(200, reply(orders=orders)), SENT, NOW)

    assert isinstance(verdict, Delivered)
    assert (list(verdict.listed), verdict.foreign) == (listed, foreign)
    assert outcome_of(verdict, 2) == "partly"


@pytest.mark.parametrize("absurd", ["x" * 501, "箱" * 334, "", 0, 1.5, {}, None, True])
def test_an_order_id_that_nobody_can_keep_is_none(absurd):
    """The order is delivered all the same, and the oddity counted."""
    verdict = judge(Answer(200, reply(orders=[{"externalOrderId": "A", "orderId": absurd}])), SENT, NOW)

    assert isinstance(verdict, Delivered)
    assert verdict.listed["A"].order_id is None
    assert verdict.oddities["no_order_id"] == 1


def test_half_a_surrogate_pair_spoils_no_answer():
    """Such as in words that were cut in the middle of an emoji."""
    verdict = judge(Answer(200, reply(note="\ud83d")), SENT, NOW)

    assert isinstance(verdict, Delivered)
    assert list(verdict.listed) == SENT


@pytest.mark.parametrize("processed", [0, 1, 3, None, True, "2", 2.5])
def test_wrong_count(processed):
    """A wrong count is counted and changes nothing."""
    verdict = judge(Answer(200, reply(processed=processed)), SENT, NOW)

    assert isinstance(verdict, Delivered)
    assert verdict.is_count_wrong
    assert len(verdict.listed) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"<html>welcome</html>"),
        Answer(200, reply(accepted=False)),
        Answer(200, reply(accepted="true")),
        Answer(200, reply(accepted=1)),
        Answer(200, reply(orders=None)),
        Answer(200, reply(orders={"A": 1})),
        Answer(200, b'{"accepted":true,"processed":2}'),
        Answer(200, b"[]"),
        Answer(200, b"\xff\xfe"),
        Answer(200, b"[" * 100_000),
        Answer(200, reply(), is_whole=False),
        *(Answer(status, reply()) for status in (201, 202, 204, 206, 226)),
    ],
)
def test_lies(answer):
    """A 200 that is not the contract, and any other 2xx, is no delivery."""
    assert isinstance(judge(answer, SENT, NOW), NotAnIntake)


WRONG_DOORS = (401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 428, 431, 451)


@pytest.mark.parametrize("status", range(100, 700))
def test_every_status_has_one_verdict(status):
    """Every status means what the table says."""
    kind = type(judge(Answer(status, b"x"), SENT, NOW))

    if 200 <= status < 300:
        assert kind is NotAnIntake
    elif 300 <= status < 400 or status in WRONG_DOORS:
        assert kind is WrongDoor
    elif status == 413:
        assert kind is TooLarge
    elif 400 <= status < 500 and status not in (408, 425, 429):
        assert kind is Refused
    else:
        assert kind is Unavailable


@pytest.mark.parametrize(
    ("answer", "outcome", "is_suspicious", "is_certain", "has_answer"),
    [
        (Answer(500), "unavailable", True, False, True),
        (Answer(503), "unavailable", True, False, True),
        (Answer(503, retry_after="3"), "unavailable", False, False, True),
        (Answer(503, retry_after="soon"), "unavailable", True, False, True),
        (Answer(408), "unavailable", True, False, True),
        (Answer(425), "throttled", False, True, True),
        (Answer(429), "throttled", False, True, True),
        (Failure("timed_out", "x", was_written=True), "timed_out", True, False, False),
        (Failure("lost", "x", was_written=True), "lost", True, False, False),
        (Failure("not_connected", "x", was_written=False), "not_connected", False, True, False),
    ],
)
def test_unavailable(answer, outcome, is_suspicious, is_certain, has_answer):
    """Whether one order may be to blame, whether surely nothing changed, and whether the orders need a rest."""
    verdict = judge(answer, SENT, NOW)

    assert isinstance(verdict, Unavailable)
    assert verdict.outcome == outcome
    assert (verdict.is_suspicious, verdict.is_certain, verdict.has_answer) == (is_suspicious, is_certain, has_answer)


@given(st.integers(100, 999), st.binary(max_size=200), st.text(max_size=20))
def test_judge_is_total(status, body, retry_after):
    """No answer makes it fail."""
    verdict = judge(Answer(status, body, retry_after), SENT, NOW)

    assert outcome_of(verdict, 2)


def test_words_are_cut_and_clean():
    """The intake's words are kept up to 2 kB, whatever their bytes."""
    assert words_of(b" caf\xc3\xa9 \xff\x00 ") == "café \ufffd\ufffd"
    assert len(words_of(b"x" * 10_000)) == MOST_WORDS


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "intake_unauthorized"),
        (403, "intake_unauthorized"),
        (404, "intake_wrong_door"),
        (302, "intake_wrong_door"),
    ],
)
def test_wrong_door_codes(status, code):
    """A wrong secret and a wrong address have codes of their own."""
    verdict = judge(Answer(status), SENT, NOW)

    assert isinstance(verdict, WrongDoor)
    assert verdict.code == code
