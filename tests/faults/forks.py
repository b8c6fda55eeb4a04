"""A program that starts gateways by forking, so that a hundred lives cost no hundred imports; Linux.

One JSON object a line comes in: `{"config", "log", "crash": null or [file, function, "call" or "return", nth]}`; the
child's process id goes out. The child is what `gateway serve` runs. A crash is a kill -9 by itself the nth time that
the function is entered or left: a named point, found by looking on, without a line of the gateway changed.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import uvloop  # noqa: F401 - imported once, here, as all that follows

import adapters.logistics_plus  # noqa: F401 - as above
import gateway.running  # noqa: F401 - as above
from gateway.cli import settings, tree
from gateway.outgoing import tls_context


def crash_at(file, function, event, nth):
    """Kill -9 this process at the point, in whatever thread it comes by."""
    left = [nth]

    def look(frame, what, _argument):
        code = frame.f_code
        if what == event and code.co_name == function and code.co_filename.endswith(file):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(look)
    sys.setprofile(look)


def live(config, log, crash):
    """One gateway, until it is killed or told to stop."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if crash is not None:
        crash_at(*crash)
    return tree.run(["serve", "--config", config])


def main():
    # The dead are not waited for by name: whoever killed one sees it gone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        # What is made once a process is made here.
        settings.configuration(Path(asked["config"]))
        tls_context()
        child = os.fork()
        if child == 0:
            os.close(0)
            os._exit(live(**asked))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
