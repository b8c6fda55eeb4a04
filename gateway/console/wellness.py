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
    found = [_trouble(f"The gateway is not well: {words}", "/readyz") for words in seen.problems]
    found += [each for replica in seen.replicas for each in _of_replica(replica)]
    found += [each for tenant in seen.tenants for each in _of_tenant(tenant)]
    found += [each for source in seen.sources for each in _of_source(source)]
    found += _of_letters(seen)
    found += [
        _trouble(f"Operation {each['id']} is paused", f"/console/operations/{each['id']}", "busy")
        for each in seen.operations
        if each["status"] == "paused"
    ]
    found += [
        _trouble(
            f"Source {name} sends {counted(len(rows), 'thing')} that its adapter does not know",
            _source_place(name),
            "rest",
        )
        for name, rows in seen.drift.items()
        if rows
    ]
    return sorted(found, key=lambda each: _GRAVITY.index(each["tone"]))


def _of_replica(replica: Row) -> Iterator[Row]:
    ails = replica["ails"]
    if ails is not None:
        words = "is lost" if ails == "lost" else "goes by something else than the others"
        yield _trouble(f"Replica {replica['name']} {words}", "/console/replicas", "busy", helps=HELPS[ails])


def _of_tenant(tenant: Row) -> Iterator[Row]:
    link, why = f"/console/tenants/{quote(tenant['name'], safe='')}", tenant["reason"]
    oldest = tenant["oldestPendingSeconds"] or 0
    if tenant["status"] == "halted":
        yield _trouble(f"Tenant {tenant['name']} is halted: {_backlog(tenant)}", link, reason=why)
    elif tenant["status"] == "backing_off":
        yield _trouble(f"Tenant {tenant['name']} is backing off: {_backlog(tenant)}", link, "busy", reason=why)
    elif oldest >= LATE_SECONDS:
        yield _trouble(f"Orders of {tenant['name']} are stuck: {_backlog(tenant)}", link)


def _backlog(tenant: Row) -> str:
    count, oldest = tenant["pending"], tenant["oldestPendingSeconds"]
    if not count:
        return "nothing waits"
    words = "1 order waits" if count == 1 else f"{count:,} orders wait"
    return words if oldest is None else f"{words}, the oldest for {span(oldest)}"


def _of_source(source: Row) -> Iterator[Row]:
    name, waiting = source["name"], counted(source["waiting"], "event")
    if source["silent"]:
        yield _trouble(f"Source {name} is silent: {source['silence']['why']}", _source_place(name), helps=SILENT)
    for halt in source["lookupHalts"]:
        words = f"Lookups of {name} are halted: {waiting} held up"
        yield _trouble(words, _source_place(name), reason=halt["reason"])
    if source["waiting"] and not source["lookupHalts"]:
        link = f"/console/events?filter=status:waiting+source:{quote(name, safe='')}"
        yield _trouble(f"{waiting} of {name} held up until the vendor's API answers", link, "busy")


def _of_letters(seen: Seen) -> Iterator[Row]:
    """By what is to be done, since that is what a person needs to know of them."""
    dead = sum(tenant["deadLetters"] for tenant in seen.tenants)
    if dead:
        yield _trouble(f"{counted(dead, 'dead letter')} to look at", "/console/dead-letters", groups=seen.groups)


def _source_place(name: str) -> str:
    return f"/console/sources/{quote(name, safe='')}"


def _trouble(
    words: str,
    link: str,
    tone: str = "bad",
    *,
    reason: Row | None = None,
    helps: str | None = None,
    groups: Sequence[Row] = (),
) -> Row:
    if reason is not None:
        helps = reason["remedy"]
    return {"words": words, "link": link, "tone": tone, "reason": reason, "helps": helps, "groups": groups}
