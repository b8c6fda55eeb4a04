"""What the operators' API answers, over a real store."""

from urllib.parse import quote

import pytest

from gateway.api import CALLS
from gateway.api.remedies import REFUSALS, REMEDIES
from gateway.records import Joining, Turning

V1 = "/api/v1"


async def get(api, path, **parameters):
    answer = await api.get(V1 + path, params=parameters)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def post(api, path, body=None, **parameters):
    answer = await api.post(V1 + path, json=body, params=parameters) if body is not None else await api.post(V1 + path)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def test_events_are_listed_newest_first_with_every_member(api):
    """A list shows the newest event first; an event has exactly the documented members."""
    answer = await get(api, "/events")

    assert [event["eventId"] for event in answer["events"]] == ["e-4", "e-3", "e-2", "e-1"]
    assert answer["next"] is None
    assert answer["events"][3] == {
        "id": answer["events"][3]["id"],
        "kind": "hook",
        "source": "acme",
        "eventId": "e-1",
        "topic": "order",
        "status": "delivered",
        "reason": None,
        "receivedAt": "2026-02-01T10:00:00Z",
        "occurredAt": "2026-02-01T10:00:00Z",
        "duplicates": 0,
        "conflicts": 0,
        "references": ["PO-1"],
        "orders": [{"tenant": "demo", "externalOrderId": "A/1", "status": "delivered", "reason": None}],
    }


async def test_what_left_the_configuration_is_orphaned(api):
    """Events of a source and orders of a tenant that are not configured say so; an alias is configured."""
    events = (await get(api, "/events"))["events"]
    orders = (await get(api, "/orders"))["orders"]

    assert [event["source"] for event in events if event.get("orphaned")] == ["gone"]
    assert [order["tenant"] for order in orders if order.get("orphaned")] == ["left"]


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"source": "acme"}, ["e-2", "e-1"]),
        ({"status": "dead"}, ["e-3", "e-2"]),
        ({"eventId": "e-3"}, ["e-3"]),
        ({"reference": "PO-1"}, ["e-1"]),
        ({"externalOrderId": "A/2"}, ["e-2"]),
        ({"tenant": "left"}, ["e-4"]),
        ({"code": "malformed_payload"}, ["e-3"]),
        ({"since": "2026-02-01T10:00:02Z"}, ["e-4", "e-3"]),
        ({"until": "2026-02-01T11:00:01+01:00"}, ["e-1"]),
        ({"source": "null"}, []),
    ],
)
async def test_events_are_filtered(api, parameters, found):
    """Every filter of the events' list does what it says."""
    assert [event["eventId"] for event in (await get(api, "/events", **parameters))["events"]] == found


@pytest.mark.parametrize(
    ("path", "member", "count"),
    [
        ("/events", "events", 4),
        ("/orders", "orders", 3),
        ("/dead-letters", "deadLetters", 2),
        ("/refusals", "refusals", 5),
    ],
)
async def test_pages_together_are_the_list(api, path, member, count):
    """Following `next` one row at a time shows every row once, in the order of the whole list."""
    whole, rows, cursor = await get(api, path), [], {}
    while True:
        page = await get(api, path, limit=1, **cursor)
        rows += page[member]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert rows == whole[member]
    assert len(rows) == count


async def test_an_event_shows_its_bytes_and_its_translation(api):
    """An event's page has the raw body, what was read of the request, and the states it was translated to."""
    [listed] = (await get(api, "/events", eventId="e-1"))["events"]

    event = await get(api, f"/events/{listed['id']}")

    assert event["body"] == '{"event": "e-1"}'
    assert (event["headers"], event["path"], event["adapterVersion"]) == ({"x-topic": "order"}, "more", "7")
    [state] = event["translation"]
    assert state["order"] == {"externalOrderId": "A/1", "deliveryAddress": "1 High Street"}
    assert state["version"]["clock"] == "2026-02-01T10:00:00Z"


async def test_an_order_shows_its_story(api):
    """An order is found by its percent-encoded id, slashes too, with its events and attempts oldest first."""
    order = await get(api, "/orders/demo/A%2F1")

    assert {name: order[name] for name in ("tenant", "externalOrderId", "status", "orderId", "created")} == {
        "tenant": "demo",
        "externalOrderId": "A/1",
        "status": "delivered",
        "orderId": "ord-1",
        "created": True,
    }
    assert order["order"]["deliveryAddress"] == "1 High Street"
    assert [event["eventId"] for event in order["events"]] == ["e-1"]
    assert [(attempt["httpStatus"], attempt["kind"], attempt["milliseconds"]) for attempt in order["attempts"]] == [
        (200, "push", 12)
    ]
    assert order["deliveredAt"] == "2026-02-01T10:00:01Z"


