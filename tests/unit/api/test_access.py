"""Tokens, roles and the limit on failed proofs."""

import pytest

from adapters import Secret
from gateway.api.access import Operator, Role, operators_of
from gateway.config.model import ApiAccess, ApiToken

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
