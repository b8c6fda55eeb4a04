"""The gateway under a wall clock that is wrong by so many seconds: `python skewed.py -240 serve ...`."""

import os
import sys
import time

SKEW = int(os.environ.setdefault("SKEW_SECONDS", sys.argv.pop(1) if len(sys.argv) > 1 else "0"))

_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + SKEW
time.time_ns = lambda: _time_ns() + SKEW * 1_000_000_000

if __name__ == "__main__":
    from gateway.cli.tree import run

    sys.exit(run())