async def test_a_list_shows_orders_as_each_shows_itself(api):
    """With their events and attempts."""
    for order in (await get(api, "/orders"))["orders"]:
        assert order == await get(api, f"/orders/{order['tenant']}/{quote(order['externalOrderId'], safe='')}")
        assert order["events"] != []


async def test_an_order_id_may_end_like_a_call(api, doors):
    """An encoded slash never ends a part: an order whose id ends in /discard is shown and discarded as itself."""
    shown = await get(api, "/orders/left/B%2Fdiscard")
    refused = await api.post(V1 + "/orders/left/B%2Fdiscard")
    discarded = await post(api, "/orders/left/B%2Fdiscard/discard", {"reason": "test"})

    assert shown["status"] == "pending"
    assert refused.status_code == 405
    assert discarded == {"discarded": 1}
    assert (await get(api, "/orders/left/B%2Fdiscard"))["status"] == "discarded"


async def test_a_delivered_order_cannot_be_discarded(api):
    """Discarding what is delivered is a conflict, an unknown order is not found."""
    delivered = await api.post(V1 + "/orders/demo/A%2F1/discard")
    unknown = await api.post(V1 + "/orders/demo/none/discard")

    assert (delivered.status_code, delivered.json()["error"]) == (409, "conflict")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


async def test_dead_letters_of_both_kinds_are_listed(api):
    """A dead letter names its kind, event, order and reason."""
    letters = (await get(api, "/dead-letters"))["deadLetters"]

    assert [(letter["kind"], letter["eventId"], letter["externalOrderId"], letter["reason"]) for letter in letters] == [
        (
            "event",
            "e-3",
            None,
            {
                "code": "malformed_payload",
                "detail": "no id",
                "path": "$.id",
                "remedy": REMEDIES["malformed_payload"].words,
            },
        ),
        (
            "order",
            "e-2",
            "A/2",
            {"code": "refused", "detail": "422: no such street", "path": None, "remedy": REMEDIES["refused"].words},
        ),
    ]


async def test_what_has_no_order_is_its_sources_tenants(api):
    """What `GET tenants` counts is what the tenant's name finds, in every call that takes a filter."""
    [tenant] = [each for each in (await get(api, "/tenants"))["tenants"] if each["name"] == "demo"]
    letters = (await get(api, "/dead-letters", tenant="demo"))["deadLetters"]
    dead = (await get(api, "/events", tenant="demo", status="dead"))["events"]
    elsewhere = (await get(api, "/dead-letters", tenant="pulled"))["deadLetters"]
    replayable = await post(
        api, "/dead-letters/replay", {"filter": {"tenant": "demo", "kind": "event"}, "dryRun": True}
    )
    as_events = await post(api, "/events/replay", {"filter": {"tenant": "demo", "status": "dead"}, "dryRun": True})

    assert [(each["eventId"], each["tenant"]) for each in letters] == [("e-3", "demo"), ("e-2", "demo")]
    assert tenant["deadLetters"] == len(letters)
    assert [each["eventId"] for each in dead] == ["e-3", "e-2"]
    assert elsewhere == []
    assert (replayable["replayed"], as_events["replayed"]) == (1, 2)


async def test_replaying_one_event_puts_it_back(api, calls):
    """A replayed event waits for translation again, translation is woken, and the act is on the audit's record."""
    [event] = (await get(api, "/events", eventId="e-3"))["events"]

    only_asked = await post(api, f"/events/{event['id']}/replay", {"dryRun": True})
    before = (await get(api, f"/events/{event['id']}"))["status"]
    done = await post(api, f"/events/{event['id']}/replay")

    assert (only_asked["replayed"], only_asked["sends"], before, done) == (1, 0, "dead", {"replayed": 1})
    assert (await get(api, f"/events/{event['id']}"))["status"] == "received"
    assert calls.asked == [("wake translation",)]
    assert calls.audit == [("adminer", "replay", f"event {event['id']}: 1")]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_events_are_replayed_by_ids_and_by_filter(api, dry_run):
    """A selection by ids counts those that are there; a dry run changes nothing, whether asked in body or address."""
    ids = [event["id"] for event in (await get(api, "/events", source="acme"))["events"]]

    by_ids = await post(api, "/events/replay", {"ids": [*ids, "999", "nonsense"], "dryRun": dry_run})
    by_filter = await post(api, "/events/replay", {"filter": {"eventId": "e-3"}}, dryRun=str(dry_run).lower())
    received = (await get(api, "/stats"))["events"].get("received", 0)

    assert (by_ids["replayed"], by_ids["missing"], by_filter["replayed"]) == (2, ["999", "nonsense"], 1)
    assert ("effects" in by_ids, "effects" in by_filter) == (dry_run, dry_run)
    if dry_run:
        assert {effect: count for effect, count in by_ids["effects"].items() if count} == {"ignored": 2}
        assert sorted(example["event"] for example in by_ids["examples"]) == sorted(ids)
        assert by_ids["sends"] == 0
    assert received == (0 if dry_run else 3)


