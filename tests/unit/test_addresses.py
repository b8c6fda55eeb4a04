import pytest

from gateway.ground.addresses import client_address, is_allowed, neighbourhood, parse_networks, parsed


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        (None, 0, "192.0.2.1"),
        (b"198.51.100.7", 0, "192.0.2.1"),
        (b"198.51.100.7", 1, "198.51.100.7"),
        (b"10.9.9.9, 198.51.100.7", 1, "198.51.100.7"),
        (b"10.9.9.9,\t198.51.100.7 , 203.0.113.5", 2, "198.51.100.7"),
        (b"198.51.100.7", 2, "192.0.2.1"),
        (None, 1, "192.0.2.1"),
        (b"", 1, ""),
        (b"198.51.100.7,", 1, ""),
    ],
)
def test_senders_address_is_the_nth_from_the_right(forwarded: bytes | None, proxies: int, expected: str) -> None:
    """Behind n trusted proxies it is the n-th entry from the right; where there are too few, the peer."""
    assert client_address("192.0.2.1", forwarded, proxies) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
        ("unknown", "None"),
        ("", "None"),
        ("192.0.2.256", "None"),
        ("192.0.2.1, 192.0.2.2", "None"),
        (None, "None"),
    ],
)
def test_address_is_read_in_every_spelling(text: str | None, expected: str) -> None:
    """Ports, brackets, zones and IPv4 wrapped in IPv6 are read; anything else is no address."""
    assert str(parsed(text)) == expected


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("192.0.2.9", ["192.0.2.0/24"], True),
        ("192.0.3.9", ["192.0.2.0/24"], False),
        ("192.0.2.9", ["192.0.2.9"], True),
        ("::ffff:192.0.2.9", ["192.0.2.0/24"], True),
        ("192.0.2.9", ["::ffff:192.0.2.0/120"], True),
        ("192.0.3.9", ["::ffff:192.0.2.0/120"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32", "192.0.2.0/24"], False),
        ("2001:db8::1", ["::/0"], True),
        ("192.0.2.9", ["::/0"], False),
        ("nonsense", ["0.0.0.0/0", "::/0"], False),
    ],
)
def test_allowed_networks(address: str, networks: list[str], expected: bool) -> None:  # noqa: FBT001 - a row of the table
    """An address is let in by a network of its own family; one that cannot be read by none."""
    assert is_allowed(parsed(address), parse_networks(networks)) is expected


def test_networks_that_are_none_are_refused() -> None:
    """A network that cannot be read stops the start."""
    with pytest.raises(ValueError, match="example"):
        parse_networks(["example.org"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "unknown"),
        ("x" * 5000, "unknown"),
    ],
)
def test_failures_are_counted_by_neighbourhood(address: str | None, expected: str) -> None:
    """An IPv6 customer owns a /64: counting single addresses would count nobody."""
    assert neighbourhood(address) == expected
