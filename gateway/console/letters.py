"""Dead letters by reason and source."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.console.frame import Visit
from gateway.console.telling import Row

MOST_TOGETHER: Final = 500
"""So many are looked through to tell the reasons of dead letters apart."""


async def by_reason(visit: Visit, pairs: list[tuple[str, str]], most: int = MOST_TOGETHER) -> Mapping[str, Any]:
    """The groups of those that fit, the most first; `is_all`: none is left out."""
    answer = await visit.ask("list_dead_letters", query=[*pairs, ("limit", str(most))])
    together: dict[tuple[str, str], list[Row]] = {}
    for letter in answer["deadLetters"]:
        together.setdefault((letter["reason"]["code"], letter["source"]), []).append(letter)
    groups = [
        {"code": code, "source": source, "count": len(rows), "reason": rows[0]["reason"], "newest": rows[0]["at"]}
        for (code, source), rows in together.items()
    ]
    groups.sort(key=lambda group: -int(group["count"]))
    return {"groups": groups, "total": len(answer["deadLetters"]), "is_all": answer["next"] is None}
