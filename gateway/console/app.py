"""The pages as a Starlette app. Each asks the operators' API in this process, as whoever is signed in."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.console import assets
from gateway.console.acting import Acting
from gateway.console.following import Following
from gateway.console.frame import Frame
from gateway.console.inside import Inside
from gateway.console.ledger import Ledger
from gateway.console.lists import Lists
from gateway.console.showing import Showing
from gateway.console.signing import Signing
from gateway.console.trying import Trying
from gateway.console.zone import Zone
from gateway.errors import StoreUnavailable

METHOD_NOT_ALLOWED: Final = 405


def create_console(inside: Inside) -> Starlette:
    """The pages over these doors."""
    frame = Frame(inside)

    async def refused(request: Request, error: Exception) -> Response:
        path = request.scope["raw_path"].partition(b"?")[0].decode("latin-1")
        if request.method in ("GET", "HEAD") and path.endswith("/"):
            # What a person types: of no path with a slash at its end there is a page.
            return frame.to(f"{path.rstrip('/')}{f'?{request.url.query}' if request.url.query else ''}")
        status, given = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
        title = "Not in this way" if status == METHOD_NOT_ALLOWED else "There is no such page"
        answer = frame.said(request, status, title, "The overview leads to all there are.")
        answer.headers.update(given or {})
        return answer

    async def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, StoreUnavailable):
            return frame.unstored(request)
        return frame.said(None, 500, "Something went wrong inside", "The log has the details.")

    routes = [
        *Signing(frame, inside).routes(),
        *assets.routes(),
        *Lists(frame).routes(),
        *Ledger(frame).routes(),
        *Acting(frame).routes(),
        *Zone(frame).routes(),
        *Trying(frame).routes(),
        *Following(frame).routes(),
        *Showing(frame).routes(),
    ]
    handlers = {HTTPException: refused, StoreUnavailable: failed, Exception: failed}
    console = Starlette(routes=routes, exception_handlers=handlers)
    console.router.redirect_slashes = False
    return console
