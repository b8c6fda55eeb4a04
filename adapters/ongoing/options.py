"""The options of the Ongoing adapter, checked as a whole at the start; docs/vendors/ongoing.md explains each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec

from adapters.asking import Api, Credentials, Secret
from adapters.contract import OptionsModel
from adapters.moments import fault_of_zone
from adapters.options import Span, fault_of_url
from adapters.templates import fault_of_template

MEMBERS = {
    "order_number": "$.orderNumber",
    "order_id": "$.orderId",
    "goods_owner_id": "$.goodsOwnerId",
    "goods_owner_order_id": "$.goodsOwnerOrderId",
    "system": "$.system",
}
"""What an id's template may use, and where it stands in the webhook."""

_RANGE = re.compile(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?")
_GOODS_OWNER = re.compile("[0-9]{1,18}")


class ApiOptions(OptionsModel, frozen=True, kw_only=True):
    """Ongoing's REST API of one instance; a goods owner's own user goes before the common one."""

    base_url: str
    username: str | None = None
    password: Secret | None = None
    allow_http: bool = False
    goods_owners: dict[str, Credentials] = msgspec.field(default_factory=dict)

    @property
    def credentials(self) -> Credentials | None:
        """The user who serves the goods owners that have none of their own."""
        if self.username is None or self.password is None:
            return None
        return Credentials(self.username, self.password)


class Only(OptionsModel, frozen=True, kw_only=True):
    """Codes of the orders to forward; an empty list lets every code through."""

    way_of_delivery: tuple[str, ...] = ()
    order_type: tuple[str, ...] = ()
    transporter: tuple[str, ...] = ()


class Reconcile(OptionsModel, frozen=True, kw_only=True):
    """How often, for whom and how far back the API is asked for what no webhook told.

    `look_back`: once a day so far, over orders that are long finished, for changes that the list shows late. `system`
    is the instance's name as its webhooks have it, which the API's list does not tell.
    """

    goods_owners: tuple[int, ...]
    every: Span = 15 * 60.0
    horizon: Span = 7 * 86_400.0
    look_back: Span | None = None
    system: str | None = None


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices."""

    time_zone: str = "UTC"
    external_order_id: str = "{order_number}"
    forward_statuses: tuple[int | str, ...] = ("200-999",)
    cancelled_statuses: tuple[int | str, ...] = (1000,)
    api: ApiOptions | None = None
    customers: dict[str, str] = msgspec.field(default_factory=dict)
    tenants: dict[str, str] = msgspec.field(default_factory=dict)
    only: Only = Only()
    special_handling: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    pallet_types: tuple[str, ...] = ("PALLET", "EUR", "PLL")
    reconcile: Reconcile | None = None

    def __post_init__(self) -> None:
        found = list(_faults(self))
        if found:
            raise ValueError("; ".join(found))

    def forwards(self, status: int) -> bool:
        """Whether orders of this status go to Trackely."""
        return any(status in numbers for numbers in ranges(self.forward_statuses))

    def cancels(self, status: int) -> bool:
        """Whether orders of this status are off."""
        return any(status in numbers for numbers in ranges(self.cancelled_statuses))


@lru_cache(maxsize=256)
def ranges(statuses: tuple[int | str, ...]) -> tuple[range, ...]:
    """Status numbers and ranges such as `200-999`, both ends included. Raises ValueError."""
    return tuple(_range(status) for status in statuses)


def _range(status: int | str) -> range:
    found = _RANGE.fullmatch(str(status))
    if found is None:
        raise ValueError(f"{status!r} is neither a status number nor a range such as 200-999")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise ValueError(f"{status!r} ends before it begins")
    return range(first, last + 1)


def api_of(options: Options) -> Api | None:
    """Where lookups go."""
    if options.api is None:
        return None
    return Api(
        base_url=options.api.base_url,
        credentials=options.api.credentials,
        turns=options.api.goods_owners,
        allow_http=options.api.allow_http,
    )


def _faults(options: Options) -> Iterator[str]:
    if (fault := fault_of_zone(options.time_zone)) is not None:
        yield f"time_zone: {fault}"
    if (fault := fault_of_template(options.external_order_id, frozenset(MEMBERS))) is not None:
        yield f"external_order_id: {fault}"
    for key, statuses in (
        ("forward_statuses", options.forward_statuses),
        ("cancelled_statuses", options.cancelled_statuses),
    ):
        try:
            ranges(statuses)
        except ValueError as error:
            yield f"{key}: {error}"
    yield from _faults_of_owners("customers", options.customers)
    yield from _faults_of_owners("tenants", options.tenants)
    if options.api is not None:
        yield from _faults_of_api(options.api)
    elif options.only != Only():
        yield "only: needs api, since the webhook tells none of these"
    if options.reconcile is not None:
        yield from _faults_of_reconcile(options, options.reconcile)


def _faults_of_owners(key: str, owners: Mapping[str, str]) -> Iterator[str]:
    yield from _faults_of_ids(key, owners)
    for owner, name in owners.items():
        if not name.strip():
            yield f"{key}.{owner}: is empty"


def _faults_of_ids(key: str, owners: Iterable[str]) -> Iterator[str]:
    for owner in owners:
        if not _GOODS_OWNER.fullmatch(owner):
            yield f"{key}.{owner}: a goods owner's id is a whole number"


def _faults_of_api(api: ApiOptions) -> Iterator[str]:
    if (fault := fault_of_url(api.base_url, allow_http=api.allow_http)) is not None:
        yield f"api.base_url: {fault}"
    if (api.username is None) != (api.password is None):
        yield "api: username and password go together"
    elif api.username is None and not api.goods_owners:
        yield "api: needs username and password, or goods_owners with their own"
    yield from _faults_of_ids("api.goods_owners", api.goods_owners)


def _faults_of_reconcile(options: Options, reconcile: Reconcile) -> Iterator[str]:
    for key, span in (("every", reconcile.every), ("horizon", reconcile.horizon), ("look_back", reconcile.look_back)):
        if span is not None and not span > 0:
            yield f"reconcile.{key}: must be more than nothing"
    if reconcile.system is None and "{system}" in options.external_order_id:
        yield "reconcile.system: external_order_id uses it, and the API's list does not tell it"
    if not reconcile.goods_owners:
        yield "reconcile.goods_owners: is empty"
    if options.api is None:
        yield "reconcile: needs api"
        return
    for owner in map(str, reconcile.goods_owners):
        if options.tenants and owner not in options.tenants:
            yield f"reconcile.goods_owners: {owner} is not listed in tenants"
        if options.api.username is None and owner not in options.api.goods_owners:
            yield f"reconcile.goods_owners: {owner} has no credentials in api"
