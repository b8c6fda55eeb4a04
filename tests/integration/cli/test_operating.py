"""The operators' commands against a running gateway."""

import re
import time

import httpx
import pytest


@pytest.mark.parametrize("source", ["bearer", "basic", "header", "query", "hmac", "standard", "open"])
def test_send_proves_itself_in_every_way(ask, gateway, tmp_path, source):
    """A payload is accepted with the source's own credentials, whatever their kind; a repeat is shown as one."""
    file = tmp_path / "body.json"
    file.write_text(f'{{"id": "send-{source}"}}')

    first = ask("send", source, file, "--header", "X-Topic: from the shell", "--json")
    again = ask("send", source, file)

    assert (first.code, first.value) == (0, {"accepted": True, "duplicate": False, "eventId": f"send-{source}"})
    assert (again.code, " yes " in again.out) == (0, True)
    [event] = gateway.get(f"/api/v1/events?eventId=send-{source}").json()["events"]
    assert event["topic"] == "from the shell"


def test_send_says_what_it_cannot_sign(ask, tmp_path):
    """Only the vendor has the private key of a public one."""
    (tmp_path / "body.json").write_text('{"id": "keyed"}')

    sent = ask("send", "keyed", tmp_path / "body.json")

    assert (sent.code, sent.out) == (1, "")
    assert "cannot sign: the source asks for a signature by the vendor's private key, which is not here" in sent.err


@pytest.mark.parametrize("source", ["bearer", "basic", "header", "query", "hmac", "standard", "open"])
def test_send_understands_a_captured_request(ask, gateway, tmp_path, source):
    """Its body, headers, parameters and path are sent; its credentials and its connection's headers are ours."""
    file = tmp_path / "captured.http"
    body = f'{{"id": "captured-{source}"}}'
    stale = "Authorization: Bearer stale\r\nX-Auth-Token: stale\r\nX-Sig: s=00\r\nwebhook-timestamp: 1\r\n"
    hop = "Host: vendor.example\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    line = "POST /hooks/other/orders/new?token=stale&shop=a%20b HTTP/1.1\r\n"
    file.write_text(f"{line}{hop}{stale}X-Topic: from the capture\r\n\r\n{body}", newline="")

    sent = ask("send", source, file, "--json")
    topped = ask("send", source, file, "--header", "x-topic: from the shell", "--path", "elsewhere")

    assert (sent.code, sent.value["eventId"], topped.code) == (0, f"captured-{source}", 0), sent.out
    [event] = gateway.get(f"/api/v1/events?eventId=captured-{source}").json()["events"]
    assert (event["topic"], event["duplicates"], event["conflicts"]) == ("from the capture", 1, 0)
    detail = gateway.get(f"/api/v1/events/{event['id']}").json()
    assert (detail["body"], detail["path"]) == (body, "orders/new")
    assert detail["parameters"] == {"shop": "a b"}


def test_send_says_what_was_turned_away(ask, tmp_path):
    """Several files are sent one after another; one that is refused shows its status and makes the code 1."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"id": "send-good"}')
    bad.write_text("not json")

    ended = ask("send", "open", bad, good)
    nameless = ask("send", "open", good, "--header", "no name: x")

    assert (nameless.code, "none that can be sent" in nameless.err) == (1, True)
    assert ended.code == 1
    assert re.search(r"bad\.json +400", ended.out)
    assert re.search(r"good\.json +200 +send-good", ended.out)


def test_a_refusal_is_said_once(ask, gateway):
    """The last one of a source: its moment, status and reason."""
    assert httpx.post(f"{gateway.origin}/hooks/bearer", json={}, trust_env=False).status_code == 401

    gateway.until(lambda: "401" in ask("sources list").out)
    assert re.search(r"bearer .* 2\S+Z, \d+ s ago: 401: credentials +\n", ask("sources list").out)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("events list --limit 2", "/api/v1/events?limit=2"),
        (
            "events list --status delivered --order J-1 --tenant demo",
            "/api/v1/events?status=delivered&externalOrderId=J-1",
        ),
        ("orders list --q J- --status delivered", "/api/v1/orders?q=J-&status=delivered"),
        ("orders show demo J-1", "/api/v1/orders/demo/J-1"),
        ("dead-letters list --kind event", "/api/v1/dead-letters?kind=event"),
        ("sources list", "/api/v1/sources"),
        ("tenants list", "/api/v1/tenants"),
        ("refusals --limit 1", "/api/v1/refusals?limit=1"),
        ("stats", "/api/v1/stats"),
        ("replicas", "/api/v1/replicas"),
        ("intake list", "/api/settings/integrations"),
        ("intake orders demo", "/api/settings/integrations/demo/orders"),
        ("intake customers demo", "/api/settings/integrations/demo/customers"),
        ("intake pulls demo", "/api/settings/integrations/demo/pull-endpoints"),
    ],
)
def test_json_is_the_apis_answer_as_it_is(ask, gateway, send, command, path):
    """With --json standard output holds the answer's bytes and nothing else; without it, words for people."""
    send(f"json-{command}".replace(" ", "-"), "J-1")

    # Twice, since a sign of life may come between.
    before = gateway.get(path).text
    for_machines = ask(command, "--json")
    for_people = ask(command)

    assert for_machines.code == 0
    assert for_machines.out in (before + "\n", gateway.get(path).text + "\n")
    assert (for_people.code, for_people.out.startswith("{")) == (0, False)


