"""What is released: how it is built, and what an installed program must be able to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Gateway, eventually, told

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path) -> Path:
    """A release's files."""
    done = subprocess.run(
        [sys.executable, "scripts/build.py", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def run(installed: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in an environment of nobody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON"))}
    return subprocess.run(
        [installed / "gateway", *arguments],
        cwd=cwd, env={**kept, **environment}, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


@contextmanager
def serving(installed: Path, gateway: Gateway) -> Iterator[None]:
    """The gateway served by the installed program."""
    with gateway.log.open("wb") as log:
        process = subprocess.Popen([installed / "gateway", "serve"], cwd=gateway.folder, stdout=log, stderr=log)
    gateway._process = process
    try:
        assert eventually(gateway.is_ready) is True
        yield
    finally:
        process.terminate()
        process.wait(30)
        gateway.http.close()


def assert_it_works(installed: Path, folder: Path) -> None:
    """`check`, `adapter new`, `translate` and `serve` find what they ship."""
    sample = ROOT / "tests/golden/logistics_plus/clock_absent/body.json"
    translated = run(installed, "translate", "logistics_plus", str(sample), cwd=folder)
    drafted = run(installed, "adapter", "new", "acme", "--sample", str(sample), cwd=folder)
    gateway = Gateway(folder, {"demo": {"intake_url": "http://127.0.0.1:9/in", "secret": "a-tenants-secret"}})
    checked = run(installed, "check", "--config", "config.yaml", cwd=folder)
    with serving(installed, gateway):
        stored = gateway.post(told("e1", "A", 1)).status_code

    assert (translated.returncode, drafted.returncode, checked.returncode) == (0, 0, 0), drafted.stderr + checked.stderr
    assert (folder / "acme.py").is_file()
    assert stored == 200
