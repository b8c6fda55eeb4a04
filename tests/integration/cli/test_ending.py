"""How commands end: codes and sentences, never a traceback."""

import os
import resource
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = """
server: {port: 1}
api: {token: token-of-the-operators}
tenants: {demo: {intake_url: "https://trackely.example/in", secret: secret-of-the-tenant-demo}}
sources: {acme: {adapter: ongoing, tenant: demo, auth: none}}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_a_gateway_that_does_not_run_is_a_sentence(cli, config):
    """Nothing listening is one line on standard error and code 1."""
    for command in (["events", "list"], ["prune"], ["intake", "list"]):
        ended = cli(*command, "--config", config)

        assert (ended.code, ended.out) == (1, "")
        assert ended.err == "gateway: nothing answers at http://127.0.0.1:1: is the gateway running?\n"


def test_every_fault_of_a_configuration_is_said_at_once(cli, config):
    """A bad configuration is 78, all faults with their paths, of what the command reads; --json gives them as data."""
    config.write_text(CONFIG.replace("tenant: demo", "tenant: nobody").replace("port: 1", "prot: 1"))

    checked = cli("check", "--config", config)
    served = cli("serve", "--config", config)
    asked = cli("stats", "--config", config)
    as_data = cli("check", "--config", config, "--json")

    assert (checked.code, served.code, asked.code, as_data.code) == (78, 78, 78, 78)
    assert checked.err == served.err
    assert [line in checked.err for line in asked.err.splitlines()] == [True]
    assert "server.prot" in checked.err
    assert "sources.acme.tenant" in checked.err
    assert {fault["path"] for fault in as_data.value["faults"]} == {"server.prot", "sources.acme.tenant"}


def test_a_missing_configuration_is_said(cli, tmp_path, monkeypatch):
    """Without a configuration file the default's name is in the sentence; $GATEWAY_CONFIG names another."""
    monkeypatch.chdir(tmp_path)
    default = cli("check")
    monkeypatch.setenv("GATEWAY_CONFIG", str(tmp_path / "other.yaml"))
    other = cli("check")

    assert (default.code, "config.yaml" in default.err) == (78, True)
    assert (other.code, "other.yaml" in other.err) == (78, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check"], 0),
        (["stats"], 1),
        (["send", "acme", "x.json"], 1),
        (["translate", "logistics_plus", "x.json", "--options", "x.json"], 1),
        (["rehearse", "acme", "--options", "x.json"], 1),
        (["adapter", "new", "bolt", "--sample", "x.json", "--sample", "missing.json"], 1),
    ],
)
def test_whether_a_file_can_be_read_is_found_by_reading_it(cli, config, monkeypatch, arguments, code):
    """One that cannot be is no wrong usage: whoever reads it says so, as of one that is not there."""
    (config.parent / "x.json").write_text("{}")
    monkeypatch.chdir(config.parent)
    # As for whoever is no superuser; only its asking is seen, since a superuser reads everything.
    monkeypatch.setattr(os, "access", lambda *_args, **_kwargs: False)
    ended = cli(*arguments, "--config", config)

    assert (ended.code, "Usage:" in ended.err) == (code, False)


