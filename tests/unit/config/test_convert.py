from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from adapters import OptionsModel, Secret
from gateway.config.convert import HOLE, convert, plain
from gateway.config.kinds import expected
from gateway.config.model import Bytes, Seconds
from gateway.config.nodes import Faults
from gateway.config.proofs import Basic, Bearer, Proof
from gateway.config.yaml import read_yaml
from gateway.errors import ConfigError

ENVIRON = {"PORT": "8080", "WORD": "word", "EMPTY": "", "NULL": "null", "SECRET": "s3cr3t-value", "BLANK": " \n"}


class Code(str):
    __slots__ = ()


class Side(Enum):
    LEFT = "left"
    RIGHT = "right"


class Inner(msgspec.Struct, frozen=True):
    a: int
    b: str = "b"


class Renamed(OptionsModel, frozen=True, rename="camel"):
    time_zone: str = "UTC"


class Checked(OptionsModel, frozen=True):
    a: int = 1
    b: int = 1

    def __post_init__(self):
        if self.a > self.b:
            raise ValueError("a: more than b; by far; b: less than a")
        if self.b > 99:
            raise ValueError("too much; all told")


def read(tmp_path, text, kind):
    """The value of a text, and what is wrong with it."""
    file = tmp_path / "file.yaml"
    file.write_text(text)
    faults = Faults()
    value = convert(read_yaml(file, ENVIRON, faults), dict[str, kind], (), faults)
    try:
        faults.settle()
    except ConfigError as error:
        return HOLE, [(fault.path, fault.detail) for fault in error.faults]
    return value["v"], []


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("8080", int, 8080),
        ("'${PORT}'", int, 8080),
        ('"${UNSET:-8081}"', int, 8081),
        ("-5", int, -5),
        ("1.5", float, 1.5),
        ("3", float, 3.0),
        ("1e3", float, 1000.0),
        ("1.10", Decimal, Decimal("1.10")),
        ("true", bool, True),
        ("'${UNSET:-false}'", bool, False),
        ("2026-02-28", date, date(2026, 2, 28)),
        ("0123", str, "0123"),
        ("NO", str, "NO"),
        ("''", str, ""),
        ("x", Code, Code("x")),
        ("left", Side, Side.LEFT),
        ("90s", Seconds, 90.0),
        ("15m", Seconds, 900.0),
        ("2h", Seconds, 7200.0),
        ("30d", Seconds, 2_592_000.0),
        ("0.2", Seconds, 0.2),
        ("0.5s", Seconds, 0.5),
        ("0", Seconds, 0.0),
        ("8MiB", Bytes, 8_388_608),
        ("100kB", Bytes, 100_000),
        ("1GB", Bytes, 1_000_000_000),
        ("1.5KiB", Bytes, 1536),
        ("17", Bytes, 17),
        ("push", Literal["push", "pull"], "push"),
        ("2", Literal[1, 2], 2),
        ("~", int | None, None),
        ("'${EMPTY}'", int | None, None),
        ("'${NULL}'", int | None, None),
        ("'${NULL}'", Secret | None, Secret("null")),
        ("'${EMPTY}'", str | None, ""),
        ("~", Secret | None, None),
        ("5m", Seconds | None, 300.0),
        ("8", int | str, 8),
        ("08-15", int | str, "08-15"),
        ("[1, 2]", list[int], [1, 2]),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ("[1, x]", tuple[int, str], (1, "x")),
        ("[1, 1]", frozenset[int], frozenset({1})),
        ("", list[str], []),
        ("", dict[str, int], {}),
        ("{NO: 1, 0123: 2, 74: 3}", dict[str, int], {"NO": 1, "0123": 2, "74": 3}),
        ("{74: x}", dict[int, str], {74: "x"}),
        ("{a: 1}", Inner, Inner(a=1)),
        ("{a: 1}", Inner | None, Inner(a=1)),
        ("{a: 1}", Literal["none"] | Inner, Inner(a=1)),
        ("none", Literal["none"] | Inner, "none"),
        ("{timeZone: X}", Renamed, Renamed(time_zone="X")),
        ("", Renamed, Renamed()),
        ("{type: bearer, token: abc}", Proof, Bearer(token=Secret("abc"))),
        (
            "{type: basic, username: 0123, password: [a, b]}",
            Proof,
            Basic(username="0123", password=[Secret("a"), Secret("b")]),
        ),
        ("5", Annotated[int, msgspec.Meta(ge=5)], 5),
        ("abc", Annotated[str, msgspec.Meta(pattern="^a")], "abc"),
        ("[1, 1.5, true, x, 0123, 1.10, ~, NO]", Any, [1, 1.5, True, "x", "0123", "1.10", None, "NO"]),
    ],
)
def test_a_text_is_read_as_its_keys_type(tmp_path, written, kind, value):
    """A value means what its type says, whether it was written, quoted or expanded."""
    found, faults = read(tmp_path, f"v: {written}", kind)

    assert faults == []
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "kind", "path", "detail"),
    [
        ("eighty", int, "v", "expected a whole number"),
        ("1.5", int, "v", "expected a whole number"),
        ("[1]", int, "v", "expected a whole number"),
        ("~", int, "v", "expected a whole number"),
        ("9999999999999999999999", int, "v", "expected a whole number"),
        ("'${WORD}'", int, "v", "expected a whole number"),
        (".nan", float, "v", "expected a number"),
        ("1e999", float, "v", "expected a number"),
        ("yes", bool, "v", "expected true or false"),
        ("1", bool, "v", "expected true or false"),
        ("2026-02-30", date, "v", "expected a day as YYYY-MM-DD"),
        ("~", str, "v", "expected text"),
        ("{a: 1}", str, "v", "expected text"),
        ("middle", Side, "v", "expected left or right"),
        ("soon", Seconds, "v", "expected a span: seconds, or such as 90s, 15m, 2h, 30d"),
        ("-1", Seconds, "v", "expected a span: seconds, or such as 90s, 15m, 2h, 30d"),
        ("inf", Seconds, "v", "expected a span: seconds, or such as 90s, 15m, 2h, 30d"),
        ("99999d", Seconds, "v", "expected a span: seconds, or such as 90s, 15m, 2h, 30d"),
        ("8Mb", Bytes, "v", "expected a size: bytes, or such as 8MiB, 100kB"),
        ("0.5", Bytes, "v", "expected a size: bytes, or such as 8MiB, 100kB"),
        ("pushed", Literal["push", "pull"], "v", "expected push or pull"),
        ("x", list[int], "v", "expected a list"),
        ("[1, x, 3, y]", list[int], "v[1]", "expected a whole number"),
        ("[1]", tuple[int, str], "v", "expected a list of 2"),
        ("x", dict[str, int], "v", "expected a mapping"),
        ("{a.b: x}", dict[str, int], "v.a.b", "expected a whole number"),
        ("{x: 1}", dict[int, int], "v.x", "expected a whole number"),
        ("x", Inner, "v", "expected a mapping"),
        ("{}", Inner, "v.a", "missing: expected a whole number"),
        ("{a: 1, bb: 2}", Inner, "v.bb", "unknown key: did you mean b?"),
        ("{a: 1, zzz: 2}", Inner, "v.zzz", "unknown key: expected one of a, b"),
        ("{time_zone: X}", Renamed, "v.time_zone", "unknown key: did you mean timeZone?"),
        ("nono", Literal["none"] | Inner, "v", "expected none or a mapping"),
        ("{token: abc}", Proof, "v.type", None),
        ("{type: baerer, token: abc}", Proof, "v.type", "not known: did you mean bearer?"),
        ("{type: bearer}", Proof, "v.token", "missing: expected text or a list"),
        ("{type: bearer, tokn: abc, token: abc}", Proof, "v.tokn", "unknown key: did you mean token?"),
        ("4", Annotated[int, msgspec.Meta(ge=5)], "v", "expected `int` >= 5"),
        ("bcd", Annotated[str, msgspec.Meta(pattern="^a")], "v", "expected `str` matching regex '^a'"),
        ("", Secret, "v", "a secret may not be empty"),
        ("''", Secret, "v", "a secret may not be empty"),
        ("~", Secret, "v", "a secret may not be empty"),
        ("'${EMPTY}'", Secret, "v", "a secret may not be empty"),
        ("'${BLANK}'", Secret, "v", "a secret may not be empty"),
        ("", Secret | None, "v", "a secret may not be empty"),
        ("'${EMPTY}'", Secret | None, "v", "a secret may not be empty"),
        ("''", Secret | list[Secret] | None, "v", "a secret may not be empty"),
        ("[a, '']", Secret | list[Secret], "v[1]", "a secret may not be empty"),
        ("[]", Secret | list[Secret], "v", "expected at least one secret"),
        ("{a: b}", Secret, "v", "expected a secret, as text"),
        ("'${UNSET}'", Secret, "v", "missing secret or variable UNSET: it is not set in the environment"),
        ("'${UNSET}'", Any, "v", "missing secret or variable UNSET: it is not set in the environment"),
    ],
)
def test_what_does_not_fit_is_a_fault_at_its_path(tmp_path, written, kind, path, detail):
    """A fault says where it is and what was expected, never what was found."""
    found, faults = read(tmp_path, f"v: {written}", kind)

    assert found is HOLE
    assert path in dict(faults)
    assert detail is None or dict(faults)[path] == detail


