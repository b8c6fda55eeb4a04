"""The folder that holds everything: who may read it, who owns it, and a gateway whose file is taken away."""

import stat

import pytest

from tests.processes import Gateway, eventually, free_port, tenant, told

pytestmark = pytest.mark.file

NOBODY = "http://127.0.0.1:9/x"
OPEN_MASK = "import os, sys; os.umask(0); from gateway.cli import tree; sys.exit(tree.run(sys.argv[1:]))"


def modes(folder):
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


def test_nobody_else_reads_it(tmp_path):
    """Whatever the umask: folders 0700, files 0600, those of the embedded intake too."""
    (tmp_path / "here").mkdir()
    gateway = Gateway(
        tmp_path / "here",
        {"demo": tenant(NOBODY)},
        store="sqlite:///below/data/gateway.db",
        intake={"embedded": True},
        program=("-c", OPEN_MASK, "serve"),
    )
    with gateway:
        assert gateway.post(told("1", "A", 1)).status_code == 200
        found = modes(tmp_path / "here" / "below" / "data")
        above = stat.S_IMODE((tmp_path / "here" / "below").stat().st_mode)
        folder = stat.S_IMODE((tmp_path / "here" / "below" / "data").stat().st_mode)

    assert {"gateway.db", "gateway.db-wal", "intake.db", "intake.db-wal"} <= set(found)
    assert found == dict.fromkeys(found, 0o600)
    assert (above, folder) == (0o700, 0o700)


def test_what_others_could_read_is_taken_back(tmp_path):
    """A file that an earlier version made is its owner's alone from the next start on."""
    with Gateway(tmp_path, {"demo": tenant(NOBODY)}) as gateway:
        assert gateway.post(told("1", "A", 1)).status_code == 200
        gateway.kill()
        for each in tmp_path.glob("gateway.db*"):
            each.chmod(0o644)
        gateway.start()
        found = {name: mode for name, mode in modes(tmp_path).items() if name.startswith("gateway.db")}

    assert len(found) > 1
    assert found == dict.fromkeys(found, 0o600)


def test_a_store_that_is_taken_away_takes_nothing_more(tmp_path):
    """503, and said, from the first hook on; once the file is back in its place, so is the gateway."""
    with Gateway(tmp_path, {"demo": tenant(NOBODY)}) as gateway:
        assert gateway.post(told("1", "A", 1)).status_code == 200
        away = tmp_path / "away"
        away.mkdir()
        (tmp_path / "gateway.db").rename(away / "gateway.db")
        refused = [gateway.post(told(f"gone-{number}", "B", 1)).status_code for number in range(20)]
        ready = eventually(lambda: gateway.http.get("/readyz"), lambda answer: answer.status_code == 503)
        metrics = gateway.http.get("/metrics").text
        (away / "gateway.db").rename(tmp_path / "gateway.db")
        well = eventually(lambda: gateway.http.get("/readyz").status_code, lambda status: status == 200)
        taken = eventually(lambda: gateway.post(told("2", "C", 1)).status_code, lambda status: status == 200)
        gateway.kill()
        gateway.start()
        kept = gateway.becomes("C", "pending")

    assert refused == [503] * 20
    assert "gateway.db was removed or replaced" in str(ready.json()["problems"])
    assert "trackely_gateway_store_writable 0.0" in metrics
    assert (well, taken) == (200, 200)
    assert kept["events"]


def test_a_folder_has_one_gateway(tmp_path):
    """No file stands for the lock: what is removed beside the store lets nobody else in."""
    with Gateway(tmp_path, {"demo": tenant(NOBODY)}) as gateway:
        for each in tmp_path.glob("*.lock"):
            each.unlink()
        gateway.configure(server={"host": "127.0.0.1", "port": free_port()})
        second, migrating = gateway.command("serve"), gateway.command("store", "migrate")
        still = gateway.post(told("1", "A", 1)).status_code

    # Not 78: nothing is wrong with the configuration, and another start may well find the folder free.
    assert (second.returncode, migrating.returncode) == (1, 1)
    for ended in (second, migrating):
        assert "another gateway uses its folder" in ended.stderr
    assert still == 200
