import json
import random
import time

import pytest

from gateway.ingress.grammar import deep_fault, fault_in

JSON = [
    b"0",
    b"-0",
    b"1.5e-3",
    b"1E5",
    b"1e999999999",
    b"1" * 5000,
    b'""',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udc00\\ud800 x"',
    b'"\\\\ud800"',
    b'"\\\\\\ud800"',
    b'{"\\ud800":"\\ud83d\\ude00"}',
    b'"\x7f"',
    b" \t\r\n[1, 2 ,3] ",
    b'{"a":1,"a":2}',
    b"null",
    b"\xef\xbb\xbf{}",
    '"é"'.encode(),
    b"[" * 3000 + b"]" * 3000,
    b'{"a":[' * 3000 + b"1.5" + b"]}" * 3000,
    b"[" * 3000 + b'"\\ud800]"' + b"]" * 3000,
    b"\xef\xbb\xbf" + b"[ " * 3000 + b" ]" * 3000,
]

NOT_JSON = [
    b"",
    b" \n",
    b"\xef\xbb\xbf",
    b"nul",
    b"True",
    b"NaN",
    b"-Infinity",
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"1e",
    b"'a'",
    b'"\n"',
    b'"\\x"',
    b'"\\ud80"',
    b'"\\ud800',
    b"\\ud800",
    b'[1,"a"\\ud800]',
    b'["\\ud800",01]',
    b"[1,]",
    b'{"a":1,}',
    b'{"a"}',
    b"{1:2}",
    b"[1 2]",
    b"1 2",
    b"{}{}",
    b"//c\n1",
    b"\xa01",
    b'"\xff"',
    b'{"skipped":"\xed\xa0\x80"}',
    b'"\xc0\x80"',
    b"\xff\xfe[\x001\x00]\x00",
    b"\xef\xbb\xbf\xef\xbb\xbf1",
    b"[" * 3000 + b"]" * 2999,
    b"[" * 3000 + b"]" * 3001,
    b"[" * 3000 + b"}" + b"]" * 2999,
    b"[" * 3000 + b"01" + b"]" * 3000,
    b"[" * 3000 + b"1 2" + b"]" * 3000,
    b"[" * 3000 + b'"\x01"' + b"]" * 3000,
    b"[" * 3000 + b"\x00" + b"]" * 3000,
    b'{"a":' * 3000 + b"1,2" + b"}" * 3000,
    b'{"a":' * 3000 + b'"b":1' + b"}" * 3000,
]


def verdict(body: bytes) -> str | None:
    """As the rim asks."""
    try:
        return fault_in(body)
    except RecursionError:
        return deep_fault(body)


@pytest.mark.parametrize("body", JSON, ids=lambda body: repr(body[:20]))
def test_json_by_its_grammar_passes(body: bytes) -> None:
    """Whatever RFC 8259 allows is taken, at any depth, lone surrogates and huge numbers too."""
    assert verdict(body) is None


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_told(body: bytes) -> None:
    """Whatever RFC 8259 does not allow, and what is not UTF-8 anywhere, has a fault."""
    assert verdict(body)


def test_both_ways_of_judging_agree_with_the_standard_library() -> None:
    """Random runs of tokens get one verdict from msgspec, from the walk and from `json.loads` made strict."""
    tokens = ["[", "]", "{", "}", '"a"', '"k":', ":", ",", "1", "-0.5e3", "true", " ", '"\\ud800"', "\\", "01", '"']
    chosen = random.Random(8259)
    bodies = ["".join(chosen.choices(tokens, k=chosen.randint(1, 9))).encode() for _ in range(20_000)]
    verdicts = [(fault_in(body) is None, deep_fault(body) is None, is_json(body)) for body in bodies]

    assert [body for body, said in zip(bodies, verdicts, strict=True) if len(set(said)) > 1] == []
    assert sum(said[2] for said in verdicts) > 500


def test_walk_over_pieces_cuts_no_token() -> None:
    """A body of many pieces, its tokens wherever they fall, is judged as a whole."""
    members = ",".join(f'"key{place}":[{place},"{"x" * (place % 97)}",-{place}.5e1]' for place in range(20_000))
    body = b"[" * 2000 + b"{" + members.encode() + b"}" + b"]" * 2000

    assert deep_fault(body) is None
    assert deep_fault(body[:-1]) is not None


def test_hostile_bodies_take_linear_time() -> None:
    """A deep body of a quarter megabyte takes milliseconds, not minutes; so do the escapes of the largest body."""
    started = time.process_time()
    deep_fault(b"[" * 125_000 + b"]" * 125_000)
    deep_fault(b'[{"":' * 50_000)
    assert fault_in(b'"' + b"\\n" * 4_190_000 + b'\\ud800"') is None
    assert fault_in(b'"' + b"\\uD83f\\udEad" * 690_000 + b'"') is None

    assert time.process_time() - started < 2


def is_json(body: bytes) -> bool:
    def refuse(_: str) -> None:
        raise ValueError

    try:
        json.loads(body, parse_constant=refuse)
    except ValueError:
        return False
    return True
