"""Types and checks that adapters' options share."""

import ipaddress
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

Span: TypeAlias = Annotated[float, "span"]
"""A span in seconds; the configuration file may say `90s`, `15m`, `2h` or `30d` for it."""


def fault_of_url(url: str, *, allow_http: bool) -> str | None:
    """What is wrong with the base URL of a vendor's API, or None."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "expected https://host/path"
    if parts.username is not None or parts.query or parts.fragment:
        return "carries more than a host and a path"
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        return "plain http goes to loopback only, unless allow_http is true"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
