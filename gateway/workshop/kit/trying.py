"""`gateway adapter try`: captures, with the proofs they came with, through a throw-away gateway and intake.

Over real HTTP; the gateway's folder goes with it. What an adapter looks up is asked of the API that its options name.
"""

import asyncio
import os
import secrets
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from adapters import Hook
from gateway.config.load import load
from gateway.events import OPEN, EventStatus
from gateway.golden.cases import is_refused
from gateway.registry import find_adapter
from gateway.service.running import running
from gateway.serving import listen
from gateway.workshop.kit.samples import captured

PATIENCE_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.05
TENANT, SOURCE, HOST = "tried", "tried", "127.0.0.1"
FORGED: Final = "wrong_proof"
"""In a capture's name: its proof is wrong. Of a golden case, `expected.json` says `refused`."""

_DENIED: Final = 401
_OF_THE_CONNECTION: Final = frozenset({"host", "content-length", "connection", "transfer-encoding", "expect"})


class Capture(msgspec.Struct, frozen=True):
    """A request by its file's name; `is_forged`: its proof is wrong, and it must be refused."""

    name: str
    hook: Hook
    is_forged: bool = False


class Tried(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a capture: the answer, and the event's status with its reason."""

    name: str
    http_status: int
    event_id: str | None
    status: str
    reason: str | None = None
    is_forged: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it was taken and is no dead letter nor still under way; of a forged one, whether it was not."""
        if self.is_forged:
            return self.http_status == _DENIED
        return self.status not in {EventStatus.DEAD, *OPEN, "refused"}


class Trial(msgspec.Struct, frozen=True):
    """What became of all of them, and the orders that the intake has then."""

    captures: list[Tried]
    orders: list[dict[str, Any]]

    @property
    def is_good(self) -> bool:
        """Whether each came to what it should."""
        return bool(self.captures) and all(each.is_good for each in self.captures)


class _Setting(msgspec.Struct, frozen=True):
    """What the throw-away gateway is made of."""

    reference: str
    options: str
    auth: str
    token: str


def read_captures(folder: Path) -> list[Capture]:
    """The captured requests and bodies of a folder, golden cases too, by name. Raises OSError."""
    found = sorted([*folder.glob("*.http"), *folder.glob("*.json")])
    made = [
        Capture(file.name, captured(raw := file.read_bytes()) or Hook(raw), FORGED in file.stem.lower())
        for file in found
    ]
    for body in sorted(folder.glob("*/body.json")):
        given = body.parent / "hook.json"
        request = msgspec.json.decode(given.read_bytes(), type=dict[str, Any]) if given.exists() else {}
        made.append(Capture(body.parent.name, Hook(body.read_bytes(), **request), is_refused(body.parent)))
    return made


def try_out(reference: str, captures: Sequence[Capture], options: str, auth: str) -> Trial:
    """Send the captures one after another; `options` and `auth` of the source are YAML, as in the configuration.

    Raises:
        ConfigError: the adapter does not load, or its options or `auth` do not do.
    """
    setting = _Setting(reference, options, auth, secrets.token_urlsafe(24))
    with tempfile.TemporaryDirectory(prefix="trackely-try-") as folder:
        return asyncio.run(_try(setting, captures, Path(folder)))


async def _try(setting: _Setting, captures: Sequence[Capture], folder: Path) -> Trial:
    async with (
        _gateway(setting, folder) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30.0) as client,
    ):
        client.headers["Authorization"] = f"Bearer {setting.token}"
        sent = [await _send(client, url, each) for each in captures]
        done = [await _outcome(client, each) for each in sent]
        told = (await client.get("/api/v1/orders", params={"tenant": TENANT, "limit": "1000"})).json()
    return Trial(done, [each["order"] | {"status": each["status"]} for each in told["orders"] if each["order"]])


@asynccontextmanager
async def _gateway(setting: _Setting, folder: Path) -> AsyncIterator[str]:
    listener = listen(HOST, 0)
    with listener, (folder / "log").open("w", encoding="utf-8") as log:
        port = int(listener.getsockname()[1])
        url = f"http://{HOST}:{port}"
        file = folder / "config.yaml"
        file.write_text(_configuration(setting, url, port), encoding="utf-8")
        config = load(file, os.environ, find_adapter)
        async with running(config, given={"hooks": listener}, log_to=log):
            yield url


def _configuration(setting: _Setting, url: str, port: int) -> str:
    tenant = {
        "intake_url": f"{url}/api/integrations/wms/{TENANT}",
        "secret": secrets.token_urlsafe(24),
        "batch": {"linger": 0.01},
    }
    parts = {
        "server": {"host": HOST, "port": port},
        "api": {"token": setting.token},
        "intake": {"embedded": True},
        "tenants": {TENANT: tenant},
    }
    lines = [f"{name}: {msgspec.json.encode(part).decode()}" for name, part in parts.items()]
    source = f"  {SOURCE}:\n    adapter: {msgspec.json.encode(setting.reference).decode()}\n    tenant: {TENANT}\n"
    given = {"auth": setting.auth, "options": setting.options}
    source += "".join(f"    {name}:\n{textwrap.indent(text, ' ' * 6)}\n" for name, text in given.items())
    return "\n".join([*lines, "sources:", source])


async def _send(client: httpx.AsyncClient, url: str, capture: Capture) -> Tried:
    """Post a capture as it came, with no proof of ours."""
    hook = capture.hook
    headers = {name: value for name, value in hook.headers.items() if name not in _OF_THE_CONNECTION}
    path = f"/hooks/{SOURCE}/{hook.path}" if hook.path else f"/hooks/{SOURCE}"
    request = client.build_request(
        "POST",
        url + path,
        content=hook.body,
        params=hook.parameters,
        headers=list(_encoded({"content-type": "application/json", "authorization": "", **headers})),
    )
    if "authorization" not in headers:
        del request.headers["authorization"]
    answer = await client.send(request)
    told = answer.json()
    event_id = told.get("eventId")
    detail = told.get("detail") or (told.get("problem") or {}).get("detail")
    status = "refused" if event_id is None else ""
    return Tried(capture.name, answer.status_code, event_id, status, detail, capture.is_forged)


def _encoded(headers: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    yield from ((name.encode(), value.encode()) for name, value in headers.items())


async def _outcome(client: httpx.AsyncClient, sent: Tried) -> Tried:
    """What the event came to; as far as it is, where it does not end in time."""
    if sent.event_id is None:
        return sent
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        told = (await client.get("/api/v1/events", params={"eventId": sent.event_id})).json()["events"]
        event: dict[str, Any] = told[0] if told else {"status": EventStatus.RECEIVED, "reason": None}
        if event["status"] not in OPEN or asyncio.get_running_loop().time() > until:
            reason = event["reason"] or {}
            said = ": ".join(reason[part] for part in ("code", "detail") if reason.get(part)) or sent.reason
            return msgspec.structs.replace(sent, status=event["status"], reason=said)
        await asyncio.sleep(LOOK_SECONDS)
