"""What the command line reads of the configuration."""

import os
from pathlib import Path

import msgspec

from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.parts import Parts
from gateway.config.urls import origin_of
from gateway.registry import find_adapter


def configuration(path: Path) -> Config:
    """The configuration with its adapters loaded. Raises ConfigError with every fault."""
    return load(path, os.environ, find_adapter)


class Access(msgspec.Struct, frozen=True):
    """Where the running gateway's doors are, and the token for the operators'."""

    hooks: str
    api: str
    token: str


def access_to(path: Path, url: str | None) -> Access:
    """The gateway that the configuration describes, or the one at `url`.

    $GATEWAY_API_TOKEN stands above the configuration's token; with it and `url` no configuration is read, and otherwise
    no more of it than it takes: a secret of a vendor's need not be set where somebody only looks.
    """
    token = os.environ.get("GATEWAY_API_TOKEN", "")
    if url is not None and token:
        return Access(url.rstrip("/"), url.rstrip("/"), token)
    parts = Parts(path, os.environ)
    server = parts.server
    hooks = origin_of(server.host, server.port)
    api = hooks if server.admin is None else origin_of(server.admin.host, server.admin.port)
    if url is not None:
        hooks = api = url.rstrip("/")
    return Access(hooks, api, token or parts.token)
