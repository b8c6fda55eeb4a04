import pytest

from adapters import IncompletePayload, MalformedPayload
from adapters.templates import fault_of_template, filled

MEMBERS = frozenset({"number", "owner"})
PATHS = {"number": "$.number", "owner": "$.owner"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [("{number}", "7"), ("RCV-{number}", "RCV-7"), ("{owner}/{number}!", "acme/7!"), ("{number}{number}", "77")],
)
def test_filled(template, expected):
    """Members stand in their places, literals around them."""
    assert fault_of_template(template, MEMBERS) is None
    assert filled(template, {"number": " 7 ", "owner": "acme"}, option="id", paths=PATHS) == expected


def test_braces_of_a_member_are_text():
    """What a payload holds is never read as a template."""
    assert filled("{number}", {"number": "{owner}", "owner": "acme"}, option="id", paths=PATHS) == "{owner}"


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_member_that_is_lacking(empty):
    """A member that the payload lacks or leaves empty is an incomplete payload, naming the option and the path."""
    with pytest.raises(IncompletePayload, match="option the_id") as caught:
        filled("{owner}-{number}", {"number": "7", "owner": empty}, option="the_id", paths=PATHS)

    assert caught.value.path == "$.owner"


def test_a_member_that_is_unfit():
    """A member with a control character is a malformed payload."""
    with pytest.raises(MalformedPayload):
        filled("{number}", {"number": "a\0", "owner": None}, option="the_id", paths=PATHS)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{nummer}", "{nummer}"),
        ("{}", "{}"),
        ("{number.__class__}", "number.__class__"),
        ("{number!r}", "number!r"),
        ("{number:>9}", "number:>9"),
        ("{ number }", "{ number }"),
        ("{{number}}", "brace"),
        ("{number", "brace"),
        ("number}{number}", "brace"),
        ("order", "names no member"),
        ("", "names no member"),
    ],
)
def test_a_faulty_template(template, named):
    """Unknown members, formats, attributes, stray braces and templates without a member are faults."""
    assert named in fault_of_template(template, MEMBERS)
