"""Where an outgoing request may end up."""

from gateway.ground.connecting import address_fault


def test_plain_http_leaves_the_machine_only_if_allowed():
    """The address that was really reached decides."""
    assert address_fault(("127.0.0.1", 80), needs_loopback=True) is None
    assert address_fault(("::1", 80, 0, 0), needs_loopback=True) is None
    assert address_fault(("::ffff:127.0.0.1", 80, 0, 0), needs_loopback=True) is None
    assert "allow_http" in (address_fault(("192.0.2.1", 80), needs_loopback=True) or "")
    assert address_fault(("192.0.2.1", 80), needs_loopback=False) is None
    assert "link-local" in (address_fault(("fe80::1%eth0", 80, 0, 2), needs_loopback=False) or "")
    assert "link-local" in (address_fault(("::ffff:169.254.169.254", 80, 0, 0), needs_loopback=False) or "")
