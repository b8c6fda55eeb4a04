"""`gateway serve`, and the short way to it, past the tree of all commands: that is a fifth of a start."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gateway.cli.ending import code_of
from gateway.ground.imports import leaving_out

DEFAULT_CONFIG: Final = Path("config.yaml")
CONFIG_VARIABLE: Final = "GATEWAY_CONFIG"

FOR_PEOPLE: Final = ("rich", "httpx._main")
"""What structlog and httpx load where it is installed, to draw on a terminal: a fifth of what a server imports."""


def asked_plainly(arguments: Sequence[str], environ: Mapping[str, str]) -> Callable[[], int] | None:
    """What serves, and gives the exit code, where that is asked for; None: the tree of commands knows what is meant."""
    options = plain_options(arguments, environ)
    return None if options is None else lambda: code_of(lambda: serve(*options))


def plain_options(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[Path, Sequence[int]] | None:
    """The configuration's file and the descriptors of a `serve`; None: something else is asked, or asked otherwise."""
    command, *options = arguments or ("",)
    if command != "serve" or len(options) % 2:
        return None
    config, descriptors = environ.get(CONFIG_VARIABLE) or str(DEFAULT_CONFIG), list[int]()
    for name, value in zip(options[::2], options[1::2], strict=True):
        if name == "--config" and value and not value.startswith("-"):
            config = value
        elif name == "--fd" and value.isascii() and value.isdecimal():
            descriptors.append(int(value))
        else:
            return None
    return Path(config), descriptors


def serve(config: Path, descriptors: Sequence[int]) -> None:
    """Run the gateway until it is stopped by a signal."""
    import asyncio  # noqa: PLC0415 - the other commands start without the rooms

    import uvloop  # noqa: PLC0415 - as above

    with leaving_out(*FOR_PEOPLE):
        from gateway.config.file import ConfigurationFile  # noqa: PLC0415 - as above
        from gateway.registry import find_adapter  # noqa: PLC0415 - as above
        from gateway.service.ahead import start_processes  # noqa: PLC0415 - as above

    file = ConfigurationFile(config, os.environ)
    loaded = file.load(find_adapter)
    start_processes(loaded)
    with leaving_out(*FOR_PEOPLE):
        from gateway.service import running  # noqa: PLC0415 - most of a start: the other processes start beside it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(running.serve(loaded, file=file, descriptors=descriptors))