def test_a_replicas_duties_are_told_by_their_kinds(ask):
    """Dozens of shards make no line of a thousand columns; --json names each."""
    shown = ask("replicas")

    assert "translation (32)" in shown.out
    assert max(map(len, shown.out.splitlines())) < 300


def test_an_event_shows_why(ask, send):
    """An event is shown with its status, reason and raw body."""
    number = send("why-1", is_broken=True, isBroken=True)

    shown = ask("events show", number)

    assert shown.code == 0
    assert "malformed_payload: broken on purpose at $.isBroken" in shown.out
    assert '"isBroken":true' in shown.out


def test_pages_go_on_where_they_ended(ask, send):
    """Where there is more, standard error says with which cursor to go on."""
    send("page-1")
    send("page-2")

    first = ask("events list", "--limit", 1)
    cursor = re.search(r"--cursor (\S+)", first.err)[1]
    second = ask("events list", "--limit", 1, "--cursor", cursor)

    assert "page-2" in first.out
    assert "page-1" in second.out


@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize(
    ("command", "kind", "wrong", "meant"),
    [
        ("events list", "source", "basik", "basic"),
        ("orders list", "tenant", "demos", "demo"),
        ("dead-letters list", "tenant", "demos", "demo"),
        ("dead-letters release", "source", "basik", "basic"),
        ("events replay", "source", "basik", "basic"),
        ("ledger 2026-11-26", "source", "basik", "basic"),
    ],
)
def test_a_misspelt_name_is_said_where_nothing_fits(ask, command, kind, wrong, meant, as_json):
    """`no dead letters` and `amiss: nothing` would be good news."""
    said = ask(command, f"--{kind}", wrong, *as_json).err

    assert f"gateway: there is no {kind} {wrong}: did you mean {meant}?\n" in said


def test_an_empty_name_is_no_page(ask):
    """As from a variable of the shell that is not set."""
    assert ask("tenants halt", "").err == "gateway: an empty name: is a variable unset?\n"


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_bulk_replay_takes_what_fits(ask, gateway, send, as_json):
    """Replaying by filter takes what fits, in steps for people, in one call for machines; a dry run tells effects."""
    name = f"bulk{len(as_json)}"
    for number in range(3):
        send(f"{name}-{number}", name)
    counted = ask("events replay", "--order", name, "--dry-run", *as_json)

    replayed = ask("events replay", "--order", name, *as_json)

    if as_json:
        assert (counted.value["replayed"], replayed.value) == (3, {"replayed": 3})
        assert (counted.value["sends"], counted.value["effects"]["unchanged"]) == (1, 1)
    else:
        assert counted.out.startswith("3 would be replayed\n")
        assert "1 order would go to the intake" in counted.out
        assert replayed.out == "3 replayed\n"
    gateway.until(lambda: gateway.get(f"/api/v1/orders/demo/{name}").json()["status"] == "delivered")


