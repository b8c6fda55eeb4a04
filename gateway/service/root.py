"""`GET /`: a browser is sent to the console, a machine is told which doors there are on this listener."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.ground.answers import json_answer

SEE_OTHER: Final = 303
CONSOLE: Final = "/console"
EVERYONES: Final = {
    "hooks": "/hooks/{source}",
    "pull": "/pull/{tenant}",
    "alive": "/healthz",
    "ready": "/readyz",
}
OPERATORS: Final = {"metrics": "/metrics", "api": "/api/v1", "description": "/openapi.json"}


def root_route(doors: Mapping[str, str], *, has_console: bool) -> Route:
    """The answer at the root: these doors, and the console's where it is served here."""
    named = {**doors, "console": CONSOLE} if has_console else dict(doors)

    async def root(request: Request) -> Response:
        varied = {"Vary": "Accept", "Cache-Control": "no-store"}
        if has_console and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(CONSOLE, SEE_OTHER, headers=varied)
        return json_answer({"gateway": "trackely", "doors": named}, headers=varied)

    return Route("/", root)
