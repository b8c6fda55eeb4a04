"""The waits."""

import pytest

from gateway.config.model import Backoff
from gateway.delivery.backoff import delay
from gateway.ground.clock import micros


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (10, 256.0), (11, 300.0), (9999, 300.0)]
)
def test_doubles_up_to_the_maximum(failures, seconds):
    """The wait lies between half of the doubled base and all of it, and never beyond the maximum."""
    backoff = Backoff(base=0.5, max=300.0)

    assert delay(backoff, failures, lambda: 0.0) == micros(seconds / 2)
    assert delay(backoff, failures, lambda: 0.999999) == pytest.approx(micros(seconds), rel=1e-5)
