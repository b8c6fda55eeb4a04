import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from gateway.core_intake import IntakeApp, bearer_among, create_intake

ADMIN = "the-administrators-token"
SECRET = "the-tenants-secret"


class Clock:
    """A clock that moves when told, and a second for each look."""

    def __init__(self) -> None:
        self.microseconds = 1_740_000_000_000_000

    def __call__(self) -> int:
        """The next second."""
        self.microseconds += 1_000_000
        return self.microseconds


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The application behind uvicorn's own protocol on a real socket; answers the origin.

    Without uvicorn's main loop, whose turns of a tenth of a second would be most of these tests' time.
    """
    config = uvicorn.Config(app, lifespan="off", ws="none", http="httptools", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    # The protocol is named so that asyncio knows the socket for TCP and switches Nagle's delay off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}), sock=listener
    )
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await server.wait_closed()
        await asyncio.gather(*state.tasks)


class Running:
    """An intake on a real socket with a real file, whose tenant `demo` is connected."""

    def __init__(self, intake: IntakeApp, origin: str, client: httpx.AsyncClient) -> None:
        self.intake = intake
        self.origin = origin
        self.client = client
        self.admin = ADMIN
        self.secret = SECRET
        self.url = f"{origin}/api/integrations/wms/demo"

    async def push(self, payload, *, secret=SECRET, tenant="demo", **options) -> httpx.Response:
        """Posts to a tenant's webhook."""
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        headers = {"Authorization": f"Bearer {secret}"} | options.pop("headers", {})
        url = f"{self.origin}/api/integrations/wms/{tenant}"
        return await self.client.post(url, content=body, headers=headers, **options)

    async def settings(self, method: str, path: str, body=None, *, token=ADMIN) -> httpx.Response:
        """Calls Settings → Integrations."""
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.request(
            method, f"{self.origin}/api/settings/integrations{path}", content=content, headers=headers
        )

    async def order(self, external_order_id: str, tenant: str = "demo") -> dict:
        """An order as the intake has it."""
        reply = await self.settings("GET", f"/{tenant}/orders/{external_order_id}")
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture(scope="session")
def served():
    """Serves an application on a socket of its own, as a context manager that answers the origin."""
    return serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[ASGIApp], Awaitable[str]]]:
    """Serves applications on sockets of their own until the test ends; answers the origin."""
    async with AsyncExitStack() as stack:

        async def start(app: ASGIApp) -> str:
            return await stack.enter_async_context(serving(app))

        yield start


@pytest.fixture
async def run(tmp_path: Path, serve, clock: Clock) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    """Runs an intake with the options of `create_intake`, in a folder of its own."""
    async with AsyncExitStack() as stack:

        async def start(**options) -> Running:
            settings = {"admin_of": bearer_among({"admin": ADMIN}), "clock": clock} | options
            intake = await stack.enter_async_context(create_intake(tmp_path / "intake", **settings))
            await intake.ensure_connected("demo", SECRET)
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, verify=False))
            return Running(intake, await serve(intake), client)

        yield start


@pytest.fixture
async def running(run) -> Running:
    return await run()
