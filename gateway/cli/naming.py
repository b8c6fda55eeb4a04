"""The names in a filter: where one is misspelt nothing fits, which looks like a good day."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.cli.show import note, shown

if TYPE_CHECKING:
    from gateway.cli.client import Client


def note_strangers(client: "Client", which: Mapping[str, str | None]) -> None:
    """Say of a filter's source and tenant if the configuration has none of that name; old ones may have left events."""
    from gateway.config.kinds import suggestion  # noqa: PLC0415 - only then

    for kind, path in (("source", "sources"), ("tenant", "tenants")):
        name = which.get(kind)
        if name is not None:
            rows = client.get(path).value[path]
            if not any(name in (row["name"], *row.get("aliases", ())) for row in rows):
                known = [row["name"] for row in rows]
                note(f"gateway: there is no {kind} {shown(name)}: {suggestion(name, known)}")
