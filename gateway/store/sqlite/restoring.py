"""A backup becomes a store again: nothing is sent until somebody says so, and whoever was erased since stays erased."""

import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw
import msgspec

from gateway.errors import StoreUnavailable, UnknownRecord
from gateway.events import Micros, Reason
from gateway.ground.files import BESIDE
from gateway.records import Act
from gateway.store.rules import erasure
from gateway.store.rules.transactions import Erasure
from gateway.store.sqlite import database
from gateway.store.sqlite.backup import APPLICATION_ID, SQL, application_id_of, new_part, sync
from gateway.store.sqlite.connection import connect
from gateway.store.sqlite.register import erasures_in, record, register_of
from gateway.store.sqlite.store import SqliteStore

RESTORED: Final = Reason(
    "restored", "restored from a backup: what was sent since is not known; resume by hand once nothing else sends"
)


class Restored(msgspec.Struct, frozen=True, rename="camel"):
    """What was made of a backup: its moment, what it holds, the tenants that stand still, the orders erased again."""

    store: str
    made_at: datetime
    events: int
    orders: int
    halted: tuple[str, ...]
    erased: int


async def restore(
    backup: Path, store: Path, *, tenants: Collection[str], registers: Sequence[Path] = (), now: Micros
) -> Restored:
    """Make a store of a backup, in a place where none is.

    Every tenant starts halted, orders under way count as perhaps sent, and the erasures of the place's own register,
    and of `registers`, that the backup has not seen are applied.

    Raises:
        StoreUnavailable: the place is taken, or the file is no whole backup of this program's or an older one's;
            nothing is left of the attempt.
        ConfigError: the store cannot be opened.
    """
    _refuse_taken(store)
    made_at = _examined(backup)
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        wanted = _on_record([register_of(store), *registers])
        part = new_part(store)
        try:
            shutil.copyfile(backup, part)
            restored = await _prepared(part, store, made_at, tenants, wanted, now)
            for each in sorted(wanted - set(_known(register_of(store))), key=lambda each: each.erased_at):
                record(register_of(store), each)
            sync(part)
            # Not renamed: a store that was made here meanwhile must not be lost.
            os.link(part, store)
        finally:
            for beside in BESIDE:
                part.with_name(part.name + beside).unlink(missing_ok=True)
        sync(store.parent)
    except (OSError, apsw.Error) as error:
        raise StoreUnavailable(f"cannot restore to {store}: {error}") from error
    return restored


def _refuse_taken(store: Path) -> None:
    for found in (*(store.with_name(store.name + beside) for beside in BESIDE), *database.journal_of(store)):
        if found.exists():
            raise StoreUnavailable(f"{found} exists: restore into an empty place, or move it away first")


def _examined(backup: Path) -> datetime:
    """When the backup was made. Raises StoreUnavailable where it is none, or not whole, or a newer program's."""
    if application_id_of(backup) != APPLICATION_ID:
        raise StoreUnavailable(f"{backup} is no backup of a gateway")
    newest = database.migrations()[-1][0]
    try:
        with closing(connect(backup, "mode=ro&immutable=1")) as opened:
            version = opened.pragma("user_version")
            if version > newest:
                raise StoreUnavailable(f"the schema of {backup} ({version}) is newer than this program's ({newest})")
            if (damage := database.damage_of(opened)) is not None:
                raise StoreUnavailable(f"{backup} is damaged or cut off: {damage}")
            made_at = opened.execute(SQL.made_at).get
    except apsw.Error as error:
        raise StoreUnavailable(f"{backup} is damaged or cut off: {error}") from error
    return datetime.fromisoformat(made_at).astimezone(UTC)


def _known(register: Path) -> list[Erasure]:
    with suppress(FileNotFoundError):
        return erasures_in(register)
    return []


def _on_record(registers: Sequence[Path]) -> set[Erasure]:
    own, *given = registers
    return {*_known(own), *(each for register in given for each in erasures_in(register))}


async def _prepared(
    part: Path, store: Path, made_at: datetime, tenants: Collection[str], wanted: set[Erasure], now: Micros
) -> Restored:
    opened = await SqliteStore.open(part)
    try:
        await opened.outbox.rescue(now=now, rests_until=now)
        known = await opened.engine.write(erasure.recorded)
        (events, orders), names = await opened.writer.submit(_unsigned)
        halted = sorted({*names, *tenants})
        for name in halted:
            await opened.outbox.halt(name, RESTORED, now)
        erased = 0
        for each in wanted - known:
            with suppress(UnknownRecord):
                await opened.engine.write(lambda transaction, each=each: erasure.erase(transaction, each))  # type: ignore[misc]
                erased += 1
        what = f"a backup as of {made_at.isoformat(timespec='seconds')}"
        await opened.trail.note(Act(at=now, by="gateway restore", act="restore", what=what))
    finally:
        await opened.close()
    return Restored(str(store), made_at, events, orders, tuple(halted), erased)


def _unsigned(connection: apsw.Connection) -> tuple[tuple[int, int], list[str]]:
    """The backup's counts, and its tenants; it is a store from here on."""
    connection.execute(SQL.maybe_sent)
    connection.execute(SQL.unsign)
    connection.pragma("application_id", 0)
    return connection.execute(SQL.count).get, [str(name) for (name,) in connection.execute(SQL.tenants)]
