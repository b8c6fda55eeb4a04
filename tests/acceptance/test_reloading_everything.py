"""The whole configuration is read again while hooks come in: all or nothing, and nobody outside notices."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.processes import (
    API_TOKEN,
    PROOF,
    ROOT,
    Gateway,
    Intakes,
    beside,
    eventually,
    free_port,
    source,
    tenant,
    told,
)
from tests.towns import write

[TOLD] = re.findall(r"^\| `loop` \|(.*), and `delivery:`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
LOOPS = {*re.findall("`([^`]+)`", TOLD)}
"""As they are documented; people are told by one of them where somebody is to be."""


def sources(**more: Any) -> dict[str, Any]:
    return {"demo": source("demo"), "acme": source("demo", adapter="./acme.py"), **more}


def test_every_part_is_taken_over(tmp_path):
    """A tenant, a limit, a token, retention; what needs a restart is named, and stays as it was; it is in the audit."""
    write(tmp_path, "Leeds")
    left = {"left": tenant("http://127.0.0.1:9/in")}
    with Intakes() as intakes, Gateway(tmp_path, left | {"demo": tenant(intakes.open().url)}, sources()) as gateway:
        gateway.api("tenants/left/halt", {})
        gateway.post(told("e1", "A", 1))
        gateway.becomes("A", "delivered")
        gateway.configure(
            tenants={"demo": tenant(intakes.open().url), "other": tenant(intakes.open().url + "/other")},
            sources=sources(other=source("other")),
            limits={"min_free_disk": 0, "max_body": 1000},
            retention={"bodies": "1d"},
            store="sqlite:///elsewhere.db",
            api={"tokens": [{"name": "night", "token": "another-operators-token", "role": "admin"}]},
        )
        refused = gateway.http.post("/api/v1/reload", headers={"Authorization": "Bearer a-strangers-token"}).status_code
        time.sleep(1)
        # With the file's own token, which is in force from this reload on.
        command = gateway.command("reload", "--json")
        done = json.loads(command.stdout)
        before = gateway.http.get("/api/v1/stats", headers={"Authorization": f"Bearer {API_TOKEN}"}).status_code
        gateway.http.headers["Authorization"] = "Bearer another-operators-token"
        audit = gateway.http.get("/api/v1/audit").json()["audit"][0]
        figures = gateway.http.get("/metrics").text
        large = gateway.post(told("e2", "B", 1, note="x" * 2000)).status_code
        gateway.http.post("/hooks/other", json=told("e3", "C", 1), headers=PROOF)
        orders = eventually(
            lambda: gateway.http.get("/api/v1/orders/other/C").json(), lambda seen: seen.get("status") == "delivered"
        )

        assert refused == 401
        assert done["needsRestart"] == ["store"]
        assert {"limits.max_body", "retention.bodies", "sources.other", "tenants.other"} <= set(done["changed"])
        assert before == 401
        assert audit["act"] == "reload"
        assert audit["by"] == "night"
        assert large == 413
        assert orders["status"] == "delivered"
        assert not (tmp_path / "elsewhere.db").exists()
        # Else who is paged for a halt, or a loop that stands still, is paged until the next restart.
        assert 'trackely_gateway_halted{tenant="other"} 0.0' in figures
        assert 'trackely_gateway_halted{tenant="left"}' not in figures
        loops = {*re.findall(r'loop="([^"]+)"', figures)}
        assert {loop for loop in loops if loop.startswith("delivery:")} == {"delivery:demo", "delivery:other"}
        assert {loop for loop in loops if not loop.startswith("delivery:")} | {"notices"} == LOOPS


@pytest.mark.parametrize(
    ("what", "saying"),
    [
        ("a typo", "limits.nonsense"),
        ("code that does not load", "acme.py"),
        ("code that anybody may write", "chmod o-w"),
        ("an unknown tenant", "nobody"),
        ("no file", "config.yaml"),
    ],
)
def test_what_does_not_do_changes_nothing(tmp_path, what, saying):
    """The answer names every fault; every source, the adapter's old code and the process go on."""
    write(tmp_path, "Leeds")
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, sources()) as gateway:
        match what:
            case "a typo":
                gateway.configure(limits={"nonsense": 1}, sources=sources(new=source("demo")))
            case "code that does not load":
                (tmp_path / "acme.py").write_text("1 / 0")
                gateway.configure(sources=sources(new=source("demo")))
            case "code that anybody may write":
                write(tmp_path, "York")
                (tmp_path / "acme.py").chmod(0o666)
            case "an unknown tenant":
                gateway.configure(sources=sources(new=source("nobody")))
            case "no file":
                gateway.file.unlink()
        answer = gateway.http.post("/api/v1/reload", headers={"Authorization": f"Bearer {API_TOKEN}"})
        gateway.post({"id": "still"}, "acme")

        assert answer.status_code == 409
        assert saying in answer.json()["detail"]
        assert gateway.becomes("still", "delivered")["order"]["deliveryAddress"] == "Leeds"
        assert gateway.post(told("e1", "A", 1), "new").status_code == 404


