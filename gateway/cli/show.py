"""What people see: tables, facts and progress; and what machines see: the answer's bytes alone."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

# A line a row, however long, so that lines can be searched.
WIDE = 10_000


def show_bytes(content: bytes) -> None:
    """An answer as it is, alone on standard output."""
    sys.stdout.buffer.write(content.rstrip(b"\n") + b"\n")
    sys.stdout.buffer.flush()


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, nothing: str) -> None:
    """Rows under their columns' names, or a sentence where there are none.

    On a terminal that is too narrow for the whole table the rows stand one under another, a line a cell: an id that is
    cut short finds nothing.
    """
    from rich import box  # noqa: PLC0415 - --json must not pay for it
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.measure import Measurement  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    table, texts = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False), []
    for row in rows:
        texts.append([shown(cell) for cell in row])
        table.add_row(*map(Text, texts[-1]))
    wide = console.options.update(width=WIDE)
    if not texts:
        show_line(nothing)
    elif Measurement.get(console, wide, table).maximum <= console.width:
        console.print(table)
    else:
        for place, cells in enumerate(texts):
            if place:
                show_line("")
            show_facts(dict(zip(columns, cells, strict=True)))


def show_facts(facts: Mapping[str, Any]) -> None:
    """One thing's facts, a line each; those that are missing are left out."""
    texts = {name: text for name, value in facts.items() if (text := shown(value))}
    width = max(map(len, texts), default=0)
    for name, text in texts.items():
        show_line(f"{name:<{width}}  {text}")


def show_line(text: str) -> None:
    """A line for people."""
    sys.stdout.write(printable(text) + "\n")
    # Whoever reads it through a pipe waits for it, too.
    sys.stdout.flush()


def note(text: str) -> None:
    """A line beside the output, on standard error."""
    sys.stderr.write(printable(text) + "\n")


def next_page(value: Mapping[str, Any]) -> None:
    """Say how to go on where there is more."""
    if value.get("next"):
        note(f"there is more: --cursor {value['next']}")


class Advance:
    """Moves a progress bar on."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar = bar
        self._task = task

    def __call__(self, done: int) -> None:
        """So many more are done."""
        self._bar.advance(self._task, done)

    def total(self, total: int) -> None:
        """Say how many there are, where that was not known at first."""
        self._bar.update(self._task, total=total)


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """A progress bar on standard error; call what it gives with how many more are done."""
    from rich.console import Console  # noqa: PLC0415 - only bulk work needs it
    from rich.progress import Progress  # noqa: PLC0415 - as above

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        yield Advance(bar, bar.add_task(label, total=total))


def shown(value: Any) -> str:
    """A value on one line: nothing for None, words for a reason or an order that is mentioned, lists joined."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case {"code": code, "detail": detail, **rest}:
            where = f" at {rest['path']}" if rest.get("path") else ""
            return _on_one_line(f"{code}: {detail}{where}")
        case {"externalOrderId": order, "status": status}:
            return _on_one_line(f"{order} ({status})")
        case list() | tuple():
            return ", ".join(shown(item) for item in value)
    return _on_one_line(str(value))


def many(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _on_one_line(text: str) -> str:
    """A vendor's line breaks are shown, too: what follows one would pass for a line of ours."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters of a vendor's are shown, not obeyed."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)
