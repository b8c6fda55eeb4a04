"""Ongoing's shapes, only the members that are read: its order webhook and its REST API's answers.

Names are the vendor's; only ids are required, since everything else may be null or absent.
"""

from typing import Any, TypeAlias

from adapters.contract import VendorModel
from adapters.texts import first_of


class ReconcileKey(VendorModel, frozen=True):
    """What names a reconciled order's event."""

    run: str
    order_id: int


class Envelope(VendorModel, frozen=True):
    """What the rim reads."""

    webhook_event_id: int | None = None
    webhook_orders_id: int | None = None
    system: str | None = None
    webhook_template: Any = None
    reconcile: ReconcileKey | None = None


class Status(VendorModel, frozen=True):
    """A status; its text is localised and says nothing."""

    number: int | None = None


class Event(VendorModel, frozen=True):
    """What the event itself tells of an order."""

    order_id: int
    goods_owner_id: int
    system: str | None = None
    timestamp: str | None = None
    order_number: str | None = None
    goods_owner_order_id: str | None = None
    order_status: Status | None = None


class OrderWebhook(Event, frozen=True, kw_only=True):
    """The order webhook, told from the other types by its own id."""

    webhook_orders_id: int


class Notification(VendorModel, frozen=True):
    """An e-mail address or a telephone number."""

    value: str | None = None


class Notifications(VendorModel, frozen=True):
    """Whom to reach, whether to be notified or not."""

    email_notification: Notification | None = None
    sms_notification: Notification | None = None
    telephone_notification: Notification | None = None


class AdvancedInfo(Notifications, frozen=True):
    """`orderInfo.advanced`."""

    delivery_date_with_time: str | None = None


class Coded(VendorModel, frozen=True):
    """A way of delivery, an order type, a transporter or a parcel type."""

    code: str | None = None
    name: str | None = None


class OrderInfo(Notifications, frozen=True):
    """`orderInfo`."""

    order_id: int | None = None
    order_number: str | None = None
    goods_owner_order_id: str | None = None
    order_status: Status | None = None
    order_type: Coded | None = None
    way_of_delivery: Coded | None = None
    delivery_date: str | None = None
    advanced: AdvancedInfo | None = None


class Consignee(VendorModel, frozen=True):
    """Where the order goes."""

    name: str | None = None
    address1: str | None = None
    address2: str | None = None
    address3: str | None = None
    post_code: str | None = None
    city: str | None = None
    country_code: str | None = None
    country_state_code: str | None = None
    advanced: Notifications | None = None


class ApiOrder(VendorModel, frozen=True):
    """The answer to `orders/{orderId}`."""

    order_info: OrderInfo | None = None
    consignee: Consignee | None = None
    transporter: Coded | None = None


class WayBillRow(VendorModel, frozen=True):
    """A row of the answer to `orders/{orderId}/wayBillRows`; kilograms and cubic metres."""

    weight: int | float | str | None = None
    volume: int | float | str | None = None
    number_of_packages: int | float | str | None = None
    parcel_type: Coded | str | None = None


class Reconciled(VendorModel, frozen=True):
    """An order that the gateway found in the vendor's list."""

    order_id: int
    goods_owner_id: int
    order: ApiOrder
    system: str | None = None


class ReconcileBody(VendorModel, frozen=True):
    """The event of a reconciled order."""

    reconcile: Reconciled


Rows: TypeAlias = list[WayBillRow | None]
"""The answer to `orders/{orderId}/wayBillRows`."""

NO_STATUS, NO_INFO, NO_CONSIGNEE, NO_ORDER = Status(), OrderInfo(), Consignee(), ApiOrder()


def code_of(coded: Coded | str | None) -> str | None:
    """The code of a way of delivery, an order type, a transporter or a parcel type; its name where it has no code."""
    return first_of((coded.code, coded.name) if isinstance(coded, Coded) else (coded,))
