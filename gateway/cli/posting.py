"""Posting payloads to a hook as the vendor would."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

from adapters import Hook
from gateway.cli.failure import Failure
from gateway.config.model import Source
from gateway.config.parts import Parts
from gateway.config.urls import origin_of
from gateway.ingress.verify import compile_proofs
from gateway.workshop.kit.samples import captured
from gateway.workshop.signing import proof_of

HOP_HEADERS: Final = frozenset(
    {
        *("host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"),
        *("expect", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"),
    }
)
"""Headers that tell of the connection that a request was captured on: this one is another."""


_UNSENDABLE = "a header, by its name or its value, is none that can be sent"


class Sent(msgspec.Struct, frozen=True):
    """A file and the gateway's answer to it."""

    file: Path
    status: int
    content: bytes


class Target(msgspec.Struct, frozen=True):
    """A hook's URL and the source behind it."""

    url: str
    source: Source


def target_of(config: Path, name: str, *, url: str | None) -> Target:
    """The hook of a configured source. Raises Failure, ConfigError."""
    parts = Parts(config, os.environ)
    if name not in parts.sources:
        raise Failure(f"there is no source {name}; there are {', '.join(parts.sources) or 'none'}")
    origin = (url or origin_of(parts.server.host, parts.server.port)).rstrip("/")
    return Target(f"{origin}/hooks/{name}", parts.source(name))


def post(
    target: Target, payloads: Sequence[tuple[Path, bytes]], headers: Mapping[str, str], *, path: str
) -> Iterator[Sent]:
    """Post payloads, or captured requests, one after another with the source's own credentials. Raises Failure.

    `headers` and `path` stand above those of a captured request.
    """
    with httpx.Client(timeout=60.0, trust_env=False) as client:
        for file, raw in payloads:
            hook = captured(raw) or Hook(raw)
            given = {**hook.headers, **{name.lower(): value for name, value in headers.items()}}
            yield _post(client, target, file, msgspec.structs.replace(hook, headers=given, path=path or hook.path))


def _post(client: httpx.Client, target: Target, file: Path, hook: Hook) -> Sent:
    try:
        headers, parameters = _proven(target.source, hook)
    except ValueError as error:
        raise Failure(f"cannot sign: {error}") from None
    url = f"{target.url}/{hook.path.lstrip('/')}" if hook.path else target.url
    if not all(map(str.isascii, headers)):
        raise Failure(_UNSENDABLE)
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    try:
        answer = client.post(url, content=hook.body, headers=encoded, params=parameters)
    except httpx.ConnectError:
        raise Failure(f"nothing answers at {target.url}: is the gateway running?") from None
    except httpx.InvalidURL:
        raise Failure("the path is none that a URL can have") from None
    except httpx.LocalProtocolError:
        raise Failure(_UNSENDABLE) from None
    except httpx.HTTPError as error:
        raise Failure(f"{target.url} did not answer: {type(error).__name__}") from None
    return Sent(file, answer.status_code, answer.content)


def _proven(source: Source, hook: Hook) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and parameters with a proof of ours; one that was captured is out of date, or another's."""
    proof = proof_of(source.auth, hook.body, time.time)
    old = compile_proofs(source.auth, time.time_ns)
    dropped = HOP_HEADERS | {name.decode() for name in old.hides} | {"authorization"}
    kept = {name: value for name, value in hook.headers.items() if name not in dropped}
    parameters = {name: value for name, value in hook.parameters.items() if name not in old.hidden_parameters}
    ours = {name.lower(): value for name, value in proof.headers.items()}
    return {"content-type": "application/json", **kept, **ours}, {**parameters, **proof.parameters}
