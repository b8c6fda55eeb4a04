"""Every answer of an intake, and every fault of its connection, end to end: what becomes of the orders.

One gateway process with a tenant for each row of the table; each tenant's intake is a real listener that misbehaves in
the row's way. All rows go on at the same time, so that a tenant's trouble would be seen to be another's.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests import intakes
from tests.intakes import Call, Intake, Reaction, accepted, always, in_turn, refusing, replied, status
from tests.processes import FAST, Gateway, Intakes, eventually, free_port, tenant, told, version_of

FIVE = ("A", "B", "C", "D", "E")
WORDS = "no such customer: B-17"

Behaviour = Callable[[Call], Reaction]


@dataclass
class Row:
    """How an intake behaves, which orders are sent to it, and what must come of them."""

    behave: Behaviour
    ends: Callable[["Seen"], None]
    orders: tuple[str, ...] = ("A",)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Seen:
    """A row's tenant and intake, as a test looks at them."""

    gateway: Gateway
    intake: Intake
    name: str
    orders: tuple[str, ...]
    times: list[float]

    def order(self, name: str = "A") -> dict[str, Any]:
        return self.gateway.order(name, self.name)

    def becomes(self, status: str, *names: str) -> None:
        for name in names or self.orders:
            self.gateway.becomes(name, status, self.name)

    def outcomes(self, name: str = "A") -> list[str]:
        return [attempt["outcome"] for attempt in self.order(name)["attempts"]]

    def tenant(self) -> dict[str, Any]:
        return self.gateway.tenant(self.name)

    def is_halted(self, code: str) -> None:
        seen = eventually(self.tenant, lambda tenant: tenant["status"] == "halted")

        assert (seen["status"], seen["reason"]["code"]) == ("halted", code)

    def is_dead(self, name: str, code: str, *words: str) -> None:
        self.becomes("dead", name)
        reason = self.order(name)["reason"]

        assert reason["code"] == code
        assert all(word in reason["detail"] for word in words), reason
        assert self.order(name)["events"][-1]["status"] == "dead"

    def holds(self, *names: str) -> None:
        """The intake ended on these orders, in their state, whatever it was sent twice."""
        assert {name: version_of(order) for name, order in self.intake.orders.items()} == dict.fromkeys(names, 1)


def delivered_after(*outcomes: str, kinds: tuple[str, ...] | None = None, rests: float = 0.0) -> Callable[[Seen], None]:
    """The order is delivered in the end, after attempts with these outcomes and, between the first two, this rest."""

    def ends(seen: Seen) -> None:
        seen.becomes("delivered")

        assert seen.outcomes() == [*outcomes, "delivered"]
        if kinds is not None:
            assert tuple(attempt["kind"] for attempt in seen.order()["attempts"]) == kinds
        if rests:
            # The listener takes the first time a moment after the gateway began to wait.
            assert seen.times[1] - seen.times[0] >= rests - 0.1
        assert seen.order()["orderId"] == "T-A"
        assert seen.order()["events"][0]["status"] == "delivered"
        assert seen.tenant()["status"] == "active"
        seen.holds("A")

    return ends


def halted(code: str, outcome: str) -> Callable[[Seen], None]:
    """The tenant is halted and stays so, however often it is probed; the order waits. Once mended, it arrives."""

    def ends(seen: Seen) -> None:
        seen.is_halted(code)
        probes = eventually(
            lambda: [each for each in seen.order()["attempts"] if each["kind"] == "probe"],
            lambda found: sum(each["times"] for each in found) > 2,
        )
        # A probe is under way at times.
        order = eventually(seen.order, lambda order: order["status"] == "pending")

        assert order["status"] == "pending"
        assert {probe["outcome"] for probe in probes} == {outcome}
        assert seen.intake.orders == {}
        seen.intake.behave = always(accepted)
        seen.becomes("delivered")
        seen.holds("A")
        assert seen.tenant()["status"] == "active"

    return ends


def refused(code: int) -> Callable[[Seen], None]:
    """The culprit alone is a dead letter, with the intake's words, after a request holding it alone was refused."""

    def ends(seen: Seen) -> None:
        seen.is_dead("B", "refused", str(code), WORDS)
        seen.becomes("delivered", "A", "C", "D", "E")

        assert ["B"] in seen.intake.sent
        assert len(seen.intake.sent) <= 8
        seen.holds("A", "C", "D", "E")
        assert seen.tenant()["status"] == "active"

    return ends


