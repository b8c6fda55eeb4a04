"""What every engine owes replicas: a life each, duties that one alone has, and what is new."""

import msgspec
import pytest

from gateway.records import DriftRow, Joining, Turning
from tests.contract.engines import TENANT, state


def joining(name: str = "one") -> Joining:
    return Joining(name=name, version="1", process=f"elsewhere {name}")


async def turn(floor, number: int, **what: tuple) -> tuple[str, ...]:
    return await floor.store.duties.turn(Turning(number=number, now=floor.now, **what))


@pytest.fixture
async def life(floor):
    return (await floor.store.duties.join(joining(), floor.now)).number


async def test_a_duty_is_its_first_takers_until_that_gives_it_up(floor, life):
    """Taken once more by who has it, it is the same; the number of each holder is higher."""
    first = await turn(floor, life, taken=("a", "b"))
    again = await turn(floor, life, taken=("a",))
    await turn(floor, life, given_up=("a",))
    sight = await floor.store.duties.look(None, 0)

    assert (set(first), again) == ({"a", "b"}, ("a",))
    assert sight.duties == {"b": life}


async def test_who_has_what_is_told_where_it_has_changed(floor, life):
    """A mark says how it was."""
    await turn(floor, life, taken=("a",))
    sight = await floor.store.duties.look(None, 0)
    same = await floor.store.duties.look(sight.mark, 0)
    await turn(floor, life, given_up=("a",), taken=("b",))
    other = await floor.store.duties.look(sight.mark, 0)

    assert (same.duties, other.duties) == (None, {"b": life})


async def test_each_sign_of_life_is_counted_and_names_what_is_shared(floor, life):
    """Whoever looks sees that there was another one."""
    before = (await floor.store.duties.look(None, 0)).replicas
    await turn(floor, life, wanted="these")
    after = (await floor.store.duties.look(None, 0)).replicas

    assert [each.number for each in after] == [life]
    assert (before[0].beats + 1, "these") == (after[0].beats, after[0].wanted)


async def test_a_replica_that_has_beaten_since_is_not_lost(floor, life):
    """What was seen of it must be its last sign of life."""
    (seen,) = (await floor.store.duties.look(None, 0)).replicas
    await turn(floor, life, taken=("a",), lost=((life, seen.beats - 1),))

    (now,) = (await floor.store.duties.look(None, 0)).replicas
    assert not now.is_lost
    assert (await floor.store.duties.look(None, 0)).duties == {"a": life}


async def test_what_a_lost_replica_had_is_free_and_it_is_told_of(floor, life):
    """Until one of its name comes again, or for a day."""
    await turn(floor, life, taken=("a",))
    (seen,) = (await floor.store.duties.look(None, 0)).replicas
    await turn(floor, life, lost=((life, seen.beats + 1),))
    (record,) = await floor.store.duties.replicas()

    assert (record.name, record.state, record.duties) == ("one", "lost", ())
    assert (await floor.store.duties.look(None, 0)).duties == {}


async def test_a_life_that_ends_leaves_nothing_behind(floor, life):
    """Its duties are anybody's."""
    await turn(floor, life, taken=("a",))
    await floor.store.duties.leave(life)

    assert await floor.store.duties.replicas() == []
    assert (await floor.store.duties.look(None, 0)).duties == {}


async def test_a_replica_is_shown_with_what_it_has(floor, life):
    """Its digests are those of its last sign of life."""
    started = floor.now
    await turn(floor, life, taken=("b", "a"))
    floor.pass_by(seconds=5)
    await floor.store.duties.turn(Turning(number=life, now=floor.now, config_digest="c", adapters_digest="d"))
    (record,) = await floor.store.duties.replicas()

    assert msgspec.structs.asdict(record) == {
        "name": "one", "version": "1", "config_digest": "c", "adapters_digest": "d", "started_at": started,
        "last_seen_at": floor.now, "duties": ("a", "b"), "state": "alive",
    }  # fmt: skip


async def test_each_life_has_a_higher_number(floor, life):
    """After a restart too."""
    await floor.reopen()

    assert (await floor.store.duties.join(joining("two"), floor.now)).number > life


async def test_what_is_new_is_seen(floor, life):
    """Events by their numbers, orders by their tenants: whoever sleeps may wake."""
    before = await floor.store.duties.look(None, 0)
    await floor.tell("e1", state("A"))
    after = await floor.store.duties.look(None, before.last_state)
    later = await floor.store.duties.look(None, after.last_state)

    assert before.last_event < after.last_event == later.last_event
    assert (before.tenants, after.tenants, later.tenants) == ((), (TENANT,), ())


async def test_what_a_replica_lets_the_others_know_goes_with_its_life(floor, life):
    """The last word of each kind; never its own."""
    other = (await floor.store.duties.join(joining("two"), floor.now)).number
    await floor.store.duties.tell(other, {"halts": b"1", "refusals": b"2"})
    await floor.store.duties.tell(other, {"halts": b"3"})
    heard = await floor.store.duties.heard(life)
    own = await floor.store.duties.heard(other)
    await floor.store.duties.leave(other)

    assert (sorted(heard), own) == ([("halts", b"3"), ("refusals", b"2")], [])
    assert await floor.store.duties.heard(life) == []


async def test_what_has_drifted_is_counted_by_all(floor):
    """Each replica says how often it saw something since it last did; the first example stays, the last time counts."""
    seen = DriftRow(
        source="acme", kind="code", path="$.a", value="x", count=3, first_at=1, last_at=5, example="x", event_id="e1",
        is_first=False,
    )  # fmt: skip
    await floor.store.drift.save_drift([seen])
    await floor.store.drift.save_drift([msgspec.structs.replace(seen, count=2, first_at=2, last_at=4, event_id="e2")])

    assert await floor.store.drift.drift() == [msgspec.structs.replace(seen, count=5)]
