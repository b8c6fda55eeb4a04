"""Tokens, roles and the limit on failed proofs."""

import pytest

from adapters import Secret
from gateway.api.access import MOST_ADDRESSES, FailureLimit, Operator, Role, operators_of
from gateway.config import ApiAccess, ApiToken
from gateway.events import SECOND

NAMED = ApiAccess(
    tokens=[
        ApiToken(name="board", token=Secret("see"), role="read"),
        ApiToken(name="nïght", token=Secret("dö"), role="operate"),
    ]
)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([b"Bearer see"], Operator("board", Role.READ)),
        ([b"bearer  see "], Operator("board", Role.READ)),
        (["Bearer dö".encode()], Operator("nïght", Role.OPERATE)),
        ([b"Bearer sea"], None),
        ([b"Bearer"], None),
        ([b"see"], None),
        ([b"Basic see"], None),
        ([], None),
        ([b"Bearer see", b"Bearer see"], None),
    ],
)
def test_a_token_names_its_bearer(headers, found):
    """One Authorization header with a known token gives its name and role, anything else nobody."""
    assert operators_of(NAMED)(headers) == found


def test_a_single_token_is_an_administrator():
    """`api.token` may do everything."""
    assert operators_of(ApiAccess(token=Secret("t")))([b"Bearer t"]) == Operator("token", Role.ADMIN)


def test_without_tokens_nobody_gets_in():
    """An empty configuration lets nobody in, not even with an empty token."""
    operator = operators_of(ApiAccess(token=Secret("")))

    assert operator([b"Bearer "]) is None
    assert operator([]) is None


def test_failures_are_counted_per_address_and_minute():
    """Each address has its own count, which starts again after a minute; the wait ends with the minute."""
    now = [0]
    limit = FailureLimit(2, lambda: now[0])

    assert [limit.retry_after("a"), limit.retry_after("a"), limit.retry_after("a")] == [None, None, 60]
    assert limit.retry_after("b") is None
    now[0] = 59 * SECOND
    assert limit.retry_after("a") == 1
    now[0] = 60 * SECOND
    assert limit.retry_after("a") is None


def test_a_clock_set_back_starts_the_count_again():
    """A wall clock that jumps back does not keep anybody waiting for its return."""
    now = [1_000 * SECOND]
    limit = FailureLimit(0, lambda: now[0])
    limit.retry_after("a")
    now[0] = 0

    assert limit.retry_after("a") == 60


def test_the_limits_memory_is_bounded():
    """Past ten thousand addresses the others share one count."""
    limit = FailureLimit(1, lambda: 0)
    for number in range(MOST_ADDRESSES):
        limit.retry_after(str(number))

    assert limit.retry_after("new") is None
    assert limit.retry_after("newer") == 60
