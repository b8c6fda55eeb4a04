"""A gateway as its users have it: a process of its own, with a file, a store and a port of its own.

Nothing here knows the inside: requests, the operators' API, signals. Intakes that misbehave listen in this process.
"""

import asyncio
import contextlib
import ctypes
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from tests import stores
from tests.intakes import Call, Intake, Reaction, accepted

ROOT = Path(__file__).resolve().parent.parent
API_TOKEN = "an-operators-token"
PROOF = {"Authorization": "Bearer a-vendors-token"}
ENDED = ("delivered", "superseded", "withdrawn", "ignored", "dead", "discarded", "shadowed")
"""What every event is in the end."""

# Time-outs, back-offs and probes as short as a test needs them; what they are by default is not what is tested.
FAST = {
    "timeout": 1.0,
    "settle_delay": 0.2,
    "probe": 0.1,
    "backoff": {"base": 0.02, "max": 0.05},
    "batch": {"linger": 0.02},
}


# A range for each of the tests' workers, below what the system gives to whoever asks for any port: else a gateway that
# is between its stop and its start may find another's at its address.
_EACH = 2500
_FIRST = 10_000 + _EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8)
_ports = itertools.cycle(random.sample(range(_FIRST, _FIRST + _EACH), _EACH))


def free_port() -> int:
    """A port of this machine that nobody listens at, and no other worker is given."""
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def tenant(url: str | None, **members: Any) -> dict[str, Any]:
    return {"intake_url": url, "secret": "a-tenants-secret", **FAST, **members}


def source(tenant_name: str, **members: Any) -> dict[str, Any]:
    proof = [{"type": "bearer", "token": "a-vendors-token"}]
    return {"adapter": "logistics_plus", "tenant": tenant_name, "auth": proof, **members}


def told(event_id: str, reference: str, version: int, **members: Any) -> dict[str, Any]:
    """An Order as Logistics Plus tells it; `version` is its clock, and stands in the address so that it shows."""
    at = f"2024-01-01T{version // 3600:02}:{version // 60 % 60:02}:{version % 60:02}+00:00"
    address = {"addressLine1": f"{version} Road", "city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"}
    data = {
        "primaryReference": reference,
        "dateLastUpdated": at,
        "status": "PRS",
        "shipToAddress": {"address": address},
    }
    return {"id": event_id, "dateCreated": at, "entityType": "Order", "topic": "ORDER", "data": {**data, **members}}


def version_of(order: dict[str, Any]) -> int:
    """The version of `told` that a canonical order shows."""
    return int(order["deliveryAddress"].split()[0])


def eventually(look: Callable[[], Any], holds: Callable[[Any], bool] = bool, within: float = 45.0) -> Any:
    """What `look` sees as soon as it `holds`. Raises AssertionError once the time is up: nobody waits for nothing."""
    end = time.monotonic() + within
    while not holds(seen := look()):
        assert time.monotonic() < end, f"not within {within:g} s; seen last: {seen!r}"
        time.sleep(0.02)
    return seen


