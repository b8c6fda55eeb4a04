"""One pull over HTTP: a request that ends, whatever the other side does, with at most so many bytes."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from gateway.core_intake.errors import PayloadRefused, PullFailed
from gateway.ground.outgoing import Answer, NoAnswer, OutgoingClient

_OK: Final = 200


def checked_url(url: str, *, allow_http: bool) -> str:
    """The URL, if it may be pulled from: https, or http to loopback or where allowed. Raises PayloadRefused."""
    fault = _fault_of(url, allow_http=allow_http)
    if fault is not None:
        raise PayloadRefused(f"url: {fault}")
    return url


def _fault_of(url: str, *, allow_http: bool) -> str | None:
    try:
        parts, target = urlsplit(url), httpx.URL(url)
        port = parts.port
    except (ValueError, httpx.InvalidURL):
        return "not a URL"
    if parts.scheme not in ("http", "https") or not target.host or port == 0:
        return "expected https://host/path"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "holds credentials or a fragment"
    if _is_link_local(target.host):
        return "a link-local address"
    if parts.scheme == "http" and not allow_http and not _is_loopback(parts):
        return "plain http to a host that is not loopback: use https, or allowHttp"
    return None


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_link_local
    except ValueError:
        return False


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Fetcher:
    """Asks a WMS for its orders.

    Args:
        timeout_seconds: the span in which the whole answer must have come.
        max_bytes: the largest answer that is read.
    """

    def __init__(self, timeout_seconds: float, max_bytes: int) -> None:
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes

    async def fetch(self, url: str, method: str, secret: str) -> bytes:
        """The body of a 200 from a URL that was checked. Raises PullFailed."""
        # Plain http beyond this machine was allowed when the URL was checked; to this machine it must end there.
        client = OutgoingClient(allow_http=not _is_loopback(urlsplit(url)))
        headers = {
            "Authorization": f"Bearer {secret}",
            "Accept": "application/json",
            "User-Agent": "trackely-embedded-intake",
        }
        try:
            answer = await client.ask(
                method, url, headers=headers, timeout=self._timeout_seconds, most_read=self._max_bytes
            )
        finally:
            await client.close()
        if isinstance(answer, NoAnswer):
            raise PullFailed(_told(answer))
        fault = self._fault_of_answer(answer)
        if fault is not None:
            raise PullFailed(fault)
        return answer.body

    def _fault_of_answer(self, answer: Answer) -> str | None:
        if answer.status != _OK:
            return f"answered {answer.status}"
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            return "answered in a content encoding that is not known"
        if answer.broken is not None:
            return _told(answer.broken)
        return None if answer.is_whole else f"answered more than {self._max_bytes} bytes"


def _told(fault: NoAnswer) -> str:
    return fault.detail if fault.kind == "timed_out" else f"no answer: {fault.detail}"[:500]
