"""The style, the scripts and whose they are, each under a name that holds its digest, and so kept for ever."""

import hashlib
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console import door

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOLDER: Final = resources.files(__package__).joinpath("assets")
_KEPT: Final = {**door.HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}


def _named() -> dict[str, tuple[str, bytes]]:
    """Each file's path and bytes by its name."""
    named = {}
    for file in _FOLDER.iterdir():
        stem, _, kind = file.name.rpartition(".")
        if kind in _TYPES:
            content = file.read_bytes()
            named[file.name] = (f"/console/assets/{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}", content)
    return named


_ASSETS: Final = _named()


def path_of(name: str) -> str:
    """Where a file is served."""
    return _ASSETS[name][0]


def routes() -> list[Route]:
    """All of them, for everybody."""
    return [_route(path, content, _TYPES[name.rpartition(".")[2]]) for name, (path, content) in _ASSETS.items()]


def _route(path: str, content: bytes, media_type: str) -> Route:
    async def asset(_request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_KEPT)

    return Route(path, asset)
