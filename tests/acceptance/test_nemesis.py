"""Whatever happens to replicas and their database: nothing acknowledged is lost, nothing goes twice at once."""

import pytest

from tests import nemesis


def test_each_blow_once(tmp_path):
    """A replica killed, one stopped, a promotion, waits cancelled, connections cut and swallowed; wrong clocks."""
    outcome = nemesis.run(tmp_path, seconds=None)

    assert outcome.wrong == {}
    assert {"kill", "promote", "stop", "cancel", "cut", "swallow"} <= set(outcome.done)
    assert outcome.done["promotions"] >= 1
    assert outcome.done["cancelled waits"] > 0


@pytest.mark.soak
def test_a_hundred_promotions(tmp_path):
    """With replicas killed and waits cancelled between them."""
    outcome = nemesis.run(tmp_path, seconds=900)

    assert outcome.wrong == {}
    assert outcome.done["cancelled waits"] > 0