async def test_dead_letters_are_replayed_and_discarded(api, calls):
    """Dead letters go back by filter and are set aside for good by id."""
    letters = {letter["kind"]: letter["id"] for letter in (await get(api, "/dead-letters"))["deadLetters"]}

    counted = await post(
        api,
        "/dead-letters/replay",
        {"filter": {"code": "refused"}, "dryRun": True},
    )
    replayed = await post(api, "/dead-letters/replay", {"filter": {"code": "refused"}})
    discarded = await post(api, "/dead-letters/discard", {"ids": [letters["event"]], "reason": "a test call"})

    assert (counted["replayed"], replayed, discarded) == (1, {"replayed": 1}, {"discarded": 1})
    [event] = (await get(api, "/events", eventId="e-3"))["events"]
    assert (event["status"], event["reason"]["detail"]) == ("discarded", "a test call")
    assert calls.audit == [
        ("adminer", "replay", "dead letters by filter: 1"),
        ("adminer", "discard", "dead letters by id: 1"),
    ]


async def test_tenants_are_halted_and_resumed_by_hand(api, calls):
    """A halt answers the tenant with its reason; a resume lifts it; both name the operator in the audit."""
    halted = await post(api, "/tenants/demo/halt", {"reason": "stocktaking"})
    listed = (await get(api, "/tenants"))["tenants"]
    resumed = await post(api, "/tenants/demo/resume")

    assert (halted["status"], halted["reason"]["detail"]) == ("halted", "stocktaking")
    assert [(tenant["name"], tenant["status"], tenant["deadLetters"]) for tenant in listed] == [
        ("demo", "halted", 2),
        ("pulled", "active", 0),
    ]
    assert resumed["status"] == "active"
    assert calls.audit == [("adminer", "halt", "tenant demo"), ("adminer", "resume", "tenant demo")]


async def test_a_second_halt_without_words_keeps_the_first_ones(api):
    """Why it was halted is not lost; other words take its place."""
    await post(api, "/tenants/demo/halt", {"reason": "stocktaking"})
    again = await post(api, "/tenants/demo/halt", {})
    other = await post(api, "/tenants/demo/halt", {"reason": "a fire"})

    assert (again["reason"]["detail"], other["reason"]["detail"]) == ("stocktaking", "a fire")


async def test_a_pulled_tenant_has_nothing_to_halt(api):
    """A halt of a tenant that is pulled from is a conflict; of an unknown one, not found."""
    assert (await api.post(V1 + "/tenants/pulled/halt")).status_code == 409
    assert (await api.post(V1 + "/tenants/none/halt")).status_code == 404


async def test_sources_show_how_they_are_doing(api):
    """A source counts what came under its former names too, and shows its last refusal and its lookups' halts."""
    acme, quiet = (await get(api, "/sources"))["sources"]

    assert acme == {
        "name": "acme",
        "aliases": ["acme-old"],
        "adapter": "acme",
        "adapterVersion": "7",
        "tenant": "demo",
        "mode": "live",
        "hasShadow": False,
        "lastAcceptedAt": "2026-02-01T10:00:02Z",
        "lastRefusedAt": "2026-02-01T10:00:01Z",
        "lastRefusal": {
            "code": "credentials",
            "detail": "401: credentials",
            "path": None,
            "remedy": REFUSALS["credentials"],
        },
        "waiting": 0,
        "silent": False,
        "silence": {
            "state": "heard",
            "since": "2026-02-01T10:00:02Z",
            "silentAt": "2026-02-01T10:01:02Z",
            "learningUntil": None,
            "usualGapSeconds": None,
            "why": None,
        },
        "findings": [],
        "lookupHalts": [
            {
                "owner": "ACME/74",
                "reason": {
                    "code": "lookup_unauthorized",
                    "detail": "401 from the vendor",
                    "path": None,
                    "remedy": REMEDIES["lookup_unauthorized"].words,
                },
                "since": "2026-02-01T10:00:00Z",
                "nextProbeAt": "2026-02-01T10:05:00Z",
            }
        ],
    }
    assert (quiet["lastAcceptedAt"], quiet["lastRefusal"], quiet["lookupHalts"]) == (None, None, [])


