"""Lists as CSV: all that a filter holds, streamed page by page, safe to open as a spreadsheet."""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, Final, TypeAlias, get_args, get_type_hints

import msgspec

from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import MOST_ROWS
from gateway.api.shapes import Reason

Columns: TypeAlias = Sequence[tuple[str, bool]]

LEFT_OUT: Final = frozenset({"order", "events", "attempts"})
"""Members that are no cells: stories, and orders whole."""

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at a cell's beginning."""


async def as_csv(call: Call, doors: Doors, ask: Ask) -> AsyncGenerator[bytes, None]:
    """The list of a call from the asked cursor on, a chunk a page; the first names the columns.

    Whoever asks for it is in the audit before there is anything.
    """
    await ask.export(doors, f"{call.path} as csv")
    member, columns = _shape_of(call)
    head: list[Sequence[str]] = [_names(columns)]
    pages = _by_cursor(call, member, doors, ask) if call.rows is None else call.rows(doors, ask)
    async for page in pages:
        told = msgspec.json.decode(msgspec.json.encode(page))
        yield _lines([*head, *(_cells(row, columns) for row in told)])
        head = []


async def _by_cursor(call: Call, member: str, doors: Doors, ask: Ask) -> AsyncIterator[Sequence[Any]]:
    query = msgspec.structs.replace(ask.query, limit=MOST_ROWS)
    while True:
        answer = await call.does(doors, msgspec.structs.replace(ask, query=query))
        yield getattr(answer, member)
        if answer.next is None:
            return
        query = msgspec.structs.replace(query, cursor=answer.next)


def _shape_of(call: Call) -> tuple[str, list[tuple[str, bool]]]:
    """The member that holds the rows, and the members of a row that are cells; whether each is a reason in parts."""
    answer: type[msgspec.Struct] = call.answer
    row = get_args(get_type_hints(answer)[answer.__struct_fields__[0]])[0]
    names = zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True)
    hints = get_type_hints(row)
    cells = [(wire, Reason in (hints[name], *get_args(hints[name]))) for wire, name in names if wire not in LEFT_OUT]
    return answer.__struct_fields__[0], cells


def _names(columns: Columns) -> list[str]:
    return [name for column, is_reason in columns for name in ((column, "detail", "path") if is_reason else (column,))]


def _cells(row: dict[str, Any], columns: Columns) -> list[str]:
    cells: list[Any] = []
    for column, is_reason in columns:
        value = row.get(column)
        cells += [(value or {}).get(name) for name in ("code", "detail", "path")] if is_reason else [value]
    return [_cell(value) for value in cells]


def _cell(value: Any) -> str:
    # What most cells are comes first.
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return _cell(
                " ".join(_cell(each.get("externalOrderId") if isinstance(each, dict) else each) for each in value)
            )
        case dict():
            return _cell(msgspec.json.encode(value).decode())
        case _:
            return str(value)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
