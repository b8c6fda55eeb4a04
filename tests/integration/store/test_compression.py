"""Bodies in a file: compressed, and read as they came by everything that reads one."""

from tests.contract.engines import START, TENANT, says, state, texts

TEXT = "Desk lamp, brass, with a spare shade. " * 60


async def asked(floor, text):
    """What the file says, as it is kept."""
    return await floor.store.writer.submit(lambda connection: connection.execute(text).fetchall())


async def test_bodies_take_less_than_they_are_long(floor):
    """Of a hook, of one among several, of a state at its order's beginning and of a later one."""
    events = [await floor.tell(f"e{clock}", state("A", clock=clock, text=f"{clock} {TEXT}")) for clock in (1, 2)]
    bodies = await asked(floor, "SELECT body FROM bodies")
    states = await asked(floor, "SELECT coalesce(s.body, b.body) FROM states s LEFT JOIN state_bodies b USING (id)")
    shown = [(await floor.store.records.event(event)).body for event in events]
    lease = await floor.lease()

    assert [len(body) < 1000 for (body,) in (*bodies, *states)] == [True] * 4
    assert shown == [says(state("A", clock=clock, text=f"{clock} {TEXT}")) for clock in (1, 2)]
    assert texts(lease) == [f"2 {TEXT}"]


async def test_bodies_of_an_earlier_version_are_read_as_they_are(floor):
    """They are not written anew: a migration of a large file would take hours."""
    event = await floor.tell("e1", state("A", clock=1, text=TEXT))
    await floor.receive("e2", says(state("B", clock=2, text=TEXT)))
    for table in ("bodies", "state_bodies"):
        await asked(floor, f"UPDATE {table} SET body = decompressed(body)")
    ((kept,),) = await asked(floor, f"SELECT body FROM bodies WHERE id = {event}")
    await floor.translate()
    again = await floor.receive("e1", says(state("A", clock=1, text=TEXT)))

    assert kept == (await floor.store.records.event(event)).body == says(state("A", clock=1, text=TEXT))
    assert again.kind == "duplicate"
    assert texts(await floor.lease()) == [TEXT, TEXT]


async def test_a_damaged_body_holds_up_nobody(floor):
    """Its event is read like any other, with what is no JSON."""
    for number in (1, 2):
        await floor.receive(f"e{number}", says(state("A", clock=number, text=TEXT)))
    await asked(floor, "UPDATE bodies SET body = substr(body, 1, 100) WHERE id = 1")
    found = await floor.store.translation.untranslated(["acme"], 10)

    assert [event.body[:1] for event in found] == [b"\x01", b"{"]


async def test_so_much_is_read_at_once_as_bodies_are_long(floor):
    """Not as they are kept: five of them would be thirty megabytes in memory."""
    for number in range(5):
        await floor.receive(f"e{number}", b'{"text": "%b"}' % (b"x" * 6_000_000))
    found = await floor.store.translation.untranslated(["acme"], 10)

    assert len(found) == 3


async def test_what_was_erased_is_not_taken_for_a_cancellation(floor):
    """A state without bytes is one of which nothing is left; one without any is an order that is off."""
    await floor.tell("e1", state("A", clock=1, text=TEXT))
    await floor.tell("e2", state("B", clock=1, text=None))
    await floor.store.acts.erase(TENANT, "A", now=START)
    bodies = await asked(floor, "SELECT s.body, b.body FROM states s LEFT JOIN state_bodies b USING (id) ORDER BY s.id")

    assert bodies == [(b"", None), (None, None)]
    assert (await floor.store.records.order(TENANT, "A")).body is None