async def test_lookups_are_resumed_and_reconciled(api, calls):
    """A source's lookups are resumed and reconciled since a moment; one without reconciliation is a conflict."""
    resumed = await post(api, "/sources/acme/resume")
    reconciled = await post(api, "/sources/acme/reconcile", {"since": "1970-01-01T00:00:01Z"})

    assert (resumed["name"], reconciled) == ("acme", {"reconciled": 3})
    assert calls.asked == [("resume lookups", "acme"), ("reconcile", "acme", 1_000_000)]
    assert (await api.post(V1 + "/sources/quiet/reconcile")).status_code == 409


async def test_refusals_are_listed_newest_first(api):
    """A refusal has its time, source, status, reason, address and size; a source's alone can be asked for."""
    everything = (await get(api, "/refusals"))["refusals"]
    own = (await get(api, "/refusals", source="acme"))["refusals"]

    assert [row["at"] for row in everything] == sorted((row["at"] for row in everything), reverse=True)
    assert own[0] == {
        "at": "2026-02-01T10:00:01Z",
        "source": "acme",
        "status": 401,
        "reason": {
            "code": "credentials",
            "detail": "401: credentials",
            "path": None,
            "remedy": REFUSALS["credentials"],
        },
        "address": "192.0.2.1",
        "size": 10,
    }


async def test_stats_count_by_status(api):
    """The figures count events and orders by status: overall, by source, by tenant."""
    assert await get(api, "/stats") == {
        "events": {"delivered": 1, "dead": 2, "translated": 1},
        "orders": {"delivered": 1, "dead": 1, "pending": 1},
        "sources": {"acme": {"delivered": 1, "dead": 1}, "acme-old": {"dead": 1}, "gone": {"translated": 1}},
        "tenants": {"demo": {"delivered": 1, "dead": 1}, "left": {"pending": 1}},
    }


async def test_pruning_answers_a_count(api, calls):
    """Nothing is past its retention yet, so that pruning removes nothing and says so."""
    assert await post(api, "/prune") == {"pruned": 0}
    assert calls.audit == [("adminer", "prune", "0 rows past their retention")]


async def test_anything_is_found_with_the_command_that_helps(api):
    """A dead event by its ID in another case, an order by Trackely's name for it; nothing by what nothing bears."""
    [dead] = (await get(api, "/find", q="E-3"))["found"]
    [delivered] = (await get(api, "/find", q="ord-1"))["found"]
    [referred] = (await get(api, "/find", q="PO-1"))["found"]
    [pasted] = (await get(api, "/find", q="\u200bA/1\u00a0"))["found"]

    assert (dead["kind"], dead["tenant"], dead["matched"], dead["how"]) == ("event", "demo", "eventId", "case")
    assert dead["next"] == {
        "what": REMEDIES["malformed_payload"].words,
        "command": f"gateway dead-letters replay event-{dead['id']}",
    }
    assert (delivered["kind"], delivered["matched"]) == ("order", "orderId")
    assert delivered["next"]["command"] == "gateway orders show demo A/1"
    assert pasted["id"] == delivered["id"]
    assert (referred["id"], referred["matched"]) == (delivered["id"], "reference")
    assert await get(api, "/find", q="no such") == {"found": [], "truncated": False}
    assert (await api.get(V1 + "/find")).status_code == 400
    assert (await api.get(V1 + "/find", params={"q": ""})).status_code == 400


