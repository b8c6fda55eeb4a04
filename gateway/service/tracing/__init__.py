"""The extra `tracing`: OpenTelemetry's spans of hooks, translations, lookups and attempts; imported where it is on.

Over the store spans are linked, not nested: an event's hook has the ids that follow from its key, so that whoever meets
the event later, in whichever process or after a restart, knows them without having been told.
"""

from gateway.service.tracing.rooms import Tracing

__all__ = ["Tracing"]
