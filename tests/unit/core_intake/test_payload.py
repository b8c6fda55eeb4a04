import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core_intake.errors import PayloadRefused
from gateway.core_intake.payload import Payload, read_payload
from schemas import Order

GOOD = {"externalOrderId": "A", "deliveryAddress": "1 Elm Street"}


def read(*items):
    return read_payload(msgspec.json.encode(list(items)))


def test_a_single_object_is_an_array_of_one():
    """An order object reads as an array of that order."""
    assert read_payload(msgspec.json.encode(GOOD)) == read(GOOD)
    assert read(GOOD).orders == [Order(external_order_id="A", delivery_address="1 Elm Street")]


def test_members_of_others_are_ignored_whatever_they_hold():
    """What the contract does not name is the sender's own affair, null and nested included."""
    assert read(GOOD | {"notes": None, "lines": [{"sku": 1}], "tenant": "x"}) == read(GOOD)


def test_a_byte_order_mark_is_skipped():
    """A body that begins with a BOM reads as without."""
    assert read_payload(b"\xef\xbb\xbf" + msgspec.json.encode(GOOD)) == read(GOOD)


@pytest.mark.parametrize(("text", "count"), [("2", 2), ("2.0", 2), ("0", 0), ("2147483647", 2**31 - 1)])
def test_a_whole_number_counts_pallets(text, count):
    """JSON knows one kind of number: 2.0 pallets are 2."""
    body = b'{"externalOrderId":"A","customerId":"C","palletCount":%s}' % text.encode()

    assert read_payload(body).orders[0].pallet_count == count


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Input data was truncated"),
        (b"{", "Input data was truncated"),
        (b'{"externalOrderId": NaN}', "invalid character (byte 20)"),
        (b"{} x", "trailing characters (byte 4)"),
        (b'{"externalOrderId":"\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"externalOrderId":"A","x":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
        (b'{"externalOrderId":"A","totalWeight":1e999}', "Number out of range - at `$[...]`"),
        (b'{"externalOrderId":"A","palletCount":' + b"9" * 5000 + b"}", "Integer value out of range - at `$[...]`"),
    ],
)
def test_what_is_no_json_is_refused_as_such(body, message):
    """Broken, foreign, bottomless and boundless bodies are `invalid JSON` with the place."""
    with pytest.raises(PayloadRefused) as refusal:
        read_payload(body)

    assert refusal.value.body == {"error": "invalid JSON", "details": {"message": message}}


@pytest.mark.parametrize("body", [b"1", b'"text"', b"true", b"null"])
def test_what_is_no_order_nor_array_is_refused(body):
    """JSON of another shape is refused for its shape."""
    with pytest.raises(PayloadRefused, match="neither an order object nor an array"):
        read_payload(body)


@pytest.mark.parametrize(
    ("item", "error", "path"),
    [
        (None, "not an order object", "$"),
        ([GOOD], "not an order object", "$"),
        ({"deliveryAddress": "x"}, "Object missing required field `externalOrderId`", "$"),
        (GOOD | {"externalOrderId": "  "}, "externalOrderId is empty", "$.externalOrderId"),
        (GOOD | {"externalOrderId": 7}, "expected `str`, got `int`", "$.externalOrderId"),
        ({"externalOrderId": "B"}, "neither deliveryAddress nor customerId", "$.deliveryAddress"),
        (GOOD | {"deliveryAddress": " "}, "neither deliveryAddress nor customerId", "$.deliveryAddress"),
        (GOOD | {"customerName": None}, "customerName is null: leave it out", "$.customerName"),
        (GOOD | {"totalWeight": "1"}, "expected `float`, got `str`", "$.totalWeight"),
        (GOOD | {"totalWeight": True}, "expected `float`, got `bool`", "$.totalWeight"),
        (GOOD | {"totalWeight": -1}, "totalWeight is negative or not finite", "$.totalWeight"),
        (GOOD | {"volume": -0.5}, "volume is negative or not finite", "$.volume"),
        (GOOD | {"palletCount": 1.5}, "expected `int`, got `float`", "$.palletCount"),
        (GOOD | {"palletCount": 2**31}, "palletCount is too large", "$.palletCount"),
        (GOOD | {"totalWeight": 1e16}, "totalWeight is too large", "$.totalWeight"),
        (GOOD | {"volume": 1e300}, "volume is too large", "$.volume"),
        (GOOD | {"palletCount": -1}, "palletCount is negative or not finite", "$.palletCount"),
        (GOOD | {"specialHandling": "fragile"}, "expected `array`, got `str`", "$.specialHandling"),
        (GOOD | {"specialHandling": ["a", None]}, "expected `str`, got `null`", "$.specialHandling[1]"),
        (GOOD | {"specialHandling": ["a\0"]}, "specialHandling holds a NUL character", "$.specialHandling"),
        (GOOD | {"customerName": "a\0b"}, "customerName holds a NUL character", "$.customerName"),
        (GOOD | {"plannedDate": 20250222}, "expected `str`, got `int`", "$.plannedDate"),
    ],
)
def test_the_refusal_names_the_item_and_the_member(item, error, path):
    """The first bad item's index, its ID where it has one, and the path within it are in `details`."""
    with pytest.raises(PayloadRefused) as refusal:
        read(GOOD, item, GOOD | {"palletCount": -5})

    details = refusal.value.body["details"]
    assert (refusal.value.body["error"], details["index"], details["path"]) == (error, 1, path)
    named = item.get("externalOrderId") if isinstance(item, dict) else None
    assert details.get("externalOrderId") == (named if isinstance(named, str) else None)


def test_bad_dates_are_all_kept_for_the_last_judgement():
    """Every date that is no day is listed; the payload is not refused for them here."""
    dates = ["2025-02-22", "2025-02-30", "22/02/2025", "2024-02-29", "٢٠٢٥-٠٢-٢٢", "2025-02-22\n"]
    payload = read(*(GOOD | {"externalOrderId": str(i), "plannedDate": day} for i, day in enumerate(dates)))

    assert [(fault.index, fault.external_order_id) for fault in payload.date_faults] == [
        (1, "1"),
        (2, "2"),
        (4, "4"),
        (5, "5"),
    ]


def test_another_fault_goes_before_the_dates():
    """A payload with a bad date and a later bad shape is refused for the shape."""
    with pytest.raises(PayloadRefused, match="expected `str`"):
        read(GOOD | {"plannedDate": "soon"}, GOOD | {"deliveryAddress": 1})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)
members = st.dictionaries(st.sampled_from([field.encode_name for field in msgspec.structs.fields(Order)]), json_values)


@given(st.binary() | st.lists(members | json_values, max_size=4).map(msgspec.json.encode))
def test_no_body_does_anything_but_read_or_be_refused(body):
    """Whatever the bytes, there are orders or a PayloadRefused."""
    outcome: object
    try:
        outcome = read_payload(body)
    except PayloadRefused as refusal:
        outcome = refusal

    assert isinstance(outcome, PayloadRefused | Payload)
