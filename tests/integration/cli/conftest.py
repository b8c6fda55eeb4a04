"""A running gateway, as a process of its own, and the command line against it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.integration.conftest import Ended
from tests.processes import free_port
from tests.stores import settings

ROOT = Path(__file__).parents[3]
ADAPTER = '''
"""Acme: an id, and orders."""

from adapters import Adapter, Hook, Identity, MalformedPayload, OptionsModel, Order, State, VendorModel, decoder


class Event(VendorModel):
    id: str
    orders: list[str] = []
    is_broken: bool = False


decode = decoder(Event)


def identify(hook):
    return Identity(decode(hook.body).id, hook.headers.get("x-topic"))


def translate(hook, options, answers):
    event = decode(hook.body)
    if event.is_broken:
        raise MalformedPayload("broken on purpose", path="$.isBroken")
    return [State(order=Order(external_order_id=name, delivery_address="1 High Street")) for name in event.orders]


ADAPTER = Adapter(
    name="acme", version="1", options=OptionsModel, identify=identify, translate=translate, reads_headers=("x-topic",),
    reads_parameters=("shop",),
)
'''
CONFIG = """
server: {{host: 127.0.0.1, port: {port}}}
store: "{store}"
allow_unsafe: true
api:
  tokens:
    - {{name: board, token: seeing-token, role: read}}
    - {{name: night, token: administering-token, role: admin}}
intake: {{embedded: true}}
tenants:
  demo: {{intake_url: "http://127.0.0.1:{port}/api/integrations/wms/demo", secret: demo-secret-of-some-length}}
  pulled: {{delivery: pull, pull_secret: pull-secret-of-some-length}}
  single: {{delivery: pull, pull_secret: single-secret-of-some-length}}
  unreachable: {{intake_url: "http://127.0.0.1:9/in", secret: secret-of-some-length, backoff: {{base: 30s}}}}
sources:
  unreachable: {{adapter: ./acme.py, tenant: unreachable, auth: none}}
  puller: {{adapter: ./acme.py, tenant: single, auth: none}}
  pulled: {{adapter: ./acme.py, tenant: pulled, auth: none}}
  bearer: {{adapter: ./acme.py, tenant: demo, auth: [{{type: bearer, token: [new, old]}}]}}
  basic: {{adapter: ./acme.py, tenant: demo, auth: [{{type: basic, username: u, password: "p:w"}}]}}
  header: {{adapter: ./acme.py, tenant: demo, auth: [{{type: header, name: X-Auth-Token, value: v}}]}}
  query: {{adapter: ./acme.py, tenant: demo, auth: [{{type: query, parameter: token, value: "v&w"}}]}}
  hmac:
    adapter: ./acme.py
    tenant: demo
    auth: [{{type: hmac, header: X-Sig, secret: k, encoding: hex, prefix: "s="}}]
  standard:
    adapter: ./acme.py
    tenant: demo
    auth: [{{type: standard_webhooks, secret: whsec_c2VjcmV0IGtleSBoZXJl}}]
  keyed:
    adapter: ./acme.py
    tenant: demo
    auth:
      - type: public_key
        algorithm: ed25519
        header: X-Sig
        key: |
          -----BEGIN PUBLIC KEY-----
          MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=
          -----END PUBLIC KEY-----
  open: {{adapter: ./acme.py, tenant: demo, auth: none}}
"""


class Running(msgspec.Struct):
    """A gateway process and where it is."""

    directory: Path
    config: Path
    origin: str
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> httpx.Response:
        """What the API answers."""
        headers = {"Authorization": "Bearer administering-token"}
        return httpx.get(self.origin + path, headers=headers, trust_env=False)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def clean_environment() -> dict[str, str]:
    ours = ("GATEWAY_CONFIG", "GATEWAY_API_TOKEN")
    return {**{name: value for name, value in os.environ.items() if name not in ours}, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("gateway")
    port = free_port()
    config = directory / "config.yaml"
    config.write_text(CONFIG.format(port=port, store=settings(directory)["store"]))
    (directory / "acme.py").write_text(ADAPTER)
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=clean_environment(), cwd=directory)
    running = Running(directory, config, f"http://127.0.0.1:{port}", process)
    running.until(lambda: process.poll() is not None or _answers(running.origin))
    assert process.poll() is None, (directory / "log").read_text()
    yield running
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def _answers(origin: str) -> bool:
    try:
        return httpx.get(f"{origin}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def ask(cli, gateway) -> Callable[..., Ended]:
    """Run a command against the running gateway; the words before the first option name it."""

    def call(command: str, *arguments: object) -> Ended:
        return cli(*command.split(), *arguments, "--config", gateway.config)

    return call


@pytest.fixture
def send(ask, gateway, tmp_path) -> Callable[..., str]:
    """Send an event to a source and wait until it came to its end; its id."""

    def call(event_id: str, *orders: str, source: str = "open", **members: object) -> str:
        path = tmp_path / f"{event_id}.json"
        path.write_bytes(msgspec.json.encode({"id": event_id, "orders": orders, **members}))
        assert ask("send", source, path).code == 0
        found: list[dict[str, str]] = []

        def is_over() -> bool:
            found[:] = gateway.get(f"/api/v1/events?eventId={event_id}").json()["events"]
            return bool(found) and found[0]["status"] not in ("received", "translated")

        gateway.until(is_over)
        return found[0]["id"]

    return call
