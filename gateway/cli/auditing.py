"""`gateway audit`: who did what when."""

from collections.abc import Sequence
from typing import Any, Final

from gateway.cli.lists import Row, listed

COLUMNS: Final = ("at", "by", "act", "what", "count", "reason")


@listed("audit", "by", "act", "since", "until", columns=COLUMNS, nothing="nothing was done")
def audit(row: Row) -> Sequence[Any]:
    """List who did what when, newest first; needs an admin's token."""
    return [row[name] for name in COLUMNS]
