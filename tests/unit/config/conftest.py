"""A small good configuration, and a way to read a changed one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from adapters import Adapter, Api, Identity, Ignored, OptionsModel, Secret
from gateway.config.load import load
from gateway.config.model import Config
from gateway.errors import ConfigError

ENVIRON = {"API_TOKEN": "token-of-the-operators", "SECRET": "secret-of-the-tenant-demo", "PASSWORD": "password-of-acme"}

GOOD = """
api: {token: "${API_TOKEN}"}
tenants:
  demo: {intake_url: "https://trackely.example/api/integrations/wms/demo", secret: "${SECRET}"}
sources:
  acme:
    adapter: acme
    tenant: demo
    auth: [{type: basic, username: acme, password: "${PASSWORD}"}]
"""


class AcmeOptions(OptionsModel, frozen=True):
    time_zone: str = "UTC"
    every: Annotated[float, "span"] | None = None
    goods_owners: dict[str, str] = msgspec.field(default_factory=dict)
    base_url: str | None = None
    password: Secret | None = None

    def __post_init__(self):
        if self.time_zone == "Nowhere":
            raise ValueError("time_zone: not a time zone; see the list")
        if self.password == "password-told":
            raise ValueError(f"the password {self.password} is known to all")


def api_of(options: AcmeOptions) -> Api | None:
    return Api(base_url=options.base_url) if options.base_url else None


ACME = Adapter(
    name="acme",
    version="1",
    options=AcmeOptions,
    identify=lambda _hook: Identity("1"),
    translate=lambda _hook, _options, _answers: Ignored("acme ships nothing"),
    tenants=lambda options: options.goods_owners.values(),
    api=api_of,
)


def find(reference: str, directory: Path) -> Adapter:
    if reference != "acme":
        raise LookupError(f"unknown adapter {reference} in {directory.name}")
    return ACME


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Config]:
    """Reads a text as a configuration file."""

    def reading(text: str, environ: Mapping[str, str] = ENVIRON) -> Config:
        file = tmp_path / "config.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file, environ, find)

    return reading


@pytest.fixture
def faults(read: Callable[..., Config]) -> Callable[..., dict[str, str]]:
    """Reads a text that does not do: path -> what was wrong there."""

    def reading(text: str, environ: Mapping[str, str] = ENVIRON) -> dict[str, str]:
        with pytest.raises(ConfigError) as raised:
            read(text, environ)
        return {fault.path: fault.detail for fault in raised.value.faults}

    return reading
