"""Processes beside the gateway: how one is started, asked and ended."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final

from gateway.ground.channel import Channel, attach
from gateway.ground.frames import Blocking, OnFrame

COMMAND: Final[list[str]] = [sys.executable, "-P", "-m", "gateway.ground.hosting"]
"""What runs a module in a process of its own. `-P`: what lies in the working directory is no part of us."""

_BUFFER: Final = 1 << 20
_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_STOP_SECONDS: Final = 10.0
_CODE_SECONDS: Final = 1.0
_STDERR: Final = 2

_early: "Final[dict[tuple[str, ...], tuple[subprocess.Popen[bytes], list[socket.socket]]]]" = {}
"""What was started ahead, by its module and arguments."""


class Child:
    """A process of ours and the channels to it. It ends with us, however we end, and hears no signal but SIGKILL."""

    def __init__(self, process: "subprocess.Popen[bytes]", channels: Sequence[Channel]) -> None:
        self.process = process
        self.channels = channels
        self.channel = channels[0]

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, or closed its end."""
        return self.channel.is_lost

    @classmethod
    async def start(
        cls, module: str, on_frame: OnFrame, on_lost: Callable[[], None], *arguments: str, ends: int = 1
    ) -> "Child":
        """Run a module, or take over the one that `start_early` runs; its first argument are its ends' descriptors.

        `on_lost` is called when all channels are gone: what was said on any of them has come by then.
        """
        begun = (module, *arguments)
        process, ours = _early.pop(begun) if begun in _early else _begin(*begun, ends=ends)
        left = len(ours)

        def lost() -> None:
            nonlocal left
            left -= 1
            if left:
                # One without the other is of no use.
                process.kill()
            else:
                on_lost()

        return cls(process, [await attach(end, on_frame, lost) for end in ours])

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
        for channel in self.channels:
            await channel.close()


def start_early(module: str, *arguments: str, ends: int = 1) -> None:
    """Run a module ahead of the `Child.start` that is to come: its imports go on beside one's own."""
    _early[module, *arguments] = _begin(module, *arguments, ends=ends)


def _begin(module: str, *arguments: str, ends: int = 1) -> "tuple[subprocess.Popen[bytes], list[socket.socket]]":
    ours, theirs = zip(*[_pair() for _ in range(ends)], strict=True)
    try:
        descriptors = [end.fileno() for end in theirs]
        return _run([*COMMAND, module, ",".join(map(str, descriptors)), *arguments], descriptors), list(ours)
    finally:
        for end in theirs:
            end.close()


def _pair() -> tuple[socket.socket, socket.socket]:
    pair = socket.socketpair()
    for each in pair:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            each.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    return pair


def ask_once(module: str, payload: bytes, seconds: float, *arguments: str) -> bytes:
    """What a module, in a process of its own that ends with it, answers to one frame. Blocks: call it in a thread.

    Raises:
        TimeoutError: there was no answer within `seconds`.
        EOFError: the process ended without one.
    """
    process, (ours,) = _begin(module, *arguments)
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


def _run(command: Sequence[str], descriptors: Sequence[int]) -> "subprocess.Popen[bytes]":
    # Blocked signals stay blocked in the child: the terminal's Ctrl-C and a service manager's SIGTERM go to all
    # processes, and it is ours to say when the child has no more to do.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)  # noqa: PTH109 - as the interpreter means it
    try:
        return subprocess.Popen(  # noqa: S603 - our own command line
            command,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            # What an adapter prints is no part of what a command prints.
            stdout=_STDERR,
            env={**os.environ, "PYTHONPATH": path},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
