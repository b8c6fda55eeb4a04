"""A store driven through any history against a small model that knows nothing of how it works."""

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.events import SECOND, OrderStatus, Reason
from gateway.orders import Lease, Settlement, Settling
from gateway.records import DeadLetterFilter, EventFilter, OrderFilter, RetentionSpans
from tests.contract.engines import DAY, ENGINES, SOURCE, START, TENANT, Floor, says, state

MEMORY = Path("/dev/shm")
ORDERS = ["A", "B", "C"]
OPEN_EVENTS = {"received", "waiting", "translated"}
ENDED_ORDERS = {"delivered", "withdrawn", "dead", "discarded"}
SPANS = RetentionSpans(bodies=10 * DAY, dead_letters=20 * DAY, keys=9999 * DAY, orders=9999 * DAY, attempts=10 * DAY)

outcomes = st.sampled_from(["delivered", "unchanged", "not applied", "applied", "refused", "intake_error"])
bodies = st.one_of(
    st.builds(
        lambda order, clock, tie, text: says(state(order, clock=clock, tie=tie, text=text)),
        st.sampled_from(ORDERS),
        st.integers(1, 5),
        st.integers(0, 1),
        st.sampled_from(["x", "y", "z", None]),
    ),
    st.builds(
        lambda a, b: says(state("A", clock=a, text="both"), state("B", clock=b, text="both")), *[st.integers(1, 5)] * 2
    ),
    st.sampled_from([says(dead="malformed_payload"), says(ignored="a test"), says(state("A", owner="acme:other"))]),
)


class Intake:
    """What the intake has of one order, and what the gateway may know of it."""

    def __init__(self):
        self.versions = []
        self.text = None
        self.is_touched = False
        self.is_delivered = False

    def apply(self, version, text):
        assert not self.versions or version >= self.versions[-1], "the intake went back in time"
        self.versions.append(version)
        self.text = text


