"""How a place of the network is reached: at addresses that may be sent to, over TLS where it is asked for.

Of httpcore this is all: how a name is reached, whichever of its addresses answers first, and TLS.
"""

import asyncio
import ipaddress
import ssl
from functools import cache
from typing import Any, Final, NamedTuple

import httpcore
import httpx

PORTS: Final = {"http": 80, "https": 443}

_AWS_METADATA: Final = ipaddress.ip_address("fd00:ec2::254")

_network: Final = httpcore.AnyIOBackend()


class Place(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int


@cache
def tls_context() -> ssl.SSLContext:
    """Trusts the public authorities and those of this machine; made once, it is costly."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


async def connect(place: Place, *, needs_loopback: bool) -> httpcore.AsyncNetworkStream:
    """A connection to an address where something may be sent. Raises httpcore.ConnectError."""
    stream = await _network.connect_tcp(place.host, place.port)
    try:
        fault = address_fault(stream.get_extra_info("server_addr"), needs_loopback=needs_loopback)
        if fault is not None:
            raise httpcore.ConnectError(fault)  # noqa: TRY301 - closed as for any other fault
        if place.scheme == "https":
            # Reading the machine's authorities takes a while: not in the loop.
            context = await asyncio.to_thread(tls_context)
            context.set_alpn_protocols(["http/1.1"])
            return await stream.start_tls(context, place.host)
    except BaseException:
        await stream.aclose()
        raise
    return stream


def address_fault(address: Any, *, needs_loopback: bool) -> str | None:
    """Why nothing may be sent to this socket address; the name may have resolved to anything."""
    try:
        peer = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except (ValueError, TypeError, IndexError):
        return "the peer's address cannot be told"
    if isinstance(peer, ipaddress.IPv6Address):
        peer = peer.ipv4_mapped or peer
    if peer.is_link_local or peer == _AWS_METADATA:
        return f"{peer} is a link-local or metadata address"
    if needs_loopback and not peer.is_loopback:
        return f"plain http to {peer}, which is not loopback, needs allow_http"
    return None
