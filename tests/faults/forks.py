"""A program that starts gateways by forking, so that a hundred lives cost no hundred imports; Linux.

One JSON object a line comes in: `{"config", "log", "crash": null or [process, file, function, "call" or "return",
nth]}`; the child's process id goes out. The child is what `gateway serve` runs. A crash is a kill -9 of the gateway the
nth time that the function is entered or left in the process: the gateway itself, or the module of one beside it.
"""

import json
import os
import signal
import sys
from pathlib import Path

import uvloop  # noqa: F401 - imported once, here, as all that follows

import adapters.logistics_plus  # noqa: F401 - as above
import gateway.service.running  # noqa: F401 - as above
from gateway.cli import settings, tree
from gateway.ground import child
from gateway.ground.connecting import tls_context
from tests.faults.crashing import crash_at

GATEWAY = "gateway"


def crash_in(process, point):
    """Kill -9 the gateway at the point, in whichever of its processes that comes by."""
    if process == GATEWAY:
        crash_at(*point, lambda: os.kill(os.getpid(), signal.SIGKILL))
        return
    ordinary = [*child.COMMAND]
    dying = [sys.executable, "-P", str(Path(__file__).with_name("child.py")), json.dumps(point)]

    def run(command, descriptor):
        module = command[len(ordinary)]
        return start([*dying, *command[len(ordinary) :]] if module == process else command, descriptor)

    start, child._run = child._run, run


def live(config, log, crash):
    """One gateway, until it is killed or told to stop."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if crash is not None:
        crash_in(crash[0], crash[1:])
    return tree.run(["serve", "--config", config])


def main():
    # The dead are not waited for by name: whoever killed one sees it gone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        # What is made once a process is made here.
        settings.configuration(Path(asked["config"]))
        tls_context()
        forked = os.fork()
        if forked == 0:
            os.close(0)
            os._exit(live(**asked))
        sys.stdout.write(f"{forked}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
