"""Other programs in the same run: found, configured, started and stopped, with a stand-in under each one's name."""

import json
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.__main__ import figures
from benchmarks.peers import PEERS
from gateway.cli.tree import run
from gateway.workshop.bench.load import LoadFailed

SCRIPT = Path(__file__).with_name("peer.py").read_text()


def program(folder, name, script=SCRIPT):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!{sys.executable}\n{script}")
    file.chmod(0o755)


@pytest.fixture
def path(monkeypatch, tmp_path):
    """A folder that alone is on the path."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path / "path"


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_takes_hooks_while_it_runs(path, tmp_path, name):
    """As its configuration in the repository says; afterwards nobody listens."""
    program(path, name)
    with PEERS[name](tmp_path / "run", tmp_path / "checkout") as target:
        status = httpx.post(target.url, headers=target.headers, content=b"{}", trust_env=False).status_code

    assert status == 200
    with pytest.raises(httpx.ConnectError):
        httpx.post(target.url, trust_env=False)


@pytest.mark.parametrize("folder", ["bin", "node_modules/.bin"])
@pytest.mark.parametrize("name", ["hookspool", "node-red"])
def test_what_make_installed_comes_before_the_path(path, tmp_path, name, folder):
    """Its version is the one that the figures name."""
    program(path, name, "raise SystemExit('another')")
    program(tmp_path / "checkout" / ".peers" / folder, name)
    with PEERS[name](tmp_path / "run", tmp_path / "checkout") as target:
        status = httpx.post(target.url, headers=target.headers, content=b"{}", trust_env=False).status_code

    assert status == 200


@pytest.mark.parametrize(
    ("name", "source"), [("hookspool", "make peers"), ("node-red", "make peers"), ("webhook", "Debian")]
)
def test_a_peer_that_is_not_there_says_how_it_comes(path, tmp_path, name, source):
    """Before anything was started."""
    with pytest.raises(LoadFailed, match=f"{name} is not here: .*{source}"), PEERS[name](tmp_path / "run", tmp_path):
        pass

    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_that_ends_at_its_start_is_quoted(path, tmp_path, name):
    """The end of what it said is in the message."""
    program(path, name, "raise SystemExit('no such flag')")

    with pytest.raises(LoadFailed, match="no such flag"), PEERS[name](tmp_path / "run", tmp_path):
        pass


@pytest.mark.soak
def test_a_peers_row_says_how_many_times_its_rate_the_durable_one_is(monkeypatch, tmp_path, capfdbinary):
    """And no other row says it; a peer that is named twice is measured once."""
    program(tmp_path, "webhook")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    sizes = ["--connections", "2", "--body", "1000", "--rounds", "1", "--seconds", "0.3"]
    code = run(["ingest", *sizes, "--peer", "webhook", "--peer", "webhook", "--json"], tree=figures)
    rows = {row["server"]: row for row in json.loads(capfdbinary.readouterr().out)["rows"]}
    peer = rows.pop("webhook")

    assert code == 0
    assert peer["p99"] > 0
    assert peer["durable_times"] == pytest.approx(rows["durable"]["rate"] / peer["rate"], rel=0.05, abs=0.01)
    assert [row["durable_times"] for row in rows.values()] == [None] * 4
