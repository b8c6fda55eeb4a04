"""The intake's reply to a batch, by the WMS webhook contract."""

import msgspec


class OrderResult(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What became of one order of a batch."""

    external_order_id: str
    order_id: str
    created: bool


class IntakeReply(msgspec.Struct, frozen=True, rename="camel"):
    """A 200 by the contract. `processed` should equal the number of `orders`; a wrong count is counted, not fatal."""

    accepted: bool
    orders: list[OrderResult]
    processed: int | None = None
