"""What takes days, or a clock that is set: the whole gateway in this process, with a clock that the tests turn."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from gateway.cli.settings import configuration
from gateway.config.live import Live
from gateway.service.house import open_house
from tests.intakes import Intake, accepted, always, poisoned, status
from tests.processes import API_TOKEN, PROOF, source, tenant, told, version_of

HOUR = 3600.0
DAY = 24 * HOUR


class Turned:
    """The wall clock and an offset."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> int:
        return int((time.time() + self.offset) * 1_000_000)


class Doors:
    """The gateway's doors, without a socket between."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._sent = 0

    async def post(self, reference: str, version: int = 1, to: str = "a", **members: Any) -> None:
        self._sent += 1
        event = json.dumps(told(f"{self._sent}", reference, version, **members))
        answer = await self._http.post(f"/hooks/{to}", content=event, headers=PROOF)
        assert answer.status_code == 200, answer.text

    async def alive(self) -> Any:
        return (await self._http.get("/healthz")).json()["problems"]

    async def ready(self) -> Any:
        return (await self._http.get("/readyz")).json()

    async def api(self, path: str) -> Any:
        answer = await self._http.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
        return answer.json()

    async def order(self, name: str, of: str = "a") -> dict[str, Any]:
        return await self.api(f"orders/{of}/{name}")

    async def tenant(self, name: str = "a") -> dict[str, Any]:
        return next(each for each in (await self.api("tenants"))["tenants"] if each["name"] == name)

    async def becomes(self, name: str, status: str, of: str = "a") -> dict[str, Any]:
        return await until(lambda: self.order(name, of), lambda order: order.get("status") == status)


async def until(look, holds=bool, within: float = 15.0) -> Any:
    """What `look` gives as soon as it holds."""
    seen = None
    end = time.monotonic() + within
    while time.monotonic() < end:
        seen = await look()
        if holds(seen):
            return seen
        await asyncio.sleep(0.005)
    raise AssertionError(seen)


async def never(by: str) -> Any:
    raise AssertionError(by)


@asynccontextmanager
async def running(folder: Path, clock: Turned, *intakes: Intake, **members: Any):
    """A gateway with the tenants a, b, ... for these intakes."""
    names = "abc"[: len(intakes)]
    file = folder / "config.yaml"
    settings = {
        "store": "sqlite:///gateway.db",
        "api": {"token": API_TOKEN},
        "limits": {"min_free_disk": 0},
        "tenants": {name: tenant(intake.url, **members) for name, intake in zip(names, intakes, strict=True)},
        "sources": {name: source(name) for name in names},
    }
    file.write_text(json.dumps(settings))
    async with open_house(Live(configuration(file)), clock, lambda: None) as house:
        await house.open(never)
        transport = httpx.ASGITransport(house.applications.public)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield Doors(http)


async def test_a_week_at_the_wrong_door(tmp_path):
    """A tenant halted for a week loses nothing and says why; the other one does not notice."""
    clock = Turned()
    async with Intake(always(status(401))) as a, Intake() as b, running(tmp_path, clock, a, b, probe=60) as doors:
        await doors.post("A0")
        halted = await until(doors.tenant, lambda found: found["status"] == "halted")
        for hour in range(168):
            clock.offset += HOUR
            await doors.post(f"B{hour}", to="b")
            await doors.post(f"A{hour % 20}", hour + 2)
            await doors.becomes(f"B{hour}", "delivered", "b")
            # The probe of this hour has been answered: the clock is not turned under a request.
            await until(doors.tenant, lambda found: _is_ahead(found["nextAttemptAt"], clock))
        week = await until(doors.tenant, lambda found: found["pending"] == 20)
        probes = len(a.calls)
        a.behave = always(accepted)
        clock.offset += 61
        await doors.post("A0", 1000)
        for number in range(20):
            await doors.becomes(f"A{number}", "delivered")
        dead = await doors.api("dead-letters")
        b_sent = b.sent

    assert halted["reason"]["code"] == "intake_unauthorized"
    assert week["status"] == "halted"
    assert week["oldestPendingSeconds"] > 7 * DAY - HOUR
    assert 168 < probes <= 2 * 168 + 2
    assert version_of(a.orders["A0"]) == 1000
    assert dead["deadLetters"] == []
    assert [name for batch in b_sent for name in batch] == [f"B{hour}" for hour in range(168)]


async def test_a_week_without_an_intake(tmp_path):
    """An outage backs off for as long as it takes; the backlog goes out when the intake is back."""
    clock = Turned()
    backoff = {"base": 0.5, "max": 300}
    async with Intake(always(status(503))) as a, running(tmp_path, clock, a, backoff=backoff) as doors:
        for hour in range(168):
            clock.offset += HOUR
            await doors.post(f"A{hour}")
            await until(doors.tenant, lambda found: _is_ahead(found["nextAttemptAt"], clock))
        found = await until(doors.tenant, lambda found: found["pending"] == 168)
        a.behave = always(accepted)
        clock.offset += 301
        await doors.post("last")
        for name in ("last", *(f"A{hour}" for hour in range(168))):
            await doors.becomes(name, "delivered")
        dead = await doors.api("dead-letters")

    assert found["status"] == "backing_off"
    assert dead["deadLetters"] == []
    assert len(a.orders) == 169


async def test_poison_dies_after_two_days(tmp_path):
    """An order that fails alone while others pass is a dead letter after 48 h, outages not counted."""
    clock = Turned()
    poison = poisoned("P", by=status(500, b"internal error 17"))
    backoff = {"base": 0.5, "max": 300}
    died = None
    async with Intake(always(poison)) as a, running(tmp_path, clock, a, backoff=backoff) as doors:
        await doors.post("P")
        for half in range(160):
            is_down = 20 <= half < 60
            a.behave = always(status(503) if is_down else poison)
            clock.offset += HOUR / 2
            await doors.post(f"A{half}")
            if is_down:
                await until(doors.tenant, lambda found: _is_ahead(found["nextAttemptAt"], clock))
            else:
                await doors.becomes(f"A{half}", "delivered")
            order = await until(lambda: doors.order("P"), lambda order: order["status"] in ("pending", "dead"))
            if order["status"] == "dead":
                died = half / 2
                break

    assert died is not None
    assert order["reason"]["code"] == "intake_error"
    assert "internal error 17" in order["reason"]["detail"]
    assert 48 + 20 - 2 <= died <= 48 + 20 + 3
    assert sorted(a.orders) == sorted(f"A{half}" for half in range(half + 1))


async def test_clock_set_a_day_forwards_and_back(tmp_path):
    """A day forwards, a day back, with orders waiting: each arrives, none is judged, and none waits for a day."""
    clock = Turned()
    async with Intake() as a, running(tmp_path, clock, a) as doors:
        await doors.post("now")
        await doors.becomes("now", "delivered")
        clock.offset = DAY
        await doors.post("tomorrow")
        await doors.becomes("tomorrow", "delivered")
        a.behave = always(status(503, retry_after="3600"))
        await doors.post("waiting0")
        await until(doors.tenant, lambda found: found["status"] == "backing_off")
        for number in range(1, 5):
            await doors.post(f"waiting{number}")
        await until(doors.tenant, lambda found: found["pending"] == 5)
        clock.offset = 0.0
        a.behave = always(accepted)
        await doors.post("now", 2)
        for name in ("now", "tomorrow", *(f"waiting{number}" for number in range(5))):
            await doors.becomes(name, "delivered")
        # It was delivered before, too.
        async with asyncio.timeout(4):
            while version_of(a.orders["now"]) != 2:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        dead = await doors.api("dead-letters")

    assert version_of(a.orders["now"]) == 2
    assert dead["deadLetters"] == []


async def test_health_knows_no_wall_clock(tmp_path):
    """Whichever way the clock is set, a gateway whose loops move is alive."""
    clock = Turned()
    async with Intake() as a, running(tmp_path, clock, a) as doors:
        for clock.offset in (200 * DAY, 0.0, -DAY):
            assert await doors.alive() == []


async def test_clock_set_back_while_stopped(tmp_path):
    """Orders stored by a clock that was a day ahead go out after a restart with the right one."""
    clock = Turned()
    async with Intake(always(status(503))) as a:
        clock.offset = DAY
        async with running(tmp_path, clock, a) as doors:
            await doors.post("ahead")
            await until(doors.tenant, lambda found: found["status"] == "backing_off")
        clock.offset = 0.0
        a.behave = always(accepted)
        async with running(tmp_path, clock, a) as doors:
            order = await doors.becomes("ahead", "delivered")

    assert order["reason"] is None


async def test_clock_in_2099(tmp_path):
    """A vendor's clock in 2099 is taken for five minutes from now at most, so that a later change is still newer."""
    clock = Turned()
    async with Intake() as a, running(tmp_path, clock, a) as doors:
        await doors.post("F", 1, dateLastUpdated="2099-01-01T00:00:00+00:00")
        await doors.becomes("F", "delivered")
        clock.offset = 6 * 60
        await doors.post("F", 2, dateLastUpdated=datetime.fromtimestamp(clock() / 1e6, UTC).isoformat())
        await until(lambda: _calls(a), lambda calls: calls == 2)
        await doors.becomes("F", "delivered")

    assert version_of(a.orders["F"]) == 2


async def test_clock_set_back_makes_nobody_lose(tmp_path):
    """A newer state stored two hours "before" the older one still wins; that the clock is not trusted is said."""
    clock = Turned()
    async with Intake() as a, running(tmp_path, clock, a) as doors:
        told_at = clock() / 1e6
        await doors.post("F", 1, dateLastUpdated=datetime.fromtimestamp(told_at, UTC).isoformat())
        await doors.becomes("F", "delivered")
        clock.offset = -2 * HOUR
        await doors.post("F", 2, dateLastUpdated=datetime.fromtimestamp(told_at + 1, UTC).isoformat())
        await until(lambda: _calls(a), lambda calls: calls == 2)
        await doors.becomes("F", "delivered")
        ready = await doors.ready()

    assert version_of(a.orders["F"]) == 2
    assert ready["ready"]
    assert "the wall clock was set" in ready["warnings"][0]


def _is_ahead(moment: str | None, clock: Turned) -> bool:
    return moment is not None and datetime.fromisoformat(moment).timestamp() > clock() / 1_000_000


async def _calls(intake: Intake) -> int:
    return len(intake.calls)
