"""PostgreSQL's schema: older and newer programs on one database."""

import re

import psycopg
import pytest

from gateway.errors import ConfigError
from gateway.events import Arrival
from gateway.store.postgresql import PostgresStore
from gateway.store.postgresql.looking import findings_of_store
from gateway.store.postgresql.migrating import REMEMBERED, migrations, works_with
from tests.postgres import shared

ADDS = (
    r"CREATE TABLE (\w+)",
    r"CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)",
    r"ALTER TABLE (\w+) ADD COLUMN (?!.*\bNOT NULL\b(?!.*\bDEFAULT\b))",
    r"ALTER TABLE (\w+) SET \(",
    # PostgreSQL lets one be replaced only by what has all of its columns.
    r"CREATE (?:OR REPLACE )?VIEW \w+ AS ",
    # One that is not unique makes nothing true or false.
    r"DROP INDEX (?!\w*_(?:key|named)\b)\w+",
)
"""What may stand in a migration that works with older programs; others' rows, columns and names stay as they are."""

NEWEST = migrations()[-1][0]


def statements_of(text: str) -> list[str]:
    return [" ".join(each.split()) for each in re.sub(r"--.*", "", text).split(";") if each.strip()]


def contracts(text: str) -> list[str]:
    """The statements of a migration that an older program may stumble over."""
    made = set(re.findall(r"CREATE TABLE (\w+)", text))
    return [
        statement
        for statement in statements_of(text)
        if not any(re.match(each, statement) for each in ADDS)
        or (statement.startswith("CREATE UNIQUE") and statement.split(" ON ")[1].split()[0] not in made)
    ]


def test_a_migration_that_works_with_older_programs_only_adds():
    """Expand, then contract: what takes away names, in its first line, a program that needs it no more, or none."""
    for number, text in migrations():
        oldest = works_with(text)
        if number >= REMEMBERED and oldest is not None:
            assert REMEMBERED - 1 <= oldest < number
            assert contracts(text) == [], number


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE events;",
        "ALTER TABLE events RENAME COLUMN topic TO subject;",
        "ALTER TABLE events ADD COLUMN more bigint NOT NULL;",
        "ALTER TABLE events ALTER COLUMN topic SET NOT NULL;",
        "CREATE UNIQUE INDEX more ON events (topic);",
        "UPDATE events SET topic = '';",
    ],
)
def test_what_takes_away_is_told_from_what_adds(statement):
    """The rule above sees it."""
    assert contracts(f"-- works with: 10\nCREATE TABLE more (id bigint NOT NULL);\n{statement}\n")


@pytest.mark.parametrize("needs", [NEWEST, NEWEST + 1, None])
async def test_an_older_program_starts_where_the_newer_schema_works_with_it(needs):
    """And is refused, in words, where it does not; `check` says the same."""
    address = shared().database()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO schema_version (version, works_with) VALUES (%s, %s), (%s, %s)",
            (NEWEST + 1, needs, NEWEST + 2, NEWEST),
        )
    fault, _ = findings_of_store(address, is_unsafe=True)

    if needs == NEWEST:
        assert fault is None
        store = await PostgresStore.open(address, is_unsafe=True)
        assert (await store.inbox.put(Arrival("acme", "e1", None, 1, b"{}"))).kind == "stored"
        await store.close()
    else:
        assert fault == f"its schema ({NEWEST + 2}) is newer than this program's ({NEWEST})"
        with pytest.raises(ConfigError, match="run the newer program"):
            await PostgresStore.open(address, is_unsafe=True)
