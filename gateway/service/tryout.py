"""The try-out's process, started by `Tryouts` and by nobody else."""

import socket
from pathlib import Path

import msgspec

from gateway.drift.expected import golden_folders_of
from gateway.golden.cases import load_cases
from gateway.golden.judging import problems_of_cases, watched
from gateway.ground.frames import Blocking
from gateway.ground.watchdog import Watchdog
from gateway.registry import find_adapter


def problems_of(reference: str, directory: Path, source: bytes) -> list[str]:
    """Why an adapter's code does not load, or which of its golden cases do not come out as expected."""
    try:
        adapter = find_adapter(reference, directory, source)
        cases = [case for folder in golden_folders_of(adapter) for case in load_cases(folder)]
    except LookupError as error:
        return [str(error.args[0])]
    except (OSError, ValueError, TypeError) as error:
        return [f"its golden cases cannot be read: {error}"]
    return [f"golden case {each}" for each in problems_of_cases(adapter, cases, watched(Watchdog()))]


def main(end: socket.socket, reference: str, directory: str) -> None:
    """Answer the one frame that comes, an adapter's code, with a JSON array of what is wrong with it."""
    channel = Blocking(end)
    question, source = next(iter(channel))
    channel.send(question, msgspec.json.encode(problems_of(reference, Path(directory), source)))
