"""Answers as servers send them, in whatever pieces they come."""

import httpcore
import pytest

from gateway.ground.reply import LONGEST_HEAD, Reply

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nLate: 1\r\n\r\n"


def fed(answer, *, size=1_000_000, most_read=100):
    reply = Reply(most_read)
    for at in range(0, len(answer), size):
        reply.feed(answer[at : at + size])
    return reply


@pytest.mark.parametrize("size", [1, 2, 7, 1_000_000])
@pytest.mark.parametrize(
    "answer",
    [
        OK,
        CHUNKED,
        OK.replace(b"\r\n", b"\n"),
        OK.replace(b" OK", b""),
        b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + OK,
        # Nobody should say both, and some do.
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n", 1),
        OK.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"),
    ],
)
def test_an_answer_is_read_to_its_end(answer, size):
    """However it is spelt: its status, its body, and that the connection serves again."""
    reply = fed(answer, size=size)

    assert (reply.status, bytes(reply.body.read)) == (200, b"ok")
    assert (reply.is_over, reply.is_whole, reply.is_reusable) == (True, True, True)


@pytest.mark.parametrize("behind", [b"\r\n", b" ", b"HTTP/1.1 500 Stale\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("answer", [OK, CHUNKED, b"HTTP/1.1 204 No\r\n\r\n"])
def test_what_comes_behind_it_is_none_of_it(answer, behind):
    """The answer is what it was, and its connection is used no more."""
    alone, followed = fed(answer), fed(answer + behind)

    assert (followed.status, followed.body.read, followed.is_whole) == (alone.status, alone.body.read, True)
    assert (alone.is_reusable, followed.is_reusable) == (True, False)


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_a_connection_that_ends_with_its_answer(answer):
    """The answer is whole."""
    reply = fed(answer)

    assert (reply.is_whole, reply.is_reusable) == (True, False)


def test_a_body_may_end_with_the_connection():
    """Where nothing says how long it is."""
    reply = fed(b"HTTP/1.1 503 Later\r\n\r\nlat")
    before = reply.is_over
    reply.feed(b"er")
    reply.feed(b"")

    assert (before, reply.is_whole, reply.is_reusable, bytes(reply.body.read)) == (False, True, False, b"later")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", OK[:-1], CHUNKED[:-2]])
def test_one_that_breaks_off(answer):
    """It is none, or none that is whole."""
    reply = fed(answer)
    with pytest.raises(httpcore.RemoteProtocolError, match="closed"):
        reply.feed(b"")

    assert not reply.is_whole


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD,
        CHUNKED[:-2] + b"Y: " + b"y" * 2 * LONGEST_HEAD,
    ],
)
def test_what_is_no_answer(answer):
    """Or has no end that anybody would wait for."""
    with pytest.raises(httpcore.RemoteProtocolError):
        fed(answer, size=4096)


def test_one_that_is_too_large_is_not_read_on():
    """What is beyond the cap is not kept, and the answer is over, though not whole."""
    reply = fed(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 500)

    assert (len(reply.body.read), reply.is_over, reply.is_whole, reply.is_reusable) == (100, True, False, False)
