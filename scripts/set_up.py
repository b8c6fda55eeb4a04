"""Make `.venv` and put a locked set of packages into it: `python scripts/set_up.py run|dev|fuzz|supply`.

Needs nothing but Python >= 3.11 with its venv module, and a package index that pip can reach. Does nothing when the
set stands already: a stamp holds a digest of the locks, of pyproject.toml, the interpreter's version and the folder.
What is missing is said in one sentence, with exit code 1.
"""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {
    "run": ("build", "run"),
    "dev": ("build", "run", "dev"),
    "fuzz": ("build", "run", "dev", "fuzz"),
    "supply": ("build", "run", "dev", "supply"),
}


class SetUpError(Exception):
    """Something is missing; the message is the sentence that the person reads."""


def run(arguments: list[str], sentence: str) -> None:
    """Run a step quietly; when it fails, show the end of what it said and raise `sentence`."""
    done = subprocess.run(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).strip().splitlines()[-12:]), file=sys.stderr)
        raise SetUpError(sentence)


def make_venv() -> None:
    """Make the virtual environment, anew where another interpreter or another folder made it."""
    maker, made_by = VENV / "made-by", f"{sys.version_info[:2]} {ROOT}"
    if PYTHON.exists() and maker.is_file() and maker.read_text() == made_by:
        return
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise SetUpError(f"Python's venv module is missing: on Debian and Ubuntu, `apt install {version}-venv`.")
    print("making .venv ...", flush=True)
    clear = ["--clear"] if maker.is_file() else []
    run([sys.executable, "-m", "venv", *clear, str(VENV)], f"Cannot make {VENV}: is the folder writable?")
    maker.write_text(made_by)


def install(group: str) -> None:
    """Install the group's locks, every file checked against its hash, then this project itself in place."""
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    files = [ROOT / "requirements" / f"{name}.txt" for name in LOCKS[group]]
    print(f"installing the locked packages ({group}) ...", flush=True)
    run(
        [*pip, "--require-hashes", *(part for file in files for part in ("--requirement", str(file)))],
        "Cannot install the locked packages: the network, or a package index that pip can reach, is missing.",
    )
    run(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        "Cannot install the project itself in .venv: pip's words are above.",
    )


def digest(group: str) -> str:
    """What the stamp of a group that stands holds."""
    told = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for file in (ROOT / "pyproject.toml", *(ROOT / "requirements" / f"{name}.txt" for name in LOCKS[group])):
        told.update(file.read_bytes())
    return told.hexdigest()


def stands(group: str) -> bool:
    """Whether the group is installed as its locks say."""
    stamp = VENV / f"ready-{group}"
    return PYTHON.exists() and stamp.is_file() and stamp.read_text() == digest(group)


def main(group: str) -> int:
    """Set the group up, unless it stands."""
    if stands(group):
        return 0
    try:
        make_venv()
        install(group)
        for other, locks in LOCKS.items():
            if set(locks) <= set(LOCKS[group]):
                (VENV / f"ready-{other}").write_text(digest(other))
    except (SetUpError, OSError) as error:
        print(f"set-up failed. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:  # noqa: PLR2004 - the script and its one argument
        sys.exit(f"usage: set_up.py {'|'.join(LOCKS)}")
    sys.exit(main(sys.argv[1]))
