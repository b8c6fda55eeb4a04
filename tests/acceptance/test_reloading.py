"""SIGHUP: secrets are read again; a real process, its secrets in files."""

import base64
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Gateway, Intakes, eventually, free_port, source, tenant, told
from tests.warehouses import VendorApi

ROOT = Path(__file__).resolve().parents[2]
WEBHOOK = json.loads(
    (ROOT / "adapters/samples/ongoing/ongoing_order_webhook.json").read_bytes().removeprefix(b"\xef\xbb\xbf")
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Kept:
    """Secrets in files, as an orchestrator mounts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, generation: str) -> None:
        for name in ("hook", "tenant", "api", "pull", "vendor"):
            self.file(name).write_text(f"{generation}-secret-of-the-{name}\n")

    def file(self, name: str) -> Path:
        return self._folder / name

    def __call__(self, name: str) -> str:
        return f"${{file:{self.file(name)}}}"


@pytest.fixture
def kept(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    kept = Kept(folder)
    kept.put("first")
    return kept


def settings_of(kept: Kept, intake: str, vendor: str) -> dict[str, Any]:
    proof = [{"type": "bearer", "token": kept("hook")}]
    api = {"base_url": vendor, "username": "gateway", "password": kept("vendor")}
    return {
        "tenants": {
            "demo": tenant(intake, secret=kept("tenant")),
            "pulled": {"delivery": "pull", "pull_secret": kept("pull")},
        },
        "sources": {
            "demo": source("demo", auth=proof),
            "pulled": source("pulled", auth=proof),
            "ongoing": {"adapter": "ongoing", "tenant": "demo", "auth": proof, "options": {"api": api}},
        },
        "api": {"token": kept("api")},
    }


def hang_up(gateway: Gateway, saying: str) -> str:
    """SIGHUP; what the log holds once it says this."""
    before = len(gateway.log.read_text())
    os.kill(gateway.pid, signal.SIGHUP)
    return eventually(lambda: gateway.log.read_text()[before:], lambda seen: saying in seen)


def test_secrets_are_taken_over(tmp_path, kept):
    """Every room proves, and asks for, the new secret from the next request on; the process goes on."""
    with Intakes() as intakes, VendorApi(lambda asked: asked.say(401)) as vendor:
        intake = intakes.open()
        with Gateway(tmp_path, **settings_of(kept, intake.url, vendor.url)) as gateway:
            gateway.post(told("e1", "A", 1), **bearer("first-secret-of-the-hook"))
            eventually(lambda: intake.calls)
            pid = gateway.pid
            kept.put("second")
            said = hang_up(gateway, "reloaded")

            old, new = bearer("first-secret-of-the-hook"), bearer("second-secret-of-the-hook")
            statuses = [gateway.post(told("e2", "B", 1), **each).status_code for each in (old, new)]
            gateway.post(WEBHOOK, "ongoing", **new)
            calls = [
                gateway.http.get(path, headers=bearer(f"{generation}-secret-of-the-{name}")).status_code
                for path, name in (("/api/v1/stats", "api"), ("/pull/pulled", "pull"))
                for generation in ("first", "second")
            ]
            eventually(lambda: intake.calls, lambda seen: len(seen) > 1)
            eventually(lambda: vendor.asked)

            assert statuses == [401, 200]
            [line] = [line for line in said.splitlines() if "reloaded" in line]
            assert "tenants.demo.secret" in json.loads(line)["changed"]
            assert calls == [401, 200, 401, 200]
            proofs = [call.headers["authorization"] for call in intake.calls]
            assert (proofs[0], proofs[-1]) == (
                "Bearer first-secret-of-the-tenant",
                "Bearer second-secret-of-the-tenant",
            )
            pair = base64.b64encode(b"gateway:second-secret-of-the-vendor").decode()
            assert {asked.headers["authorization"] for asked in vendor.asked} == {f"Basic {pair}"}
            assert gateway.pid == pid
        assert "secret-of-the" not in gateway.log.read_text()


def break_(what: str, kept: Kept, gateway: Gateway) -> None:
    """Spoil what is read the next time."""
    match what:
        case "a secret's file is gone":
            kept.file("api").unlink()
        case "a secret is empty":
            kept.file("hook").write_text("")
        case "a key is unknown":
            gateway.configure(limits={"nonsense": 1})
        case "it cannot be read":
            gateway.file.write_text("{")
        case "it is gone":
            gateway.file.unlink()


@pytest.mark.parametrize(
    ("what", "saying"),
    [
        ("a secret's file is gone", "missing secret file"),
        ("a secret is empty", "sources.demo.auth"),
        ("a key is unknown", "nonsense"),
        ("it cannot be read", "reload_refused"),
        ("it is gone", "reload_refused"),
    ],
)
def test_what_is_faulty_changes_nothing(tmp_path, kept, what, saying):
    """The log says what is wrong; every old secret goes on, no new one counts."""
    url = f"http://127.0.0.1:{free_port()}/in"
    with Gateway(tmp_path, **settings_of(kept, url, url + "/")) as gateway:
        kept.put("second")
        break_(what, kept, gateway)

        log = hang_up(gateway, saying)

        assert "reload_refused" in log
        assert saying in log
        assert "secret-of-the" not in log
        for generation, status in (("first", 200), ("second", 401)):
            hook = gateway.post(told("e1", "A", 1), **bearer(f"{generation}-secret-of-the-hook"))
            api = gateway.http.get("/api/v1/stats", headers=bearer(f"{generation}-secret-of-the-api"))
            assert (hook.status_code, api.status_code) == (status, status)


def test_the_embedded_intake_learns_its_secret(tmp_path, kept):
    """A tenant whose intake is ours is connected anew; deliveries go on, and its settings ask for the new token."""
    gateway = Gateway(tmp_path, {})
    settings = settings_of(kept, f"{gateway.url}/api/integrations/wms/demo", f"{gateway.url}/")
    gateway.configure(**settings, intake={"embedded": True})
    with gateway:
        kept.put("second")
        hang_up(gateway, "reloaded")
        gateway.post(told("e1", "A", 1), **bearer("second-secret-of-the-hook"))
        new = httpx.Headers(bearer("second-secret-of-the-api"))

        def statuses() -> dict[str, int]:
            return gateway.http.get("/api/v1/stats", headers=new).json()["orders"]

        assert eventually(statuses, lambda seen: seen == {"delivered": 1}) == {"delivered": 1}
        assert gateway.http.get("/api/settings/integrations", headers=new).status_code == 200
        old = bearer("first-secret-of-the-api")
        assert gateway.http.get("/api/settings/integrations", headers=old).status_code == 401
