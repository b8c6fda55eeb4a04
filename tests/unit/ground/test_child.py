"""A process and its channels."""

import asyncio
import signal
import socket
import subprocess
import sys

import pytest

from gateway.ground import child
from gateway.ground.child import Child
from gateway.ground.frames import head_of


@pytest.fixture
def process():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


async def test_one_that_has_lost_a_channel_is_ended_and_told_of_when_all_was_heard(process):
    """Half of it would neither answer nor be started again."""
    ours, theirs = zip(*[socket.socketpair() for _ in range(2)], strict=True)
    child._early["half",] = process, list(ours)
    frames, lost = [], asyncio.Event()
    half = await Child.start("half", lambda kind, payload: frames.append((kind, bytes(payload))), lost.set)

    theirs[1].close()
    assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
    assert not lost.is_set()
    theirs[0].sendall(head_of(7, 4) + b"last")
    theirs[0].close()
    await asyncio.wait_for(lost.wait(), 20)
    assert frames == [(7, b"last")]
    await half.stop()
