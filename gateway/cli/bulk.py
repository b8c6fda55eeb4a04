"""Doing something to many: by ids or by a filter, in steps with progress for people, in one call for machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.failure import FAILED
from gateway.cli.filters import Which
from gateway.cli.show import note, progress, show_bytes, show_line, shown

if TYPE_CHECKING:
    from gateway.cli.client import Client

STEP = 200
PAGE = 1000


class Selection:
    """What is to be done to: the ids given, else all that fit the filter."""

    def __init__(self, ids: Sequence[str] | None, which: Which) -> None:
        self.ids = list(dict.fromkeys(ids or []))
        self.filter = {name: value for name, value in which.items() if value is not None}
        if bool(self.ids) == bool(self.filter):
            raise typer.BadParameter("expected either ids, or options that say which")

    @property
    def body(self) -> dict[str, Any]:
        """The selection as the API reads it."""
        return {"ids": self.ids} if self.ids else {"filter": self.filter}


def do(
    client: "Client",
    path: tuple[str, str],
    selection: Selection,
    *,
    flags: Mapping[str, Any],
    member: str,
    done: str,
    as_json: bool,
) -> None:
    """Post the selection to `path`; `member` is the list's name, `done` the count's.

    Ids that were given and are none of ours are said, and make the command fail; the others are acted on all the same.
    """
    # Asked first: what is replayed may be a dead letter no more a moment later.
    missing = _missing(client, path[0], selection.ids)
    if as_json or flags.get("dryRun"):
        answer = client.post(*path, body={**selection.body, **flags})
        count = answer.value[done]
        if as_json:
            show_bytes(answer.content)
        else:
            show_line(f"{count} would be {done}")
    else:
        count = _in_steps(client, path, selection, flags=flags, member=member, done=done)
        show_line(f"{count} {done}")
    if count < len(selection.ids) and missing:
        for words in missing:
            note(f"gateway: {words}")
        raise typer.Exit(FAILED)


def _in_steps(
    client: "Client", path: tuple[str, str], selection: Selection, *, flags: Mapping[str, Any], member: str, done: str
) -> int:
    ids = selection.ids or _all_ids(client, path[0], selection.filter, member)
    count = 0
    with progress(f"{done} …", len(ids)) as advance:
        for start in range(0, len(ids), STEP):
            step = ids[start : start + STEP]
            count += client.post(*path, body={"ids": step, **flags}).value[done]
            advance(len(step))
    return count


def _missing(client: "Client", what: str, ids: Sequence[str]) -> list[str]:
    """A sentence for each id to which there is nothing that could be replayed."""

    def count(some: Sequence[str]) -> int:
        return int(client.post(what, "replay", body={"ids": some, "dryRun": True}).value["replayed"])

    missing: list[str] = []
    for start in range(0, len(ids), STEP):
        step = ids[start : start + STEP]
        # Two dead letters may share one event: fewer is not yet a sign that one is missing.
        if count(step) < len(step):
            missing += [id_ for id_ in step if not count([id_])]
    # An event may be there all the same, its body pruned or erased.
    told = "no dead letter {}" if what == "dead-letters" else "no event {} to replay"
    meant = {id_: next((each for each in _alike(what, id_) if count([each])), None) for id_ in missing}
    return [told.format(shown(id_)) + (f"; did you mean {each}?" if each else "") for id_, each in meant.items()]


def _alike(what: str, id_: str) -> list[str]:
    """Ids that may be meant: an event's number is not yet the id of its dead letter, and the reverse."""
    if what == "dead-letters":
        return [f"event-{id_}", f"order-{id_}"] if id_.isdigit() else []
    return [id_.removeprefix("event-")] if id_.startswith("event-") else []


def _all_ids(client: "Client", path: str, which: Mapping[str, Any], member: str) -> list[str]:
    """The ids of all that fit now, oldest first, so that what is forced ends in the order of arrival."""
    ids: list[str] = []
    cursor = None
    while True:
        page = client.get(path, **which, limit=PAGE, cursor=cursor).value
        ids += [row["id"] for row in page[member]]
        cursor = page["next"]
        if cursor is None:
            return ids[::-1]
