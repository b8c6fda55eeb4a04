"""What is released is what was tested: built, installed where nothing else is, and run from there."""

import hashlib
import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaged import assert_a_package_delivers, assert_it_works, build, run

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements" / "run.txt").read_text()


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(dist, tmp_path_factory) -> Path:
    """The programs of an environment in which the wheel is, and what the lock pins, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (wheel,) = dist.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", wheel], check=True)
    # A path in a .pth file is searched, and its own .pth files, which name this checkout, are not.
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (packages / "locked.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin"


def test_the_same_commit_gives_the_same_bytes(dist, tmp_path):
    """Built again, elsewhere and later, every file is what it was; the digests say so."""
    again = build(tmp_path)

    assert (dist / "SHA256SUMS").read_bytes() == (again / "SHA256SUMS").read_bytes()
    for line in (dist / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest


def test_the_wheel_holds_what_the_packages_hold(dist):
    """Every module and data file of the three packages, and nothing beside them."""
    (wheel,) = dist.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "gateway", "adapters", "schemas"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert names == set(tracked.stdout.split())


def test_the_sdist_names_nobody(dist):
    """No owner, no time but the commit's."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        members = packed.getmembers()

    assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, "", "")}
    assert len({each.mtime for each in members}) == 1
    assert any(each.name.endswith("/pyproject.toml") for each in members)


def test_the_bill_lists_what_the_lock_pins(dist):
    """Each package once, with its version and the digests that it is installed by."""
    (file,) = dist.glob("*.cdx.json")
    bill = json.loads(file.read_text())
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", LOCK, re.MULTILINE))
    digests = [each["content"] for component in bill["components"] for each in component["hashes"]]

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {each["name"]: each["version"] for each in bill["components"]} == {k.lower(): v for k, v in pinned.items()}
    assert sorted(digests) == sorted(re.findall(r"sha256:([0-9a-f]{64})", LOCK))
    assert len({each["bom-ref"] for each in bill["components"]}) == len(pinned)


def test_the_locks_hold_what_the_wheel_asks_for(dist):
    """Each requirement of the metadata is pinned, an extra's in the lock of its name."""
    (wheel,) = dist.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    asked = re.findall(
        r'^Requires-Dist: ([A-Za-z0-9._-]+)(?:.*extra == "(\w+)")?', archive.read(metadata).decode(), re.MULTILINE
    )
    locks = {extra: (ROOT / "requirements" / f"{extra or 'run'}.txt").read_text() for _, extra in asked}

    assert {"", "tracing"} <= locks.keys()
    for name, extra in asked:
        assert re.search(rf"^{re.escape(name)}==", locks[extra], re.MULTILINE | re.IGNORECASE)


def test_the_demo_runs_from_the_wheel(installed, tmp_path):
    """In an empty folder: everything is delivered, exit code 0."""
    done = run(installed, "demo", "--once", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "delivered" in done.stdout


def test_what_is_written_with_it_can_be_checked_and_served(installed, tmp_path):
    """`check`, `adapter new`, `translate` and `serve` find what they ship."""
    assert_it_works(installed, tmp_path)


def test_a_package_is_made_built_installed_and_delivers(installed, tmp_path):
    """`adapter new --package`: a wheel beside the gateway's, listed as a built-in is, serving and delivering."""
    assert_a_package_delivers(installed, tmp_path)


@pytest.mark.parametrize("name", ["adapters", "schemas"])
@pytest.mark.parametrize("how", ["another's", "broken"])
def test_another_programs_package_of_our_name_is_told(installed, tmp_path, name, how):
    """One sentence names the package and what helps."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("" if how == "another's" else "import no_such_module")
    done = run(installed, "check", cwd=tmp_path, PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert f"the package `{name}`" in done.stderr
    assert "a virtual environment of its own" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_version_is_the_projects(installed, tmp_path):
    """`gateway --version` says what pyproject.toml says."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert version[1] in run(installed, "--version", cwd=tmp_path).stdout
