"""Processes beside the gateway: how one is started, and the frames that both ends pass over a pair of sockets."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

COMMAND: Final[list[str]] = [sys.executable, "-P", "-m"]
"""What runs a module in a process of its own. `-P`: what lies in the working directory is no part of us."""

COLLECTOR_THRESHOLDS: Final = (50_000, 20, 50)

OnFrame = Callable[[int, memoryview], None]
"""Told a frame's kind and its payload, which is the receiver's own: it stays as long as it is held."""

_LENGTH: Final = 4
_HEAD: Final = _LENGTH + 1
_BUFFER: Final = 1 << 20
_CHUNK: Final = 1 << 16
_LEAST_ROOM: Final = 1 << 14
"""Bytes that are read at once: many frames, or the beginning of a large one."""
_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_PR_SET_PDEATHSIG: Final = 1
_STOP_SECONDS: Final = 10.0
_CODE_SECONDS: Final = 1.0
_STDERR: Final = 2

_early: "Final[dict[tuple[str, ...], tuple[subprocess.Popen[bytes], socket.socket]]]" = {}
"""What was started ahead, by its module and arguments."""


class Channel(asyncio.BufferedProtocol):
    """One end of a channel. A frame is the length of its payload, its kind, and the payload.

    What arrives is read to where it stays: a buffer is never used again, and a large frame has one of its own.
    `on_lost` is called when the other end is gone, not when this one is closed.
    """

    def __init__(self, end: socket.socket, on_frame: OnFrame, on_lost: Callable[[], None]) -> None:
        self._end = end
        self._on_frame = on_frame
        self._on_lost = on_lost
        # Where the frame under way begins in the buffer, and up to where the buffer is filled.
        self._buffer = memoryview(bytearray(_CHUNK))
        self._begun = self._filled = 0
        self._held = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self.is_lost = False
        self._is_closing = False
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The channel is open."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The other end is gone, or this one was closed."""
        self._closed.set()
        if not self._is_closing:
            self.is_lost = True
            self._on_lost()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Where the next bytes go."""
        return self._buffer[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take the whole frames of what has arrived."""
        self._filled += nbytes
        buffer, filled, begun = self._buffer, self._filled, self._begun
        while filled - begun >= _HEAD:
            size = _HEAD + int.from_bytes(buffer[begun : begun + _LENGTH], "little")
            if filled - begun < size:
                break
            self._on_frame(buffer[begun + _LENGTH], buffer[begun + _HEAD : begun + size])
            begun += size
        else:
            size = _LEAST_ROOM
        self._begun = begun
        if len(buffer) < begun + size:
            self._renew(size)

    def _renew(self, size: int) -> None:
        """Go on in another buffer, which has room for so much, with what there is of the frame under way."""
        rest = self._buffer[self._begun : self._filled]
        self._buffer = memoryview(bytearray(max(size, _CHUNK)))
        self._buffer[: len(rest)] = rest
        self._begun, self._filled = 0, len(rest)

    def send(self, kind: int, *payload: bytes | memoryview) -> None:
        """Pass a frame of some pieces, at once where the other end has room; into nowhere where it is gone."""
        self._write(_head(kind, sum(map(len, payload))), *payload)

    def put_off(self, kind: int, payload: bytes) -> None:
        """Pass a frame with the next one, or at the end of the loop's turn: each passing wakes the other end."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._let_go)
        self._held += _head(kind, len(payload)) + payload

    def _let_go(self) -> None:
        if self._held:
            self._write()

    def _write(self, *rest: bytes | memoryview) -> None:
        pieces, sent = (bytes(self._held), *rest), 0
        self._held.clear()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if not transport.get_write_buffer_size():
            # The transport would wait for the end of the loop's turn, and the other end could be at work by then.
            with contextlib.suppress(OSError):
                sent = self._end.sendmsg(pieces)
        for piece in pieces if sent < sum(map(len, pieces)) else ():
            if sent < len(piece):
                transport.write(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))

    async def close(self) -> None:
        """Close this end, once all that was sent has gone out."""
        self._is_closing = True
        self._let_go()
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


def _head(kind: int, size: int) -> bytes:
    return size.to_bytes(_LENGTH, "little") + bytes((kind,))


async def attach(end: socket.socket, on_frame: OnFrame, on_lost: Callable[[], None]) -> Channel:
    """A channel over one end of a pair of sockets."""
    end.setblocking(False)  # noqa: FBT003 - the standard library's
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(lambda: Channel(end, on_frame, on_lost), sock=end)
    return channel


class Child:
    """A process of ours and the channel to it. It ends with us, however we end, and hears no signal but SIGKILL."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: Channel) -> None:
        self.process = process
        self.channel = channel

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, or closed its end."""
        return self.channel.is_lost

    @classmethod
    async def start(cls, module: str, on_frame: OnFrame, on_lost: Callable[[], None], *arguments: str) -> "Child":
        """Run a module, or take over the one that `start_early` runs; its first argument is its end's descriptor."""
        begun = (module, *arguments)
        process, ours = _early.pop(begun) if begun in _early else _begin(*begun)
        return cls(process, await attach(ours, on_frame, on_lost))

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()

    async def code(self) -> int | None:
        """The exit code of one that has closed its end; None: it has not ended within a second."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return await asyncio.to_thread(self.process.wait, _CODE_SECONDS)
        return None

    async def stop(self) -> None:
        """Wait for its end, which must have been asked for; not for long."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.to_thread(self.process.wait)
        except TimeoutError:
            self.kill()
            await asyncio.to_thread(self.process.wait)
        await self.channel.close()


