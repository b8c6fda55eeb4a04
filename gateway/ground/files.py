"""Files that hold personal data or secrets: nobody else reads them, whatever the umask, and nobody takes them away."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

_LOOK_SECONDS: Final = 0.02
BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""An SQLite file, and what SQLite makes beside it."""


def private_folder(path: Path) -> None:
    """Make a folder, and those above it, that only its owner enters; one that is there stays. Raises OSError."""
    if path.is_dir():
        return
    private_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(PRIVATE_FOLDER)


def private_database(path: Path) -> None:
    """Make an SQLite file that only its owner reads, or take one that is there back from all others.

    Call it before the file is opened: it closes a descriptor, and that drops an open connection's locks. What SQLite
    makes beside the file has the file's own mode.

    Raises:
        OSError: it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    for each in BESIDE:
        # Somebody else's file keeps its mode: whoever gave it to us knows why.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            Path(f"{path}{each}").chmod(PRIVATE_FILE)


def lock_folder(folder: Path, seconds: float) -> int:
    """Own a folder until the returned descriptor is closed, or the process is gone; no file stands for the lock.

    Raises:
        BlockingIOError: somebody else has owned it for so many seconds.
        OSError: it cannot be locked.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    until = time.monotonic() + seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise


class InPlace:
    """Whether files are still those that they were: one that was removed or replaced is written to for nobody."""

    def __init__(self, *paths: Path) -> None:
        self._known = {str(path): _identity(str(path)) for path in paths}

    def fault(self) -> str | None:
        """Which file is gone, in words; None: all are in place."""
        for path, known in self._known.items():
            if _identity(path) != known:
                return f"{path} was removed or replaced while it was in use: put it back, or restart the gateway"
        return None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - for every commit: half the time of a Path's
    except OSError:
        return None
    return found.st_dev, found.st_ino
