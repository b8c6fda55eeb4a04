"""Make a release's files: `python scripts/build.py [FOLDER]` (dist/ by default), from the files that git knows.

The sdist, the wheel that is built from it, a bill of materials (CycloneDX) of what the locks pin, and SHA256SUMS. From
the same commit come the same bytes: every time in them is the commit's, or $SOURCE_DATE_EPOCH.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)(?: *; *([^\\]+?))? *\\?$", re.MULTILINE | re.IGNORECASE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def git(*arguments: str) -> str:
    """What git says of the tree."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607 - whichever git there is


def copied(to: Path) -> None:
    """Copy the files that git knows; modes and times do not count."""
    for name in git("ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)


def built(what: str, tree: Path, epoch: int) -> Path:
    """Let the build backend make `sdist` or `wheel`, in a folder of its own."""
    folder = tree.parent / what
    folder.mkdir()
    script = f"from setuptools import build_meta; build_meta.build_{what}({str(folder)!r})"
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tree,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"},
    )
    (file,) = folder.iterdir()
    return file


def normal(sdist: Path, epoch: int) -> bytes:
    """The sdist without what differs from machine to machine: owners, times, the order of its files."""
    raw = io.BytesIO()
    with tarfile.open(sdist) as given, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member in sorted(given.getmembers(), key=lambda each: each.name):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime, member.mode, member.pax_headers = epoch, 0o755 if member.isdir() else 0o644, {}
            made.addfile(member, given.extractfile(member) if member.isfile() else None)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=epoch) as file:
        file.write(raw.getvalue())
    return packed.getvalue()


def bill(lock: str, version: str, epoch: int) -> dict[str, object]:
    """What is installed with the gateway, as the lock pins it."""
    found = list(PINNED.finditer(lock))
    ends = [*(each.start() for each in found[1:]), len(lock)]
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{pin}",
            "name": name.lower(),
            "version": pin,
            "purl": f"pkg:pypi/{name.lower()}@{pin}",
            "hashes": [{"alg": "SHA-256", "content": each} for each in HASH.findall(lock[match.start() : end])],
            **({"properties": [{"name": "python:marker", "value": marker}]} if marker else {}),
        }
        for match, end in zip(found, ends, strict=True)
        for name, pin, marker in [match.groups()]
    ]
    own = f"pkg:pypi/trackely-gateway@{version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + lock)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "trackely-gateway",
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [each["bom-ref"] for each in components]}],
    }


def main(out: Path) -> None:
    """Make everything, then put it into its place."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    os.umask(0o022)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        copied(tree)
        sdist = built("sdist", tree, epoch)
        content = normal(sdist, epoch)
        (out / sdist.name).write_bytes(content)
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            packed.extractall(scratch, filter="data")
        wheel = built("wheel", Path(scratch) / sdist.name.removesuffix(".tar.gz"), epoch)
        shutil.copyfile(wheel, out / wheel.name)
    listed = bill((ROOT / "requirements" / "run.txt").read_text(), version, epoch)
    sbom = out / f"trackely_gateway-{version}.cdx.json"
    sbom.write_text(json.dumps(listed, indent=2) + "\n")
    files = sorted([out / sdist.name, out / wheel.name, sbom])
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (out / "SHA256SUMS").write_text("".join(sums))
    print("".join(sums), end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist")
