from typing import Any

from gateway.events import SECOND
from gateway.ingress.refusals import LINES_PER_SECOND, RefusalLog
from gateway.records import RefusalRecord


def refusal(at: int, source: str | None = "acme", reason: str = "credentials") -> RefusalRecord:
    return RefusalRecord(at, source, 401, reason, "192.0.2.1", None)


def test_the_last_ones_are_kept_oldest_first() -> None:
    """A ring: the oldest goes when there is no more room."""
    log = RefusalLog(lambda *_, **__: None, capacity=3)
    for at in range(5):
        log.add(refusal(at))

    assert [record.at for record in log.recent()] == [2, 3, 4]


def test_each_source_has_its_last() -> None:
    """A source's last refusal is known even when the ring has forgotten it."""
    log = RefusalLog(lambda *_, **__: None, capacity=1)
    log.add(refusal(1, "acme"))
    log.add(refusal(2, None))
    last = log.last("acme")

    assert last is not None
    assert last.at == 1
    assert log.last("other") is None


def test_a_flood_writes_a_few_lines_a_second() -> None:
    """The others are held back, for each source by itself, and counted in the next line."""
    lines: list[dict[str, Any]] = []
    log = RefusalLog(lambda _, **named: lines.append(named))
    for number in range(100):
        log.add(refusal(number, "acme"))
    log.add(refusal(100, "other"))
    log.add(refusal(2 * SECOND, "acme"))

    assert len(lines) == LINES_PER_SECOND + 2
    assert lines[-1]["held_back"] == 100 - LINES_PER_SECOND
