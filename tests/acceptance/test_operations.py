"""Operations on many against a running process: through a kill, each thing once."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.processes import API_TOKEN, PROOF, Gateway, environment, eventually, tenant, told
from tests.stores import rows

EVENTS = 1_050
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    """With more dead events than anybody waits for."""
    with Gateway(tmp_path_factory.mktemp("operations"), {"demo": tenant("http://127.0.0.1:9/x")}) as running:
        _send(running)
        assert eventually(lambda: running.api("stats")["events"].get("dead") == EVENTS), running.api("stats")
        yield running


def _send(gateway: Gateway) -> None:
    """Several at a time on one connection: a client of its own for each would take longer than all the rest."""
    with socket.create_connection(("127.0.0.1", gateway.port)) as peer, peer.makefile("rb") as answers:
        for start in range(0, EVENTS, 25):
            for number in range(start, start + 25):
                body = json.dumps(told(f"dead-{number}", f"D-{number}", 1, shipToAddress=None)).encode()
                proof = f"Authorization: {PROOF['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
                peer.sendall(b"POST /hooks/demo HTTP/1.1\r\nHost: x\r\n" + proof.encode() + body)
            for _ in range(25):
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                head = b"".join(iter(answers.readline, b"\r\n")).lower()
                answers.read(int(head.partition(b"content-length: ")[2].split()[0]))


def made(gateway: Gateway, **wanted) -> str:
    answer = gateway.http.post("/api/v1/operations", json=wanted, headers=BEARER)
    assert answer.status_code == 202, answer.text
    return answer.json()["operation"]["id"]


def operation(gateway: Gateway, number: str) -> dict:
    return gateway.api(f"operations/{number}")["operation"]


def test_a_dry_run_of_many_goes_on_by_itself(gateway):
    """202 with the operation; the command waits for it, and tells its effects."""
    wanted = {"filter": {"source": "demo"}, "dryRun": True}
    answers = [
        gateway.http.post(f"/api/v1/{path}/replay", json=wanted, headers=BEARER) for path in ("events", "dead-letters")
    ]
    assert [each.status_code for each in answers] == [202, 202], answers[0].text
    said = subprocess.run(
        [sys.executable, "-m", "gateway", "dead-letters", "replay", "--source", "demo", "--dry-run"],
        capture_output=True, text=True, env=environment(), cwd=gateway.folder, check=True,
    ).stdout  # fmt: skip
    ended = [operation(gateway, each.json()["operation"]["id"]) for each in answers]

    assert f"{EVENTS} would be replayed" in said
    assert "dies again" in said
    assert [(each["kind"], each["of"], each["status"], each["effects"]["dead"]) for each in ended] == [
        ("preview", "events", "done", EVENTS)
    ] * 2


def test_a_kill_in_the_middle_is_a_pause(gateway):
    """It goes on after the restart, and nothing is done twice."""
    number = made(gateway, kind="replay", of="deadLetters", filter={"source": "demo"})
    begun = eventually(lambda: operation(gateway, number), lambda seen: seen["done"] >= 100)
    gateway.kill()
    gateway.start()
    ended = eventually(lambda: operation(gateway, number), lambda seen: seen["status"] != "running")
    eventually(lambda: gateway.api("stats")["events"].get("dead") == EVENTS)
    runs = rows(gateway.folder, "SELECT run, count(*) FROM events GROUP BY run")
    acts = [
        each for each in gateway.api("audit", act="replay")["audit"] if each["what"].startswith(f"operation {number}:")
    ]

    assert 100 <= begun["done"] < EVENTS
    counts = [ended[name] for name in ("status", "total", "done", "skipped", "failed")]
    assert counts == ["done", EVENTS, EVENTS, 0, 0]
    assert runs == [(2, EVENTS)]
    assert [each["count"] for each in acts] == [EVENTS]


def test_what_is_paused_rests_until_it_is_resumed(gateway):
    """Through a restart; a cancelled one never goes on."""
    number = made(gateway, kind="replay", of="events", filter={"source": "demo"})
    gateway.api(f"operations/{number}/pause", {})
    rests = operation(gateway, number)
    assert gateway.stop() == 0
    gateway.start()
    still = operation(gateway, number)
    again = httpx.post(f"{gateway.url}/api/v1/operations/{number}/pause", headers=BEARER, trust_env=False)
    gateway.api(f"operations/{number}/cancel", {})
    ended = httpx.post(f"{gateway.url}/api/v1/operations/{number}/resume", headers=BEARER, trust_env=False)

    assert (rests["status"], still["status"], still["done"]) == ("paused", "paused", rests["done"])
    assert [again.status_code, ended.status_code] == [409, 409]
    assert operation(gateway, number)["status"] == "cancelled"
