"""What stands before the pages: signing in and out, whence a change may come, and the headers of every answer."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.config.urls import is_loopback

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
LOGIN: Final = "/console/login"
ZONE_COOKIE: Final = "gateway-zone"
"""Names a time zone, no more: the browser's script may write it."""

_SECURE, _PLAIN = "__Host-gateway", "gateway-session"


def is_local(request: Request) -> bool:
    """Whether the browser knows us by a name that never leaves its machine."""
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return is_loopback(name or "")


def origin(request: Request) -> str:
    """Where the browser reaches us: by https, but on this machine."""
    return f"{'http' if is_local(request) else 'https'}://{request.headers.get('host', '')}"


def is_near(request: Request) -> bool:
    """Whether the connection comes from this machine."""
    return request.client is not None and is_loopback(request.client.host)


def is_ours(request: Request) -> bool:
    """Whether a change comes from a page of ours: Fetch Metadata, or the Origin where a browser does not send it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("origin", ""))
    except ValueError:
        return False
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


def is_plain(request: Request) -> bool:
    """Whether a form came by plain http from afar: then a cookie would pass in the clear."""
    return not is_local(request) and request.headers.get("origin", "").startswith("http://")


def cookie_of(request: Request) -> str | None:
    """The session's cookie, if there is one."""
    return request.cookies.get(_PLAIN if is_local(request) else _SECURE)


def give_cookie(request: Request, answer: Response, cookie: str) -> None:
    """Sign in: for this host alone, for no script, and for no other site's request."""
    local = is_local(request)
    name = _PLAIN if local else _SECURE
    answer.set_cookie(name, cookie, path="/", secure=not local, httponly=True, samesite="strict")


def take_cookie(request: Request, answer: Response) -> None:
    """Sign out."""
    local = is_local(request)
    name = _PLAIN if local else _SECURE
    answer.delete_cookie(name, path="/", secure=not local, httponly=True, samesite="strict")
