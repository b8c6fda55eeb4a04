"""What every engine owes those who learn of sources, and what was lost and found."""

from gateway.config.model import Retention
from gateway.events import SECOND, Arrival
from gateway.ground.hours import HOUR
from gateway.records import LearnedRow, Recovered
from tests.contract.engines import START

YEARS = 800 * 86400 * SECOND


async def test_what_was_learned_outlives_a_restart_and_is_renewed(floor):
    """A row for each thing; the last word counts."""
    await floor.store.learned.save_learned(
        [LearnedRow("acme", "rhythm", 1, b"\x00old"), LearnedRow("acme", "habits", 1, b"1")]
    )
    await floor.store.learned.save_learned([LearnedRow("acme", "rhythm", 2, b"\x00new")])
    await floor.reopen()
    found = await floor.store.learned.learned()

    assert sorted(found, key=lambda row: row.kind) == [
        LearnedRow("acme", "habits", 1, b"1"),
        LearnedRow("acme", "rhythm", 2, b"\x00new"),
    ]


async def test_what_was_lost_and_found_is_counted_by_topic_and_hour(floor):
    """Once an event; what a first run found does not count."""
    hour = START // HOUR * HOUR
    for number, (at, topic) in enumerate(
        [(hour, "created"), (hour + 9, "created"), (hour, "changed"), (hour + HOUR, "created"), (hour, None)]
    ):
        arrival = Arrival("acme", f"reconcile:{number}:1", "reconcile", at, b"{}")
        for _ in range(2):
            await floor.store.reconciliation.feed(arrival, {}, floor.now, b"digest", topic)

    assert await floor.store.records.recovered("acme", hour) == [
        Recovered("acme", "created", hour + HOUR, 1),
        Recovered("acme", "changed", hour, 1),
        Recovered("acme", "created", hour, 2),
    ]
    assert await floor.store.records.recovered("acme", hour + 1) == [Recovered("acme", "created", hour + HOUR, 1)]
    assert await floor.store.records.recovered("other", 0) == []


async def test_what_is_no_longer_learned_goes_with_the_orders(floor):
    """And so do the counts of what was lost and found."""
    arrival = Arrival("acme", "reconcile:1:1", "reconcile", START, b"{}")
    await floor.store.reconciliation.feed(arrival, {}, floor.now, b"digest", "created")
    await floor.store.learned.save_learned(
        [LearnedRow("gone", "rhythm", START, b"x"), LearnedRow("acme", "rhythm", START + YEARS, b"x")]
    )
    await floor.store.acts.prune(Retention().spans(), START + YEARS)

    assert [row.source for row in await floor.store.learned.learned()] == ["acme"]
    assert await floor.store.records.recovered("acme", 0) == []
