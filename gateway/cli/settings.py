"""What the command line reads of the configuration."""

import os
from pathlib import Path

import msgspec

from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.urls import origin_of
from gateway.registry import find_adapter

_RANKS = ("read", "operate", "admin")


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

    $GATEWAY_API_TOKEN stands above the configuration's token; with it and `url` no configuration is read.
    """
    token = os.environ.get("GATEWAY_API_TOKEN", "")
    if url is not None and token:
        return Access(url.rstrip("/"), url.rstrip("/"), token)
    config = configuration(path)
    server = config.settings.server
    hooks = origin_of(server.host, server.port)
    api = hooks if server.admin is None else origin_of(server.admin.host, server.admin.port)
    if url is not None:
        hooks = api = url.rstrip("/")
    return Access(hooks, api, token or _token(config))


def _token(config: Config) -> str:
    """The configured token that may do most."""
    access = config.settings.api
    if access.token:
        return access.token
    ranked = sorted(access.tokens, key=lambda entry: _RANKS.index(entry.role))
    return ranked[-1].token if ranked else ""