def next_attempt_in(least: float, most: float) -> Callable[[Seen], None]:
    """The intake is left in peace for that many seconds."""

    def ends(seen: Seen) -> None:
        found = eventually(seen.tenant, lambda tenant: tenant["status"] == "backing_off")
        waits = (datetime.fromisoformat(found["nextAttemptAt"]) - datetime.now(UTC)).total_seconds()

        assert least < waits <= most
        assert seen.order()["status"] == "pending"
        assert len(seen.intake.calls) == 1
        seen.gateway.api(f"tenants/{seen.name}/resume", {})
        seen.becomes("delivered")

    return ends


def never_stood(seen: Seen) -> None:
    """No connection: it backs off for as long as it takes, and nothing is sent or judged."""
    attempts = eventually(seen.outcomes, lambda outcomes: len(outcomes) > 2)

    assert set(attempts) == {"not_connected"}
    assert seen.tenant()["status"] == "backing_off"
    assert eventually(seen.order, lambda order: order["status"] == "pending")["reason"] is None
    assert seen.intake.calls == []


def left_out_once(seen: Seen) -> None:
    """What a 200 did not list is sent again alone; what it listed is settled."""
    seen.becomes("delivered")

    assert seen.outcomes("B") == ["partly", "delivered"]
    assert seen.outcomes("A") == ["partly"]
    assert seen.intake.sent == [list(FIVE), ["B"]]
    seen.holds(*FIVE)


def left_out_always(seen: Seen) -> None:
    """After five such 200s it is a dead letter; the others have long arrived."""
    seen.is_dead("B", "unconfirmed", "5 times")
    seen.becomes("delivered", "A", "C", "D", "E")

    assert seen.intake.sent == [list(FIVE), *[["B"]] * 4]


def mended(code: str) -> Callable[[Seen], None]:
    """Twenty running are the intake's fault: it is halted, none is dead; once it is mended all arrive."""

    def ends(seen: Seen) -> None:
        seen.is_halted(code)
        found = eventually(lambda: seen.gateway.all("orders", tenant=seen.name, status="dead"), lambda dead: not dead)

        assert found == []
        seen.intake.behave = always(accepted)
        seen.becomes("delivered")
        seen.holds(*seen.orders)
        assert seen.tenant()["status"] == "active"

    return ends


def many_culprits(seen: Seen) -> None:
    """Twenty-five side by side: they die, each alone; the others arrive, and nothing is halted for good."""
    good = [name for name in seen.orders if not name.startswith("bad")]
    seen.becomes("delivered", *good)
    seen.becomes("dead", *(name for name in seen.orders if name.startswith("bad")))

    assert seen.tenant()["status"] == "active"
    assert all([name] in seen.intake.sent for name in seen.orders if name.startswith("bad"))
    seen.holds(*good)


def two_of_a_hundred(seen: Seen) -> None:
    """Ninety-eight arrive, two are dead letters with the intake's words, in at most thirty requests."""
    seen.is_dead("N17", "refused", WORDS)
    seen.is_dead("N71", "refused", WORDS)
    seen.becomes("delivered", *(name for name in seen.orders if name not in ("N17", "N71")))

    assert len(seen.intake.calls) <= 30
    seen.intake.behave = always(accepted)
    dead = {"filter": {"tenant": seen.name}}
    assert seen.gateway.api("dead-letters/replay", dead) == {"replayed": 2}
    seen.becomes("delivered")


def wrong_hint(seen: Seen) -> None:
    """A wrong hint kills nobody."""
    seen.is_dead("B", "refused", WORDS)
    seen.becomes("delivered", "A", "C", "D", "E")
    seen.holds("A", "C", "D", "E")


def harms_nobody(seen: Seen) -> None:
    """The order that makes the intake fail waits alone on its own schedule; the others arrive."""
    seen.becomes("delivered", "A", "C", "D", "E")
    order = eventually(lambda: seen.order("B"), lambda order: order["status"] == "pending")

    assert order["status"] == "pending"
    assert seen.intake.sent.count(["B"]) >= 1
    seen.holds("A", "C", "D", "E")
    seen.intake.behave = always(accepted)
    seen.becomes("delivered", "B")


def too_large_alone(seen: Seen) -> None:
    """Too large by itself: a dead letter, after the batch was halved down to it."""
    seen.is_dead("B", "too_large", "413")
    seen.becomes("delivered", "A", "C", "D", "E")


def halved(seen: Seen) -> None:
    """Batches are halved until they pass, and the size is remembered."""
    seen.becomes("delivered")
    sizes = [len(batch) for batch in seen.intake.sent]

    assert sizes == [5, 2, 2, 1]
    seen.holds(*FIVE)


