"""A gateway as a service manager starts it: its listening socket outlives it."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.processes import Gateway, end_with_us, environment, eventually


def handing_over(command: list[str], *descriptors: int) -> list[str]:
    """The command, these descriptors being its first ones, as a service manager starts it."""
    script = (
        "import fcntl, os, sys\n"
        "copies = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in sys.argv[1].split(',')]\n"
        "for place, copy in enumerate(copies): os.dup2(copy, 3 + place)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    return [sys.executable, "-c", script, ",".join(map(str, descriptors)), *command]


class Managed(Gateway):
    """A gateway whose listening socket belongs to whoever starts it."""

    def __init__(self, folder: Path, tenants: dict[str, object], **settings: object) -> None:
        super().__init__(folder, tenants, **settings)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(2048)

    def begin(self, *, named: bool = False, **variables: str) -> subprocess.Popen[bytes]:
        """Start as a service manager does, without waiting."""
        number = self.listener.fileno()
        command = [sys.executable, *self.program, "--config", str(self.file)]
        env = {**environment(), **variables}
        if named:
            env |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "hooks"}
            command = handing_over(command, number)
        else:
            command += ["--fd", str(number)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[number],
                preexec_fn=end_with_us,  # noqa: PLW1509 - nothing but a call of the system's
            )  # fmt: skip
        return self._process

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.listener.close()

    def start(self) -> None:
        self.begin()
        assert eventually(self.is_ready, within=60) is True, self.log.read_text()

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TimeoutException):
            return super().is_ready()
        return False
