"""Who sends: the client's address behind the trusted proxies, and the networks that a source allows."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from starlette.types import Scope

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


def client_address(peer: str | None, forwarded_for: bytes | None, trusted_proxies: int) -> str | None:
    """The sender's address as text: the n-th from the right of X-Forwarded-For behind n trusted proxies, else the peer.

    A list that is too short did not come through the proxies: then the peer is the sender.
    """
    if trusted_proxies and forwarded_for is not None:
        hops = forwarded_for.split(b",")
        if len(hops) >= trusted_proxies:
            return hops[-trusted_proxies].strip(b" \t").decode("latin-1")
    return peer


def sender_of(scope: Scope, trusted_proxies: int) -> str | None:
    """Whom a request comes from, as text: an address, or whatever a proxy wrote."""
    client = scope.get("client")
    hops = [value for name, value in scope["headers"] if name == b"x-forwarded-for"] if trusted_proxies else []
    return client_address(client[0] if client else None, b",".join(hops) if hops else None, trusted_proxies)


def parsed(text: str | None) -> Address | None:
    """An address, an IPv4 one where IPv6 only wraps it, or None. A port or a zone behind it is dropped."""
    if text is None:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of an `allow_ips`, addresses included. Raises ValueError for what is neither."""
    return tuple(_unmapped(ip_network(text, strict=False)) for text in texts)


def is_allowed(address: Address | None, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks; an unknown one does not."""
    return address is not None and any(address in network for network in networks)


def neighbourhood(address: str | None) -> str:
    """What failures are counted by: an IPv4 address, an IPv6 customer's /64, or `unknown`."""
    known = parsed(address)
    if known is None:
        return "unknown"
    if isinstance(known, IPv6Address):
        return str(IPv6Network((known, 64), strict=False))
    return str(known)


def is_one_sender(address: str | None, peer: str | None, trusted_proxies: int) -> bool:
    """Whether a public address stands for one sender: one of our own network, or a proxy's, may stand for many."""
    known = parsed(address)
    return known is not None and known.is_global and not (trusted_proxies and address == peer)


def _unmapped(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED.prefixlen and network.subnet_of(_MAPPED):
        wrapped = IPv4Address(int(network.network_address) & 0xFFFFFFFF)
        return IPv4Network((wrapped, network.prefixlen - _MAPPED.prefixlen))
    return network