class History(RuleBasedStateMachine):
    """Receive, repeat, translate, claim, settle, cancel, replay, discard, crash, prune, in any order."""

    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.runner = asyncio.Runner()
        self.floor = Floor(ENGINES["sqlite"], self.folder)
        self.run(self.floor.open())
        self.keys = {}  # event id -> (row id, body)
        self.owners = {}
        self.newest = {}  # order -> (version, text)
        self.intake = {name: Intake() for name in ORDERS}
        self.leases = []  # (lease, {order: (version, text)}) that still hold

    def run(self, awaitable):
        return self.runner.run(_awaited(awaitable))

    def event(self, row):
        return self.run(self.floor.store.records.event(row))

    def order(self, name):
        return self.run(self.floor.store.records.order(TENANT, name))

    # ---- what may happen

    @rule(key=st.integers(0, 11), body=bodies)
    def receive(self, key, body):
        known = self.keys.get(key)
        before = None if known is None else self.event(known[0])
        receipt = self.run(self.floor.receive(f"e{key}", body))
        if known is None:
            assert receipt.kind == "stored"
            assert all(receipt.id != row for row, _ in self.keys.values())
            self.keys[key] = (receipt.id, body)
            return
        assert receipt.id == known[0]
        if body == known[1]:
            assert receipt.kind == "duplicate"
        elif before.record.status == "dead":
            assert receipt.kind == "replaced"
            self.keys[key] = (receipt.id, body)
        else:
            assert receipt.kind == "conflict"
            assert self.event(receipt.id).body == before.body

    @rule()
    def translate(self):
        waiting = self.run(self.floor.store.translation.untranslated([SOURCE], 100))
        assert [event.id for event in waiting] == sorted(event.id for event in waiting)
        self.run(self.floor.translate())
        for event in waiting:
            said = json.loads(event.body).get("states", [])
            placed = self.event(event.id).translation
            assert len(placed) == len(said)
            for each, now in zip(said, placed, strict=True):
                self.place(event, each, now)
        for name, (_, text) in self.newest.items():
            body = self.order(name).body
            assert (body is None) == (text is None)
            assert body is None or json.loads(body)["text"] == text
        self.check_events()

    def place(self, event, said, placed):
        owner = said.get("owner", "the source's")
        is_collision = placed.reason is not None and placed.reason.code == "order_collision"
        assert is_collision == (self.owners.setdefault(said["order"], owner) != owner)
        if is_collision:
            return
        version = (placed.clock, placed.tie, event.id)
        present = self.newest.get(said["order"])
        if event.is_forced:
            assert present is None or version > present[0]
        else:
            assert version[:2] == (START + said["clock"] * SECOND, said.get("tie", 0))
        if present is None or version >= present[0]:
            self.newest[said["order"]] = (version, said["text"])

    @rule(max_orders=st.integers(1, 3))
    def claim(self, max_orders):
        lease = self.run(self.floor.claim(max_orders=max_orders))
        if not isinstance(lease, Lease):
            return
        held = {order.id for other, _ in self.leases for order in other.orders}
        versions = {}
        for order in lease.orders:
            assert order.id not in held, "an order is in two leases"
            version, text = self.newest[order.external_order_id]
            assert json.loads(order.body)["text"] == text, "what is sent is not the newest"
            versions[order.external_order_id] = (version, text)
        self.leases.append((lease, versions))

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def settle(self, data):
        lease, versions = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        results = {order.id: data.draw(outcomes) for order in lease.orders}
        for order in lease.orders:
            self.attempt(order.external_order_id, results[order.id], *versions[order.external_order_id])
        settled = self.run(self.settled(lease, results))
        assert [each.external_order_id for each in settled] == [order.external_order_id for order in lease.orders]
        self.check_events()

    async def settled(self, lease, results):
        settlements = []
        for order in lease.orders:
            result = {"applied": "uncertain", "not applied": "uncertain", "refused": "dead", "intake_error": "dead"}
            told = result.get(results[order.id], results[order.id])
            reason = None if told != "dead" else _reason(results[order.id])
            settlements.append(Settlement(order=order.id, result=told, reason=reason, due_at=self.floor.now))
        state_ = await self.floor.store.outbox.tenant_state(TENANT)
        settling = Settling(settlements=settlements, attempt=None, state=state_, now=self.floor.now)
        settled, _ = await self.floor.store.outbox.settle(lease, settling)
        return settled

    def attempt(self, name, result, version, text):
        intake = self.intake[name]
        if result in ("delivered", "applied"):
            intake.apply(version, text)
        if result in ("applied", "not applied", "intake_error"):
            intake.is_touched = True
        if result == "delivered":
            intake.is_delivered = True

    @precondition(lambda self: self.leases)
    @rule(everything=st.booleans(), applied=st.sets(st.sampled_from(ORDERS)))
    def rescue(self, everything, applied):
        """The holders are gone, or too slow: what they sent may have arrived; their late results are refused."""
        self.floor.pass_by(seconds=61)
        outbox, now = self.floor.store.outbox, self.floor.now
        count = self.run((outbox.rescue if everything else outbox.rescue_expired)(now=now, rests_until=now))
        assert count == sum(len(lease.orders) for lease, _ in self.leases)
        self.lose(applied)

    @rule(applied=st.sets(st.sampled_from(ORDERS)))
    def crash(self, applied):
        self.run(self.floor.reopen())
        self.run(self.floor.store.outbox.rescue(now=self.floor.now, rests_until=self.floor.now))
        self.lose(applied)

    def lose(self, applied):
        for lease, versions in self.leases:
            for name, version in versions.items():
                self.attempt(name, "applied" if name in applied else "not applied", *version)
            late = self.run(self.settled(lease, dict.fromkeys((order.id for order in lease.orders), "delivered")))
            assert late == [], "a late holder's result counted"
            ids = [order.id for order in lease.orders]
            assert not self.run(self.floor.store.outbox.extend(lease, ids, self.floor.now + DAY))
        self.leases = []
        self.check_events()

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), force=st.booleans())
    def replay(self, data, force):
        row, _ = data.draw(st.sampled_from(sorted(self.keys.values())))
        has_body = self.event(row).body is not None
        assert self.run(self.floor.store.acts.replay([row], force=force)) == int(has_body)

    @rule(kind=st.sampled_from(["event", "order", None]))
    def discard_dead_letters(self, kind):
        which = DeadLetterFilter(kind=kind)
        before = self.run(self.floor.store.records.dead_letters(which, limit=100, cursor=None)).rows
        count = self.run(self.floor.store.acts.discard_dead_letters(which, reason=None, now=self.floor.now))
        assert count == len(before)
        assert self.run(self.floor.store.records.dead_letters(which, limit=100, cursor=None)).rows == ()
        self.check_events()

    @rule(name=st.sampled_from(ORDERS))
    def discard_order(self, name):
        if name in self.newest and self.order(name).status in (OrderStatus.PENDING, OrderStatus.DEAD):
            self.run(self.floor.store.acts.discard_order(TENANT, name, reason=None, now=self.floor.now))
            assert self.order(name).status == OrderStatus.DISCARDED

    @rule(days=st.integers(1, 15))
    def prune(self, days):
        open_before = self.rows_of(OPEN_EVENTS)
        # One whose body went while it was dead is open again once its dead order is set aside.
        with_body = [row for row in open_before if self.event(row).body is not None]
        self.floor.pass_by(days=days)
        self.run(self.floor.store.acts.prune(SPANS, self.floor.now))
        assert self.rows_of(OPEN_EVENTS) == open_before
        assert all(self.event(row).body is not None for row in with_body)

    # ---- what holds at any time

    def rows_of(self, statuses):
        page = self.run(self.floor.store.records.events(EventFilter(), limit=100, cursor=None))
        return [row.id for row in page.rows if row.status in statuses]

    @invariant()
    def each_event_is_stored_once(self):
        page = self.run(self.floor.store.records.events(EventFilter(), limit=100, cursor=None))
        assert sorted(row.id for row in page.rows) == sorted(row for row, _ in self.keys.values())

    @invariant()
    def everything_is_counted_once(self):
        counts = self.run(self.floor.store.records.counts())
        events = self.run(self.floor.store.records.events(EventFilter(), limit=100, cursor=None)).rows
        orders = self.run(self.floor.store.records.orders(OrderFilter(), limit=100, cursor=None)).rows
        assert counts.events == Counter(row.status for row in events)
        assert counts.orders == Counter(row.status for row in orders)

    def check_events(self):
        """Each event's status is what its states' are."""
        for row, _ in self.keys.values():
            detail = self.event(row)
            self.check_event(detail.record.status, {each.status for each in detail.translation})

    def check_event(self, status, states):
        note(f"{status}: {sorted(states)}")
        if status in ("received", "waiting"):
            return
        if not states:
            assert status in ("ignored", "dead", "discarded")
        elif "dead" in states:
            assert status == "dead"
        elif "pending" in states:
            assert status == "translated"
        elif "delivered" in states:
            assert status == "delivered"
        else:
            assert status in states
            assert states <= {"superseded", "withdrawn", "discarded"}

    @invariant()
    def each_order_is_where_its_newest_state_is(self):
        page = self.run(self.floor.store.records.orders(OrderFilter(), limit=100, cursor=None))
        assert {row.external_order_id for row in page.rows} == set(self.newest)
        leased = {order.external_order_id for lease, _ in self.leases for order in lease.orders}
        for row in page.rows:
            assert (row.status == "leased") == (row.external_order_id in leased)
            self.check_order(row)

    def check_order(self, row):
        version, text = self.newest[row.external_order_id]
        intake = self.intake[row.external_order_id]
        if row.status == "delivered":
            assert intake.is_delivered
            assert intake.text == text, "the intake has not what the gateway says it has"
        if row.status == "withdrawn":
            assert text is None
            assert not intake.versions
        if row.status == "dead" and text is None:
            expected = "cancelled_after_delivery" if intake.is_delivered else "cancelled_maybe_delivered"
            assert row.reason.code == expected
            assert intake.is_delivered or intake.is_touched
        if row.status == "pending":
            assert text is not None
        if intake.versions:
            assert intake.versions[-1] <= version

    def teardown(self):
        if not hasattr(self, "runner"):
            return
        try:
            self.come_to_an_end()
        finally:
            self.run(self.floor.store.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def come_to_an_end(self):
        """Everything that waits goes out; then every event and order has ended, and the intake has the newest."""
        if self.leases:
            self.rescue(everything=True, applied=set())
        self.translate()
        while True:
            before = len(self.leases)
            self.claim(max_orders=3)
            if len(self.leases) == before:
                break
            lease, versions = self.leases.pop()
            for name, version in versions.items():
                self.attempt(name, "delivered", *version)
            self.run(self.settled(lease, dict.fromkeys((order.id for order in lease.orders), "delivered")))
        assert self.rows_of(OPEN_EVENTS) == []
        self.check_events()
        for row in self.run(self.floor.store.records.orders(OrderFilter(), limit=100, cursor=None)).rows:
            assert row.status in ENDED_ORDERS
            self.check_order(row)


async def _awaited(awaitable):
    return await awaitable


def _reason(code):
    return Reason(code, "because")


TestHistory = History.TestCase
# Histories take their time on a busy machine.
TestHistory.pytestmark = [pytest.mark.timeout(400)]
TestHistory.settings = settings(
    max_examples=45,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