def test_a_good_configuration_is_said_with_its_warnings(cli, config):
    """A good configuration is 0; what deserves a second look goes to standard error."""
    checked = cli("check", "--config", config)
    as_data = cli("check", "--config", config, "--json")

    assert (checked.code, checked.out) == (0, f"{config} is good: 1 tenant, 1 source\n")
    assert checked.err.startswith("warning: ")
    assert as_data.value["good"] is True
    assert len(as_data.value["warnings"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["events", "list", "--limit", "1001"],
        ["events", "list", "--status", "lost"],
        ["events", "list", "--since", "yesterday"],
        ["ledger", "tomorrow"],
        ["events", "replay"],
        ["dead-letters", "discard"],
        ["orders", "show"],
        ["send", "acme"],
        ["send", "acme", "x.json", "--header", "nonsense"],
        ["translate", "ongoing", "x.json", "--parameter", "nonsense"],
        ["intake", "pull", "demo", "http://x", "--every", "often"],
        ["orders", "amend", "demo", "1", "--reason", "r", "--set", "customerName=a", "--unset", "customerName"],
        ["stats", "--url", "http://["],
        ["stats", "--url", "127.0.0.1:8080"],
        ["stats", "--url", "http://user:password@127.0.0.1"],
        ["send", "acme", "x.json", "--url", ""],
    ],
)
def test_wrong_usage_is_two(cli, config, monkeypatch, arguments):
    """What was called wrongly is code 2 with a usage line."""
    monkeypatch.setenv("GATEWAY_CONFIG", str(config))
    (config.parent / "x.json").write_text("{}")
    monkeypatch.chdir(config.parent)
    ended = cli(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert "Usage:" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["send", "nobody", "x.json"], "there is no source nobody; there are acme"),
        (["send", "acme", "missing.json"], "cannot read missing.json"),
        (["send", "acme", "x.json", "--header", "é: x"], "a header"),
        (["send", "acme", "x.json", "--path", "\0"], "the path is none that a URL can have"),
        (["translate", "nothing", "x.json"], "unknown adapter nothing"),
        (["translate", "./missing.py", "x.json"], "missing.py"),
        (["intake", "verify", "http://127.0.0.1:1/x", "--secret", "s", "--settings", "http://x"], "$GATEWAY_API_TOKEN"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(cli, config, monkeypatch, arguments, words):
    """An expected failure is code 1 and one line."""
    monkeypatch.setenv("GATEWAY_CONFIG", str(config))
    monkeypatch.chdir(config.parent)
    (config.parent / "x.json").write_text("{}")
    ended = cli(*arguments)

    assert ended.code == 1
    assert words in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["find", "a\udcff"],
        ["orders", "list", "--q", "a\udcff"],
        ["tenants", "halt", "demo", "--reason", "a\udcff"],
        ["orders", "amend", "demo", "1", "--reason", "r", "--set", "volume=a\udcff"],
        ["send", "acme", "x.json", "--header", "x: a\udcff"],
        ["send", "acme", "x.json", "--path", "a\udcff"],
        ["translate", "shopify", "x.json", "--path", "a\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_wrong_usage(cli, config, monkeypatch, arguments):
    """As pasted in a terminal of another encoding; Python keeps them as halves of surrogates."""
    monkeypatch.setenv("GATEWAY_CONFIG", str(config))
    monkeypatch.chdir(config.parent)
    (config.parent / "x.json").write_text("{}")
    ended = cli(*arguments)

    assert (ended.code, ended.err) == (2, "gateway: not UTF-8 text: an argument, or the token\n")


def test_a_secret_beyond_ascii_is_sent_as_it_is(cli):
    """It fails by what the implementation says, here nobody."""
    ended = cli("intake", "verify", "http://127.0.0.1:1/x", "--secret", "sécret")

    assert (ended.code, ended.err) == (1, "")
    assert "failed" in ended.out


class Another(BaseHTTPRequestHandler):
    """Another program, or a version that answers otherwise: an object in which nothing stands."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - http.server names it

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def another():
    server = HTTPServer(("127.0.0.1", 0), Another)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("orders list", "the answer has no `orders`"),
        ("orders show demo 1", "the answer has no `"),
        ("find x", "the answer has no `found`"),
        ("stats", "the answer has no `events`"),
        ("ledger 2026-11-26", "the answer has no `sums`"),
        ("tenants halt demo", "the answer has no `name`"),
        ("dead-letters replay 1", "the answer has no `operation`"),
        ("reload", "the answer has no `changed`"),
        ("follow", "which is not the gateway's way"),
    ],
)
def test_what_answers_otherwise_than_a_gateway_is_a_sentence(cli, another, monkeypatch, command, words):
    """Another program at its address, or a gateway of another version."""
    monkeypatch.setenv("GATEWAY_API_TOKEN", "token-of-the-operators")
    ended = cli(*command.split(), "--url", another)

    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert words in ended.err


def _process(*arguments, **rest):
    return subprocess.Popen([sys.executable, "-m", "gateway", *arguments], stderr=subprocess.PIPE, **rest)


@pytest.fixture
def hears_ctrl_c():
    """Whoever runs the tests may have been started deaf to it, as a shell starts what it runs in its background."""
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, heard)


def test_ctrl_c_ends_quietly(hears_ctrl_c):
    """An interrupted command is code 130 and says nothing."""
    with _process("translate", "ongoing", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # It reads its standard input once it is up: what it has read, it waits for the rest of.
        process.stdin.write(b" " * 100_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (130, b"")


def test_ctrl_c_while_it_loads_ends_quietly(hears_ctrl_c, tmp_path):
    """Before the first command is known it is the same: code 130 and not a word."""
    (tmp_path / "typer.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(30)\n")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    with _process("schemas", stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path) as process:
        said, told = process.communicate(timeout=30)

    assert (process.returncode, said, told) == (130, b"", b"")


@pytest.mark.parametrize("arguments", [["schemas"], ["adapter", "list"], ["--help"]])
def test_an_output_that_cannot_be_written_is_a_sentence(arguments):
    """A full disk is code 1 and one line, whether it is met at once or only at the end."""
    with Path("/dev/full").open("wb") as full, _process(*arguments, stdout=full) as process:
        _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (1, b"gateway: cannot write: No space left on device\n")


def test_a_draft_that_does_not_fit_leaves_nothing_behind(tmp_path):
    """Half a draft would be in the way of the next try, once there is room; a write does not say which file it was."""
    (tmp_path / "order.json").write_text('{"id": "1", "number": "A-1", "address": "1 High Street"}')
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    arguments = ("adapter", "new", "acme", "--sample", "order.json")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with _process(*arguments, cwd=tmp_path, env=environ, preexec_fn=small_files) as process:
        _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (1, b"gateway: cannot write: File too large\n")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["order.json"]


def test_a_reader_that_leaves_is_no_error():
    """Output into a pipe that closed early ends without a traceback."""
    with _process("schemas", stdout=subprocess.PIPE) as process:
        process.stdout.close()
        told = process.stderr.read()
        process.wait(30)

    assert (process.returncode, told) == (1, b"")
