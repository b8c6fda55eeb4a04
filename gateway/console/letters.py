"""Dead letters by reason and source."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.console.frame import Visit
from gateway.console.telling import Row
from gateway.console.words import text_of

WORDS: Final = {
    "kind": "kind", "source": "source", "tenant": "tenant", "code": "code", "id": "eventId",
    "order": "externalOrderId", "since": "since", "until": "until",
}  # fmt: skip
"""Of a filter of dead letters, by the parameters that they are."""

MOST_TOGETHER: Final = 500
"""So many are looked through to tell the reasons of dead letters apart."""


async def by_reason(visit: Visit, pairs: list[tuple[str, str]], most: int = MOST_TOGETHER) -> Mapping[str, Any]:
    """The groups of those that fit, the most first, each with the filter of its own; `is_all`: none is left out."""
    answer = await visit.ask("list_dead_letters", query=[*pairs, ("limit", str(most))])
    together: dict[tuple[str, str], list[Row]] = {}
    for letter in answer["deadLetters"]:
        together.setdefault((letter["reason"]["code"], letter["source"]), []).append(letter)
    groups = [
        {
            "code": code, "source": source, "count": len(rows), "reason": rows[0]["reason"], "newest": rows[0]["at"],
            "filter": text_of({**dict(pairs), "code": code, "source": source}, WORDS),
        }
        for (code, source), rows in together.items()
    ]  # fmt: skip
    groups.sort(key=lambda group: -int(group["count"]))
    return {"groups": groups, "total": len(answer["deadLetters"]), "is_all": answer["next"] is None}
