"""Programs of two versions on one database: replicas are replaced one by one, forward and back, while hooks come in."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import psycopg
import pytest

from gateway.store.postgresql.migrating import migrations
from tests.postgres import shared
from tests.processes import ROOT, Intakes, tenant
from tests.replicas import Replicas, Vendor, Witness

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

MIGRATIONS = "gateway/store/postgresql/migrations"
SHIPPED = ("gateway", "adapters", "schemas")

WIDER = """-- works with: {0}
CREATE TABLE newer (id bigint PRIMARY KEY);
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN tomorrow bigint NOT NULL DEFAULT 0', name);
    END LOOP;
END $$;
"""
"""What the next version's migration may do."""


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def yesterdays(folder: Path) -> Path:
    """The tree of `UPGRADE_FROM`, a commit; as a rule the last whose schema was another. Needs the history."""
    commit = os.environ.get("UPGRADE_FROM") or git("log", "-1", "--format=%H^", "--", MIGRATIONS).decode().strip()
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, *SHIPPED))) as packed:
        packed.extractall(folder, filter="data")
    return folder


def tomorrows(folder: Path) -> Path:
    """This tree, with a migration more."""
    for part in SHIPPED:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    newest = migrations()[-1][0]
    (folder / MIGRATIONS / f"{newest + 1:04}_wider.sql").write_text(WIDER.format(newest))
    return folder


def newest_of(tree: Path) -> int:
    return max(int(file.name[:4]) for file in (tree / MIGRATIONS).glob("*.sql"))


def schema_of(address: str) -> int:
    with psycopg.connect(address) as connection:
        return int(connection.execute("SELECT max(version) FROM schema_version").fetchall()[0][0])


@pytest.mark.parametrize(
    "versions",
    [
        lambda folder: [yesterdays(folder), ROOT],
        lambda folder: [ROOT, tomorrows(folder), ROOT],
    ],
    ids=["yesterday-today", "today-tomorrow-today"],
)
def test_replicas_are_replaced_by_another_program_one_by_one(tmp_path, versions):
    """Both serve the database meanwhile: none refuses to start, and all is delivered, nothing twice at once."""
    first, *others = versions(tmp_path / "another")
    database, witness = shared().empty(), Witness()
    with Intakes() as intakes:
        replicas = Replicas(tmp_path, database, {"demo": tenant(intakes.open(witness).url)})
        for gateway in replicas.all:
            gateway.tree = first
        with replicas:
            schema = schema_of(database)
            with Vendor(replicas, pause=0.1, twice=True) as vendor:
                for tree in others:
                    for gateway in replicas.all:
                        gateway.terminate()
                        assert gateway.wait() == 0
                        gateway.tree = tree
                        replicas.start(gateway)
                        replicas.settled()
            undelivered = vendor.delivered(witness)
            ends = replicas.all[0].drained()

    assert schema == newest_of(first) != schema_of(database) == max(map(newest_of, others))
    assert vendor.faults == []
    assert undelivered == {}
    assert (witness.older_last(), witness.faults) == ({}, [])
    assert set(ends) <= {"delivered", "superseded"}
