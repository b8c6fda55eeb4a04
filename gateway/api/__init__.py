"""The operators' API."""

from gateway.api.app import CALLS, PREFIX, create_api
from gateway.api.doors import Audit, Deliveries, Doors, Lookups, Refusals
from gateway.api.health import health_routes
from gateway.records import LookupHalt

__all__ = [
    "CALLS",
    "PREFIX",
    "Audit",
    "Deliveries",
    "Doors",
    "LookupHalt",
    "Lookups",
    "Refusals",
    "create_api",
    "health_routes",
]
