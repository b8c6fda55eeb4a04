"""The wheel in an environment that holds nothing but what its lock pins, fetched from the index as by a first user."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.packaged import ROOT, assert_a_package_delivers, assert_it_works, build, run
from tests.processes import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

TUTORIAL = (ROOT / "docs/first-warehouse.md").read_text()
STEPS = re.findall(r"^```sh\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)


LOCK = (ROOT / "requirements/run.txt").read_text()
PINS = re.findall(r"^[A-Za-z0-9._-]+==[^ \\;]+(?: ;[^\\\n]*)?", LOCK, re.MULTILINE)
CUT = "--- that was it ---"


class Tutorial(NamedTuple):
    """Where its commands ran, and what each block of them printed."""

    folder: Path
    port: int
    printed: list[str]

    def printed_by(self, command: str) -> str:
        (place,) = [place for place, step in enumerate(STEPS) if command in step]
        return self.printed[place]


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> dict[str, str]:
    """The variables of a machine on which nothing of ours was ever set; pip installs the versions that are locked."""
    pins = tmp_path_factory.mktemp("pins") / "constraints.txt"
    pins.write_text("\n".join(PINS))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON", "VIRTUAL"))}
    return {**kept, "PIP_CONSTRAINT": str(pins), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="module")
def tutorial(dist, bare, tmp_path_factory) -> Iterator[Tutorial]:
    """The tutorial's commands, one block after the other in one shell; before the last the gateway still runs."""
    folder, port = tmp_path_factory.mktemp("warehouse"), free_port()
    (wheel,) = dist.glob("*.whl")
    (folder / wheel.name).write_bytes(wheel.read_bytes())
    script = "\n".join(
        ["set -e", *(f"{step}\necho '{CUT}'" for step in STEPS[:-1]), "touch done; read -r _", STEPS[-1]]
    )
    script = script.replace("8080", str(port)).replace("python3 -m venv", f"{sys.executable} -m venv")
    with (folder / "out").open("w") as out:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=folder, env=bare, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True
        )
    while shell.poll() is None and not (folder / "done").exists():
        time.sleep(0.1)
    yield Tutorial(folder, port, (folder / "out").read_text().split(CUT))
    shell.communicate("\n")
    assert shell.returncode == 0, (folder / "out").read_text()


def test_every_command_of_the_tutorial_does_what_it_says(tutorial):
    """From nothing to the first order, the order that cannot be one, and its replay."""
    assert len(tutorial.printed) == len(STEPS), tutorial.printed[-1]
    assert "gateway.yaml is good: 1 tenant, 1 source" in tutorial.printed_by("gateway check\n")
    assert "nothing came in yet" in tutorial.printed_by("gateway serve")
    story = tutorial.printed_by("orders show SO-1001")
    assert "delivered" in story
    assert "ord_" in story
    assert "incomplete_payload" in tutorial.printed_by("dead-letters list")
    replayed = tutorial.printed_by("gateway reload")
    assert re.search(r"SO-1002.*delivered|delivered.*SO-1002", replayed), replayed


def test_the_console_shows_the_first_order(tutorial):
    """With the token that the tutorial made up."""
    token = re.search(r"GATEWAY_API_TOKEN=(\S+)", (tutorial.folder / "secrets.env").read_text())
    assert token is not None
    origin = f"http://127.0.0.1:{tutorial.port}"
    with httpx.Client(base_url=origin, trust_env=False, follow_redirects=True) as browser:
        same = {"Sec-Fetch-Site": "same-origin", "Origin": origin}
        browser.post("/console/login", data={"token": token[1]}, headers=same)
        page = browser.get("/console/find", params={"q": "SO-1001"})

    assert page.status_code == 200
    assert "410 Shoreline Drive" in page.text


def test_the_demo_runs(tutorial, tmp_path):
    """Everything is delivered, exit code 0."""
    done = run(tutorial.folder / "venv/bin", "demo", "--once", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_draft_can_be_made_checked_and_served(tutorial, tmp_path):
    """`check`, `adapter new`, `translate` and `serve` find what they ship."""
    assert_it_works(tutorial.folder / "venv/bin", tmp_path)


def test_nothing_else_is_there(tutorial):
    """The environment holds what the lock pins, the gateway, and what came with it."""
    listed = subprocess.run(
        [tutorial.folder / "venv/bin/python", "-m", "pip", "list", "--format", "freeze"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names, pinned = (
        {line.partition("==")[0].lower().replace("_", "-") for line in each} for each in (listed.split(), PINS)
    )

    assert names <= pinned | {"pip", "setuptools", "trackely-gateway"}


def test_a_package_stands_beside_it_and_delivers(tutorial, tmp_path):
    """An adapter's own wheel, installed after the gateway's; the last test here, since it adds to what is there."""
    assert_a_package_delivers(tutorial.folder / "venv/bin", tmp_path)
