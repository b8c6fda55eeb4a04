"""What of a configuration may change while the gateway runs."""

import pytest

from adapters import Secret
from gateway.config import (
    ApiAccess,
    ApiToken,
    Basic,
    Bearer,
    Config,
    ConfiguredSource,
    Limits,
    Settings,
    Source,
    Tenant,
    restart_needed,
    secrets_changed,
)

from .conftest import ACME, AcmeOptions


def config(*, auth=None, token="t-1", timeout=30.0, pull="p-1", limits=None, options=None, **rest) -> Config:
    source = Source(adapter="acme", tenant="demo", auth=[Bearer(token=Secret("h-1"))] if auth is None else auth)
    settings = Settings(
        tenants={
            "demo": Tenant(intake_url="https://intake.example/", secret=Secret("s"), timeout=timeout),
            "pulled": Tenant(delivery="pull", pull_secret=pull if isinstance(pull, list) else Secret(pull)),
        },
        sources={"acme": source},
        api=ApiAccess(tokens=[ApiToken(name="night", token=Secret(token), **rest)]),
        limits=limits or Limits(),
    )
    options = AcmeOptions() if options is None else options
    sources = {"acme": ConfiguredSource(name="acme", settings=source, adapter=ACME, options=options)}
    return Config(settings=settings, sources=sources, store_path="/s", directory="/d")


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({}, []),
        ({"token": "t-2"}, ["api.tokens.0.token"]),
        ({"pull": "p-2"}, ["tenants.pulled.pull_secret"]),
        ({"pull": [Secret("p-1"), Secret("p-2")]}, ["tenants.pulled.pull_secret"]),
        ({"auth": [Bearer(token=Secret("h-2"))]}, ["sources.acme.auth.0.token"]),
        ({"auth": [Bearer(token=[Secret("h-1"), Secret("h-2")])]}, ["sources.acme.auth.0.token"]),
    ],
)
def test_secrets_need_no_restart_and_are_named(changed, keys):
    """Another secret, or another number of those that are live at once."""
    assert restart_needed(config(), config(**changed)) == []
    assert secrets_changed(config(), config(**changed)) == keys


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({"timeout": 5.0}, ["tenants.demo.timeout"]),
        ({"limits": Limits(max_body=1)}, ["limits.max_body"]),
        ({"role": "admin"}, ["api.tokens.0.role"]),
        ({"auth": "none"}, ["sources.acme.auth"]),
        ({"auth": []}, ["sources.acme.auth.0"]),
        ({"auth": [Basic(username="u", password=Secret("p"))]}, ["sources.acme.auth.0"]),
        ({"options": AcmeOptions(time_zone="Europe/Oslo")}, ["sources.acme.options.time_zone"]),
        ({"options": AcmeOptions(goods_owners={"74": "demo"})}, ["sources.acme.options.goods_owners.74"]),
        ({"options": AcmeOptions(password=Secret("first"))}, ["sources.acme.options.password"]),
        ({"timeout": 5.0, "role": "admin"}, ["api.tokens.0.role", "tenants.demo.timeout"]),
    ],
)
def test_everything_else_does(changed, keys):
    """Each key that differs is named."""
    assert restart_needed(config(), config(**changed)) == keys


def test_secrets_of_options_need_none_either():
    """A vendor's password may be rotated."""
    before, after = (config(options=AcmeOptions(password=Secret(each))) for each in ("one", "two"))

    assert restart_needed(before, after) == []


def test_a_source_that_came_or_went_is_named():
    """What is there in one alone."""
    without = config()
    without.sources.clear()

    assert restart_needed(config(), without) == ["sources.acme"]
