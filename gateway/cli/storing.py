"""`gateway store`: the schema brought up to date, and the whole store copied into another place."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from gateway.cli.show import many, note, show_bytes, show_line
from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:
    from gateway.store.copying import Told
    from gateway.store.postgresql.place import PostgresPlace
    from gateway.store.sqlite.place import SqlitePlace

store = typer.Typer(help="The store itself: its schema, and its way to another place.", no_args_is_help=True)

LINE_SECONDS: Final = 5.0
"""Where no bar can be drawn, a line comes at least so often while something is done."""

From = Annotated[
    str | None, typer.Option("--from", metavar="URL", help="The store that is copied, as `store` says it; its own.")
]
To = Annotated[str, typer.Option("--to", metavar="URL", help="The place that it is copied into, as `store` says it.")]


@store.command()
def migrate(*, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Bring the store's schema up to date, as the first start of a newer program does."""
    path, url = _path_of(_configured(config), config)
    if path is None:
        shown, version = _postgresql().migrate(url)
    else:
        with _sqlite().SqlitePlace(path) as place:
            shown, version = place.shown, place.version
    if as_json:
        show_bytes(msgspec.json.encode({"store": shown, "schema": version}))
    else:
        show_line(f"{shown}: schema {version}")


@store.command()
def copy(*, to: To, from_: From = None, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Copy everything into an empty place, compare both, and mark the source as moved; go on where it was cut off."""
    from gateway.store.copying import copy  # noqa: PLC0415 - the other commands start without it

    with (
        _place(from_ or _configured(config), config) as source,
        _place(to, config) as target,
        _telling() as told,
    ):
        copied = copy(source, target, now=datetime.now(UTC), told=told)
    if as_json:
        show_bytes(msgspec.json.encode(copied))
        return
    rows, events, orders = sum(copied.rows.values()), copied.rows["events"], copied.rows["orders"]
    show_line(
        f"{many(rows, 'row')} are equal: {many(events, 'event')}, {many(orders, 'order')}; digest {copied.digest}"
    )
    show_line(f"{copied.source} is marked as moved: set store to {copied.target}")


def _configured(config: Path) -> str:
    from gateway.config.parts import Parts  # noqa: PLC0415 - the other commands start without it

    return Parts(config, os.environ).store_url


def _place(url: str, config: Path) -> "AbstractContextManager[SqlitePlace | PostgresPlace]":
    path, url = _path_of(url, config)
    place: AbstractContextManager[SqlitePlace | PostgresPlace]
    place = _postgresql().PostgresPlace(url) if path is None else _sqlite().SqlitePlace(path)
    return place


def _path_of(url: str, config: Path) -> tuple[Path | None, str]:
    """A file's path, relative ones to the configuration; None: a database."""
    from gateway.config.store_url import DATABASE, STORE_EXPECTED, store_path  # noqa: PLC0415 - as above

    path = store_path(url, config.resolve().parent)
    if path is None:
        raise ConfigError([Fault("", "store", STORE_EXPECTED)])
    return None if url.startswith(DATABASE) else Path(path), url


def _sqlite() -> ModuleType:
    from gateway.store.sqlite import place  # noqa: PLC0415 - one engine or the other

    return place


def _postgresql() -> ModuleType:
    from gateway.config.store_url import DRIVER_MISSING  # noqa: PLC0415 - as above

    try:
        from gateway.store.postgresql import place  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError([Fault("", "store", DRIVER_MISSING)]) from error
    return place


@contextmanager
def _telling() -> "Iterator[Told]":
    """A bar a table on a terminal, else lines: a table's end, and one every few seconds."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console  # noqa: PLC0415 - only this needs it
    from rich.progress import Progress, TaskID  # noqa: PLC0415 - as above

    tasks: dict[tuple[str, str], TaskID] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def told(what: str, table: str, done: int, total: int) -> None:
            task = tasks.get((what, table))
            if task is None:
                task = tasks[what, table] = bar.add_task(f"{table}, {what}")
            bar.update(task, completed=done, total=total)

        yield told


class _Lines:
    """Tells on standard error, a line at a time."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, what: str, table: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._told_at >= LINE_SECONDS:
            self._told_at = now
            note(f"{what} {table}: {done} of {many(total, 'row')}")