def test_all_faults_are_found_at_once(tmp_path):
    """One look names every fault, also beside and below others."""
    _, faults = read(tmp_path, "v: [{a: x, c: 1}, 5, {a: 1, b: {}}, {a: 2}]", list[Inner])

    assert [path for path, _ in faults] == ["v[0].c", "v[0].a", "v[1]", "v[2].b"]


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        ("{a: 3, b: 2}", [("v.a", "more than b; by far"), ("v.b", "less than a")]),
        ("{b: 100}", [("v", "too much; all told")]),
    ],
)
def test_a_check_of_the_struct_itself_is_a_fault_at_the_keys_that_it_names(tmp_path, written, faults):
    """What a `__post_init__` raises stands at `key` where it says `key: …`, else at the struct."""
    assert read(tmp_path, f"v: {written}", Checked) == (HOLE, faults)


def test_a_struct_with_a_check_of_its_own_is_not_built_from_a_hole(tmp_path):
    """A check never sees a value that could not be read."""
    assert read(tmp_path, "v: {a: x, b: 200}", Checked)[1] == [("v.a", "expected a whole number")]


def test_what_was_expanded_hides_itself_even_where_no_type_is_known(tmp_path):
    """An adapter's raw options may hold a secret before their type is known."""
    file = tmp_path / "file.yaml"
    file.write_text("v: {password: '${SECRET}', name: plain}")
    value = plain(read_yaml(file, ENVIRON, Faults()), (), Faults())

    assert value == {"v": {"password": "s3cr3t-value", "name": "plain"}}
    assert "s3cr3t" not in repr(value)


def test_a_secret_is_blacked_out_of_every_fault():
    """Whoever words a fault, a secret that was read does not show in it."""
    faults = Faults()
    faults.conceal("s3cr3t-value")
    faults.add("file", ("a",), "the password s3cr3t-value is weak")

    with pytest.raises(ConfigError) as raised:
        faults.settle()
    assert str(raised.value) == "file: a: the password *** is weak"


def test_a_path_is_clear_when_nothing_is_wrong_at_below_or_above_it():
    """A check that reads a faulty value would only add noise."""
    faults = Faults()
    faults.add("file", ("a", "b"), "wrong")
    faults.add("file", (), "wrong as a whole")

    assert not faults.is_clear("a")
    assert not faults.is_clear("a", "b")
    assert not faults.is_clear("a", "b", 0)
    assert faults.is_clear("a", "c")
    assert faults.is_clear("c")


def test_an_unexpected_type_is_said_by_its_name():
    """Words for an operator exist for every type."""
    assert expected(bytes) == "a bytes"
    assert expected(dict[str, int]) == "a mapping"
    assert expected(int | None) == "a whole number or null"
    assert expected(Seconds) == "a span: seconds, or such as 90s, 15m, 2h, 30d"
