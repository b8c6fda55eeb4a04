"""A thread that takes from a channel by itself, and what wakes it."""

import socket
import threading
import time

import pytest

from gateway.ground.bell import Bell
from gateway.ground.frames import ThreadsEnd, head_of


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def framed(kind, payload):
    return head_of(kind, len(payload)) + payload


@pytest.fixture
def bell():
    bell = Bell()
    yield bell
    bell.close()
    bell.set()


def end_of(ours):
    frames = []
    return ThreadsEnd(ours, lambda kind, payload: frames.append((kind, bytes(payload)))), frames


def test_what_has_arrived_is_taken_and_nothing_is_waited_for(pair):
    ours, theirs = pair
    end, frames = end_of(ours)

    assert end.take()
    assert frames == []
    theirs.sendall(framed(1, b"a") + framed(2, b"b" * 100_000)[:50_000])
    assert end.take()
    assert frames == [(1, b"a")]
    theirs.sendall(framed(2, b"b" * 100_000)[50_000:])
    while len(frames) < 2:
        assert end.take()
    assert frames[1] == (2, b"b" * 100_000)


def test_all_is_taken_before_the_end_is_told(pair):
    ours, theirs = pair
    end, frames = end_of(ours)
    theirs.sendall(framed(1, b"last"))
    theirs.close()

    while end.take():
        pass
    assert frames == [(1, b"last")]
    assert not end.take()


def test_answers_go_together_and_into_nowhere_where_nobody_is(pair):
    ours, theirs = pair
    end, _ = end_of(ours)
    end.put_off(1, b"a")
    end.put_off(2, b"b")
    theirs.settimeout(0.05)
    with pytest.raises(TimeoutError):
        theirs.recv(100)
    end.let_go()
    assert theirs.recv(100) == framed(1, b"a") + framed(2, b"b")
    theirs.close()
    end.put_off(3, b"c")
    end.let_go()


def wakes(bell, ring):
    """Whether who waits goes on at this, and not before."""
    waiting = threading.Thread(target=bell.wait, daemon=True)
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    ring()
    waiting.join(5)
    return not waiting.is_alive()


def test_who_waits_is_woken_by_others_and_by_what_arrives(pair, bell):
    ours, theirs = pair
    bell.set()
    bell.wait()
    assert wakes(bell, bell.set)
    bell.watch(ours.fileno())
    bell.wait()
    assert wakes(bell, lambda: theirs.send(b"x"))
    bell.watch(None)
    bell.wait()
    assert wakes(bell, bell.set)


def test_ringing_holds_up_nobody(bell):
    ringing = threading.Thread(target=lambda: [bell.set() for _ in range(100_000)], daemon=True)
    ringing.start()
    ringing.join(30)

    assert not ringing.is_alive()
    bell.wait()
