"""The public doors for machines that watch."""

import httpx
import pytest
from starlette.applications import Starlette

from gateway.api import health_routes


@pytest.mark.parametrize("problems", [[], ["the loop delivery has not moved for a minute"]])
async def test_problems_turn_the_doors_red(problems):
    """`/healthz` and `/readyz` are 200 without problems and 503 with their words; `/metrics` is as it was given."""

    async def metrics():
        return b"up 1\n"

    app = Starlette(routes=health_routes(alive=lambda: problems, ready=lambda: problems, metrics=metrics))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g") as client:
        alive, is_ready, figures = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert (alive.status_code, alive.json()) == (
        503 if problems else 200,
        {"alive": not problems, "problems": problems},
    )
    assert (is_ready.status_code, is_ready.json()["ready"]) == (503 if problems else 200, not problems)
    assert (figures.content, figures.headers["Content-Type"]) == (b"up 1\n", "text/plain; version=0.0.4; charset=utf-8")
