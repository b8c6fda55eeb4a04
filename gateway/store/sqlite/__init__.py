"""The embedded engine: one SQLite file, one writer, read-only readers."""

from gateway.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
