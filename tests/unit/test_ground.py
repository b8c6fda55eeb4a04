"""The ground that the house stands on: locks, targets, arrows, image and documents say what is so."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {
    "help",
    "demo",
    "dist",
    "docs",
    "test",
    "lint",
    "format",
    "soak",
    "mutants",
    "nemesis",
    "fuzz",
    "hostile",
    "bench",
    "peers",
    "audit",
    "lock",
}


def pinned(lock):
    """A lock's packages: name -> version, the hashes left out."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


def names(requirements):
    return {re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_index(lock):
    """A lock holds pinned packages, conditions and hashes: no address, no option of an index, no path."""
    lines = lock.read_text().splitlines()

    pin = re.compile(
        r"[a-z0-9-]+==[0-9][A-Za-z0-9.+!]*( ; [a-z_]+ [<>=!]+ '[^']+'( (and|or) [a-z_]+ [<>=!]+ '[^']+')*)? \\"
    )
    assert [
        line
        for line in lines
        if not pin.fullmatch(line) and not re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)
    ] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_has_its_hashes(lock):
    """Each pinned package is followed by at least one hash."""
    text = lock.read_text()

    assert re.findall(r"== ?[^\n]*\n(?!    --hash)", text) == []
    assert pinned(lock)


def test_the_locks_hold_what_the_project_asks_for():
    """Every dependency and every group of pyproject.toml is in its lock, and the locks agree on versions."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = {"run": PROJECT["project"]["dependencies"], **PROJECT["dependency-groups"], **extras}
    held = {lock.stem: pinned(lock) for lock in LOCKS}
    versions = {}
    for name, pins in held.items():
        for package, version in pins.items():
            if name != "fuzz":  # one package in two versions, for two ranges of Python
                versions.setdefault(package, set()).add(version)

    assert {name: names(wanted[name]) - set(held[name]) for name in wanted} == {name: set() for name in wanted}
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_the_floors_of_security_hold():
    """Versions with known holes are below the pins, and the multipart parser is not installed."""
    run = pinned(ROOT / "requirements" / "run.txt")
    floors = {"starlette": (1, 5, 1), "httptools": (0, 8), "h11": (0, 16), "jinja2": (3, 1, 6)}

    assert all(tuple(int(part) for part in run[name].split(".")) >= floor for name, floor in floors.items())
    assert "python-multipart" not in run


def test_help_names_every_target():
    """`make` alone lists each target with its sentence."""
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE)) == TARGETS


def test_a_missing_python_is_said_in_one_sentence():
    """Without a Python that will do, the set-up ends with one sentence and no traceback."""
    done = subprocess.run(
        ["make", "--silent", "demo", "PYTHON=/nowhere/python"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.splitlines()[0].startswith("set-up failed. Python 3.11 or newer is missing:")


@pytest.mark.parametrize(
    ("target", "group"),
    [("demo", "run"), ("demo ARGS=--once", "run"), ("demo ARGS=--replicas=3", "demo"), ("bench ARGS=replicas", "demo")],
)
def test_a_database_is_installed_where_it_is_asked_for(target, group):
    """Nobody else needs its wheel."""
    done = subprocess.run(["make", "--dry-run", *target.split()], cwd=ROOT, capture_output=True, text=True, check=True)

    assert f"scripts/set_up.py {group}\n" in done.stdout


def copy_what_set_up_needs(folder: Path) -> None:
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("requirements", "scripts"):
        shutil.copytree(ROOT / name, folder / name)


def interrupted(folder: Path, step: str, index: str, gone: Path | None = None) -> tuple[int, str]:
    """A set-up whose whole group, as in a terminal, gets a Ctrl-C in a step, a file gone: its exit code and words."""
    # Whoever runs the tests may have been started deaf to it.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "scripts/set_up.py", "run"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PIP_INDEX_URL": index},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, heard)
    assert process.stdout is not None
    told = process.stdout.readline()
    while not told.splitlines()[-1].startswith(step):
        told += process.stdout.readline()
    # Well into the step.
    time.sleep(0.5)
    while gone is not None and gone.exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    told += process.communicate(timeout=30)[0]
    return process.returncode, told


def test_an_interrupted_set_up_begins_anew(tmp_path):
    """Ctrl-C is one line and exit code 130; what was half made, environment or packages, is made again from nothing."""
    copy_what_set_up_needs(tmp_path)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        first = interrupted(tmp_path, "making", index)
        stray = tmp_path / ".venv" / "stray"
        stray.touch()
        second = interrupted(tmp_path, "installing", index)
        found_stray = stray.exists()
        stray.touch()
        third = interrupted(tmp_path, "making", index, gone=stray)

    for code, told in (first, second, third):
        assert code == 130
        assert told.endswith("\nset-up interrupted: the next one begins anew.\n")
        assert "Traceback" not in told
    assert not found_stray
    assert not stray.exists()


def test_a_removal_that_is_cut_short_is_gone_on_with(tmp_path):
    """What is left of the environment is not taken for somebody's own."""
    copy_what_set_up_needs(tmp_path)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "made-by").write_text("another Python")
    cut_short = (
        "import shutil, sys, set_up\n"
        "def rmtree(_): raise KeyboardInterrupt\n"
        "shutil.rmtree = rmtree\n"
        "sys.exit(set_up.main('run'))\n"
    )
    done = subprocess.run([sys.executable, "-c", cut_short], cwd=tmp_path, env={"PYTHONPATH": "scripts"}, check=False)

    assert done.returncode == 130
    assert (venv / "made-by").read_text() == "half-made"


