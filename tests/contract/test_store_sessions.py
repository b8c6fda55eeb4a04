"""What every engine owes the console: sessions that outlive it, and end once."""

from gateway.records import Session
from tests.contract.engines import START


def session(name: bytes, begun_at: int = START, seen_at: int = START) -> Session:
    return Session(name * 32, b"t" * 32, begun_at, seen_at)


async def begin(floor, new: Session, seen_since: int = 0, begun_since: int = 0) -> None:
    await floor.store.sessions.begin(new, seen_since=seen_since, begun_since=begun_since)


async def test_a_session_is_found_by_its_cookie_alone(floor):
    """After a restart, too."""
    await begin(floor, session(b"a"))
    await begin(floor, session(b"b"))
    await floor.reopen()

    assert await floor.store.sessions.session(b"a" * 32) == session(b"a")
    assert await floor.store.sessions.session(b"c" * 32) is None


async def test_a_session_is_seen_again_and_never_earlier(floor):
    """The latest look counts, in whatever order they come."""
    await begin(floor, session(b"a"))
    await floor.store.sessions.touch(b"a" * 32, START + 9)
    await floor.store.sessions.touch(b"a" * 32, START + 5)

    assert await floor.store.sessions.session(b"a" * 32) == session(b"a", seen_at=START + 9)


async def test_an_ended_session_does_not_come_back(floor):
    """Not by a look that was on its way, either."""
    await begin(floor, session(b"a"))
    await floor.store.sessions.end(b"a" * 32)
    await floor.store.sessions.touch(b"a" * 32, START + 9)

    assert await floor.store.sessions.session(b"a" * 32) is None


async def test_a_new_session_clears_away_those_that_are_over(floor):
    """Those not seen since, and those begun before."""
    await begin(floor, session(b"a", begun_at=START, seen_at=START + 50))
    await begin(floor, session(b"b", begun_at=START + 20, seen_at=START + 20))
    await begin(floor, session(b"c", begun_at=START + 20, seen_at=START + 50))
    await begin(floor, session(b"d", START + 60, START + 60), seen_since=START + 30, begun_since=START + 10)

    kept = [name for name in (b"a", b"b", b"c", b"d") if await floor.store.sessions.session(name * 32)]
    assert kept == [b"c", b"d"]