def test_dead_letters_are_replayed_and_discarded(ask, send):
    """A dead letter that dies again is there again; discarded, it is gone."""
    number = send("dead-1", isBroken=True)

    replayed = ask("dead-letters replay", f"event-{number}")
    time.sleep(0.5)
    discarded = ask("dead-letters discard", "--event-id", "dead-1", "--reason", "a test", "--json")

    assert (replayed.code, replayed.out) == (0, "1 replayed\n")
    assert (discarded.code, discarded.value) == (0, {"discarded": 1})
    assert ask("dead-letters list", "--event-id", "dead-1").out == "no dead letters\n"


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_ids_that_are_none_are_said(ask, send, as_json):
    """Each id that nothing has is named, with what may be meant, and the code is 1; the others are acted on."""
    good = send(f"none-good-{len(as_json)}", "N-1")
    dead = send(f"none-dead-{len(as_json)}", isBroken=True)

    letters = ask("dead-letters replay", dead, "foo", "event-99999", *as_json)
    events = ask("events replay", good, good, f"event-{dead}", "99999", *as_json)
    alive = ask("dead-letters replay", f"event-{good}", "--dry-run", *as_json)
    time.sleep(0.5)
    discarded = ask("dead-letters discard", f"event-{dead}", "order-99999", *as_json)
    all_there = ask("events replay", good, dead, good, *as_json)

    assert [ended.code for ended in (letters, events, alive, discarded, all_there)] == [1, 1, 1, 1, 0]
    assert letters.err == (
        f"gateway: no dead letter {dead}; did you mean event-{dead}?\n"
        "gateway: no dead letter foo\n"
        "gateway: no dead letter event-99999\n"
    )
    assert events.err == (
        f"gateway: no event event-{dead} to replay; did you mean {dead}?\ngateway: no event 99999 to replay\n"
    )
    assert alive.err == f"gateway: no dead letter event-{good}\n"
    assert discarded.err == "gateway: no dead letter order-99999\n"
    counts = [1, 1] if as_json else ["1 replayed\n", "1 discarded\n"]
    done = {"replayed": events, "discarded": discarded}
    assert [ended.value[name] if as_json else ended.out for name, ended in done.items()] == counts


def test_a_tenant_is_halted_and_its_order_discarded(ask, gateway, tmp_path):
    """A halted tenant keeps its orders, one of which can be discarded; resumed, it goes on."""
    halted = ask("tenants halt", "demo", "--reason", "stocktaking")
    payload = tmp_path / "halted.json"
    payload.write_text('{"id": "halted-1", "orders": ["H/1"]}')
    ask("send", "open", payload)
    gateway.until(lambda: gateway.get("/api/v1/orders/demo/H%2F1").status_code == 200)
    listed = ask("tenants list")
    waiting = ask("orders show", "demo", "H/1")
    discarded = ask("orders discard", "demo", "H/1", "--reason", "not wanted")
    resumed = ask("tenants resume", "demo", "--json")

    assert (halted.code, "stocktaking" in halted.out) == (0, True)
    assert re.search(r"^waits because +tenant demo is halted: halted_by_hand: stocktaking$", waiting.out, re.MULTILINE)
    assert " at " not in waiting.out.partition("changed at")[2]
    assert f"{gateway.origin}/api/integrations/wms/demo" in waiting.out
    assert waiting.out.splitlines()[-1].startswith("what helps")
    assert re.search(r"demo +halted +\d+ +\d+\.\d +", listed.out)
    assert (discarded.code, discarded.out) == (0, "order H/1 of demo is discarded\n")
    assert (resumed.code, resumed.value["status"]) == (0, "active")
    assert "discarded: not wanted" in ask("orders show", "demo", "H/1").out


def test_an_order_that_waits_for_its_tenant_says_so(ask, gateway, tmp_path):
    """Back-off and until when, a pull that is to come; a moment that is past is none to wait for."""
    for tenant in ("unreachable", "pulled"):
        payload = tmp_path / f"{tenant}.json"
        payload.write_text(f'{{"id": "waits-{tenant}", "orders": ["W/1"]}}')
        ask("send", tenant, payload)
    gateway.until(lambda: _attempts(gateway) and gateway.get("/api/v1/orders/pulled/W%2F1").status_code == 200)
    backing_off, pulled = (ask("orders show", tenant, "W/1").out for tenant in ("unreachable", "pulled"))

    assert re.search(
        r"^waits because +tenant unreachable is backing off until 2\S+Z, in \d+ s: intake_unavailable: ",
        backing_off,
        re.MULTILINE,
    )
    assert "waits because  tenant pulled is pulled from: the next pull takes it\n" in pulled
    assert [line for line in (backing_off + pulled).splitlines() if line.startswith("next attempt at")] == []


