"""A vendor's link to a record, as the path of a lookup: of a URL in a payload nothing is used but path and query."""

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.asking import Lookup
from adapters.errors import MalformedPayload

_STEP: Final = re.compile(r"[A-Za-z0-9_.~@=,+-]{1,200}")
LONGEST: Final = 2_000


def lookup_of(link: str | None, path: str | None = None) -> Lookup:
    """The lookup of what a link names, relative to the configured base URL; its host is never asked for anything.

    Raises:
        MalformedPayload: no link, or one whose path is not plain.
    """
    try:
        parts = urlsplit((link or "").strip()[:LONGEST])
        steps = unquote(parts.path).strip("/").split("/")
        parameters = dict(parse_qsl(parts.query, max_num_fields=20))
    except ValueError:
        raise MalformedPayload("not a link", path=path) from None
    if not all(_STEP.fullmatch(step) and step.strip(".") for step in steps):
        raise MalformedPayload("not a link to a record", path=path)
    return Lookup(path="/".join(steps), parameters=parameters)
