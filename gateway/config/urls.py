"""Where the gateway sends and where it is: which URLs are fit, when two name the same place, and which are its own."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
SMTP_SCHEMES: Final = ("smtp", "smtps")
INTAKE_PATH: Final = "/api/integrations/wms/"
"""What follows is the tenant's name, at the embedded intake as at Trackely."""


def normal_url(url: str) -> str:
    """One spelling of a URL: scheme and host in lower case, no default port, no trailing slash.

    Raises ValueError for what is no URL.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    place = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        place += f":{parts.port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}{query}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or by address."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def origin_of(host: str, port: int) -> str:
    """Where a listener is reached from this machine."""
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def embedded_tenant(intake_url: str | None, host: str, port: int) -> str | None:
    """The tenant's name at the embedded intake behind a listener, None where its URL is somebody else's."""
    url = urlsplit(intake_url or "")
    is_here = url.hostname == host or (url.hostname in _LOOPBACK and host in (*_LOOPBACK, *_ANYWHERE))
    if not is_here or url.port != port or not url.path.startswith(INTAKE_PATH):
        return None
    return unquote(url.path.removeprefix(INTAKE_PATH).strip("/")) or None


def fault_of_url(url: str, *, allow_http: bool | None) -> str | None:  # noqa: PLR0911 - one return a fault
    """Why the gateway would not send to a URL, or None. The words never repeat the URL: it may hold a password.

    `allow_http`: whether plain http may leave this machine; None: it may not, and no key says otherwise.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not a URL"
    if any(character <= " " or character in '\\"<>^`{|}\x7f' for character in url):
        return "not a URL: it holds a character that must be percent-encoded"
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return "expected an http or https URL with a host"
    if "@" in parts.netloc:
        return "a URL may not hold a user or password"
    if "#" in url:
        return "a URL to send to has no fragment"
    if port == 0:
        return "port 0 cannot be reached"
    return _fault_of_host(parts, parts.hostname, allow_http=allow_http)


def fault_of_smtp(url: str) -> str | None:
    """Why no mail can be handed to a server, or None; the words hold nothing of the URL."""
    expected = "expected a mail server: smtp://host or smtps://host, with a port, a user and a password where needed"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in SMTP_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    return None if is_good else expected


def _fault_of_host(parts: SplitResult, host: str, *, allow_http: bool | None) -> str | None:
    address = _address(host)
    if address is not None and (address.is_link_local or address.is_unspecified or address.is_multicast):
        return "link-local, unspecified and multicast addresses are refused"
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        mending = "use https" if allow_http is None else "use https, or set allow_http: true"
        return f"plain http is for loopback only: {mending}"
    return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
