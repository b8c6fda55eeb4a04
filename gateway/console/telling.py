"""How values are told on a page: moments beside their age, counts, what is wrong first, and an order's story."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]

_SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
TONES: Final = {
    **dict.fromkeys(("delivered", "active", "done"), "good"),
    **dict.fromkeys(("dead", "halted", "failed"), "bad"),
    **dict.fromkeys(
        ("pending", "leased", "waiting", "received", "translated", "backing_off", "running", "paused"), "busy"
    ),
}
"""What a status says at a glance; any other is at rest."""


def span(seconds: float) -> str:
    """A span in its greatest unit."""
    size, unit = next(((size, unit) for size, unit in _SPANS if seconds >= size), (1, "s"))
    return f"{int(seconds // size)} {unit}"


def age(text: str, now: datetime) -> str:
    """How long ago, or in how long, a moment is."""
    seconds = (now - datetime.fromisoformat(text)).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def exact(text: str, zone: ZoneInfo) -> str:
    """A moment to the second in a zone, with the zone's own name of that time."""
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def troubles(tenants: Sequence[Row], sources: Sequence[Row], stats: Row, operations: Sequence[Row]) -> list[Row]:
    """What is not well, the gravest first, each with the page that helps."""
    found: list[Row] = []
    for tenant in tenants:
        if tenant["status"] != "active":
            word = "is halted" if tenant["status"] == "halted" else "is backing off"
            found.append(_trouble(f"Tenant {tenant['name']} {word}", tenant["reason"], "/console/tenants"))
    for source in sources:
        if source["silent"]:
            found.append(_trouble(f"Source {source['name']} is silent", None, "/console/sources"))
        found += [
            _trouble(f"Lookups of {source['name']} are halted", halt["reason"], "/console/sources")
            for halt in source["lookupHalts"]
        ]
    dead = sum(tenant["deadLetters"] for tenant in tenants)
    if dead:
        words = "1 dead letter waits" if dead == 1 else f"{dead} dead letters wait"
        found.append(_trouble(f"{words} for a person", None, "/console/dead-letters"))
    waiting = stats["events"].get("waiting", 0)
    if waiting:
        found.append(
            _trouble(f"{waiting} events wait for a vendor's API", None, "/console/events?filter=status:waiting")
        )
    paused = [operation for operation in operations if operation["status"] == "paused"]
    found += [_trouble(f"Operation {each['id']} is paused", None, "/console/operations") for each in paused]
    return found


def _trouble(words: str, reason: Row | None, link: str) -> Row:
    return {"words": words, "reason": reason, "link": link}


def timeline(order: Row) -> list[Row]:
    """An order's events and attempts by time, equal attempts in a row as one."""
    events = [{"kind": "event", "at": event["receivedAt"], "event": event} for event in order["events"]]
    attempts: list[Row] = []
    for _, run in groupby(
        order["attempts"], key=lambda each: (each["kind"], each["outcome"], each["httpStatus"], each["detail"])
    ):
        tries = list(run)
        attempts.append(
            {
                "kind": "attempt",
                "at": tries[0]["at"],
                "until": tries[-1]["at"],
                "count": len(tries),
                "attempt": tries[-1],
            }
        )
    return sorted([*events, *attempts], key=lambda each: datetime.fromisoformat(each["at"]))


VERDICTS: Final = {
    "pending": "It waits to be sent.",
    "leased": "It is being sent at this moment.",
    "delivered": "Trackely has it.",
    "withdrawn": "It was cancelled before Trackely had it.",
    "dead": "It was set aside for a person.",
    "discarded": "A person set it aside.",
}


def next_step(order: Row, tenant: Row | None) -> str | None:
    """What helps with an order now."""
    if order["reason"] is not None:
        return str(order["reason"]["remedy"])
    if order["status"] == "pending" and tenant is not None and tenant["reason"] is not None:
        return f"Its tenant is {tenant['status'].replace('_', ' ')}: {tenant['reason']['remedy']}"
    return None


def groups(letters: Sequence[Row]) -> list[Row]:
    """Dead letters by reason and source, the most first."""
    counts: dict[tuple[str, str], list[Row]] = {}
    for letter in letters:
        counts.setdefault((letter["reason"]["code"], letter["source"]), []).append(letter)
    found = [
        {"code": code, "source": source, "count": len(rows), "remedy": rows[0]["reason"]["remedy"]}
        for (code, source), rows in counts.items()
    ]
    return sorted(found, key=lambda group: -int(group["count"]))


def words_of(text: str, names: Mapping[str, str], rest: str | None) -> list[tuple[str, str]]:
    """A filter such as `status:dead source:lp` as parameters; words without a name are `rest`'s.

    Raises:
        ValueError: a name that this list has none of.
    """
    pairs: list[tuple[str, str]] = []
    free: list[str] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name in names:
            pairs.append((names[name], value))
        elif colon and name.isalpha() and value and rest is None:
            raise ValueError(f"{name}: expected {', '.join(f'{each}:' for each in names)}")
        else:
            free.append(word)
    if free and rest is None:
        raise ValueError(f"{free[0]}: expected {', '.join(f'{each}:' for each in names)}")
    return pairs + ([(str(rest), " ".join(free))] if free else [])