def applied_twice(seen: Seen) -> None:
    """It was applied, and the answer lost: the same state goes again after the rest, and ends as one order."""
    seen.becomes("delivered")

    assert [version_of(order) for order in seen.intake.history] == [1, 1]
    assert seen.times[1] - seen.times[0] >= RESTS["settle_delay"]
    seen.holds("A")


def html(call: Call) -> Any:
    return status(200, b"<html>Welcome to nginx</html>")(call)


def larger_than(most: int) -> Behaviour:
    return lambda call: status(413) if len(call.ids) > most else accepted


def opaque(*names: str, code: int = 400) -> Behaviour:
    return always(refusing(*names, code=code, body=lambda _positions, _ids: {"error": WORDS}))


def hinting(*hints: int) -> Behaviour:
    body = {"error": WORDS, "details": [{"index": hint} for hint in hints]}
    return always(refusing("B", body=lambda _positions, _ids: body))


def slow_first(reaction: Reaction) -> Behaviour:
    return in_turn(reaction, then=accepted)


def _date(**offset: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(**offset), usegmt=True)


SOON = {"seconds": "0", "negative": "-5", "past": _date(days=-1), "garbage": "soon", "empty": "", "exponent": "1e-3"}
LATE = {"seconds": "7200", "1e9": "1000000000", "date": _date(days=3), "overflow": "1e300"}
LIES = {
    "empty": status(200, b""),
    "html": html,
    "not_accepted": replied(accepted=False),
    "accepted_as_text": replied(accepted="true"),
    "no_orders": replied(orders=None),
    "orders_as_object": replied(orders={}),
    "half": status(200, b'{"accepted": true, "orders": ['),
    "list": status(200, b"[]"),
    **{str(code): status(code, b'{"accepted": true}') for code in (201, 202, 203, 206, 226)},
    "204": status(204, b""),
}
# These keep their own loop busy, and would make the others' intakes late.
HEAVY = (intakes.enormous, intakes.gzip_bomb)
BROKEN = {
    "reset": (intakes.reset, "lost"),
    "half_closed": (intakes.half_closed, "lost"),
    "nonsense": (intakes.nonsense, "lost"),
    "hanging": (intakes.hanging, "timed_out"),
    "hanging_in_the_middle": (intakes.hanging_in_the_middle, "timed_out"),
    "dripping_headers": (intakes.dripping_headers, "timed_out"),
    "dripping_body": (intakes.dripping_body, "timed_out"),
}
# Long enough to be told from a machine that is busy.
RESTS = {"settle_delay": 1.5}
DOORS = (301, 302, 303, 304, 307, 308, 399, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 428, 431, 451)
KNOWN_DOORS = (401, 402, 403, 407)
THIRTY = tuple(f"N{n:02}" for n in range(30))
CULPRITS = (*(f"bad{n:02}" for n in range(25)), *(f"good{n:02}" for n in range(15)))

