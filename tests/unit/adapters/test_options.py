import msgspec
import pytest

from adapters import Api, Credentials, Secret
from adapters.logistics_plus import ADAPTER as LOGISTICS_PLUS
from adapters.ongoing import ADAPTER as ONGOING
from gateway.golden.cases import read_options

API = {"base_url": "https://wms.example.com/a/api/v1/", "username": "u", "password": "p"}
OWNERS = {"74": {"username": "fjord", "password": "q"}}


@pytest.mark.parametrize(
    ("adapter", "options", "named"),
    [
        (ONGOING, {"time_zone": "Mars/Olympus"}, "time_zone: "),
        (ONGOING, {"external_order_id": "{number}"}, "external_order_id: "),
        (ONGOING, {"external_order_id": "{order_number.real}"}, "external_order_id: "),
        (ONGOING, {"forward_statuses": ["200..999"]}, "forward_statuses: "),
        (ONGOING, {"forward_statuses": ["999-200"]}, "forward_statuses: "),
        (ONGOING, {"forward_statuses": [-1]}, "forward_statuses: "),
        (ONGOING, {"forward_statuses": "200-999"}, "forward_statuses"),
        (ONGOING, {"forward_statuses": [True]}, "forward_statuses"),
        (ONGOING, {"cancelled_statuses": ["Cancelled"]}, "cancelled_statuses: "),
        (ONGOING, {"customers": {"Fjord": "c"}}, "customers.Fjord: "),
        (ONGOING, {"customers": {"74": " "}}, "customers.74: "),
        (ONGOING, {"tenants": {"7.4": "t"}}, "tenants.7.4: "),
        (ONGOING, {"only": {"way_of_delivery": ["HOME"]}}, "only: needs api"),
        (ONGOING, {"only": {"colour": []}}, "colour"),
        (ONGOING, {"special_handling": {"HOME": "fragile"}}, "special_handling"),
        (ONGOING, {"api": {"base_url": "https://a.example/"}}, "api: needs username"),
        (ONGOING, {"api": {"base_url": "https://a.example/", "username": "u"}}, "api: username and password"),
        (ONGOING, {"api": API | {"base_url": "http://a.example/"}}, "api.base_url: plain http"),
        (ONGOING, {"api": API | {"base_url": "ftp://a.example/"}}, "api.base_url: "),
        (ONGOING, {"api": API | {"base_url": "https://u:p@a.example/"}}, "api.base_url: "),
        (ONGOING, {"api": API | {"base_url": "https://a.example/?x=1"}}, "api.base_url: "),
        (ONGOING, {"api": API | {"base_url": "https://a.example:port/"}}, "api.base_url: "),
        (ONGOING, {"api": API | {"base_url": "https://[::1/"}}, "api.base_url: "),
        (ONGOING, {"api": API | {"goods_owners": {"x": OWNERS["74"]}}}, "api.goods_owners.x: "),
        (ONGOING, {"reconcile": {"goods_owners": [74]}}, "reconcile: needs api"),
        (ONGOING, {"api": API, "reconcile": {"goods_owners": []}}, "reconcile.goods_owners: is empty"),
        (ONGOING, {"api": API, "reconcile": {"goods_owners": [74], "every": 0}}, "reconcile.every: "),
        (ONGOING, {"api": API, "reconcile": {"goods_owners": [74], "horizon": -1}}, "reconcile.horizon: "),
        (
            ONGOING,
            {"api": API, "tenants": {"75": "t"}, "reconcile": {"goods_owners": [74]}},
            "reconcile.goods_owners: 74 is not listed",
        ),
        (
            ONGOING,
            {"api": {"base_url": API["base_url"], "goods_owners": OWNERS}, "reconcile": {"goods_owners": [75]}},
            "reconcile.goods_owners: 75 has no credentials",
        ),
        (LOGISTICS_PLUS, {"time_zone": ""}, "time_zone: "),
        (LOGISTICS_PLUS, {"external_order_id": "{reference}"}, "external_order_id: "),
        (LOGISTICS_PLUS, {"receive_external_order_id": "RCV"}, "receive_external_order_id: "),
        (LOGISTICS_PLUS, {"receives": "sometimes"}, "receives"),
        (LOGISTICS_PLUS, {"warehouses": {"LAW": {"name": "LA"}}}, "either address or customer_id"),
        (
            LOGISTICS_PLUS,
            {"warehouses": {"LAW": {"address": "a", "customer_id": "c"}}},
            "either address or customer_id",
        ),
        (LOGISTICS_PLUS, {"warehouses": {"LAW": {"adress": "a"}}}, "adress"),
        (LOGISTICS_PLUS, {"missing_ship_to": "deadletter"}, "missing_ship_to"),
        (LOGISTICS_PLUS, {"missing_ship_to": {"customer_id": ""}}, "missing_ship_to: "),
    ],
)
def test_faulty_options(adapter, options, named):
    """Options that cannot do stop the start, and the fault names the key."""
    with pytest.raises(msgspec.ValidationError) as caught:
        read_options(adapter, options)

    assert named in str(caught.value)


def test_all_faults_at_once():
    """One look at the options finds every fault in them."""
    with pytest.raises(msgspec.ValidationError) as caught:
        read_options(ONGOING, {"time_zone": "x", "external_order_id": "y", "forward_statuses": ["z"]})

    assert [key for key in ("time_zone", "external_order_id", "forward_statuses") if key in str(caught.value)] == [
        "time_zone",
        "external_order_id",
        "forward_statuses",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:80"])
def test_plain_http_to_loopback(host):
    """Plain http needs no leave where it does not leave the machine."""
    assert read_options(ONGOING, {"api": API | {"base_url": f"http://{host}/api/v1"}}).api is not None


def test_plain_http_by_leave():
    """Plain http goes elsewhere only by leave."""
    options = read_options(ONGOING, {"api": API | {"base_url": "http://a.example/", "allow_http": True}})

    assert ONGOING.api(options).allow_http


def test_where_lookups_go():
    """The configured API is handed over with its credentials, a goods owner's own by its id."""
    options = read_options(ONGOING, {"api": API | {"goods_owners": OWNERS}})

    assert ONGOING.api(options) == Api(
        base_url=API["base_url"],
        credentials=Credentials("u", Secret("p")),
        turns={"74": Credentials("fjord", Secret("q"))},
    )
    assert ONGOING.api(read_options(ONGOING, {})) is None


def test_tenants_are_told():
    """The tenants that goods owners go to are known to the start."""
    options = read_options(ONGOING, {"tenants": {"74": "fjord", "75": "other"}})

    assert list(ONGOING.tenants(options)) == ["fjord", "other"]


def test_defaults_are_the_documented_ones():
    """Without a word in the configuration, the documented defaults hold."""
    ongoing, logistics_plus = read_options(ONGOING, {}), read_options(LOGISTICS_PLUS, {})

    assert [ongoing.forwards(status) for status in (199, 200, 450, 475, 500, 999, 1000)] == [False, *[True] * 5, False]
    assert [ongoing.cancels(status) for status in (999, 1000, 1001)] == [False, True, False]
    assert ongoing.pallet_types == ("PALLET", "EUR", "PLL")
    assert (logistics_plus.receives, logistics_plus.missing_ship_to) == ("forward", "dead_letter")
