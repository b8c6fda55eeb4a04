"""The listening socket, and the server on it: uvicorn, with our protocol and without its signals."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, cast

import uvicorn

from gateway.config.model import Limits
from gateway.serving.connections import Connections
from gateway.serving.protocol import HookProtocol
from gateway.serving.rejections import Refused

GRACE_SECONDS: Final = 8
DRAIN_SECONDS: Final = 0.8
BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket; port 0 takes any free one. Raises OSError: taken, not ours, no such host."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """Leaves the signals to the wiring: uvicorn raises them again before the rooms behind the listener have closed."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the senders go before the listener closes: what is kept alive would be reset, and wait nowhere."""
        await self._connections.drain(DRAIN_SECONDS)
        await super().shutdown(sockets)

    def limit(self, limits: Limits) -> None:
        """Hold the connections to come to these limits."""
        given = cast("partial[HookProtocol]", self.config.http_protocol_class)
        self.config.http_protocol_class = cast(
            "type[asyncio.Protocol]", partial(given.func, **{**given.keywords, "limits": limits})
        )

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Take no signal."""
        return contextlib.nullcontext()


def create_server(
    app: Callable[..., Any],
    limits: Limits,
    *,
    refused: Refused = lambda _status, _reason, _address: None,
    lifespan: Literal["on", "off"] = "on",
    grace_seconds: int = GRACE_SECONDS,
) -> Server:
    """A server for `app`: `await server.serve(sockets=[listen(host, port)])`, stopped by `server.should_exit = True`.

    It installs no logging of its own. `refused` is told of what never reached the application.
    """
    connections = Connections()
    protocol = partial(HookProtocol, limits=limits, shared=connections, refused=refused)
    return Server(
        uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", protocol),
            ws="none",
            loop="auto",
            lifespan=lifespan,
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=grace_seconds,
        ),
        connections,
    )