def test_one_is_said_as_one(ask, gateway, tmp_path):
    """No plural for a single order."""
    payload = tmp_path / "one.json"
    payload.write_text('{"id": "one-1", "orders": ["P/1"]}')
    ask("send", "puller", payload)
    gateway.until(lambda: gateway.get("/api/v1/orders/single/P%2F1").status_code == 200)
    secret = {"Authorization": "Bearer single-secret-of-some-length"}
    served = httpx.get(f"{gateway.origin}/pull/single", headers=secret, trust_env=False)

    assert [order["externalOrderId"] for order in served.json()] == ["P/1"]
    assert re.search(r"single .* pull of 1 order +\n", ask("tenants list").out)
    assert ask("rehearse", "puller").out.startswith("puller: 1 event rehearsed; ")


def _attempts(gateway):
    answer = gateway.get("/api/v1/orders/unreachable/W%2F1")
    return answer.json()["attempts"] if answer.status_code == 200 else []


def test_upkeep_answers(ask):
    """Retention runs on demand; a source without lookups is resumed and cannot be reconciled."""
    assert ask("prune").out == "0 rows removed\n"
    assert ask("sources resume", "open").code == 0
    refused = ask("reconcile", "open", "--since", "2h")
    assert (refused.code, "(409)" in refused.err) == (1, True)