class Gateway:
    """Use as `with Gateway(folder, {...}) as gateway`; `start`, `kill` and `stop` as often as wanted."""

    def __init__(
        self,
        folder: Path,
        tenants: dict[str, Any],
        sources: dict[str, Any] | None = None,
        *,
        program: Sequence[str] = ("-m", "gateway", "serve"),
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.program = program
        self.tree = ROOT
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.file = folder / "config.yaml"
        self.log = folder / "gateway.log"
        self.settings = {
            "server": {"host": "127.0.0.1", "port": self.port},
            "api": {"token": API_TOKEN},
            "limits": {"min_free_disk": 0},
            **stores.settings(folder),
            "tenants": tenants,
            "sources": {name: source(name) for name in tenants} if sources is None else sources,
            **settings,
        }
        self.configure()
        # Without authorities: loading them costs more than most requests of a test.
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=15, verify=False)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, **settings: Any) -> None:
        """Write the file anew, these sections changed; read at the next start."""
        self.settings.update(settings)
        self.file.write_text(json.dumps(self.settings))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            # One that did not become ready in time would stay, and slow the machine for the next one.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self.http.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it is ready."""
        self.launch()
        assert eventually(self.is_ready, within=60) is True, self.log.read_text()

    def launch(self) -> None:
        """Start, and wait for nothing."""
        command = [sys.executable, *self.program, "--config", str(self.file)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment(self.tree), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=end_with_us,  # noqa: PLW1509 - nothing but a call of the system's
            )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return self._says_ready()
        return False

    def _says_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/readyz").status_code == 200
        return False

    def kill(self) -> None:
        """As a power cut, but for the disk."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def terminate(self) -> None:
        """SIGTERM, and wait for nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        """Until it ends by itself; the exit code."""
        assert self._process is not None
        code = self._process.wait(30)
        self._process = None
        return code

    def post(self, body: Any, to: str = "demo", **headers: str) -> httpx.Response:
        """POST a JSON value, or bytes as they are, with the vendor's credentials unless others are given."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **PROOF, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.http.post(f"/hooks/{to}", content=content, headers=given)

    def api(self, path: str, body: Any = None, *, method: str | None = None, **parameters: Any) -> Any:
        """An answer of the operators' API; a POST where there is a body."""
        answer = self.http.request(
            method or ("GET" if body is None else "POST"),
            f"/api/v1/{path}",
            json=body,
            params=parameters,
            headers={"Authorization": f"Bearer {API_TOKEN}"},
        )
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()

    def order(self, name: str, of: str = "demo") -> dict[str, Any]:
        """The order with its story; empty as long as nobody has heard of it."""
        answer = self.http.get(f"/api/v1/orders/{of}/{name}", headers={"Authorization": f"Bearer {API_TOKEN}"})
        assert answer.status_code in (200, 404), answer.text
        return answer.json() if answer.status_code == 200 else {}

    def becomes(self, name: str, status: str, of: str = "demo", within: float = 45.0) -> dict[str, Any]:
        """The order once it has this status."""
        order = eventually(lambda: self.order(name, of), lambda seen: seen.get("status") == status, within)
        assert order.get("status") == status, order
        return order

    def tenant(self, name: str = "demo") -> dict[str, Any]:
        return next(each for each in self.api("tenants")["tenants"] if each["name"] == name)

    def all(self, what: str, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page."""
        rows: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.api(what, limit=1000, **parameters, **cursor)
            rows += next(value for value in page.values() if isinstance(value, list))
            if page["next"] is None:
                return rows
            cursor = {"cursor": page["next"]}

    def drained(self, within: float = 45.0) -> dict[str, int]:
        """The events by status, once all have ended."""
        return eventually(lambda: self.api("stats")["events"], lambda seen: set(seen) <= {*ENDED}, within)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the command line, for this gateway."""
        command = [sys.executable, "-m", "gateway", *arguments, "--config", str(self.file)]
        return subprocess.run(
            command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
        )


def beside(pid: int, module: str) -> int:
    """The id of a process's child that runs this module."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(child) for child in children if module.encode() in Path(f"/proc/{child}/cmdline").read_bytes())


def halt(pid: int) -> None:
    """Stop a process. Its threads stop one after the other, and what one of them still does would be seen."""
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: all(each.read_text().rpartition(")")[2].split()[0] == "T" for each in _threads(pid)), within=5)


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").glob("*/stat"))


def end_with_us() -> None:
    """In a child, before its program: it ends when the test's process does, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def environment(tree: Path = ROOT) -> dict[str, str]:
    """This checkout's code, or another tree's, wherever the process starts; nobody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(tree)}


class Intakes:
    """Intakes on a loop of their own, in a thread: `with Intakes() as intakes: intake = intakes.open(...)`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._open: list[Intake] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for intake in self._open:
            self._run(intake.__aexit__())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def open(self, behave: Callable[[Call], Reaction] = lambda _call: accepted) -> Intake:
        """An intake that listens; a `behave` that is set later counts from the next request on."""
        intake = Intake(behave)
        self._run(intake.__aenter__())
        self._open.append(intake)
        return intake

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)
