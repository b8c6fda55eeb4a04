"""The OpenAPI document tells the truth about the API."""

import asyncio
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest
import uvicorn
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.api import CALLS, PREFIX, create_api


class Announcing(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config):
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.is_listening.set()


@pytest.fixture
async def origin(doors) -> AsyncIterator[str]:
    """The API on a real socket; failures are not limited, since most requests to come fail on purpose."""
    app = create_api(msgspec.structs.replace(doors, turned_away=lambda _reason, _address: None))
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, http="httptools", ws="none")
    server = Announcing(config)
    serving = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_the_document_is_valid(api):
    """`/openapi.json` needs no token, validates as OpenAPI 3.1 and describes every call."""
    answer = await api.get("/openapi.json", headers={"Authorization": ""})

    OpenAPIV31SpecValidator(answer.json()).validate()
    described = {(method.upper(), path) for path, calls in answer.json()["paths"].items() for method in calls}
    assert described == {(call.method, f"{PREFIX}/{call.path.replace(':path', '')}") for call in CALLS}


async def test_generated_requests_find_nothing(origin, tmp_path):
    """Requests generated from the document, valid and invalid, find no answer that it does not describe."""
    runner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{origin}/openapi.json"),
        *("--header", "Authorization: Bearer administering-token", "--checks", "all", "--max-examples", "6"),
        # An answer that has no end would be waited for.
        *("--seed", "1", "--no-color", "--exclude-path", f"{PREFIX}/stream"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await runner.communicate()

    assert runner.returncode == 0, told.decode()
