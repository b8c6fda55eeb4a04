"""Frames between two processes, however the socket cuts them up."""

import asyncio
import socket

import pytest

from gateway.ground.channel import attach

SIZES = [0, 1, 100, 65_530, 65_531, 65_532, 70_000, 5, 16_384, 300_000, 0, 3_000_000, 12]


def payload(number, size):
    return bytes([number]) * size


async def taken(send):
    """What arrives of what `send` gives to the other end: each frame's kind, and its payload as it is at the end."""
    ours, theirs = socket.socketpair()
    frames, lost = [], asyncio.Event()
    channel = await attach(ours, lambda kind, payload: frames.append((kind, payload)), lost.set)
    other = await attach(theirs, lambda *_: None, lambda: None)
    await send(other)
    await other.close()
    await asyncio.wait_for(lost.wait(), 10)
    await channel.close()
    return [(kind, bytes(payload)) for kind, payload in frames]


async def test_a_payload_stays_as_it_came():
    """Small ones, large ones, those that just fit: none is written over by what comes after it."""

    async def send(other):
        for number, size in enumerate(SIZES):
            other.send(number, payload(number, size))

    assert await taken(send) == [(number, payload(number, size)) for number, size in enumerate(SIZES)]


@pytest.mark.parametrize("crumb", [1, 4, 5, 6, 1_000])
async def test_a_frame_may_come_in_crumbs(crumb):
    """Its head too."""
    frames = [(number, payload(number, size)) for number, size in enumerate([0, 3, 0, 40])] * 2
    whole = b"".join(len(body).to_bytes(4, "little") + bytes((kind,)) + body for kind, body in frames)

    async def send(other):
        for at in range(0, len(whole), crumb):
            other._end.send(whole[at : at + crumb])
            await asyncio.sleep(0)

    assert await taken(send) == frames


async def test_a_frame_may_be_sent_in_pieces():
    """More than the socket takes at once among them."""
    pieces = [b"a", memoryview(b"b" * 2_000_000), b"", b"c" * 3]

    async def send(other):
        other.send(7, *pieces)
        other.send(8, b"behind")

    assert await taken(send) == [(7, b"".join(pieces)), (8, b"behind")]


async def test_what_is_put_off_goes_with_the_next():
    """Or at the end of the turn, or before the end; in its order."""

    async def send(other):
        other.put_off(1, b"a")
        other.put_off(2, b"")
        other.send(3, b"c")
        other.put_off(4, b"d")
        await asyncio.sleep(0.01)
        other.put_off(5, b"e")

    assert await taken(send) == [(1, b"a"), (2, b""), (3, b"c"), (4, b"d"), (5, b"e")]
