"""PgBouncer before the tests' PostgreSQL, in transaction mode: each transaction may come to another connection."""

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Final, Self

import psycopg

from gateway.workshop.postgres import NOBODY, OWNER
from tests.postgres import shared
from tests.processes import end_with_us, free_port

CONNECTIONS: Final = 6
"""To the database, for however many come: half as many as three replicas have lanes."""

SETTINGS: Final = """
[databases]
* = host={socket} user={owner}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
"""


class Pooler:
    """Use as `with Pooler(folder_of_the_servers_socket) as pooler`; `stop` and `start` as often as wanted."""

    def __init__(self, socket: Path) -> None:
        program = shutil.which(os.environ.get("PGBOUNCER", "pgbouncer"))
        assert program is not None, "no PgBouncer: `make test-system` brings it, or says what is missing"
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pooler-", dir="/tmp"))
        settings = SETTINGS.format(socket=socket, owner=OWNER, port=self.port, connections=CONNECTIONS)
        # Those that can keep statements for their clients are told not to: the old ones cannot.
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if tuple(map(int, told.split()[1].split(".")[:2])) >= (1, 21):
            settings += "max_prepared_statements = 0\n"
        file = self.folder / "pgbouncer.ini"
        file.write_text(settings)
        self.folder.chmod(0o755)
        self._command = [program, "--quiet", str(file)]
        # It refuses to be root's, as the server does.
        self._as_whom = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=end_with_us,  # noqa: PLW1509 - nothing but a call of the system's
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

    def stop(self) -> None:
        """End it at once, with every connection through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def url(self, database: str) -> str:
        """A database's address, through it."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"


@cache
def pooled() -> Pooler:
    """Before the server of this process' tests, gone with it."""
    pooler = Pooler(shared().folder)
    atexit.register(pooler.__exit__)
    pooler.start()
    return pooler


def address(database: str) -> str:
    """A database's address, through the pooler."""
    return pooled().url(database.partition("@/")[2].partition("?")[0])
