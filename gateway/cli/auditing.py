"""`gateway audit`: who did what when."""

from typing import Annotated

import typer

from gateway.cli import filters
from gateway.cli.options import (
    DEFAULT_CONFIG,
    DEFAULT_LIMIT,
    AsJson,
    ConfigFile,
    Cursor,
    Limit,
    SinceOption,
    UntilOption,
    Url,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import next_page, show_bytes, show_table


def audit(  # noqa: PLR0913 - a filter is these options
    *,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Done with this token.")] = None,
    act: Annotated[str | None, typer.Option("--act", metavar="ACT", help="Of this kind, such as replay.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigFile = DEFAULT_CONFIG,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List who did what when, newest first; needs an admin's token."""
    which = filters.which(by=by, act=act, since=since, until=until)
    answer = operators_api(config, url).get("audit", **which, limit=limit, cursor=cursor)
    if as_json:
        show_bytes(answer.content)
        return
    columns = ("at", "by", "act", "what", "count", "reason")
    rows = (tuple(row[name] for name in columns) for row in answer.value["audit"])
    show_table(columns, rows, nothing="nothing was done")
    next_page(answer.value)