def test_an_integration_is_connected_and_shown_once(ask, gateway):
    """The intake's settings from a shell: connect, deactivate, activate, regenerate; each secret is shown once."""
    connected = ask("intake connect", "other", "--json").value
    webhook, order = f"{gateway.origin}/api/integrations/wms/other", {"externalOrderId": "1", "deliveryAddress": "x"}

    def push(secret: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.post(webhook, json=order, headers=headers, trust_env=False).status_code

    assert push(connected["secret"]) == 200
    assert ask("intake deactivate", "other").code == 0
    assert push(connected["secret"]) == 401
    assert ask("intake activate", "other").code == 0
    again = ask("intake regenerate", "other")
    assert "keep the secret: it is not shown again" in again.out
    assert (push(connected["secret"]), push(re.search(r"secret +(\S+)", again.out)[1])) == (401, 200)
    assert connected["secret"] not in ask("intake list").out
    twice = ask("intake connect", "other")
    assert (twice.code, "(409)" in twice.err) == (1, True)


@pytest.mark.parametrize("what", ["orders", "customers", "pulls"])
def test_a_tenant_that_the_intake_does_not_know_is_told(ask, what):
    """Not as one of whom there is nothing yet."""
    strange, connected = ask(f"intake {what}", "dmeo"), ask(f"intake {what}", "demo")

    assert (strange.code, strange.out, strange.err) == (
        1, "", "gateway: the intake knows no tenant dmeo: did you mean demo?\n",
    )  # fmt: skip
    assert connected.code == 0


def test_a_pull_endpoint_is_added_synced_and_removed(ask, gateway):
    """A pull with the wrong secret says so and keeps the error; the endpoint can be removed."""
    added = ask("intake pull", "puller", f"{gateway.origin}/pull/pulled", "--every", "1h", "--json").value

    synced = ask("intake sync", "puller")

    assert (synced.code, "401" in synced.err) == (1, True)
    assert "401" in ask("intake pulls", "puller").out
    assert ask("intake pull-regenerate", "puller", added["endpoint"]["id"]).code == 0
    assert ask("intake pull-remove", "puller", added["endpoint"]["id"]).code == 0
    assert "0 pull endpoints" in ask("intake sync", "puller").err


def test_the_embedded_intake_is_verified(cli, gateway, monkeypatch):
    """The contract's suite runs from a shell: every clause passes with the settings' means, none fails without."""
    webhook = f"{gateway.origin}/api/integrations/wms/demo"
    short = cli("intake", "verify", webhook, "--secret", "demo-secret-of-some-length")
    monkeypatch.setenv("GATEWAY_API_TOKEN", "administering-token")
    full = cli(
        "intake", "verify", webhook, "--secret", "demo-secret-of-some-length", "--settings", gateway.origin, "--json"
    )

    assert (short.code, "not checked" in short.out, "failed" in short.out) == (0, True, False)
    assert (full.code, {clause["outcome"] for clause in full.value["clauses"]}) == (0, {"passed"})


def test_another_gateway_is_reached_by_its_url(cli, gateway, monkeypatch, tmp_path):
    """With --url and $GATEWAY_API_TOKEN no configuration is needed; a wrong token is said so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_API_TOKEN", "seeing-token")

    assert cli("stats", "--url", gateway.origin, "--json").code == 0
    small = cli("prune", "--url", gateway.origin)
    assert (small.code, "role is too small" in small.err) == (1, True)
    monkeypatch.setenv("GATEWAY_API_TOKEN", "wrong")
    refused = cli("stats", "--url", gateway.origin)
    assert (refused.code, "does not accept the token" in refused.err) == (1, True)
    for token, words in (
        ("tökén", "does not accept the token"),
        ("line\nend", "the token holds what no header carries"),
    ):
        monkeypatch.setenv("GATEWAY_API_TOKEN", token)
        odd = cli("stats", "--url", gateway.origin)
        assert (odd.code, words in odd.err, token in odd.err) == (1, True, False)


def test_an_order_is_erased(ask, gateway, send):
    """Its events and it itself lose every word, for good; what is left says that it was delivered."""
    number = send("erase-1", "E/1")

    unasked = ask("erase", "demo", "E/1")
    ended = ask("erase", "demo", "E/1", "--yes")
    again = ask("erase", "demo", "E/1", "--yes", "--json")
    unknown = ask("erase", "demo", "nobody", "--yes")
    replayed = ask("events replay", number)
    shown, event = ask("orders show", "demo", "E/1"), ask("events show", number)
    dots = ask("orders show", "demo", "..")

    assert (dots.code, dots.err) == (1, "gateway: tenant 'demo' has no order '..' (404)\n")
    assert (unasked.code, "--yes" in unasked.err) == (1, True)
    assert (ended.code, ended.out) == (0, "order E/1 of demo is erased, and 1 event with it\n")
    assert shown.out.startswith("its newest state was erased\n")
    assert re.search(r"E/1 +delivered +erased", event.out)
    assert event.out.endswith("the body was pruned or erased\n")
    assert (again.code, again.value) == (0, {"erased": 1})
    assert (unknown.code, "(404)" in unknown.err) == (1, True)
    assert (replayed.code, replayed.out, replayed.err) == (1, "0 replayed\n", f"gateway: no event {number} to replay\n")
    order = gateway.get("/api/v1/orders/demo/E%2F1").json()
    assert (order["status"], order["order"], order["events"][0]["references"]) == ("delivered", None, [])


def test_looking_needs_no_vendors_secret(cli, gateway, tmp_path):
    """What only reads, or sends to one source, expands no more of the file than it takes."""
    file = gateway.directory / "elsewhere.yaml"
    text = gateway.config.read_text().replace("token: [new, old]", 'token: "${UNSET_VENDORS_SECRET}"')
    file.write_text(text.replace("secret: demo-secret-of-some-length", 'secret: "${file:/nowhere/secret}"'))
    body = tmp_path / "body.json"
    body.write_text('{"id": "no-other-secret"}')

    ended = [
        cli(*command, "--config", file)
        for command in (("orders", "list"), ("tenants", "list"), ("intake", "list"), ("send", "open", body))
    ]
    refused = cli("send", "bearer", body, "--config", file)

    assert [(each.code, each.err) for each in ended] == [(0, "")] * 4
    assert (refused.code, "UNSET_VENDORS_SECRET" in refused.err) == (78, True)
    assert cli("check", "--config", file).code == 78


def ageless(text: str) -> str:
    """Without ages, and the width that they take."""
    return re.sub(r" +", " ", re.sub(r"\d+ s ago", "", text))


def test_anything_that_was_sent_is_found(ask, send):
    """By an order's number in another case, by half of it, by an event's ID; nothing fails in a sentence."""
    event = send("find-1", "SO-Find/1")
    send("find-2", "SO-Find/22", "SO-Find/23")

    by_case = ask("orders show", "so-find/1")
    by_event = ask("orders show", "find-1")
    by_half = ask("orders show", "SO-Find/2")
    nothing = ask("find", "no such thing")

    assert by_case.code == by_event.code == 0
    assert ageless(by_case.out) == ageless(by_event.out)
    assert "SO-Find/1" in by_case.out
    assert by_half.code == 1
    assert "gateway orders show demo SO-Find/22" in by_half.out
    assert (nothing.code, nothing.out) == (1, "")
    assert "nothing bears no such thing" in nothing.err
    assert ageless(ask("events show", event).out) == ageless(ask("events show", "find-1").out)


def test_where_no_order_came_of_it_the_event_is_shown(ask, send):
    """Why it ended, and the command that helps."""
    event = send("find-broken", isBroken=True)

    shown = ask("orders show", "find-broken")

    assert shown.code == 0
    assert "malformed_payload: broken on purpose at $.isBroken" in shown.out
    assert "mend the adapter, then replay" in shown.out
    assert f"gateway dead-letters replay event-{event}" in shown.out


def test_an_order_is_told_oldest_first_and_where_it_is_last(ask, send):
    """Moments to the second with their age; the verdict ends the story, where a terminal has scrolled to."""
    send("story-1", "ST/1")
    lines = ask("orders show", "demo", "ST/1").out.splitlines()
    status = next(place for place, line in enumerate(lines) if re.fullmatch(r"status +delivered", line))

    assert len(lines) - status <= 2
    assert all(place < status for place, line in enumerate(lines) if "story-1" in line or " push " in line)
    assert re.search(r"delivered at +2\S+:\d\dZ, \d+ s ago", "\n".join(lines))
    assert not re.search(r":\d\d\.\d+Z", "\n".join(lines))


def test_what_was_done_is_in_the_audit(ask, send):
    """By whom, what to what and why; a change of the embedded intake's settings too."""
    event = send("audited", "SO-Audited")
    ask("tenants halt", "demo", "--reason", "for the audit")
    ask("tenants resume", "demo")
    ask("events replay", event)
    ask("intake deactivate", "demo")
    ask("intake activate", "demo")

    rows = ask("audit", "--json", "--limit", 5).value["audit"]

    assert [(row["by"], row["act"], re.sub(r"\d+", "N", row["what"]), row["reason"]) for row in rows] == [
        ("night", "activate", "embedded intake demo", None),
        ("night", "deactivate", "embedded intake demo", None),
        ("night", "replay", "operation N: events", None),
        ("night", "resume", "tenant demo", None),
        ("night", "halt", "tenant demo", "for the audit"),
    ]
    assert "for the audit" in ask("audit", "--act", "halt").out


def test_bulk_work_is_an_operation(ask, gateway, send):
    """Made, followed to its end, and told of with what became of its events; a preview serves a replay."""
    events = [send(f"op-{number}", f"OP-{number}") for number in range(3)]
    replayed = ask("events replay", *events, "--wait")
    headers = {"Authorization": "Bearer administering-token"}

    def post(path, body=None):
        return httpx.post(f"{gateway.origin}/api/v1/operations{path}", json=body, headers=headers, trust_env=False)

    made = post("", {"kind": "preview", "of": "events", "ids": [*events, "99999"]})
    preview = made.json()["operation"]["id"]
    gateway.until(lambda: ask("operations show", preview, "--json").value["operation"]["status"] == "done")
    shown = ask("operations show", preview)
    again = post("", {"kind": "replay", "of": "events", "preview": preview, "reason": "as previewed"}).json()
    number = again["operation"]["id"]
    gateway.until(lambda: ask("operations show", number, "--json").value["operation"]["status"] == "done")
    late = ask("operations pause", number)

    assert replayed.code == 0
    assert replayed.out.startswith("3 replayed\n")
    assert "3 " in replayed.out.splitlines()[1]
    assert (made.status_code, made.json()["missing"]) == (202, ["99999"])
    assert "3 unchanged" in shown.out
    assert ask("operations list", "--json", "--limit", 1).value["operations"][0]["reason"] == "as previewed"
    assert (late.code, late.err) == (1, "gateway: the operation is done (409)\n")


def test_what_an_operation_may_not_mean_is_refused(ask, gateway, send):
    """Events are not discarded, force takes ids of different orders, and there is one selection."""
    one, two = send("twice-1", "OP-TWICE"), send("twice-2", "OP-TWICE")
    headers = {"Authorization": "Bearer administering-token"}

    def refused(**body):
        answer = httpx.post(f"{gateway.origin}/api/v1/operations", json=body, headers=headers, trust_env=False)
        assert answer.status_code == 400, answer.text
        return answer.json()["detail"]

    assert "deadLetters" in refused(kind="discard", of="events", ids=[one])
    assert "different orders" in refused(kind="replay", of="events", ids=[one, two], force=True)
    assert '"force" takes ids' in refused(kind="replay", of="events", filter={"eventId": "twice-1"}, force=True)
    assert "empty filter" in refused(kind="replay", of="events", filter={})
    assert "kind" in refused(kind="replay", of="events", filter={"kind": "event"})
    assert "preview" in refused(kind="replay", of="events", ids=[one], preview="1")
    assert 'either "ids" or "filter"' in refused(kind="replay", of="events")
