"""Runs the clauses one after another; each says the contract's sentence and what became of it."""

import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from itertools import count
from typing import Final, Literal

import httpx
import msgspec

from gateway.workshop.conformance import administering, pulling, pushing, refusing, silence
from gateway.workshop.conformance.means import Clause, Means
from gateway.workshop.conformance.subject import Administration, ClauseBroken, NotChecked, Webhook

Outcome = Literal["passed", "failed", "not checked"]

ANSWER_SECONDS: Final = 30.0

CLAUSES: tuple[Clause, ...] = (
    *pushing.CLAUSES,
    *refusing.CLAUSES,
    *silence.CLAUSES,
    *administering.CLAUSES,
    *pulling.CLAUSES,
)
"""Every clause of the contract, in the contract's order."""


class SettingsAccess(msgspec.Struct, frozen=True):
    """The means for the clauses about Settings → Integrations.

    Attributes:
        origin: scheme, host and port of the JSON API.
        token: the administrator's Bearer token.
        callback_host: the address of this machine at which the implementation can pull.
    """

    origin: str
    token: str
    callback_host: str = "127.0.0.1"


class ClauseResult(msgspec.Struct, frozen=True):
    """What became of one clause; `detail` says why it failed or which means it lacks."""

    name: str
    sentence: str
    outcome: Outcome
    detail: str | None = None


async def verify(
    url: str,
    secret: str,
    *,
    settings: SettingsAccess | None = None,
    customer_id: str | None = None,
    only: Collection[str] | None = None,
) -> list[ClauseResult]:
    """Every clause's result, in the contract's order.

    The suite creates orders whose IDs begin with `verify-` at the webhook's tenant, at an address in London. With
    `settings` it connects tenants of its own, whose names begin with `verify-`, and leaves them deactivated; the
    webhook's own secret and state are never touched.

    Args:
        url: the webhook's URL.
        secret: its secret.
        settings: the means for the clauses that need Settings; without it they are not checked.
        customer_id: a customer that the webhook's tenant has; without it and `settings`, one clause is not checked.
        only: the names of the clauses to check; all by default.
    """
    async with _means(url, secret, settings, customer_id) as means:
        return [await _result(clause, means) for clause in CLAUSES if only is None or clause.name in only]


@asynccontextmanager
async def _means(url: str, secret: str, access: SettingsAccess | None, customer_id: str | None) -> AsyncIterator[Means]:
    run, numbers = secrets.token_hex(6), count(1)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=ANSWER_SECONDS) as client:
        webhook = Webhook(client, url.rstrip("/"), secret, lambda: f"verify-{run}-{next(numbers)}")
        if access is None:
            yield Means(webhook, None, customer_id, "")
            return
        administration = Administration(client, access.origin, access.token, webhook)
        try:
            yield Means(webhook, administration, customer_id, access.callback_host)
        finally:
            await administration.leave()


async def _result(clause: Clause, means: Means) -> ClauseResult:
    try:
        await clause.check(means)
    except NotChecked as lack:
        return ClauseResult(clause.name, clause.sentence, "not checked", str(lack))
    except ClauseBroken as fault:
        return ClauseResult(clause.name, clause.sentence, "failed", str(fault))
    except httpx.HTTPError as fault:
        return ClauseResult(clause.name, clause.sentence, "failed", f"no answer: {type(fault).__name__}")
    except (LookupError, TypeError, AttributeError) as fault:
        # The answers of an implementation may have any shape.
        return ClauseResult(clause.name, clause.sentence, "failed", f"an answer of another shape: {fault!r}")
    return ClauseResult(clause.name, clause.sentence, "passed")
