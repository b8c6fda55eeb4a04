"""What a lookup may ask for."""

import re
from urllib.parse import unquote

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
