"""ADDING_AN_ADAPTER.md, walked: its files written, its edits made, its commands run, what it shows seen."""

import base64
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters import Fault, Hook, Ignored, Lookups, State
from gateway.config.load import load
from gateway.registry import find_adapter
from tests.processes import ROOT, environment, eventually, free_port

GUIDE = ROOT / "ADDING_AN_ADAPTER.md"
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    kind: str
    about: str
    text: str


def blocks_of(guide: str) -> list[Block]:
    return [Block(kind, about or "", text) for kind, about, text in BLOCK.findall(guide)]


def said(text: str) -> str:
    """A text without its table lines and runs of blanks, so that the width of a terminal says nothing."""
    return " ".join(re.sub(r"[│─┃━┏┓┗┛┡┩╇╈┼├┤└┘┌┐]", " ", text).split())


class Reader:
    """Who follows the guide, in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = str(free_port())
        self.told = ""
        self.environment = environment() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.commands: list[str] = []
        self.serving: subprocess.Popen[bytes] | None = None

    def follow(self, block: Block) -> None:
        match block.kind:
            case "sh":
                self.told = ""
                for command in block.text.splitlines():
                    self.run(command, fails=block.about == "fails")
            case "text":
                for line in block.text.splitlines():
                    assert said(line) in said(self.told), (line, self.told)
            case "diff":
                self.edit(self.folder / block.about, block.text)
            case _ if block.about:
                file = self.folder / block.about
                file.parent.mkdir(exist_ok=True)
                # The port alone is ours: the guide's own may be taken here.
                file.write_text(block.text.replace("8080", self.port))

    def run(self, command: str, *, fails: bool) -> None:
        self.commands.append(command)
        if command.startswith("export "):
            self.environment |= dict(pair.split("=", 1) for pair in command.split()[1:])
        elif command.endswith(" &"):
            self.serve(command.removesuffix(" &").split())
        else:
            expected = 1 if fails else 0
            # A person types more slowly than an order needs to arrive.
            done = eventually(lambda: self.shell(command), lambda ended: ended.returncode == expected)
            self.told += done.stdout + done.stderr
            assert done.returncode == expected, (command, done.stdout, done.stderr)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-ec", command], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=100, check=False,
        )  # fmt: skip

    def serve(self, command: list[str]) -> None:
        with (self.folder / "serve.log").open("wb") as log:
            self.serving = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        assert eventually(self.is_ready) is True, (self.folder / "serve.log").read_text()

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).status_code == 200
        return False

    @staticmethod
    def edit(file: Path, text: str) -> None:
        """The lines that begin with a minus, which stand there once, become those that begin with a plus."""
        lines = text.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in (" ", sign)) for sign in "-+")
        before = file.read_text()
        assert before.count(old) == 1, (old, before)
        file.write_text(before.replace(old, new))


@pytest.fixture
def reader(tmp_path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    if reader.serving is not None:
        reader.serving.send_signal(signal.SIGTERM)
        reader.serving.wait(30)


@pytest.mark.timeout(400)
def test_the_guide_can_be_followed_to_the_letter(reader):
    """Every file, edit, command and shown line of the walk, from the captures to a change without fear."""
    walk = GUIDE.read_text(encoding="utf-8").split("## What an adapter is")[0]
    for block in blocks_of(walk):
        reader.follow(block)

    programs = {" ".join(command.split()[:3]) for command in reader.commands if command.startswith("gateway")}
    assert {"gateway adapter new", "gateway adapter check", "gateway adapter try", "gateway rehearse acme"} <= programs


@pytest.fixture(scope="module")
def cookbook() -> dict[str, Any]:
    """What the cookbook's code defines, its blocks taken as one module."""
    told = blocks_of(GUIDE.read_text(encoding="utf-8").split("## Cookbook")[1])
    space: dict[str, Any] = {"__name__": "cookbook"}
    exec(compile("".join(block.text for block in told if block.kind == "python"), "cookbook.py", "exec"), space)
    space["proofs"] = yaml.safe_load(next(block.text for block in told if block.kind == "yaml"))
    return space


GOOD = {"number": "A-1", "shipTo": {"street": "Storgata 1", "city": "Oslo", "country": "NO"}}
FETCHED = {**GOOD, "number": "A-2", "deliveryMethod": "Local pickup"}
ASTRAY = {"number": "A-3", "customerReference": "WEB-3", "shipTo": {"street": "Storgata 1"}}


def hook(body: Any) -> Hook:
    return Hook(msgspec.json.encode(body))


def test_one_bad_order_of_a_list_costs_itself_alone(cookbook):
    """Its neighbour is an order; it is found by its references; what is fetched is no order."""
    good, bad = cookbook["orders"](hook({"orders": [GOOD, FETCHED, ASTRAY]}), None, {})

    assert isinstance(good, State)
    assert good.order.delivery_address == "Storgata 1, Oslo, NO"
    assert isinstance(bad, Fault)
    assert bad.references == ("A-3", "WEB-3")


def test_what_is_fetched_alone_is_ignored(cookbook):
    """With the reason and the references."""
    ignored = cookbook["orders"](hook({"orders": [FETCHED]}), None, {})

    assert ignored == Ignored("the customer picks the order up", ("A-2",))


@pytest.mark.parametrize(
    ("recipe", "body", "pages"),
    [
        ("looked_up", {"orderId": 555}, [GOOD]),
        ("listed", {}, [[GOOD, ASTRAY], [{**GOOD, "number": "A-4"}]]),
        ("queried", {"orderId": 555}, [{"data": {"order": GOOD}}]),
    ],
)
def test_a_thin_event_asks_until_it_knows(cookbook, recipe, body, pages):
    """A question at a time, each by a relative path; then the orders of all the answers."""
    answers: dict[str, bytes] = {}
    for page in pages:
        asked = cookbook[recipe](hook(body), None, answers)
        assert isinstance(asked, Lookups)
        (lookup,) = asked.wanted
        assert lookup.key not in answers
        answers[lookup.key] = msgspec.json.encode(page)
    told = cookbook[recipe](hook(body), None, answers)

    assert [each.external_order_id for each in told] == ["A-1", "A-3", "A-4"][: 2 * len(pages) - 1]


def test_what_a_payload_says_is_no_part_of_a_query(cookbook):
    """It stands in the variables; the text is the constant."""
    (lookup,) = cookbook["queried"](hook({"orderId": 555}), None, {}).wanted

    assert (lookup.query, lookup.variables) == (cookbook["QUERY"], {"id": "555"})


def test_a_body_of_several_events_is_taken_apart(cookbook):
    """Each is a body of its own, byte for byte."""
    assert cookbook["events"](Hook(b'[{"orderId": 1}, {"orderId":2}]')) == [b'{"orderId": 1}', b'{"orderId":2}']


def test_every_proof_is_one_that_the_configuration_takes(cookbook, tmp_path):
    """Each vendor's list stands as a source's `auth`, and the whole is read."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    environ = {"SECRET": "whsec_" + base64.b64encode(b"a key of the tests own").decode(), "PUBLIC_KEY": pem.decode()}
    shop = {"adapter": "shopify", "tenant": "demo"}
    sources = {name: {**shop, "auth": auth} for name, auth in cookbook["proofs"].items()}
    tenants = {"demo": {"intake_url": "https://intake.example/in", "secret": "a-tenants-secret"}}
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"api": {"token": "a-token-of-the-tests"}, "tenants": tenants, "sources": sources})
    )
    config = load(tmp_path / "config.yaml", environ, find_adapter)

    assert {name: len(source.settings.auth) for name, source in config.sources.items()} == dict.fromkeys(sources, 1)
