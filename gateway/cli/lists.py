"""A list of the API as a command: its filter, a page of it, and its rows as a table."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gateway.cli.filters import Which, filtered
from gateway.cli.naming import note_strangers
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_LIMIT, AsJson, ConfigFile, Cursor, Limit, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import next_page, show_bytes, show_table

Row: TypeAlias = dict[str, Any]


def listed(
    path: str, *names: str, member: str | None = None, columns: Sequence[str], nothing: str
) -> Callable[[Callable[[Row], Sequence[Any]]], Callable[..., None]]:
    """A command that lists what the call `path` answers as its `member`; what is decorated makes a row's cells.

    Its filter are the options of these `names`; its help is what the decorated one says.
    """

    def decorate(cells: Callable[[Row], Sequence[Any]]) -> Callable[..., None]:
        def command(
            *,
            which: Which,
            config: ConfigFile = DEFAULT_CONFIG,
            limit: Limit = DEFAULT_LIMIT,
            cursor: Cursor = None,
            url: Url = None,
            as_json: AsJson = False,
        ) -> None:
            client = operators_api(config, url)
            answer = client.get(path, **which, limit=limit, cursor=cursor)
            rows = answer.value[member or path]
            if not rows:
                note_strangers(client, which)
            if as_json:
                show_bytes(answer.content)
                return
            show_table(columns, map(cells, rows), nothing=nothing)
            next_page(answer.value)

        command.__doc__, command.__name__ = cells.__doc__, cells.__name__
        return filtered(*names)(command)

    return decorate
