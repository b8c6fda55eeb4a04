"""What of a configuration may change while the gateway runs."""

import pytest
from msgspec.structs import replace

from adapters import Secret
from gateway.config.differences import Change
from gateway.config.model import (
    ApiAccess,
    ApiToken,
    Config,
    ConfiguredSource,
    EmbeddedIntake,
    Limits,
    Server,
    Settings,
    Source,
    Tenant,
)
from gateway.config.proofs import Basic, Bearer

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
    change = Change.between(config(), config(**changed))

    assert (change.is_of_secrets_alone, change.needs_restart, change.changed) == (True, [], keys)


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
def test_everything_else_is_named(changed, keys):
    """Each key that differs, and none of them waits for a restart."""
    change = Change.between(config(), config(**changed))

    assert (change.is_of_secrets_alone, change.needs_restart, change.changed) == (False, [], keys)


def test_secrets_of_options_are_secrets():
    """A vendor's password may be rotated."""
    before, after = (config(options=AcmeOptions(password=Secret(each))) for each in ("one", "two"))

    assert Change.between(before, after).is_of_secrets_alone


def test_a_source_that_came_or_went_is_named():
    """What is there in one alone, and everything else is as it was."""
    without = replace(config(), sources={}, settings=replace(config().settings, sources={}))
    change = Change.between(config(), without)

    assert (change.changed, change.unchanged) == (
        ["sources.acme"],
        len(Settings.__struct_fields__) - 2 + len(config().settings.tenants),
    )


def test_what_needs_a_restart_stays_as_it_was():
    """The addresses, the store and the embedded intake; the rest is taken over."""
    read = replace(config(timeout=5.0), store_path="/other")
    read = replace(read, settings=replace(read.settings, server=Server(port=1), intake=EmbeddedIntake(embedded=True)))
    change = Change.between(config(), read)

    assert change.needs_restart == ["intake.embedded", "server.port", "store"]
    assert change.changed == ["tenants.demo.timeout"]
    assert (change.config.settings.server.port, change.config.store_path) == (Server().port, "/s")
    assert change.config.settings.tenants["demo"].timeout == 5
