"""What stands beside the demo's replicas in its own process: the embedded intake, and the link that signs in."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from gateway.config.model import Config
from gateway.config.urls import embedded_tenant
from gateway.console.link import SignInLink
from gateway.core_intake import bearer_among, create_intake
from gateway.workshop.standin.app import answering

_PAGE: Final = (
    '<!doctype html><html lang="en"><title>Trackely Gateway</title><form method="post"><button>Sign in</button></form>'
)
_NOBODY: Final = (
    '<!doctype html><html lang="en"><title>Trackely Gateway</title>'
    "<p>This link signs nobody in: it was used, or is older than five minutes.</p>"
)


@asynccontextmanager
async def beside(
    config: Config, folder: Path, listener: socket.socket, link: SignInLink | None, console: str
) -> AsyncIterator[None]:
    """The intake, its file in `folder`, with the configured tenants connected; `link` signs in at `console`."""
    settings = config.settings
    tokens = {each.name: str(each.token) for each in settings.api.tokens if each.role == "admin"}
    intake = create_intake(
        folder,
        admin_of=bearer_among({"token": str(settings.api.token)} if settings.api.token else tokens),
        customers=settings.intake.customers,
        origin="http://{}:{}".format(*listener.getsockname()[:2]),
    )
    routes = [] if link is None else [
        Route("/console/link/{code}", partial(_signed_in, link, console), methods=["GET", "POST"])
    ]  # fmt: skip
    async with intake:
        for tenant in settings.tenants.values():
            name = embedded_tenant(tenant.intake_url, settings.server.host, settings.server.port)
            if name is not None and tenant.secret is not None:
                await intake.ensure_connected(name, tenant.secret)
        async with answering(Starlette(routes=[*routes, Mount("/", intake)]), listener):
            yield


async def _signed_in(link: SignInLink, console: str, request: Request) -> Response:
    """Looking shows a button; pressing it uses the link up, and signs in at whichever replica is next.

    A cookie belongs to the host, whatever its port: the replicas' is given on.
    """
    code = str(request.path_params["code"])
    if request.method == "GET" and link.is_good(code):
        return HTMLResponse(_PAGE)
    token = link.consume(code)
    if token is None:
        return HTMLResponse(_NOBODY, 404)
    async with httpx.AsyncClient(trust_env=False) as client:
        said = await client.post(
            f"{console}/login", data={"token": token.decode()}, headers={"Sec-Fetch-Site": "same-origin"}
        )
    if not said.is_redirect:
        return HTMLResponse(_NOBODY, 404)
    return Response(status_code=303, headers={"Location": console, "Set-Cookie": said.headers["Set-Cookie"]})
