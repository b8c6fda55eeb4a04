"""The configuration: one annotated YAML file, read strictly.

`load` gives a checked `Config` or raises ConfigError with every fault at once; the shapes are in `model.py`.
"""

from gateway.config.differences import Change
from gateway.config.load import load, load_options, secrets_of, warnings_of
from gateway.config.model import (
    Address,
    ApiAccess,
    ApiToken,
    Backoff,
    Batching,
    Config,
    ConfiguredSource,
    Console,
    EmbeddedIntake,
    IntakeCustomer,
    Limits,
    Pull,
    Retention,
    Server,
    Settings,
    Source,
    Tenant,
)
from gateway.config.proofs import Basic, Bearer, Header, Hmac, Proof, PublicKey, Query, StandardWebhooks
from gateway.config.quantities import size, span
from gateway.config.shown import Setting, shown
from gateway.config.urls import embedded_tenant, fault_of_url, is_loopback, normal_url, origin_of

__all__ = [
    "Address",
    "ApiAccess",
    "ApiToken",
    "Backoff",
    "Basic",
    "Batching",
    "Bearer",
    "Change",
    "Config",
    "ConfiguredSource",
    "Console",
    "EmbeddedIntake",
    "Header",
    "Hmac",
    "IntakeCustomer",
    "Limits",
    "Proof",
    "PublicKey",
    "Pull",
    "Query",
    "Retention",
    "Server",
    "Setting",
    "Settings",
    "Source",
    "StandardWebhooks",
    "Tenant",
    "embedded_tenant",
    "fault_of_url",
    "is_loopback",
    "load",
    "load_options",
    "normal_url",
    "origin_of",
    "secrets_of",
    "shown",
    "size",
    "span",
    "warnings_of",
]
