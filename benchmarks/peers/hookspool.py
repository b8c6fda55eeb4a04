"""`hookspool`: keeps each event in SQLite before its 200. Its dispatcher stays out, as our translation does."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import httpx

from benchmarks.peers import programs
from gateway.workshop.bench.load import LoadFailed, Target
from gateway.workshop.bench.rig import SOURCE, TOKEN, free_port


@contextmanager
def hookspool(folder: Path, checkout: Path = programs.CHECKOUT) -> Iterator[Target]:
    """Run its intake on a new spool. Raises LoadFailed."""
    program = programs.find("hookspool", "`make peers` installs it", checkout)
    settings = Template(programs.configuration("hookspool.toml").read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    file = folder / "config.toml"
    file.write_text(settings.substitute(port=port), "utf-8")
    command = [program, "--home", str(folder), "--config", str(file)]
    made = subprocess.run([*command, "migrate"], capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
    if made.returncode:
        raise LoadFailed(f"hookspool made no spool: {(made.stderr or made.stdout).strip()[-500:]}")
    origin = f"http://127.0.0.1:{port}"
    probe = httpx.Request("GET", f"{origin}/healthz")
    with programs.running([*command, "intake"], folder, probe=probe, environment={"BENCH_TOKEN": TOKEN}):
        yield Target(f"{origin}/hooks/{SOURCE}", {"Authorization": f"Bearer {TOKEN}"})
