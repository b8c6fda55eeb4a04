"""Posting payloads to a hook as the vendor would."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import msgspec

from gateway.cli.failure import Failure
from gateway.cli.settings import configuration
from gateway.config.model import Source
from gateway.config.urls import origin_of
from gateway.signing import Credentials, credentials_of


class Sent(msgspec.Struct, frozen=True):
    """A file and the gateway's answer to it."""

    file: Path
    status: int
    content: bytes


class Target(msgspec.Struct, frozen=True):
    """A hook's URL and the source behind it."""

    url: str
    source: Source


def target_of(config: Path, name: str, *, path: str, url: str | None) -> Target:
    """The hook of a configured source. Raises Failure, ConfigError."""
    settings = configuration(config).settings
    if name not in settings.sources:
        raise Failure(f"there is no source {name}; there are {', '.join(settings.sources) or 'none'}")
    origin = (url or origin_of(settings.server.host, settings.server.port)).rstrip("/")
    return Target(f"{origin}/hooks/{name}" + (f"/{path.lstrip('/')}" if path else ""), settings.sources[name])


def post(target: Target, payloads: Sequence[tuple[Path, bytes]], headers: Mapping[str, str]) -> Iterator[Sent]:
    """Post payloads one after another with the source's own credentials. Raises Failure."""
    with httpx.Client(timeout=60.0, trust_env=False) as client:
        for file, body in payloads:
            yield _post(client, target, file, body, headers)


def _post(client: httpx.Client, target: Target, file: Path, body: bytes, more: Mapping[str, str]) -> Sent:
    try:
        proof = (
            Credentials() if target.source.auth == "none" else credentials_of(target.source.auth[0], body, time.time)
        )
    except ValueError as error:
        raise Failure(f"cannot sign: {error}") from None
    headers = {"Content-Type": "application/json", **more, **proof.headers}
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    try:
        answer = client.post(target.url, content=body, headers=encoded, params=proof.parameters)
    except httpx.ConnectError:
        raise Failure(f"nothing answers at {target.url}: is the gateway running?") from None
    except httpx.HTTPError as error:
        raise Failure(f"{target.url} did not answer: {type(error).__name__}") from None
    return Sent(file, answer.status_code, answer.content)