TABLE: dict[str, Row] = {
    "accepted": Row(always(accepted), delivered_after()),
    "wrong_count": Row(always(replied(processed=17)), delivered_after()),
    "foreign_id": Row(
        always(replied(orders=[{"externalOrderId": x, "orderId": f"T-{x}", "created": True} for x in ("A", "Z")])),
        delivered_after(),
    ),
    **{
        f"later_{code}": Row(slow_first(status(code)), delivered_after("unavailable"))
        for code in (408, 500, 501, 502, 503, 504, 507, 511, 520, 599)
    },
    **{f"throttled_{code}": Row(slow_first(status(code)), delivered_after("throttled")) for code in (425, 429)},
    **{
        f"retry_after_{name}": Row(slow_first(status(503, retry_after=value)), delivered_after("unavailable"))
        for name, value in SOON.items()
    },
    "retry_after_1": Row(slow_first(status(429, retry_after="1")), delivered_after("throttled", rests=1.0)),
    **{
        f"retry_after_late_{name}": Row(slow_first(status(503, retry_after=value)), next_attempt_in(3400, 3600))
        for name, value in LATE.items()
    },
    **{
        f"door_{code}": Row(slow_first(status(code)), delivered_after("wrong_door", kinds=("push", "probe")))
        for code in DOORS
    },
    **{
        f"locked_{code}": Row(
            always(status(code)),
            halted("intake_unauthorized" if code in KNOWN_DOORS else "intake_wrong_door", "wrong_door"),
        )
        for code in (302, 401, 404)
    },
    **{f"refused_{code}": Row(opaque("B", code=code), refused(code), FIVE) for code in (400, 409, 412, 418, 422, 499)},
    "hint": Row(hinting(1), refused(400), FIVE),
    "wrong_hint": Row(hinting(3, 0), wrong_hint, FIVE),
    "two_of_a_hundred": Row(opaque("N17", "N71"), two_of_a_hundred, tuple(f"N{n:02}" for n in range(100))),
    "culprits": Row(opaque(*(name for name in CULPRITS if name.startswith("bad"))), many_culprits, CULPRITS),
    "refuses_everything": Row(always(status(400)), mended("refuses_everything"), THIRTY),
    "too_large": Row(larger_than(2), halved, FIVE),
    "too_large_alone": Row(always(refusing("B", code=413)), too_large_alone, FIVE),
    **{f"lie_{name}": Row(slow_first(lie), delivered_after("not_an_intake")) for name, lie in LIES.items()},
    **{
        f"lie_{lie.__name__}": Row(slow_first(lie), delivered_after("not_an_intake"), settings={"timeout": 20})
        for lie in HEAVY
    },
    "lies": Row(always(html), halted("not_an_intake", "not_an_intake")),
    "left_out_once": Row(slow_first(intakes.leaving_out("B")), left_out_once, FIVE),
    "left_out": Row(always(intakes.leaving_out("B")), left_out_always, FIVE),
    "all_left_out": Row(always(intakes.leaving_out(*THIRTY)), mended("not_an_intake"), THIRTY[:20]),
    **{
        f"broken_{name}": Row(
            slow_first(reaction),
            delivered_after(outcome, rests=RESTS["settle_delay"] + (FAST["timeout"] if outcome == "timed_out" else 0)),
            settings=RESTS,
        )
        for name, (reaction, outcome) in BROKEN.items()
    },
    "applied_then_lost": Row(slow_first(intakes.applied_then_lost), applied_twice, settings=RESTS),
    "applied_then_hanging": Row(slow_first(intakes.applied_then_hanging), applied_twice, settings=RESTS),
    "nobody_listens": Row(always(accepted), never_stood, settings={"intake_url": f"http://127.0.0.1:{free_port()}/x"}),
    "no_tls": Row(always(accepted), never_stood, settings={"intake_url": "https://127.0.0.1:{port}/x"}),
    "poison_500": Row(always(intakes.poisoned("B", by=status(500))), harms_nobody, FIVE),
    "poison_hangs": Row(always(intakes.poisoned("B", by=intakes.hanging)), harms_nobody, FIVE),
    "poison_kills": Row(always(intakes.poisoned("B", by=intakes.reset)), harms_nobody, FIVE),
}


def _timed(behave: Behaviour, times: list[float]) -> Behaviour:
    def timed(call: Call) -> Reaction:
        times.append(time.monotonic())
        return behave(call)

    return timed


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Iterator[dict[str, Seen]]:
    """All rows under way: their orders, stored while the tenants were halted by hand, go in one batch each."""
    with Intakes() as opened, Intakes() as busy:
        times: dict[str, list[float]] = {name: [] for name in TABLE}
        listening = {
            name: (busy if "timeout" in row.settings else opened).open(_timed(row.behave, times[name]))
            for name, row in TABLE.items()
        }
        tenants = {}
        for name, row in TABLE.items():
            url = row.settings.get("intake_url", "{url}").format(url=listening[name].url, port=listening[name].port)
            tenants[name] = tenant(url, **{key: value for key, value in row.settings.items() if key != "intake_url"})
        with Gateway(tmp_path_factory.mktemp("answers"), tenants) as gateway:
            for name, row in TABLE.items():
                gateway.api(f"tenants/{name}/halt", {})
                for order in row.orders:
                    assert gateway.post(told(f"{name}-{order}", order, 1), to=name).status_code == 200
            expected = sum(len(row.orders) for row in TABLE.values())
            eventually(lambda: gateway.api("stats")["orders"].get("pending") == expected)
            for name in TABLE:
                gateway.api(f"tenants/{name}/resume", {})
            yield {name: Seen(gateway, listening[name], name, row.orders, times[name]) for name, row in TABLE.items()}


@pytest.mark.parametrize("name", TABLE)
def test_answer(table, name):
    """Each ends as the table says: nothing lost, nothing doubled in effect, nobody else concerned."""
    TABLE[name].ends(table[name])


def test_odd_answers_are_counted(table):
    """A wrong count and foreign ids settle what they list, and show in the metrics."""
    table["wrong_count"].becomes("delivered")
    table["foreign_id"].becomes("delivered")
    metrics = table["accepted"].gateway.http.get("/metrics").text
    odd = [line for line in metrics.splitlines() if "foreign" in line or "wrong" in line]

    assert any('tenant="foreign_id"' in line and line.endswith(" 1.0") for line in odd), odd
    assert any('tenant="wrong_count"' in line and line.endswith(" 1.0") for line in odd), odd
