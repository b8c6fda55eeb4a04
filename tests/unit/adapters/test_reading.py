"""JSON is read as the standard library reads it, but for what no text may hold."""

import json
import random

import msgspec
import pytest

from adapters.reading import BOM, reader

read = reader(object)
PIECES = [r"\ud83d", r"\ude00", r"\uD83D", r"\uDE00", r"\\", r"\"", r"\n", "d83d", "ud83d", "é", r"\u00e9"]


def as_text(value: str) -> str:
    """Half a surrogate pair as the control character SUBSTITUTE, which no identifier may hold."""
    return "".join("\x1a" if "\ud800" <= character <= "\udfff" else character for character in value)


@pytest.mark.parametrize("seed", range(4))
def test_half_a_pair_is_read_as_substitute(seed):
    """Wherever it stands, and whatever backslashes stand before it; whole pairs stay characters."""
    chosen = random.Random(seed)
    for _ in range(2000):
        text = '"' + "".join(chosen.choices(PIECES, k=chosen.randint(1, 8))) + '"'

        assert read(text.encode()) == as_text(json.loads(text)), text


def test_half_a_pair_in_a_key_or_beside_a_bom():
    """A member's name is one of its own; the BOM is skipped."""
    assert read(BOM + rb'{"a":"\ud83d","\udc00":1}') == {"a": "\x1a", "\x1a": 1}


@pytest.mark.parametrize("body", [b"", rb'{"a":"\ud8"}', rb'"\ud83d" x', rb'"\ud83d\x"'])
def test_what_is_no_json_stays_none(body):
    """Half a pair beside it changes nothing of that."""
    with pytest.raises(msgspec.DecodeError):
        read(body)
