"""What a lookup may ask for."""

import re
from typing import Final
from urllib.parse import unquote

from adapters import Adapter, Lookup

MOST_QUESTIONS: Final = 100
"""That one event may ask: an adapter that always wants one more would ask for ever."""

_UNSEEN = re.compile(r'"""(?:\\"""|.)*?"""|"(?:\\.|[^"\\\n])*"|#[^\n\r]*', re.DOTALL)
"""Texts and comments of GraphQL."""

_BRACKETS: Final = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}
_STEP = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+")


def fault_of_path(path: str) -> str | None:
    """Why a lookup's path is not a plain relative one, or None; no URL out of a payload gets past it."""
    for step in path.split("/"):
        if not _STEP.fullmatch(step):
            return "a lookup's path is relative and plain: no scheme, host, query or empty step"
        meant = unquote(step, "latin-1")
        if meant in (".", "..") or "/" in meant or "\\" in meant or not meant.isprintable():
            return "a lookup's path may not climb, nor hide how many steps it has"
    return None


def fault_of_query(text: object) -> str | None:
    """Why a GraphQL text is not one that only reads, or None."""
    if not isinstance(text, str):
        return f"a GraphQL query is a text, not a {type(text).__name__}"
    depth, outside = 0, []
    for sign in _UNSEEN.sub(" ", text):
        depth += _BRACKETS.get(sign, 0)
        if depth < 0:
            break
        if not depth:
            outside.append(sign)
    words = set(re.findall(r"\w+", "".join(outside)))
    if depth or "}" not in outside:
        return "a GraphQL query has its brackets in pairs"
    if words & {"mutation", "subscription"}:
        return "a GraphQL query only reads: no mutation, no subscription"
    return None


def fault_of_question(adapter: Adapter, lookup: Lookup) -> str | None:
    """Why an adapter may not ask this, or None."""
    if lookup.query is not None and lookup.query not in adapter.queries:
        return "a lookup's query is one of those that the adapter lists as `queries`"
    if lookup.json is not None and (lookup.query is not None or _is_query(lookup.json)):
        return "a lookup posts `json` or a `query`, and no GraphQL as JSON"
    return fault_of_path(lookup.path)


def _is_query(posted: object) -> bool:
    query = posted.get("query") if isinstance(posted, dict) else None
    return isinstance(query, str) and "{" in query
