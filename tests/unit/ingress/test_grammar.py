import json
import random
import time
from itertools import pairwise

import pytest

from gateway.ingress.grammar import DEEPEST, TOO_DEEP, fault_in, faults_in

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
    b"[" * DEEPEST + b"]" * DEEPEST,
    b'{"a":[' * (DEEPEST // 2) + b"1.5" + b"]}" * (DEEPEST // 2),
    b"[" * DEEPEST + b'"\\ud800]"' + b"]" * DEEPEST,
    b"\xef\xbb\xbf" + b"[ " * DEEPEST + b" ]" * DEEPEST,
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
    b"[" * 500 + b"]" * 499,
    b"[" * 500 + b"]" * 501,
    b"[" * 500 + b"}" + b"]" * 499,
    b"[" * 500 + b"01" + b"]" * 500,
    b'{"a":' * 500 + b'"b":1' + b"}" * 500,
    b"\\" * 200_000,
]


@pytest.mark.parametrize("body", JSON, ids=lambda body: repr(body[:20]))
def test_json_by_its_grammar_passes(body: bytes) -> None:
    """Whatever RFC 8259 allows is taken, to a depth of 512, lone surrogates and huge numbers too."""
    assert fault_in(body) is None


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_told(body: bytes) -> None:
    """Whatever RFC 8259 does not allow, and what is not UTF-8 anywhere, has a fault."""
    assert fault_in(body)


def test_the_verdict_is_the_standard_librarys() -> None:
    """Random runs of tokens get the verdict of `json.loads` made strict."""
    tokens = ["[", "]", "{", "}", '"a"', '"k":', ":", ",", "1", "-0.5e3", "true", " ", '"\\ud800"', "\\", "01", '"']
    chosen = random.Random(8259)
    bodies = ["".join(chosen.choices(tokens, k=chosen.randint(1, 9))).encode() for _ in range(20_000)]
    verdicts = [(fault_in(body) is None, is_json(body)) for body in bodies]

    assert [body for body, said in zip(bodies, verdicts, strict=True) if len(set(said)) > 1] == []
    assert sum(said[1] for said in verdicts) > 500


def nested(chosen: random.Random, depth: int) -> bytes:
    """JSON of exactly this depth, of several pieces, with texts full of brackets, quotes and backslashes."""
    texts = [rb'"["', rb'"\\"', rb'"\"[{"', rb'""', rb'"\\\"]"', rb'"\n[\u005b"', b'"' + b"[" * 300 + b'"']
    inner = b"[]"
    for _ in range(depth - 1):
        beside = b",".join(chosen.choices([*texts, b"1"], k=40))
        inner = chosen.choice([b"[%b,%b,%b]" % (beside, inner, beside), b'{"[":%b,"k\\"":1}' % inner])
    return inner


@pytest.mark.parametrize("seed", range(8))
def test_depth_is_told_exactly(seed: int) -> None:
    """512 levels pass and 513 do not, wherever the deepest lies and whatever the texts between hold."""
    chosen = random.Random(seed)
    body = nested(chosen, DEEPEST)

    assert len(body) > 65_536
    assert fault_in(body) is None
    assert fault_in(b"[" + body + b"]") is TOO_DEEP


def test_what_is_too_deep_is_known_early() -> None:
    """Eight megabytes of brackets are refused by their first ones, in a millisecond or two."""
    body = b"[" * 8 * 1024 * 1024
    started = time.process_time()
    fault = fault_in(body)

    assert fault is TOO_DEEP
    assert time.process_time() - started < 0.05


LARGEST = 8 * 1024 * 1024


@pytest.mark.parametrize(
    "unit",
    [
        b'"\\n",',
        b'"\\uD83f\\udEad",',
        b'"\\\\",',
        b'"[",',
        b'"",',
        b"[],",
        b"[[]],",
        b'{"":[]},',
        b'["["],',
        b"1,",
        b"-1.5e3,",
        '"é",'.encode(),
        b'{"key":"' + b"x" * 40 + b'","n":[1,2,3]},',
    ],
)
@pytest.mark.parametrize("depth", [1, 300, 508])
def test_the_largest_bodies_cost_little(unit: bytes, depth: int) -> None:
    """Any eight megabytes are judged in less than what `json.loads` takes for as many brackets, in small steps."""
    body = b"[" * depth + unit * ((LARGEST - 2 * depth) // len(unit)) + b"0" + b"]" * depth
    times = [time.process_time(), *(time.process_time() for fault in faults_in(body) if fault is None)]
    steps = [later - earlier for earlier, later in pairwise(times)]
    brackets = b"[" + b"[]," * (LARGEST // 8 // 3) + b"0]"
    began = time.process_time()
    json.loads(brackets)
    eighth = time.process_time() - began

    assert fault_in(body) is None
    assert sum(steps) < 8 * eighth
    assert max(steps) < 3 * eighth


def is_json(body: bytes) -> bool:
    def refuse(_: str) -> None:
        raise ValueError

    try:
        json.loads(body, parse_constant=refuse)
    except ValueError:
        return False
    return True
