"""The public doors for machines that watch: alive, ready, metrics."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.answers import reply

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def health_routes(
    *,
    alive: Callable[[], list[str]],
    ready: Callable[[], list[str]],
    metrics: Callable[[], Awaitable[bytes]],
    warnings: Callable[[], list[str]] = list,
) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`.

    `alive` and `ready` give the problems in words (none: all is well, else 503), `metrics` the exposition; what
    `warnings` says stands beside them and turns nothing red.
    """

    async def healthz(_request: Request) -> Response:
        return _health("alive", alive())

    async def readyz(_request: Request) -> Response:
        return _health("ready", ready(), warnings())

    async def exposition(_request: Request) -> Response:
        return Response(await metrics(), media_type=METRICS_TYPE, headers={"Cache-Control": "no-store"})

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", exposition, methods=["GET"]),
    ]


def _health(word: str, problems: list[str], warnings: Sequence[str] = ()) -> Response:
    said = {"warnings": list(warnings)} if warnings else {}
    return reply(503 if problems else 200, {word: not problems, "problems": problems, **said})
