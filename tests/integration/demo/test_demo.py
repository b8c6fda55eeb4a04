"""`gateway demo` as a process of its own, on ports of its own."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.processes import beside, free_port

ROOT = Path(__file__).parents[3]
NAMES = ("GATEWAY_API_TOKEN", "TRACKELY_DEMO_SECRET", "ONGOING_PASSWORD", "LP_TOKEN", "ONGOING_API_PASSWORD")


class Place:
    """A folder with the shipped configuration on free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.standin_port = free_port(), free_port()
        text = (ROOT / "config.yaml").read_text(encoding="utf-8")
        self.text = text.replace("8080", str(self.port)).replace("8089", str(self.standin_port))
        (folder / "config.yaml").write_text(self.text, encoding="utf-8")

    def write(self, *changes: tuple[str, str]) -> None:
        """The configuration with these changes."""
        for old, new in changes:
            assert old in self.text
            self.text = self.text.replace(old, new)
        (self.folder / "config.yaml").write_text(self.text, encoding="utf-8")

    def keep_orders_from_arriving(self) -> None:
        """Batches that wait for long."""
        self.write(("linger: 0.2", "linger: 300"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environ = {name: value for name, value in os.environ.items() if name not in NAMES}
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", "demo", *arguments],
            cwd=self.folder,
            env={**environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=90)
        return process.returncode, out, err


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it has printed once a line has these words."""
    assert process.stdout is not None
    shown = ""
    while words not in shown:
        shown += process.stdout.readline()
        assert process.poll() is None, shown
    return shown


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_every_sample_arrives_or_is_explained(place):
    """Exit 0; the Ongoing order has the address that the stand-in knows; made-up secrets are kept, readable by us."""
    code, out, err = place.run("--once")

    assert code == 0, out + err
    for words in ("RCV-12345678", "SO-20417", "SO-31877", "nowhere to deliver", "missing required field `id`"):
        assert words in out
    assert re.findall(r"(?m)^(delivered|repeat|set aside|refused)", out) == [
        *("delivered", "delivered", "repeat", "delivered"),
        *("set aside",) * 3,
    ]
    assert out.index("SO-31877") < out.index("as it should be") < out.index("\nset aside")
    assert "earlier run" not in out
    assert err == ""
    # Commands are pasted, not read.
    assert max(len(line) for line in out.splitlines() if not line.startswith("  ") or "gateway" not in line) <= 80
    assert '"message":"listening"' in (place.folder / "data/demo.log").read_text()
    kept = place.folder / "data/demo-secrets.env"
    assert kept.stat().st_mode & 0o777 == 0o600
    secrets = dict(line.split("=", 1) for line in kept.read_text().splitlines())
    assert set(secrets) == set(NAMES[:4])
    assert not any(secret in out + err for secret in secrets.values())

    code, out, _ = place.run("--once")

    assert code == 0
    assert out.index("earlier run") < out.index("SO-31877")
    assert "rm -r data" in out
    assert dict(line.split("=", 1) for line in kept.read_text().splitlines()) == secrets


def test_it_runs_on_until_it_is_interrupted(place):
    """The printed commands work meanwhile: the token is in the file that it names."""
    process = place.start()
    shown = read_until(process, "curl")
    token = (place.folder / "data/demo-secrets.env").read_text().split("GATEWAY_API_TOKEN=")[1].splitlines()[0]
    asked = urllib.request.Request(
        f"http://127.0.0.1:{place.port}/api/v1/orders/demo/SO-31877", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        order = json.load(answer)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert "set -a; . data/demo-secrets.env; set +a" in shown
    assert process.returncode == 0
    assert order["order"] == {
        "externalOrderId": "SO-31877",
        "deliveryAddress": "Strandgaten 18, 5013 Bergen, NO",
        "customerName": "Fjellsport Bergen",
        "customerContact": "mottak@fjellsport.example",
        "totalWeight": 104.65,
        "volume": 1.0085,
        "palletCount": 2,
        "plannedDate": "2025-07-02",
    }


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--once",), 130)])
def test_interrupted_before_all_has_arrived(place, arguments, code):
    """It runs until Ctrl-C, so that this is a good end; --once was to see all delivered, and did not."""
    place.keep_orders_from_arriving()
    process = place.start(*arguments)
    read_until(process, "samples were sent")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == code
    assert "Traceback" not in err


@pytest.mark.parametrize("shown", ["samples were sent", "curl"])
def test_the_stores_process_is_killed(place, shown):
    """Without its store it ends, with a sentence and exit code 1, before its table as after it."""
    if shown != "curl":
        place.keep_orders_from_arriving()
    process = place.start()
    read_until(process, shown)
    os.kill(beside(process.pid, "gateway.store.process.host"), signal.SIGKILL)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert err.splitlines()[-1] == "gateway: the store's process has ended, and the gateway with it: start it again"


def test_ports_that_are_taken(place):
    """It takes free ones, says where, and the commands that it prints reach them when they are pasted into a shell."""
    with socket.socket() as gateways, socket.socket() as standins:
        for taken, port in ((gateways, place.port), (standins, place.standin_port)):
            taken.bind(("127.0.0.1", port))
            taken.listen()
        process = place.start()
        shown = read_until(process, "/api/v1/orders")
        pasted = [line for line in shown.partition("Look further")[2].splitlines() if line.startswith("  ")]
        environ = {name: value for name, value in os.environ.items() if name not in NAMES}
        asked = subprocess.run(
            ["sh", "-ec", "\n".join(pasted)],
            cwd=place.folder,
            env={**environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)

    assert "free ones are used, as data/demo.yaml says" in shown
    assert (process.returncode, err, asked.returncode) == (0, "", 0), asked.stderr
    assert asked.stdout.count("SO-31877") >= 3


@pytest.mark.parametrize(
    "change",
    [
        ("http://127.0.0.1:{port}/api", "https://trackely.example/api"),
        ("http://127.0.0.1:{port}/api", "http://127.0.0.1:{other}/api"),
        ("delivery: push", "delivery: pull\n    pull_secret: the-real-one-fetches-with-it"),
        ("embedded: true", "embedded: false"),
    ],
)
def test_made_up_orders_go_to_no_trackely_but_the_embedded_one(place, change):
    """The configuration at hand may be one in earnest: refused before anything is started, sent or stored."""
    names = {"port": place.port, "other": free_port()}
    place.write(*[tuple(text.format(**names) for text in change)])
    code, out, err = place.run("--once")

    assert (code, out) == (78, "")
    assert err.startswith("gateway: config.yaml: ")
    assert "embedded intake" in err
    assert not (place.folder / "data").exists()


def test_a_folder_that_cannot_be_written(place):
    """A sentence and exit 78: here a file stands where the data would go."""
    (place.folder / "data").write_text("")
    code, out, err = place.run("--once")

    assert (code, out) == (78, "")
    assert err == f"gateway: {place.folder / 'data'}: cannot be used: File exists\n"


def test_a_bad_configuration(place):
    """Exit 78, and every fault a line of its own on standard error."""
    text = place.text.replace("linger: 0.2", "lingers: 0.2").replace("tenant: demo", "tenant: nobody")
    (place.folder / "config.yaml").write_text(text, encoding="utf-8")
    code, out, err = place.run("--once")

    assert (code, out) == (78, "")
    assert err.count("gateway: config.yaml: ") == err.count("\n") == 3
    assert "tenants.demo.batch" in err


def test_a_configuration_that_is_no_text(place):
    """Exit 78 and a sentence, here too."""
    (place.folder / "config.yaml").write_bytes(b"\xff\xfe")
    code, out, err = place.run("--once")

    assert (code, out) == (78, "")
    assert err.startswith("gateway: config.yaml: ")
    assert "Traceback" not in err


def marked(mark: str) -> list[list[str]]:
    """The command lines of all processes that were started with this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().split("\0"))
    return found


def test_several_replicas_one_of_which_is_killed(place, monkeypatch):
    """What was sent before and after arrives; Ctrl-C ends all of it, and leaves no process and no folder behind."""
    monkeypatch.setenv("DEMO_MARK", mark := str(place.folder))
    process = place.start("--replicas", "2")
    shown = read_until(process, "SO-31877 is")
    running = marked(mark)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert re.search(r"In the middle of it replica-[12], which delivered, is killed", shown)
    assert re.findall(r"(?m)^(delivered|repeat)", shown) == ["delivered", "delivered", "repeat", "delivered"]
    (database,) = (
        given[given.index("-D") + 1] for given in running if given[0].endswith("/postgres") and "-D" in given
    )
    assert marked(mark) == []
    assert not Path(database).parent.exists()


@pytest.mark.soak
def test_several_replicas_to_the_end(place):
    """With `--once` all samples are as they should be, and it says which replica was lost."""
    code, out, err = place.run("--once", "--replicas", "3")

    assert (code, err) == (0, "")
    assert "All is as it should be: 3 orders at Trackely, 3 samples set aside." in out
    assert sorted(re.findall(r"(?m)^  replica-\d +(alive|lost)", out)) == ["alive", "alive", "lost"]


@pytest.mark.soak
def test_the_link_of_several_signs_in(place):
    """Once, at whichever replica is next: its cookie is the browser's for all of them."""
    process = place.start("--replicas", "2")
    shown = read_until(process, "Later:")
    link = re.search(r"http\S+/console/link/\S+", shown)[0]
    with httpx.Client(follow_redirects=True, trust_env=False) as browser:
        looked, pressed, again = browser.get(link), browser.post(link), browser.post(link)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert (looked.status_code, pressed.status_code, again.status_code) == (200, 200, 404)
    assert str(pressed.url) == f"http://127.0.0.1:{place.port}/console"
    assert "Overview" in pressed.text


def test_no_configuration(place):
    """The shipped one is written and it says so, and it runs whatever of its ports is taken."""
    (place.folder / "config.yaml").unlink()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Where it cannot be bound, somebody else has taken it: as good.
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 8089))
            taken.listen()
        code, out, _ = place.run("--once")

    assert code == 0
    assert "There was no config.yaml: the shipped one was written there." in out
    assert (place.folder / "config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()
