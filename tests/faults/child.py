"""Runs a module as the gateway runs it in a process of its own, to its death: `python child.py CRASH MODULE ...`.

At the named point the gateway is killed, and this process with it.
"""

import json
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def die():
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from gateway.ground.hosting import host
    from tests.faults.crashing import crash_at

    crash_at(*json.loads(sys.argv[1]), die)
    host(*sys.argv[2:])