class Blocking:
    """A child's end of a channel where nothing else goes on: iterate over the frames (kind, payload)."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._frames = end.makefile("rb")

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """The frames, until the other end is gone."""
        while len(head := self._frames.read(_HEAD)) == _HEAD:
            yield head[_LENGTH], self._frames.read(int.from_bytes(head[:_LENGTH], "little"))

    def send(self, kind: int, payload: bytes) -> None:
        """Pass a frame to the other end."""
        self._end.sendall(len(payload).to_bytes(_LENGTH, "little") + bytes((kind,)) + payload)


def start_early(module: str, *arguments: str) -> None:
    """Run a module ahead of the `Child.start` that is to come: its imports go on beside one's own."""
    _early[module, *arguments] = _begin(module, *arguments)


def _begin(module: str, *arguments: str) -> "tuple[subprocess.Popen[bytes], socket.socket]":
    ours, theirs = socket.socketpair()
    with theirs:
        for each in (ours, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                each.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        return _run([*COMMAND, module, str(theirs.fileno()), *arguments], theirs.fileno()), ours


def ask_once(module: str, payload: bytes, seconds: float, *arguments: str) -> bytes:
    """What a module, in a process of its own that ends with it, answers to one frame. Blocks: call it in a thread.

    Raises:
        TimeoutError: there was no answer within `seconds`.
        EOFError: the process ended without one.
    """
    process, ours = _begin(module, *arguments)
    with ours:
        try:
            ours.settimeout(seconds)
            channel = Blocking(ours)
            channel.send(0, payload)
            for _, answer in channel:
                return answer
        except ConnectionError:
            pass
        finally:
            process.kill()
            process.wait()
    raise EOFError(f"exit code {process.returncode}")


def _run(command: Sequence[str], descriptor: int) -> "subprocess.Popen[bytes]":
    # Blocked signals stay blocked in the child: the terminal's Ctrl-C and a service manager's SIGTERM go to all
    # processes, and it is ours to say when the child has no more to do.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)  # noqa: PTH109 - as the interpreter means it
    try:
        return subprocess.Popen(  # noqa: S603 - our own command line
            command,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            # What an adapter prints is seen, and is no part of what a command prints.
            stdout=_STDERR,
            env={**os.environ, "PYTHONPATH": path},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def end_of(descriptor: int) -> socket.socket:
    """A child's end of its channel."""
    with contextlib.suppress(OSError, AttributeError):
        # Linux: a parent that is killed takes us with it, before the next one comes. Elsewhere the channel's end does.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    end = socket.socket(fileno=descriptor)
    # Whatever the gateway's default time-out is: an adapter may have set one.
    end.setblocking(True)  # noqa: FBT003 - the standard library's
    return end


def rest_collector() -> None:
    """Spare the garbage collector what lives as long as the process; call it once everything is set up.

    What a hook leaves behind makes no cycles that matter, yet by default every few hundred objects set off a walk over
    all modules: a fifth of the loop's time under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
