import pytest

from adapters import MalformedPayload
from adapters.addresses import CODE_BEFORE_CITY, STATE_AND_CODE_LAST, one_line


@pytest.mark.parametrize(
    ("lines", "rest", "expected"),
    [
        (
            ["1234 Main Street"],
            {"city": "Los Angeles", "state": "CA", "post_code": "90012", "country": "US"},
            "1234 Main Street, Los Angeles, CA 90012, US",
        ),
        (
            ["9 King St", ""],
            {"city": "Toronto", "state": "ON", "post_code": "M5H 1A1", "country": "Canada"},
            "9 King St, Toronto, ON M5H 1A1, Canada",
        ),
        (
            ["1 Pitt St"],
            {"city": "Sydney", "state": "NSW", "post_code": "2000", "country": "AUS"},
            "1 Pitt St, Sydney, NSW 2000, AUS",
        ),
        (["Storgata 1"], {"city": "Oslo", "post_code": "0155", "country": "NO"}, "Storgata 1, 0155 Oslo, NO"),
        (
            ["Via Roma 1"],
            {"city": "Torino", "post_code": "10121", "state": "TO", "country": "Italy"},
            "Via Roma 1, 10121 Torino, TO, Italy",
        ),
        (["Hafenstr. 4"], {"city": "Hamburg", "country": "de"}, "Hafenstr. 4, Hamburg, de"),
        (
            ["12 Elm Street"],
            {"city": "Leeds", "post_code": "LS1 4AP", "country": "GB"},
            "12 Elm Street, Leeds, LS1 4AP, GB",
        ),
        (
            ["5 Marine Dr"],
            {"city": "Mumbai", "state": "MH", "post_code": "400001", "country": "IN"},
            "5 Marine Dr, Mumbai, MH, 400001, IN",
        ),
        (["12 Elm Street"], {"city": "Leeds", "post_code": "LS1 4AP"}, "12 Elm Street, Leeds, LS1 4AP"),
        (["1 Main St"], {"city": "Reno", "state": "NV", "country": "U.S.A."}, "1 Main St, Reno, NV, U.S.A."),
        (["1 Main St"], {"city": "Reno", "post_code": "89501", "country": "usa"}, "1 Main St, Reno, 89501, usa"),
        ([], {"city": "Oslo", "country": "NO"}, "Oslo, NO"),
        (["1 Raffles Place"], {"city": "Singapore", "country": "Singapore"}, "1 Raffles Place, Singapore, Singapore"),
    ],
)
def test_one_line(lines, rest, expected):
    """The parts stand in the country's order, the country as it was written."""
    assert one_line(lines, **rest) == expected


def test_ragged_parts():
    """Blank parts and repeated lines are left out; line breaks, tabs and control characters become one space."""
    line = one_line([" 12  Elm\r\nStreet ", "\t", None, "12 Elm Street"], city="Leeds\0", post_code="", country="GB")

    assert line == "12 Elm Street, Leeds, GB"


@pytest.mark.parametrize("rest", [{}, {"country": "NO"}, {"state": "CA", "country": "US"}, {"city": " "}])
def test_no_address(rest):
    """Without a line, a city or a postal code there is no address, whatever the country."""
    assert one_line([None, " "], **rest) is None


def test_a_part_of_absurd_length():
    """A part of more than 10,000 characters is a malformed payload at the address's path."""
    with pytest.raises(MalformedPayload) as caught:
        one_line(["x" * 10_001], path="$.consignee")

    assert caught.value.path == "$.consignee"


def test_the_orders_do_not_overlap():
    """No country is in both sets, and every Nordic one and every big one of the continent is in its own."""
    assert not CODE_BEFORE_CITY & STATE_AND_CODE_LAST
    assert {"SE", "NO", "DK", "FI", "IS", "DE", "FR", "NL", "ES", "PL", "SWEDEN", "DEU"} <= CODE_BEFORE_CITY
    assert not {"GB", "IE", "IN", "JP"} & CODE_BEFORE_CITY


@pytest.mark.parametrize("mark", ["********", "[REDACTED]", "xxxxx", "---", "\u2588\u2588\u2588"])
def test_redaction_marks_are_no_address(mark):
    """Nobody can deliver to a town; beside a line that tells something they stay as they came."""
    assert one_line((mark, ""), city="Leeds", post_code="LS1 4AP", country="GB") is None
    assert one_line((), city=mark, country="GB") is None
    assert one_line((mark, "12 Elm Street"), city="Leeds") == f"{mark}, 12 Elm Street, Leeds"
