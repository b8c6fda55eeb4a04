"""What is not well, the gravest first, each with the page that helps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from gateway.console.replicas import HELPS
from gateway.console.telling import Row, counted, span

LATE_SECONDS: Final = 900
"""A pending order that is older is told of, as by the alert."""

SILENT: Final = (
    "ask the vendor whether its webhooks are on and go to this source's URL; if requests were turned away, mend what "
    "is said of them"
)
"""What helps with a source that nothing comes from."""

_GRAVITY: Final = ("bad", "busy", "rest")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at. `groups` are dead letters by reason and source; `drift` is by source."""

    problems: Sequence[str]
    tenants: Sequence[Row]
    sources: Sequence[Row]
    groups: Sequence[Row]
    drift: Mapping[str, Sequence[Row]]
    replicas: Sequence[Row]
    operations: Sequence[Row]


def troubles(seen: Seen) -> list[Row]:
    """All of it."""
    found = [_trouble(f"The gateway is not well: {words}", None, "/readyz") for words in seen.problems]
    found += [each for replica in seen.replicas for each in _of_replica(replica)]
    found += [each for tenant in seen.tenants for each in _of_tenant(tenant)]
    found += [each for source in seen.sources for each in _of_source(source)]
    found += _of_letters(seen)
    found += [
        _trouble(f"Operation {each['id']} is {each['status']}", None, f"/console/operations/{each['id']}", "busy")
        for each in seen.operations
        if each["status"] == "paused"
    ]
    found += [
        _trouble(f"Source {name} sends {counted(len(rows), 'thing')} that its adapter does not know", None,
                 _source_place(name), "rest")
        for name, rows in seen.drift.items() if rows
    ]  # fmt: skip
    return sorted(found, key=lambda each: _GRAVITY.index(each["tone"]))


def _of_tenant(tenant: Row) -> Iterator[Row]:
    link = f"/console/tenants/{quote(tenant['name'], safe='')}"
    oldest = tenant["oldestPendingSeconds"] or 0
    if tenant["status"] == "halted":
        yield _trouble(f"Tenant {tenant['name']} is halted: {_backlog(tenant)}", tenant["reason"], link)
    elif tenant["status"] == "backing_off":
        yield _trouble(f"Tenant {tenant['name']} is backing off: {_backlog(tenant)}", tenant["reason"], link, "busy")
    elif oldest >= LATE_SECONDS:
        yield _trouble(f"Orders of {tenant['name']} are stuck: {_backlog(tenant)}", None, link)


def _backlog(tenant: Row) -> str:
    count, oldest = tenant["pending"], tenant["oldestPendingSeconds"]
    if not count:
        return "nothing waits"
    words = "1 order waits" if count == 1 else f"{count:,} orders wait"
    return words if oldest is None else f"{words}, the oldest for {span(oldest)}"


def _of_source(source: Row) -> Iterator[Row]:
    link = _source_place(source["name"])
    if source["silent"]:
        yield {**_trouble(f"Source {source['name']} is silent", None, link), "helps": SILENT}
    for halt in source["lookupHalts"]:
        waiting = counted(source["waiting"], "event")
        yield _trouble(f"Lookups of {source['name']} are halted: {waiting} held up", halt["reason"], link)
    if source["waiting"] and not source["lookupHalts"]:
        words = f"{counted(source['waiting'], 'event')} of {source['name']} held up until the vendor's API answers"
        yield _trouble(words, None, f"/console/events?filter=status:waiting+source:{quote(source['name'])}", "busy")


def _of_replica(replica: Row) -> Iterator[Row]:
    ails = replica["ails"]
    if ails is not None:
        words = "is lost" if ails == "lost" else "goes by something else than the others"
        told = _trouble(f"Replica {replica['name']} {words}", None, "/console/replicas", "busy")
        yield {**told, "helps": HELPS[ails]}


def _of_letters(seen: Seen) -> Iterator[Row]:
    """By what is to be done, since that is what a person needs to know of them."""
    dead = sum(tenant["deadLetters"] for tenant in seen.tenants)
    if dead:
        words = f"{counted(dead, 'dead letter')} to look at"
        yield {**_trouble(words, None, "/console/dead-letters"), "groups": seen.groups}


def _source_place(name: str) -> str:
    return f"/console/sources/{quote(name, safe='')}"


def _trouble(words: str, reason: Row | None, link: str, tone: str = "bad") -> Row:
    return {
        "words": words,
        "reason": reason,
        "link": link,
        "tone": tone,
        "groups": (),
        "helps": reason and reason["remedy"],
    }
