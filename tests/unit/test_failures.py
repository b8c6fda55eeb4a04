from gateway.ground.failures import BURST, MOST_BUCKETS, FailureLimit


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_refused() -> None:
    """As many failures as the burst cost nothing; the next ones are told when to come again."""
    limit = FailureLimit(Seconds())
    first = [limit.retry_after("acme", "192.0.2.1") for _ in range(BURST)]

    assert first == [None] * BURST
    assert limit.retry_after("acme", "192.0.2.1") == 1


def test_time_forgives() -> None:
    """A second forgives one failure, and refused ones do not add to the debt."""
    seconds = Seconds()
    limit = FailureLimit(seconds)
    for _ in range(BURST + 500):
        limit.retry_after("acme", "192.0.2.1")
    seconds.now += 1.0

    assert limit.retry_after("acme", "192.0.2.1") is None
    assert limit.retry_after("acme", "192.0.2.1") is not None


def test_sources_and_addresses_pay_for_themselves() -> None:
    """One sender's failures cost no other sender and no other source."""
    limit = FailureLimit(Seconds())
    for _ in range(BURST + 1):
        limit.retry_after("acme", "192.0.2.1")

    assert limit.retry_after("acme", "192.0.2.2") is None
    assert limit.retry_after("other", "192.0.2.1") is None


def test_memory_is_bounded() -> None:
    """However many addresses fail, no more than the most buckets are kept, the latest ones."""
    limit = FailureLimit(Seconds())
    for number in range(MOST_BUCKETS + 50):
        limit.retry_after("acme", str(number))

    assert len(limit._full_at) == MOST_BUCKETS
    assert ("acme", str(MOST_BUCKETS + 49)) in limit._full_at
