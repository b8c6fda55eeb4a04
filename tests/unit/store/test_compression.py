import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.sqlite.compression import LEAST, compressed, decompressed
from tests.contract.engines import dense

JSON = b'{"lines": [' + b", ".join(b'{"line": %d, "quantity": %d}' % (line, line * 7) for line in range(100)) + b"]}"


@given(st.binary(max_size=600) | st.binary(min_size=1, max_size=40).map(lambda each: each * 50))
def test_every_body_comes_back(body):
    assert decompressed(compressed(body)) == body


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x01", b"\x000000400abc", b"\x01" * 5000, b"\xef\xbb\xbf{}", JSON])
def test_so_does_one_that_begins_like_a_mark(body):
    assert decompressed(compressed(body)) == body


def test_what_gets_shorter_is_compressed():
    """And what does not stands in the file as it came, as all did once."""
    assert len(compressed(JSON)) < len(JSON) / 3
    for body in (b'{"id": "1"}', JSON[: LEAST - 1], dense(3000).encode()):
        assert compressed(body) is body


@pytest.mark.parametrize("part", [slice(0, 20), slice(0, -1)])
def test_a_damaged_one_is_no_body(part):
    """Nobody waits behind it: it is found to be no JSON."""
    kept = compressed(JSON)[part]
    assert decompressed(kept) == kept
    assert decompressed(b"\x01abcdefg") == b"\x01abcdefg"
