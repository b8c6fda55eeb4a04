"""Bring programs of the system: `python scripts/bring.py chromium ...`, each by the name of its Debian package.

One that `$CHROMIUM` (its name in capitals) names, or that is on the path, is there already. Else apt-get brings it, as
root. What is missing then is said in one sentence, with exit code 1.
"""

import os
import shutil
import subprocess
import sys


def is_there(name: str) -> bool:
    """Whether the program can be started."""
    given = os.environ.get(name.upper())
    return shutil.which(given or name) is not None


def fault_of(name: str) -> str | None:
    """Why the program is missing even now; None: it is there."""
    if is_there(name):
        return None
    if given := os.environ.get(name.upper()):
        return f"{given}, which {name.upper()} names, is no program that can be started."
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        how = f"install it (on Debian, as root: `apt-get install {name}`), or say {name.upper()}=/path"
        return f"{name} is missing: {how}."
    print(f"bringing {name} by apt-get ...", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", name]):
        done = subprocess.run(
            [apt, "--quiet", *step], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print("\n".join((done.stdout + done.stderr).strip().splitlines()[-6:]), file=sys.stderr)
            return f"{name} is missing, and apt-get could not bring it: its words are above."
    return None if is_there(name) else f"{name} was installed, and is not on the path: say {name.upper()}=/path."


def main(names: list[str]) -> int:
    """Bring all of them, or say which is missing."""
    faults = [fault for name in names if (fault := fault_of(name)) is not None]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
