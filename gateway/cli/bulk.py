"""Doing something to many: by ids or by a filter, in steps with progress for people, in one call for machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli import filters
from gateway.cli.show import progress, show_bytes, show_line

if TYPE_CHECKING:
    from gateway.cli.client import Client

STEP = 200
PAGE = 1000


class Selection:
    """What is to be done to: the ids given, else all that fit the filter."""

    def __init__(
        self, ids: Sequence[str] | None, *, since: str | None, until: str | None, **options: str | None
    ) -> None:
        self.ids = list(ids or [])
        which = filters.which(since=since, until=until, **options)
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
    """Post the selection to `path`; `member` is the list's name, `done` the count's."""
    if as_json or flags.get("dryRun"):
        answer = client.post(*path, body={**selection.body, **flags})
        if as_json:
            show_bytes(answer.content)
        else:
            show_line(f"{answer.value[done]} would be {done}")
        return
    ids = selection.ids or _all_ids(client, path[0], selection.filter, member)
    count = 0
    with progress(f"{done} …", len(ids)) as advance:
        for start in range(0, len(ids), STEP):
            step = ids[start : start + STEP]
            count += client.post(*path, body={"ids": step, **flags}).value[done]
            advance(len(step))
    show_line(f"{count} {done}")


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