DEEDS = {
    "events/replay": {"ids": ["1"]},
    "events/{id}/replay": {},
    "orders/{tenant}/{externalOrderId:path}/amend": {"customerName": "Ann", "reason": "she rang"},
    "orders/{tenant}/{externalOrderId:path}/discard": {"reason": "lost"},
    "orders/{tenant}/{externalOrderId:path}/erase": None,
    "dead-letters/replay": {"filter": {"kind": "order"}},
    "dead-letters/discard": {"filter": {"kind": "event"}, "reason": "old"},
    "tenants/{name}/halt": {"reason": "asked to"},
    "tenants/{name}/resume": None,
    "sources/{name}/resume": None,
    "sources/{name}/reconcile": {},
    "prune": None,
    "reload": None,
    "operations": {"kind": "replay", "of": "events", "ids": ["1"], "reason": "mended"},
    "operations/{id}/pause": None,
    "operations/{id}/resume": None,
    "operations/{id}/cancel": None,
}


def test_every_deed_is_tried_below():
    """A call that changes something has its place in the table; nothing is held or in shadow, a trial changes none."""
    others = {"dead-letters/release", "sources/{name}/try", "sources/{name}/promote", "ledger/refresh"}

    assert {call.path for call in CALLS if call.method == "POST"} == set(DEEDS) | others


@pytest.mark.parametrize("path", DEEDS)
async def test_every_deed_is_in_the_audit(api, calls, path):
    """With the token's name, and the person's reason where one was given."""
    name = "demo" if path.startswith("tenants") else "acme"
    names = {"id": "1", "tenant": "demo", "externalOrderId:path": "A%2F2", "name": name}
    asked = path
    for part, value in names.items():
        asked = asked.replace(f"{{{part}}}", value)
    body = DEEDS[path]
    before = 0
    if path.startswith("operations/"):
        await post(api, "/operations", DEEDS["operations"])
        if path.endswith("resume"):
            await post(api, "/operations/1/pause")
        before = len((await get(api, "/audit"))["audit"])

    await post(api, f"/{asked}", body)
    audit = (await get(api, "/audit"))["audit"]
    audit = audit[: len(audit) - before]

    # What stands in for the rooms has no store: it was given the act.
    written = [(row["by"], row["reason"]) for row in audit] + [(act.by, act.reason) for act in calls.acts]
    assert written == [("adminer", (body or {}).get("reason"))]


async def test_replicas_are_shown_with_what_each_does_alone(api, store):
    """A file's one gateway too; digests show who goes by something else."""
    joining = Joining(name="one", version="1.2", process="here", config_digest="c0", adapters_digest="a0")
    life = await store.duties.join(joining, 1_770_000_000_000_000)
    await store.duties.turn(
        Turning(number=life.number, now=1_770_000_005_000_000, taken=("retention", "delivery:demo"))
    )

    assert await get(api, "/replicas") == {
        "replicas": [
            {
                "name": "one",
                "version": "1.2",
                "configDigest": "",
                "adaptersDigest": "",
                "startedAt": "2026-02-02T02:40:00Z",
                "lastSeenAt": "2026-02-02T02:40:05Z",
                "duties": ["delivery:demo", "retention"],
                "state": "alive",
            }
        ]
    }


async def test_a_source_is_found_by_what_it_was_called(api, store):
    """Everywhere, since the store has all of it under its present name."""
    await store.adopt({"acme-old": "acme"})

    async def both(ask):
        return [await ask(name) for name in ("acme-old", "acme")]

    async def got(path):
        return (await api.get(f"{V1}/{path}")).json()

    async def counted(path, selection):
        return (await api.post(f"{V1}/{path}", json=selection)).json()

    async def refreshed(name):
        return await counted("ledger/refresh", {"day": "2026-02-01", "source": name})

    pairs = {
        "events": await both(lambda name: got(f"events?source={name}")),
        "dead letters": await both(lambda name: got(f"dead-letters?source={name}")),
        "day": await both(lambda name: got(f"ledger?day=2026-02-01&source={name}")),
        "lists": await both(refreshed),
        "losses": await both(lambda name: got(f"sources/{name}/losses")),
        "history": await both(lambda name: got(f"sources/{name}/history")),
        "replay": await both(
            lambda name: counted("events/replay", {"filter": {"source": name}, "dryRun": True}),
        ),
    }
    [acme] = [each for each in (await got("sources"))["sources"] if each["name"] == "acme"]

    assert [what for what, (former, present) in pairs.items() if former != present] == []
    assert {event["eventId"] for event in pairs["events"][0]["events"]} == {"e-1", "e-2", "e-3"}
    assert [letter["eventId"] for letter in pairs["dead letters"][0]["deadLetters"]] == ["e-3", "e-2"]
    assert pairs["replay"][0]["replayed"] == 3
    assert acme["aliases"] == ["acme-old"]
