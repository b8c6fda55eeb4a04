"""What is not well, the gravest first, each with the page that helps."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from gateway.console.telling import Row, span


def troubles(tenants: Sequence[Row], sources: Sequence[Row], stats: Row, operations: Sequence[Row]) -> list[Row]:
    """All of it."""
    found = [each for tenant in tenants for each in _of_tenant(tenant)]
    found += [each for source in sources for each in _of_source(source)]
    dead = sum(tenant["deadLetters"] for tenant in tenants)
    if dead:
        words = "1 dead letter waits" if dead == 1 else f"{dead} dead letters wait"
        found.append(_trouble(f"{words} for a person", None, "/console/dead-letters"))
    waiting = stats["events"].get("waiting", 0)
    if waiting:
        words = "1 event waits" if waiting == 1 else f"{waiting} events wait"
        found.append(_trouble(f"{words} for a vendor's API", None, "/console/events?filter=status:waiting", "busy"))
    paused = [operation for operation in operations if operation["status"] == "paused"]
    found += [
        _trouble(f"Operation {each['id']} is paused", None, f"/console/operations/{each['id']}", "busy")
        for each in paused
    ]
    return sorted(found, key=lambda each: each["tone"] != "bad")


def _of_tenant(tenant: Row) -> Iterator[Row]:
    link = f"/console/tenants/{quote(tenant['name'], safe='')}"
    if tenant["status"] == "halted":
        yield _trouble(f"Tenant {tenant['name']} is halted: {_backlog(tenant)}", tenant["reason"], link)
    elif tenant["status"] == "backing_off":
        yield _trouble(f"Tenant {tenant['name']} is backing off: {_backlog(tenant)}", tenant["reason"], link, "busy")


def _backlog(tenant: Row) -> str:
    count, oldest = tenant["pending"], tenant["oldestPendingSeconds"]
    if not count:
        return "nothing waits"
    words = "1 order waits" if count == 1 else f"{count} orders wait"
    return words if oldest is None else f"{words}, the oldest for {span(oldest)}"


def _of_source(source: Row) -> Iterator[Row]:
    link = f"/console/sources/{quote(source['name'], safe='')}"
    if source["silent"]:
        yield _trouble(f"Source {source['name']} is silent", None, link)
    for halt in source["lookupHalts"]:
        yield _trouble(f"Lookups of {source['name']} are halted", halt["reason"], link)


def _trouble(words: str, reason: Row | None, link: str, tone: str = "bad") -> Row:
    return {"words": words, "reason": reason, "link": link, "tone": tone}