CASE = {
    "eventId": "e",
    "topic": "notice",
    "outcome": "orders",
    "states": [
        {
            "order": {"externalOrderId": "e", "deliveryAddress": "Leeds"},
            "clock": None,
            "tie": 0,
            "owner": None,
            "tenant": None,
            "references": [],
        }
    ],
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory) -> Iterator[Gateway]:
    """A gateway with an adapter that has a golden case, and that has translated two events, one of them badly."""
    folder = tmp_path_factory.mktemp("tried")
    write(folder, "Leeds")
    case = folder / "golden" / "acme" / "e"
    case.mkdir(parents=True)
    (case / "body.json").write_text('{"id": "e"}')
    (case / "expected.json").write_text(json.dumps(CASE))
    with Intakes() as intakes, Gateway(folder, {"demo": tenant(intakes.open().url)}, sources()) as gateway:
        gateway.post({"id": "was-good"}, "acme")
        gateway.post({"id": "was-dead", "note": 7}, "acme")
        gateway.becomes("was-good", "delivered")
        yield gateway


@pytest.mark.parametrize(
    ("made", "saying"),
    [
        (")", "SyntaxError"),
        ('"York"', "golden case e: order.deliveryAddress: expected 'Leeds', got 'York'"),
        ('"Leeds" if read(hook.body).id == "e" else 1 / 0', "event was-good: adapter_defect"),
        ('exec("while True: pass") or "Leeds"', "did not end within a second"),
        ('__import__("os")._exit(7)', "it ended the process that tried it: exit code 7"),
    ],
)
def test_code_that_does_worse_changes_nothing(tried, made, saying):
    """What does not pass its golden cases, or lets an event die that did not, is named; the old code goes on."""
    file = tried.folder / "acme.py"
    before = file.read_text()
    file.write_text(before.replace('"Leeds"', made))
    answer = tried.http.post("/api/v1/reload", headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=60)
    tried.post({"id": saying}, "acme")
    file.write_text(before)

    assert answer.status_code == 409
    assert saying in answer.json()["detail"]
    assert tried.becomes(saying, "delivered")["order"]["deliveryAddress"] == "Leeds"


def test_a_schedule_outlives_a_reload(tmp_path):
    """A tenant that backs off, and one that was halted by hand, are as they were."""
    url = f"http://127.0.0.1:{free_port()}/in"
    slow = {**tenant(url), "backoff": {"base": 300, "max": 300}}
    tenants = {"demo": slow, "halted": tenant(url + "/other")}
    with Gateway(tmp_path, tenants) as gateway:
        gateway.api("tenants/halted/halt", {"reason": "stock-taking"})
        gateway.post(told("e1", "A", 1))
        before = eventually(lambda: gateway.tenant()["nextAttemptAt"])
        gateway.configure(limits={"min_free_disk": 0, "max_body": 1000})
        log = len(gateway.log.read_text())
        os.kill(gateway.pid, signal.SIGHUP)
        eventually(lambda: "reloaded" in gateway.log.read_text()[log:])

        assert before is not None
        assert gateway.tenant()["nextAttemptAt"] == before
        assert gateway.tenant("halted")["reason"]["detail"] == "stock-taking"


def test_an_adapter_keeps_the_code_that_was_read(tmp_path):
    """A file that was edited counts from the next reload on, even where the adapters' process is started again.

    What it prints is in the log in the log's form: nothing else is.
    """
    write(tmp_path, "old")
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, sources()) as gateway:
        write(tmp_path, "new")
        os.kill(beside(gateway.pid, "gateway.translation.host"), signal.SIGKILL)
        gateway.post({"id": "one"}, "acme")
        first = gateway.becomes("one", "delivered")["order"]["deliveryAddress"]
        done = gateway.api("reload", {})
        gateway.post({"id": "two"}, "acme")

        assert (first, gateway.becomes("two", "delivered")["order"]["deliveryAddress"]) == ("old", "new")
        assert done["changed"] == ["sources.acme.adapter"]
        said = [json.loads(line) for line in gateway.log.read_text().splitlines()]
        printed = [each["text"] for each in said if each["message"] == "printed"]
        # By the reload's try-out, too.
        assert {*printed} == {"identified", "sent to old", "sent to new"}


def test_only_an_admin_may(tmp_path):
    """A smaller role gets 403."""
    with Gateway(
        tmp_path,
        {"demo": tenant("http://127.0.0.1:9/in")},
        api={"tokens": [{"name": "day", "token": "a-days-token", "role": "operate"}]},
    ) as gateway:
        answer = httpx.post(
            f"{gateway.url}/api/v1/reload", headers={"Authorization": "Bearer a-days-token"}, trust_env=False
        )

        assert answer.status_code == 403


def test_a_stop_amid_a_reload_is_a_good_stop(tmp_path):
    """Whenever it comes, the exit code is that of a stop, and the next start has everything."""
    write(tmp_path, "Leeds")
    with Intakes() as intakes:
        gateway = Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, sources())
        for number in range(3):
            gateway.start()
            gateway.post(told(f"e{number}", f"A{number}", 1))
            gateway.configure(limits={"min_free_disk": 0, "max_body": 1000 + number})
            os.kill(gateway.pid, signal.SIGHUP)
            time.sleep(number * 0.3)

            assert gateway.stop() in (0, 143)
        with gateway:
            orders = [gateway.becomes(f"A{number}", "delivered")["status"] for number in range(3)]

        assert orders == ["delivered"] * 3
        assert "Traceback" not in gateway.log.read_text()
