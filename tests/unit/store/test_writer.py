"""What the file's writer makes of an error: a fault of ours passes for none of the disk's."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from gateway.errors import StoreUnavailable
from gateway.ground.files import InPlace
from gateway.store.sqlite import database
from gateway.store.sqlite.writer import Writer


@asynccontextmanager
async def writing(path):
    writer = Writer(database.open_writer(path), lambda *_: [], asyncio.get_running_loop(), InPlace(path))
    try:
        yield writer
    finally:
        await writer.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO nowhere VALUES (1)", "no such table"),
        ("SELECT id FROM events JOIN states", "ambiguous column"),
        ("SELEKT 1", "syntax error"),
        ("SELECT no_such_function(1)", "no such function"),
    ],
)
async def test_a_statement_that_is_none_is_not_the_stores_fault(tmp_path, statement, words):
    """It is raised as it is, for the log to show where; the store can write all the same."""
    async with writing(tmp_path / "gateway.db") as writer:
        with pytest.raises(Exception, match=words) as raised:
            await writer.submit(lambda connection: connection.execute(statement).fetchall())

        assert not isinstance(raised.value, StoreUnavailable)
        assert writer.failure is None


async def test_a_full_file_is(tmp_path):
    """It is said so until something can be written again."""
    async with writing(tmp_path / "gateway.db") as writer:

        def run(statement, **how):
            return writer.submit(lambda connection: connection.execute(statement).fetchall(), **how)

        await run("PRAGMA max_page_count = 1", is_transaction=False)
        with pytest.raises(StoreUnavailable, match="full"):
            await run("CREATE TABLE much AS SELECT zeroblob(1000000)")
        full = writer.failure
        await run("PRAGMA max_page_count = 1000000", is_transaction=False)
        await run("CREATE TABLE little (one)")
        await run("INSERT INTO little VALUES (1)")

        assert "full" in full
        assert writer.failure is None
