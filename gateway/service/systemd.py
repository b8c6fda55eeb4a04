"""What a service manager hands over and is told: listening sockets, and the states of a service (sd_notify)."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Final

from gateway.errors import ConfigError, Fault

FIRST_DESCRIPTOR: Final = 3
LISTENERS: Final = ("hooks", "admin")
"""The names that a socket unit gives its sockets (`FileDescriptorName=`); those with other names come in this order."""

_WATCHED_TWICE: Final = 2


def handed_over(environ: MutableMapping[str, str], descriptors: Sequence[int] = ()) -> dict[str, socket.socket]:
    """The listening sockets that this process was given, by listener: those of `LISTEN_FDS`, or these descriptors.

    The variables are taken out: they mean no child of ours.

    Raises:
        ConfigError: one is no listening TCP socket, or there are more than there are listeners.
    """
    told = {name: environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    names: list[str] = []
    if not descriptors and told["LISTEN_PID"] == str(os.getpid()) and told["LISTEN_FDS"].isdecimal():
        descriptors = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(told["LISTEN_FDS"]))
        names = told["LISTEN_FDNAMES"].split(":")
    found: dict[str, socket.socket] = {}
    unnamed = [name for name in LISTENERS if name not in names]
    for place, descriptor in enumerate(descriptors):
        name = names[place] if place < len(names) and names[place] in LISTENERS else next(iter(unnamed), "")
        if not name or name in found:
            raise _refused(descriptor, f"there is no listener for it beside {' and '.join(found)}")
        if name in unnamed:
            unnamed.remove(name)
        found[name] = _listening(descriptor)
    return found


def _listening(descriptor: int) -> socket.socket:
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise _refused(descriptor, f"it is no socket: {error.strerror}") from error
    kind = (listener.family in (socket.AF_INET, socket.AF_INET6), listener.type == socket.SOCK_STREAM)
    if kind != (True, True) or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        raise _refused(descriptor, "it is no TCP socket that listens")
    listener.setblocking(False)  # noqa: FBT003 - the standard library's
    listener.set_inheritable(False)
    return listener


def _refused(descriptor: int, why: str) -> ConfigError:
    return ConfigError(
        [Fault("", "server", f"the socket handed over as descriptor {descriptor} cannot be used: {why}")]
    )


class Notifier:
    """Tells the service manager how it goes; nobody, where none asks.

    Attributes:
        watchdog_seconds: how often it wants a sign of life; None: never.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        span, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        is_ours = span.isdecimal() and pid in ("", str(os.getpid()))
        self.watchdog_seconds = int(span) / 1e6 if is_ours else None

    def tell(self, *states: str) -> None:
        """Pass states such as `READY=1` on; a manager that does not hear is no fault of ours."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - the standard library's
            sender.sendto("\n".join(states).encode(), self._address)

    def ready(self) -> None:
        """It takes hooks."""
        self.tell("READY=1")

    def reloading(self) -> None:
        """It reads its configuration anew; `ready` tells the end."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It has begun to stop."""
        self.tell("STOPPING=1")

    async def live(self, problems: Callable[[], Sequence[str]]) -> None:
        """Give signs of life for ever, as long as there are no problems."""
        while self.watchdog_seconds is not None:
            if not problems():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / _WATCHED_TWICE)
