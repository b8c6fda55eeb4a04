"""Hostile bodies through HTTP: whatever is sent, the process answers in JSON, stumbles over nothing and stays small."""

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.workshop.kit.hostile import CORPUS, WRONG, mutations
from tests.processes import ENDED, PROOF, Gateway, eventually, source

TESTS = Path(__file__).parents[1]
ADAPTERS = ("ongoing", "logistics_plus")
BODIES = {
    name: [file.read_bytes() for file in sorted((TESTS / "golden" / name).glob("*/body.json"))] for name in ADAPTERS
}
HOSTILE = [*CORPUS.values(), *(file.read_bytes() for file in sorted((TESTS / "hostile").iterdir()))]
MEBIBYTE = 1024 * 1024
GROWTH = 40 * MEBIBYTE
"""Bytes of memory that no flood of hostile bodies may cost: the store's caches fill once."""

LATE_GROWTH = 8 * MEBIBYTE
"""Bytes of memory that its second half may cost: what goes on growing leaks."""

AT_ONCE = 8


def generated(seed: int) -> Iterator[tuple[str, bytes]]:
    """Source and body, for ever: the corpus first, each member of a good body gone wrong, then random damage."""
    chance = random.Random(seed)
    for body in HOSTILE:
        yield from ((name, body) for name in ADAPTERS)
    seen: set[tuple[str, str]] = set()
    for name in ADAPTERS:
        for body in chance.sample(BODIES[name], 5):
            for spoilt in mutations(
                body, lambda path, name=name: (name, path) not in seen and not seen.add((name, path))
            ):
                if chance.random() < 0.1:
                    yield name, spoilt
    while True:
        name = chance.choice(ADAPTERS)
        yield name, damaged(chance, chance.choice(BODIES[name]))


def damaged(chance: random.Random, body: bytes) -> bytes:
    """A good body after a few accidents."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(body) + 1)
        match chance.randrange(6):
            case 0:
                body = body[:place] + chance.randbytes(chance.randint(1, 4)) + body[place:]
            case 1:
                body = body[:place] + body[place + chance.randint(1, 40) :]
            case 2:
                body = body[:place] + chance.choice(WRONG) + body[place:]
            case 3:
                other = chance.choice(BODIES[chance.choice(ADAPTERS)])
                body = body[:place] + other[chance.randrange(len(other)) :]
            case 4:
                values = list(re.finditer(rb'(?<=: )("[^"]*"|[-0-9.]+|null|true|false)', body)) or [None]
                found = chance.choice(values)
                body = body if found is None else body[: found.start()] + chance.choice(WRONG) + body[found.end() :]
            case _:
                body = re.sub(rb'"(id|webhookEventId)": [^,\n]+', b'"\\1": %d' % chance.randrange(10**9), body)
    return body


async def flood(gateway: Gateway, bodies: list[tuple[str, bytes]]) -> tuple[Counter[int], list[str]]:
    """Send all, a few at once; the answers by status, and what was wrong with any."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    waiting = iter(bodies)

    async def sender(client: httpx.AsyncClient) -> None:
        for name, body in waiting:
            began = time.monotonic()
            answer = await client.post(f"/hooks/{name}", content=body)
            statuses[answer.status_code] += 1
            try:
                answered = answer.json()
            except ValueError:
                answered = None
            is_known = answer.status_code in (200, 400) and isinstance(answered, dict)
            if not is_known or time.monotonic() - began > 5:
                wrong.append(f"{name}: {answer.status_code} {answer.content[:80]!r} for {body[:200]!r}")

    headers = {**PROOF, "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False, timeout=30) as client:
        await asyncio.gather(*(sender(client) for _ in range(AT_ONCE)))
    return statuses, wrong


def memory_of(gateway: Gateway) -> int:
    """The process's resident memory, in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{gateway.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize(
    ("count", "seed"),
    [(2_000, 1), pytest.param(100_000, 2, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
def test_hostile_bodies_harm_nobody(tmp_path, record_property, count, seed):
    """Each is answered 200 or 400 in JSON; each that was stored ends; no traceback; the memory stays flat."""
    sources = {name: source("demo", adapter=name) for name in ADAPTERS}
    bodies = generated(seed)
    # Pulled: no intake has to keep up.
    with Gateway(tmp_path, {"demo": {"delivery": "pull", "pull_secret": "a-pull-secret"}}, sources) as gateway:
        warm = [next(bodies) for _ in range(1_000)]
        statuses, wrong = asyncio.run(flood(gateway, warm))
        memory = [memory_of(gateway)]
        for _ in range(0, count - len(warm), 1_000):
            more, faults = asyncio.run(flood(gateway, [next(bodies) for _ in range(1_000)]))
            statuses, wrong = statuses + more, wrong + faults
            memory.append(memory_of(gateway))

        ends = eventually(lambda: gateway.api("stats")["events"], lambda seen: set(seen) <= {*ENDED, "translated"}, 300)
        defects = [gateway.all("dead-letters", code=code) for code in ("adapter_defect", "invalid_order")]
        log = gateway.log.read_text()
    record_property("resident MiB, each 5,000 bodies", [each // MEBIBYTE for each in memory[::5]])

    assert wrong[:10] == []
    assert (statuses.total(), min(statuses[200], statuses[400]) > count / 50) == (count, True)
    assert set(ends) <= {*ENDED, "translated"}
    assert (defects[0][:5], defects[1][:5]) == ([], [])
    assert [line for line in log.splitlines() if json.loads(line)["level"] == "error"] == []
    assert "Traceback" not in log
    assert memory[-1] - memory[0] < GROWTH
    assert memory[-1] - memory[len(memory) // 2] < LATE_GROWTH
