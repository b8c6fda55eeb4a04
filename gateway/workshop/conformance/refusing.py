"""The clauses about what the webhook refuses, and that a refusal changes nothing."""

from functools import partial
from typing import Any

from gateway.workshop.conformance.means import Clause, Means, clause
from gateway.workshop.conformance.subject import expect

CLAUSES: list[Clause] = []
seed = partial(clause, CLAUSES)

_FAIL_FAST = (
    "If any item fails validation, the API returns an error immediately and does not create or update any orders"
)
_DATE = "Invalid plannedDate"


@seed("auth.wrong_secret", "If the secret is wrong …, the API returns 401 Unauthorized.")
async def wrong_secret(means: Means) -> None:
    """A wrong secret gets 401 and stores nothing, and so does the right one in another scheme."""
    order = means.webhook.order()
    for authorization in ("Bearer wrong", f"Bearer {means.webhook.secret}x", f"Basic {means.webhook.secret}"):
        reply = await means.webhook.push(order, authorization=authorization)
        reply.expect_status(401, "a wrong secret")
    await means.webhook.expect_unknown(order, "the secret was wrong")


@seed("auth.missing_secret", "If the secret is … missing, the API returns 401 Unauthorized.")
async def missing_secret(means: Means) -> None:
    """No secret gets 401 and stores nothing."""
    order = means.webhook.order()
    for authorization in (None, "Bearer"):
        reply = await means.webhook.push(order, authorization=authorization)
        reply.expect_status(401, "a missing secret")
    await means.webhook.expect_unknown(order, "the secret was missing")


@seed("payload.external_order_id", "externalOrderId: required.")
async def missing_id(means: Means) -> None:
    """No ID is no order, nor is an empty one."""
    for value in (..., ""):
        (await means.webhook.push(means.webhook.order(externalOrderId=value))).expect_refused(400)


@seed("payload.address_or_customer", "400: neither customerId nor deliveryAddress provided.")
async def nowhere_to_go(means: Means) -> None:
    """No address and no customer is no order."""
    (await means.webhook.push(means.webhook.order(deliveryAddress=...))).expect_refused(400)


@seed("payload.customer_not_found", "400: a validation error (e.g. customer not found).")
async def unknown_customer(means: Means) -> None:
    """A customer that does not exist is refused."""
    order = means.webhook.order(deliveryAddress=..., customerId=means.webhook.fresh())
    (await means.webhook.push(order)).expect_refused(400)


async def _nothing_applied(means: Means, status: int, **bad: Any) -> None:
    for place in (0, 1):
        good = means.webhook.order()
        batch = [good]
        batch.insert(place, means.webhook.order(**bad))
        (await means.webhook.push(batch)).expect_refused(status)
        await means.webhook.expect_unknown(good, "another item of its batch was refused")


@seed("batch.fail_fast_missing_field", f"{_FAIL_FAST} (e.g. missing required field).")
async def fail_fast_missing_field(means: Means) -> None:
    """A batch with an order that lacks its address creates nothing, wherever the order stands."""
    await _nothing_applied(means, 400, deliveryAddress=...)


@seed("batch.fail_fast_customer", f"{_FAIL_FAST} (e.g. invalid customerId).")
async def fail_fast_customer(means: Means) -> None:
    """A batch with an unknown customer creates nothing, wherever the order stands."""
    await _nothing_applied(means, 400, deliveryAddress=..., customerId=means.webhook.fresh())


@seed("batch.fail_fast_date", f"{_FAIL_FAST} (e.g. invalid plannedDate).")
async def fail_fast_date(means: Means) -> None:
    """A batch with an invalid date creates nothing, wherever the order stands."""
    await _nothing_applied(means, 422, plannedDate="2025-02-30")


@seed("batch.fix_and_retry", "Fix the payload and retry.")
async def fix_and_retry(means: Means) -> None:
    """The mended batch is accepted whole."""
    good, bad = means.webhook.order(), means.webhook.order(plannedDate="tomorrow")
    (await means.webhook.push([good, bad])).expect_refused(422)
    mended = bad | {"plannedDate": "2025-02-22"}
    results = (await means.webhook.push([good, mended])).expect_accepted(
        good["externalOrderId"], bad["externalOrderId"]
    )
    expect(all(result["created"] for result in results), "the refused batch had stored an order")


@seed("response.invalid_json", "400 Bad Request: Invalid JSON …")
async def invalid_json(means: Means) -> None:
    """What is no JSON gets 400 with `error`."""
    for body in (b"", b"{", b"externalOrderId=1", b'{"externalOrderId": NaN}', b"\xff"):
        (await means.webhook.push(body)).expect_refused(400)


@seed("response.payload_shape", "400 Bad Request: … or payload shape.")
async def payload_shape(means: Means) -> None:
    """JSON that is neither an order object nor an array of them, or with a member of another type, gets 400."""
    payloads = ("text", 1, True, ["text"], [[means.webhook.order()]], [means.webhook.order(), 1])
    members = (
        {"externalOrderId": 1},
        {"deliveryAddress": ["10 High Street"]},
        {"totalWeight": "heavy"},
        {"palletCount": "two"},
        {"specialHandling": "fragile"},
        {"specialHandling": [1]},
        {"plannedDate": 20250222},
    )
    for payload in (*payloads, *(means.webhook.order(**member) for member in members)):
        (await means.webhook.push(payload)).expect_refused(400)


@seed("response.details_optional", "Response includes error and optional details.")
async def details_optional(means: Means) -> None:
    """The 400 holds `error`; `details`, where they are there, are not null."""
    body = (await means.webhook.push(means.webhook.order(deliveryAddress=...))).expect_refused(400)
    expect(body.get("details", ...) is not None, "`details` is null")


@seed("response.date_format", f"422: {_DATE} (e.g. not YYYY-MM-DD …).")
async def date_format(means: Means) -> None:
    """A date in any other form gets 422."""
    for text in ("22/02/2025", "2025-2-22", "20250222", "2025-02-22T00:00:00Z", " 2025-02-22", "2025-W08-6", ""):
        (await means.webhook.push(means.webhook.order(plannedDate=text))).expect_refused(422)


@seed("response.date_calendar", f"422: {_DATE} (… or not a valid calendar date).")
async def date_calendar(means: Means) -> None:
    """A day that no calendar has gets 422; a leap day is one."""
    for text in ("2025-02-30", "2025-13-01", "2025-00-10", "2023-02-29"):
        (await means.webhook.push(means.webhook.order(plannedDate=text))).expect_refused(422)
    await means.webhook.create(plannedDate="2024-02-29")


@seed("response.field_errors", "Response includes error and fieldErrors.plannedDate with per-item messages.")
async def field_errors(means: Means) -> None:
    """`fieldErrors.plannedDate` holds a message for each bad date of the batch and for no other."""
    batch = [means.webhook.order(plannedDate=text) for text in ("2025-02-30", "2025-02-22", "soon")]
    body = (await means.webhook.push(batch)).expect_refused(422)
    errors = body.get("fieldErrors")
    expect(isinstance(errors, dict), "the 422 has no `fieldErrors`")
    messages = errors.get("plannedDate") if isinstance(errors, dict) else None
    expect(isinstance(messages, list | dict), "`fieldErrors.plannedDate` is neither a list nor an object")
    expect(len(messages or ()) == 2, "`fieldErrors.plannedDate` has not one message for each bad date")  # noqa: PLR2004