def test_a_missing_index_is_said_in_one_sentence(tmp_path):
    """Without a package index the set-up ends with one sentence after pip's own words, and leaves no stamp."""
    copy_what_set_up_needs(tmp_path)
    environment = {"PATH": os.environ["PATH"], "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}

    done = subprocess.run(
        [sys.executable, "scripts/set_up.py", "run"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("set-up failed. Cannot install the locked packages: the network")
    assert "Traceback" not in done.stderr
    assert list((tmp_path / ".venv").glob("ready-*")) == []


def test_continuous_integration_runs_make_test():
    """.ci/run can be executed and does what `make test` does."""
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text()
    for tool in ("ruff format --check", "ruff check", "mypy", "lint-imports"):
        assert f"$(BIN)/{tool}" in MAKEFILE


def test_arrows_that_turn_back_are_refused(tmp_path):
    """A room that imports a room or an engine, a service that imports a tool, a module without a place."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("gateway", "adapters", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "gateway" / "stray.py").write_text('"""No place."""\n')
    (tmp_path / "gateway" / "ingress" / "turned.py").write_text("import gateway.delivery\n")
    (tmp_path / "gateway" / "translation" / "engine.py").write_text("import gateway.store.process\n")
    (tmp_path / "gateway" / "lookups" / "engine.py").write_text("import gateway.store.sqlite\n")
    (tmp_path / "gateway" / "store" / "rules" / "turned.py").write_text("import sqlite3\nimport gateway.store.sqlite\n")
    (tmp_path / "gateway" / "service" / "tool.py").write_text("import gateway.workshop.kit\n")
    (tmp_path / "adapters" / "acme.py").write_text("import time\n")
    (tmp_path / "adapters" / "bolt.py").write_text("import adapters.acme\n")
    (tmp_path / "schemas" / "back.py").write_text("import adapters.acme\n")

    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    for fault in (
        "gateway.stray",
        "gateway.ingress is not allowed to import gateway.delivery",
        "gateway.translation is not allowed to import gateway.store.process",
        "gateway.lookups is not allowed to import gateway.store.sqlite",
        "gateway.store.rules is not allowed to import gateway.store.sqlite",
        "gateway.store.rules is not allowed to import sqlite3",
        "gateway.store is not allowed to import sqlite3",
        "gateway.service is not allowed to import gateway.workshop",
        "adapters is not allowed to import time",
        "adapters.bolt is not allowed to import adapters.acme",
        "schemas is not allowed to import adapters",
    ):
        assert fault in done.stdout


def test_the_image_is_built_from_what_the_context_lets_in():
    """Everything that the Dockerfile copies passes .dockerignore, nothing else does, and no root runs it."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()
    }
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    last_stage = dockerfile.split("\nFROM ")[-1]

    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r"^USER (?!0|root)\d+", last_stage, re.MULTILINE)
    for instruction in ("HEALTHCHECK", "VOLUME /var/lib/trackely", "EXPOSE 8080"):
        assert instruction in last_stage


def test_hooks_before_a_commit_run_the_locked_tools():
    """The pre-commit hooks are local and run what .venv holds."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert [repository["repo"] for repository in hooks] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks[0]["hooks"])


def test_the_change_log_has_a_place_for_what_comes():
    """CHANGELOG.md keeps a changelog."""
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_decision_has_its_page():
    """The ADRs are numbered without a gap, and each has a context, a decision and its consequences."""
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))

    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text()
        assert [heading for heading in ("## Context", "## Decision", "## Consequences") if heading not in text] == []
        assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_documents_point_at_what_exists(page):
    """Every relative link of the top pages leads to a file, and every `make` target that they name exists."""
    text = (ROOT / page).read_text()
    links = [link.split("#")[0] for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)]+)\)", text)]

    assert [link for link in links if not (ROOT / link).exists()] == []
    # A fence's three marks would pair what stands between two pieces of code.
    spans = re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL)
    assert set(re.findall(r"make ([a-z]+)\b", "\n".join(spans))) <= TARGETS


def test_the_states_are_drawn():
    """ARCHITECTURE.md names every status of events and of orders in its diagrams."""
    from gateway.events import EventStatus, OrderStatus  # noqa: PLC0415 - this module reads files otherwise

    drawn = "".join(
        re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.DOTALL)
    )

    assert [status for status in (*EventStatus, *OrderStatus) if f" {status}" not in drawn] == []
