"""Where an outgoing request may end up."""

import pytest

from gateway.ground.outgoing import _address_fault, _Exchange


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]"])
async def test_metadata_addresses_are_refused(host):
    """Where the name leads is known once it is connected, and nothing is written there."""
    written = []

    class Stream:
        def get_extra_info(self, _name):
            return (host.strip("[]"), 80)

        async def aclose(self):
            written.append("closed")

    exchange = _Exchange(1, "", needs_loopback=False)
    with pytest.raises(Exception, match="link-local or metadata"):
        await exchange.trace("connection.connect_tcp.complete", {"return_value": Stream()})
    assert written == ["closed"]
    assert not exchange._was_written


async def test_plain_http_leaves_the_machine_only_if_allowed():
    """The address that was really reached decides."""
    assert _address_fault(("127.0.0.1", 80), needs_loopback=True) is None
    assert _address_fault(("::1", 80, 0, 0), needs_loopback=True) is None
    assert _address_fault(("::ffff:127.0.0.1", 80, 0, 0), needs_loopback=True) is None
    assert "allow_http" in (_address_fault(("192.0.2.1", 80), needs_loopback=True) or "")
    assert _address_fault(("192.0.2.1", 80), needs_loopback=False) is None
    assert "link-local" in (_address_fault(("fe80::1%eth0", 80, 0, 2), needs_loopback=False) or "")
    assert "link-local" in (_address_fault(("::ffff:169.254.169.254", 80, 0, 0), needs_loopback=False) or "")
