"""Where an order of Ongoing's goes, and whom to reach there."""

from collections.abc import Iterator

from adapters.addresses import one_line
from adapters.contract import Parts
from adapters.destinations import in_parts
from adapters.ongoing.shapes import Consignee, OrderInfo


def line_of(consignee: Consignee) -> str | None:
    """The address on one line; None: there is none."""
    return one_line(
        (consignee.address1, consignee.address2, consignee.address3),
        city=consignee.city,
        post_code=consignee.post_code,
        state=consignee.country_state_code,
        country=consignee.country_code,
        path="$.consignee",
    )


def parts_of(consignee: Consignee) -> Parts:
    """The address in parts."""
    return in_parts(
        (consignee.address1, consignee.address2, consignee.address3),
        city=consignee.city,
        post_code=consignee.post_code,
        state=consignee.country_state_code,
        country=consignee.country_code,
    )


def contacts_of(info: OrderInfo, consignee: Consignee) -> Iterator[str | None]:
    """Whom to reach, the order's own word first."""
    for place in (info, info.advanced, consignee.advanced):
        if place is not None:
            for channel in (place.email_notification, place.sms_notification, place.telephone_notification):
                yield channel.value if channel is not None else None
