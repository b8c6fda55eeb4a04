"""A real PostgreSQL for tests, from a wheel: one server for each process that runs tests, a database for each test."""

import atexit
import itertools
import os
import signal
import time
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from gateway.store.postgresql.migrating import migrate
from gateway.workshop.postgres import OWNER, Postgres

STANDBY = "standby"

_WIDENED = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN newer bigint', name);
    END LOOP;
END $$
"""


class Server(Postgres):
    """With `of` it is a standby of that server, by streaming replication: over its socket, or `through` a port."""

    def __init__(self, of: "Server | None" = None, through: int | None = None, **settings: str) -> None:
        self._of, self._through = of, through
        self._numbers = itertools.count(1)
        self._templates: set[str] = set()
        super().__init__(**{"max_connections": "60", "shared_buffers": "16MB", **settings})

    def _make(self) -> None:
        if self._of is None:
            super()._make()
            return
        host = f"host={self._of.folder}" if self._through is None else f"host=127.0.0.1 port={self._through}"
        address = f"{host} user={OWNER} application_name={STANDBY}"
        self._run("pg_basebackup", "-d", address, "--write-recovery-conf", "--checkpoint=fast")

    def signal(self, what: signal.Signals) -> None:
        """Send a signal to it and to all its processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for each in [self.pid, *map(int, children)]:
            os.kill(each, what)

    def promote(self) -> None:
        """Make a standby one that can be written to."""
        self.run("SELECT pg_promote()")

    def wait_for_standby(self) -> None:
        """From now on a commit waits for the standby, which is connected when this returns."""
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'", "SELECT pg_reload_conf()")
        end = time.monotonic() + 30
        while self.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 0:
            assert time.monotonic() < end
            time.sleep(0.02)

    def ask(self, statement: str, database: str = "postgres") -> Any:
        """The first value that a statement finds."""
        found = self.rows(statement, database)
        return found[0][0] if found else None

    def rows(self, statement: str, database: str = "postgres") -> list[Any]:
        """What a statement finds."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / ".s.PGSQL.5432"

    def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def database(self, *, is_newer: bool = True) -> str:
        """Make a database with today's schema, and give its address.

        As a rule a newer program has been there already: every table has a column of which this one does not know.
        """
        template = "template_newer" if is_newer else "template_gateway"
        if template not in self._templates:
            self.run(f"CREATE DATABASE {template}")
            with psycopg.connect(self.url(template), autocommit=True) as connection:
                migrate(connection)
                if is_newer:
                    connection.execute(_WIDENED)
            self._templates.add(template)
        return self.empty(template)

    def empty(self, template: str = "template1") -> str:
        """Make a database without a schema, and give its address."""
        name = f"test_{next(self._numbers)}"
        # File by file: through the log it costs three times as much.
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)


@cache
def shared() -> Server:
    """The server of this process' tests, gone with it. It keeps nothing through a crash, and is the faster for it."""
    server = Server(fsync="off", full_page_writes="off", autovacuum="off")
    atexit.register(server.close)
    server.start()
    return server


serving = Server
"""A server of a test's own, gone afterwards."""
