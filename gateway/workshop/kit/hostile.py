"""Hostile bodies: a corpus that spares no adapter, and mutations of the bodies that one should read."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from adapters.reading import BOM

WRONG = (
    *(b"null", b"true", b"0", b"-1", b"1.5", b"100.000", b"18446744073709551616", b"1e999999999", b"-1e999999999"),
    *(b"9" * 5_000, b"0." + b"9" * 5_000, b"NaN", b"[]", b"{}", b"[null]", b"[[[]]]", b'{"value":{}}', b'{"":[1]}'),
    *(b'""', b'" "', b'"NaN"', b'"-Infinity"', b'"1e1000000"', b'"' + b"9" * 5_000 + b'"', b'"x"', b'"-1"'),
    *(b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b'"\xe2\x80\xae\\u2028"'),
    *(b'"' + b"x" * 20_000 + b'"', b"[" * 2_000 + b"]" * 2_000, b"[" + b"{}," * 5_000 + b"{}]"),
    *(b'"2023-02-30"', b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-12:00"', b'"2023-05-15T25:61:61Z"'),
)
"""What may stand in a member's place, as bytes: every wrong type, and the right ones gone bad."""

_HOLE = "@@hole@@"

CORPUS: dict[str, bytes] = {
    **{f"json_{text}": text.encode() for text in ("null", "true", "0", "-1", '""', '"text"', "[]", "{}", "[{}]")},
    "empty": b"",
    "whitespace": b" \n\t",
    "html": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "form": b"id=1&status=open",
    "truncated": b'{"id": "1", "order": {"number": "A',
    "trailing": b'{"id": "1"} {"id": "2"}',
    "single_quotes": b"{'id': 1}",
    "comment": b'{"id": 1 /* one */}',
    "nan": b'{"id": NaN}',
    "bom_alone": BOM,
    "bom_twice": BOM + BOM + b'{"id": 1}',
    "utf16": '{"id": 1}'.encode("utf-16"),
    "bad_utf8": b'{"id": "\xff\xfe"}',
    "overlong_utf8": b'{"id": "\xc0\xaf"}',
    "nul_bytes": b'{"id": "a\x00b"}',
    "nul_escaped": b'{"id": "a\\u0000b"}',
    "lone_surrogate": b'{"id": "\\ud800"}',
    "surrogate_in_key": b'{"\\ud800": 1}',
    "deep_lists": b"[" * 5_000 + b"]" * 5_000,
    "deep_objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "many_members": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(5_000)) + b"}",
    "long_text": b'{"id": "' + b"x" * 200_000 + b'"}',
    "many_digits": b'{"id": ' + b"9" * 5_000 + b"}",
    "huge_exponent": b'{"id": 1e999999999}',
    "duplicate_keys": b'{"id": 1, "id": null, "id": "x"}',
    "empty_key": b'{"": {"": [{"": null}]}}',
    "template_injection": b'{"id": "{{7*7}} ${7*7} %s {0.__class__} \'; DROP TABLE events; --"}',
}
"""Bodies that are wrong in ways that no vendor's contract mentions."""


def mutations(body: bytes, is_fresh: Callable[[str], bool]) -> Iterator[bytes]:
    """The body with each member in turn left out, twice there, or one of `WRONG`; of a list, the first item."""
    try:
        root = json.loads(body.removeprefix(BOM))
    except ValueError:
        return
    for path, parent, key in _members(root, "$"):
        if not is_fresh(path):
            continue
        kept = parent[key]
        parent[key] = _HOLE
        before, after = json.dumps(root).encode().split(b'"' + _HOLE.encode() + b'"')
        for wrong in WRONG:
            yield before + wrong + after
        if isinstance(key, str):
            yield before + json.dumps(kept).encode() + b', "' + key.encode() + b'": null' + after
            del parent[key]
            yield json.dumps(root).encode()
        parent[key] = kept


def _members(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value[:1]))
    for key, entry in entries:
        here = f"{path}.{key}"
        yield here, value, key
        yield from _members(entry, here)
