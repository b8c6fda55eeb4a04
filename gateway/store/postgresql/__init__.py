"""The PostgreSQL engine: a database in the place of a file, and one gateway that serves it."""

from gateway.store.postgresql.store import PostgresStore as PostgresStore
